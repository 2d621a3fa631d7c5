"""The way in: data in any form that is accepted, opened or read."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from steepest.data.arrays import from_array, from_frame, from_mapping
from steepest.data.files import from_file
from steepest.data.source import Source
from steepest.data.table import Table


def open_data(data: Any) -> Source:
    """Open data so that its column names are known; columns are converted when they are read.

    Parameters
    ----------
    data : Mapping, ndarray, data frame, str or PathLike, Table, Source
        A dict of columns, each of shape (n,) or (n, 1); an array of shape (rows, columns), whose columns are named x0, x1,
        …; an array with named fields; a pandas, Polars or Arrow table, or another data frame that narwhals knows; or the
        path of a CSV, TSV, Parquet, Feather, Arrow, JSON lines or NumPy file.

    Raises
    ------
    DataError
        The data cannot be opened; says what is wrong, where, and what to do.

    Examples
    --------
    >>> source = open_data(np.array([[0.0, 1.0], [1.0, 3.0]]))
    >>> source.names
    ('x0', 'x1')
    >>> source.read(["x1"]).columns["x1"]
    array([1., 3.])
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, Table):
        return Source(
            data.source,
            data.names,
            lambda names: ({name: data.columns[name] for name in names}, data.line_numbers),
        )
    if isinstance(data, str | os.PathLike):
        return from_file(data)
    if isinstance(data, Mapping):
        return from_mapping(data)
    if isinstance(data, np.ndarray):
        return from_array(data)
    return from_frame(data)


def read_table(data: Any, columns: Collection[str] | None = None) -> Table:
    """Read the wanted columns of data in any form that `open_data` accepts.

    Parameters
    ----------
    data : Mapping, ndarray, data frame, str or PathLike, Table, Source
        See `open_data`.
    columns : collection of str, optional
        The columns wanted; the others are not converted, so that text in them does no harm. All of them by default.

    Raises
    ------
    DataError
        The data cannot be read, a column is not there (offers the nearest names), columns have different lengths, or there
        are no rows.

    Examples
    --------
    >>> table = read_table({"height": [1.5, 1.8], "name": ["Ada", "Emmy"]})
    >>> table.names, table.rows
    (('height', 'name'), 2)
    >>> read_table({"height": [1.5, 1.8]}, ["hight"])
    Traceback (most recent call last):
    steepest.base.errors.DataError: Column 'hight' is not in the data. Did you mean 'height'? Its columns are: height.
    """
    return open_data(data).read(columns)
