"""Race: one method from one start, until its budget is spent or it has arrived."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from steepest.base.errors import SteepestError
from steepest.base.params import Array, Params
from steepest.comparison.budget import Budget
from steepest.comparison.entrants import Entrant
from steepest.comparison.meter import Counted, Meter, Spent
from steepest.optim.chain import usual_rate
from steepest.training.curvature import largest_curvature
from steepest.training.descent import Descent
from steepest.training.problem import Problem
from steepest.training.run import Run

FACTORS = (1.0, 0.1, 10.0, 0.3, 3.0)  # of the rate to begin with, in this order
SWEEP = 0.04  # of the budget for each
FALLBACK = 0.01
IMPOSSIBLE = "cannot solve it"
MOST_STEPS = 10_000_000  # the budget ends a race
PRODUCTS = 8  # Hessian-vector products for the curvature at the start


@dataclass(frozen=True)
class Race:
    """How one method fared from one start.

    Attributes
    ----------
    start, params : Params
    first, loss : float
        At the start, and the lowest; infinite if none was finite.
    evaluations, seconds : float
        Spent until the end.
    outcome : str
        converged, stalled, …, "budget spent", or "cannot solve it".
    message : str
    rate : float or None
        That the sweep has chosen.
    trace : ndarray, shape (k, 3)
        Evaluations, seconds and the lowest loss so far, a row each time it fell.
    """

    start: Params
    params: Params
    first: float
    loss: float
    evaluations: float
    seconds: float
    outcome: str
    message: str
    rate: float | None
    trace: Array

    @property
    def arrived(self) -> bool:
        """Whether it ended by itself at what it takes for a minimum."""
        return self.outcome in ("converged", "threshold_reached")

    def loss_after(self, spent: float, unit: str) -> float:
        """The lowest loss when so much was spent, in evaluations or seconds."""
        column = self.trace[:, 0 if unit == "evaluations" else 1]
        return float(self.trace[max(int(np.searchsorted(column, spent, side="right")) - 1, 0), 2])

    def spent_until(self, loss: float, unit: str) -> float:
        """How much was spent until the loss was as low; infinite if it never was."""
        low = np.flatnonzero(self.trace[:, 2] <= loss)
        return float(self.trace[low[0], 0 if unit == "evaluations" else 1]) if low.size else math.inf


def race(
    problem: Problem,
    entrant: Entrant,
    start: Params,
    budget: Budget,
    seed: int,
    watch: Callable[[Meter], None] | None = None,
) -> Race:
    """Let a method loose on a problem, from a start, for a budget.

    Descent rules whose rate nobody gives find it by a sweep: 4 % of the budget for each of five rates around the usual one (or
    1 / curvature, where there is none); the rest goes to the best, from the lowest point so far.
    """
    begun = _from(problem, start)
    meter = Meter(begun, budget, watch)
    rate: float | None = None
    try:
        counted = Counted(begun, meter)
        if entrant.sweeps:
            assert isinstance(entrant.method, Descent)
            rate, scale = _swept(counted, meter, entrant.method, seed)
            after = Counted(begun, meter, meter.params)
            run = _ready(after, entrant.method, rate, scale, seed)
        else:
            run = Run(counted, entrant.method, steps=MOST_STEPS, seed=seed)
        outcome, message = _ended(run, meter)
    except Spent:
        outcome, message = "budget spent", f"the budget of {budget} is spent."
    except SteepestError as error:  # such as a function without a derivative, which a search does not need
        meter.loss, meter.trace = math.inf, [(0.0, 0.0, math.inf)]
        outcome, message = IMPOSSIBLE, str(error)
    return Race(
        start=start, params=meter.params, first=meter.first, loss=meter.loss,
        evaluations=meter.evaluations, seconds=min(meter.seconds, budget.amount) if budget.unit == "seconds" else meter.seconds,
        outcome=outcome, message=message, rate=rate, trace=np.array(meter.trace),
    )  # fmt: skip


def _from(problem: Problem, start: Params) -> Problem:
    """The same problem with another start."""
    twin = copy.copy(problem)
    twin.start = start
    return twin


def _ended(run: Run, meter: Meter) -> tuple[str, str]:
    """Finish the run; its outcome and message."""
    run.finish()
    assert run.outcome is not None
    if run.outcome.name == "interrupted":
        raise KeyboardInterrupt
    meter.measure(run.params, run.state.get("model"))
    return run.outcome.name, run.outcome.message


def _ready(problem: Problem, method: Descent, rate: float, scale: Array, seed: int) -> Run:
    """A run at a rate that is meant in natural units."""
    run = Run(problem, replace(method, learning_rate=rate), steps=MOST_STEPS, seed=seed)
    run.state["scale"] = scale
    return run


def _swept(problem: Counted, meter: Meter, method: Descent, seed: int) -> tuple[float, Array]:
    """The best of a few rates, and the units that they are meant in."""
    scale = method.scale_for(problem)
    usual = usual_rate(method.rule) or _from_curvature(problem, scale)
    lowest: list[tuple[float, float]] = []
    whole = meter.limit
    for factor in FACTORS:
        meter.limit = min(meter.spent + SWEEP * whole, whole)
        meter.begin_part()
        with contextlib.suppress(Spent):
            _ended(_ready(problem, method, factor * usual, scale, seed), meter)
        lowest.append((meter.part_loss, factor * usual))
    meter.limit = whole
    return min(lowest)[1], scale


def _from_curvature(problem: Counted, scale: Array) -> float:
    """Half the largest rate at which plain descent would not diverge, from a rough curvature."""
    try:
        curvature = largest_curvature(
            lambda v: scale * problem.hessian_times(problem.start, scale * v), len(scale), tolerance=0.05, most=PRODUCTS
        )
    except SteepestError:  # no second derivative
        return FALLBACK
    return 1.0 / curvature if curvature > 0 and math.isfinite(curvature) else FALLBACK
