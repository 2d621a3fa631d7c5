"""Linearised: the weighted linear least-squares problem at one point of a curve fit, decomposed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.params import Array, Params
from steepest.optim.method import norm

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Linearised:
    """Residuals r, Jacobian J = dr/dp and weights w at the parameters p, with sqrt(w) J D = Q U diag(s) V'.

    D scales the columns to length 1, so that the decomposition does not feel the units of the parameters; a QR and an SVD of
    its small factor, never J'J, which would square the condition number.

    Attributes
    ----------
    residual, weights : ndarray, shape (m,)
    jacobian : ndarray, shape (m, n)
    column_scale : ndarray, shape (n,)
        The diagonal of D.
    projected : ndarray, shape (n,)
        U' Q' sqrt(w) r: the part of the residual that the model could still remove.
    singular : ndarray, shape (n,)
    right : ndarray, shape (n, n)
        V'.
    determined : ndarray of bool, shape (n,)
        Which singular directions the data determine, beyond rounding.
    residual_norm, target_norm : float
        Of sqrt(w) r and sqrt(w) y.
    """

    residual: Array
    jacobian: Array
    weights: Array
    column_scale: Array
    projected: Array
    singular: Array
    right: Array
    determined: Array
    residual_norm: float
    target_norm: float

    @classmethod
    def at(cls, problem: Any, params: Params, robust_weights: Any) -> Linearised | None:
        """The linear problem at `params`; None where residuals or Jacobian are not finite.

        ``robust_weights(residual)`` multiplies the rows' own weights.
        """
        residual, jacobian = problem.residuals_and_jacobian(params)
        if not (np.isfinite(residual).all() and np.isfinite(jacobian).all()):
            return None
        weights = problem.row_weights * robust_weights(residual)
        root = np.sqrt(weights)
        weighted = jacobian * root[:, None]
        norms = np.array([norm(column) for column in weighted.T])
        scale = 1.0 / np.where(norms > 0, norms, 1.0)
        q, r = np.linalg.qr(weighted * scale)
        u, singular, right = np.linalg.svd(r, full_matrices=False)
        determined = singular > EPSILON * max(jacobian.shape) * np.max(singular, initial=0.0)
        # The other directions of U are arbitrary ones, outside of what the model can reach.
        projected = np.where(determined, u.T @ (q.T @ (root * residual)), 0.0)
        return cls(
            residual=residual,
            jacobian=jacobian,
            weights=weights,
            column_scale=scale,
            projected=projected,
            singular=singular,
            right=right,
            determined=determined,
            residual_norm=norm(root * residual),
            target_norm=norm(root * np.ravel(problem.data.target)),
        )

    @property
    def offset(self) -> float:
        """Cosine of the angle between the residual and the model's tangent plane, 0 at a minimum.

        The relative offset of Bates and Watts, Technometrics 23, 1981, without its factor of degrees of freedom.
        """
        return norm(self.projected) / self.residual_norm if self.residual_norm > 0 else 0.0

    def step(self, damping: float) -> Array:
        """The step that minimises |sqrt(w) (r + J d)|**2 + damping |d / D|**2; undetermined directions are left alone."""
        s, keep = self.singular, self.determined
        factor = np.where(keep, s / np.where(keep, s * s + damping, 1.0), 0.0)
        return np.asarray(-self.column_scale * (self.right.T @ (factor * self.projected)))

    def predicted_decrease(self, damping: float) -> float:
        """How much |sqrt(w) r|**2 would fall with that step if the model were linear."""
        s2, keep = self.singular**2, self.determined
        left = np.where(keep, damping / np.where(keep, s2 + damping, 1.0), 1.0)
        return float(np.sum(self.projected**2 * (1.0 - left**2)))

    @property
    def exact(self) -> bool:
        """Whether what is left is rounding: the model goes through every point."""
        return self.residual_norm <= 10 * EPSILON * self.target_norm
