"""Progress: a line that tells how far a run is."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, TextIO

from steepest.training.hooks import Cadence


@dataclass
class Progress(Cadence):
    """A hook that writes how far the run is: step, epoch, loss, what a `Validation` last saw, and the time.

    On a terminal the line is written over; elsewhere each is a line of its own.

    Parameters
    ----------
    every : int or float
    unit : {"step", "epoch", "second"}
    stream : text file, optional
        Standard error unless given.

    Examples
    --------
    >>> import sys, steepest as sd
    >>> told = sd.Progress(every=2, unit="step", stream=sys.stdout)
    >>> _ = sd.minimize(lambda x: x**2, 1.0, method="gradient_descent", learning_rate=0.25, steps=4, hooks=[told])
    step 2 of 4   loss 0.25   0.0 s
    step 4 of 4   loss 0.015625   0.0 s
    """

    every: float = 1.0
    unit: str = "second"
    stream: TextIO | None = field(default=None, repr=False)
    _width: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        self.check_cadence("progress")

    def __call__(self, run: Any) -> None:
        """Write the line."""
        stream = self.stream or sys.stderr
        text = described(run)
        if stream.isatty():
            stream.write(f"\r{text.ljust(self._width)}")
            self._width = len(text)
        else:
            stream.write(f"{text}\n")
        stream.flush()

    def finish(self, run: Any) -> None:
        """Leave the line behind, and go on below it."""
        if self._width:
            self(run)
            (self.stream or sys.stderr).write("\n")
            self._width = 0


def described(run: Any) -> str:
    """How far a run is, in a line."""
    parts = [f"step {run.steps_done:,} of {run.steps_planned:,}"]
    if run.steps_per_epoch > 1:
        parts.append(f"epoch {run.steps_done // run.steps_per_epoch}")
    parts.append(f"loss {run.last_loss:.6g}")
    for hook in run.hooks:
        rows = getattr(hook, "rows", None)
        if rows and isinstance(rows[-1], dict):
            parts += [
                f"validation {name} {value:.6g}" for name, value in rows[-1].items() if name not in ("step", "epoch")
            ]
    parts.append(f"{run.elapsed:.1f} s")
    return "   ".join(parts)
