"""Refits: runs inside of a larger computation."""

from __future__ import annotations

from steepest.optim.method import Method
from steepest.training import outcome as outcomes
from steepest.training.problem import Problem
from steepest.training.run import Run


def refit(problem: Problem, method: Method, steps: int | None = None) -> Run:
    """A run at its end, as one of many.

    Raises
    ------
    KeyboardInterrupt
        The run was interrupted: a run by itself keeps what it has, but Ctrl-C is meant for the whole computation.
    """
    run = Run(problem, method, steps=steps).finish()
    if run.outcome is not None and run.outcome.name == outcomes.INTERRUPTED:
        raise KeyboardInterrupt
    return run
