"""Hooks: what is called while a run goes on, as rarely as it asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from steepest.base.checks import positive, whole
from steepest.base.errors import ModelError

UNITS = ("step", "epoch", "second")


@dataclass
class Hook:
    """A function that a run calls at its cadence.

    Parameters
    ----------
    function : callable
        ``function(run)``; returns None to go on, or a sentence that says why to stop (True stops without one).
    every : int or float
        The cadence, in `unit`.
    unit : {"step", "epoch", "second"}
        Steps and epochs are exact: with ``every=10`` the calls come after steps 10, 20, 30, …. Seconds are those of the
        descent itself; they are looked at about every 50 ms. A method that cannot go step by step calls hooks once, at its end.

    Raises
    ------
    ModelError
        The unit is unknown, the cadence is not positive, or the function returned something else.

    Examples
    --------
    >>> import steepest as sd
    >>> seen = []
    >>> hook = Hook(lambda run: seen.append(run.steps_done), every=2)
    >>> _ = sd.minimize(lambda x: x**2, 1.0, method="gradient_descent", learning_rate=0.1, steps=5, hooks=[hook])
    >>> seen
    [2, 4]
    """

    function: Callable[[Any], str | bool | None]
    every: float = 1
    unit: str = "step"

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ModelError(f"a hook's unit is one of {', '.join(UNITS)}, not {self.unit!r}.")
        if not callable(self.function):
            raise ModelError(f"a hook is a function of the run, not {self.function!r}.")
        if self.unit == "second":
            self.every = positive(self.every, "a hook's cadence in seconds")
        else:
            self.every = whole(self.every, f"a hook's cadence in {self.unit}s", 1)

    def __call__(self, run: Any) -> str | None:
        reason = self.function(run)
        if reason is None or isinstance(reason, str):
            return reason or None
        if isinstance(reason, bool):
            return "a hook asked for it" if reason else None
        raise ModelError(
            f"a hook returns None to go on, or a sentence that says why to stop; this one returned {reason!r}."
        )

    def steps(self, per_epoch: int) -> int | None:
        """The cadence in steps; None for one that goes by the clock."""
        if self.unit == "second":
            return None
        return int(self.every) * (per_epoch if self.unit == "epoch" else 1)
