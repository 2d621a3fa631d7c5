"""What the searches have in common: pieces, halts, losses that are not finite, bounds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.optim.search import PATIENCE

SEARCHES = [sd.RandomSearch, sd.GeneticAlgorithm, sd.DifferentialEvolution]
searches = pytest.mark.parametrize("search", SEARCHES, ids=lambda s: s.__name__)


def bowl(x: Any) -> Any:
    return ((x - 1) ** 2).sum() + 3


@searches
def test_the_bottom_of_a_bowl(search: Any) -> None:
    run = sd.minimize(bowl, [4.0, -2.0, 0.5], method=search(bounds=(-5, 5)))
    assert run.outcome.name == "converged"
    assert "has not found lower" in run.outcome.message
    assert run.params["x"] == pytest.approx([1, 1, 1], abs=1e-6)
    assert run.loss == pytest.approx(3, abs=1e-12)


@searches
def test_a_run_in_pieces_gives_the_same_bits(search: Any) -> None:
    problem = sd.Problem.of_function(lambda p: bowl(p["x"]), {"x": [4.0, -2.0]})
    whole = sd.Run(problem, search(), steps=12, seed=5).finish()
    pieces = sd.Run(problem, search(), steps=12, seed=5)
    pieces.step()
    pieces.finish(4)
    fork = pieces.fork()
    pieces.finish()
    fork.finish()
    for run in (pieces, fork):
        assert run.params.flat.tobytes() == whole.params.flat.tobytes()
        assert run.history["loss"].tobytes() == whole.history["loss"].tobytes()
    assert sd.Run(problem, search(), steps=12, seed=6).finish().params != whole.params


@searches
def test_a_checkpoint_goes_on_with_the_same_bits(search: Any, tmp_path: Any) -> None:
    problem = sd.Problem.of_function(lambda p: bowl(p["x"]), {"x": [4.0, -2.0]})
    whole = sd.Run(problem, search(bounds=(-5, 5)), steps=9).finish()
    sd.save(sd.Run(problem, search(bounds=(-5, 5)), steps=4).finish(), tmp_path)
    resumed = sd.resume(sd.Run(problem, search(bounds=(-5, 5)), steps=9), tmp_path)
    resumed.outcome = None
    assert resumed.finish().params.flat.tobytes() == whole.params.flat.tobytes()


@searches
def test_history_has_a_row_a_generation_and_never_rises(search: Any) -> None:
    run = sd.minimize(bowl, [4.0, -2.0], method=search(), steps=15)
    history = run.history
    assert history["step"].tolist() == list(range(15))
    assert history["loss"][0] == 3**2 + 3**2 + 3  # of the start
    assert (np.diff(history["loss"]) <= 0).all()
    assert run.loss <= history["loss"][-1]
    assert np.isnan(history["gradient_norm"]).all()
    assert (history["rate"] > 0).all()


@searches
def test_a_step_shows_what_it_saw(search: Any) -> None:
    run = sd.Run(sd.Problem.of_function(lambda p: bowl(p["x"]), {"x": [4.0, -2.0]}), search())
    seen = run.step()
    assert seen is not None
    assert (seen.loss, float(seen.prediction)) == (21.0, 21.0)
    assert np.isnan(seen.gradient["x"]).all()
    assert seen.before["x"].tolist() == [4.0, -2.0]
    assert seen.after is run.params


@searches
def test_losses_that_are_not_finite_are_never_accepted(search: Any) -> None:
    def holes(x: Any) -> float:
        x = np.asarray(x)
        return math.nan if x[0] < 1 else -math.inf if x[1] > 2 else math.inf if x[1] < -2 else float(bowl(x))

    run = sd.minimize(holes, [4.0, -1.0], method=search(bounds=(-5, 5)))
    assert math.isfinite(run.loss)
    assert run.params["x"] == pytest.approx([1, 1], abs=1e-3)


@searches
def test_a_start_that_is_not_finite_is_left_behind(search: Any) -> None:
    run = sd.minimize(lambda x: x - np.log(x), -0.5, method=search())
    assert run.outcome.name == "converged"
    assert float(run.params["x"]) == pytest.approx(1.0, abs=1e-6)


@searches
def test_nothing_finite_anywhere_is_said(search: Any) -> None:
    run = sd.minimize(lambda x: np.log(x), -50.0, method=search(bounds=(-60, -1)))
    assert run.outcome.name == "non_finite"
    assert "no point where the loss is finite" in run.outcome.message
    assert float(run.params["x"]) == -50.0
    assert run.steps_done == PATIENCE


@searches
def test_threshold_and_patience(search: Any) -> None:
    low = sd.minimize(bowl, [4.0, -2.0], method=search(), threshold=4.0)
    assert low.outcome.name == "threshold_reached"
    assert low.loss <= 4.0
    early = sd.minimize(lambda x: 0 * x + 3, 1.0, method=search(), patience=7)
    assert early.outcome.name == "stopped_early"
    assert early.steps_done == 7
    assert sd.minimize(bowl, 4.0, method=search(), threshold=1e9).steps_done == 0


def test_a_search_that_finds_nothing_lower_has_stalled() -> None:
    run = sd.minimize(lambda x: 0 * x + 3, 1.0, method="differential_evolution")
    assert run.outcome.name == "stalled"
    assert run.outcome.message.startswith(
        "stalled: the differential evolution has not found lower than 3 for 100 generations"
    )
    assert "lbfgs" in run.outcome.remedy


@searches
@pytest.mark.parametrize("bounds", [(-2, 2), [(-2, 2), (0.5, 1e9)], {"x": (-2, 2)}])
def test_bounds_are_kept(search: Any, bounds: Any) -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(np.array(x))
        return (x[0] - 7) ** 2 + (x[1] - 1) ** 2  # the bottom lies outside

    run = sd.minimize(f, [0.0, 1.0], method=search(bounds=bounds), steps=60)
    points = np.array(seen)
    assert points[:, 0].min() >= -2
    assert points[:, 0].max() <= 2
    assert points[:, 1].min() >= (0.5 if isinstance(bounds, list) else -2)
    assert float(run.params["x"][0]) == pytest.approx(2, abs=1e-3)


@searches
def test_bounds_of_the_problem_are_kept_too(search: Any) -> None:
    problem = sd.Problem.of_function(lambda p: (p["x"] - 7) ** 2, {"x": 1.0}, bounds={"x": (None, 2.0)})
    run = sd.Run(problem, search(), steps=60).finish()
    assert float(run.params["x"]) <= 2.0
    assert float(run.params["x"]) == pytest.approx(2, abs=1e-6)


@searches
def test_one_row_one_parameter_float32_and_wild_scales(search: Any) -> None:
    x, y = np.array([[2.0]], dtype=np.float32), np.array([[6.0]], dtype=np.float32)
    problem = sd.Problem(lambda p, x: p["a"] * x, {"a": np.float32(1.0)}, x, y)
    run = sd.Run(problem, search(), steps=40).finish()
    assert run.params.flat.dtype == np.float32
    assert float(run.params["a"]) == pytest.approx(3.0, abs=0.05)
    t = np.linspace(0, 1, 9)
    wild = sd.Problem(lambda p, t: p["a"] * 1e-200 * t + p["b"] * 1e200, {"a": 1e200, "b": 1e-200}, t, 2 * t + 3,
                      scale=np.array([1e200, 1e-200]))  # fmt: skip
    found = sd.Run(wild, search(), steps=120).finish()
    assert found.params.flat == pytest.approx([2e200, 3e-200], rel=0.05)


@searches
@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ((1, 1), "lower below the upper"), ((0, np.inf), "must be finite"), ((2, 1), "lower below"), (3, "bounds are a pair"),
        ([(0, 1)], "bounds are a pair"), ({"y": (0, 1)}, "unknown parameter in bounds 'y'"), ((-1e308, 1e308), "must be finite"),
        ((5, 9), "lies outside its bounds 5 to 9"), ("ab", "bounds are a pair"), ((None, 1), "must be finite"),
    ],
)  # fmt: skip
def test_bounds_that_make_no_sense(search: Any, bounds: Any, says: str) -> None:
    with pytest.raises(sd.ModelError, match=says):
        sd.minimize(bowl, [4.0, -2.0], method=search(bounds=bounds))


@searches
def test_a_fit_by_search(search: Any) -> None:
    x = np.linspace(0, 4, 20)
    fit = sd.fit("y ~ a*exp(-b*x)", {"x": x, "y": 3 * np.exp(-0.5 * x)}, method=search(), seed=1)
    assert fit.params["a"] == pytest.approx(3, abs=1e-2)
    assert fit.params["b"] == pytest.approx(0.5, abs=1e-2)


def test_a_small_network_by_search() -> None:
    x = np.linspace(-1, 1, 40)[:, None]
    net = sd.MLP(1, [4], 1, activation="tanh")
    params, state = net.init(sd.Key(0))
    problem = sd.Problem(net, params, x, np.sin(3 * x), state=state)
    run = sd.Run(problem, sd.GeneticAlgorithm(), steps=120).finish()
    assert run.loss < 0.5 * problem.value(params)
