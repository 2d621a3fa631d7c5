"""Whose picture: the run behind a run or a fit, a run seen as a fit, and a run as it was at earlier steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from steepest.autodiff.tree import flatten
from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.fitting.model import FitData
from steepest.fitting.result import Fit
from steepest.nn.classification import ScoreLoss
from steepest.training.run import Run

MOST_BANDED = 60  # parameters up to which a run's covariance is worth its time


def run_of(subject: Any, picture: str) -> Run:
    """The run, of a run or a fit.

    Raises
    ------
    ModelError
        It is neither; `picture` says what was to be drawn.
    """
    run = getattr(subject, "run", subject)
    if not isinstance(run, Run):
        raise ModelError(f"{picture} is drawn from a run or a fit, not from {_a(type(subject).__name__)}.")
    return run


def fit_of(subject: Any, picture: str) -> Any:
    """The fit; or a run seen as one, its inputs named x, or by their own names.

    Raises
    ------
    ModelError
        It is neither, has no data, or its outputs are not numbers like its target.
    """
    run = run_of(subject, picture)
    if not run.problem.has_data:
        raise ModelError(f"{picture} needs data, and this run has none; run.plot.loss() needs none.")
    if not has_residuals(run):
        raise ModelError(
            f"{picture} compares numbers, and the loss {run.problem.loss_function.name} is of scores; "
            "run.plot.confusion() is the picture for classes."
        )
    return subject if subject is not run and getattr(subject, "model", None) is not None else RunAsFit(run)


def has_residuals(run: Run) -> bool:
    """Whether outputs and target are numbers of the same kind, so that their difference means something."""
    return run.problem.has_data and not isinstance(run.problem.loss_function, ScoreLoss)


class RunAsFit(Fit):
    """A run of a Problem with data, with the questions that a picture asks of a fit."""

    def __init__(self, run: Run) -> None:
        data = run.problem.data
        leaves, self._rebuild = flatten(data.inputs)
        self._leaves = [np.asarray(leaf) for leaf in leaves]
        names = list(data.inputs) if isinstance(data.inputs, Mapping) else []
        if len(names) != len(leaves):
            names = ["x"] if len(leaves) == 1 else [f"x{k + 1}" for k in range(len(leaves))]
        columns = {str(name): _as_column(leaf) for name, leaf in zip(names, self._leaves)}
        observed = np.asarray(data.target, dtype=np.float64)
        super().__init__(run, None, FitData(columns, observed, data.weights, lambda row: f"row {row + 1}"))

    @property
    def predicted(self) -> Array:
        outputs = np.asarray(self.run.predict(), dtype=np.float64)
        return outputs if outputs.size == self.observed.size else np.broadcast_to(outputs, self.observed.shape)

    def predict(self, data: Any = None) -> Array:
        if data is None:
            return self.predicted
        columns = [np.asarray(data[name], dtype=np.float64) for name in self.columns]
        inputs = [c.reshape(-1, *leaf.shape[1:]).astype(leaf.dtype) for c, leaf in zip(columns, self._leaves)]
        outputs = np.asarray(self.run.predict(self._rebuild(inputs)), dtype=np.float64)
        return np.ravel(outputs) if self.observed.size == len(self.observed) else outputs


def _as_column(leaf: Array) -> Array:
    """(n, 1) as (n,): one number a row."""
    return np.ravel(leaf).astype(np.float64) if leaf.size == len(leaf) else leaf


def runs_at(run: Run, steps: Iterable[int], picture: str) -> list[Run]:
    """The run as it was after each of `steps`: from its snapshots where it kept them, else by running it again from its start.

    Raises
    ------
    ModelError
        The run has not got so far, or running it again leads elsewhere, as where a hook has changed it.
    """
    wanted = [whole(f"a step of {picture}", step, 0) for step in steps]
    if not wanted:
        raise ModelError(f"{picture} needs at least one step.")
    late = [step for step in wanted if step > run.steps_done]
    if late:
        raise ModelError(f"there is no step {late[0]}: the run has done {_count(run.steps_done)}.")
    found: dict[int, Run] = {}
    if run.state.get("model") is None:  # else the model's own state is needed too, and a snapshot has not got it
        for step in set(wanted) & set(run.history.snapshots):
            found[step] = _moved(run, run.history.snapshots[step])
    missing = sorted(set(wanted) - set(found))
    found |= _stepwise(run, missing) if run.method.stepwise else _from_the_start(run, missing)
    return [found[step] for step in wanted]


def _moved(run: Run, params: Any) -> Run:
    twin = run.fork()
    twin.params = params
    return twin


def _again(run: Run) -> Run:
    return Run(run.problem, run.method, seed=run.seed, stopping=run.stopping)


def _stepwise(run: Run, missing: list[int]) -> dict[int, Run]:
    found: dict[int, Run] = {}
    if not missing:
        return found
    again = _again(run)
    for step in missing:
        if step > again.steps_done:
            again.finish(step - again.steps_done)
        if again.steps_done < step:
            raise ModelError(_ELSEWHERE.format(step=step))
        found[step] = again.fork()
    seen, before = again.history["loss"], run.history["loss"]
    n = min(len(seen), len(before))
    if run.resumed_at == 0 and not np.array_equal(seen[:n], before[:n], equal_nan=True):
        raise ModelError(_ELSEWHERE.format(step=missing[-1]))
    return found


def _from_the_start(run: Run, missing: list[int]) -> dict[int, Run]:
    """For a method that cannot stop and go on: once from the start for each step."""
    return {step: _again(run).finish(step) for step in missing}


_ELSEWHERE = (
    "running this run again does not lead to its step {step}: something outside of it has changed it, such as a hook. Keep the "
    "parameters while it runs: Run(..., snapshots=[0, 1, 10]) or snapshots=10."
)


def some_steps(last: int, count: int = 4) -> list[int]:
    """Up to `count` steps from 0 to the last, close together at the start, where most happens.

    Examples
    --------
    >>> some_steps(10), some_steps(1), some_steps(250)
    ([0, 1, 3, 10], [0, 1], [0, 1, 16, 250])
    """
    between = np.geomspace(1, max(1, last), max(1, count - 1))
    return sorted({0, *(min(last, round(float(x))) for x in between)})


def _count(steps: int) -> str:
    return f"{steps:,} step{'s' * (steps != 1)}"


def _a(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
