"""Damped: the steps of a linearised problem, from the longest (Gauss-Newton) to a short one down the slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steepest.base.params import Array
from steepest.optim.linearised import Linearised, singular_directions
from steepest.optim.method import norm


@dataclass(frozen=True)
class Damped:
    """The steps d that minimise ``|sqrt(w) (r + J d)|**2 + damping |L d|**2`` at one point, for any damping.

    Attributes
    ----------
    point : Linearised
    lengths : ndarray, shape (n,)
        The diagonal of L: how strongly each parameter is held, at least the length of its column of sqrt(w) J.
    left, singular, right, determined : ndarray
        The singular directions of R / L, with R the triangular factor of sqrt(w) J.
    """

    point: Linearised
    lengths: Array
    left: Array
    singular: Array
    right: Array
    determined: Array

    @classmethod
    def at(cls, point: Linearised, lengths: Array) -> Damped:
        """The steps from `point`; a parameter without any length does not move."""
        lengths = np.where(lengths > 0, lengths, 1.0)
        relative = 1.0 / (point.column_scale * lengths)  # present length of a column by the held one, at most 1
        return cls(point, lengths, *singular_directions(point.triangle * relative, point.rows))

    def step(self, damping: float) -> Array:
        """The step for this damping."""
        s, keep = self.singular, self.determined
        factor = np.where(keep, s / np.where(keep, s * s + damping, 1.0), 0.0)
        return np.asarray(-(self.right.T @ (factor * (self.left.T @ self.point.rotated))) / self.lengths)

    def against(self, slope: Array, damping: float) -> Array:
        """The step that this damping would make of another residual v than the point's, from its slope J' w v."""
        s, keep = self.singular, self.determined
        factor = np.where(keep, 1.0 / np.where(keep, s * s + damping, 1.0), 0.0)
        slope = np.where(self.point.held, 0.0, slope)
        return np.asarray(-(self.right.T @ (factor * (self.right @ (slope / self.lengths)))) / self.lengths)

    def length(self, step: Array) -> float:
        """|L d|, the length of a step as the damping sees it."""
        return norm(self.lengths * step)

    def predicted_decrease(self, damping: float) -> float:
        """How much |sqrt(w) r|**2 would fall with that step if the model were linear."""
        s2, keep = self.singular**2, self.determined
        left_over = np.where(keep, damping / np.where(keep, s2 + damping, 1.0), 1.0)
        return float(np.sum((self.left.T @ self.point.rotated) ** 2 * (1.0 - left_over**2)))
