from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from steepest.base.errors import DataError
from steepest.data import Table
from steepest.data.arrow import from_column

DAY = datetime.date(2001, 1, 31)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.chunked_array([[1, 2]]), np.array([1, 2])),
        (pa.chunked_array([[1], [], [2]]), np.array([1, 2])),
        (pa.chunked_array([[1, 2, 3, 4]]).slice(1, 2), np.array([2, 3])),
        (pa.chunked_array([[1, None]]), np.array([1.0, np.nan])),
        (pa.chunked_array([[2**62 + 1, None]]), np.array([2.0**62, np.nan])),
        (pa.chunked_array([pa.array([2**64 - 1], pa.uint64())]), np.array([2.0**64])),
        (pa.chunked_array([pa.array([1, 2], pa.int8())]), np.array([1, 2])),
        (pa.chunked_array([pa.array(np.array([1.5], np.float16))]), np.array([1.5])),
        (pa.chunked_array([pa.array([1.5, None], pa.float32())]), np.array([1.5, np.nan])),
        (pa.chunked_array([[True, False, True]]).slice(1), np.array([False, True])),
        (pa.chunked_array([[True, None]]), np.array([True, None], dtype=object)),
        (pa.chunked_array([["a", None]]), np.array(["a", None], dtype=object)),
        (pa.chunked_array([pa.array(["b", "a", "b"]).dictionary_encode()]), np.array(["b", "a", "b"], dtype=object)),
        (pa.chunked_array([pa.array([3.0, 1.0]).dictionary_encode()]), np.array([3.0, 1.0])),
        (pa.chunked_array([[DAY, None]]), np.array(["2001-01-31", "NaT"], "M8[us]")),
        (pa.chunked_array([pa.array([1], pa.timestamp("ns", "UTC"))]), np.array([1], "M8[ns]")),
        (pa.chunked_array([[Decimal("1.5"), None]]), np.array([Decimal("1.5"), None], dtype=object)),
        (pa.chunked_array([pa.nulls(2)]), np.array([None, None], dtype=object)),
        (pa.chunked_array([], type=pa.int64()), np.empty(0)),
        (pa.chunked_array([], type=pa.date32()), np.empty(0, "M8[us]")),
    ],
)
def test_columns_and_their_nulls(column: Any, expected: np.ndarray[Any, Any]) -> None:
    array = from_column(column)
    assert array.dtype == expected.dtype
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        (pa.chunked_array([[DAY]]), "the date or time 2001-01-31 on row 1"),
        (pa.chunked_array([[datetime.datetime(2001, 1, 31, 12, 30)]]), "the date or time 2001-01-31T12:30"),
        (pa.chunked_array([[datetime.time(12, 30)]]), "the date or time 12:30:00"),
        (pa.chunked_array([[datetime.timedelta(days=2)]]), "the duration 2 days"),
        (pa.chunked_array([[[1, 2]]]), "the nested value [1, 2]"),
        (pa.chunked_array([[{"a": 1}]]), "the nested value {'a': 1}"),
        (pa.chunked_array([[b"x"]]), "the text 'x'"),
    ],
)
def test_what_is_no_number_is_shown(column: Any, shown: str) -> None:
    with pytest.raises(DataError) as caught:
        Table({"x": from_column(column)}).numeric("x")
    assert shown in str(caught.value)
