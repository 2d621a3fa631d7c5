"""Curvature of an objective: its largest eigenvalue from Hessian-vector products."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from steepest.base.params import Array
from steepest.base.random import generator
from steepest.optim.method import norm


def largest_curvature(
    hessian_times: Callable[[Array], Array], n: int, tolerance: float = 1e-10, most: int = 2000, seed: int = 0
) -> float:
    """The largest eigenvalue of a symmetric matrix, by power iteration (Golub and Van Loan, Matrix Computations, 8.2).

    Parameters
    ----------
    hessian_times : callable
        v -> H v.
    n : int
        The length of v.
    tolerance : float
        Relative change of the estimate at which to stop.

    Notes
    -----
    Power iteration finds the eigenvalue of largest size; if that one is negative, the matrix is shifted by it and the
    iteration goes on, so that the largest one in sign is found.

    Examples
    --------
    >>> H = np.diag([3.0, -7.0, 1.0])
    >>> round(largest_curvature(lambda v: H @ v, 3), 6)
    3.0
    """
    value = _dominant(hessian_times, n, tolerance, most, seed)
    if value < 0:
        shift = value
        value = _dominant(lambda v: hessian_times(v) - shift * v, n, tolerance, most, seed) + shift
    return value


def _dominant(times: Callable[[Array], Array], n: int, tolerance: float, most: int, seed: int) -> float:
    v = generator(seed, "power iteration").standard_normal(n)
    v /= norm(v)
    value = 0.0
    for _ in range(most):
        w = times(v)
        before, value = value, float(v @ w)
        size = norm(w)
        if not np.isfinite(size) or size == 0.0:
            return float("nan") if size else 0.0
        v = w / size
        if abs(value - before) <= tolerance * abs(value):
            break
    return value
