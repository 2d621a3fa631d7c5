from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from steepest.base.errors import ModelError
from steepest.base.params import Params
from steepest.optim.chain import chain, state_for
from steepest.optim.clipping import ClipGlobalNorm, ClipPerLayer, ClipValue
from steepest.optim.rules import GradientDescent
from steepest.training.descent import Descent
from steepest.training.problem import Problem
from steepest.training.run import Run

W = np.zeros(2)


def clipped(clip, g: np.ndarray) -> np.ndarray:
    return clip.update(g, {}, np.zeros_like(g), 0.1, 0)[0]


def test_norm_50_becomes_5_and_keeps_its_direction() -> None:
    np.testing.assert_allclose(clipped(ClipGlobalNorm(5.0), np.array([30.0, -40.0])), [3.0, -4.0], rtol=1e-15)


@pytest.mark.parametrize("g", [[3.0, 4.0], [0.1, -0.2], [0.0, 0.0]])
def test_shorter_gradients_are_untouched(g: list[float]) -> None:
    np.testing.assert_array_equal(clipped(ClipGlobalNorm(5.0), np.array(g)), g)


@pytest.mark.parametrize("size", [1e200, 1e308, 1.7e308])
def test_norms_whose_squares_overflow(size: float) -> None:
    with np.errstate(all="raise", under="ignore"):
        found = clipped(ClipGlobalNorm(5.0), np.array([size, size, 0.0]))
    np.testing.assert_allclose(found, [5 / math.sqrt(2), 5 / math.sqrt(2), 0.0], rtol=1e-14)


def test_norms_whose_squares_underflow() -> None:
    found = clipped(ClipGlobalNorm(1e-200), np.array([3e-199, 4e-199]))
    np.testing.assert_allclose(found, [6e-201, 8e-201], rtol=1e-12)


def test_float32_stays() -> None:
    found = clipped(ClipGlobalNorm(5.0), np.array([3e38, 0.0], dtype=np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [5.0, 0.0], rtol=1e-6)
    assert clipped(ClipValue(5.0), np.array([3e38, 0.0], dtype=np.float32)).dtype == np.float32


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("clip", [ClipGlobalNorm(1.0), ClipValue(1.0)])
def test_what_is_not_finite_is_not_hidden(clip, bad: float) -> None:
    found = clipped(clip, np.array([bad, 0.5]))
    np.testing.assert_array_equal(found, [bad, 0.5])


@settings(deadline=None, max_examples=50)
@given(
    g=arrays(np.float64, st.integers(1, 8), elements=st.floats(-1e300, 1e300, allow_subnormal=False)),
    limit=st.floats(1e-3, 1e3),
)
def test_length_and_direction(g: np.ndarray, limit: float) -> None:
    found = clipped(ClipGlobalNorm(limit), g)
    assert math.hypot(*found) <= limit * (1 + 1e-12)
    if math.hypot(*g) <= limit * (1 - 1e-12):
        np.testing.assert_array_equal(found, g)
    else:
        np.testing.assert_allclose(
            found / limit, g / math.hypot(*g) if math.hypot(*g) < math.inf else found / limit, atol=1e-12
        )


def test_by_value() -> None:
    np.testing.assert_array_equal(clipped(ClipValue(2.0), np.array([5.0, -5.0, 1.5, -2.0])), [2.0, -2.0, 1.5, -2.0])


def test_per_layer() -> None:
    """Layers: ``in`` with 3 elements, ``out`` with 2, and two parameters without a dot, each by itself."""
    params = Params({"in.weight": [0.0, 0.0], "in.bias": 0.0, "out.weight": [0.0], "out.bias": 0.0, "a": 0.0, "b": 0.0})
    clip = ClipPerLayer(1.0)
    state = state_for(clip, params)
    found, after = clip.update(np.array([2.0, -1.0, 2.0, 0.6, 0.8, 7.0, -0.5]), state, params.flat, 0.1, 0)
    np.testing.assert_allclose(found, [2 / 3, -1 / 3, 2 / 3, 0.6, 0.8, 1.0, -0.5])
    assert after is state


def test_per_layer_of_deeper_names() -> None:
    params = Params({"net.0.weight": [0.0], "net.0.bias": [0.0], "net.1.weight": [0.0]})
    assert state_for(ClipPerLayer(1.0), params)["ends"].tolist() == [2, 3]


def test_per_layer_keeps_nan_in_its_layer() -> None:
    params = Params({"in.weight": [0.0, 0.0], "out.weight": [0.0]})
    found, _ = ClipPerLayer(1.0).update(np.array([math.nan, 9.0, 9.0]), state_for(ClipPerLayer(1.0), params), W, 0.1, 0)
    np.testing.assert_array_equal(found, [math.nan, 9.0, 1.0])


def test_per_layer_in_a_chain_gets_the_names() -> None:
    params = Params({"in.weight": [0.0, 0.0], "out.weight": [0.0]})
    rule = chain(ClipPerLayer(1.0), GradientDescent())
    change, _ = rule.update(np.array([3.0, 4.0, 0.5]), state_for(rule, params), params.flat, 1.0, 0)
    np.testing.assert_allclose(change, [-0.6, -0.8, -0.5])
    with pytest.raises(ModelError, match="ClipPerLayer must know where the layers begin and end"):
        rule.init(params.flat)


def test_a_run_that_becomes_nan_finishes_when_clipped() -> None:
    problem = Problem.of_function(lambda p: p["x"] ** 4, {"x": 10.0})
    wild = Run(problem, Descent(GradientDescent(), 0.01), steps=2000).finish()
    tame = Run(problem, Descent(chain(ClipGlobalNorm(5.0), GradientDescent()), 0.01), steps=2000).finish()
    assert wild.outcome.name in ("diverged", "non_finite")
    assert tame.outcome.name in ("out_of_steps", "converged")
    assert abs(float(tame.params["x"])) < 0.2


@pytest.mark.parametrize("clip", [ClipGlobalNorm, ClipValue, ClipPerLayer])
@pytest.mark.parametrize("limit", [0, -1.0, math.nan, math.inf, "5", None])
def test_bad_limits(clip, limit) -> None:
    with pytest.raises(ModelError, match=f"{clip.__name__}'s limit must be a positive number, not"):
        clip(limit)
