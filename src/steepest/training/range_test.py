"""Range test: which learning rates descend, and from which on they diverge."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.checks import positive, whole
from steepest.base.errors import ModelError, SteepestError
from steepest.base.params import Array, Params
from steepest.base.random import Key, generator
from steepest.optim.chain import usual_rate
from steepest.optim.method import Halt, norm
from steepest.optim.rprop import Rprop
from steepest.optim.rules import Rule
from steepest.optim.stopping import Stopping
from steepest.training.batches import Batches
from steepest.training.curvature import largest_curvature
from steepest.training.descent import Descent
from steepest.training.methods import method_named
from steepest.training.problem import Problem, detached

BELOW, ABOVE = 1e-5, 1e2  # the scan goes from so many to so many times the rate that the curvature suggests
FURTHER = 1e4  # if the scan has seen too little, the next one begins or ends so many times further out
MOST_SCANS = 4
SAMPLE = 1024  # rows from which the curvature is estimated, and whose loss is followed
MARGIN = 4.0  # the suggestion stays so many times below the rate at which the loss went up again
FALLBACK = 0.01


@dataclass(frozen=True, eq=False)
class RangeTest:
    """What `range_test` found.

    Attributes
    ----------
    suggestion : float
        A rate to use; always positive and finite.
    why : str
        Where it comes from, in words.
    rates, losses : ndarray, shape (k,)
        The curve: the rate of each step, and the loss before it. With batches it is the loss of always the same rows, at most
        1024, so that the curve does not jump from batch to batch.
    diverged_at : float or None
        The rate at which the loss turned up, never to come back; None if it did not.
    limit : float
        2 / largest curvature at the start, beyond which plain gradient descent diverges; infinite if nothing curves upwards.
    """

    suggestion: float
    why: str
    rates: Array
    losses: Array
    diverged_at: float | None
    limit: float

    def __repr__(self) -> str:
        tried = f"{len(self.rates)} rates"
        if len(self.rates):
            tried += f" from {self.rates[0]:.2g} to {self.rates[-1]:.2g}"
        return f"RangeTest(suggestion {self.suggestion:.3g}, {tried}: {self.why})"


def range_test(
    problem: Problem,
    method: str | Rule | Descent = "sgd",
    *,
    batch_size: int | None = None,
    steps: int = 100,
    lowest: float | None = None,
    highest: float | None = None,
    seed: int = 0,
    scale: Array | None = None,
) -> RangeTest:
    """Raise the rate step by step until the descent diverges, and suggest the one at which the loss fell fastest.

    One descent from the problem's start, with rates in geometric progression (Smith, "Cyclical learning rates for training neural
    networks", WACV 2017, section 3.3).

    Parameters
    ----------
    problem : Problem
    method : str, Rule or Descent
        The name of a descent rule, the rule, or a `Descent`, whose batches are taken.
    batch_size : int, optional
        Rows a step; all of them if left out.
    steps : int
        How many rates, at least 10.
    lowest, highest : float, optional
        Where the scan begins and ends. Left out, they follow from the curvature at the start (from its gradient alone where
        there is no curvature) and the scan is repeated further out where it has seen too little.
    seed : int
        Draws the batches.
    scale : array, optional
        The units of the parameters that the rate is meant in; the user's own if left out.

    Returns
    -------
    RangeTest
        Always with a suggestion: a flat, non-finite or already optimal start has its reason in ``why``.

    Raises
    ------
    ModelError
        The method is not a descent by a rule, or an argument is out of range.

    Notes
    -----
    With q the ratio of neighbouring rates, the loss at rate r has felt the sum of the rates up to r, about r / (1 - 1 / q). For
    rules whose steps are rate times gradient, the suggestion is that sum where the loss falls most steeply against log r: the
    rate at which one step does what the scan had done until there. For Adam and its like it is r itself. It is never more than
    a quarter of the rate at which the loss turned up for good.

    Examples
    --------
    >>> problem = Problem.of_function(lambda p: p["x"] ** 2, {"x": 1.0})
    >>> found = range_test(problem)
    >>> 0.01 < found.suggestion < 1.0, round(found.limit, 6)
    (True, 1.0)
    """
    whole("the steps of a range test", steps, 10)
    for what, bound in (("the lowest rate", lowest), ("the highest rate", highest)):
        if bound is not None:
            positive(what, bound)
    descent = _descent(method, batch_size)
    descent.batches.check(problem.rows)
    units = np.ones_like(problem.start.flat) if scale is None else scale
    limit, centre, usual = _from_the_start(problem, descent.rule, units, seed)
    if isinstance(getattr(descent.rule, "rule", descent.rule), Rprop):
        assert usual is not None
        why = "Rprop finds its step sizes itself, whatever the first one; this is a usual one."
        return RangeTest(usual, why, np.array([]), np.array([]), None, limit)
    centre = min(max(centre, 1e-300), 1e300)  # leaves room on both sides
    low, high = BELOW * centre, ABOVE * centre
    if lowest is not None:
        low, high = lowest, max(high, _within(ABOVE * lowest))
    if highest is not None:
        low, high = low if lowest is not None else min(low, _within(BELOW * highest)), highest
    if not low < high:
        raise ModelError(f"the lowest rate of a range test must be below the highest; they are {low!r} and {high!r}.")
    for _ in range(MOST_SCANS):
        curve = _scan(problem, descent, np.geomspace(low, high, steps), seed, units)
        if lowest is None and curve.too_high and low > _within(0.0):
            low, high = _within(low / FURTHER), low
        elif highest is None and curve.too_low and high < _within(math.inf):
            low, high = low, _within(high * FURTHER)
        else:
            break
    return _judged(curve, limit, usual)


def auto_rate(
    problem: Problem,
    method: str | Rule | Descent = "sgd",
    *,
    batch_size: int | None = None,
    seed: int = 0,
    scale: Array | None = None,
) -> float:
    """The rate for ``learning_rate="auto"``: the range test's, bounded by the curvature.

    For rules whose steps are rate times gradient (gradient descent, momentum) it is at most 1 / largest curvature, half the
    limit 2 / curvature; Adam and its like have no such limit.

    Parameters
    ----------
    problem, method, batch_size, seed, scale
        See `range_test`.

    Examples
    --------
    >>> problem = Problem.of_function(lambda p: 50.0 * p["x"] ** 2, {"x": 1.0})
    >>> 0.0 < auto_rate(problem) <= 0.01
    True
    """
    descent = _descent(method, batch_size)
    found = range_test(problem, descent, seed=seed, scale=scale)
    return found.suggestion if usual_rate(descent.rule) is not None else min(found.suggestion, found.limit / 2)


@dataclass(frozen=True)
class _Curve:
    """One scan: rates, losses, and why it ended early."""

    rates: Array
    losses: Array
    halt: Halt | None

    @property
    def floor(self) -> float:
        return float(self.losses.min())

    @property
    def drop(self) -> float:
        return float(self.losses[0]) - self.floor

    @property
    def fell(self) -> bool:
        """Whether the loss went down by more than rounding."""
        return len(self.rates) > 2 and self.drop > 1e-12 * abs(float(self.losses[0]))

    @property
    def rose(self) -> bool:
        """Whether the scan ended above its start, or exploded."""
        exploded = self.halt is not None and self.halt.name in ("diverged", "non_finite")
        return len(self.rates) > 0 and (exploded or bool(self.losses[-1] > self.losses[0]))

    @property
    def too_high(self) -> bool:
        """Whether even the first rates were too high."""
        return self.rose and (not self.fell or int(np.argmin(self.losses)) < 5)

    @property
    def too_low(self) -> bool:
        """Whether even the last rates were not high enough."""
        if self.halt is not None or not self.fell:
            return self.halt is None and not self.rose
        tenth = max(1, len(self.rates) // 10)
        return bool(self.losses[:-tenth].min() - self.floor > 0.01 * self.drop)

    @property
    def turn(self) -> int | None:
        """The place where the last rise begins, if it ends above the start."""
        if not self.rose:
            return None
        place = int(np.flatnonzero(self.losses <= self.floor + 0.1 * self.drop)[-1])
        while place > 0 and self.losses[place - 1] < self.losses[place]:
            place -= 1
        return place

    @property
    def steepest(self) -> int:
        """The place where the loss fell fastest on its first way down, from a tenth of its fall to nine tenths."""
        fallen = (self.losses[0] - self.losses) / self.drop
        last = int(np.argmax(fallen >= 0.9))
        before = np.flatnonzero(fallen[:last] < 0.1)
        first = int(before[-1]) if before.size else 0
        slopes = np.gradient(self.losses, np.log(self.rates))
        return first + int(np.argmin(slopes[first : last + 1]))


def _descent(method: str | Rule | Descent, batch_size: int | None) -> Descent:
    """The rule and its batches."""
    chosen: Any = method_named(method) if isinstance(method, str) else method
    if isinstance(chosen, Descent):
        return Descent(chosen.rule, batches=chosen.batches if batch_size is None else Batches(batch_size))
    if isinstance(chosen, type) or not (hasattr(chosen, "init") and hasattr(chosen, "update")):
        raise ModelError(f"a range test is for descent rules, such as 'sgd', 'adam' or Momentum(0.9), not {method!r}.")
    return Descent(chosen, batches=Batches(batch_size))


def _scan(problem: Problem, descent: Descent, rates: Array, seed: int, scale: Array) -> _Curve:
    """One descent, each step at the next rate."""
    rising = Descent(descent.rule, lambda step: float(rates[min(step, len(rates) - 1)]), descent.batches)
    state = {**rising.init(problem, problem.start, seed), "scale": scale}
    stopping = Stopping(tolerance=0.0)
    if descent.batches.is_full(problem.rows):
        done = rising.advance(problem, problem.start, state, len(rates), stopping)
        return _Curve(rates[: len(done.columns["loss"])], np.array(done.columns["loss"]), done.halt)
    sample, params, losses = _sampled(problem, seed), problem.start, []
    halt: Halt | None = None
    for rate in rates:
        loss = _training_loss(sample, params, state["model"], Key(seed))
        if not math.isfinite(loss):
            halt = Halt("non_finite", f"the loss became {loss} at rate {rate:.3g}.")
        else:
            done = rising.advance(problem, params, state, 1, stopping)
            params, state, halt = done.params, done.state, done.halt
        if halt is not None:
            break
        losses.append(loss)
    return _Curve(rates[: len(losses)], np.array(losses), halt)


def _training_loss(problem: Problem, params: Params, state: Any, key: Key) -> float:
    """The objective as in training, with the random numbers of `key`."""
    with np.errstate(all="ignore"):
        outputs, _ = problem.predict(dict(params), state, problem.data.inputs, key, True)
        return float(detached(problem.objective(outputs, problem.data, dict(params))))


def _judged(curve: _Curve, limit: float, usual: float | None) -> RangeTest:
    """The suggestion, and why; `usual` is the rate to fall back on for rules with steps of their own length."""
    diverged = None if curve.turn is None else float(curve.rates[curve.turn])
    if curve.fell:
        steepest = float(curve.rates[curve.steepest])
        rate = steepest
        if usual is None:
            rate /= 1.0 - float(curve.rates[0] / curve.rates[1])
        if diverged is not None:
            rate = min(rate, diverged / MARGIN)
        why = f"the loss fell fastest near {steepest:.2g}"
        if diverged is not None:
            why += f" and turned up for good near {diverged:.2g}."
        elif curve.too_low:
            why += f" and was still falling at the highest rate tried, {curve.rates[-1]:.2g}."
        else:
            why += " and never turned up for good."
    else:
        half = 0.0 if limit == math.inf else limit / 2
        rate = usual or half or FALLBACK
        source = "the usual one for this rule" if usual else "1 / largest curvature" if half else "a common one"
        why = f"{_reason(curve)}; the rate is {source}."
        if diverged is not None and float(curve.rates[0]) < rate:
            rate, why = float(curve.rates[0]), f"{_reason(curve)}; the rate is the lowest one tried."
    return RangeTest(_within(rate), why, curve.rates, curve.losses, diverged, limit)


def _reason(curve: _Curve) -> str:
    """Why a curve gives no answer."""
    if curve.halt is None:
        return "no rate lowered the loss"
    if curve.halt.name == "converged":
        return "the start is a stationary point: the gradient is zero"
    if len(curve.rates) == 0:
        return f"there is nothing to descend on: {curve.halt.message.rstrip('.')}"
    return f"no rate lowered the loss before the descent ended: {curve.halt.message.rstrip('.')}"


def _from_the_start(problem: Problem, rule: Rule, scale: Array, seed: int) -> tuple[float, float, float | None]:
    """2 / largest curvature, the rate around which to look, and the rule's usual rate; from a sample of rows."""
    sample = _sampled(problem, seed)
    loss, gradient = sample.value_and_gradient(problem.start)
    slope, root_n = norm(gradient * scale), math.sqrt(problem.start.flat.size)
    try:
        curvature = largest_curvature(
            lambda v: scale * sample.hessian_times(problem.start, scale * v), len(scale), tolerance=1e-4, most=30
        )
    except SteepestError:  # no second derivative
        curvature = math.nan
    limit = 2.0 / curvature if curvature > 0 else math.inf
    size = norm(problem.start.flat / scale)
    usual = usual_rate(rule)
    if usual is None:
        # Without curvature: the rate at which the first step would bring the loss to 0, or move the parameters by their size.
        return limit, _first_usable(limit, _ratio(abs(loss), slope, slope), _ratio(size, slope), 1.0), None
    # A step is about as long as the rate in each parameter: look around the way to the bottom of the parabola along the
    # gradient, or else to a loss of 0 along the slope.
    length = _first_usable(_ratio(slope, curvature), _ratio(abs(loss), slope), size, root_n)
    return limit, length / root_n, usual * _first_usable(size, root_n) / root_n


def _ratio(x: float, *divisors: float) -> float:
    for divisor in divisors:
        x = x / divisor if divisor > 0 else math.nan
    return x


def _first_usable(*candidates: float) -> float:
    return next(x for x in candidates if 0.0 < x < math.inf)


def _within(rate: float) -> float:
    """A rate that is a number with all its digits."""
    return min(max(rate, 1e-305), 1e305)


def _sampled(problem: Problem, seed: int) -> Problem:
    """The problem on some of its rows, if there are many."""
    if problem.rows <= SAMPLE:
        return problem
    sample = copy.copy(problem)
    sample.data = problem.batch(np.sort(generator(seed, "range test").permutation(problem.rows)[:SAMPLE]))
    return sample
