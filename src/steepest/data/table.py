"""The table: named columns as they were read, and where each row came from."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import DataError
from steepest.data.numeric import numeric_columns

_LISTED = 12  # columns named in an error before "and … more"


def unknown_column(name: str, available: Sequence[str], source: str) -> DataError:
    """The error for a column that is not there: it offers the nearest names and lists what there is."""
    by_lower_case = {other.lower(): other for other in reversed(available)}
    near = difflib.get_close_matches(name.lower(), by_lower_case, n=3, cutoff=0.6)
    offer = f" Did you mean {' or '.join(repr(by_lower_case[other]) for other in near)}?" if near else ""
    listed = ", ".join(available[:_LISTED])
    more = f" and {len(available) - _LISTED} more" if len(available) > _LISTED else ""
    return DataError(f"Column {name!r} is not in {source}.{offer} Its columns are: {listed}{more}.")


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length, as they were read: nothing is converted to numbers yet.

    Attributes
    ----------
    columns : dict of str to ndarray, shape (n,)
        Whole numbers are int64 and other numbers float64 (NaN where a cell of a numeric column was empty); truth values,
        dates and text keep NumPy's own types; what is mixed is an object array.
    source : str
        What messages call the data: the file's name as given, or ``"the data frame"``.
    line_numbers : sequence of int, or None
        For a text file the line of each row, counted from 1; None for everything else.

    Examples
    --------
    >>> table = Table({"x": np.array([1.0, 2.0]), "kind": np.array(["a", "b"])}, "heights.csv", range(2, 4))
    >>> table.rows, table.first_row, table.place(1)
    (2, 2, 'line 3 of heights.csv')
    """

    columns: dict[str, NDArray[Any]]
    source: str = "the data"
    line_numbers: Sequence[int] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(self.columns)

    @property
    def rows(self) -> int:
        """The number of rows; 0 for a table without columns."""
        return next((len(values) for values in self.columns.values()), 0)

    @property
    def first_row(self) -> int | None:
        """The line of the first data row in its text file, counted from 1; None for what is not a text file."""
        return self.line_numbers[0] if self.line_numbers else None

    def place(self, row: int) -> str:
        """Where row `row` (counted from 0) stands, for a message: a line of a text file, else a row counted from 1."""
        if self.line_numbers is None:
            return f"row {row + 1} of {self.source}"
        return f"line {self.line_numbers[row]} of {self.source}"

    def require(self, names: Collection[str]) -> None:
        """Raise `DataError` for the first of `names` that is not a column."""
        for name in names:
            if name not in self.columns:
                raise unknown_column(name, self.names, self.source)

    def numeric(self, name: str, drop_missing: bool = False) -> NDArray[np.float64]:
        """One column as float64; the rules and errors are those of `numeric_columns`.

        Examples
        --------
        >>> Table({"x": np.array([1, 2])}).numeric("x")
        array([1., 2.])
        """
        return numeric_columns(self, [name], drop_missing).columns[name]
