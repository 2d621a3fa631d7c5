from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from steepest.base.errors import DataError
from steepest.data import numeric_columns, open_data, read_table

COLUMNS = {"t": [0, 1, 2], "y": [0.5, 1.5, None], "ok": [True, False, True], "kind": ["a", "b", None]}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table, pa.RecordBatch.from_pydict, dict])
def test_every_frame_gives_the_same_columns(make: Any) -> None:
    table = read_table(make(COLUMNS))
    assert table.names == ("t", "y", "ok", "kind")
    assert table.columns["t"].dtype == np.int64
    kept = numeric_columns(table, ["t", "y", "ok"], drop_missing=True)
    assert kept.columns["t"].tolist() == [0.0, 1.0]
    assert kept.columns["y"].tolist() == [0.5, 1.5]
    assert kept.columns["ok"].tolist() == [1.0, 0.0]
    assert kept.rows_used.tolist() == [0, 1]
    assert table.columns["kind"].tolist()[:2] == ["a", "b"]


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_pandas_own_missing_values(backend: Any) -> None:
    frame = pd.DataFrame(COLUMNS).convert_dtypes(dtype_backend=backend)
    frame.loc[1, "ok"] = pd.NA
    table = read_table(frame)
    assert numeric_columns(table, ["y", "ok"], drop_missing=True).rows_used.tolist() == [0]
    assert numeric_columns(read_table({"y": frame["y"]}), ["y"], drop_missing=True).dropped == 1


def test_pandas_index_is_no_column_and_rows_are_counted_from_one() -> None:
    frame = pd.DataFrame({"x": [1.0, np.nan]}, index=[10, 20])
    with pytest.raises(DataError, match="row 2 of the data frame"):
        numeric_columns(read_table(frame), ["x"])


def test_pandas_column_names_that_are_numbers() -> None:
    assert open_data(pd.DataFrame(np.ones((2, 2)))).names == ("0", "1")
    assert read_table(pd.DataFrame(np.ones((2, 2))), ["1"]).rows == 2


def test_categories_of_numbers_are_numbers() -> None:
    frame = pd.DataFrame({"x": pd.Categorical([3.0, 1.0, 3.0])})
    assert read_table(frame).numeric("x").tolist() == [3.0, 1.0, 3.0]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(np.ones((2, 2)), columns=["a", "a"]),
        pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]),
    ],
)
def test_two_columns_of_one_name_in_a_frame(frame: Any) -> None:
    with pytest.raises(DataError, match=r"'a'"):
        read_table(frame)


def test_names_that_become_equal_as_text() -> None:
    with pytest.raises(DataError, match=r"are named '1': number 1 and number 2"):
        read_table({1: [1.0], "1": [2.0]})


@pytest.mark.parametrize("data", [[1, 2, 3], 3, None, {1, 2}, b"x", (np.ones(2), np.ones(2))])
def test_what_is_no_data(data: Any) -> None:
    with pytest.raises(DataError, match=r"cannot be used\. Data can be a dict of columns"):
        read_table(data)


@pytest.mark.parametrize("series", [pd.Series([1.0]), pl.Series([1.0])])
def test_a_series_is_told_to_become_a_frame(series: Any) -> None:
    with pytest.raises(DataError, match=r"to_frame\(\)"):
        read_table(series)


def test_matrix_columns_are_x0_x1() -> None:
    table = read_table(np.array([[1.0, 2.0], [3.0, 4.0]], order="F")[::-1])
    assert table.names == ("x0", "x1")
    assert table.columns["x0"].tolist() == [3.0, 1.0]


def test_named_fields_are_columns() -> None:
    records = np.array([(1.0, 2, b"a"), (3.0, 4, b"b")], dtype=[("x", "f4"), ("n", "i2"), ("s", "S1")])
    table = read_table(records, ["x", "n"])
    assert table.numeric("x").tolist() == [1.0, 3.0]
    assert table.columns["n"].dtype == np.int64
    assert read_table(records.view(np.recarray)).names == ("x", "n", "s")


@pytest.mark.parametrize(("shape", "told"), [((3,), r"\(3,\)"), ((), r"\(\)"), ((2, 2, 2), r"\(2, 2, 2\)")])
def test_arrays_of_other_dimensions_are_told_their_shape(shape: tuple[int, ...], told: str) -> None:
    with pytest.raises(DataError, match=rf"shape of the array is {told}.*two dimensions"):
        read_table(np.ones(shape))


def test_a_column_may_be_n_by_1_but_not_wider() -> None:
    assert read_table({"x": np.ones((4, 1))}).columns["x"].shape == (4,)
    with pytest.raises(DataError, match=r"Column 'x' of the data has the shape \(1, 4\)"):
        read_table({"x": np.ones((1, 4))})
    with pytest.raises(DataError, match=r"Column 'x' of the data is a single value \(3.5\)"):
        read_table({"x": 3.5})
    with pytest.raises(DataError, match=r"Column 'x' of the data is a single value \('abc'\)"):
        read_table({"x": "abc"})
    with pytest.raises(DataError, match="lists of different lengths"):
        read_table({"x": [[1, 2], [3]]})


def test_masked_cells_are_missing() -> None:
    masked = np.ma.masked_array([1, 2, 3], mask=[False, True, False])
    for data in ({"x0": masked}, masked.reshape(3, 1)):
        kept = numeric_columns(read_table(data), ["x0"], drop_missing=True)
        assert kept.columns["x0"].tolist() == [1.0, 3.0]


def test_unused_columns_are_never_touched() -> None:
    assert read_table({"x": [1.0], "object": object(), "text": ["a", "b"]}, ["x"]).rows == 1


def test_in_memory_data_is_not_written_to(tmp_path: Path) -> None:
    mine = np.array([1.0, 2.0])
    mine.flags.writeable = False
    theirs = read_table({"x": mine}).numeric("x")
    theirs[0] = 9.0
    assert mine.tolist() == [1.0, 2.0]
