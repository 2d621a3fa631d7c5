"""Hooks: what is called while a run goes on, as rarely as it asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from steepest.base.errors import ModelError

UNITS = ("step", "epoch", "second")


@dataclass
class Hook:
    """A function that a run calls at its cadence.

    Parameters
    ----------
    function : callable
        ``function(run)``; returns None to go on, or a sentence that says why to stop.
    every : int or float
        The cadence, in `unit`.
    unit : {"step", "epoch", "second"}
        Steps and epochs are exact. Seconds are looked at when the run comes up for air, about every 50 ms.
    """

    function: Callable[[Any], str | None]
    every: float = 1
    unit: str = "step"

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ModelError(f"a hook's unit is one of {', '.join(UNITS)}, not {self.unit!r}.")
        if not self.every > 0 or (self.unit != "second" and self.every != int(self.every)):
            raise ModelError(
                f"a hook's cadence must be a positive {'number' if self.unit == 'second' else 'whole number'}."
            )

    def __call__(self, run: Any) -> str | None:
        return self.function(run)

    def steps(self, per_epoch: int) -> int | None:
        """The cadence in steps; None for one that goes by the clock."""
        if self.unit == "second":
            return None
        return int(self.every) * (per_epoch if self.unit == "epoch" else 1)
