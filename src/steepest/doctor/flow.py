"""Flow: how the error gradient changes on its way back through the layers, or through time."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from steepest.base.params import Array
from steepest.doctor.layer_history import LayerHistory

FEWEST = 4  # places on the way back from which a ratio per place can be told
# Through the layers, each of which needs its own gradient: what a well-begun network of 20 layers stays within, whatever its
# activation, and a badly scaled one of 10 does not (docs/unstable-gradients.md has the measurements).
STEEP_RATIO, STEEP_TOTAL, EXTREME_TOTAL = 4 / 3, 1e2, 1e4
# Through time, where all steps share their weights, fading is forgetting: too soon if 1 % is left before half of the way.
FORGETS, FORGOTTEN = 0.01, 0.5
TIME_GROWS = 1e2
STEADY = 0.7  # of the variance of log(norm) that a straight line explains


class Flow(NamedTuple):
    """How the norms of the error gradient change from the last place to the first.

    Attributes
    ----------
    ratio : float
        By which factor from one place to the one before it: the slope of a straight line through log(norm) (least squares).
    total : float
        The norm at the first place over that at the last.
    links : int
        How many such factors there are between them.
    steady : bool
        Whether the line explains the norms, so that `ratio` speaks for every place.

    Notes
    -----
    Where the gradient is exactly 0 from some place on, `total` is 0 and the line goes through the others.
    """

    ratio: float
    total: float
    links: int
    steady: bool


def flow(norms: Array) -> Flow | None:
    """The flow through places whose gradient norms are `norms`, first place first; None where it cannot be told.

    Examples
    --------
    >>> flow(0.25 ** np.arange(10.0, 0, -1))
    Flow(ratio=0.25, total=3.814697265625e-06, links=9, steady=True)
    """
    n = len(norms)
    if n < FEWEST or not np.isfinite(norms).all() or not norms[-1] > 0:
        return None
    total = float(norms[0] / norms[-1])
    reached = norms[1 + int(np.flatnonzero(norms == 0)[-1]) :] if not norms.all() else norms
    if len(reached) < 2:
        return Flow(0.0, 0.0, n - 1, False)
    logs = np.log(reached)
    back = np.arange(len(reached) - 1.0, -1.0, -1.0)
    back -= back.mean()
    slope = float(back @ logs / (back @ back))
    spread = float(np.var(logs))
    explained = slope**2 * float(np.var(back)) / spread if spread > 0 else 1.0
    return Flow(round(math.exp(slope), 12), total, n - 1, explained >= STEADY)


def depth_verdict(seen: Flow, extreme: bool = False) -> int:
    """-1 where the gradient fades from layer to layer, 1 where it grows, 0 where neither is worth saying.

    With `extreme` only the total counts, and it has to be larger.
    """
    size = abs(math.log(seen.total)) if seen.total > 0 else math.inf
    steep = seen.steady and abs(math.log(seen.ratio)) >= math.log(STEEP_RATIO) and size >= math.log(STEEP_TOTAL)
    if (steep and not extreme) or size >= math.log(EXTREME_TOTAL):
        return -1 if seen.total < 1 else 1
    return 0


def time_verdict(seen: Flow, extreme: bool = False) -> int:
    """-1 where the gradient fades long before the sequence's beginning, 1 where it grows, 0 where neither is worth saying.

    With `extreme` the total has to be the square of what is otherwise enough.
    """
    power = 2 if extreme else 1
    if seen.total <= FORGETS ** (power / FORGOTTEN):
        return -1
    return 1 if seen.total >= TIME_GROWS**power else 0


def horizon(seen: Flow) -> int:
    """How many time steps back 1 % of a fading gradient is left."""
    return max(1, round(math.log(FORGETS) / math.log(seen.ratio))) if 0 < seen.ratio < 1 else 1


def persists(verdicts: list[int]) -> int | None:
    """From which probe on something has been wrong, until the last; None if it is not now, or was not for half of the probes.

    Examples
    --------
    >>> persists([0, 1, -1, -1]), persists([1, 1, 0]), persists([0, 0, 0, -1])
    (1, None, None)
    """
    since = len(verdicts)
    while since and verdicts[since - 1]:
        since -= 1
    return since if since < len(verdicts) and 2 * (len(verdicts) - since) >= len(verdicts) else None


class Transmission(NamedTuple):
    """What kinds of layers do to the error gradient that passes back through them, as a geometric mean a layer.

    Attributes
    ----------
    matrices, activations : float
        Layers with a weight matrix, and activations; NaN if there are none.
    worst : int
        The layer whose factor is farthest from 1, as a place in the history.
    """

    matrices: float
    activations: float
    worst: int


def transmission(history: LayerHistory, probe: int, matrix: Array, activation: Array) -> Transmission:
    """Split the flow of one probe; `matrix` and `activation` say which layers are which."""
    norms = history.gradient_norm[:, probe]
    with np.errstate(all="ignore"):
        logs = np.log(norms[:-1]) - np.log(norms[1:])  # of layer k+1: from its output to its input
    logs = np.where(np.isnan(logs), 0.0, logs)

    def mean(chosen: Array) -> float:
        return float(np.exp(np.mean(chosen))) if chosen.size else math.nan

    return Transmission(mean(logs[matrix[1:]]), mean(logs[activation[1:]]), 1 + int(np.argmax(np.abs(logs))))
