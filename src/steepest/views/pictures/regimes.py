"""What a learning rate did, in words: slow, straight, bouncing, diverging."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steepest.base.checks import positive, whole
from steepest.base.errors import ModelError
from steepest.base.params import Params
from steepest.optim.lbfgs import LBFGS
from steepest.optim.method import norm
from steepest.optim.stopping import Stopping
from steepest.training.curvature import largest_curvature
from steepest.training.descent import Descent
from steepest.training.problem import Problem
from steepest.training.run import Run
from steepest.views.landscapes.descent_path import DescentPath, path_of
from steepest.views.tables.words import one_line

SLOW, STRAIGHT, BOUNCES, JUMPS, DIVERGES = "slow", "straight down", "bounces", "up and down", "diverges"
THERE = "at the minimum"
_THERE = 1e-6  # of the loss: less above the minimum is no start to descend from
_HALF = 0.5  # of what was left, done by the second half of the steps: less is slow
_ARRIVED = 1e-3  # of the way down: with less of it left there is nothing to be slow about
_PARTS = (0.01, 0.9, 1.1)  # of the limit: what is tried unless rates are given
_FLOOR_STEPS = 100  # of L-BFGS, to find where the valley's floor is
_MOST_FOR_FLOOR = 50  # parameters up to which that is worth its time


@dataclass(frozen=True)
class Limit:
    """The largest rate at which gradient descent does not diverge: 2 / largest curvature.

    Attributes
    ----------
    rate : float
        Infinite where nothing curves upwards, NaN where the curvature is not finite.
    where : str
        Where the curvature was taken: "at the minimum" or "at the start".
    floor: float
        The loss at the minimum; NaN where that was not looked for.
    """

    rate: float
    where: str
    floor: float = np.nan

    @classmethod
    def of(cls, problem: Problem) -> Limit:
        """At the bottom of the valley if that is soon found, since there it matters, else at the start."""
        floor = _floor_from(problem, problem.start)
        if floor is not None:
            curvature, (place, bottom) = _curvature(problem, floor[0]), floor
            if curvature > 0 and np.isfinite(curvature):
                where = "at the minimum"
                if place.flat.size == 1:
                    x, start = float(place.flat[0]), float(problem.start.flat[0])
                    where += f" {one_line(next(iter(place)), 20)} = {0 if abs(x) < 1e-6 * abs(start) else x:.3g}"
                return cls(2.0 / curvature, where, bottom)
        curvature = _curvature(problem, problem.start)
        if np.isnan(curvature):
            return cls(np.nan, "at the start")
        return cls(2.0 / curvature if curvature > 0 else np.inf, "at the start")

    def __str__(self) -> str:
        return f"2 / curvature = {self.rate:.4g} {self.where}"


@dataclass(frozen=True, eq=False)
class Regime:
    """One rate and what a descent at it did.

    Attributes
    ----------
    rate : float
    name : str
        slow, straight down, bounces, up and down, diverges, or at the minimum already.
    words : str
        The same with its evidence.
    path : DescentPath
        Every step.
    """

    rate: float
    name: str
    words: str
    path: DescentPath


def rates_to_try(rates: Sequence[float] | None, limit: Limit) -> list[float]:
    """The rates given, or a hundredth, nine tenths and eleven tenths of the limit, to two digits.

    Raises
    ------
    ModelError
        A rate is no positive number, or there is no limit to take parts of.
    """
    if rates is not None:
        if not len(rates):
            raise ModelError("there are no rates to compare.")
        return [positive("a learning rate", rate) for rate in rates]
    if not np.isfinite(limit.rate):
        raise ModelError(
            f"there is no limit to choose rates by (2 / curvature is {limit.rate} {limit.where}); give some: rates=[0.01, 0.1]."
        )
    return [float(f"{part * limit.rate:.2g}") for part in _PARTS]


def regimes(problem: Problem, rates: Sequence[float], limit: Limit, steps: int) -> list[Regime]:
    """Descend at each rate from the problem's start and say what happened."""
    found = []
    for rate in rates:
        run = Run(
            problem,
            Descent(learning_rate=rate),
            steps=whole("steps", steps, 1),
            stopping=Stopping(tolerance=0.0),
            snapshots=1,
        ).finish()
        path = path_of(run, frames=range(run.steps_done + 1))
        name, what = _judged(problem, path, limit.floor)
        part = f"{percent(rate / limit.rate)} of the limit: " if np.isfinite(limit.rate) else ""
        found.append(Regime(rate, name, f"{part}{what}", path))
    return found


def _curvature(problem: Problem, place: Params) -> float:
    return largest_curvature(lambda v: problem.hessian_times(place, v), place.flat.size)


def _floor_from(problem: Problem, start: Params) -> tuple[Params, float] | None:
    """The minimum below `start`, and its loss, if L-BFGS soon finds one."""
    if start.flat.size > _MOST_FOR_FLOOR:
        return None
    there = copy.copy(problem)
    there.start = start
    run = Run(there, LBFGS(), steps=_FLOOR_STEPS).finish()
    arrived = run.outcome is not None and run.outcome.name in ("converged", "stalled")
    return (run.params, run.loss) if arrived else None


def _judged(problem: Problem, path: DescentPath, floor: float) -> tuple[str, str]:
    losses, done = path.losses, int(path.steps[-1])
    count = f"{done} step{'s' * (done != 1)}"
    if not np.isfinite(losses[-1]):
        return DIVERGES, f"diverges; after {count} the loss is no longer a finite number."
    if np.isfinite(floor) and abs(losses[0] - floor) <= _THERE * abs(losses[0]):
        return THERE, "the start is the minimum already, to rounding; start elsewhere to see a descent."
    if losses[-1] > losses[0]:
        return DIVERGES, f"diverges; the loss went from {losses[0]:.4g} to {losses[-1]:.4g} in {count}."
    rest, slow = _left(problem, path, floor)
    moves = np.diff(path.flat, axis=0)
    turns = np.sum(moves[1:] * moves[:-1], axis=1)
    across = -turns[turns < 0].sum() > turns[turns > 0].sum()  # weighed: the small steps around a minimum say little
    if (turns.size and np.mean(turns < 0) > 0.5) or (problem.start.flat.size == 1 and across):
        return BOUNCES, f"bounces from side to side, but comes down; {rest} is left after {count}."
    rises = int(np.sum(np.diff(losses) > 1e-9 * np.abs(losses[:-1])))
    if rises:
        return JUMPS, f"goes up and down: the loss rose at {rises} of {count}; {rest} is left."
    if slow:
        return SLOW, f"slow; {rest} is left after {count}."
    return STRAIGHT, f"straight down; {rest} is left after {count}."


def _left(problem: Problem, path: DescentPath, floor: float) -> tuple[str, bool]:
    """How much is left, of the way down where that is known and of the slope otherwise; and whether progress is slow."""
    losses = path.losses
    if np.isfinite(floor) and losses[0] > floor:
        start, half, end = (max(0.0, float(losses[k]) - floor) for k in (0, len(losses) // 2, -1))
        left = end / start
        slow = left > _ARRIVED and end > (1 - _HALF) * half
        own = _floor_from(problem, path.params[-1]) if slow else None
        if own is not None and own[1] - floor > (1 - _HALF) * end:
            return f"it ends in a minimum of its own, and {percent(left)} of the way to the lowest", False
        return f"{percent(left)} of the way down", slow
    first = _slope(problem, path.params[0])
    left = _slope(problem, path.params[-1]) / first if first > 0 else 0.0
    return f"{percent(left)} of the first slope", left > _HALF


def _slope(problem: Problem, params: Params) -> float:
    return norm(problem.value_and_gradient(params)[1])


def percent(share: float) -> str:
    """A share in percent, to two digits, with a blank at which no line is broken.

    Examples
    --------
    >>> print(percent(0.99987), percent(0.0123), percent(1.1), percent(2e-9), sep=", ")
    100\u00a0%, 1.2\u00a0%, 110\u00a0%, 0\u00a0%
    """
    hundred = 100 * share
    return f"{hundred:.0f}\u00a0%" if hundred >= 9.95 else f"{hundred:.2g}\u00a0%" if hundred >= 1e-4 else "0\u00a0%"
