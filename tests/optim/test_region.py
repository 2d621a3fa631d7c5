"""Region: where a search begins, and what it never leaves."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steepest as sd
from steepest.base.bounds import Bounds
from steepest.optim.region import Region

START = sd.Params({"a": 10.0, "w": [0.0, -0.5]})


def test_three_magnitudes_around_the_start() -> None:
    region = Region.of(SimpleNamespace(scale=None), START)
    assert region.low.tolist() == [-20.0, -3.0, -3.5]
    assert region.high.tolist() == [40.0, 3.0, 2.5]
    assert region.scale.tolist() == [10.0, 1.0, 1.0]
    scaled = Region.of(SimpleNamespace(scale=np.array([1.0, 1e-9, 4.0])), START)
    assert scaled.scale == pytest.approx([10.0, 1e-9, 4.0])


def test_bounds_by_name_go_for_every_element() -> None:
    region = Region.of(None, START, {"w": (-1, 1), "a": (0, 20)})
    assert region.low.tolist() == [0, -1, -1]
    assert region.highest.tolist() == [20, 1, 1]


def test_names_left_out_have_no_bounds() -> None:
    region = Region.of(SimpleNamespace(scale=None), START, {"w": (-1, 1)})
    assert region.low.tolist() == [-20, -1, -1]
    assert region.lowest.tolist() == [-np.inf, -1, -1]


def test_bounds_of_the_problem_cut_the_region() -> None:
    box = Bounds.of(START, {"a": (0, None)})
    region = Region.of(SimpleNamespace(scale=None, bounds=box), START)
    assert (region.low[0], region.high[0]) == (0.0, 40.0)
    assert (region.lowest[0], region.highest[0]) == (0.0, np.inf)
    assert region.point(np.array([-5.0, 0.5, 7.0])) == pytest.approx([0.0, 0.0, 38.5])


@given(st.lists(st.floats(-1.5, 2.5), min_size=3, max_size=3))
def test_points_lie_within_bounds_and_go_back(unit: list[float]) -> None:
    region = Region.of(None, START, (-0.7, 11.3))
    point = region.point(np.array(unit))
    assert (point >= -0.7).all()
    assert (point <= 11.3).all()
    assert region.unit(point) == pytest.approx(region.inside(np.array(unit)), abs=1e-12)


def test_a_start_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(sd.ModelError, match="finite"):
        Region.of(SimpleNamespace(scale=None), sd.Params({"a": np.nan}))
