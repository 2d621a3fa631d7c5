"""Hooks: what is called while a run goes on, as rarely as it asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from steepest.base.checks import positive, whole
from steepest.base.errors import ModelError

UNITS = ("step", "epoch", "second")


class Cadence:
    """What a run calls now and then: `every` so many of a `unit`, and, where the class says so, at the run's end.

    A run takes for a hook whatever is one of these. `state` and `load` are for hooks that a checkpoint must keep.
    """

    every: float
    unit: str

    def check_cadence(self, what: str = "a hook") -> None:
        """Raise unless `every` and `unit` make sense.

        Raises
        ------
        ModelError
            The unit is unknown, or the cadence is not positive.
        """
        if self.unit not in UNITS:
            raise ModelError(f"{what}'s unit is one of {', '.join(UNITS)}, not {self.unit!r}.")
        if self.unit == "second":
            self.every = positive(f"{what}'s cadence in seconds", self.every, finite=False)
        else:
            self.every = whole(f"{what}'s cadence in {self.unit}s", self.every)

    def steps(self, per_epoch: int) -> int | None:
        """The cadence in steps; None for one that goes by the clock."""
        if self.unit == "second":
            return None
        return int(self.every) * (per_epoch if self.unit == "epoch" else 1)

    def __call__(self, run: Any) -> str | None:
        raise NotImplementedError

    def finish(self, run: Any) -> None:
        """The run has ended, or its budget is spent."""

    def state(self) -> dict[str, Any] | None:
        """What a checkpoint must keep of this hook."""
        return None

    def load(self, state: Any) -> None:
        """Go on from what `state` gave."""


@dataclass
class Hook(Cadence):
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
        if not callable(self.function):
            raise ModelError(f"a hook is a function of the run, not {self.function!r}.")
        self.check_cadence()

    def __call__(self, run: Any) -> str | None:
        reason = self.function(run)
        if reason is None or isinstance(reason, str):
            return reason or None
        if isinstance(reason, bool):
            return "a hook asked for it" if reason else None
        raise ModelError(
            f"a hook returns None to go on, or a sentence that says why to stop; this one returned {reason!r}."
        )
