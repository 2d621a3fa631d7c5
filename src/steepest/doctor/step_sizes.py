"""Step sizes: whether a descent's steps were too large, judged by the weights they change and by the run's own past."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from steepest.base.params import Array
from steepest.doctor.finding import times
from steepest.optim.chain import Chain
from steepest.optim.clipping import ClipGlobalNorm, ClipPerLayer, ClipValue
from steepest.optim.method import Step, norm
from steepest.optim.rules import GradientDescent, Momentum
from steepest.optim.sgd import SGD
from steepest.optim.stopping import Stopping
from steepest.training.curvature import largest_curvature
from steepest.training.descent import Descent
from steepest.training.history import History

JUMP = 100.0  # times the median gradient norm of the steps before
PAST = 50  # steps that the median is taken over
SETTLED = 5  # steps before which there is no past to compare with
LARGE = 0.3  # of a layer's weights, changed in one step, again and again
LOST = 0.1  # of what the loss had gained
ROWS = 256  # for the curvature
PRODUCTS = 20  # Hessian-vector products for it: two digits
CALM = 0.1  # of the weights: what a clipped step may change at most, where the run has no healthy steps to take a norm from
CLIP = 3.0  # times the median gradient norm


class Jump(NamedTuple):
    """A step whose gradient is out of all proportion to those before it."""

    step: int
    norm: float
    median: float
    loss: float


def jump(history: History, ended_badly: bool, since: int = 0) -> Jump | None:
    """The first step whose gradient was out of all proportion, and that threw the loss far above its start or ended the run.

    Parameters
    ----------
    ended_badly : bool
        Whether the run diverged or became non-finite.
    since : int
        From which row of the history on to look.

    Examples
    --------
    >>> import steepest as sd
    >>> problem = sd.Problem.of_function(lambda p: p["x"] ** 2, {"x": 1.0})
    >>> jump(sd.Run(problem, sd.Descent(learning_rate=0.1), steps=50).finish().history, False) is None
    True
    """
    norms, losses = history["gradient_norm"], history["loss"]
    n = len(norms)
    if n <= SETTLED:
        return None
    at_first = float(np.max(losses[:SETTLED]))
    high = at_first + abs(at_first)
    first = max(0, since - PAST)
    medians = np.concatenate([np.zeros(first), _medians_before(norms[first:])])
    for k in np.flatnonzero((medians > 0) & (norms > JUMP * medians)):
        if k < since:
            continue
        under_control = np.median(losses[k - SETTLED : k]) <= 2 * losses[0]
        if not under_control:
            return None  # it had gone wrong before
        thrown_back = np.max(losses[k : k + 3]) > high
        if thrown_back or (ended_badly and k >= n - 3):
            return Jump(int(history["step"][k]), float(norms[k]), float(medians[k]), float(losses[k]))
    return None


def _medians_before(norms: Array) -> Array:
    """For each step the median of up to `PAST` steps before it; 0 where there are fewer than `SETTLED`."""
    medians = np.zeros(len(norms))
    for k in range(SETTLED, min(PAST, len(norms))):
        medians[k] = np.median(norms[:k])
    if len(norms) > PAST:
        medians[PAST:] = np.median(np.lib.stride_tricks.sliding_window_view(norms, PAST)[:-1], axis=1)
    return medians


def held(history: History) -> bool:
    """Whether the loss is below where it began, and has kept what it gained: medians of tenths of the run."""
    losses = history["loss"]
    if len(losses) < 2 * SETTLED:
        return True  # too short to tell
    medians = [float(np.median(part)) for part in np.array_split(losses, min(10, len(losses) // SETTLED))]
    first, best, last = float(losses[0]), min(medians), medians[-1]
    return last <= first and last - best <= LOST * (first - best)


def fell(history: History) -> bool:
    """Whether the loss has fallen by half of its first value and more (median of the last steps)."""
    losses = history["loss"]
    return bool(len(losses)) and float(np.median(losses[-SETTLED:])) <= losses[0] - abs(losses[0]) / 2


def first_step(run: Any) -> Step | None:
    """The run's first step, done again: a pure function of problem, method and seed."""
    if not (isinstance(run.method, Descent) and len(run.history)):
        return None
    rate = float(run.history["rate"][0])
    method = replace(run.method, learning_rate=lambda step: rate)  # as it was found or scheduled
    start = run.problem.start
    state = {**method.init(run.problem, start, run.seed), "scale": run.state["scale"]}
    return method.advance(run.problem, start, state, 1, Stopping(tolerance=0.0)).last


def rate_limit_at_start(run: Any) -> float | None:
    """The limit of the rate where the run started, on some of its rows; None for adaptive rules, or where none is known."""
    factor = limit_factor(run.method)
    if factor is None or run.problem.loss_function.root:
        return None
    problem = copy.copy(run.problem)
    rows = problem.rows
    if problem.has_data and rows > ROWS:
        problem.data = problem.batch(np.linspace(0, rows - 1, ROWS).astype(np.intp))
    scale = run.state["scale"]
    curvature = largest_curvature(
        lambda v: scale * problem.hessian_times(problem.start, scale * v), problem.start.flat.size, 1e-3, PRODUCTS
    )
    return factor * 2.0 / curvature if curvature > 0 and math.isfinite(curvature) else None


def limit_factor(method: Any) -> float | None:
    """By what a rule multiplies the limit 2 / largest curvature of plain descent on a bowl; None for adaptive rules.

    Heavy ball on a curvature c: v <- beta v + c x, x <- x - rate v. The roots of this recursion leave the unit circle at
    rate c = 2 (1 + beta); with Nesterov's step at 2 (1 + beta) / (1 + 2 beta).
    """
    rule = getattr(method, "rule", None)
    if isinstance(rule, GradientDescent):
        return 1.0
    if isinstance(rule, Momentum):
        return (1.0 + rule.beta) / (1.0 + 2.0 * rule.beta if rule.nesterov else 1.0)
    if isinstance(rule, SGD) and rule.weight_decay == 0:
        beta = rule.momentum
        return (1.0 + beta) / (1.0 + 2.0 * beta if rule.nesterov else 1.0 - rule.dampening)
    return None


def formula(method: Any) -> str:
    """The limit in words."""
    factor = limit_factor(method) or 1.0
    return "2 / largest curvature" if factor == 1.0 else f"{2.0 * factor:.2g} / largest curvature"


def healthy_norm(history: History) -> float | None:
    """The median gradient norm of the steps before the first that is out of all proportion; None if they are too few."""
    norms = history["gradient_norm"]
    wild = np.flatnonzero((medians := _medians_before(norms)) * JUMP < np.where(medians > 0, norms, 0.0))
    healthy = norms[: wild[0]] if wild.size else norms
    return float(np.median(healthy)) if len(healthy) > 2 * SETTLED else None


def clipping(run: Any) -> str:
    """Advice to clip, at a norm taken from the run; empty where none can be given."""
    if clipped_at(run) is not None:
        return ""
    size = norm(run.problem.start.flat.astype(np.float64))
    bound = CALM * size / run.last.rate if limit_factor(run.method) is not None and run.last is not None else math.inf
    median = healthy_norm(run.history)
    if median is not None and 0 < CLIP * median < bound:
        limit = rounded(CLIP * median)
        return (
            f"Clipping bounds the steps: sd.chain(sd.ClipGlobalNorm({limit}), rule), {CLIP:g} times the run's median "
            f"gradient norm {times(median)}."
        )
    if not 0 < bound < math.inf:
        return ""
    return (
        f"Clipping bounds the steps: with sd.chain(sd.ClipGlobalNorm({rounded(bound)}), rule) a step changes the weights by at "
        f"most a tenth."
    )


def clipped_at(run: Any) -> float | None:
    """The limit at which the run's rule clips; None where it does not."""
    rule = getattr(run.method, "rule", None)
    parts = rule.parts if isinstance(rule, Chain) else ()
    limits = [part.limit for part in parts if isinstance(part, (ClipGlobalNorm, ClipPerLayer, ClipValue))]
    return min(limits) if limits else None


def rounded(x: float) -> str:
    """A suggestion: one digit, or two where one would change it by much."""
    return times(float(f"{x:.1g}"))
