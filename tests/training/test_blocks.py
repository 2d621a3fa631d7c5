"""Blocks: many rows some at a time give the same as all at once, and models that compare rows are left whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.base.progress import listening
from steepest.training import blocks

RNG = np.random.default_rng(5)
X = RNG.uniform(0.0, 3.0, 23)
Y = 2.0 * np.exp(-X) + 0.1 * RNG.standard_normal(23)
HALF_ZERO = np.where(np.arange(23) < 10, 0.0, RNG.uniform(0.5, 2.0, 23))  # the first blocks do not count at all


@contextmanager
def rows_of_a_block(count: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "ROWS", count)
        yield


def decay(p: Any, x: Any) -> Any:
    return p["a"] * np.exp(-p["b"] * x)


def two_outputs(p: Any, x: Any) -> Any:
    return np.stack([decay(p, x), p["a"] + p["b"] * x], axis=1)


def problem(**options: Any) -> sd.Problem:
    return sd.Problem(decay, {"a": 1.5, "b": 0.5}, X, Y, **options)


PROBLEMS: dict[str, Callable[[], sd.Problem]] = {
    "plain": problem,
    "weights": lambda: problem(weights=HALF_ZERO),
    "rmse": lambda: problem(loss="rmse"),
    "rmse and penalty": lambda: problem(loss="rmse", weights=HALF_ZERO, penalty=lambda p: p["a"] ** 2 * p["b"]),
    "sum": lambda: problem(reduction="sum", weights=HALF_ZERO),
    "huber": lambda: problem(loss="huber(0.1)"),
    "penalty": lambda: problem(penalty=lambda p: 3.0 * p["a"] ** 2 * p["b"]),
    "two outputs": lambda: sd.Problem(two_outputs, {"a": 1.5, "b": 0.5}, X, np.stack([Y, 2 * X], axis=1)),
    "one number": lambda: sd.Problem(lambda p, x: p["a"] * p["b"], {"a": 1.5, "b": 0.5}, X, Y),
    "named inputs": lambda: sd.Problem(lambda p, x: decay(p, x["t"]) + x["u"], {"a": 1.5, "b": 0.5}, {"t": X, "u": X**2}, Y),
    "classes": lambda: sd.Problem(
        lambda p, x: np.stack([p["a"] * x, p["b"] * x**2], axis=1), {"a": 1.5, "b": 0.5}, X, (X > 1).astype(int),
        loss="cross_entropy",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("count", [1, 4, 22])
def test_blocks_give_the_same_as_all_rows_at_once(name: str, count: int) -> None:
    made, vector = PROBLEMS[name](), np.array([0.3, -0.7])
    with np.errstate(all="raise"):
        whole = made.value_and_gradient(made.start)
        with rows_of_a_block(count):
            assert len(list(made.blocks())) == -(-23 // count)
            value, gradient = made.value_and_gradient(made.start)
            assert made.value(made.start) == pytest.approx(whole[0], rel=1e-14)
            outputs, product = made.outputs(made.start), made.hessian_times(made.start, vector)
            hessian = made.hessian(made.start)
            residuals = None if name == "classes" else made.residuals(made.start)
    assert value == pytest.approx(whole[0], rel=1e-14)
    np.testing.assert_allclose(gradient, whole[1], rtol=1e-13)
    np.testing.assert_allclose(outputs, made.outputs_at_once(made.start), rtol=1e-14)
    np.testing.assert_allclose(product, made.hessian_times(made.start, vector), rtol=1e-12)
    np.testing.assert_allclose(hessian, made.hessian(made.start), rtol=1e-12, atol=1e-14)
    if residuals is not None:
        np.testing.assert_allclose(residuals, made.residuals(made.start), rtol=1e-12)


def test_blocks_are_consecutive_rows_and_say_how_far_they_are() -> None:
    made = sd.Problem(two_outputs, {"a": 1.5, "b": 0.5}, X, np.stack([Y, 2 * X], axis=1), weights=HALF_ZERO)
    told: list[tuple[str, int, int]] = []
    with rows_of_a_block(10), listening(lambda *each: told.append(each)):
        parts = list(made.blocks())
    assert [(b.rows.start, b.rows.stop) for b in parts] == [(0, 10), (10, 20), (20, 23)]
    assert [(b.numbers.start, b.numbers.stop) for b in parts] == [(0, 20), (20, 40), (40, 46)]
    assert np.concatenate([b.problem.data.inputs for b in parts]).tolist() == X.tolist()
    assert np.concatenate([b.problem.data.weights for b in parts]).tolist() == HALF_ZERO.tolist()
    assert told == [("row", 1, 23), ("row", 11, 23), ("row", 21, 23)]


def by_the_mean(p: Any, x: Any) -> Any:
    return p["a"] * (x - np.mean(x))


def by_the_largest(p: Any, x: Any) -> Any:
    return p["a"] * x / np.max(x)


def with_all_rows(p: Any, x: Any) -> Any:
    return p["a"] * X + 0 * x


def summed_up(p: Any, x: Any) -> Any:
    return p["a"] * np.cumsum(x)


@pytest.mark.parametrize("model", [by_the_mean, by_the_largest, with_all_rows, summed_up])
def test_models_that_compare_rows_are_left_whole(model: Callable[..., Any]) -> None:
    made = sd.Problem(model, {"a": 2.0}, X, Y)
    expected = made.value(made.start)
    with rows_of_a_block(4):
        assert not made.rowwise
        assert len(list(made.blocks())) == 1
        assert made.value(made.start) == expected
        answer = sd.Run(made, sd.LevenbergMarquardt()).finish()
    column = np.asarray(model({"a": 1.0}, X))
    assert answer.params["a"] == pytest.approx(column @ Y / (column @ column), rel=1e-12)


def test_other_rows_are_tried_anew() -> None:
    made = sd.Problem(lambda p, x: p["a"] * x / np.max(x), {"a": 2.0}, np.ones(23), Y)
    with rows_of_a_block(4):
        assert made.rowwise  # of equal rows each has the largest
        made.data = made.data._replace(inputs=X)
        assert not made.rowwise


def test_a_model_that_is_said_to_be_rowwise_is_not_tried() -> None:
    calls = []

    def model(p: Any, x: Any) -> Any:
        calls.append(len(x))
        return p["a"] * x

    made = sd.Problem(model, {"a": 2.0}, X, Y, rowwise=True)
    with rows_of_a_block(10):
        made.outputs(made.start)
    assert calls == [10, 10, 3]


def test_values_that_are_not_finite_in_one_block_are_so_in_all() -> None:
    made = sd.Problem(lambda p, x: p["a"] / (x - X[9]), {"a": 2.0}, X, Y)
    with rows_of_a_block(4):
        assert made.rowwise
        assert made.value(made.start) == np.inf
        assert np.flatnonzero(~np.isfinite(made.outputs(made.start))).tolist() == [9]


@pytest.mark.parametrize("weights", [None, np.linspace(1.0, 2.0, 23), HALF_ZERO])
@pytest.mark.parametrize("rule", [sd.GradientDescent(), sd.Adam()])
def test_full_batch_descent_in_blocks(weights: Any, rule: Any) -> None:
    made = problem(weights=weights, penalty=lambda p: 0.01 * p["a"] ** 2)
    whole = sd.Run(made, sd.Descent(rule, 0.1), steps=30).finish()
    with rows_of_a_block(5):
        run = sd.Run(made, sd.Descent(rule, 0.1), steps=30).finish()
        assert run.last is not None
        assert np.shape(run.last.prediction) == (23,)
    np.testing.assert_allclose(run.params.flat, whole.params.flat, rtol=1e-12)
    np.testing.assert_allclose(run.history["loss"], whole.history["loss"], rtol=1e-12)


def test_few_rows_are_one_block_of_the_problem_itself() -> None:
    made = problem()
    assert [block.problem is made for block in made.blocks()] == [True]
