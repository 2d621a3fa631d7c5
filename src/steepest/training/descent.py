"""Descent: gradient descent by any rule, at a rate, on batches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from steepest.base.checks import positive
from steepest.base.errors import ModelError
from steepest.base.params import Array, Params
from steepest.optim.chain import usual_rate
from steepest.optim.method import Advance, State
from steepest.optim.plateau import ReduceOnPlateau
from steepest.optim.rules import GradientDescent, Rule
from steepest.optim.stopping import Stopping
from steepest.training.batches import Batches
from steepest.training.curvature import largest_curvature
from steepest.training.loop import descend, initialise
from steepest.training.problem import Problem

Schedule = Callable[[int], float]


@dataclass(frozen=True)
class Descent:
    """Gradient descent by a rule; a `Method`.

    Parameters
    ----------
    rule : Rule
        GradientDescent(), Momentum(), Adam() and their family, or a `chain` with clipping and weight decay.
    learning_rate : float, callable, ReduceOnPlateau or "auto", optional
        The rate, or ``rate(step)``, in the user's units of the parameters. Left out, it is taken from the curvature at the
        start, and with "auto" from a range test too; the parameters are then scaled to their natural magnitudes inside.
    batches : Batches
        Which rows a step sees; all of them unless given.

    Raises
    ------
    ModelError
        Rule or batches are none, or the rate is not positive and finite; or, in the course of a run, what a schedule
        gives is not a number, at least 0.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> x = np.arange(8.0)
    >>> problem = sd.Problem(lambda p, x: p["a"] * x, {"a": 0.0}, x, 3 * x)
    >>> run = sd.Run(problem, sd.Descent(sd.Momentum(0.5), 0.01, sd.Batches(4)), steps=100).finish()
    >>> round(float(run.params["a"]), 6)
    3.0
    """

    rule: Rule = field(default_factory=GradientDescent)
    learning_rate: float | Schedule | ReduceOnPlateau | str | None = None
    batches: Batches = field(default_factory=Batches)
    stepwise = True

    def __post_init__(self) -> None:
        rule, rate = self.rule, self.learning_rate
        if isinstance(rule, type) or not hasattr(rule, "update"):
            raise ModelError(f"the rule of a descent is such as sd.Adam(), not {rule!r}.")
        if not isinstance(self.batches, Batches):
            raise ModelError(f"the batches of a descent are such as sd.Batches(32), not {self.batches!r}.")
        if rate is None or rate == "auto" or callable(rate) or isinstance(rate, ReduceOnPlateau):
            return
        if not math.isfinite(positive("the learning rate (usually 0.001 to 0.1)", rate, finite=False)):
            raise ModelError("the learning rate must be finite.")

    @property
    def name(self) -> str:
        return self.rule.name

    def init(self, problem: Problem, params: Params, seed: int) -> State:
        """The state before the first step.

        Raises
        ------
        ModelError
            A batch would hold more rows than there are, or the loss is a root of a mean, which is no mean over batches.
        """
        if problem.loss_function.root and not (self.batches.is_full(problem.rows) and self.batches.parts == 1):
            raise ModelError(
                f"{problem.loss_function.name} works on all rows at once: the mean of the batches' roots is not the root of "
                "the mean. Use the loss 'mse', which has the same minimum, or leave the batch size out."
            )
        return initialise(problem, self, params, seed)

    def advance(self, problem: Problem, params: Params, state: State, n: int, stopping: Stopping) -> Advance:
        """Up to `n` steps: the training loop."""
        return descend(problem, self, params, state, n, stopping)

    def first_memory(self) -> Any:
        """What a schedule that looks at the loss has to remember."""
        return self.learning_rate.init() if isinstance(self.learning_rate, ReduceOnPlateau) else None

    def rate_at(self, first: float, memory: Any, step: int, epoch: int, loss: float) -> tuple[float, Any]:
        """The rate of a step, and the schedule's memory after it."""
        if isinstance(self.learning_rate, ReduceOnPlateau):
            return self.learning_rate.update(memory, step, epoch, loss)
        return (_asked(self.learning_rate, step) if callable(self.learning_rate) else first), memory

    def scale_for(self, problem: Problem) -> Array:
        """The units the descent works in: a given rate is meant in the user's units, a chosen one in natural ones."""
        if self.learning_rate in (None, "auto") and problem.scale is not None:
            return problem.scale
        return np.ones_like(problem.start.flat)

    def first_rate(self, problem: Problem, params: Params, scale: Array, seed: int) -> float:
        """The given rate, or one from the curvature at the start."""
        rate = self.learning_rate
        if rate == "auto":
            from steepest.training.range_test import auto_rate  # it stands on this file

            return float(auto_rate(problem, replace(self, learning_rate=None), seed=seed, scale=scale))
        if isinstance(rate, ReduceOnPlateau):
            return rate.update(rate.init(), 0, 0, 0.0)[0]
        if rate is not None:
            return _asked(rate, 0) if callable(rate) else float(rate)
        usual = usual_rate(self.rule)
        if usual is not None:
            return usual
        # Half the limit 2 / curvature: the best constant rate where one curvature dominates.
        curvature = largest_curvature(lambda v: scale * problem.hessian_times(params, scale * v), params.flat.size)
        return 1.0 / curvature if curvature > 0 and math.isfinite(curvature) else 0.01


def _asked(schedule: Schedule, step: int) -> float:
    """The rate that a schedule gives, if it is one."""
    rate = schedule(step)
    try:
        number = float(rate)
    except (TypeError, ValueError):
        number = math.nan
    if not 0.0 <= number < math.inf:
        raise ModelError(f"the schedule gave {rate!r} at step {step}; a learning rate is a number, at least 0.")
    return number
