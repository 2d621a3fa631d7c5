"""Projection: a formula's linear parameters solved for, at many values of the other ones side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from steepest.autodiff.transforms import jacobian
from steepest.base.bounds import Bounds
from steepest.base.params import Array
from steepest.fitting.model import FitData, FormulaModel
from steepest.nn.losses import Loss
from steepest.optim.linearised import EPSILON
from steepest.training.problem import detached

LEAST = 1e-290  # shorter columns have no inverse length
MOST_NUMBERS = 2_000_000  # in one array: places beyond take turns
COLD, WARM = 3, 1  # reweightings for a robust loss, from plain weights and from those of a place nearby
FLOOR = 1e-3  # of a typical residual: smaller ones weigh no more under mae
OWN = 1e-10  # share of a slope that is more than rounding
EASE = 1e-8  # least damping, relative: what the data leave open does not move


@dataclass(frozen=True)
class Solved:
    """Places of the curved parameters, k of them, with the best linear ones at each.

    Attributes
    ----------
    curved, linear : ndarray, shapes (k, p) and (k, q)
    residual : ndarray, shape (k, n)
        Prediction minus observation, over the size of the observations.
    root : ndarray, shape (k, n)
        Square roots of the rows' weights, a robust loss's included.
    basis : ndarray, shape (k, n, q)
        Orthonormal columns that span what the linear parameters can do to ``root * residual``.
    loss : ndarray, shape (k,)
        Relative to that of a model that says 0; infinite where it is not finite.
    """

    curved: Array
    linear: Array
    residual: Array
    root: Array
    basis: Array
    loss: Array

    def take(self, places: Array | slice) -> Solved:
        """Some of the places."""
        return Solved(*(getattr(self, field.name)[places] for field in fields(self)))

    def replace(self, places: Array, others: Solved) -> None:
        """Put others at some of the places."""
        for field in fields(self):
            getattr(self, field.name)[places] = getattr(others, field.name)


def joined(parts: Sequence[Solved]) -> Solved:
    """One after the other."""
    return Solved(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Solved)))


class Projection:
    """The loss as a function of the curved parameters alone.

    Variable projection (Golub and Pereyra, SIAM J. Numer. Anal. 10, 1973): for curved parameters t the formula is
    ``base(t) + G(t) b``, with b the linear parameters, whose best values are those of a linear least-squares problem.
    Everything is done for k values of t at once, as arrays of shape (k, rows).

    Parameters
    ----------
    curved, linear : sequence of str
        Parameters by what they are: linear ones can be solved for, curved ones cannot. With the names of `given` these are all
        of the model's.
    loss : Loss
        What is made small; a loss that is not of residuals is taken for squares.
    """

    def __init__(
        self,
        model: FormulaModel,
        data: FitData,
        curved: Sequence[str],
        linear: Sequence[str],
        given: Mapping[str, float],
        loss: Loss,
    ) -> None:
        self.model, self.data, self.curved, self.linear, self.given = model, data, curved, linear, given
        self.rows = len(data.observed)
        self.size = float(np.max(np.abs(data.observed), initial=0.0)) or 1.0
        weights = np.ones(self.rows) if data.weights is None else data.weights / (np.max(data.weights) or 1.0)
        self.weights = weights
        self.loss = None if loss.squared or loss.slope is None else loss
        self.zero_loss = max(float(self._losses(-data.observed[None] / self.size)[0]), 1e-300)

    def named(self, curved: Array, linear: Array) -> dict[str, float]:
        """One place as values by name."""
        found = {**self.given, **dict(zip(self.curved, curved.tolist())), **dict(zip(self.linear, linear.tolist()))}
        return {name: float(found[name]) for name in self.model.parameters}

    def solve(self, curved: Array, root: Array | None = None) -> Solved:
        """The best linear parameters at each of the places, shape (k, p); for a robust loss from the weights `root` on."""
        size = self.rows * (len(self.linear) + 1)
        at_once = max(1, MOST_NUMBERS // size)
        cuts = [slice(i, i + at_once) for i in range(0, len(curved), at_once)]
        with np.errstate(all="ignore"):
            return joined([self._solve(curved[cut], None if root is None else root[cut]) for cut in cuts])

    def _solve(self, curved: Array, root: Array | None) -> Solved:
        base, design = self._parts(curved)
        rest = self.data.observed / self.size - base
        rounds = WARM if root is not None else COLD
        if self.loss is None or root is None:
            root = np.broadcast_to(np.sqrt(self.weights), rest.shape)
        linear, basis, residual = _least_squares(design, rest, root)
        if self.loss is not None:
            for _ in range(rounds if self.linear else 1):
                root = self._roots(residual)
                linear, basis, residual = _least_squares(design, rest, root)
        loss = self._losses(residual) / self.zero_loss
        return Solved(
            curved, linear * self.size, residual, np.array(root), basis, np.where(np.isfinite(loss), loss, np.inf)
        )

    def _parts(self, curved: Array) -> tuple[Array, Array]:
        """The formula with its linear parameters at 0, (k, n), and what one unit of each adds, (k, n, q)."""
        zero = np.zeros((len(curved), self.rows))
        values = {**self.given, **{name: column[:, None] for name, column in zip(self.curved, curved.T)}}
        seen: list[Any] = []

        def formula(linear: dict[str, Any]) -> Any:
            seen.append(self.model.predict({**values, **linear}, self.data.columns) + zero)
            return seen[-1]

        if not self.linear:
            return np.asarray(detached(formula({}))) / self.size, np.zeros((*zero.shape, 0))
        blocks = jacobian(formula, mode="forward")({name: np.zeros(()) for name in self.linear})
        design = np.stack([np.broadcast_to(blocks[name], zero.shape) for name in self.linear], axis=-1)
        return np.asarray(detached(seen[-1])) / self.size, design

    def slopes(self, at: Solved) -> Array:
        """What one unit of each curved parameter adds to ``root * residual``, (k, n, p), less what the linear ones undo.

        That is Kaufman's Jacobian of the projected residual (BIT 15, 1975).
        """
        zero = np.zeros((len(at.curved), self.rows))
        values: dict[str, Any] = dict(self.given)
        values |= {name: column[:, None] for name, column in zip(self.linear, at.linear.T)}

        def formula(moved: dict[str, Any]) -> Any:
            shifted = {name: column[:, None] + moved[name] for name, column in zip(self.curved, at.curved.T)}
            return self.model.predict({**values, **shifted}, self.data.columns) + zero

        with np.errstate(all="ignore"):
            blocks = jacobian(formula, mode="forward")({name: np.zeros(()) for name in self.curved})
            slope = np.stack([np.broadcast_to(blocks[name], zero.shape) for name in self.curved], axis=-1)
            slope = slope / self.size * at.root[..., None]
            own = slope - at.basis @ (at.basis.swapaxes(1, 2) @ slope)
            # What the linear parameters undo altogether leaves rounding, which is no direction to go.
            return np.where((_lengths(own) > OWN * _lengths(slope))[:, None, :], own, 0.0)

    def steps(self, at: Solved, slopes: Array, damping: Array, box: Bounds | None) -> tuple[Array, Array]:
        """A damped Gauss-Newton step from each place, (k, p), and the relative decrease it promises, (k,).

        What stands at a bound of the box and would leave it stays.
        """
        with np.errstate(all="ignore"):
            lengths = _lengths(slopes)
            if box is not None:
                downhill = (slopes.swapaxes(1, 2) @ (at.root * at.residual)[..., None])[..., 0]
                lengths = np.where(box.held(at.curved, downhill), 0.0, lengths)
            usable = np.isfinite(lengths) & (lengths > 0)
            scaled = np.where(usable[:, None, :], slopes / np.where(usable, lengths, 1.0)[:, None, :], 0.0)
            residual = at.root * at.residual
            normal = scaled.swapaxes(1, 2) @ scaled
            normal += (damping + EASE)[:, None, None] * np.eye(normal.shape[-1])
            right = (scaled.swapaxes(1, 2) @ residual[..., None])[..., 0]
            step = np.linalg.solve(normal, right[..., None])[..., 0]
            promised = np.sum(step * right, axis=1) / np.maximum(np.sum(residual**2, axis=1), 1e-300)
            return np.where(usable, -step / np.where(usable, lengths, 1.0), 0.0), promised

    def _losses(self, residual: Array) -> Array:
        if self.loss is None:
            values = residual**2
        else:
            values = np.asarray(self.loss.of_residual(residual * self.size))
        return np.asarray(values @ self.weights / np.sum(self.weights))

    def _roots(self, residual: Array) -> Array:
        """Square roots of w psi(r)/r, the weights of iteratively reweighted least squares."""
        assert self.loss is not None
        assert self.loss.slope is not None
        size = np.abs(residual) * self.size
        size = np.maximum(size, np.maximum(FLOOR * np.median(size, axis=1, keepdims=True), 1e-300))
        weights = np.abs(self.loss.slope(size)) / size
        weights = weights / np.maximum(np.max(weights, axis=1, keepdims=True), 1e-300)
        return np.asarray(np.sqrt(self.weights * np.where(np.isfinite(weights), weights, 0.0)))


def _lengths(matrices: Array) -> Array:
    """The lengths of the columns, which may be too large to be squared."""
    largest = np.max(np.abs(matrices), axis=1, initial=0.0)
    safe = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    return np.where(largest > 0, safe * np.sqrt(np.sum((matrices / safe[:, None, :]) ** 2, axis=1)), 0.0)


def _least_squares(design: Array, rest: Array, root: Array) -> tuple[Array, Array, Array]:
    """For each of k problems the solution (k, q), a basis of its columns (k, n, q), and prediction minus observation (k, n).

    NaN where a problem is not finite. Columns are scaled, and directions that they leave open are set to 0.
    """
    if design.shape[-1] == 0:
        return np.zeros((len(rest), 0)), np.zeros((*rest.shape, 0)), -rest
    weighted, right = design * root[..., None], rest * root
    finite = np.isfinite(weighted).all(axis=(1, 2)) & np.isfinite(right).all(axis=1)
    weighted = np.where(finite[:, None, None], weighted, 0.0)
    lengths = _lengths(weighted)
    scale = 1.0 / np.where(lengths > LEAST, lengths, 1.0)
    orthogonal, triangle = np.linalg.qr(weighted * scale[:, None, :])
    left, singular, across = np.linalg.svd(triangle)
    keep = singular > EPSILON * max(design.shape[1:]) * np.max(singular, axis=1, keepdims=True)
    basis = (orthogonal @ left[..., : singular.shape[1]]) * keep[:, None, :]
    shares = (basis.swapaxes(1, 2) @ np.where(finite[:, None], right, 0.0)[..., None])[..., 0]
    shares = np.where(keep, shares / np.where(keep, singular, 1.0), 0.0)
    solution = (across[:, : singular.shape[1]].swapaxes(1, 2) @ shares[..., None])[..., 0] * scale
    solution = np.where(finite[:, None], solution, np.nan)
    return solution, basis, np.asarray((design @ solution[..., None])[..., 0] - rest)
