"""Columns as numbers: float64, finite, and an error that names the cell where that cannot be."""

from __future__ import annotations

import datetime
import math
import numbers
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import DataError

if TYPE_CHECKING:
    from steepest.data.table import Table

_MISSING_TYPES = {"NoneType", "NAType", "NaTType"}  # None, pandas.NA and pandas.NaT, without importing pandas
_DATES = (datetime.date, datetime.time, np.datetime64)
_DURATIONS = (datetime.timedelta, np.timedelta64)
_HINTS = (
    (r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", "Write the number without thousands separators."),
    (r"[+-]?\d*,\d+([eE][+-]?\d+)?", "Write the decimal comma as a point."),
    (
        r"[$€£]\s?[\d.,]+|[+-]?\d[\d.,]*([eE][+-]?\d+)?\s?[^\s\d]{1,5}",
        "Write the number alone, and its unit in the column's name.",
    ),
    (r"(?s).*\n.*", "The text runs over several lines: is a quotation mark missing at its end?"),
)
_USUAL_HINT = "Correct the cell, or leave it empty if the value is missing."


@dataclass(frozen=True, eq=False)
class NumericColumns:
    """Columns ready for arithmetic.

    Attributes
    ----------
    columns : dict of str to ndarray of float64, shape (rows used,)
        Finite, C-contiguous, native byte order, and nobody else's memory.
    rows_used : ndarray of int64
        The rows of the table that were kept, counted from 0.
    dropped : int
        How many rows were left out because a cell was missing or infinite.
    """

    columns: dict[str, NDArray[np.float64]]
    rows_used: NDArray[np.int64]
    dropped: int


def numeric_columns(
    table: Table, names: Collection[str], drop_missing: bool = False, shared: bool = False
) -> NumericColumns:
    """The named columns of a table as finite float64 arrays.

    Truth values become 0 and 1, decimals and fractions the nearest float64, text that reads as a number that number.
    Integers beyond 2**53 are rounded to the nearest float64, as in all floating-point arithmetic.

    Parameters
    ----------
    table : Table
        What `read_table` gave.
    names : collection of str
        The columns wanted.
    drop_missing : bool
        Go on without the rows in which one of these columns is missing, NaN or infinite, instead of refusing.
    shared : bool
        Whether arrays of the table that are ready for arithmetic are given as they are, not copied.

    Raises
    ------
    DataError
        A column is not there; holds text, dates, complex numbers or nested values; has missing or infinite cells and
        `drop_missing` is False; or no row is left. Names the column, the line or row of the first such cell, and how many.

    Examples
    --------
    >>> from steepest.data import read_table
    >>> table = read_table({"x": [1, 2, None], "y": [0.5, 1.5, 2.5]})
    >>> kept = numeric_columns(table, ["x", "y"], drop_missing=True)
    >>> kept.columns["y"], kept.rows_used, kept.dropped
    (array([0.5, 1.5]), array([0, 1]), 1)
    """
    table.require(names)
    columns = {name: numbers_of(table, name, shared) for name in names}
    rows_used = complete_rows(table, columns, drop_missing)
    dropped = table.rows - len(rows_used)
    if dropped:
        columns = {name: values[rows_used] for name, values in columns.items()}
    return NumericColumns(columns, rows_used, dropped)


def complete_rows(
    table: Table, columns: Mapping[str, NDArray[np.float64]], drop_missing: bool = False
) -> NDArray[np.int64]:
    """The rows, counted from 0, in which all of these columns are finite; others are refused unless they may be left out.

    Raises
    ------
    DataError
        See `numeric_columns`.
    """
    usable = np.ones(table.rows, dtype=np.bool_)
    for values in columns.values():
        usable &= np.isfinite(values)
    whole = bool(usable.all())
    rows_used = np.arange(table.rows) if whole else np.flatnonzero(usable).astype(np.int64, copy=False)
    dropped = table.rows - len(rows_used)
    if dropped and not drop_missing:
        raise _missing(table, columns, dropped)
    if dropped and len(rows_used) == 0:
        raise DataError(
            f"Nothing is left of {table.source}: each of its {table.rows} rows has a missing or infinite value in "
            f"{' or '.join(map(repr, columns))}. Fill in the missing values."
        )
    return rows_used


def _missing(table: Table, columns: Mapping[str, NDArray[np.float64]], affected: int) -> DataError:
    """The error for the first column with cells that are missing or infinite."""
    name, values = next((name, values) for name, values in columns.items() if not np.isfinite(values).all())
    bad = np.flatnonzero(~np.isfinite(values))
    first = "missing (empty or NaN)" if np.isnan(values[bad[0]]) else "infinite"
    more = f" (the first of {len(bad)} such cells of this column)" if len(bad) > 1 else ""
    return DataError(
        f"Column {name!r} is {first} on {table.place(int(bad[0]))}{more}; {affected} of {table.rows} rows cannot be used. "
        "Fill in the values, or go on without these rows: drop_missing=True, or --drop-missing on the command line."
    )


def numbers_of(table: Table, name: str, shared: bool = False) -> NDArray[np.float64]:
    """A column as a float64 array, NaN where a cell is missing; a new one unless `shared`."""
    values = table.columns[name]
    kind = values.dtype.kind
    if kind in "biuf":
        with np.errstate(all="ignore"):  # what overflows becomes infinite and is reported as such
            return np.array(
                values, dtype=np.float64, order="C", copy=None if shared and values.flags.writeable else True
            )
    if kind in "cmMV":
        raise not_a_number(table, name, values[0] if len(values) else values.dtype, 0, len(values))
    cells = values.tolist()
    result = np.empty(len(cells))
    refused: list[int] = []
    for row, cell in enumerate(cells):
        number = read_number(cell)
        if number is None:
            refused.append(row)
        else:
            result[row] = number
    if refused:
        raise not_a_number(table, name, cells[refused[0]], refused[0], len(refused))
    return result


def read_number(cell: Any) -> float | None:
    """A cell as a float, NaN if it is missing, None if it is not a real number."""
    if isinstance(cell, bytes):
        cell = cell.decode("utf-8", errors="replace")
    if isinstance(cell, str):
        text = cell.strip()
        if not text:
            return math.nan
        try:
            return None if "_" in text else float(text)  # Python alone reads 1_000 as a number
        except ValueError:
            return None
    if type(cell).__name__ in _MISSING_TYPES:
        return math.nan
    if isinstance(cell, np.ndarray) and cell.ndim == 0:
        return read_number(cell.item())
    if isinstance(cell, numbers.Real | Decimal | np.bool_):
        try:
            return float(cell)
        except OverflowError:  # an integer beyond the largest float64
            return math.inf
        except ValueError:  # a signalling NaN of the decimal module
            return math.nan
    return None


def not_a_number(table: Table, name: str, cell: Any, row: int, count: int) -> DataError:
    """The error for a column with cells that are not real numbers."""
    if isinstance(cell, bytes):
        cell = cell.decode("utf-8", errors="replace")
    if isinstance(cell, str):
        what = f"the text {_shortened(cell)!r}"
        hint = next((hint for pattern, hint in _HINTS if re.fullmatch(pattern, cell.strip())), _USUAL_HINT)
    elif isinstance(cell, _DURATIONS):
        what = f"the duration {cell}"
        hint = "Convert the column to a number first, for example of days."
    elif isinstance(cell, _DATES):
        shown = np.datetime_as_string(cell, unit="auto") if isinstance(cell, np.datetime64) else cell
        what = f"the date or time {shown}"
        hint = "Convert the column to a number first, for example days since the first row, or a decimal year."
    elif isinstance(cell, complex | np.complexfloating):
        what = f"the complex number {cell}"
        hint = "Take its real part, imaginary part or absolute value first."
    elif isinstance(cell, list | dict | tuple | set | np.ndarray):
        what = f"the nested value {_shortened(str(cell))}"
        hint = "Give each of its parts a column of its own."
    else:
        what = f"a value of type {type(cell).__name__}"
        hint = "Convert the column to numbers first."
    more = f" (the first of {count} such cells of this column)" if count > 1 else ""
    return DataError(f"Column {name!r} has {what} on {table.place(row)}{more}, where a number belongs. {hint}")


def _shortened(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
