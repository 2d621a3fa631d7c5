"""Parquet columns, read some rows at a time: the same values as pyarrow's own reading, each column in memory once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import steepest as sd
from steepest.base.errors import DataError
from steepest.base.progress import listening
from steepest.data import numeric_columns, open_data, stores
from steepest.fitting.model import FormulaModel

COLUMNS: dict[str, Any] = {
    "real": pa.array([0.5, -1.5, 1e300, 2.0, 0.0, 7.25, 9.0]),
    "single": pa.array([0.5, -1.5, 0.1, 2.0, 0.0, 7.25, 9.0], pa.float32()),
    "half": pa.array(np.array([0.5, -1.5, 0.1, 2.0, 0.0, 7.25, 9.0], np.float16)),
    "whole": pa.array([1, 2, 3, 4, 5, 6, 2**53]),
    "small": pa.array([1, 2, 3, 4, 5, 6, 7], pa.int8()),
    "large": pa.array([1, 2, 3, 4, 5, 6, 2**63 + 1], pa.uint64()),
    "late": pa.array([1, 2, 3, 4, 5, None, 7]),  # the first batches are whole numbers
    "gaps": pa.array([None, 2.0, None, 4.0, 5.0, 6.0, None]),
    "none": pa.array([None] * 7, pa.int32()),
    "truth": pa.array([True, False, True, True, False, False, True]),
    "text": pa.array(["1", "b", None, "d", "e", "f", "g"]),
    "kinds": pa.array(["u", "v", "u", "u", "v", "w", "u"]).dictionary_encode(),
    "day": pa.array(np.arange("2020-01-01", "2020-01-08", dtype="M8[D]")),
    "a.b": pa.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]),
}
EXPECTED: dict[str, list[Any]] = {
    "single": np.array([0.5, -1.5, 0.1, 2.0, 0.0, 7.25, 9.0], np.float32).astype(float).tolist(),
    "half": np.array([0.5, -1.5, 0.1, 2.0, 0.0, 7.25, 9.0], np.float16).astype(float).tolist(),
    "large": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 2.0**63],
    "late": [1.0, 2.0, 3.0, 4.0, 5.0, np.nan, 7.0],
    "gaps": [np.nan, 2.0, np.nan, 4.0, 5.0, 6.0, np.nan],
    "none": [np.nan] * 7,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "table.parquet"
    parquet.write_table(pa.table(COLUMNS), path, row_group_size=4)
    return path


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_read_in_parts_is_the_whole_column(
    name: str, rows: int, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "_ROWS", rows)
    found = open_data(file).read([name]).columns[name]
    expected = EXPECTED.get(name, COLUMNS[name].to_pylist())
    if found.dtype.kind == "f":
        np.testing.assert_array_equal(found, np.array(expected, dtype=float))
        assert found.dtype == np.float64
    else:
        assert (found.astype("M8[D]") if name == "day" else found).tolist() == expected
    assert found.dtype.kind == {"whole": "i", "small": "i", "truth": "b", "day": "M", "text": "O", "kinds": "O"}.get(
        name, "f"
    )


def test_how_much_is_read_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_ROWS", 3)
    told: list[tuple[str, int, int]] = []
    with listening(lambda *each: told.append(each)):
        open_data(str(file)).read(["real"])
    assert {what for what, _, _ in told} == {f"reading real of {file}, row"}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert {total for _, _, total in told} == {7}


def test_a_fit_holds_each_column_once_and_nobody_else_does(file: Path) -> None:
    source = open_data(file)
    table = source.read(["real", "whole"])
    shared = numeric_columns(table, ["real", "whole"], shared=True).columns
    assert np.shares_memory(shared["real"], table.columns["real"])
    assert not np.shares_memory(numeric_columns(table, ["real"]).columns["real"], table.columns["real"])
    assert not np.shares_memory(source.read(["real"]).columns["real"], table.columns["real"])
    _, data = FormulaModel.read("real ~ a*whole", file, None, drop_missing=False)
    assert data.observed.flags.owndata
    assert data.observed.flags.writeable
    assert data.place(6) == f"row 7 of {file}"


def test_arrays_of_the_user_are_copied(file: Path) -> None:
    frame = {"x": np.arange(3.0), "y": np.arange(3.0) + 1}
    _, data = FormulaModel.read("y ~ a + b*x", frame, None, drop_missing=False)
    assert not np.shares_memory(data.columns["x"], frame["x"])
    table = sd.read_table(file, ["real"])
    _, again = FormulaModel.read("real ~ a", table, None, drop_missing=False)
    assert not np.shares_memory(again.observed, table.columns["real"])


def test_rows_left_out_keep_their_places(file: Path) -> None:
    _, data = FormulaModel.read("whole ~ a + b*late", file, None, drop_missing=True)
    assert data.dropped == 1
    assert [data.place(row) for row in (0, 4, 5)] == [f"row {n} of {file}" for n in (1, 5, 7)]
    with pytest.raises(DataError, match=r"'late' is missing \(empty or NaN\) on row 6 of "):
        FormulaModel.read("whole ~ a + b*late", file, None, drop_missing=False)


def test_no_rows_are_told(tmp_path: Path) -> None:
    empty = tmp_path / "empty.parquet"
    parquet.write_table(pa.table({"x": pa.array([], pa.float64()), "y": pa.array([], pa.float64())}), empty)
    with pytest.raises(DataError, match="columns but no rows"):
        open_data(empty).read(["x"])
