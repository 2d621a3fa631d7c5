"""fit: the short way from a model and data to an answer."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from steepest.autodiff.probe import first_non_finite
from steepest.base.choices import chosen
from steepest.base.errors import DataError, ModelError
from steepest.base.params import Array, Params
from steepest.base.random import Key
from steepest.fitting.constraints import Constraints
from steepest.fitting.model import FitData, FormulaModel, FunctionModel, Settled
from steepest.fitting.result import INTERVALS, Fit
from steepest.fitting.starts import Starts, guess, linear_of, natural_scales
from steepest.formula.formula import Formula
from steepest.nn.classification import ScoreLoss
from steepest.nn.losses import TUNED, Loss, loss_named, mae
from steepest.nn.module import Module
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.optim.restarts import Restarts
from steepest.optim.search import Search
from steepest.optim.stopping import Stopping
from steepest.training.descent import Descent
from steepest.training.methods import method_named
from steepest.training.problem import Problem
from steepest.training.resume import finished
from steepest.training.run import Run

PILOT_STEPS = 100  # of the fit by mae that shows how large usual errors are


def fit(
    model: str | Formula | Problem | Callable[..., Any],
    data: Any = None,
    target: Any = None,
    *,
    loss: str | Loss = "mse",
    method: Any = None,
    start: Mapping[str, Any] | None = None,
    weights: Any = None,
    sigma: Any = None,
    fix: Mapping[str, Any] | None = None,
    tie: Any = None,
    bounds: Any = None,
    learning_rate: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    time: float | None = None,
    threshold: float | None = None,
    patience: int | None = None,
    tolerance: float = 1e-8,
    seed: int = 0,
    intervals: str = "t",
    drop_missing: bool = False,
    hooks: Any = (),
    snapshots: Any = (),
    checkpoints: Any = None,
    resume: bool = False,
) -> Fit:
    """Fit a model to data.

    Parameters
    ----------
    model : str, Formula, callable or Problem
        A formula such as ``"y ~ a + b*x"``; a function ``f(t, a, b)`` whose first arguments are data and whose others are
        parameters; or a Problem, followed by a method. For networks there is `train`.
    data : path, data frame, dict of arrays, array, or tuple of arrays
        For a formula: anything with named columns. For a function: ``(t,)``, or named columns with `target` a column's name.
    target : array or str, optional
        For a function only; for a formula it is the left side.
    loss : {"mse", "rmse", "mae", "huber", "log_cosh"} or Loss
        Of a formula or function ``huber`` and ``log_cosh`` take the size of usual errors from the data, in the target's unit:
        so many standard deviations of the good rows that 95 % of the efficiency of mse is kept, the standard deviation being
        1.4826 times the median size of the residuals of a fit by mae. "huber(0.5)" and "log_cosh(0.5)" set it.
    method : str or Method, optional
        levenberg_marquardt (the default), lbfgs, gradient_descent, adam, restarts, genetic and others. With a learning rate the
        default is gradient_descent, with only a batch size adam.
    start : mapping of str to number or array, optional
        Where to start; what is left out is guessed for a formula, and 1 for a function. A descent rule that is asked for by
        name starts a formula's linear parameters at 0, so that there is something to descend.
    weights : array or str, optional
        Relative weights of the rows, or the name of a column that holds them. A row of weight 0 does not count.
    sigma : array or str, optional
        The standard error of each observation, or the name of a column that holds them: absolute, in the target's unit. Rows
        are weighted by 1/sigma**2 and the parameters' errors follow from sigma alone, not from the scatter of the residuals.
    fix : mapping of str to number, optional
        Parameters that are not fitted, with their values.
    tie : mapping of str to str, or str, or list of str, optional
        Parameters that follow from others: ``"d = 2*c"``.
    bounds : mapping of str to (low, high), or str, optional
        ``{"b": (0, None)}`` or ``"b > 0, 0 < c < 1"``; the bound itself belongs to it.
    learning_rate : float or callable, optional
        In the user's units; found from the curvature if left out.
    batch_size, steps, time, threshold, patience, tolerance, seed, hooks, snapshots
        See `Descent`, `Run` and `Stopping`.
    checkpoints : path, optional
        A folder in which to save the run once a minute and at its end (not for lbfgs, which cannot stop and go on).
    resume : bool
        Go on from the newest whole checkpoint there, to the same bits as if the run had never stopped.
    intervals : {"t", "profile", "bootstrap"}
        What intervals the summary shows; see `Fit.confidence_intervals`.
    drop_missing : bool
        Leave out rows with missing or infinite values instead of refusing them.

    Returns
    -------
    Fit

    Raises
    ------
    FormulaError, DataError, ModelError, ShapeError
        What was given does not fit together; names the file, row, column or parameter, and what to do.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> t = np.arange(5.0)
    >>> sd.fit("y ~ a*exp(-b*t)", {"t": t, "y": 3 * np.exp(-0.5 * t)}).params["b"].__round__(9)
    0.5
    >>> answer = sd.fit(lambda t, a, b: a + b * t, (t,), 1 + 2 * t)
    >>> round(answer.params["b"], 9)
    2.0
    """
    saving = (checkpoints, resume)
    intervals = chosen("kind of interval", intervals, INTERVALS)
    options = {"steps": steps, "time": time, "seed": seed, "hooks": hooks, "snapshots": snapshots}
    stopping = Stopping(tolerance=tolerance, threshold=threshold, patience=patience)
    if isinstance(model, Problem):
        given = {"target": target, "start": start, "weights": weights, "loss": None if loss == "mse" else loss,
                 "sigma": sigma, "fix": fix, "tie": tie, "bounds": bounds, "drop_missing": drop_missing or None}  # fmt: skip
        extra = next((name for name, value in given.items() if value is not None), None)
        if extra is not None:
            raise ModelError(
                f"a Problem brings its own data, start, weights and loss: give {extra} to the Problem itself."
            )
        return _fit_problem(
            model, data if method is None else method, options, stopping, learning_rate, batch_size, saving
        ).showing(intervals)
    if isinstance(model, Module):
        raise ModelError(
            "a network is trained, not fitted: its weights mean nothing by themselves. Use train(net, x, y), which gives a Run."
        )
    tuned, loss = _tuned(loss)
    role = "weights" if sigma is None else "sigma"
    _refuse_labels(loss)
    if isinstance(model, (str, Formula)):
        if data is None:
            raise DataError(
                "a formula needs data: fit('y ~ a + b*x', data), with a path, a data frame or a dict of arrays."
            )
        if target is not None:
            raise DataError("the left side of the formula says what is fitted; leave target out.")
        ready, rows = FormulaModel.read(model, data, weights if sigma is None else sigma, drop_missing, role)
        told = Constraints.read(
            parameters=ready.parameters, columns=ready.bound.columns, fix=fix, tie=tie, bounds=bounds
        )
        bound = ready.settled(told)
        rows = _by_errors(rows, weights, sigma)
        starts = _given_start(start, bound.parameters, told)
        for name, value in starts.items():
            if value.ndim:
                raise ModelError(f"the start of {name!r} must be one number: parameters of a formula are numbers.")
        _enough_rows(rows, len(bound.parameters))
        asked = method_named(_method_for(loss, method, learning_rate, batch_size), learning_rate, batch_size)
        found = guess(bound, rows, {name: float(x) for name, x in starts.items()}, seed, loss, told.bounds)
        begun: Starts | None = found
        values: Mapping[str, Any] = found.values
        if isinstance(asked, Descent | Search | Restarts):  # what is asked for by name has something to descend
            values = {**values, **dict.fromkeys(set(linear_of(bound)) - set(starts), 0.0)}
        values = told.within(values) if not starts else {**told.within(values), **starts}
        units = natural_scales(bound, rows)
        scale: Array | None = np.array([max(abs(float(values[name])), units[name]) for name in bound.parameters])
        whole: FormulaModel | FunctionModel = ready
        fitted: FormulaModel | Settled = bound
    elif callable(model):
        function, rows = FunctionModel.read(
            model, data, target, weights if sigma is None else sigma, drop_missing, role
        )
        told = Constraints.read(
            parameters=function.parameters, columns=function.inputs, fix=fix, tie=tie, bounds=bounds
        )
        whole, fitted, rows = function, Settled(function, told), _by_errors(rows, weights, sigma)
        asked = method_named(_method_for(loss, method, learning_rate, batch_size), learning_rate, batch_size)
        starts = _given_start(start, fitted.parameters, told)
        values = {**told.within(dict.fromkeys(fitted.parameters, 1.0)), **starts}
        scale, begun = None, None
    else:
        raise ModelError(f"a model is a formula, a function or a Problem, not {type(model).__name__}.")
    first = Params({name: values[name] for name in fitted.parameters})
    _enough_rows(rows, first.flat.size)
    problem = Problem(
        fitted.predict, first, rows.columns, rows.observed, loss=loss, weights=rows.weights, bounds=told.bounds,
        scale=np.maximum(np.abs(first.flat), 1e-300) if scale is None and first.flat.all() else scale,
        rowwise=isinstance(fitted, FormulaModel) or None,
    )  # fmt: skip
    _finite_at_start(problem, rows)
    if tuned is not None:
        problem.loss_function = _by_usual_error(problem, *tuned)
    return Fit(finished(Run(problem, asked, stopping=stopping, **options), *saving), whole, rows, told, begun).showing(
        intervals
    )


def _fit_problem(
    problem: Problem, method: Any, options: Any, stopping: Stopping, rate: Any, batch: Any, saving: tuple[Any, bool]
) -> Fit:
    if not problem.has_data:
        raise ModelError("this problem has no data; use minimize(f, start), or Run(problem, method).finish().")
    _refuse_labels(problem.loss_function)
    chosen = method_named(_method_for(problem.loss_function, method, rate, batch), rate, batch)
    rows = FitData({}, problem.data.target, problem.data.weights, lambda row: f"row {row + 1}")
    return Fit(finished(Run(problem, chosen, stopping=stopping, **options), *saving), None, rows)


def _refuse_labels(loss: Loss) -> None:
    if isinstance(loss, ScoreLoss) and loss.labels:
        raise ModelError(
            f"{loss.name} compares several scores a row with one label, and a fit compares a number with a number. Use "
            f"train(net, x, labels, loss={loss.name!r}) for a network, else Run(problem, method).finish()."
        )


def _method_for(loss: Loss, method: Any, learning_rate: Any, batch_size: Any) -> Any:
    """The method where none is named: what is given besides says which kind is meant."""
    if method is not None:
        return method
    if learning_rate is not None:
        return "gradient_descent"
    if batch_size is not None:
        return "adam"
    return "levenberg_marquardt" if loss.slope is not None else "lbfgs"


def _tuned(loss: str | Loss) -> tuple[tuple[Callable[[float], Loss], float] | None, Loss]:
    """A loss whose unit is to be found in the data, with what begins in its place; or None and the loss."""
    known = loss_named(loss)
    if isinstance(loss, str) and "(" not in loss and known.name in TUNED:
        return TUNED[known.name], mae
    return None, known


def _by_usual_error(problem: Problem, make: Callable[[float], Loss], deviations: float) -> Loss:
    """The loss of the size that the residuals of a fit by mae show."""
    run = Run(problem, LevenbergMarquardt(), steps=PILOT_STEPS).finish()
    counted = problem.row_weights > 0
    with np.errstate(all="ignore"):
        size = np.abs(problem.residuals(run.params))[counted]
        usual = 1.4826 * float(np.median(size))  # the standard deviation of normal errors (Hampel, JASA 69, 1974)
        least = 1e-9 * float(np.max(np.abs(problem.data.target), initial=0.0))
    if not math.isfinite(usual):
        return make(1.0)
    return make(float(f"{deviations * max(usual, least, 1e-300):.3g}"))


def _by_errors(data: FitData, weights: Any, sigma: Any) -> FitData:
    """The data with the rows weighted by 1/sigma**2, where `FitData.weights` was read from sigma."""
    if sigma is None:
        return data
    if weights is not None:
        raise ModelError("give weights (relative) or sigma (standard errors of the rows), not both.")
    assert data.weights is not None
    bad = np.flatnonzero(~(np.isfinite(data.weights) & (data.weights > 0)))
    if bad.size:
        raise DataError(f"sigma must be positive and finite; {data.place(int(bad[0]))} has {data.weights[bad[0]]:g}.")
    with np.errstate(all="ignore"):
        inverse = 1.0 / data.weights**2
    if not (np.isfinite(inverse).all() and inverse.all()):
        raise DataError("the squares of sigma are beyond float64; give the target in another unit.")
    return replace(data, weights=inverse, absolute=True)


def _given_start(start: Mapping[str, Any] | None, parameters: tuple[str, ...], told: Constraints) -> dict[str, Array]:
    given: dict[str, Array] = {}
    for name, value in (start or {}).items():
        if told.word(name):
            raise ModelError(f"start names {name!r}, which is not fitted: it is {told.word(name)}.")
        if name not in parameters:
            near = difflib.get_close_matches(name, parameters, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ModelError(
                f"start names {name!r}, which is not a parameter.{hint} The parameters are {', '.join(parameters)}."
            )
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise ModelError(f"the start of {name!r} must be a number, not {value!r}.") from None
        if not np.isfinite(array).all():
            raise ModelError(f"the start of {name!r} must be finite, not {value!r}.")
        given[name] = array
    return given


def _enough_rows(data: FitData, parameters: int) -> None:
    counted = len(data.observed) if data.weights is None else int(np.count_nonzero(data.weights))
    if counted * math.prod(data.observed.shape[1:]) < parameters:
        weighted = "" if data.weights is None else " with a weight above zero"
        raise DataError(
            f"{counted} row{'s' * (counted != 1)}{weighted} cannot determine {parameters} parameters. Give more rows, or a "
            f"formula with fewer parameters."
        )


def _finite_at_start(problem: Problem, data: FitData) -> None:
    """Refuse a start where the model or the loss is not finite, naming the row and the operation."""
    outputs = problem.outputs(problem.start)
    if outputs.dtype.kind not in "fiub":
        raise ModelError(f"the model must return real numbers, one for each row, not {outputs.dtype}.")
    if np.isfinite(outputs).all():
        if not np.isfinite(problem.value(problem.start)):
            largest = float(np.max(np.abs(np.asarray(outputs / 2 - data.observed / 2)))) * 2
            raise DataError(
                f"the {problem.loss_function.name} of residuals as large as {largest:.1e} is beyond the largest number that "
                "float64 has (1.8e308). Give the target in a larger unit."
            )
        return
    row = int(np.argwhere(~np.isfinite(np.broadcast_to(outputs, np.shape(data.observed))))[0][0])
    values = ", ".join(
        f"{name} = {x:.6g}" for name, x in zip(problem.start.element_names(), problem.start.flat, strict=True)
    )
    cause = _cause(problem)
    raise ModelError(
        f"the model is {np.ravel(outputs)[min(row, np.size(outputs) - 1)]} in {data.place(row)} at the start {values}{cause}. "
        f"Give another start with start= (--start)."
    )


def _cause(problem: Problem) -> str:
    """The operation that was first not finite, in words."""

    def model(params: Any, columns: Any) -> Any:
        return problem.predict(params, problem.initial_state, columns, Key(0), False)

    try:
        found = first_non_finite(model, dict(problem.start), problem.data.inputs)
    except Exception:  # a model that cannot be replayed under the recorder: the row alone must do
        return ""
    if found is None:
        return ""
    return f": {found.operation} of {', '.join(f'{x:.6g}' for x in found.inputs)} is {found.value}"
