"""Endings: the minima in whose basins races have ended."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steepest.base.errors import SteepestError
from steepest.base.params import Array, Params
from steepest.comparison.entrants import curve_fit
from steepest.comparison.race import Race
from steepest.optim.lbfgs import LBFGS
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.optim.minima import distinct
from steepest.training.problem import Problem
from steepest.training.restarts import reaches
from steepest.training.run import Run

MOST_PARAMETERS = 30
MOST_ROWS = 20_000
STEPS = 200
SAME_LOSS = 1e-3  # relative: of ends on one endless slope


@dataclass(frozen=True)
class Ending:
    """A minimum that races have ended in, or on the way to which they have.

    Attributes
    ----------
    loss, params : float, Params
        At the minimum itself, to which every end was descended, beside the budget.
    races : tuple of (str, Race)
        With the names of their methods.
    is_global : bool or None
        Whether it is as low as the known minimum; None where none is known.
    settled : bool
        Whether a descent converged there; if not, it may be a slope without end.
    """

    loss: float
    params: Params
    races: tuple[tuple[str, Race], ...]
    is_global: bool | None
    settled: bool


def endings(
    problem: Problem, races: Sequence[tuple[str, Race]], scale: Array, known_minimum: float | None = None
) -> list[Ending] | None:
    """The minima of the races, the lowest first.

    Each end is descended to its minimum by Levenberg-Marquardt or L-BFGS-B, and these are told apart by where they are. None
    where that would be too much: with more than 30 parameters or 20,000 rows.
    """
    if problem.start.flat.size > MOST_PARAMETERS or problem.rows > MOST_ROWS:
        return None
    finite = [(name, race) for name, race in races if math.isfinite(race.loss)]
    if not finite:
        return []
    ends = [_descended(problem, race) for _, race in finite]
    losses = np.array([loss for loss, _, _ in ends])
    groups = distinct(np.array([params.flat for _, params, _ in ends]), losses, scale)
    groups = _merged(groups, losses, [settled for _, _, settled in ends])
    first = problem.value(problem.start)
    return [
        Ending(
            float(losses[group[0]]), ends[group[0]][1], tuple(finite[k] for k in sorted(group)),
            None if known_minimum is None else reaches(float(losses[group[0]]), known_minimum, first),
            any(ends[k][2] for k in group),
        )
        for group in groups
    ]  # fmt: skip


def _merged(groups: list[list[int]], losses: Array, settled: list[bool]) -> list[list[int]]:
    """Places of equal loss at none of which a descent has converged are one: a slope that goes on without end."""
    merged: list[list[int]] = []
    for group in groups:
        endless = not any(settled[k] for k in group)
        for other in merged if endless else ():
            near = abs(losses[group[0]] - losses[other[0]]) <= SAME_LOSS * abs(losses[group[0]])
            if near and not any(settled[k] for k in other):
                other += group
                break
        else:
            merged.append(group)
    return merged


def _descended(problem: Problem, race: Race) -> tuple[float, Params, bool]:
    """The minimum below the end of a race, and whether the descent to it converged."""
    begun = copy.copy(problem)
    begun.start = race.params
    try:
        run = Run(begun, LevenbergMarquardt() if curve_fit(problem) else LBFGS(), steps=STEPS).finish()
    except SteepestError:  # no derivative
        return race.loss, race.params, race.arrived
    settled = run.outcome is not None and run.outcome.name == "converged"
    return (
        (run.loss, run.params, settled) if run.loss <= race.loss else (race.loss, race.params, race.arrived or settled)
    )
