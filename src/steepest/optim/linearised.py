"""Linearised: the weighted linear least-squares problem at one point of a curve fit, decomposed once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from steepest.base.params import Array, Params
from steepest.optim.method import norm

EPSILON = float(np.finfo(np.float64).eps)
PIECE = 1024  # rows that are decomposed together: measured


@dataclass(frozen=True)
class Stretch:
    """Some consecutive rows of a linearised problem.

    Attributes
    ----------
    problem : Problem
        Of these rows alone.
    numbers : slice
        Where they stand among all residuals.
    residual, weights : ndarray, shape (m,)
    jacobian : ndarray, shape (m, n)
    """

    problem: Any
    numbers: slice
    residual: Array
    jacobian: Array
    weights: Array


@dataclass(frozen=True)
class Linearised:
    """Residuals r, Jacobian J = dr/dp and weights w at the parameters p, with sqrt(w) J D = Q R and R = U diag(s) V'.

    D scales the columns to length 1, so that the decomposition does not feel the units of the parameters; a QR and an SVD of
    its small factor, never J'J, which would square the condition number (Golub and Van Loan, Matrix Computations, 5.3).

    Many rows are taken in stretches: each is decomposed by itself, and then the triangular factors below each other (TSQR:
    Demmel, Grigori, Hoemmen and Langou, SIAM J. Sci. Comput. 34, 2012). The residual is decomposed with the Jacobian, as its
    last column, so that Q is never formed. Of many rows J is not kept but computed anew where it is needed.

    Attributes
    ----------
    rows : int
        m, the residuals.
    residual : ndarray, shape (m,)
    column_scale : ndarray, shape (n,)
        The diagonal of D; 1 for a column of zeros.
    triangle : ndarray, shape (k, n)
        R, with k the smaller of m and n.
    rotated : ndarray, shape (k,)
        Q' sqrt(w) r.
    projected : ndarray, shape (k,)
        U' Q' sqrt(w) r: the part of the residual that the model could still remove.
    singular : ndarray, shape (k,)
    right : ndarray, shape (k, n)
        V'.
    determined : ndarray of bool, shape (k,)
        Which singular directions the data determine, beyond rounding.
    held : ndarray of bool, shape (n,)
        Which parameters stand at a bound that they would be pushed through.
    slope : ndarray, shape (n,)
        Of the sum of w rho(r) with the rows' own weights w; zeros for a loss that is not of residuals.
    residual_norm, target_norm : float
        Of sqrt(w) r and sqrt(w) y.
    """

    rows: int
    column_scale: Array
    triangle: Array
    rotated: Array
    projected: Array
    singular: Array
    right: Array
    determined: Array
    held: Array
    slope: Array
    residual_norm: float
    target_norm: float
    _residual: Callable[[], Array]
    _again: Callable[[], Iterator[Stretch]]

    @classmethod
    def at(
        cls, problem: Any, params: Params, robust_weights: float | Callable[[Array], Array] = 1.0
    ) -> Linearised | None:
        """The linear problem at `params`; None where residuals, Jacobian or weights are not finite.

        The rows' own weights are multiplied by a number, or by ``robust_weights(residual)``; residuals come in stretches. A
        parameter at a bound that it would be pushed through has no say: its column is zero, like that of a parameter without
        effect.
        """
        again: Callable[[], Iterator[Stretch]] = partial(_stretches, problem, params, robust_weights)
        count = params.flat.size
        known: Array | None = None if callable(robust_weights) else problem.triangle(params)
        if known is not None and not callable(robust_weights):
            factor = math.sqrt(robust_weights)
            return cls._decomposed(
                factor * known, problem, params, slope=2.0 * (known[:, :count].T @ known[:, count]),
                target_norm=factor * problem.target_norm, _residual=partial(problem.residuals, params), _again=again,
            )  # fmt: skip
        residual, slope = np.empty(np.size(problem.data.target)), np.zeros(count)
        triangles: list[Array] = []
        targets: list[float] = []
        for stretch in _stretches(problem, params, robust_weights):
            part, r, root = stretch.problem, stretch.residual, np.sqrt(stretch.weights)
            table = np.empty((len(r), count + 1))
            np.multiply(stretch.jacobian, root[:, None], out=table[:, :count])
            np.multiply(r, root, out=table[:, count])
            if not np.isfinite(table).all():
                return None
            if part.loss_function.slope is not None:
                slope += stretch.jacobian.T @ (part.row_weights * part.loss_function.slope(r))
            triangles.append(_triangle(table))
            targets.append(norm(root * np.ravel(part.data.target)))
            residual[stretch.numbers] = r
        if len(triangles) == 1:
            again = partial(iter, (stretch,))
        whole = triangles[0] if len(triangles) == 1 else _triangle(np.concatenate(triangles))
        return cls._decomposed(
            whole,
            problem,
            params,
            slope=slope,
            target_norm=math.hypot(*targets),
            _residual=lambda: residual,
            _again=again,
        )

    @classmethod
    def _decomposed(cls, whole: Array, problem: Any, params: Params, **others: Any) -> Linearised:
        """From the triangular factor of the Jacobian with the residual as its last column."""
        count, rows = params.flat.size, int(np.size(problem.data.target))
        residual_norm = norm(whole[:, count])
        held = np.zeros(count, dtype=bool)
        if problem.bounds is not None:
            held = problem.bounds.held(params.flat, whole[:, :count].T @ whole[:, count])
            if held.any():
                whole = _triangle(np.where(np.append(held, False), 0.0, whole))
        size = min(rows, count)
        lengths = np.array([norm(column) for column in whole[:, :count].T])
        scale = 1.0 / np.where(lengths > 0, lengths, 1.0)
        triangle, rotated = whole[:size, :count] * scale, whole[:size, count]
        left, singular, right, determined = singular_directions(triangle, rows)
        return cls(
            rows=rows,
            column_scale=scale,
            triangle=triangle,
            rotated=rotated,
            # Directions of U that no parameter reaches are arbitrary ones: nothing can be removed along them.
            projected=np.where(determined, left.T @ rotated, 0.0),
            singular=singular,
            right=right,
            determined=determined,
            held=held,
            residual_norm=residual_norm,
            **others,
        )

    @cached_property
    def residual(self) -> Array:
        """The residuals; of many rows perhaps only now computed."""
        return self._residual()

    def stretches(self) -> Iterator[Stretch]:
        """The rows with their Jacobian, in order: at once, or computed anew some thousands at a time where they are many."""
        return self._again()

    @property
    def lengths(self) -> Array:
        """The lengths of the columns of sqrt(w) J; 0 for a parameter without effect here."""
        return np.where(self.triangle.any(axis=0), 1.0 / self.column_scale, 0.0)

    @property
    def offset(self) -> float:
        """Cosine of the angle between the residual and the model's tangent plane, 0 at a minimum.

        The relative offset of Bates and Watts, Technometrics 23, 1981, without its factor of degrees of freedom.
        """
        return norm(self.projected) / self.residual_norm if self.residual_norm > 0 else 0.0

    @property
    def rounding(self) -> float:
        """The relative rounding of |sqrt(w) r|**2: each residual is known to rounding of its target only."""
        return EPSILON * (1.0 + self.target_norm / self.residual_norm) if self.residual_norm > 0 else EPSILON

    @property
    def exact(self) -> bool:
        """Whether what is left is rounding: the model goes through every point."""
        return self.residual_norm <= 10 * EPSILON * self.target_norm

    @property
    def flat(self) -> bool:
        """Whether no parameter has any effect here."""
        return not self.determined.any()

    def gauss_newton(self) -> Array:
        """The undamped step, which would end in the minimum if the model were linear; open directions are left alone."""
        shares = np.where(self.determined, self.projected / np.where(self.determined, self.singular, 1.0), 0.0)
        return np.asarray(-self.column_scale * (self.right.T @ shares))


def _triangle(table: Array) -> Array:
    """R of a QR decomposition; of many rows by those of pieces that stay in the nearest cache."""
    rows, width = table.shape
    high = max(PIECE, 8 * width)
    if rows >= 2 * high:
        whole = rows // high * high
        pieces = np.asarray(np.linalg.qr(table[:whole].reshape(-1, high, width), mode="r"))
        return _triangle(np.concatenate([pieces.reshape(-1, width), table[whole:]]))
    return np.asarray(np.linalg.qr(table, mode="r"))


def _stretches(problem: Any, params: Params, robust_weights: float | Callable[[Array], Array]) -> Iterator[Stretch]:
    for part, _, numbers in problem.blocks():
        residual, jacobian = part.residuals_and_jacobian(params)
        with np.errstate(all="ignore"):
            weights = part.row_weights * (robust_weights(residual) if callable(robust_weights) else robust_weights)
        yield Stretch(part, numbers, residual, jacobian, weights)


def singular_directions(triangle: Array, rows: int) -> tuple[Array, Array, Array, Array]:
    """U, s, V' of a triangular factor, and which of s stand above the rounding of a matrix of so many rows."""
    left, singular, right = np.linalg.svd(triangle, full_matrices=False)
    determined = singular > EPSILON * max(rows, triangle.shape[1]) * np.max(singular, initial=0.0)
    return left, singular, right, determined
