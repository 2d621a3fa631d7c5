"""What the derivatives are where mathematics leaves a choice, and at the ends of the number range.

Expected values are the stated conventions (docs/autodiff.md) and limits derived by hand.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest import ops

INF, NAN = math.inf, math.nan


def slope(f: Any, *at: Any) -> list[Any]:
    """Gradient of the sum of f with respect to each argument, by reverse mode; forward mode must agree."""
    xs = [np.asarray(x, float) for x in at]
    with np.errstate(all="ignore"):
        grads = sd.grad(lambda *ys: f(*ys).sum(), tuple(range(len(xs))))(*xs)
        for i, (g, x) in enumerate(zip(grads, xs)):
            for element in np.ndindex(x.shape):
                unit = [np.zeros(y.shape) for y in xs]
                unit[i][element] = 1.0
                change = sd.jvp(lambda *ys: f(*ys).sum(), xs, unit)[1]
                np.testing.assert_allclose(change, np.asarray(g)[element], rtol=1e-14)
    return [np.asarray(g).tolist() for g in grads]


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (ops.relu, [-1, 0, 1], [0, 0, 1]),
        (ops.relu, [-INF, INF], [0, 1]),
        (ops.absolute, [-1, 0, 2], [-1, 0, 1]),
        (ops.max, [1, 3, 3], [0, 0.5, 0.5]),
        (ops.max, [2, 2, 2, 2], [0.25] * 4),
        (ops.max, [INF, 1, INF], [0.5, 0, 0.5]),
        (ops.min, [1, 3, 1], [0.5, 0, 0.5]),
        (lambda x: ops.max(x, 1), [[1, 1], [2, 3]], [[0.5, 0.5], [0, 1]]),
        (lambda x: ops.min(x, (0, 1), keepdims=True), [[1, 1], [1, 3]], [[1 / 3, 1 / 3], [1 / 3, 0]]),
        (lambda x: ops.clip(x, -1, 1), [-2, -1, 0, 1, 2], [0, 1, 1, 1, 0]),
        (lambda x: ops.clip(x, 0), [-1, 0, 1], [0, 1, 1]),
        (lambda x: x**2, [0, -3], [0, -6]),
        (lambda x: x**2.0, [0, -3], [0, -6]),
        (lambda x: x**3, [0, -2], [0, 12]),
        (lambda x: x**0, [0, 5, INF], [0, 0, 0]),
        (lambda x: x**1, [0, -2], [1, 1]),
        (lambda x: x ** np.array([0.0, 1.0, 2.0, 3.0]), [0, 0, 0, -2], [0, 1, 0, 12]),
        (lambda x: x**0.5, [0, 4], [INF, 0.25]),
        (lambda x: x**-1, [2, -2], [-0.25, -0.25]),
        (ops.sqrt, [0, 4], [INF, 0.25]),
        (ops.cbrt, [0, -8], [INF, 1 / 12]),
        (ops.sigmoid, [-INF, -1000, 0, 1000, INF], [0, 0, 0.25, 0, 0]),
        (ops.sigmoid, [-700, 700], [math.exp(-700)] * 2),
        (ops.softplus, [-INF, -1000, 0, 1000, INF], [0, 0, 0.5, 1, 1]),
        (ops.log_cosh, [-INF, -1000, 0, 1000, INF], [-1, -1, 0, 1, 1]),
        (ops.tanh, [-INF, -1000, 0, 1000, INF], [0, 0, 1, 0, 0]),
        (ops.erf, [-INF, -30, 0, 30, INF], [0, 0, 2 / math.sqrt(math.pi), 0, 0]),
        (ops.arctan, [-INF, 1e200, 0, INF], [0, 0, 1, 0]),
        (ops.logsumexp, [0, -INF], [1, 0]),
        (ops.logsumexp, [1000, 1000], [0.5, 0.5]),
        (ops.logsumexp, [-1000, 1000], [0, 1]),
        (ops.norm, [0, 0], [0, 0]),
        (ops.norm, [3, 4], [0.6, 0.8]),
        (ops.std, [2, 2, 2], [0, 0, 0]),
        (ops.prod, [0, 2, 3], [6, 0, 0]),
        (ops.prod, [0, 0, 3], [0, 0, 0]),
        (ops.log1p, [1e-300, -1e-300], [1, 1]),
        (ops.expm1, [1e-300, 0], [1, 1]),
        (lambda x: ops.sort(x), [2, 2, 1], [1, 1, 1]),
        (lambda x: x[[0, 0, 1]], [5, 7], [2, 1]),
        (ops.sqrt, [NAN], [NAN]),
        (lambda x: x * x, [NAN], [NAN]),
        (ops.logsumexp, [NAN, 1], [NAN, NAN]),
    ],
)  # fmt: skip
def test_one_argument(f: Any, at: Any, expected: Any) -> None:
    np.testing.assert_allclose(slope(f, at)[0], expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("f", "x", "y", "expected"),
    [
        (ops.maximum, [1, 2, 3], [3, 2, 1], ([0, 0.5, 1], [1, 0.5, 0])),
        (ops.minimum, [1, 2, 3], [3, 2, 1], ([1, 0.5, 0], [0, 0.5, 1])),
        (ops.maximum, [INF], [INF], ([0.5], [0.5])),
        (ops.hypot, [0, 3], [0, 4], ([0, 0.6], [0, 0.8])),
        (ops.hypot, [1e200, 1e-200], [0, 0], ([1, 1], [0, 0])),
        (ops.arctan2, [0, 0], [2, -2], ([0.5, -0.5], [0, 0])),
        (ops.arctan2, [1e200], [1e200], ([5e-201], [-5e-201])),
        (ops.arctan2, [0], [0], ([NAN], [NAN])),
        (ops.logaddexp, [1000, -1000], [-1000, -1000], ([1, 0.5], [0, 0.5])),
        (ops.logaddexp, [INF, -INF, -INF], [0, 0, -INF], ([1, 0, 0.5], [0, 1, 0.5])),
        (ops.power, [0, 0, 2], [0, 2, 0], ([0, 0, 0], [0, 0, math.log(2)])),
        (lambda x, y: ops.clip(0.0 * x, y, 1), [1, 1], [-1, 0.5], ([0, 0], [0, 1])),
        (lambda x, y: ops.where(x > 0, x, y), [1, 0], [5, 5], ([1, 0], [0, 1])),
    ],
)
def test_two_arguments(f: Any, x: Any, y: Any, expected: Any) -> None:
    np.testing.assert_allclose(slope(f, x, y), expected, rtol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        ops.sqrt, ops.log, ops.log2, ops.log10, ops.cbrt, ops.reciprocal, ops.arcsin, ops.arccosh, ops.arctanh, lambda x: 1.0 / x,
        lambda x: x**-1.5, lambda x: x**0.5, lambda x: ops.log1p(x - 1.0), lambda x: ops.arctan2(x, x), lambda x: x ** (x - 1.0),
    ],
)  # fmt: skip
def test_what_where_masks_is_zero_not_nan(f: Any) -> None:
    """In both modes and in second order, at points where the masked branch has an infinite or no derivative."""
    x = np.array([0.0, 0.0])
    masked = lambda x: ops.where(np.array([False, False]), f(x), 3.0 * x)
    assert slope(masked, x) == [[3, 3]]
    with np.errstate(all="ignore"):
        assert sd.hessian(lambda x: masked(x).sum())(x).tolist() == [[0, 0], [0, 0]]
        (hx,) = sd.hvp(lambda x: masked(x).sum(), (x,), (np.ones(2),))
    assert hx.tolist() == [0, 0]


def test_second_derivatives_at_special_points() -> None:
    second = lambda f: sd.grad(sd.grad(f))
    assert second(lambda x: x**2)(0.0) == 2
    assert second(lambda x: x**3)(0.0) == 0
    assert second(lambda x: x**1)(0.0) == 0
    assert second(lambda x: x**2.0)(-1.0) == 2
    assert second(ops.log_cosh)(0.0) == 1
    assert second(ops.relu)(0.0) == 0
    assert second(ops.absolute)(0.0) == 0
    np.testing.assert_array_equal(sd.hessian(ops.prod)(np.array([0.0, 0.0, 3.0])), [[0, 3, 0], [3, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(sd.hessian(ops.norm)(np.zeros(2)), np.zeros((2, 2)))


def test_power_at_exponent_zero_has_its_mixed_derivative() -> None:
    """d2(x**y)/dxdy = x**(y-1) (1 + y log x), which is 1/x at y = 0."""
    assert sd.grad(lambda x: sd.grad(lambda y: x**y)(0.0))(4.0) == 0.25
    assert sd.grad(lambda y: sd.grad(lambda x: x**y)(4.0))(0.0) == 0.25


def test_ties_of_logaddexp_have_their_second_derivative() -> None:
    """d2/dx2 log(exp x + exp y) = s (1 - s), 1/4 at x = y."""
    assert sd.grad(sd.grad(lambda x: ops.logaddexp(x, 3.0)))(3.0) == 0.25


def test_small_arguments_keep_their_digits() -> None:
    x = np.array([1e-5, 1e-8, 1e-150])
    np.testing.assert_allclose(ops.log_cosh(x), [5e-11 - 1e-20 / 12, 5e-17, 5e-301], rtol=1e-15)
    np.testing.assert_allclose(ops.expm1(sd.tensor(x)).numpy(), x + x**2 / 2 + x**3 / 6, rtol=1e-15)
    np.testing.assert_allclose(ops.log1p(sd.tensor(x)).numpy(), x - x**2 / 2 + x**3 / 3, rtol=1e-15)
    np.testing.assert_allclose(ops.sigmoid(np.array([-700.0])), [math.exp(-700)], rtol=1e-15)


@pytest.mark.parametrize(
    "f", [ops.sigmoid, ops.softplus, ops.log_cosh, ops.tanh, ops.erf, ops.relu, ops.logsumexp, ops.norm, ops.max]
)
def test_nan_comes_out(f: Any) -> None:
    assert np.isnan(f(sd.tensor([1.0, NAN])).numpy()).any()


@pytest.mark.parametrize("f", [ops.sigmoid, ops.softplus, ops.log_cosh, ops.logsumexp])
def test_large_arguments_give_no_warning(f: Any) -> None:
    values = f(sd.tensor([-1000.0, 1000.0])).numpy()
    assert np.isfinite(values).all()


def test_integer_exponents_and_bases() -> None:
    x = sd.tensor([1.0, -2.0], requires_grad=True)
    (x ** np.array([2, 3])).sum().backward()
    assert x.grad.numpy().tolist() == [2, 12]
    assert slope(lambda y: 2**y, [0, 1])[0] == [math.log(2), 2 * math.log(2)]
    assert slope(lambda y: np.array([1, 2]) ** y, [3, 1])[0] == [0, 2 * math.log(2)]
    assert ops.power(2, -1) == 0.5
    with np.errstate(invalid="ignore"):
        assert np.isnan(ops.power(-8.0, 1 / 3))  # not a complex number


def test_division_by_a_python_number_that_is_zero():
    with np.errstate(all="ignore"):
        assert sd.grad(lambda x: x / 0.0)(2.0) == np.inf
        assert sd.grad(lambda x: x / -0.0)(2.0) == -np.inf
