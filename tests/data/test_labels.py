from __future__ import annotations

import datetime

import numpy as np
import pytest

from steepest.base.errors import DataError
from steepest.data import kind_of, mixed_columns, read_table
from steepest.data.table import Table


@pytest.mark.parametrize(
    ("values", "input_kind", "target_kind"),
    [
        ([1, 2, 3], "number", "number"),
        ([1.5, None, 2.0], "number", "number"),
        (["a", "b", None], "category", "category"),
        (["1", "2", " 3 "], "number", "category"),
        (["1.5", "2.25", ""], "number", "number"),
        ([True, False, True], "number", "category"),
        ([True, None, False], "number", "category"),
        ([None, None, None], "number", "number"),
        (np.array(["x", "y"]), "category", "category"),
        (np.array([b"x", b"y"]), "category", "category"),
    ],
)
def test_what_a_column_is(values: object, input_kind: str, target_kind: str) -> None:
    table = read_table({"x": values})
    assert (kind_of(table, "x"), kind_of(table, "x", as_target=True)) == (input_kind, target_kind)


def test_a_column_of_both_is_asked_about() -> None:
    table = Table({"x": np.array([1.0, "n/a", 3.0], dtype=object)}, "f.csv", range(2, 5))
    with pytest.raises(DataError, match=r"Column 'x' has 'n/a' on line 3 of f.csv, where most other cells are numbers"):
        kind_of(table, "x")
    table = read_table({"x": ["a", "b", "3", "c"]})
    with pytest.raises(
        DataError, match=r"has '3' on row 3 of the data, where most other cells are text.*category\(x\)"
    ):
        kind_of(table, "x")
    assert mixed_columns(table, {"x": "category"}).columns["x"].tolist() == ["a", "b", "3", "c"]


def test_labels_are_what_was_written() -> None:
    table = read_table({"a": [" x ", "y", "x"], "b": [1.0, 2.0, 1.0], "c": [0.5, 2.0, 1.0], "d": [True, False, True]})
    found = mixed_columns(table, dict.fromkeys("abcd", "category")).columns
    assert {name: values.tolist() for name, values in found.items()} == {
        "a": ["x", "y", "x"],
        "b": [1, 2, 1],
        "c": [0.5, 2, 1],
        "d": [True, False, True],
    }
    assert type(found["b"][0]) is int
    assert type(found["d"][0]) is bool


def test_missing_labels_are_missing_cells() -> None:
    table = read_table({"x": [1.0, 2.0, np.nan, 4.0], "kind": ["a", " ", "b", "c"]})
    with pytest.raises(
        DataError, match=r"'kind' is missing .* row 2 of the data; 2 of 4 rows cannot be used.*--drop-missing"
    ):
        mixed_columns(table, {"kind": "category", "x": "number"})
    kept = mixed_columns(table, {"kind": "category", "x": "number"}, drop_missing=True)
    assert (kept.columns["kind"].tolist(), kept.columns["x"].tolist(), kept.dropped) == (["a", "c"], [1.0, 4.0], 2)
    assert kept.rows_used.tolist() == [0, 3]
    with pytest.raises(DataError, match="Nothing is left"):
        mixed_columns(read_table({"kind": [None, ""]}), {"kind": "category"}, drop_missing=True)
    with pytest.raises(DataError, match="missing"):
        mixed_columns(read_table({"x": [1.0, np.inf]}), {"x": "category"})


def test_dates_are_no_labels() -> None:
    days = read_table({"day": [datetime.date(2026, 1, 1), datetime.date(2026, 1, 2)]})
    assert kind_of(days, "day") == "number"
    with pytest.raises(DataError, match="date or time"):
        mixed_columns(days, {"day": "category"})
    with pytest.raises(DataError, match="date or time"):
        mixed_columns(read_table({"day": np.array(["2026-01-01"], dtype="M8[D]")}), {"day": "category"})
    with pytest.raises(DataError, match="is not in"):
        mixed_columns(days, {"dy": "category"})
