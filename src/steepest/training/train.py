"""train: the short way from a network and data to a finished run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from steepest.autodiff.tree import flatten
from steepest.base.checks import whole
from steepest.base.errors import DataError, ModelError
from steepest.base.random import Key
from steepest.nn.losses import Loss
from steepest.nn.module import Module
from steepest.optim.method import Method
from steepest.optim.rules import Adam
from steepest.optim.schedules import CosineDecay
from steepest.optim.stopping import Stopping
from steepest.training.batches import Batches
from steepest.training.descent import Descent
from steepest.training.methods import method_named
from steepest.training.problem import Problem, detached
from steepest.training.resume import finished
from steepest.training.run import DEFAULT_STEPS, Run

RATE, BATCH = 0.01, 32  # where none are given: what suits inputs and weights of size 1


def train(
    net: Module,
    inputs: Any,
    target: Any,
    *,
    loss: str | Loss = "mse",
    method: Any = None,
    start: Mapping[str, Any] | None = None,
    weights: Any = None,
    penalty: Callable[..., Any] | None = None,
    learning_rate: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    time: float | None = None,
    threshold: float | None = None,
    patience: int | None = None,
    tolerance: float = 1e-8,
    seed: int = 0,
    hooks: Any = (),
    snapshots: Any = (),
    checkpoints: str | os.PathLike[str] | None = None,
    resume: bool = False,
) -> Run:
    """Train a network on data.

    Parameters
    ----------
    net : Module
        Its first numbers are drawn with the seed, in the dtype of `inputs` where that is one of floats.
    inputs : array of shape (rows, ..., features)
        Or what else the network takes; a tuple of one array is that array. Best of size 1, for example standardised: a network is
        not scaled inside.
    target : array of shape (rows, ...)
        Like the network's outputs; for "cross_entropy" the number of each row's class, shape (rows,).
    loss, weights, penalty
        See `Problem`.
    method : str, Rule or Method, optional
        See `steepest.training.methods.method_named`. Left out, it is Adam on batches of 32, or a few less.
    start : mapping of str to array, optional
        The parameters to start from, such as ``run.params`` of an earlier run.
    learning_rate : float, callable or "auto", optional
        See `Descent`. Where neither it nor a method is given, it falls from 0.01 to 0 along half a cosine over the steps.
    batch_size, steps, time, seed, hooks, snapshots
        See `Batches` and `Run`.
    threshold, patience, tolerance
        See `Stopping`.
    checkpoints : path, optional
        A folder in which to save the run once a minute and at its end.
    resume : bool
        Go on from the newest whole checkpoint there, to the same bits as if the run had never stopped. A rate that falls over
        the steps is another one for other steps, and such a run is refused.

    Returns
    -------
    Run
        Finished: ``run.predict(inputs)``, ``run.loss``, ``run.outcome``, ``run.remarks``, ``run.plot``.

    Raises
    ------
    DataError, ModelError, ShapeError
        What was given does not fit together, or the first outputs are not finite; says where and what to do.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> x = np.linspace(-2, 2, 64)[:, None]
    >>> run = train(sd.MLP(1, [8], 1, "tanh"), x, np.sin(x), steps=1000)
    >>> bool(run.loss < 1e-3), run.predict([[1.5]]).shape
    (True, (1, 1))
    """
    problem = _problem(net, inputs, target, start, seed, {"loss": loss, "weights": weights, "penalty": penalty})
    run = Run(
        problem, _method(method, problem.rows, learning_rate, batch_size, steps), steps=steps, time=time, seed=seed,
        stopping=Stopping(tolerance=tolerance, threshold=threshold, patience=patience), hooks=hooks, snapshots=snapshots,
    )  # fmt: skip
    return finished(run, checkpoints, resume)


def _problem(
    net: Any, inputs: Any, target: Any, start: Mapping[str, Any] | None, seed: int, options: dict[str, Any]
) -> Problem:
    """The problem, whose loss at the start has been tried: shapes that do not fit are told before a run begins."""
    if not isinstance(net, Module):
        raise ModelError(f"train takes a network, such as sd.MLP(4, [20], 3), not {net!r}; for other models use fit.")
    if inputs is None or target is None or isinstance(inputs, str | os.PathLike):
        raise DataError("train takes arrays: train(net, x, y), with x of shape (rows, features).")
    inputs = inputs[0] if isinstance(inputs, tuple) and len(inputs) == 1 else inputs
    params, state = net.init(Key(seed))
    kinds = {np.asarray(detached(x)).dtype.newbyteorder("=") for x in flatten(inputs)[0]}
    if kinds == {np.dtype(np.float32)}:
        params = {name: x.astype(np.float32) for name, x in params.items()}
        state = {name: x.astype(np.float32) if x.dtype.kind == "f" else x for name, x in state.items()}
    problem = Problem(net, params if start is None else start, inputs, target, state=state, **options)
    if not np.isfinite(problem.value(problem.start)):
        raise ModelError(
            "the network's first outputs, or the loss of them, are not finite: give inputs and a target of size 1, for example "
            "standardised ones."
        )
    return problem


def _method(method: Any, rows: int, learning_rate: Any, batch_size: int | None, steps: int | None) -> Method:
    if method is not None:
        return method_named(method, learning_rate, batch_size)
    planned = DEFAULT_STEPS if steps is None else whole("steps", steps, 0)
    falling = CosineDecay(RATE, max(1, planned))
    # A single row at the end of an epoch would have no batch statistics.
    usual = next((size for size in range(min(BATCH, rows), 1, -1) if rows % size != 1), rows)
    batches = Batches(usual if batch_size is None else batch_size)
    return Descent(Adam(), falling if learning_rate is None else learning_rate, batches)
