from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from steepest.base.errors import DataError
from steepest.fitting.networks.encoder import Encoder, Levels, Numbers, codes_of, levels_of, listed, spread
from steepest.formula.tree import Kind, Name

COLUMNS = {
    "x": np.array([1.0, 2.0, 3.0, 6.0]),
    "z": np.array([5.0, 5.0, 5.0, 5.0]),
    "kind": np.array(["b", "a", "b", "b"], dtype=object),
}


def place(row: int) -> str:
    return f"line {row + 2} of f.csv"


def test_numbers_are_standardised_and_levels_are_ones_and_zeros() -> None:
    inputs = [Name("x"), Kind("category", Name("kind")), Name("z")]
    encoder, features = Encoder.learn(inputs, COLUMNS, place, np.array([0, 1, 2]), None)
    assert encoder.features == ["x", "kind = a", "kind = b", "z"]
    assert encoder.kinds == {"x": "number", "kind": "category", "z": "number"}
    # Of the first three rows the mean of x is 2, its standard deviation sqrt(2/3).
    np.testing.assert_allclose(features[:, 0], (COLUMNS["x"] - 2) / np.sqrt(2 / 3), rtol=1e-15)
    assert features[:, 1].tolist() == [0, 1, 0, 0]
    assert features[:, 2].tolist() == [1, 0, 1, 1]
    assert features[:, 3].tolist() == [0, 0, 0, 0]  # a constant column is no trouble
    np.testing.assert_array_equal(encoder.encode(COLUMNS, place), features)
    again = Encoder.from_dict(encoder.as_dict())
    np.testing.assert_array_equal(again.encode(COLUMNS, place), features)


def test_a_row_counts_by_its_weight() -> None:
    weights = np.array([1.0, 0.0, 3.0, 0.0])
    encoder, _ = Encoder.learn([Name("x")], COLUMNS, place, np.arange(4), weights)
    assert encoder.middle.tolist() == [2.5]  # (1 + 3*3)/4
    np.testing.assert_allclose(encoder.width, [np.sqrt((1.5**2 + 3 * 0.5**2) / 4)], rtol=1e-15)


def test_an_unseen_level_is_named() -> None:
    levels = Levels("kind", ("a", "b"))
    columns = {"kind": np.array(["a", "c", "d"], dtype=object)}
    with pytest.raises(DataError, match=r"'kind' has 'c' on line 3 of f.csv \(2 such rows\).*it knows 'a', 'b'"):
        levels.encode(columns, place)


def test_a_function_of_a_column_that_is_not_finite_names_the_row() -> None:
    with pytest.raises(DataError, match=r"log\(x\) is -inf on line 4 of f.csv, where x = 0 \(1 such row\)"):
        Numbers("log(x)").encode({"x": np.array([1.0, 2.0, 0.0])}, place)
    assert Numbers("log(x)").encode({"x": np.array([1.0])}, place).tolist() == [[0.0]]
    assert Numbers("`a b`").features == ["a b"]


def test_levels_keep_kinds_apart() -> None:
    mixed = np.array([True, 1, 0, False, "1"], dtype=object)
    assert levels_of(np.array([3, 1, 2.5, 1], dtype=object)) == (1, 2.5, 3)
    assert levels_of(np.array([3, "a", "3"], dtype=object)) == ("3", "a")
    assert codes_of(mixed, (0, 1)).tolist() == [-1, 1, 0, -1, 1]
    assert codes_of(mixed, (False, True)).tolist() == [1, -1, -1, 0, -1]
    assert listed(["a"]) == "'a'"


@pytest.mark.parametrize("count", [60, 1500])
def test_a_column_of_names_is_refused(count: int) -> None:
    rows = max(count, 2 * count if count > 1000 else 0)
    names = np.array([f"n{k % count}" for k in range(rows)], dtype=object)
    with pytest.raises(DataError, match="too many to learn from each"):
        Encoder.learn([Kind("category", Name("id"))], {"id": names}, place, np.arange(rows), None)


@given(arrays(np.float64, (7, 2), elements=st.floats(-1e300, 1e300)))
def test_spread_of_anything_is_finite_and_positive(values: np.ndarray) -> None:
    middle, width = spread(values)
    assert np.isfinite(middle).all()
    assert np.isfinite(width).all()
    assert (width > 0).all()
    assert (np.abs((values - middle) / width) <= 7).all()  # the most that one of seven can be off


def test_spread_of_extremes() -> None:
    middle, width = spread(np.array([[1e300, 1e-300, 7.0, 0.1 + 0.2], [-1e300, 3e-300, 7.0, 0.3]]))
    np.testing.assert_allclose(middle, [0.0, 2e-300, 7.0, 0.3], rtol=1e-15)
    np.testing.assert_allclose(width, [1e300, 1e-300, 1.0, 1.0], rtol=1e-15)
