"""Uncertainty: how well the data determine the parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from steepest.base.params import Array, Params
from steepest.optim.linearised import Linearised
from steepest.training.problem import Problem

FLAT = 1e-6  # curvature, relative to that of squares, below which a robust loss holds a direction by rounding alone
HIDDEN = 30  # times the rounding of the residuals: within that nothing tells a place from the minimum
AT_THE_MINIMUM = 1e-3  # relative offset beyond which standard errors would describe a place that is not the answer


@dataclass(frozen=True)
class Uncertainty:
    """Covariance of the estimates and what the data leave open.

    Attributes
    ----------
    covariance : ndarray, shape (n, n), or None
        In the user's units; infinite variances on the diagonal for parameters that the data do not determine. None with
        `reason` where there is none to give.
    undetermined : list of list of int
        Groups of elements of the flat parameters that can change together without any effect.
    reason : str
        Why there is no covariance.
    reached : bool
        Whether the place is a minimum at all.
    held : list of int
        Elements at a bound that the data would push them through.
    determined : ndarray, shape (n, n), or None
        The covariance within the directions that the data determine, finite throughout: what predictions need.
    open : ndarray, shape (n, m)
        The directions that they leave open, in the user's units; m is 0 for a fit that has none.
    variance : float
        Of a residual of weight 1; NaN where the loss is not a square.
    """

    covariance: Array | None
    undetermined: list[list[int]]
    reason: str = ""
    reached: bool = True
    held: list[int] = field(default_factory=list)
    determined: Array | None = None
    open: Array = field(default_factory=lambda: np.zeros((0, 0)))
    variance: float = math.nan

    @property
    def standard_errors(self) -> Array | None:
        """Square roots of the variances."""
        return None if self.covariance is None else np.sqrt(np.diag(self.covariance))

    @property
    def correlation(self) -> Array | None:
        """The covariance divided by both standard errors; NaN where one is infinite or zero."""
        if self.covariance is None:
            return None
        errors = np.sqrt(np.diag(self.covariance))
        with np.errstate(all="ignore"):
            return np.where(np.isfinite(errors), self.covariance / np.outer(errors, errors), np.nan)


def estimate(problem: Problem, params: Params, degrees_of_freedom: int, absolute: bool = False) -> Uncertainty:
    """Covariance of the estimates at a minimum; with `absolute` weights 1/sigma**2 the residual variance is known to be 1.

    Parameters at a bound that they would leave have none; the others' is that with those held there.

    For squares: ``s**2 (J' W J)^-1`` with s**2 the residual variance, through the singular values of the column-scaled
    ``sqrt(W) J`` (Bates and Watts, Nonlinear Regression Analysis, 1988, 1.2). For other smooth losses of residuals with slope
    psi: the sandwich ``H^-1 (J' psi**2 J) H^-1`` times n / (n - p), with ``H = J' psi' J`` (Huber, Robust Statistics, 1981, 7.6).
    """
    with np.errstate(all="ignore"):
        point = Linearised.at(problem, params)
    if point is None:
        return Uncertainty(None, [], "the model's derivative is not finite at the answer")
    keep = point.determined
    names = _open_groups(point, keep)
    loss = problem.loss_function
    if degrees_of_freedom < 0 or (degrees_of_freedom == 0 and not (absolute and loss.squared)):
        return Uncertainty(None, names, "there are no more rows than parameters")
    if loss.curvature is None or loss.slope is None:
        return Uncertainty(None, names, f"the loss {loss.name} has no curvature to estimate them from")
    if _relative_slope(problem, params, point) > max(AT_THE_MINIMUM, HIDDEN * point.rounding):
        return Uncertainty(None, names, "the descent has not reached the minimum", reached=False)
    # Directions in the scaled parameters, each divided by how strongly the data hold it.
    inverse = point.column_scale[:, None] * point.right[keep].T / point.singular[keep]
    variance = math.nan
    if loss.squared:
        error = 1.0 if absolute else point.residual_norm / math.sqrt(degrees_of_freedom)
        variance, root = error * error, error * inverse
        with np.errstate(all="ignore"):
            covariance = root @ root.T
        if not _representable(covariance, root):
            return Uncertainty(None, names, "their squares are beyond float64; give the columns in other units")
    else:
        rows = degrees_of_freedom + params.flat.size
        held = _between(point, loss.curvature, inverse)
        if not np.min(np.linalg.eigvalsh(held), initial=np.inf) > FLAT:
            return Uncertainty(None, names, f"too few residuals lie where {loss.name} is curved")
        bread = inverse @ np.linalg.inv(held) @ inverse.T
        meat = _between(point, loss.slope, np.eye(params.flat.size), power=2)
        covariance = bread @ meat @ bread * rows / degrees_of_freedom
    determined = covariance.copy()
    for i in {i for group in names for i in group}:
        covariance[i, :] = covariance[:, i] = np.nan
        covariance[i, i] = np.inf
    covariance[point.held, :] = covariance[:, point.held] = np.nan
    directions = (point.column_scale[:, None] * point.right[~keep].T)[:, ~_held_only(point, keep)]
    held_there = [int(i) for i in np.flatnonzero(point.held)]
    return Uncertainty(covariance, names, held=held_there, determined=determined, open=directions, variance=variance)


def _representable(covariance: Array, root: Array) -> bool:
    """Whether the variances are numbers of full precision, those of what has no error aside."""
    variances = np.diag(covariance)[(root != 0).any(axis=1)]
    return bool(np.isfinite(variances).all() and (variances >= np.finfo(np.float64).tiny).all())


def _held_only(point: Linearised, keep: Array) -> Array:
    """Which of the directions without effect are those of parameters that a bound holds."""
    return np.array(
        [bool(point.held[np.abs(d) > 1e-3 * np.abs(d).max()].all()) for d in point.right[~keep]], dtype=bool
    )


def _between(point: Linearised, weight: Callable[[Array], Array], basis: Array, power: int = 1) -> Array:
    """J' diag((w weight(r))**power) J in the coordinates of `basis`."""
    total = np.zeros((basis.shape[1], basis.shape[1]))
    for rows in point.stretches():
        columns = rows.jacobian @ basis
        total += (columns * ((rows.problem.row_weights * weight(rows.residual)) ** power)[:, None]).T @ columns
    return total


def _relative_slope(problem: Problem, params: Params, point: Linearised) -> float:
    """How far from level the objective is, relative to what the residuals' slopes could add up to."""
    loss = problem.loss_function
    if loss.squared:
        return point.offset if not point.exact else 0.0
    assert loss.slope is not None
    size = np.zeros(params.flat.size)
    for rows in point.stretches():
        size += np.abs(rows.jacobian).T @ np.abs(rows.problem.row_weights * loss.slope(rows.residual))
    size = problem.reduced_slope(size)
    gradient = problem.value_and_gradient(params)[1]
    with np.errstate(all="ignore"):
        return float(np.max(np.where(size > 0, np.abs(gradient) / size, 0.0), initial=0.0))


def _open_groups(point: Linearised, keep: Array) -> list[list[int]]:
    """For each direction without effect, the parameters that take part in it."""
    groups = []
    for direction in point.right[~keep]:
        part = np.abs(direction)
        groups.append([int(i) for i in np.flatnonzero(part > 1e-3 * part.max())])
    return [group for group in groups if not point.held[group].all()]  # what a bound holds is not open


def t_quantile(level: float, degrees_of_freedom: float) -> float:
    """The half-width of a central interval of Student's t, in standard errors; the normal one for infinite degrees."""
    from scipy.special import ndtri, stdtrit  # imported when used

    if math.isinf(degrees_of_freedom):
        return float(ndtri(0.5 + level / 2))
    return float(stdtrit(degrees_of_freedom, 0.5 + level / 2))
