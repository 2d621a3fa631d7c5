"""Multi-start: many places descended side by side, the poor ones given up early."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from steepest.base.bounds import Bounds
from steepest.base.params import Array
from steepest.fitting.projection import Projection, Solved
from steepest.optim.linearised import EPSILON

FIRST = 32  # descents for each curved parameter
ROUNDS = ((1, 4), (2, 6), (4, 14), (8, 30))  # one in so many goes on, for so many steps that lead down
TRIALS = 3  # for each of these steps: one that leads up is tried again with more damping
SETTLED = 1e-7  # a step that promises less of the loss leads nowhere
SIGN = 1e-9  # relative difference of losses that a change of sign does not make
ALIKE = 1e-4  # relative difference of two losses in one minimum


@dataclass(frozen=True)
class Minimum:
    """Where some of the descents ended.

    Attributes
    ----------
    curved, linear : ndarray
    loss : float
    descents : int
        How many ended here.
    """

    curved: Array
    linear: Array
    loss: float
    descents: int


def minima(projection: Projection, candidates: Array, box: Bounds | None = None) -> tuple[list[Minimum], int]:
    """The minima below the best of the candidates, lowest first, and how many descents looked for them.

    Damped Gauss-Newton steps (Levenberg 1944, Marquardt 1963) in the curved parameters. The candidates are arrays beside each
    other, so that one pass through the formula advances all of them; after each round only the better half goes on.
    """
    swarm = projection.solve(candidates if box is None else _reflected(candidates, box))
    swarm = swarm.take(np.flatnonzero(np.isfinite(swarm.loss)))
    if not len(swarm.loss):
        return [], 0
    damping = np.full(len(swarm.loss), 1e-3)
    counts = np.ones(len(swarm.loss), dtype=int)
    started = min(len(swarm.loss), FIRST * max(2, swarm.curved.shape[1]))
    for share, steps in ROUNDS if projection.curved else ():
        order = np.argsort(swarm.loss, kind="stable")[: max(started // share, 8)]
        swarm, damping, counts = _merged(swarm.take(order), damping[order], counts[order])
        _advance(projection, swarm, damping, steps, box)
    places = zip(swarm.curved, swarm.linear, swarm.loss.tolist(), counts.tolist())
    return distinct([Minimum(*place) for place in places]), started


def distinct(found: list[Minimum]) -> list[Minimum]:
    """Lowest first, each once: told apart by their loss, since equal terms of a formula may change places."""
    kept: list[Minimum] = []
    for place in sorted(found, key=lambda minimum: minimum.loss):
        if kept and place.loss <= kept[-1].loss * (1.0 + ALIKE + _rounding(kept[-1].loss)):
            kept[-1] = replace(kept[-1], descents=kept[-1].descents + place.descents)
        else:
            kept.append(place)
    return kept


def upright(projection: Projection, minimum: Minimum, box: Bounds | None) -> Minimum:
    """The same minimum with positive parameters where the sign makes no difference, as that of a width that is squared."""
    for j in range(len(minimum.curved)):
        if minimum.curved[j] < 0:
            turned = minimum.curved.copy()
            turned[j] *= -1.0
            if box is None or (box.clip(turned) == turned).all():
                there = projection.solve(turned[None])
                if abs(there.loss[0] - minimum.loss) <= SIGN * minimum.loss:
                    minimum = replace(minimum, curved=turned, linear=there.linear[0])
    return minimum


def _rounding(loss: float) -> float:
    """How well a relative loss is known: residuals are differences of numbers of size 1."""
    return 100 * EPSILON / math.sqrt(loss) if loss > 0 else math.inf


def _advance(projection: Projection, swarm: Solved, damping: Array, steps: int, box: Bounds | None) -> None:
    """Up to so many steps down of each place, in place."""
    growth = np.full(len(damping), 2.0)
    taken = np.zeros(len(damping), dtype=int)
    slopes = projection.slopes(swarm)
    going = np.arange(len(damping))
    for _ in range(TRIALS * steps):
        step, promised = projection.steps(swarm.take(going), slopes[going], damping[going], box)
        alive = np.isfinite(step).all(axis=1) & (promised > SETTLED)
        going, step, promised = going[alive], step[alive], promised[alive]
        if not going.size:
            return
        before = swarm.loss[going]
        places = swarm.curved[going] + step
        trial = projection.solve(places if box is None else box.clip(places), swarm.root[going])
        better = trial.loss < before
        gain = (before - np.where(better, trial.loss, before)) / np.maximum(before * promised, 1e-300)
        shrink = np.maximum(1 / 5, 1.0 - (2.0 * np.minimum(gain, 1.0) - 1.0) ** 3)
        damping[going] *= np.where(better, shrink, growth[going])
        growth[going] = np.where(better, 2.0, 2.0 * growth[going])
        moved = going[better]
        if moved.size:
            taken[moved] += 1
            swarm.replace(moved, trial.take(np.flatnonzero(better)))
            slopes[moved] = projection.slopes(swarm.take(moved))
        going = going[(damping[going] < 1e12) & (taken[going] < steps)]


def _reflected(places: Array, box: Bounds) -> Array:
    """Places outside of a box as a mirror at its bounds shows them."""
    with np.errstate(invalid="ignore"):
        width = box.upper - box.lower
        past = np.mod(places - box.lower, 2.0 * width)
        between = box.lower + np.minimum(past, 2.0 * width - past)
        above, below = box.lower + np.abs(places - box.lower), box.upper - np.abs(box.upper - places)
    one_sided = np.where(np.isfinite(box.lower), above, np.where(np.isfinite(box.upper), below, places))
    return np.asarray(np.where(np.isfinite(width), between, one_sided))


def _merged(swarm: Solved, damping: Array, counts: Array) -> tuple[Solved, Array, Array]:
    """Places in order of their loss, without those that have met one before them."""
    firsts: list[int] = []
    counts = counts.copy()
    for i, loss in enumerate(swarm.loss):
        if firsts and loss <= swarm.loss[firsts[-1]] * (1.0 + SETTLED):
            counts[firsts[-1]] += counts[i]
        else:
            firsts.append(i)
    places = np.array(firsts)
    return swarm.take(places), damping[places], counts[places]
