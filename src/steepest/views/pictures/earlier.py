"""A run as it was at earlier steps."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from steepest.base.errors import ModelError
from steepest.training.run import Run
from steepest.views.landscapes.descent_path import path_of, steps_shown


def runs_at(run: Run, steps: Iterable[int]) -> list[Run]:
    """The run as it was after each of `steps`, in rising order: from its snapshots, or by running it again from its start.

    Raises
    ------
    ModelError
        The run has not got so far, or running it again leads elsewhere, as where a hook has changed it.
    """
    wanted = [int(step) for step in steps_shown(run.steps_done, steps)]
    if run.state.get("model"):  # a snapshot has the parameters, but not the model's own state that goes with them
        return _again(run, wanted)
    twins = []
    for params in path_of(run, frames=wanted).params:
        twin = run.fork()
        twin.params = params
        twins.append(twin)
    for twin, step in zip(twins, wanted):
        twin.state = {**twin.state, "step": step}
    return twins


def _again(run: Run, wanted: list[int]) -> list[Run]:
    again = Run(run.problem, run.method, seed=run.seed, stopping=run.stopping)
    twins = []
    for step in wanted:
        if step > again.steps_done:
            again.finish(step - again.steps_done)
        if again.steps_done < step:
            break
        twins.append(again.fork())
    seen, before = again.history["loss"], run.history["loss"]
    if len(twins) < len(wanted) or not np.array_equal(seen, before[: len(seen)], equal_nan=True):
        raise ModelError(
            "running this run again from its start leads elsewhere: a hook has changed it, or it was called again after its end. "
            "Its model has a state of its own (running statistics), so that snapshots of the parameters alone would not do."
        )
    return twins


def some_steps(last: int, count: int = 4) -> list[int]:
    """Up to `count` steps from 0 to the last, close together at the start, where most happens.

    Examples
    --------
    >>> some_steps(10), some_steps(1), some_steps(250), some_steps(0)
    ([0, 1, 3, 10], [0, 1], [0, 1, 16, 250], [0])
    """
    between = np.geomspace(1, max(1, last), max(1, count - 1))
    return sorted({0, *(min(last, round(float(x))) for x in between)})
