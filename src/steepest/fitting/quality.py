"""Quality: how much of the data a fit leaves unexplained."""

from __future__ import annotations

import math

import numpy as np

from steepest.base.params import Array
from steepest.optim.method import norm


def sum_of_squares(residuals: Array, weights: Array | None) -> float:
    """Sum of w * residual**2; infinite beyond float64.

    Examples
    --------
    >>> sum_of_squares(np.array([1.0, 2.0]), np.array([1.0, 0.5]))
    3.0
    """
    with np.errstate(over="ignore"):
        squares = np.ravel(residuals) ** 2
        return float(np.sum(squares if weights is None else weights * squares))


def standard_deviation(residuals: Array, weights: Array | None, degrees_of_freedom: int) -> float:
    """sqrt(residual sum of squares / degrees of freedom); NaN without degrees of freedom."""
    if degrees_of_freedom <= 0:
        return math.nan
    # By the norm, for residuals whose squares are no longer (or not even) numbers.
    return _weighted_norm(residuals, weights) / math.sqrt(degrees_of_freedom)


def r_squared(residuals: Array, observed: Array, weights: Array | None) -> float:
    """1 - residual / total sum of squares about the weighted mean; NaN for a constant target.

    Examples
    --------
    >>> r_squared(np.array([1.0, -1.0, 0.0]), np.array([0.0, 2.0, 4.0]), None)
    0.75
    """
    target = np.ravel(observed)
    counted = target if weights is None else target[weights > 0]
    if np.ptp(counted) == 0:
        return math.nan
    size = float(max(counted.max(), -counted.min()))
    about = target / size
    about -= np.average(about, weights=weights)
    ratio = _weighted_norm(residuals, weights) / _weighted_norm(about * size, weights)
    return 1.0 - ratio * ratio


def _weighted_norm(values: Array, weights: Array | None) -> float:
    return norm(np.ravel(values if weights is None else np.sqrt(weights) * np.ravel(values)))
