"""Floor 2: data in whatever form the user has it, as named NumPy columns, with errors that name file, line and column."""

from steepest.data.idx import Digits, mnist, read_idx, write_idx
from steepest.data.labels import MixedColumns, kind_of, mixed_columns
from steepest.data.numeric import NumericColumns, numeric_columns
from steepest.data.reading import open_data, read_table
from steepest.data.source import Source
from steepest.data.table import Table

__all__ = [
    "Digits", "MixedColumns", "NumericColumns", "Source", "Table", "kind_of", "mixed_columns", "mnist", "numeric_columns",
    "open_data", "read_idx", "read_table", "write_idx",
]  # fmt: skip
