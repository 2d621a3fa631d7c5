from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(1, 60), data=st.data(), seed=st.integers(0, 2**70), order=st.sampled_from(["random", "sequence"])
)
def test_an_epoch_sees_every_row_once(rows, data, seed, order):
    batches = sd.Batches(data.draw(st.integers(1, rows)), order)
    steps = batches.per_epoch(rows)
    for epoch in (0, 3):
        parts = [batches.at(rows, seed, epoch * steps + k) for k in range(steps)]
        assert {found for found, _ in parts} <= {epoch, epoch * steps}
        seen = np.concatenate([np.arange(rows)[slice(None) if places is None else places] for _, places in parts])
        assert sorted(seen) == list(range(rows))


def test_the_order_is_a_function_of_seed_and_step_alone():
    forward = [sd.Batches(3).at(10, 4, k)[1].tolist() for k in range(12)]
    one = sd.Batches(3)
    backward = [one.at(10, 4, k)[1].tolist() for k in reversed(range(12))][::-1]
    assert forward == backward
    assert forward != [sd.Batches(3).at(10, 5, k)[1].tolist() for k in range(12)]


def test_full_batch():
    for size in (None, 10, 11):
        assert sd.Batches(size).is_full(10)
        assert sd.Batches(size).at(10, 0, 7) == (7, None)
    assert sd.Batches(32.0).size == 32
    assert isinstance(sd.Batches(np.int32(5)).size, int)


@pytest.mark.parametrize("size", [0, -1, 2.5, "8", np.nan, np.inf, True])
def test_sizes_that_make_no_sense(size):
    with pytest.raises(sd.ModelError, match="the batch size must be a whole number"):
        sd.Batches(size)


def test_an_unknown_order():
    with pytest.raises(sd.ModelError, match="'random' or 'sequence'"):
        sd.Batches(3, "shuffled")


def test_more_than_there_are():
    problem = sd.Problem(lambda p, x: p["a"] * x, {"a": 1.0}, np.arange(5.0), np.arange(5.0))
    with pytest.raises(sd.ModelError, match=r"batch size 6 is larger than the data \(5 rows\)"):
        sd.Run(problem, sd.Descent(batches=sd.Batches(6)))


def test_a_root_of_a_mean_is_no_mean_of_batches():
    problem = sd.Problem(lambda p, x: p["a"] * x, {"a": 1.0}, np.arange(5.0), np.ones(5), loss="rmse")
    with pytest.raises(sd.ModelError, match="rmse works on all rows at once"):
        sd.Run(problem, sd.Descent(batches=sd.Batches(2)))
    assert sd.Run(problem, sd.Descent(batches=sd.Batches(5)), steps=3).finish().steps_done == 3
