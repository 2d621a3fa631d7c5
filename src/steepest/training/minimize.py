"""minimize: a function of parameters, without data."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.optim.stopping import Stopping
from steepest.training.methods import method_named
from steepest.training.problem import Problem, detached
from steepest.training.run import Run


def minimize(
    f: Callable[..., Any],
    start: Any,
    *,
    method: Any = "lbfgs",
    learning_rate: Any = None,
    bounds: Any = None,
    steps: int | None = None,
    time: float | None = None,
    threshold: float | None = None,
    patience: int | None = None,
    tolerance: float = 1e-8,
    seed: int = 0,
    hooks: Any = (),
    snapshots: Any = (),
    engine: str | None = None,
) -> Run:
    """Find parameters where `f` is small, from `start`.

    Parameters
    ----------
    f : callable
        ``f(x) -> number``, where x is like `start`: a Tensor for a number, list or array, a dict of Tensors for a dict.
    start : number, array-like, or dict of them
    method : str or Method
        lbfgs, gradient_descent, momentum, adam, random_search, genetic, differential_evolution, restarts and others; see
        `steepest.training.methods.method_named`.
    learning_rate : float or callable, optional
        For the descent rules; from the curvature at the start if left out.
    bounds : pair, or mapping of str to pair, optional
        Lowest and highest values, None for no bound: ``(0, None)``, a pair of arrays like `start`, or ``{"a": (0, 1)}`` for a
        dict.
    steps, time, seed, hooks, snapshots, engine
        See `Run`.
    threshold, patience, tolerance
        See `Stopping`.

    Returns
    -------
    Run
        Finished: ``run.params``, ``run.loss``, ``run.outcome``, ``run.history``. A single number or array is named after the
        argument of `f`.

    Raises
    ------
    ModelError, ShapeError
        The start holds no numbers, or `f` does not return one number.

    Examples
    --------
    >>> import steepest as sd
    >>> run = sd.minimize(lambda x: (x[0] - 1) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2, [-1.2, 1.0])
    >>> run.params["x"].round(5).tolist(), run.outcome.name
    ([1.0, 1.0], 'converged')
    >>> sd.minimize(lambda x: (x - 3) ** 2, 0.0, bounds=(-1, 2)).params["x"]
    array(2.)
    """
    problem = problem_of(f, start, bounds)
    stopping = Stopping(tolerance=tolerance, threshold=threshold, patience=patience)
    chosen = method_named(method, learning_rate)
    return Run(
        problem,
        chosen,
        steps=steps,
        time=time,
        seed=seed,
        stopping=stopping,
        hooks=hooks,
        snapshots=snapshots,
        engine=engine,
    ).finish()


def problem_of(f: Callable[..., Any], start: Any, bounds: Any = None) -> Problem:
    """The problem without data of making ``f(x)`` small, x being like `start`."""
    if not callable(f):
        raise ModelError(f"minimize takes a function of the parameters, not {type(f).__name__}.")
    if isinstance(start, Mapping):
        if bounds is not None and not isinstance(bounds, Mapping):
            raise ModelError(
                f"the bounds of a start with names are a dict of pairs, such as {{'a': (0, None)}}, not {bounds!r}."
            )
        return Problem.of_function(f, {str(name): _numbers(value) for name, value in start.items()}, bounds=bounds)
    name = _argument_name(f)
    pairs = bounds if bounds is None or isinstance(bounds, Mapping) else {name: bounds}
    return Problem.of_function(lambda params: f(params[name]), {name: _numbers(start)}, bounds=pairs)


def _argument_name(f: Callable[..., Any]) -> str:
    try:
        names = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        names = []
    return names[0] if names else "x"


def _numbers(start: Any) -> Array:
    try:
        array = np.asarray(detached(start))
    except ValueError:  # rows of different lengths
        array = np.array([])
    if array.size == 0 or array.dtype.kind not in "fiub":
        raise ModelError(f"start must be a number, an array of numbers or a dict of them, not {start!r}.")
    return array.astype(np.float64)
