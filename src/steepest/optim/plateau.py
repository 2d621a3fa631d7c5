"""ReduceOnPlateau: a rate that falls when the loss no longer does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base import checks
from steepest.base.params import Array
from steepest.optim.schedules import Schedule, base_rate

ScheduleState = dict[str, Any]


@dataclass(frozen=True)
class ReduceOnPlateau:
    """Multiply the rate by `factor` when the loss has not improved for more than `patience` epochs.

    A schedule with a memory: not ``schedule(step)``, but ``update(state, step, epoch, loss) -> (rate, state)``, a pure function
    called once before each step with the loss of that step. The mean loss of an epoch is judged when the next epoch begins;
    with full batches each step is an epoch. The state holds numbers only and belongs into the method's state, so that a run in
    pieces gives the same bits.

    Parameters
    ----------
    rate : float or schedule
        What is reduced.
    factor : float in (0, 1)
    patience : int
        Epochs without improvement that are borne, at least 0.
    threshold : float in [0, 1)
        Improved means: loss < best - threshold * abs(best).
    cooldown : int
        Epochs after a reduction that do not count.
    lowest : float
        The factor never brings the rate below this one.

    Notes
    -----
    As PyTorch's ReduceLROnPlateau with ``mode="min"``, but for its ``eps`` (reductions by less than 1e-8 are dropped there)
    and for losses below 0, where its relative threshold counts a slightly worse loss as an improvement.

    Examples
    --------
    >>> schedule = ReduceOnPlateau(0.8, factor=0.5, patience=1)
    >>> state, rates = schedule.init(), []
    >>> for step, loss in enumerate([3.0, 2.0, 2.0, 2.0, 2.0]):
    ...     rate, state = schedule.update(state, step, step, loss)
    ...     rates.append(rate)
    >>> rates
    [0.8, 0.8, 0.8, 0.8, 0.4]
    """

    rate: float | Schedule
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    lowest: float = 0.0

    def __post_init__(self) -> None:
        base_rate("ReduceOnPlateau", self.rate, 0)
        checks.positive("the factor of ReduceOnPlateau", self.factor)
        checks.fraction("the factor of ReduceOnPlateau", self.factor)
        checks.whole("the patience of ReduceOnPlateau", self.patience, 0)
        checks.fraction("the threshold of ReduceOnPlateau", self.threshold)
        checks.whole("the cooldown of ReduceOnPlateau", self.cooldown, 0)
        checks.not_negative("the lowest rate of ReduceOnPlateau", self.lowest)

    def init(self) -> ScheduleState:
        """The memory before the first step."""
        return {"factor": 1.0, "best": math.inf, "bad": 0, "cooling": 0, "epoch": None, "sum": 0.0, "steps": 0}

    def update(self, state: ScheduleState, step: int, epoch: int, loss: float) -> tuple[float, ScheduleState]:
        """The rate of this step, and the memory after it."""
        state = dict(state)
        base = base_rate("ReduceOnPlateau", self.rate, step)
        if epoch != state["epoch"]:
            if state["steps"]:
                self._judge(state, state["sum"] / state["steps"], base)
            state.update(epoch=epoch, sum=0.0, steps=0)
        state["sum"] += float(loss)
        state["steps"] += 1
        return self._reduced(base, state), state

    def hoped_for(self, state: ScheduleState, steps: Array, epochs: Array) -> Array:
        """The rates of some steps if the loss improves in every epoch from here on; the first is right in any case."""
        first, state = self.update(
            state, int(steps[0]), int(epochs[0]), 0.0
        )  # an epoch is judged when the next one begins
        later = (self._reduced(base_rate("ReduceOnPlateau", self.rate, int(step)), state) for step in steps[1:])
        return np.array([first, *later])

    def _reduced(self, base: float, state: ScheduleState) -> float:
        rate: float = max(base * state["factor"], min(base, self.lowest))
        return rate

    def _judge(self, state: ScheduleState, loss: float, base: float) -> None:
        """Take note of an epoch's mean loss; changes `state`."""
        best = state["best"]
        if (best == math.inf and loss < math.inf) or loss < best - self.threshold * abs(best):
            state["best"], state["bad"] = loss, 0
        else:
            state["bad"] += 1
        if state["cooling"] > 0:
            state["cooling"] -= 1
            state["bad"] = 0
        if state["bad"] > self.patience:
            if base * state["factor"] > self.lowest:
                state["factor"] *= self.factor
            state["bad"], state["cooling"] = 0, self.cooldown
