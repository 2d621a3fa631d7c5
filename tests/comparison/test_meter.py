"""The meter: what counts how much, what is the lowest loss, and when it is over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.comparison.budget import Budget
from steepest.comparison.meter import Counted, Meter, Spent

X = np.linspace(0, 1, 10)


def line(**options: Any) -> sd.Problem:
    return sd.Problem(lambda p, x: p["a"] * x + p["b"], {"a": 0.0, "b": 0.0}, X, 2 * X + 1, **options)


def metered(problem: sd.Problem, budget: Any = 1000) -> tuple[Counted, Meter]:
    meter = Meter(problem, Budget.read(budget))
    return Counted(problem, meter), meter


@pytest.mark.parametrize(
    ("ask", "cost"),
    [
        (lambda q: q.value(q.start), 1), (lambda q: q.value_and_gradient(q.start), 2), (lambda q: q.residuals(q.start), 1),
        (lambda q: q.residuals_and_jacobian(q.start), 1 + 2), (lambda q: q.hessian_times(q.start, np.ones(2)), 4),
        (lambda q: q.hessian(q.start), 8), (lambda q: q.outputs(q.start), 1), (lambda q: q.evaluate(q.start), 2),
    ],
)  # fmt: skip
def test_what_counts_how_much(ask: Any, cost: float) -> None:
    problem, meter = metered(line())
    plain = ask(line())
    counted = ask(problem)
    assert meter.evaluations == cost
    for a, b in zip(
        plain if isinstance(plain, tuple) else (plain,), counted if isinstance(counted, tuple) else (counted,)
    ):
        assert np.array_equal(a, b)


def test_a_jacobian_with_fewer_residuals_than_parameters() -> None:
    wide = sd.Problem(lambda p, x: x @ p["w"], {"w": np.ones(5)}, np.ones((3, 5)), np.ones(3))
    problem, meter = metered(wide)
    problem.residuals_and_jacobian(problem.start)
    assert meter.evaluations == 1 + 3


def test_batches_count_their_share() -> None:
    problem, meter = metered(line())
    sd.Run(problem, sd.Descent(sd.Adam(), 0.01, sd.Batches(4)), steps=3).finish()  # 4, 4 and 2 rows
    assert meter.evaluations == pytest.approx(2 * 1.0)
    accumulated, meter = metered(line())
    sd.Run(accumulated, sd.Descent(sd.Adam(), 0.01, sd.Batches(parts=3)), steps=2).finish()
    assert meter.evaluations == pytest.approx(2 * 2.0)


def test_known_counts_of_whole_runs() -> None:
    problem, meter = metered(line())
    sd.Run(problem, sd.Descent(learning_rate=0.1), steps=7).finish()
    assert meter.evaluations == 14
    problem, meter = metered(line())
    run = sd.Run(problem, sd.DifferentialEvolution(population=10), steps=5).finish()
    assert (
        meter.evaluations == run.state["points"] + 3
    )  # a prediction for the last step of each call: of 1, 2 and 2 steps


def test_a_part_of_the_rows_counts_its_share() -> None:
    problem, meter = metered(line())
    problem.split(0.5)[0].hessian_times(problem.start, np.ones(2))
    assert meter.evaluations == pytest.approx(2.0)


@pytest.mark.parametrize(
    "method", [sd.Descent(learning_rate=0.1), sd.LBFGS(), sd.LevenbergMarquardt(), sd.GeneticAlgorithm()]
)
def test_the_lowest_loss_and_where(method: Any) -> None:
    problem, meter = metered(line())
    run = sd.Run(problem, method, steps=6).finish()
    assert meter.loss <= min(run.history["loss"])
    assert line().value(meter.params) == pytest.approx(meter.loss, abs=1e-30)
    losses = [loss for _, _, loss in meter.trace]
    assert losses[0] == line().value(line().start)
    assert (np.diff(losses) < 0).all()
    assert (np.diff([e for e, _, _ in meter.trace]) >= 0).all()


@pytest.mark.parametrize("method", [sd.Descent(learning_rate=1e-3), sd.LBFGS(), sd.RandomSearch()])
def test_not_one_evaluation_more_than_the_budget(method: Any) -> None:
    calls = []
    f = sd.Problem.of_function(lambda p: calls.append(1) or (p["x"] - 3) ** 4, {"x": 0.0})
    problem, meter = metered(f, 25)
    calls.clear()
    with pytest.raises(Spent):
        sd.Run(problem, method, steps=10**6, stopping=sd.Stopping(tolerance=0.0)).finish()
    assert 23 <= meter.evaluations <= 25
    assert len(calls) <= 25


def test_time_runs_out() -> None:
    problem, meter = metered(line(), "0.05s")
    with pytest.raises(Spent):
        sd.Run(problem, sd.Descent(learning_rate=1e-6), steps=10**7).finish()
    assert all(seconds <= 0.05 for _, seconds, _ in meter.trace)


def test_noise_in_training_is_not_taken_for_the_loss() -> None:
    net = sd.Sequential(sd.Linear(1, 8), sd.Tanh(), sd.Dropout(0.5), sd.Linear(8, 1))
    params, state = net.init(sd.Key(0))
    noisy = sd.Problem(net, params, X[:, None], X[:, None], state=state)
    problem, meter = metered(noisy, 400)
    assert not meter.exact
    with pytest.raises(Spent):
        sd.Run(problem, sd.Descent(sd.Adam(), 0.01), steps=10**6).finish()
    assert noisy.value(meter.params) == pytest.approx(meter.loss, rel=1e-12)
    assert len(meter.trace) > 5
