"""Whose picture: the run behind a run or a fit, and a run seen as a fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from steepest.autodiff.tree import flatten
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.fitting.bands import Prediction
from steepest.fitting.model import FitData
from steepest.fitting.result import Fit
from steepest.nn.classification import ScoreLoss
from steepest.training.run import Run


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
    known = any(getattr(subject, name, None) is not None for name in ("model", "formula_text"))
    return subject if known and subject is not run else RunAsFit(run)


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

    def predict(self, data: Any = None, interval: float | None = None) -> Any:
        if interval is not None:
            return self.band(data, interval)
        if data is None:
            return self.predicted
        outputs = np.asarray(self.run.predict(self._inputs(data)), dtype=np.float64)
        return np.ravel(outputs) if self.observed.size == len(self.observed) else outputs

    def band(self, data: Any = None, level: float = 0.95) -> Prediction:
        return super().band(None if data is None else self._inputs(data), level)

    @property
    def outcome(self) -> Any:
        return self.run.outcome

    @property
    def target_text(self) -> str:
        return self.run.problem.target_name

    def _inputs(self, data: Mapping[str, Any]) -> Any:
        """Columns by name in the form that the problem's inputs have."""
        columns = [np.asarray(data[name], dtype=np.float64) for name in self.columns]
        return self._rebuild(
            [c.reshape(-1, *leaf.shape[1:]).astype(leaf.dtype) for c, leaf in zip(columns, self._leaves)]
        )


def _as_column(leaf: Array) -> Array:
    """(n, 1) as (n,): one number a row."""
    return np.ravel(leaf).astype(np.float64) if leaf.size == len(leaf) else leaf


def _a(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
