"""Linearised: the weighted linear least-squares problem at one point of a curve fit, decomposed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.params import Array, Params
from steepest.optim.method import norm

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Linearised:
    """Residuals r, Jacobian J = dr/dp and weights w at the parameters p, with sqrt(w) J D = Q R and R = U diag(s) V'.

    D scales the columns to length 1, so that the decomposition does not feel the units of the parameters; a QR and an SVD of
    its small factor, never J'J, which would square the condition number (Golub and Van Loan, Matrix Computations, 5.3).

    Attributes
    ----------
    residual, weights : ndarray, shape (m,)
    jacobian : ndarray, shape (m, n)
    column_scale : ndarray, shape (n,)
        The diagonal of D; 1 for a column of zeros.
    orthogonal, triangle : ndarray, shapes (m, k) and (k, n)
        Q and R, with k the smaller of m and n.
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
    residual_norm, target_norm : float
        Of sqrt(w) r and sqrt(w) y.
    """

    residual: Array
    jacobian: Array
    weights: Array
    column_scale: Array
    orthogonal: Array
    triangle: Array
    rotated: Array
    projected: Array
    singular: Array
    right: Array
    determined: Array
    held: Array
    residual_norm: float
    target_norm: float

    @classmethod
    def at(cls, problem: Any, params: Params, robust_weights: Callable[[Array], Array]) -> Linearised | None:
        """The linear problem at `params`; None where residuals, Jacobian or weights are not finite.

        ``robust_weights(residual)`` multiplies the rows' own weights. A parameter at a bound that it would be pushed through has
        no say: its column is zero, like that of a parameter without effect.
        """
        residual, jacobian = problem.residuals_and_jacobian(params)
        if not (np.isfinite(residual).all() and np.isfinite(jacobian).all()):
            return None
        weights = problem.row_weights * robust_weights(residual)
        root = np.sqrt(weights)
        weighted = jacobian * root[:, None]
        if not np.isfinite(weighted).all():
            return None
        held = np.zeros(params.flat.size, dtype=bool)
        if problem.bounds is not None:
            held = problem.bounds.held(params.flat, weighted.T @ (root * residual))
            weighted = np.where(held, 0.0, weighted)
        lengths = np.array([norm(column) for column in weighted.T])
        scale = 1.0 / np.where(lengths > 0, lengths, 1.0)
        orthogonal, triangle = np.linalg.qr(weighted * scale)
        rotated = orthogonal.T @ (root * residual)
        left, singular, right, determined = singular_directions(triangle, len(residual))
        return cls(
            residual=residual,
            jacobian=jacobian,
            weights=weights,
            column_scale=scale,
            orthogonal=orthogonal,
            triangle=triangle,
            rotated=rotated,
            # Directions of U that no parameter reaches are arbitrary ones: nothing can be removed along them.
            projected=np.where(determined, left.T @ rotated, 0.0),
            singular=singular,
            right=right,
            determined=determined,
            held=held,
            residual_norm=norm(root * residual),
            target_norm=norm(root * np.ravel(problem.data.target)),
        )

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

    def rotate(self, residual: Array) -> Array:
        """Q' sqrt(w) times another vector of residuals."""
        return np.asarray(self.orthogonal.T @ (np.sqrt(self.weights) * residual))

    def gauss_newton(self) -> Array:
        """The undamped step, which would end in the minimum if the model were linear; open directions are left alone."""
        shares = np.where(self.determined, self.projected / np.where(self.determined, self.singular, 1.0), 0.0)
        return np.asarray(-self.column_scale * (self.right.T @ shares))


def singular_directions(triangle: Array, rows: int) -> tuple[Array, Array, Array, Array]:
    """U, s, V' of a triangular factor, and which of s stand above the rounding of a matrix of so many rows."""
    left, singular, right = np.linalg.svd(triangle, full_matrices=False)
    determined = singular > EPSILON * max(rows, triangle.shape[1]) * np.max(singular, initial=0.0)
    return left, singular, right, determined
