"""Timed: the tests of a method that does not come up for air, with a look at the clock among them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from time import perf_counter

from steepest.optim.method import Halt
from steepest.optim.stopping import Stopping
from steepest.training import outcome as outcomes


@dataclass(frozen=True)
class Timed(Stopping):
    """Tests that end a method by the clock."""

    until: float = math.inf
    budget: float = math.inf

    @classmethod
    def over_at(cls, tests: Stopping, until: float, budget: float) -> Timed:
        """The tests `tests`, over at the time `until` of the performance counter; `budget` is what the message tells."""
        return cls(**{f.name: getattr(tests, f.name) for f in fields(Stopping)}, until=until, budget=budget)

    def reached(self, step: int, loss: float) -> Halt | None:
        """The threshold, or the time."""
        halt = super().reached(step, loss)
        if halt is None and perf_counter() >= self.until:
            halt = Halt(outcomes.OUT_OF_TIME, time_spent(self.budget, step))
        return halt


def time_spent(budget: float, steps: int) -> str:
    """The evidence of a run that is out of time."""
    return f"the time budget of {budget:g} s is spent after {steps} step{'s' * (steps != 1)}."
