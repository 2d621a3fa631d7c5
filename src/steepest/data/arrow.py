"""Arrow columns as NumPy arrays; pyarrow's own `to_numpy` would import pandas wherever it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.arrays import plain


def from_column(column: Any) -> NDArray[Any]:
    """A `pyarrow.ChunkedArray` as an array of shape (n,).

    A null is NaN among numbers, NaT among dates, None among everything else.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from_column(pa.chunked_array([[1, None], [3]]))
    array([ 1., nan, 3.])
    """
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind, nulls = column.type, column.null_count > 0
    if pa.types.is_boolean(kind) and not nulls:
        return _shared(column.cast(pa.uint8())).view(np.bool_)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        if nulls:  # unsafe: an integer beyond 2**53 is rounded
            column = column.cast(pa.float64(), safe=False).fill_null(np.nan)
        return plain(_shared(column))
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        unit = "us" if pa.types.is_date(kind) else kind.unit
        since_1970 = column.cast(pa.timestamp(unit)).cast(pa.int64())
        return _shared(since_1970.fill_null(np.iinfo(np.int64).min)).view(f"M8[{unit}]")
    return np.fromiter(column.to_pylist(), dtype=object, count=len(column))


def _shared(column: Any) -> NDArray[Any]:
    """A column without nulls, sharing Arrow's memory where it is of one piece."""
    pieces = [np.from_dlpack(piece) for piece in column.chunks if len(piece)]
    if not pieces:
        return np.empty(0)
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
