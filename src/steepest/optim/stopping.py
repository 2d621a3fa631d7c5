"""Stopping: what is asked at every step, whether the run is over."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from steepest.base.checks import is_number, whole
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.optim.method import Halt

Watch = dict[str, Any]

GROWTH_THAT_DIVERGES = 1e6  # times the loss, or what the slope promised, in the first steps
FIRST_STEPS = 10  # a single batch may happen to have a loss of 0
STEPS_WITHOUT_PROGRESS = 1000


@dataclass(frozen=True)
class Stopping:
    """When a run is over, besides its budget.

    Parameters
    ----------
    tolerance : float
        Converged when no parameter, moved by its own magnitude, would lower the loss by more than this fraction of it
        (full batch only: the gradient of a batch is noise near the minimum).
    threshold : float, optional
        Stop as soon as the loss is at or below it; for batches the mean over an epoch.
    patience : int, optional
        Stop after so many epochs without a lower training loss.

    Notes
    -----
    What has to be remembered from step to step is in the `watch` dict, which is part of the method's state and is saved with it.
    """

    tolerance: float = 1e-8
    threshold: float | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        if not is_number(self.tolerance) or self.tolerance < 0 or math.isinf(self.tolerance):
            raise ModelError(f"the tolerance must be a number >= 0, not {self.tolerance!r}.")
        if self.patience is not None:
            whole("patience (in epochs)", self.patience)
        if self.threshold is not None and not is_number(self.threshold):
            raise ModelError(f"the threshold must be a number, not {self.threshold!r}.")

    def start(self) -> Watch:
        """The watch before the first step."""
        return {"first": 0.0, "start": None, "last": 0.0, "best": math.inf, "best_step": 0, "steps": 0,
                "epoch": 0, "epoch_sum": 0.0, "epoch_steps": 0, "epoch_best": math.inf, "bad_epochs": 0}  # fmt: skip

    def finite(self, step: int, loss: float, length: float) -> Halt | None:
        """Non-finite values, seen at the step where they appear; `length` is the norm of the gradient."""
        if not math.isfinite(loss):
            return Halt("non_finite", f"the loss became {loss} at step {step}.")
        if not math.isfinite(length):
            return Halt(
                "non_finite", f"the gradient became non-finite at step {step}, where the loss is {loss:.6g}.",
                "The model has no slope there: start elsewhere, or keep arguments of log, sqrt and / away from 0.",
            )  # fmt: skip
        return None

    def reached(self, step: int, loss: float) -> Halt | None:
        """The threshold."""
        if self.threshold is not None and loss <= self.threshold:
            return Halt(
                "threshold_reached", f"the loss {loss:.6g} reached the threshold {self.threshold:g} at step {step}."
            )
        return None

    def over(
        self,
        watch: Watch,
        step: int,
        epoch: int,
        loss: float,
        length: float,
        promise: float,
        rate: float,
        full: bool,
    ) -> Halt | None:
        """Ask all tests of a descent; changes `watch`.

        Parameters
        ----------
        length : float
            The norm of the gradient.
        promise : float
            By how much the loss changes at most, to first order, when a parameter moves by its magnitude.
        full : bool
            Whether `loss` is of all rows.
        """
        halt = self.finite(step, loss, length)
        if halt is not None and watch["start"] is not None:
            start, last = watch["start"], watch["last"]
            if last - start > GROWTH_THAT_DIVERGES * abs(start):  # the overflow is but the end of it
                return Halt(
                    "diverged", f"the loss grew from {start:.6g} to {last:.6g} and became {loss} by step {step}, "
                    f"at rate {rate:.3g}.",
                )  # fmt: skip
        if halt is None and full:
            halt = self.reached(step, loss)
        if halt is not None:
            return halt
        watch["last"] = loss
        if watch["start"] is None:
            watch["start"] = loss
        if watch["steps"] < FIRST_STEPS or watch["first"] == 0.0:
            # Bounded, or a descent that leaps to 1e40 at its first step would set the measure by which it diverges.
            most = GROWTH_THAT_DIVERGES * watch["first"] or math.inf
            watch["first"] = max(watch["first"], min(most, max(abs(loss), promise)))
        watch["steps"] += 1
        if loss - watch["start"] > GROWTH_THAT_DIVERGES * watch["first"]:
            return Halt(
                "diverged", f"the loss grew from {watch['start']:.6g} to {loss:.6g} by step {step}, at rate {rate:.3g}."
            )
        if full:
            if promise <= self.tolerance * abs(loss) + self.tolerance**2 * watch["first"]:
                # Both the gradient and the loss may be exactly zero, so <= and not <.
                return Halt(
                    "converged",
                    f"converged after {step} steps: moving any parameter by its own size would change the loss by no more "
                    f"than {promise:.1e}.",
                )
            if loss < watch["best"] - 1e-12 * abs(watch["best"]) or watch["best"] == math.inf:
                watch["best"], watch["best_step"] = loss, step
            elif step - watch["best_step"] >= STEPS_WITHOUT_PROGRESS:
                if loss - watch["start"] > watch["first"]:
                    return Halt(
                        "diverged", f"the loss grew from {watch['start']:.6g} to {loss:.6g} by step {step}, slowly, at rate "
                        f"{rate:.3g}.",
                    )  # fmt: skip
                return Halt(
                    "stalled",
                    f"stalled: the loss has not gone below {watch['best']:.6g} for {STEPS_WITHOUT_PROGRESS} steps, "
                    f"though the slope is not zero.",
                    "Lower the learning rate, or use a method that uses curvature (levenberg_marquardt or lbfgs).",
                )
        if full and self.patience is None:
            return None  # nothing asks about epochs
        return self._epoch_over(watch, step, epoch, loss, full)

    def epoch_ends(self, watch: Watch, step: int, epoch: int, full: bool = False) -> bool:
        """Whether a descent is over at this step by what the epoch before was, whatever the step's loss is."""
        return self._epoch_over(dict(watch), step, epoch, 0.0, full) is not None

    def follow(self, watch: Watch, epochs: Array, losses: Array) -> None:
        """Note the losses of steps that were done without asking `over` about epochs, to the last bit as it would have.

        Parameters
        ----------
        epochs, losses : ndarray
            One a step. Where a threshold or patience is set, the first step of an epoch is the first of all.
        """
        starts = [0, *(np.flatnonzero(np.diff(epochs)) + 1).tolist(), len(epochs)]
        for start, stop in pairwise(starts):
            self._epoch_over(watch, 0, int(epochs[start]), float(losses[start]), False)
            # One after the other: Python's sum() and NumPy's round otherwise.
            watch["epoch_sum"] = float(np.cumsum([watch["epoch_sum"], *losses[start + 1 : stop]])[-1])
            watch["epoch_steps"] += stop - start - 1

    def _epoch_over(self, watch: Watch, step: int, epoch: int, loss: float, full: bool) -> Halt | None:
        """Threshold (of batches) and patience, by the mean loss of the epoch before once it is complete."""
        halt = None
        if epoch != watch["epoch"] and watch["epoch_steps"]:
            mean = watch["epoch_sum"] / watch["epoch_steps"]
            watch["bad_epochs"] = 0 if mean < watch["epoch_best"] else watch["bad_epochs"] + 1
            watch["epoch_best"] = min(mean, watch["epoch_best"])
            watch["epoch_sum"], watch["epoch_steps"] = 0.0, 0
            if not full:
                halt = self.reached(step, mean)
            if halt is None and self.patience is not None and watch["bad_epochs"] >= self.patience:
                halt = Halt(
                    "stopped_early",
                    f"stopped early at epoch {epoch}: the training loss has not gone below {watch['epoch_best']:.6g} "
                    f"for {self.patience} epoch{'s' * (self.patience != 1)}.",
                )
        watch["epoch"] = epoch
        watch["epoch_sum"] += loss
        watch["epoch_steps"] += 1
        return halt
