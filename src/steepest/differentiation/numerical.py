"""Numerical differentiation: one-sided, central and complex-step differences, and their error against the size of the step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Function = Callable[[NDArray[Any]], Any]

EPSILON = float(np.finfo(np.float64).eps)
COMPLEX_STEP = 1e-30
_A_DECADE = 8  # steps of an error curve
_AROUND = _A_DECADE // 2
_LEAST_SIZE = 1e-275  # so that steps far below it are still numbers
_SMALLEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Scheme:
    """One difference formula.

    Attributes
    ----------
    name : str
    formula : str
        What it computes.
    order : int
        The power of the step h in its error without rounding.
    usual : float
        The step it usually gets, relative to the argument: the one that balances both errors where the function and its
        derivatives are about 1.
    """

    name: str
    formula: str
    order: int
    usual: float

    def quotient(self, f: Function, x: Array, i: int, h: float, here: float) -> float:
        """The derivative with respect to element i of x; `here` is f(x)."""
        moved = x.astype(np.complex128) if self is COMPLEX else x.copy()
        if self is COMPLEX:
            moved[i] += 1j * h
            return _ratio(float(np.imag(f(moved))), h)
        moved[i] = x[i] + h
        above, high = float(f(moved)), float(moved[i])
        if self is ONE_SIDED:
            return _ratio(above - here, high - float(x[i]))
        moved[i] = x[i] - h
        return _ratio(above - float(f(moved)), high - float(moved[i]))

    def step(self, x: float) -> float:
        """The usual step at this value of the argument."""
        return max(self.usual * (abs(x) or 1.0), _SMALLEST)

    def best_step(self, value: float, curvature: float, third: float) -> float:
        """The step at which the errors of rounding and of leaving out higher terms balance, from the derivatives; NaN if unknown.

        One-sided: h = 2 sqrt(ε |f| / |f''|); central: h = (3 ε |f| / |f'''|)^(1/3).
        """
        derivative = curvature if self is ONE_SIDED else third
        if self is COMPLEX or not (math.isfinite(derivative) and 1e-100 < abs(derivative) < 1e100 and value):
            return math.nan
        size = EPSILON * abs(value) / abs(derivative)
        return 2 * math.sqrt(size) if self is ONE_SIDED else (3 * size) ** (1 / 3)


ONE_SIDED = Scheme("one-sided", "(f(a + h) - f(a))/h", 1, EPSILON ** (1 / 2))
CENTRAL = Scheme("central", "(f(a + h) - f(a - h))/(2*h)", 2, EPSILON ** (1 / 3))
COMPLEX = Scheme("complex-step", "Im f(a + i*h)/h", 2, COMPLEX_STEP)
SCHEMES = (ONE_SIDED, CENTRAL, COMPLEX)


def _ratio(rise: float, run: float) -> float:
    # A step that vanishes beside the argument leaves nothing to divide by.
    return rise / run if run else math.nan


@dataclass(frozen=True)
class Curve:
    """The error of one scheme against the step.

    Attributes
    ----------
    scheme : Scheme
    steps, errors : ndarray, shape (m,)
        Relative to the reference, absolute where that is 0.
    best : float
        The step around which the error is smallest; of several the largest. NaN where no error is finite.
    best_error : float
        The largest error within half a decade of it, so that a lucky step does not count.
    predicted : float
        The best step by theory; NaN where it says nothing.
    """

    scheme: Scheme
    steps: Array
    errors: Array
    best: float
    best_error: float
    predicted: float


def error_curve(
    scheme: Scheme, f: Function, x: Array, i: int, reference: float, curvature: float, third: float
) -> Curve:
    """The error of a scheme at steps from the size of the argument down to far below its rounding."""
    here = float(f(x))
    size = max(abs(float(x[i])), _LEAST_SIZE) if x[i] else 1.0
    lowest = -30 if scheme is COMPLEX else -17
    steps = size * 10.0 ** np.arange(0, lowest - 0.001, -1 / _A_DECADE)
    errors = np.array([error(scheme.quotient(f, x, i, float(h), here), reference) for h in steps])
    around = _worst_around(errors)
    if scheme is COMPLEX:  # below a certain step nothing gets worse any more
        around = np.maximum.accumulate(around[::-1])[::-1]
    if not np.isfinite(around).any():
        return Curve(scheme, steps, errors, math.nan, math.nan, math.nan)
    smallest = float(np.nanmin(around))
    # A step with twice the least error is as good where all that is left is rounding.
    enough = max(2 * smallest, 4 * EPSILON) if scheme is COMPLEX else max(smallest, 2 * EPSILON)
    place = int(np.flatnonzero(around <= enough)[0])
    best_step = scheme.best_step(here, curvature, third)
    return Curve(scheme, steps, errors, float(steps[place]), float(around[place]), best_step)


def _worst_around(errors: Array) -> Array:
    """The largest error within half a decade of each step; what is not finite counts as infinite."""
    padded = np.pad(np.where(np.isfinite(errors), errors, np.inf), _AROUND, mode="edge")
    windows: Array = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1).max(axis=1)
    return windows


def error(value: float, reference: float) -> float:
    """The relative error; the absolute one where the reference is 0."""
    difference = abs(value - reference)
    return difference / abs(reference) if reference else difference


def digits(value: float, reference: float) -> float:
    """How many decimal digits agree; 16 where all that float64 has do, 0 where none does.

    Examples
    --------
    >>> round(digits(0.333, 1 / 3), 2), digits(1.0, 1.0), digits(float("nan"), 1.0)
    (3.0, 16.0, 0.0)
    """
    return accuracy(error(value, reference))


def accuracy(off: float) -> float:
    """The decimal digits that a relative error leaves, from 0 to 16."""
    if not math.isfinite(off):
        return 0.0
    return min(16.0, max(0.0, -math.log10(off))) if off else 16.0
