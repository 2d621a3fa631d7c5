"""Outcome: how a run ended, in one of nine ways, each with its evidence and its remedy."""

from __future__ import annotations

from dataclasses import dataclass

CONVERGED = "converged"
STALLED = "stalled"
DIVERGED = "diverged"
NON_FINITE = "non_finite"
OUT_OF_STEPS = "out_of_steps"
OUT_OF_TIME = "out_of_time"
THRESHOLD_REACHED = "threshold_reached"
STOPPED_EARLY = "stopped_early"
INTERRUPTED = "interrupted"

# What to do when the run has nothing more particular to say.
REMEDIES = {
    CONVERGED: "",
    STALLED: "Give another start, or a method that uses curvature (levenberg_marquardt or lbfgs).",
    DIVERGED: "Lower the learning rate, or leave it out to have one chosen.",
    NON_FINITE: "Lower the learning rate, or start where the model is defined.",
    OUT_OF_STEPS: "Allow more steps, or use a faster method (levenberg_marquardt or lbfgs).",
    OUT_OF_TIME: "Allow more time, or use a faster method (levenberg_marquardt or lbfgs).",
    THRESHOLD_REACHED: "",
    STOPPED_EARLY: "",
    INTERRUPTED: "Allow it more time to get further.",
}


def remedy_for(name: str, residuals: bool, batches: bool) -> str:
    """What to do about an outcome, for a problem with or without residuals, by a method on batches or on all rows.

    Examples
    --------
    >>> remedy_for("out_of_steps", residuals=False, batches=False)
    'Allow more steps, or use a faster method (lbfgs).'
    """
    remedy = REMEDIES[name]
    if batches:  # methods that use curvature need all rows at every step
        remedy = remedy.split(", or use a faster method")[0].split(", or a method that uses curvature")[0]
        return remedy if not remedy or remedy.endswith(".") else f"{remedy}."
    return remedy if residuals else remedy.replace("levenberg_marquardt or lbfgs", "lbfgs")


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes
    ----------
    name : str
        converged, stalled, diverged, non_finite, out_of_steps, out_of_time, threshold_reached, stopped_early or interrupted.
    message : str
        The evidence, in a sentence.
    remedy : str
        What to do; empty where nothing is to be done.
    asked : bool
        Whether a spent budget was the user's own (then spending it is no failure) or the default one.
    """

    name: str
    message: str
    remedy: str = ""
    asked: bool = True

    @property
    def ok(self) -> bool:
        """Whether the run did what was asked: converged, or ran its budget."""
        if self.name in (OUT_OF_STEPS, OUT_OF_TIME):
            return self.asked
        return self.name in (CONVERGED, THRESHOLD_REACHED, STOPPED_EARLY)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()
