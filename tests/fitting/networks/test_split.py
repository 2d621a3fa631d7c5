from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.base.errors import ModelError
from steepest.fitting.networks.split import split_rows


@given(st.lists(st.integers(0, 4), min_size=2, max_size=200), st.floats(0.05, 0.9), st.integers(0, 5))
def test_every_row_is_on_one_side_and_every_class_is_learned_from(codes: list[int], share: float, seed: int) -> None:
    all_codes = np.array(codes)
    rows = np.arange(len(codes))
    count = round(len(codes) * share)
    if not 0 < count < len(codes):
        return
    training, held = split_rows(rows, share, seed, all_codes)
    assert sorted([*training, *held]) == rows.tolist()
    assert set(all_codes[training]) == set(codes)
    assert len(held) <= count
    single = np.bincount(all_codes)
    if len(codes) - (single > 0).sum() >= count:
        assert len(held) == count
    again = split_rows(rows, share, seed, all_codes)
    assert np.array_equal(again[1], held)


def test_each_class_gives_its_share() -> None:
    codes = np.repeat([0, 1, 2], [60, 30, 10])
    _, held = split_rows(np.arange(100), 0.2, 3, codes)
    assert np.bincount(codes[held]).tolist() == [12, 6, 2]


def test_the_usual_share() -> None:
    assert [len(split_rows(np.arange(n), None, 0)[1]) for n in (39, 40, 1000)] == [0, 6, 150]
    rows = np.array([3, 5, 8, 9])
    training, held = split_rows(rows, 0.25, 1)
    assert sorted([*training, *held]) == rows.tolist()
    assert len(held) == 1


@pytest.mark.parametrize("share", [1, -0.1, 1.5, "a", float("nan"), True])
def test_shares_that_are_none(share: object) -> None:
    with pytest.raises(ModelError, match="at least 0 and below 1"):
        split_rows(np.arange(100), share, 0)  # type: ignore[arg-type]


def test_a_share_that_leaves_nothing() -> None:
    with pytest.raises(ModelError, match="none to hold out"):
        split_rows(np.arange(10), 0.01, 0)
    with pytest.raises(ModelError, match="none to learn from"):
        split_rows(np.arange(10), 0.99, 0)
