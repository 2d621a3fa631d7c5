"""Columns of labels beside columns of numbers: what a network reads, which can make something of both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import DataError
from steepest.data.numeric import complete_rows, not_a_number, numbers_of, read_number
from steepest.data.table import Table

Label = str | int | float | bool
CATEGORY, NUMBER = "category", "number"


@dataclass(frozen=True, eq=False)
class MixedColumns:
    """Columns ready for encoding.

    Attributes
    ----------
    columns : dict of str to ndarray, shape (rows used,)
        Finite float64 for numbers, objects (text, whole numbers, numbers, truth values) for labels.
    rows_used : ndarray of int64
        The rows of the table that were kept, counted from 0.
    dropped : int
        How many rows were left out because a cell was missing or infinite.
    """

    columns: dict[str, NDArray[Any]]
    rows_used: NDArray[np.int64]
    dropped: int


def mixed_columns(table: Table, kinds: Mapping[str, str], drop_missing: bool = False) -> MixedColumns:
    """Some columns as numbers, others as labels.

    Parameters
    ----------
    table : Table
    kinds : mapping of str to {"number", "category"}
        The columns wanted, and what each is; see `kind_of`.
    drop_missing : bool
        Go on without incomplete rows instead of refusing them.

    Raises
    ------
    DataError
        As for `numeric_columns`; the missing label of a row is one, too.

    Examples
    --------
    >>> from steepest.data import read_table
    >>> table = read_table({"x": [1, 2, 3], "kind": ["a", "b", None]})
    >>> mixed_columns(table, {"x": "number", "kind": "category"}, drop_missing=True).columns
    {'x': array([1., 2.]), 'kind': array(['a', 'b'], dtype=object)}
    """
    table.require(kinds)
    columns: dict[str, NDArray[Any]] = {}
    present: dict[str, NDArray[np.float64]] = {}
    for name, kind in kinds.items():
        if kind == NUMBER:
            columns[name] = present[name] = numbers_of(table, name)
        else:
            columns[name] = _labels(table, name)
            present[name] = np.array([math.nan if cell is None else 0.0 for cell in columns[name]])
    rows_used = complete_rows(table, present, drop_missing)
    if len(rows_used) < table.rows:
        columns = {name: values[rows_used] for name, values in columns.items()}
    return MixedColumns(columns, rows_used, table.rows - len(rows_used))


def kind_of(table: Table, name: str, as_target: bool = False) -> str:
    """What a column is: ``number`` or ``category``.

    A column of text is a category, one whose every cell reads as a number is numbers. As a target, truth values and text that
    reads as whole numbers are categories, too: whoever stored them so meant names.

    Raises
    ------
    DataError
        Some cells read as numbers and others do not, which may be a slip; says where, and how to decide it.

    Examples
    --------
    >>> from steepest.data import read_table
    >>> table = read_table({"x": ["1", "2"], "kind": ["a", "b"]})
    >>> kind_of(table, "x"), kind_of(table, "x", as_target=True), kind_of(table, "kind")
    ('number', 'category', 'category')
    """
    values = table.columns[name]
    if values.dtype.kind == "b":
        return CATEGORY if as_target else NUMBER
    if values.dtype.kind not in "OUST":
        return NUMBER
    cells = values.tolist()
    read = [read_number(cell) for cell in cells]
    texts = [row for row, number in enumerate(read) if number is None]
    if not texts:
        whole = all(isinstance(cell, str | bytes | bool | None) for cell in cells) and all(
            math.isnan(number) or number.is_integer() for number in read if number is not None
        )
        return CATEGORY if as_target and whole and not all(map(_is_missing, read)) else NUMBER
    if not all(isinstance(cells[row], str | bytes | np.str_) for row in texts):
        return NUMBER  # dates and the like, which are refused as numbers are, in their own words
    if all(number is None or math.isnan(number) for number in read):
        return CATEGORY
    row, rest = texts[0], "numbers"
    if len(texts) > len(read) // 2:  # the numbers are the odd ones out
        row, rest = next(r for r, number in enumerate(read) if number is not None and not math.isnan(number)), "text"
    raise DataError(
        f"Column {name!r} has {cells[row]!r:.50} on {table.place(row)}, where most other cells are {rest}. Correct the cell if "
        f"it is a slip; if every value is the name of a class, write {CATEGORY}({name}) in the formula."
    )


def _is_missing(number: float | None) -> bool:
    return number is not None and math.isnan(number)


def _labels(table: Table, name: str) -> NDArray[Any]:
    """A column as labels: text without blanks around it, whole numbers as int, None where a cell is missing."""
    values = table.columns[name]
    if values.dtype.kind in "cmMV":
        raise not_a_number(table, name, values[0] if len(values) else values.dtype, 0, len(values))
    labels = np.empty(len(values), dtype=object)
    for row, cell in enumerate(values.tolist()):
        labels[row] = _label(table, name, row, cell)
    return labels


def _label(table: Table, name: str, row: int, cell: Any) -> Label | None:
    if isinstance(cell, bytes):
        cell = cell.decode("utf-8", errors="replace")
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    number = read_number(cell)
    if number is None:
        raise not_a_number(table, name, cell, row, 1)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
