"""Curvature of an objective: the largest eigenvalue of its Hessian, from Hessian-vector products."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from steepest.base.params import Array
from steepest.base.random import generator
from steepest.optim.method import norm


def largest_curvature(
    hessian_times: Callable[[Array], Array], n: int, tolerance: float = 1e-10, most: int = 100, seed: int = 0
) -> float:
    """The largest eigenvalue of a symmetric matrix, the largest in sign, not in size.

    Power iteration looks only at the last of v, H v, H H v, ...; the largest value of v' H v over all vectors that they span
    comes much sooner, and does not mind a negative eigenvalue of the same size (Lanczos 1950; Golub and Van Loan, Matrix
    Computations, 10.1 and 10.3, with all vectors kept orthogonal).

    Parameters
    ----------
    hessian_times : callable
        v -> H v.
    n : int
        The length of v.
    tolerance : float
        Relative change of the estimate at which to stop; small matrices are done exactly in n products.
    most : int
        How many products at most.
    seed : int
        Of the first vector.

    Returns
    -------
    float
        NaN where a product is not finite.

    Examples
    --------
    >>> H = np.diag([3.0, -7.0, 1.0])
    >>> round(largest_curvature(lambda v: H @ v, 3), 6)
    3.0
    """
    v = generator(seed, "curvature").standard_normal(n)
    basis = np.zeros((min(n, most), n))
    diagonal: list[float] = []
    beside: list[float] = []
    value = math.nan
    v /= norm(v)
    for k in range(len(basis)):
        basis[k] = v
        w = np.array(hessian_times(v), dtype=np.float64)
        if not np.isfinite(w).all():
            return math.nan
        diagonal.append(float(v @ w))
        size = norm(w)
        for _ in range(2):  # once leaves rounding of the size of w
            w -= basis[: k + 1].T @ (basis[: k + 1] @ w)
        before, value = value, _largest(diagonal, beside)
        rest = norm(w)
        if rest <= 1e-14 * size or abs(value - before) <= tolerance * abs(value):
            break
        beside.append(rest)
        v = w / rest
    return value


def _largest(diagonal: list[float], beside: list[float]) -> float:
    """The largest eigenvalue of a symmetric tridiagonal matrix."""
    return float(np.linalg.eigvalsh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))[-1])
