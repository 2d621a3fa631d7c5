"""Floor 2: data in whatever form the user has it, as named NumPy columns, with errors that name file, line and column."""

from steepest.data.numeric import NumericColumns, numeric_columns
from steepest.data.reading import open_data, read_table
from steepest.data.source import Source
from steepest.data.table import Table

__all__ = ["NumericColumns", "Source", "Table", "numeric_columns", "open_data", "read_table"]
