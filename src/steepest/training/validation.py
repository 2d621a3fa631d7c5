"""Validation: rows that the descent does not see, looked at now and then."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.base.params import Params
from steepest.program.native.blas import threads_for
from steepest.training.hooks import Cadence
from steepest.training.problem import Problem, detached

Metric = Callable[[Any, Any], float]


@dataclass
class Validation(Cadence):
    """A hook that evaluates a held-out problem and stops a run that no longer gets better there.

    Parameters
    ----------
    problem : Problem
        The same model on other rows; see `Problem.split`.
    metrics : mapping of str to callable, optional
        ``metric(outputs, target) -> number``, recorded beside the loss.
    patience : int, optional
        Stop after so many evaluations without a better `watch`, and restore the parameters of the best one.
    watch : str
        "loss", or the name of a metric.
    larger_is_better : bool
        For a metric such as accuracy.
    every : int or float
    unit : {"epoch", "step", "second"}

    Attributes
    ----------
    rows : list of dict
        One an evaluation: ``step``, ``epoch``, ``loss`` and the metrics.
    best : dict or None
        The best row.
    """

    problem: Problem
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    patience: int | None = None
    watch: str = "loss"
    larger_is_better: bool = False
    every: float = 1
    unit: str = "epoch"
    rows: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, float] | None = None
    best_params: Params | None = None
    best_model: Any = None

    def __post_init__(self) -> None:
        self.check_cadence("a validation")
        if self.patience is not None:
            whole("patience", self.patience)
        if self.watch != "loss" and self.watch not in self.metrics:
            raise ModelError(
                f"there is no metric {self.watch!r} to watch; there are {', '.join(['loss', *self.metrics])}."
            )

    def __call__(self, run: Any) -> str | None:
        """Evaluate; returns the reason to stop when patience is over."""
        model = run.state.get("model")
        with threads_for(self.problem.rows * run.params.flat.size):
            outputs = self.problem.outputs(run.params, state=model)
        row = {"step": run.steps_done, "epoch": run.steps_done // run.steps_per_epoch}
        with np.errstate(all="ignore"):
            objective = self.problem.objective(outputs, self.problem.data, dict(run.params))
        row["loss"] = float(detached(objective))
        row |= {name: float(metric(outputs, self.problem.data.target)) for name, metric in self.metrics.items()}
        self.rows.append(row)
        if self._better(row[self.watch]):
            self.best, self.best_params, self.best_model = row, run.params, model
            return None
        assert self.best is not None
        waited = len(self.rows) - 1 - self.rows.index(self.best)
        if self.patience is not None and waited >= self.patience:
            self.restore(run)
            return (
                f"the validation {self.watch} has not got better than {self.best[self.watch]:.6g} for {waited} evaluations; "
                f"the parameters of epoch {self.best['epoch']} are restored."
            )
        return None

    def _better(self, value: float) -> bool:
        if self.best is None:
            return True
        if math.isnan(value):
            return False
        before = self.best[self.watch]
        return math.isnan(before) or (value > before if self.larger_is_better else value < before)

    def restore(self, run: Any) -> None:
        """Put the best parameters, and the model state that goes with them, back into the run."""
        if self.best_params is not None:
            run.params = self.best_params
            if "model" in run.state:
                run.state = {**run.state, "model": self.best_model}

    def state(self) -> dict[str, Any]:
        """What a checkpoint must keep."""
        return {"rows": self.rows, "best": self.best, "best_params": self.best_params, "best_model": self.best_model}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.rows, self.best = list(state["rows"]), state["best"]
        self.best_params, self.best_model = state["best_params"], state["best_model"]

    def column(self, name: str) -> np.ndarray[Any, Any]:
        """One column of `rows` as an array."""
        return np.array([row[name] for row in self.rows])
