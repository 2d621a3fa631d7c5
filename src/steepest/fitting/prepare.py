"""What a fit begins with: the problem, its start, and what is known of model and data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from steepest.autodiff.probe import first_non_finite
from steepest.base.errors import DataError, ModelError
from steepest.base.params import Array, Params
from steepest.base.random import Key
from steepest.fitting.constraints import Constraints, check_parameter
from steepest.fitting.model import FitData, FormulaModel, FunctionModel, Settled
from steepest.fitting.starts import Starts, guess, linear_of, natural_scales
from steepest.fitting.usual_errors import sized, tuned
from steepest.formula.formula import Formula
from steepest.nn.classification import ScoreLoss
from steepest.nn.losses import Loss
from steepest.nn.module import Module
from steepest.training.engines import evaluated
from steepest.training.problem import Problem


@dataclass(frozen=True)
class Given:
    """What a user says besides model and data; the names are those of `fit`."""

    target: Any = None
    loss: str | Loss = "mse"
    start: Mapping[str, Any] | None = None
    weights: Any = None
    sigma: Any = None
    fix: Mapping[str, Any] | None = None
    tie: Any = None
    bounds: Any = None
    drop_missing: bool = False

    @property
    def row_weights(self) -> tuple[Any, bool, str]:
        """What the rows are weighted by, whether incomplete rows are left out, and what the user calls the weights."""
        if self.sigma is None:
            return self.weights, self.drop_missing, "weights"
        return self.sigma, self.drop_missing, "sigma"

    def constraints(self, parameters: tuple[str, ...], columns: tuple[str, ...]) -> Constraints:
        """What is settled about these parameters."""
        return Constraints.read(parameters=parameters, columns=columns, fix=self.fix, tie=self.tie, bounds=self.bounds)


@dataclass(frozen=True)
class Prepared:
    """A problem ready to be descended, and what its answer needs.

    Attributes
    ----------
    problem : Problem
    model : FormulaModel or FunctionModel or None
        With all its parameters, those too that are fixed or tied.
    rows : FitData
    told : Constraints
    starts : Starts or None
        How the start was found, for a formula.
    """

    problem: Problem
    model: FormulaModel | FunctionModel | None
    rows: FitData
    told: Constraints
    starts: Starts | None = None


def of_problem(problem: Problem, given: Given) -> Prepared:
    """A Problem brings everything itself.

    Raises
    ------
    ModelError
        Something else was given, or it has no data to fit.
    """
    for name, nothing in vars(Given()).items():
        value = getattr(given, name)
        if value is not nothing and not (isinstance(value, str | bool) and value == nothing):
            raise ModelError(
                f"a Problem brings its own data, start, weights and loss: give {name} to the Problem itself."
            )
    if not problem.has_data:
        raise ModelError("this problem has no data; use minimize(f, start), or Run(problem, method).finish().")
    _refuse_labels(problem.loss_function)
    rows = FitData({}, problem.data.target, problem.data.weights, lambda row: f"row {row + 1}")
    return Prepared(problem, None, rows, Constraints())


def prepared(
    model: Any, data: Any, given: Given, seed: int, somewhere_to_go: bool, method: Any = None, steps: int | None = None
) -> Prepared:
    """A formula or a function, with its data.

    Parameters
    ----------
    model : str, Formula or callable
    data : object
    given : Given
    seed : int
        Of the search for a start.
    somewhere_to_go : bool
        Whether a formula's linear parameters start at 0 instead of at their best.
    method, steps : optional
        How the problem will be solved, and in how many steps at most, by which it is chosen what evaluates it.

    Raises
    ------
    FormulaError, DataError, ModelError, ShapeError
        See `fit`.
    """
    if isinstance(model, Module):
        raise ModelError(
            "a network is trained, not fitted: its weights mean nothing by themselves. Use train(net, x, y), which gives a Run."
        )
    size, loss = tuned(given.loss)
    _refuse_labels(loss)
    if isinstance(model, str | Formula):
        ready = _of_formula(model, data, given, loss, seed, somewhere_to_go)
    elif callable(model):
        ready = _of_function(model, data, given, loss)
    else:
        raise ModelError(f"a model is a formula, a function or a Problem, not {type(model).__name__}.")
    if method is not None:
        ready = replace(ready, problem=evaluated(ready.problem, method, steps))
    _finite_at_start(ready.problem, ready.rows)
    if size is not None:
        ready.problem.loss_function = sized(ready.problem, *size)
    return ready


def _of_formula(
    model: str | Formula, data: Any, given: Given, loss: Loss, seed: int, somewhere_to_go: bool
) -> Prepared:
    if data is None:
        raise DataError(
            "a formula needs data: fit('y ~ a + b*x', data), with a path, a data frame or a dict of arrays."
        )
    if given.target is not None:
        raise DataError("the left side of the formula says what is fitted; leave target out.")
    whole, rows = FormulaModel.read(model, data, *given.row_weights)
    told = given.constraints(whole.parameters, whole.bound.columns)
    fitted, rows = whole.settled(told), weighted_by_errors(rows, given)
    start = _given_start(given.start, fitted.parameters, told)
    for name, value in start.items():
        if value.ndim:
            raise ModelError(f"the start of {name!r} must be one number: parameters of a formula are numbers.")
    _enough_rows(rows, len(fitted.parameters))
    found = guess(fitted, rows, {name: float(x) for name, x in start.items()}, seed, loss, told.bounds)
    if somewhere_to_go:
        found = found.from_zero([name for name in linear_of(fitted) if name not in start])
    units = natural_scales(fitted, rows)
    values = {**told.within(found.values, units), **{name: float(x) for name, x in start.items()}}
    found = replace(found, values=values)
    first = Params({name: values[name] for name in fitted.parameters})
    scale = np.array([max(abs(values[name]), units[name]) for name in fitted.parameters])
    problem = Problem(fitted.predict, first, rows.columns, rows.observed, loss=loss, weights=rows.weights,
                      bounds=told.bounds, scale=scale, rowwise=True)  # fmt: skip
    problem.recipe = (fitted.bound.formula, fitted.bound.columns)
    return Prepared(problem, whole, rows, told, found)


def _of_function(model: Callable[..., Any], data: Any, given: Given, loss: Loss) -> Prepared:
    whole, rows = FunctionModel.read(model, data, given.target, *given.row_weights)
    told = given.constraints(whole.parameters, whole.inputs)
    fitted, rows = Settled(whole, told), weighted_by_errors(rows, given)
    start = _given_start(given.start, fitted.parameters, told)
    values: dict[str, Any] = {**told.within(dict.fromkeys(fitted.parameters, 1.0)), **start}
    first = Params({name: values[name] for name in fitted.parameters})
    _enough_rows(rows, first.flat.size)
    scale = np.maximum(np.abs(first.flat), 1e-300) if first.flat.all() else None
    problem = Problem(fitted.predict, first, rows.columns, rows.observed, loss=loss, weights=rows.weights,
                      bounds=told.bounds, scale=scale)  # fmt: skip
    return Prepared(problem, whole, rows, told)


def _refuse_labels(loss: Loss) -> None:
    if isinstance(loss, ScoreLoss) and loss.labels:
        raise ModelError(
            f"{loss.name} compares several scores a row with one label, and a fit compares a number with a number. Use "
            f"train(net, x, labels, loss={loss.name!r}) for a network, else Run(problem, method).finish()."
        )


def weighted_by_errors(data: FitData, given: Given) -> FitData:
    """The data with the rows weighted by 1/sigma**2, where `FitData.weights` was read from sigma."""
    if given.sigma is None:
        return data
    if given.weights is not None:
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
        check_parameter("start", name, parameters)
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
    if problem.recipe is not None and np.isfinite(problem.value(problem.start)):
        return  # a formula's numbers are real; what else returns none must say so
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
