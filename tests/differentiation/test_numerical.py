"""Difference formulas: their orders, their best steps, what rounding does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from steepest.differentiation.numerical import (
    CENTRAL,
    COMPLEX,
    EPSILON,
    ONE_SIDED,
    SCHEMES,
    Scheme,
    accuracy,
    digits,
    error,
    error_curve,
)

A = np.array([0.7])


def sine(x: np.ndarray) -> complex:
    return np.sin(x[0])  # type: ignore[no-any-return]


@pytest.mark.parametrize(("scheme", "order"), [(ONE_SIDED, 1), (CENTRAL, 2), (COMPLEX, 2)])
def test_the_error_falls_with_the_order(scheme: Scheme, order: int) -> None:
    true = math.cos(0.7)
    errors = [abs(scheme.quotient(sine, A, 0, h, math.sin(0.7)) - true) for h in (1e-2, 1e-3)]
    assert errors[0] / errors[1] == pytest.approx(10**order, rel=0.02)
    # what theory says is left out: h f''/2, h² f'''/6
    left_out = 1e-3 * math.sin(0.7) / 2 if order == 1 else 1e-6 * math.cos(0.7) / 6
    assert errors[1] == pytest.approx(left_out, rel=0.01)


@pytest.mark.parametrize(("scheme", "least"), [(ONE_SIDED, 7), (CENTRAL, 9.5), (COMPLEX, 15)])
def test_the_usual_step_keeps_the_digits_that_theory_promises(scheme: Scheme, least: float) -> None:
    value = scheme.quotient(sine, A, 0, scheme.step(0.7), math.sin(0.7))
    assert digits(value, math.cos(0.7)) >= least


@pytest.mark.parametrize(
    ("scheme", "predicted", "kept"),
    [
        # 2 sqrt(ε tan 0.7), (3 ε tan 0.7)^(1/3), by hand
        (ONE_SIDED, 2 * math.sqrt(EPSILON), 7.0),
        (CENTRAL, (3 * EPSILON * math.tan(0.7)) ** (1 / 3), 9.5),
    ],
)
def test_the_best_step_is_where_theory_says(scheme: Scheme, predicted: float, kept: float) -> None:
    sin, cos = math.sin(0.7), math.cos(0.7)
    curve = error_curve(scheme, sine, A, 0, cos, -sin, -cos)
    assert curve.predicted == pytest.approx(predicted, rel=1e-12)
    assert predicted / 30 < curve.best < predicted * 30
    assert accuracy(curve.best_error) >= kept
    # far to either side it is worse by orders of magnitude
    for far in (curve.best * 1e4, curve.best * 1e-4):
        there = curve.errors[np.argmin(np.abs(np.log(curve.steps / far)))]
        assert there > 30 * curve.best_error


def test_the_complex_step_gets_no_worse() -> None:
    curve = error_curve(COMPLEX, sine, A, 0, math.cos(0.7), -math.sin(0.7), -math.cos(0.7))
    assert curve.best > 1e-9
    assert curve.errors[curve.steps <= curve.best].max() <= 4 * EPSILON
    assert curve.steps.min() < 1e-29
    assert math.isnan(curve.predicted)


def test_steps_that_vanish() -> None:
    # 1e300 + h = 1e300: nothing to divide by, and not a wrong number
    assert math.isnan(ONE_SIDED.quotient(lambda x: x[0], np.array([1e300]), 0, 1.0, 1e300))
    assert math.isnan(CENTRAL.quotient(lambda x: x[0], np.array([1e300]), 0, 1.0, 1e300))
    assert math.isnan(COMPLEX.quotient(lambda x: x[0], np.array([1.0]), 0, 0.0, 1.0))
    for scheme in SCHEMES:
        assert scheme.step(0.0) == scheme.usual
        assert scheme.step(1e-310) > 0
        assert scheme.step(-2.0) == 2 * scheme.usual


def test_the_step_is_the_one_that_was_taken() -> None:
    # 1 + 1e-9 is rounded; dividing by what was added keeps a linear function exact.
    assert ONE_SIDED.quotient(lambda x: 3 * x[0], np.array([1.0]), 0, 1e-9, 3.0) == pytest.approx(3.0, rel=1e-6)


def test_a_curve_of_a_function_that_is_not_finite_beside_the_point() -> None:
    with np.errstate(invalid="ignore"):
        curve = error_curve(CENTRAL, lambda x: np.sqrt(x[0]), np.array([0.0]), 0, 0.0, 1.0, 1.0)
    assert math.isnan(curve.best)
    assert math.isnan(curve.best_error)


def test_errors_and_digits() -> None:
    assert error(1.1, 1.0) == pytest.approx(0.1)
    assert error(1e-3, 0.0) == 1e-3
    assert digits(1e-3, 0.0) == pytest.approx(3.0)
    assert digits(0.0, 0.0) == 16.0
    assert digits(math.inf, 1.0) == 0.0
    assert digits(5.0, 1.0) == 0.0
