"""The source: data that has been opened, so that its column names are known, but not yet converted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from steepest.base.errors import DataError
from steepest.data.table import Table, unknown_column

Loaded = tuple[dict[str, NDArray[Any]], Sequence[int] | None]


@dataclass(frozen=True, eq=False)
class Source:
    """Opened data: the names of its columns, and the means to read some of them.

    A formula decides which columns are wanted only after it has seen the names; what it does not want is never converted.

    Attributes
    ----------
    title : str
        What messages call the data: the file's name as given, or ``"the data frame"``.
    names : tuple of str
        Every column, in order.
    fresh : bool
        Whether each reading makes new arrays, which nobody else holds.

    Raises
    ------
    DataError
        There is no column at all, or two columns share a name.
    """

    title: str
    names: tuple[str, ...]
    _load: Callable[[list[str]], Loaded] = field(repr=False)
    fresh: bool = False

    def __post_init__(self) -> None:
        if not self.names:
            raise DataError(f"There are no columns in {self.title}. Give at least one column with a name.")
        first: dict[str, int] = {}
        for position, name in enumerate(self.names, start=1):
            if name in first:
                raise DataError(
                    f"Two columns of {self.title} are named {name!r}: number {first[name]} and number {position}. "
                    "Rename one of them."
                )
            first[name] = position

    def read(self, columns: Collection[str] | None = None) -> Table:
        """The wanted columns (all of them for None), in the order of the source.

        Raises
        ------
        DataError
            A column is not there, the columns have different lengths, or there are no rows.
        """
        if columns is None:
            columns = self.names
        for name in columns:
            if name not in self.names:
                raise unknown_column(name, self.names, self.title)
        arrays, line_numbers = self._load([name for name in self.names if name in columns])
        table = Table(arrays, self.title, line_numbers)
        for name, values in arrays.items():
            if len(values) != table.rows:
                raise DataError(
                    f"Columns of {self.title} have different lengths: {table.names[0]!r} has {table.rows} "
                    f"rows and {name!r} has {len(values)}. Give every column the same number of rows."
                )
        if columns and table.rows == 0:
            raise DataError(f"There are columns but no rows in {self.title}. Give at least one row of data.")
        return table
