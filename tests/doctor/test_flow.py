"""Flows, against sequences whose ratio is known and NumPy's own line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.doctor.flow import Flow, depth_verdict, flow, horizon, persists, time_verdict


@given(ratio=st.floats(0.01, 100), n=st.integers(4, 40), scale=st.floats(1e-100, 1e100), seed=st.integers(0, 99))
def test_the_slope_is_the_line_of_least_squares(ratio, n, scale, seed):
    noise = np.exp(0.1 * np.random.default_rng(seed).standard_normal(n))
    norms = scale * ratio ** np.arange(n - 1.0, -1.0, -1.0) * noise
    seen = flow(norms)
    slope = np.polyfit(np.arange(n - 1.0, -1.0, -1.0), np.log(norms), 1)[0]
    assert seen.ratio == pytest.approx(np.exp(slope), rel=1e-9)
    assert seen.total == pytest.approx(norms[0] / norms[-1])
    assert seen.links == n - 1


def test_what_cannot_be_told():
    assert flow(np.ones(3)) is None
    assert flow(np.array([1.0, np.nan, 1.0, 1.0])) is None
    assert flow(np.array([1.0, np.inf, 1.0, 1.0])) is None
    assert flow(np.zeros(5)) is None


def test_exact_zeros():
    seen = flow(np.array([0.0, 0.0, 0.0, 0.25, 0.5, 1.0]))
    assert seen == Flow(0.5, 0.0, 5, True)
    assert depth_verdict(seen) == -1
    assert flow(np.array([0.0, 0.0, 0.0, 1.0])) == Flow(0.0, 0.0, 3, False)


def test_equal_norms_do_not_change():
    assert flow(np.full(6, 2.5)) == Flow(1.0, 1.0, 5, True)


@pytest.mark.parametrize(
    ("ratio", "links", "verdict"),
    [
        (0.25, 10, -1),
        (0.25, 2, 0),
        (0.8, 20, 0),
        (0.7, 20, -1),
        (1.21, 20, 0),
        (1.4, 20, 1),
        (4.0, 10, 1),
        (1.0, 50, 0),
    ],
)
def test_depth(ratio, links, verdict):
    assert depth_verdict(Flow(ratio, ratio**links, links, True)) == verdict


def test_depth_that_is_not_steady_has_to_be_extreme():
    assert depth_verdict(Flow(0.5, 1e-3, 10, False)) == 0
    assert depth_verdict(Flow(0.5, 1e-3, 10, True), extreme=True) == 0
    assert depth_verdict(Flow(0.5, 1e-5, 10, False)) == -1


@pytest.mark.parametrize(
    ("ratio", "steps", "verdict"), [(0.9, 100, -1), (0.9, 50, 0), (0.95, 100, 0), (1.1, 100, 1), (1.0, 100, 0)]
)
def test_time(ratio, steps, verdict):
    seen = Flow(ratio, ratio ** (steps - 1), steps - 1, True)
    assert time_verdict(seen) == verdict
    if verdict < 0:
        assert ratio ** horizon(seen) == pytest.approx(0.01, rel=0.1)
        assert horizon(seen) < steps / 2


def test_lasting_evidence():
    assert persists([]) is None
    assert persists([0, 0]) is None
    assert persists([1, 1, 1]) == 0
    assert persists([0, 1]) == 1
    assert persists([-1, 0]) is None
    assert persists([1, 0, 0, -1]) is None
