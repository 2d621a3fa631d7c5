from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from steepest import ops
from steepest.base.errors import ModelError
from steepest.optim.adam_family import RAdam
from steepest.optim.chain import chain
from steepest.optim.clipping import ClipGlobalNorm
from steepest.optim.rprop import Rprop
from steepest.optim.rules import Adam, GradientDescent, Momentum
from steepest.optim.stopping import Stopping
from steepest.training.batches import Batches
from steepest.training.descent import Descent
from steepest.training.problem import Problem
from steepest.training.range_test import RangeTest, auto_rate, range_test
from steepest.training.run import Run

RNG = np.random.default_rng(5)
X = RNG.normal(size=(300, 4))
Y = X @ np.array([1.0, -2.0, 0.5, 3.0]) + 0.1 * RNG.normal(size=300)


NAMED = {"sgd": GradientDescent(), "momentum": Momentum(), "adam": Adam()}


def of(f: Any, **start: Any) -> Problem:
    return Problem.of_function(f, start)


def line(scale: float = 1.0, rows: slice = slice(None)) -> Problem:
    return Problem(lambda p, x: x @ p["w"], {"w": np.zeros(4)}, X[rows], scale * Y[rows])


def network(loss: str = "mse") -> Problem:
    rng = np.random.default_rng(1)
    start = {"w": 0.5 * rng.normal(size=(4, 12)), "b": np.zeros(12), "v": 0.3 * rng.normal(size=12)}
    return Problem(lambda p, x: ops.tanh(x @ p["w"] + p["b"]) @ p["v"], start, X, Y, loss=loss)


def check(found: RangeTest) -> None:
    """What always holds."""
    assert 0 < found.suggestion < math.inf
    assert found.rates.shape == found.losses.shape
    assert np.all(np.isfinite(found.losses))
    assert np.all(np.diff(found.rates) > 0)
    assert found.why.endswith(".")
    assert repr(found).startswith("RangeTest(suggestion ")


def test_parabola_by_hand() -> None:
    """x**2 from 1: the loss before step k is the product of (1 - 2 r)**2 over the rates r before; it diverges beyond rate 1."""
    found = range_test(of(lambda p: p["x"] ** 2, x=1.0), lowest=1e-4, highest=10.0, steps=60)
    check(found)
    rates = np.geomspace(1e-4, 10.0, 60)[: len(found.rates)]
    np.testing.assert_allclose(found.rates, rates)
    before = np.concatenate([[1.0], np.cumprod((1 - 2 * rates) ** 2)[:-1]])
    np.testing.assert_allclose(found.losses, before, rtol=1e-9)
    assert found.limit == pytest.approx(1.0, rel=1e-3)
    assert found.diverged_at == pytest.approx(1.0, rel=0.25)
    assert 0.1 < found.suggestion < 0.5


@pytest.mark.parametrize("size", [1e-150, 1e-8, 1e8, 1e150])
@pytest.mark.parametrize("method", ["sgd", Momentum(0.5)])
def test_the_scale_of_the_loss_only_scales_the_answer(size: float, method: Any) -> None:
    """The rate goes as 1 / curvature."""
    plain = range_test(of(lambda p: p["x"] ** 2, x=1.0), method)
    found = range_test(of(lambda p: size * p["x"] ** 2, x=1.0), method)
    check(found)
    assert found.suggestion * size == pytest.approx(plain.suggestion, rel=1e-2)


@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_the_unit_of_the_parameter_only_scales_the_answer(unit: float) -> None:
    """For gradient descent the rate goes as unit**2, for Adam as the unit."""
    problem = of(lambda p: (p["x"] / unit) ** 2, x=unit)
    check(range_test(problem))
    plain, adam = (range_test(of(lambda p: p["x"] ** 2, x=1.0), method) for method in ("sgd", "adam"))
    assert range_test(problem).suggestion == pytest.approx(plain.suggestion * unit**2, rel=1e-2)
    assert range_test(problem, "adam").suggestion == pytest.approx(adam.suggestion * unit, rel=0.5)


@pytest.mark.parametrize("method", ["sgd", "momentum", "adam", RAdam(), chain(ClipGlobalNorm(1.0), Adam())])
@pytest.mark.parametrize("batch_size", [None, 16])
@pytest.mark.parametrize("problem", [line(), line(1e8), line(1e-8), network(), network("mae")], ids=range(5))
def test_the_suggestion_descends(problem: Problem, batch_size: int | None, method: Any) -> None:
    found = range_test(problem, method, batch_size=batch_size)
    check(found)
    rule = NAMED[method] if isinstance(method, str) else method
    method = Descent(rule, found.suggestion, Batches(batch_size))
    run = Run(problem, method, steps=100, stopping=Stopping(tolerance=0.0)).finish()
    assert run.outcome is not None
    assert run.outcome.name not in ("diverged", "non_finite")
    # Adam cannot see gradients below its epsilon, and RAdam's first steps are as long as the gradient.
    if problem.value(problem.start) > 1e-10:
        assert run.loss < 0.6 * problem.value(problem.start)


def test_the_tutorial_parabola() -> None:
    """speed ~ a t**2 + b t + c: curvature 56519 at most, rate limit 3.5e-5."""
    t = np.arange(20.0)
    problem = Problem(
        lambda p, t: p["a"] * t**2 + p["b"] * t + p["c"], {"a": 0.0, "b": 0.0, "c": 0.0}, t, 0.75 * (t - 9.5) ** 2 + 1
    )
    for batch_size in (None, 5):
        found = range_test(problem, batch_size=batch_size)
        check(found)
        assert found.limit == pytest.approx(3.5e-5, rel=0.02)
        assert 1e-6 < found.suggestion < 3.5e-5


@pytest.mark.parametrize("method", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (of(lambda p: p["x"] ** 2, x=0.0), "the gradient is zero"),
        (of(lambda p: 0.0 * p["x"] + 3.0, x=1.0), "the gradient is zero"),
        (of(lambda p: 7.0, x=1.0), "the gradient is zero"),
        (of(lambda p: ops.log(p["x"]), x=-1.0), "the loss became nan at step 0"),
        (of(lambda p: 1.0 / p["x"], x=0.0), "the loss became inf at step 0"),
        (of(lambda p: ops.sqrt(p["x"]), x=0.0), "the gradient became non-finite at step 0"),
        (of(lambda p: p["x"], x=1.0), "still falling at the highest rate"),
    ],
    ids=range(7),
)
def test_always_answers_and_says_why(problem: Problem, reason: str, method: str) -> None:
    found = range_test(problem, method)
    check(found)
    assert reason in found.why


@pytest.mark.parametrize("method", ["sgd", "adam"])
@pytest.mark.parametrize(
    "problem",
    [
        of(lambda p: ops.abs(p["x"]), x=1.0),  # no curvature
        of(lambda p: ops.cos(p["x"]), x=0.1),  # negative curvature
        of(lambda p: p["x"] ** 4, x=100.0),
        of(lambda p: ops.where(p["x"] > 0.9999999999, p["x"], np.nan), x=1.0),  # a wall close by
        of(lambda p: p["x"] ** 2 + 1e6, x=1.0),  # small against the whole
        of(lambda p: ops.exp(5.0 * p["x"] ** 2), x=3.0),
        of(lambda p: -ops.log(p["x"]) + p["x"], x=1e-3),  # NaN beyond 0
        of(lambda p: (1 - p["x"][0]) ** 2 + 100 * (p["x"][1] - p["x"][0] ** 2) ** 2, x=[-1.2, 1.0]),
    ],
    ids=range(8),
)
def test_awkward_functions(problem: Problem, method: str) -> None:
    found = range_test(problem, method)
    check(found)
    run = Run(problem, Descent(NAMED[method], found.suggestion), steps=20, stopping=Stopping(tolerance=0.0)).finish()
    assert run.best is not None
    assert run.best[0] < problem.value(problem.start)


@pytest.mark.parametrize("x", [300.0, 600.0, 700.0])
def test_gradients_beyond_all_measure(x: float) -> None:
    """exp(x) needs rates as small as exp(-x). Adam's squares overflow, so that it stands still, but it gets an answer."""
    problem = of(lambda p: ops.exp(p["x"]), x=x)
    found = range_test(problem)
    check(found)
    assert math.exp(-x) / 10 < found.suggestion < math.exp(-x) * 10
    check(range_test(problem, "adam"))


def test_a_start_that_hides_its_curvature() -> None:
    """Flat where it starts, a wall next to it: the first scan is too high all over, or sees the wall at once."""
    problem = of(lambda p: 1e-6 * p["x"] ** 2 - p["x"] + ops.exp(1e4 * (p["x"] - 1e-2)), x=0.0)
    found = range_test(problem)
    check(found)
    assert found.suggestion < 0.1


def test_float32_and_the_seed() -> None:
    problem = Problem(
        lambda p, x: x @ p["w"], {"w": np.zeros(4, dtype=np.float32)}, X.astype(np.float32), Y.astype(np.float32)
    )
    first, again, other = (range_test(problem, batch_size=8, seed=seed) for seed in (1, 1, 2))
    check(first)
    np.testing.assert_array_equal(first.losses, again.losses)
    assert not np.array_equal(first.losses, other.losses)


def test_models_with_state_and_chance() -> None:
    """Running means start far off and settle on the way, dropout differs from step to step; the curve shows the descent only."""

    def predict(p, state, x, key, training):
        kept = key.generator("dropout").random(4) > 0.2 if training else 0.8
        mean = x.mean(axis=0) if training else state
        return ((x - mean) * kept) @ p["w"], 0.9 * state + 0.1 * x.mean(axis=0) if training else state

    problem = Problem(predict, {"w": np.zeros(4)}, X + 50.0, Y, state=np.zeros(4))
    first, again = range_test(problem, batch_size=20), range_test(problem, batch_size=20)
    check(first)
    np.testing.assert_array_equal(first.losses, again.losses)
    start = first.losses[0]
    np.testing.assert_allclose(first.losses[first.rates < 1e-4], start, rtol=1e-2)
    assert first.losses.min() < 0.6 * start
    assert first.limit == pytest.approx(2 / (0.64 * np.linalg.eigvalsh(2 * (X + 50).T @ (X + 50) / 300)[-1]), rel=1e-2)


def test_nothing_of_the_problem_changes() -> None:
    problem = line()
    before = problem.start.flat.copy()
    range_test(problem, batch_size=10)
    np.testing.assert_array_equal(problem.start.flat, before)
    assert problem.rows == 300


def test_many_rows_are_sampled() -> None:
    x = np.random.default_rng(2).normal(size=5000)
    problem = Problem(lambda p, x: p["a"] * x, {"a": 0.0}, x, 2 * x)
    assert range_test(problem, batch_size=50).limit == pytest.approx(1.0, rel=0.1)


def test_batches_of_a_descent_are_taken() -> None:
    batched = range_test(line(), Descent(Momentum(), batches=Batches(16)))
    np.testing.assert_array_equal(batched.losses, range_test(line(), "momentum", batch_size=16).losses)


def test_in_other_units() -> None:
    """Parameters in units of 10: curvature 100 times as large."""
    problem = of(lambda p: p["x"] ** 2, x=1.0)
    found = range_test(problem, scale=np.array([10.0]))
    assert found.limit == pytest.approx(0.01, rel=1e-3)
    assert found.suggestion == pytest.approx(range_test(problem).suggestion / 100, rel=1e-2)


def test_rprop_needs_none() -> None:
    for rule in (Rprop(), chain(ClipGlobalNorm(1.0), Rprop())):
        found = range_test(of(lambda p: p["x"] ** 2, x=100.0), rule)
        check(found)
        assert found.suggestion == pytest.approx(1.0)
        assert "Rprop finds its step sizes itself" in found.why


def test_auto_is_bounded_by_half_the_limit() -> None:
    problem = line()
    curvature = np.linalg.eigvalsh(2 * X.T @ X / len(X))[-1]
    assert 0.1 / curvature < auto_rate(problem) <= 1.001 / curvature
    assert 0 < auto_rate(problem, Momentum()) <= 1.001 / curvature
    assert auto_rate(problem, Adam()) == range_test(problem, "adam").suggestion
    assert auto_rate(problem, batch_size=16) <= 1.001 / curvature
    assert auto_rate(of(lambda p: p["x"] ** 2, x=0.0)) == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "lm"}, "a range test is for descent rules, such as 'sgd'"),
        ({"method": Adam}, "a range test is for descent rules"),
        ({"method": 3}, "a range test is for descent rules"),
        ({"method": "sdg"}, "unknown method 'sdg'"),
        ({"steps": 5}, "the steps of a range test must be a whole number, at least 10, not 5"),
        ({"lowest": 0.0}, "the lowest rate must be a positive number, not 0.0"),
        ({"lowest": 1.0, "highest": 0.5}, "must be below the highest; they are 1.0 and 0.5"),
        ({"batch_size": 1000}, "batch size 1000 is larger than the data"),
    ],
)
def test_bad_arguments(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        range_test(line(), **options)
