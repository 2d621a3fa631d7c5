from __future__ import annotations

import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from steepest.base.errors import DataError
from steepest.data import Table, numeric_columns, read_table


def refusal(values: Any, **others: Any) -> str:
    with pytest.raises(DataError) as caught:
        numeric_columns(read_table({"x": values, **others}), ["x", *others])
    return str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3],
        (1.0, 2.0, 3.0),
        range(1, 4),
        ["1", " 2 ", "+3.0e0"],
        [Decimal(1), Fraction(2), np.float32(3)],
        [np.array(1.0), 2, 3],
        [b"1", b"2", b"3"],
        np.array([1, 2, 3], dtype=">i2"),
        np.array([1, 2, 3], dtype=">f8"),
        np.array([1, 2, 3], dtype=np.float16),
        np.array([1, 2, 3], dtype=np.longdouble),
        np.array([1, 2, 3], dtype=np.uint64),
        np.array([1, 0, 2, 0, 3, 0], dtype=np.float32)[::2],
        np.array([[1.0], [2.0], [3.0]]),
        np.array(["1", "2", "3"], dtype=np.dtypes.StringDType()),
    ],
)
def test_what_reads_as_numbers(values: Any) -> None:
    array = numeric_columns(read_table({"x": values}), ["x"]).columns["x"]
    assert array.tolist() == [1.0, 2.0, 3.0]
    assert array.dtype == np.float64
    assert array.dtype.isnative
    assert array.flags.c_contiguous
    assert array.flags.writeable


def test_truth_values_are_zero_and_one() -> None:
    for values in ([True, False], np.array([True, False]), np.array([True, np.False_], dtype=object)):
        assert read_table({"x": values}).numeric("x").tolist() == [1.0, 0.0]


def test_integers_beyond_two_to_the_53_are_rounded() -> None:
    assert read_table({"x": [2**53 + 1, 0]}).numeric("x").tolist() == [2.0**53, 0.0]
    assert read_table({"x": np.array([2**64 - 1], np.uint64)}).numeric("x").tolist() == [2.0**64]
    assert read_table({"x": [10**30, -1]}).numeric("x").tolist() == [1e30, -1.0]


@pytest.mark.parametrize("value", [1e-300, -1e300, 5e-324])
def test_extremes_pass(value: float) -> None:
    assert read_table({"x": [value]}).numeric("x").tolist() == [value]


@pytest.mark.parametrize(
    "missing", [None, float("nan"), np.nan, pd.NA, pd.NaT, "", "  ", "nan", Decimal("NaN"), Decimal("sNaN")]
)
def test_missing_cells_name_column_row_and_number(missing: Any) -> None:
    values = np.array([1.0, missing, 2.0, missing], dtype=object)
    message = refusal(values)
    assert "'x' is missing (empty or NaN) on row 2 of the data (the first of 2 such cells of this column)" in message
    assert "2 of 4 rows" in message
    assert "drop_missing=True" in message
    assert "--drop-missing" in message


@pytest.mark.parametrize("infinite", [np.inf, -np.inf, "inf", 10**400])
def test_infinite_cells(infinite: Any) -> None:
    message = refusal(np.array([1.0, 2.0, infinite], dtype=object))
    assert "'x' is infinite on row 3 of the data; 1 of 3 rows" in message


def test_the_first_bad_column_is_named_and_all_rows_counted() -> None:
    assert "'y' is missing (empty or NaN) on row 1" in refusal([1.0, 2.0], y=[None, 1.0], z=[1.0, None])
    assert "2 of 2 rows" in refusal([1.0, 2.0], y=[None, 1.0], z=[1.0, None])


def test_drop_missing_leaves_out_rows_of_any_column() -> None:
    table = read_table({"x": [1, None, 3, 4], "y": [1.0, 2.0, np.inf, 4.0]})
    kept = numeric_columns(table, ["x", "y"], drop_missing=True)
    assert kept.columns["x"].tolist() == [1.0, 4.0]
    assert kept.columns["y"].tolist() == [1.0, 4.0]
    assert kept.rows_used.tolist() == [0, 3]
    assert kept.dropped == 2
    assert kept.columns["x"].flags.c_contiguous


def test_nothing_left_after_dropping() -> None:
    table = read_table({"x": [1.0, None], "y": [None, 1.0]})
    with pytest.raises(DataError, match="Nothing is left of the data: each of its 2 rows"):
        numeric_columns(table, ["x", "y"], drop_missing=True)


def test_drop_missing_does_not_drop_text() -> None:
    with pytest.raises(DataError, match="the text 'abc' on row 2"):
        numeric_columns(read_table({"x": [1, "abc"]}), ["x"], drop_missing=True)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("abc", "leave it empty if the value is missing"),
        ("1,234", "thousands separators"),
        ("1,234,567.5", "thousands separators"),
        ("1,5", "decimal comma"),
        ("-0,25e3", "decimal comma"),
        ("3.5 cm", "its unit in the column's name"),
        ("$4", "its unit in the column's name"),
        ("12%", "its unit in the column's name"),
        ("1_000", "Correct the cell"),
        ("1\n2,3", "quotation mark"),
    ],
)
def test_text_is_shown_with_its_place_and_a_remedy(text: str, remedy: str) -> None:
    message = refusal(["1.5", text, "also text"])
    assert f"Column 'x' has the text {text!r} on row 2 of the data (the first of 2 such cells" in message
    assert remedy in message


def test_long_text_is_shortened() -> None:
    assert len(refusal(["a" * 10_000])) < 250


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        (np.array(["2001-01-01", "2002-01-01"], "M8[D]"), ["the date or time 2001-01-01", "decimal year"]),
        ([datetime.date(2001, 1, 1)], ["the date or time 2001-01-01", "row 1"]),
        ([1.0, datetime.datetime(2001, 1, 1)], ["the date or time 2001-01-01 00:00:00", "row 2"]),
        ([datetime.time(12, 30)], ["the date or time 12:30:00"]),
        (np.array([1, 2], "m8[s]"), ["the duration 1 seconds", "days"]),
        ([datetime.timedelta(days=1)], ["the duration 1 day", "days"]),
        ([1.0, 1 + 2j], ["the complex number", "real part"]),
        ([1.0, None, 1 + 2j], ["the complex number (1+2j) on row 3", "real part"]),
        (np.fromiter([[1, 2], [3]], dtype=object), ["the nested value [1, 2] on row 1", "a column of its own"]),
        (np.fromiter([{"a": 1}], dtype=object), ["the nested value {'a': 1}"]),
        ([object()], ["a value of type object on row 1"]),
        ([1.0, float], ["a value of type type on row 2"]),
    ],
)
def test_what_is_not_a_number_is_named(values: Any, parts: list[str]) -> None:
    message = refusal(values)
    assert "Column 'x'" in message
    for part in parts:
        assert part in message


def test_a_void_column_is_refused() -> None:
    nested = np.zeros(2, dtype=[("inner", [("a", "f8")])])
    with pytest.raises(DataError, match="Column 'inner' has a value of type void"):
        numeric_columns(read_table(nested), ["inner"])


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(DataError, match="'y' is not in the data"):
        numeric_columns(Table({"x": np.ones(2)}), ["x", "y"])


def test_no_names_give_no_columns() -> None:
    kept = numeric_columns(Table({"x": np.array([np.nan, 1.0])}), [])
    assert (kept.columns, kept.dropped) == ({}, 0)


@settings(deadline=None, max_examples=50)
@given(
    values=hnp.arrays(
        st.sampled_from(["<f8", ">f8", "<f4", ">f4", "f2"]),
        st.integers(1, 20),
        elements=st.floats(width=16),
    ),
    step=st.sampled_from([1, 2, -1]),
)
def test_dropping_keeps_exactly_the_finite_rows(values: np.ndarray[Any, Any], step: int) -> None:
    values = values[::step]
    finite = [float(value) for value in values if np.isfinite(value)]
    table = read_table({"x": values})
    if not finite:
        with pytest.raises(DataError, match="Nothing is left"):
            numeric_columns(table, ["x"], drop_missing=True)
        return
    kept = numeric_columns(table, ["x"], drop_missing=True)
    assert kept.columns["x"].tolist() == finite
    assert kept.dropped == len(values) - len(finite)
    assert [float(values[row]) for row in kept.rows_used] == finite
