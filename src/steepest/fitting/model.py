"""Models: a formula or a Python function, made ready for data."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from steepest.base.choices import suggestion
from steepest.base.errors import DataError, ModelError, ShapeError
from steepest.base.params import Array
from steepest.data import NumericColumns, Source, Table, numeric_columns, open_data
from steepest.fitting.constraints import Constraints
from steepest.formula.formula import BoundFormula, Formula


@dataclass(frozen=True)
class FitData:
    """The data of a fit, ready for arithmetic.

    Attributes
    ----------
    columns : dict of str to ndarray
        What the model reads, by name; first axis rows.
    observed : ndarray, shape (n,)
        What it is compared with.
    weights : ndarray or None
    place : callable
        Row number (from 0) to words: "line 17 of co2.csv".
    dropped : int
        Rows left out because a value was missing.
    absolute : bool
        Whether the weights are 1/sigma**2 with known standard errors sigma, not only relative.
    """

    columns: dict[str, Array]
    observed: Array
    weights: Array | None
    place: Callable[[int], str]
    dropped: int = 0
    absolute: bool = False


class Model(Protocol):
    """What a fit needs of a model."""

    @property
    def parameters(self) -> tuple[str, ...]: ...
    def predict(self, params: Mapping[str, Any], columns: Mapping[str, Any]) -> Any: ...
    def columns_of(self, data: Any) -> dict[str, Array]: ...


@dataclass(frozen=True)
class FormulaModel:
    """A formula bound to the columns of some data."""

    bound: BoundFormula
    parameters: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", self.bound.parameters)

    @classmethod
    def read(
        cls, formula: str | Formula, data: Any, weights: Any, drop_missing: bool, role: str = "weights"
    ) -> tuple[FormulaModel, FitData]:
        """Bind a formula to data and read what it needs; `role` is what the user calls the weights.

        Raises
        ------
        FormulaError, DataError
            See `Formula.bind` and `steepest.data.numeric_columns`; also where the left side is not finite.
        """
        formula = formula if isinstance(formula, Formula) else Formula(formula)
        source = open_data(data)
        bound = formula.bind(source.names)
        wanted = (*bound.columns, *bound.target_columns)
        numbers, place, row_weights = _read_columns(source, wanted, weights, drop_missing, role)
        with np.errstate(all="ignore"):
            observed = np.asarray(bound.observed(numbers.columns), dtype=np.float64)
        finite = np.isfinite(observed)
        if not finite.all():
            bad = np.flatnonzero(~finite)
            cells = ", ".join(f"{name} = {numbers.columns[name][bad[0]]:g}" for name in bound.target_columns)
            raise DataError(
                f"the left side {bound.target_text} is {observed[bad[0]]} in {place(bad[0])}, where {cells} "
                f"({bad.size} such row{'s' * (bad.size > 1)}). Leave such rows out, or fit another function of the column."
            )
        columns = {name: numbers.columns[name] for name in bound.columns}
        return cls(bound), FitData(columns, observed, row_weights, place, numbers.dropped)

    def settled(self, told: Constraints) -> FormulaModel:
        """The model of the parameters that are left to fit."""
        formula = told.settled(self.bound.formula)
        return self if formula is self.bound.formula else FormulaModel(formula.bind(self._all_columns))

    @property
    def _all_columns(self) -> tuple[str, ...]:
        return (*self.bound.columns, *self.bound.target_columns)

    def predict(self, params: Mapping[str, Any], columns: Mapping[str, Any]) -> Any:
        """The right side of the formula."""
        return self.bound.predict(params, columns)

    def columns_of(self, data: Any) -> dict[str, Array]:
        """The columns that a prediction needs, from data in any form."""
        source = open_data(data)
        if not self.bound.columns:  # `y ~ c`: only the number of rows counts
            return {"": np.zeros(source.read(source.names[:1]).rows)}
        return dict(numeric_columns(source.read(self.bound.columns), self.bound.columns).columns)


@dataclass(frozen=True)
class FunctionModel:
    """A Python function ``f(inputs…, parameters…)``."""

    function: Callable[..., Any]
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]

    @classmethod
    def read(
        cls,
        function: Callable[..., Any],
        data: Any,
        target: Any,
        weights: Any,
        drop_missing: bool,
        role: str = "weights",
    ) -> tuple[FunctionModel, FitData]:
        """Tell a function's inputs from its parameters, and make the data ready.

        `data` is a tuple of arrays (the first arguments), one array (the first argument), or named columns (a dict, a data
        frame or a path with `target` a column's name), whose names say which arguments are inputs.
        """
        names = _argument_names(function)
        if target is None or data is None:
            raise DataError(
                "a function needs data and a target: fit(f, (t,), y), or fit(f, data, 'name of the column')."
            )
        if isinstance(target, str):
            source = open_data(data)
            inputs = tuple(name for name in names if name in source.names)
            if target not in source.names:
                raise DataError(_unknown("target column", target, source.names))
            numbers, place, row_weights = _read_columns(source, (*inputs, target), weights, drop_missing, role)
            columns = {name: numbers.columns[name] for name in inputs}
            observed, dropped = numbers.columns[target], numbers.dropped
        else:
            parts = dict(data) if isinstance(data, Mapping) else data if isinstance(data, tuple) else (data,)
            if isinstance(parts, tuple):
                if len(parts) >= len(names):
                    raise ModelError(
                        f"{_title(function)} takes {len(names)} arguments; with {len(parts)} of data none is left to fit."
                    )
                parts = dict(zip(names, parts))
            unknown = [name for name in parts if name not in names]
            if unknown:
                raise ModelError(
                    f"{_title(function)} has no argument {unknown[0]!r}; its arguments are {', '.join(names)}."
                )
            inputs = tuple(name for name in names if name in parts)
            columns = {name: _numbers(parts[name], name) for name in inputs}
            observed = _numbers(target, "the target")

            if isinstance(weights, str):
                raise DataError(
                    f"{role} can name a column only if the target names one, too; give an array of numbers."
                )
            row_weights = weights_of_rows(weights, len(observed), role)
            used = _complete_rows(columns, observed, drop_missing)
            dropped = len(observed) - len(used)
            if dropped:
                columns, observed = {name: a[used] for name, a in columns.items()}, observed[used]
                row_weights = None if row_weights is None else row_weights[used]

            def place(row: int) -> str:
                return f"row {used[row] + 1}"

        parameters = tuple(name for name in names if name not in inputs)
        if not parameters:
            raise ModelError(f"{_title(function)} has no argument left to fit: all of them are data.")
        return cls(function, inputs, parameters), FitData(columns, observed, row_weights, place, dropped)

    def predict(self, params: Mapping[str, Any], columns: Mapping[str, Any]) -> Any:
        """The function's value."""
        return self.function(**{name: columns[name] for name in self.inputs}, **params)

    def columns_of(self, data: Any) -> dict[str, Array]:
        """The inputs of a prediction: a tuple, one array, or named columns.

        Raises
        ------
        DataError
            There are more or fewer arrays than inputs, an input is missing, or they differ in length.
        """
        if _is_frame(data):
            return dict(numeric_columns(open_data(data).read(self.inputs), self.inputs).columns)
        parts = data if isinstance(data, Mapping) else data if isinstance(data, tuple) else (data,)
        if isinstance(parts, tuple):
            if len(parts) != len(self.inputs):
                raise DataError(
                    f"a prediction needs {len(self.inputs)} of data ({', '.join(self.inputs)}), not {len(parts)}: give them as a "
                    "tuple in this order, or by name in a dict or a data frame."
                )
            parts = dict(zip(self.inputs, parts))
        for name in self.inputs:
            if name not in parts:
                raise DataError(_unknown("input", name, list(parts)))
        columns = {name: np.atleast_1d(_numbers(parts[name], name, single=True)) for name in self.inputs}
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(
                f"the inputs differ in length: {', '.join(f'{name} has {n}' for name, n in lengths.items())}."
            )
        return columns


@dataclass(frozen=True)
class Settled:
    """A function of the parameters that are left to fit."""

    model: FunctionModel
    told: Constraints

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.told.free(self.model.parameters)

    def predict(self, params: Mapping[str, Any], columns: Mapping[str, Any]) -> Any:
        """The function's value."""
        return self.model.predict(self.told.expanded(params), columns)


def predictions(model: Model, params: Mapping[str, Any], data: Any, per_row: tuple[int, ...] = ()) -> Array:
    """What a model says for data in any form, shape (n, *per_row)."""
    columns = model.columns_of(data)
    rows = len(next(iter(columns.values())))
    with np.errstate(all="ignore"):
        outputs = np.asarray(model.predict(params, columns))
    return np.array(np.broadcast_to(outputs, (rows, *per_row))) if outputs.ndim == 0 else outputs


def _is_frame(data: Any) -> bool:
    """Whether data has named columns, or is the path of something that has."""
    if isinstance(data, str | os.PathLike | Table | Source):
        return True
    if isinstance(data, Mapping | tuple | list | np.ndarray) or hasattr(data, "_data"):
        return False
    return hasattr(data, "columns") or hasattr(data, "column_names") or hasattr(data, "collect_schema")


def _read_columns(
    source: Source, wanted: Iterable[str], weights: Any, drop_missing: bool, role: str
) -> tuple[NumericColumns, Callable[[int], str], Array | None]:
    """Some columns as numbers, how a row is called, and the weights, which may be a column too."""
    if isinstance(weights, str):
        if weights not in source.names:
            raise DataError(_unknown(f"{role} column", weights, source.names))
        wanted = (*wanted, weights)
    unique = tuple(dict.fromkeys(wanted))
    table = source.read(unique)
    numbers = numeric_columns(table, unique, drop_missing=drop_missing, shared=source.fresh)
    rows, named = numbers.rows_used if numbers.dropped else None, replace(table, columns={})  # what `place` keeps alive

    def place(row: int) -> str:
        return named.place(row if rows is None else int(rows[row]))

    if isinstance(weights, str):
        row_weights: Array | None = numbers.columns[weights]
    else:
        row_weights = weights_of_rows(weights, table.rows, role)
        row_weights = row_weights if row_weights is None or rows is None else row_weights[rows]
    refuse_negative(row_weights, role, place)
    return numbers, place, row_weights


def refuse_negative(weights: Array | None, role: str, place: Callable[[int], str]) -> None:
    """Raise `DataError` for the first weight below 0; `role` is what the user calls the weights."""
    if weights is not None and (weights < 0).any():
        row = int(np.flatnonzero(weights < 0)[0])
        raise DataError(f"{role} must not be negative; {place(row)} has {weights[row]:g}.")


def weights_of_rows(weights: Any, rows: int, role: str) -> Array | None:
    """Weights given as numbers, one for each of so many rows; None for none."""
    if weights is None:
        return None
    array = _numbers(weights, role)
    if array.shape != (rows,):
        raise ShapeError(f"{role} must have one number for each of the {rows} rows, not shape {array.shape}.")
    return array


def _argument_names(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"cannot read the arguments of {_title(function)}: {error}. Wrap it in a def or lambda."
        ) from None
    if any(q.kind in (q.VAR_POSITIONAL, q.VAR_KEYWORD, q.POSITIONAL_ONLY) for q in parameters):
        raise ModelError(
            f"{_title(function)} must name its arguments one by one, without * or /: they name the parameters."
        )
    return [q.name for q in parameters]


def _title(function: Any) -> str:
    name = getattr(function, "__name__", "")
    return "the function" if name in ("", "<lambda>") else f"{name}()"


def _unknown(kind: str, name: str, known: Any) -> str:
    return f"there is no {kind} {name!r}.{suggestion(name, known)} The columns are {', '.join(known)}."


def _numbers(values: Any, name: str, single: bool = False) -> Array:
    try:
        array = np.asarray(getattr(values, "_data", values))
        array = array.astype(np.float64) if array.dtype.kind in "iubfO" else array
    except (TypeError, ValueError):
        raise DataError(f"{name} must hold numbers.") from None
    if array.dtype.kind != "f":
        raise DataError(f"{name} must hold real numbers, not {array.dtype}.")
    if array.ndim == 0 and not single:
        raise DataError(f"{name} must have one value for each row; it is a single number.")
    return array


def _complete_rows(columns: Mapping[str, Array], observed: Array, drop_missing: bool) -> Array:
    """The places of the rows that are finite; the others are refused unless they may be left out."""
    arrays = {**columns, "the target": observed}
    for name, array in arrays.items():
        if len(array) != len(observed):
            raise DataError(f"{name} has {len(array)} rows, the target has {len(observed)}.")
    keep = np.ones(len(observed), dtype=bool)
    for name, array in arrays.items():
        finite = np.isfinite(array.reshape(len(array), -1)).all(axis=1)
        if not finite.all() and not drop_missing:
            row = int(np.flatnonzero(~finite)[0])
            raise DataError(
                f"{name} holds {_not_finite(array[row])} in row {row + 1} ({int((~finite).sum())} such rows). Correct the "
                f"data, or leave such rows out with drop_missing=True (--drop-missing)."
            )
        keep &= finite
    if not keep.any():
        raise DataError(
            "no row is left: each has a missing or infinite value." if len(keep) else "there are no rows of data."
        )
    return np.flatnonzero(keep)


def _not_finite(cell: Array) -> str:
    return f"{np.ravel(cell)[~np.isfinite(np.ravel(cell))][0]}"
