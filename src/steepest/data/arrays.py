"""Data that is in memory already: dicts, NumPy arrays and data frames of every make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import DataError
from steepest.data.source import Loaded, Source

ACCEPTED = (
    "Data can be a dict of columns, a NumPy array with two dimensions or with named fields, a data frame (pandas, Polars, "
    "Arrow), or the path of a file."
)


def plain(values: NDArray[Any]) -> NDArray[Any]:
    """Integers as int64 and other real numbers as float64, in the machine's byte order; everything else as it is."""
    kind = values.dtype.kind
    with np.errstate(all="ignore"):  # a long double beyond float64 becomes infinite, which numeric_columns reports
        if kind == "i" or (kind == "u" and (values.dtype.itemsize < 8 or np.all(values <= np.uint64(2**63 - 1)))):
            return values.astype(np.int64, copy=False)
        if kind in "uf":
            return values.astype(np.float64, copy=False)
    return values


def column(values: Any, name: str, title: str) -> NDArray[Any]:
    """`values` as an array of shape (n,); (n, 1) is flattened, a masked cell becomes a missing one.

    Raises
    ------
    DataError
        The shape is another; names the column and the shape.
    """
    if isinstance(values, np.ma.MaskedArray):
        mask, values = np.ma.getmaskarray(values), np.array(values.data, dtype=object)
        values[mask] = None
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError(
            f"Column {name!r} of {title} holds lists of different lengths; a column is a list of single values."
        ) from error
    if array.dtype.kind in "US" and not isinstance(values, np.ndarray):
        array = np.asarray(values, dtype=object)  # a list of truth values and text: NumPy made all of it text
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        what = f"is a single value ({values!r:.40})" if array.ndim == 0 else f"has the shape {array.shape}"
        raise DataError(
            f"Column {name!r} of {title} {what}; a column is a list of values, of shape (n,) or (n, 1). "
            "Give each column under its own name."
        )
    return plain(array)


def from_mapping(data: Mapping[Any, Any], title: str = "the data") -> Source:
    """The source for ``{name: values}``."""
    by_name = {str(key): key for key in data}

    def load(names: list[str]) -> Loaded:
        return {name: column(data[by_name[name]], name, title) for name in names}, None

    return Source(title, tuple(str(key) for key in data), load)


def from_array(data: NDArray[Any], title: str = "the array") -> Source:
    """The source for an array of shape (rows, columns), whose columns are x0, x1, …, or for one with named fields."""
    if data.dtype.names is not None:
        fields = np.atleast_1d(data)
        return Source(
            title,
            data.dtype.names,
            lambda names: ({name: column(fields[name], name, title) for name in names}, None),
        )
    if data.ndim != 2:
        raise DataError(
            f"The shape of {title} is {data.shape}; an array of data has two dimensions, (rows, columns), and its columns "
            'are named x0, x1, …. Give other arrays by name, for example {"x": x, "y": y}.'
        )
    numbers = {f"x{index}": index for index in range(data.shape[1])}
    return Source(
        title,
        tuple(numbers),
        lambda names: ({name: column(data[:, numbers[name]], name, title) for name in names}, None),
    )


def from_frame(data: Any, title: str = "the data frame") -> Source:
    """The source for a data frame of any make that narwhals knows, or that speaks Arrow's stream protocol.

    Raises
    ------
    DataError
        It is no data frame; says what data can be.
    """
    import narwhals as nw

    try:
        frame = nw.from_native(data)
    except nw.exceptions.DuplicateError as error:
        raise DataError(f"Two columns of {title} share a name. Rename one of them. ({error})") from error
    except TypeError as error:
        if not hasattr(data, "__arrow_c_stream__") or hasattr(data, "to_frame"):
            extra = " Turn a series into a data frame with to_frame()." if hasattr(data, "to_frame") else ""
            raise DataError(f"Data of type {type(data).__name__} cannot be used. {ACCEPTED}{extra}") from error
        import pyarrow as pa

        frame = nw.from_native(pa.table(data))
    keys = frame.collect_schema().names()
    by_name = {str(key): key for key in keys}

    def load(names: list[str]) -> Loaded:
        if isinstance(frame, nw.LazyFrame):
            eager = frame.select(*(by_name[name] for name in names)).collect()
        else:
            eager = frame
        return {name: column(eager.get_column(by_name[name]).to_numpy(), name, title) for name in names}, None

    return Source(title, tuple(str(key) for key in keys), load)
