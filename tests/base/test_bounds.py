"""Bounds: the box, and who is held by it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steepest as sd
from steepest.base.bounds import Bounds
from steepest.base.errors import ModelError

PARAMS = sd.Params({"a": 1.0, "w": [1.0, 2.0]})


def test_names_and_arrays() -> None:
    box = Bounds.of(PARAMS, {"w": ([0, -1], 5), "a": (None, 2)})
    assert box.lower.tolist() == [-np.inf, 0, -1]
    assert box.upper.tolist() == [2, 5, 5]
    assert Bounds.of(sd.Params({"a": np.float32(1)}), {"a": (0, 2)}).clip(np.float32([3])).dtype == np.float32


@given(st.lists(st.floats(allow_nan=False), min_size=3, max_size=3))
def test_clipped_is_inside_and_the_nearest(values: list[float]) -> None:
    box = Bounds.of(PARAMS, {"a": (0, 1), "w": (None, 3)})
    clipped = box.clip(np.array(values))
    assert clipped.tolist() == [min(max(values[0], 0), 1), min(values[1], 3), min(values[2], 3)]


def test_held_are_those_that_the_descent_would_push_out() -> None:
    box = Bounds.of(PARAMS, {"a": (0, 1), "w": (0, None)})
    place = np.array([1.0, 0.0, 0.0])  # a at its upper bound, w at the lower
    assert box.held(place, np.array([-1.0, 1.0, -1.0])).tolist() == [
        True,
        True,
        False,
    ]  # the descent goes against the slope
    assert box.held(place, np.array([1.0, 0.0, 0.0])).tolist() == [False, False, False]


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ({"ww": (0, 1)}, "Did you mean 'w'"),
        ({"a": 3}, "pair of numbers"),
        ({"a": (2, 1)}, "below the upper"),
        ({"a": (np.nan, 1)}, "below the upper"),
        ({"a": (1, 1)}, "below the upper"),
        ({"w": ([0, 0, 0], 1)}, "pair of numbers"),
        ({"a": (5, 6)}, "start 1 of a is outside"),
        ({"w": (1.5, 3)}, r"start 1 of w\[0\] is outside"),
    ],
)
def test_bounds_that_make_no_sense(bounds: dict[str, object], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        Bounds.of(PARAMS, bounds)  # type: ignore[arg-type]
