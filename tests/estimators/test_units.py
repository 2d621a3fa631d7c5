"""Units of columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from steepest.estimators.units import Units


def test_by_hand():
    units = Units.of(np.array([[1.0, -2.0], [3.0, 2.0]]))
    assert units.centre.tolist() == [2.0, 0.0]
    assert units.spread.tolist() == [1.0, 2.0]
    assert units.applied(np.array([[4.0, 1.0]])).tolist() == [[2.0, 0.5]]


def test_weights_are_repeated_rows():
    x = np.random.default_rng(0).standard_normal((20, 3))
    weights = np.random.default_rng(1).integers(1, 5, 20)
    weighted, repeated = Units.of(x, weights.astype(float)), Units.of(x.repeat(weights, axis=0))
    assert weighted.centre == pytest.approx(repeated.centre, rel=1e-14, abs=1e-15)
    assert weighted.spread == pytest.approx(repeated.spread, rel=1e-14)


def test_more_rows_than_are_looked_at_side_by_side():
    x = np.random.default_rng(0).standard_normal((200_001, 2)) * [1e-3, 1e3] + 5
    units = Units.of(x)
    assert units.centre == pytest.approx(x.mean(axis=0), rel=1e-12)
    assert units.spread == pytest.approx(x.std(axis=0), rel=1e-12)
    assert np.allclose(units.applied(x), (x - x.mean(axis=0)) / x.std(axis=0), rtol=0, atol=1e-9)


@pytest.mark.parametrize("value", [0.1, -7.0, 1e300, 1e-300, 0.0])
def test_a_constant_column_becomes_zero_exactly(value):
    x = np.full((7, 1), value)
    units = Units.of(x, np.arange(1.0, 8.0))
    assert units.centre.tolist() == [value]
    assert units.spread.tolist() == [1.0]
    assert (units.applied(x) == 0).all()


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_squares_neither_overflow_nor_vanish(size):
    assert Units.of(size * np.array([[1.0], [3.0]])).spread == pytest.approx([size], rel=1e-12)


def test_digits_beside_a_large_centre():
    x = 1e9 + np.array([[0.0], [1.0], [2.0], [3.0]])
    assert Units.of(x).spread == pytest.approx([np.sqrt(1.25)], rel=1e-12)


@given(arrays(np.float64, (5, 2), elements=st.floats(-1e12, 1e12)))
def test_there_and_back(x):
    units = Units.of(x)
    assert units.undone(units.applied(x)) == pytest.approx(x, rel=1e-9, abs=1e-9 * (1 + np.abs(x).max()))


def test_float32_stays_float32():
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert Units.of(x).applied(x, np.float32).dtype == np.float32
