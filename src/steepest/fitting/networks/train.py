"""fit_network: from a formula with a network and data to an answer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.fitting.networks.law import Law
from steepest.fitting.networks.prepare import ReadyNetwork, prepared_network
from steepest.fitting.networks.result import NO_ERRORS, NetworkFit
from steepest.fitting.prepare import Given
from steepest.formula.formula import Formula
from steepest.nn.metrics import accuracy
from steepest.nn.module import Module
from steepest.optim.adam_family import AdamW
from steepest.optim.chain import usual_rate
from steepest.optim.method import Method
from steepest.optim.rules import Adam
from steepest.optim.schedules import CosineDecay
from steepest.optim.stopping import Stopping
from steepest.program.native.blas import threads_for
from steepest.training.batches import Batches
from steepest.training.descent import Descent
from steepest.training.methods import method_named
from steepest.training.problem import Problem
from steepest.training.resume import finished
from steepest.training.run import Run
from steepest.training.validation import Validation

ROWS = 200  # a batch
STEPS = 3000  # in all, of small data
EPOCHS = (20, 3000)  # at least and at most
PATIENCE = 0.2  # of the epochs
DECAY = 0.1  # of weights; beside parameters that mean something there is none, which would draw those to their start


@dataclass(frozen=True)
class Training:
    """How a network is trained; the names are those of `steepest.fit`."""

    method: Any = None
    learning_rate: Any = None
    batch_size: int | None = None
    epochs: int | None = None
    steps: int | None = None
    time: float | None = None
    threshold: float | None = None
    patience: int | None = None
    tolerance: float = 1e-8
    seed: int = 0
    validation: float | None = None
    hooks: Sequence[Any] = ()
    snapshots: Any = ()
    checkpoints: str | os.PathLike[str] | None = None
    resume: bool = False
    engine: str | None = None
    intervals: str = "t"


def fit_network(formula: Formula, data: Any, given: Given, asked: Training) -> NetworkFit:
    """Fit a formula with a network in it.

    Some rows are held out (15 %, of each class, unless said otherwise), the others learned from by AdamW in batches, at a rate
    that falls to 0 over the epochs. The weights kept are those that did best on the rows held out.

    Parameters
    ----------
    formula : Formula
    data : object
        As for `steepest.fit`.
    given : Given
    asked : Training

    Raises
    ------
    FormulaError, DataError, ModelError
        What was given does not fit together; says what, where, and what to do.
    """
    if asked.intervals != "t":
        raise ModelError(f"{NO_ERRORS}, so there are no {asked.intervals} intervals; leave them out.")
    ready = prepared_network(formula, data, given, asked.validation, asked.seed)
    problem = ready.part(ready.training)
    method, epochs = _method(problem, ready.model.net, asked)
    per_epoch = method.batches.per_epoch(problem.rows) if isinstance(method, Descent) else 1
    validation = _validation(ready, asked, epochs)
    run = Run(
        problem, method, steps=asked.steps if epochs is None else epochs * per_epoch, time=asked.time, seed=asked.seed,
        stopping=Stopping(tolerance=asked.tolerance, threshold=asked.threshold), snapshots=asked.snapshots, engine=asked.engine,
        hooks=[*asked.hooks, *([] if validation is None else [validation])],
    )  # fmt: skip
    rows = method.batches.size or problem.rows if isinstance(method, Descent) else problem.rows
    with threads_for(rows * problem.start.flat.size):
        run = finished(run, asked.checkpoints, asked.resume)
    if validation is not None:
        validation.restore(run)
    steady = asked.learning_rate is None and not isinstance(asked.method, Descent)
    return NetworkFit(run, ready, validation, epochs is not None, steady)


def _method(problem: Problem, net: Module, asked: Training) -> tuple[Method, int | None]:
    """The method, and how many epochs it has; None where steps are given, or where it goes by itself."""
    if asked.steps is not None and asked.epochs is not None:
        raise ModelError("give steps or epochs, not both.")
    if asked.epochs is not None:
        whole("epochs", asked.epochs)
    usual = Adam() if isinstance(net, Law) else AdamW(weight_decay=DECAY)
    method = method_named(usual if asked.method is None else asked.method, asked.learning_rate, asked.batch_size)
    if not isinstance(method, Descent):
        if asked.epochs is not None:
            raise ModelError(f"{method.name} works on all rows at every step, so it has no epochs; give steps.")
        return method, None
    if isinstance(asked.method, Descent):  # it brings its own batches and rate
        method = asked.method
    elif asked.batch_size is None and not problem.loss_function.root:
        method = replace(method, batches=Batches(min(ROWS, problem.rows)))
    method.batches.check(problem.rows)
    per_epoch = method.batches.per_epoch(problem.rows)
    epochs = asked.epochs
    if epochs is None and asked.steps is None:
        epochs = min(EPOCHS[1], max(EPOCHS[0], -(-STEPS // per_epoch)))
    rate = usual_rate(method.rule)
    if not isinstance(asked.method, Descent) and asked.learning_rate is None and rate is not None:
        steps = max(1, whole("steps", asked.steps, 0) if epochs is None else epochs * per_epoch)
        method = replace(method, learning_rate=CosineDecay(rate, steps))
    return method, epochs


def _validation(ready: ReadyNetwork, asked: Training, epochs: int | None) -> Validation | None:
    if not len(ready.held):
        if asked.patience is not None:
            raise ModelError(
                "patience waits for rows that are held out, and there are none; give a share of them as validation."
            )
        return None
    patience = asked.patience
    if patience is None and epochs is not None:
        patience = max(10, round(PATIENCE * epochs))
    metrics = {} if ready.model.classes is None else {"accuracy": accuracy}
    return Validation(ready.part(ready.held), metrics, patience=patience)
