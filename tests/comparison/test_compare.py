"""compare: who wins where, the same from seed to seed, and what is said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import steepest as sd

FEW = ("lbfgs", "adam", "restarts", "random_search", "genetic", "differential_evolution")
RACES: dict[str, sd.Comparison] = {}


def raced(name: str) -> sd.Comparison:
    """The comparison on a published function, once for all tests."""
    if name not in RACES:
        f = getattr(sd.functions, name)
        RACES[name] = sd.compare(f.problem(), FEW, 1000, seeds=3, bounds=f.bounds, known_minimum=f.minimum())
    return RACES[name]


@pytest.mark.parametrize("name", ["rosenbrock", "beale", "himmelblau"])
def test_gradient_methods_win_where_one_valley_leads_down(name: str) -> None:
    race = raced(name)
    assert race.best.entrant.uses_gradients
    assert race["lbfgs"].median < 1e-15
    there = 1e-4
    assert race["lbfgs"].spent_until(there, "evaluations") < race["differential evolution"].spent_until(
        there, "evaluations"
    )


@pytest.mark.parametrize("name", ["rastrigin", "ackley", "styblinski_tang"])
def test_searches_or_restarts_win_where_many_minima_trap(name: str) -> None:
    race, f = raced(name), getattr(sd.functions, name)
    assert race.best.name in ("Restarts of L-BFGS-B", "Random search", "Genetic algorithm", "Differential evolution")
    assert race.best.median == pytest.approx(f.minimum(), abs=1e-3)
    for trapped in ("lbfgs", "adam"):
        assert race[trapped].median > f.minimum() + 0.5


@pytest.mark.parametrize("name", ["rastrigin", "styblinski_tang", "himmelblau"])
def test_every_method_is_told_what_minimum_it_ended_in(name: str) -> None:
    race, f = raced(name), getattr(sd.functions, name)
    assert race.endings is not None
    assert race.endings[0].is_global
    for point in (e.params["x"] for e in race.endings if e.is_global):
        assert np.abs(f.minimisers() - point).max(axis=1).min() < 1e-3
    for entry in race:
        ended = race.ended_in(entry.name)
        assert len(ended) == 3
        for k, one in zip(ended, entry.races):
            assert k is not None
            assert one.loss >= race.endings[k].loss - 1e-12
    if name == "styblinski_tang":
        assert {round(e.loss, 3) for e in race.endings} <= {-78.332, -64.196, -50.059}


def test_budgets_are_equal_and_starts_are_the_same() -> None:
    race = raced("rastrigin")
    for entry in race:
        assert all(one.evaluations <= 1000 for one in entry.races)
        assert [one.start for one in entry.races] == [one.start for one in race.entries[0].races]
    assert race.entries[0].races[0].start["x"].tolist() == [3.0, 2.0]


def test_the_same_seed_gives_the_same_comparison() -> None:
    f = sd.functions.beale
    one, two = (sd.compare(f.problem(), "adam, genetic, momentum", 200, seeds=2, seed=7) for _ in range(2))
    assert one.advice == two.advice
    for a, b in zip(one, two):
        assert a.losses.tobytes() == b.losses.tobytes()
        assert [r.trace[:, 0].tolist() for r in a.races] == [r.trace[:, 0].tolist() for r in b.races]
    other = sd.compare(f.problem(), "adam, genetic, momentum", 200, seeds=2, seed=8)
    assert other["genetic algorithm"].losses.tolist() != one["genetic algorithm"].losses.tolist()


def test_rates_come_from_the_sweep_and_given_ones_stay() -> None:
    problem = sd.functions.rosenbrock.problem()
    race = sd.compare(problem, ["momentum", sd.Descent(sd.Momentum(), 1e-4), "rprop"], 500, seeds=2)
    swept, given, _ = race
    assert all(one.rate is not None and one.rate > 0 for one in swept.races)
    assert [one.rate for one in given.races] == [None, None]
    assert (swept.name, given.name) == ("Momentum", "Momentum (2)")


def exponential(rows: int) -> sd.Problem:
    draws = np.random.default_rng(0)
    x = draws.uniform(0, 10, rows)
    data = {"x": x, "y": 3 * np.exp(-0.5 * x) + 0.5 + 0.05 * draws.standard_normal(rows)}
    return sd.formula_problem("y ~ a*exp(-b*x) + c", data)


def test_the_advice_changes_with_the_size_of_the_data_and_the_time_at_hand() -> None:
    methods = "lm, lbfgs, adam, adam:64"
    little_data = sd.compare(exponential(100), methods, 8, seeds=1)
    assert little_data.best.name == "L-BFGS-B"
    much_data = sd.compare(exponential(20_000), methods, 8, seeds=1)
    assert much_data.best.name == "Adam, batches of 64"
    more_time = sd.compare(exponential(20_000), methods, 100, seeds=1)
    assert more_time.best.name == "Levenberg-Marquardt"
    assert "these 20,000 rows and 3 parameters, with 8 evaluations: use Adam, batches of 64." in much_data.advice
    assert "With a tenth of the budget Adam, batches of 64 would be ahead" in more_time.advice


def test_what_is_compared_if_nobody_says() -> None:
    assert [e.name for e in sd.compare(exponential(1000), budget=30, seeds=1)] == [
        "Levenberg-Marquardt", "L-BFGS-B", "Gradient descent", "Adam", "Adam, batches of 64", "Restarts of Levenberg-Marquardt",
        "Random search", "Genetic algorithm", "Differential evolution",
    ]  # fmt: skip
    names = [e.name for e in sd.compare(sd.functions.beale.problem(), budget=20, seeds=1)]
    assert "Levenberg-Marquardt" not in names
    assert "Restarts of L-BFGS-B" in names


def test_a_network_from_starts_of_its_own() -> None:
    x = np.linspace(-1, 1, 30)[:, None]
    net = sd.MLP(1, [6], 1, activation="tanh")
    starts = [net.init(sd.Key(k))[0] for k in range(3)]
    problem = sd.Problem(net, starts[0], x, np.sin(3 * x))
    race = sd.compare(problem, "lbfgs, genetic", 200, starts=starts)
    assert race.best.name == "L-BFGS-B"
    assert [one.start for one in race.entries[0].races] == [sd.Params(s) for s in starts]


def test_the_watcher_sees_names_starts_and_the_meter() -> None:
    seen = []
    sd.compare(sd.functions.beale.problem(), "adam, genetic", 1500, seeds=2, watch=lambda *told: seen.append(told))
    assert seen
    for name, k, meter in seen:
        assert name in ("Adam", "Genetic algorithm")
        assert k in (0, 1)
        assert 0 <= meter.spent <= 1500


def test_ctrl_c_ends_the_whole_comparison() -> None:
    calls = []

    def f(p: Any) -> Any:
        calls.append(1)
        if len(calls) == 40:
            raise KeyboardInterrupt
        return (p["x"] ** 2).sum()

    for method in ("lbfgs", "adam", "genetic", "restarts"):
        calls.clear()
        with pytest.raises(KeyboardInterrupt):
            sd.compare(sd.Problem.of_function(f, {"x": np.full(30, 3.0)}), [method, "random_search"], 500, seeds=1)


def test_nothing_finite_is_said() -> None:
    problem = sd.Problem.of_function(lambda p: np.log(p["x"]), {"x": -5.0})
    race = sd.compare(problem, "lbfgs, adam, genetic", 60, seeds=2, bounds=(-9, -1))
    assert race.advice.startswith("No method has found a finite loss")
    assert race.to_dict()["use"] is None
    assert "none" in repr(race)


def steps_of(p: Any) -> float:
    """A staircase in Python's own numbers: there is no derivative."""
    return math.floor(float(p["x"][0]) * 10) / 10 + abs(float(p["x"][1]))


def test_methods_that_cannot_solve_it_are_told_and_the_others_go_on() -> None:
    problem = sd.Problem.of_function(steps_of, {"x": [3.0, 2.0]})
    race = sd.compare(problem, "lbfgs, adam, restarts, genetic", 200, seeds=2, bounds=(-5, 5))
    assert race.best.name == "Genetic algorithm"
    assert "L-BFGS-B, Adam and Restarts of L-BFGS-B cannot solve it: float()" in race.advice
    assert repr(race).count("cannot solve it\n") == 3
    with pytest.raises(sd.ModelError, match=r"no method can solve this problem. L-BFGS-B: float\(\)"):
        sd.compare(problem, "lbfgs, adam", 200, bounds=(-5, 5))


def test_a_budget_of_one_evaluation() -> None:
    race = sd.compare(sd.functions.beale.problem(), budget=1, seeds=2)
    assert race.advice.startswith("No method has found anything lower than its start within 1 evaluation")
    assert all(one.evaluations <= 1 for entry in race for one in entry.races)


def test_roots_of_means_are_not_compared_on_batches() -> None:
    x = np.linspace(0, 1, 1200)
    problem = sd.Problem(lambda p, x: p["a"] * x, {"a": 1.0}, x, 3 * x, loss="rmse")
    assert "batches" not in " ".join(entry.name for entry in sd.compare(problem, budget=20, seeds=1))
    with pytest.raises(sd.ModelError, match="works on all rows at once"):
        sd.compare(problem, "lbfgs, adam:64", 20)


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        ((lambda x: x**2,), {}, "takes a Problem, not function"),
        (("adm",), {}, "Did you mean 'adam'"), (("adam, adam",), {}, "named twice"), ((["lm"],), {}, "needs data"),
        (([],), {}, "no method to compare"), (("adam:x",), {}, "adam:64"), (("adam:64",), {}, "larger than the data"),
        (("lbfgs:8",), {}, "takes no batch size"), (("adam", "soon"), {}, "not understood"),
        (("adam",), {"seeds": 0}, "number of starts"),
        (("adam",), {"starts": []}, "no start"), (("adam",), {"starts": [{"y": 1.0}]}, "names and shapes"),
        (("genetic",), {"bounds": (5, 6)}, "outside its bounds"), (("adam",), {"known_minimum": np.inf}, "finite number"),
    ],
)  # fmt: skip
def test_what_makes_no_sense(arguments: Any, options: Any, says: str) -> None:
    problem = () if callable(arguments[0]) else (sd.functions.beale.problem(),)
    with pytest.raises(sd.SteepestError, match=says):
        sd.compare(*problem, *arguments, **options)
