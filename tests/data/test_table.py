from __future__ import annotations

import numpy as np
import pytest

from steepest.base.errors import DataError
from steepest.data import Source, Table, open_data, read_table


def test_a_table_knows_names_rows_and_places() -> None:
    table = Table({"x": np.arange(3), "y": np.ones(3)}, "a.csv", [4, 5, 9])
    assert (table.names, table.rows, table.first_row) == (("x", "y"), 3, 4)
    assert table.place(2) == "line 9 of a.csv"
    frame = Table({"x": np.arange(3)}, "the data frame")
    assert (frame.first_row, frame.place(0)) == (None, "row 1 of the data frame")


def test_a_table_is_frozen() -> None:
    with pytest.raises(AttributeError):
        Table({}).source = "other"  # type: ignore[misc]


def test_one_numeric_column() -> None:
    table = Table({"x": np.array([1, 2])})
    assert table.numeric("x").tolist() == [1.0, 2.0]
    with pytest.raises(DataError, match="'z' is not in the data"):
        table.numeric("z")


def test_unknown_column_offers_near_names_and_lists_twelve() -> None:
    data = {"CO2": [1.0], "time": [1.0]} | {f"c{i}": [1.0] for i in range(12)}
    with pytest.raises(DataError) as caught:
        read_table(data, ["co2"])
    message = str(caught.value)
    assert "'co2' is not in the data" in message
    assert "Did you mean 'CO2'" in message
    assert "c9 and 2 more." in message
    assert "c10" not in message.partition("Its columns")[2]


def test_unknown_column_without_a_near_name_offers_none() -> None:
    with pytest.raises(DataError) as caught:
        read_table({"height": [1.0]}, ["zzz"])
    assert "Did you mean" not in str(caught.value)
    assert "Its columns are: height." in str(caught.value)


def test_columns_of_different_lengths_are_named_with_their_lengths() -> None:
    data = {"t": [1, 2, 3], "y": [1, 2], "note": ["only one"]}
    with pytest.raises(DataError, match=r"'t' has 3 rows and 'y' has 2"):
        read_table(data, ["t", "y"])
    assert read_table(data, ["t"]).rows == 3


def test_no_rows_and_no_columns_are_refused() -> None:
    with pytest.raises(DataError, match="no rows in the data"):
        read_table({"x": [], "y": []})
    with pytest.raises(DataError, match="no columns in the data"):
        read_table({})
    with pytest.raises(DataError, match="no columns in the array"):
        read_table(np.empty((3, 0)))


def test_columns_come_in_the_order_of_the_source() -> None:
    assert read_table({"b": [1], "a": [2], "c": [3]}, {"c", "b"}).names == ("b", "c")
    assert read_table({"b": [1]}, []).names == ()


def test_a_table_and_a_source_can_be_read_again() -> None:
    table = Table({"x": np.arange(2.0), "y": np.arange(2.0)}, "a.csv", range(5, 7))
    again = read_table(table, ["y"])
    assert (again.names, again.place(1)) == (("y",), "line 6 of a.csv")
    source = open_data(table)
    assert isinstance(source, Source)
    assert open_data(source) is source
