"""What every rule promises: pure, of the parameters' dtype, downhill, honest about NaN."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optim.family import RULES, descend, parabola, rosenbrock
from steepest.base.params import Params
from steepest.optim.chain import state_for, usual_rate
from steepest.optim.rules import Adam, Momentum
from steepest.optim.schedules import CosineDecay
from steepest.optim.stopping import Stopping
from steepest.training.descent import Descent
from steepest.training.problem import Problem

ALL = pytest.mark.parametrize("name", RULES)
BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def arrays_of(state: Any) -> list[np.ndarray]:
    if isinstance(state, dict):
        return [array for value in state.values() for array in arrays_of(value)]
    return [state] if isinstance(state, np.ndarray) else []


@ALL
@BOTH
def test_finds_the_bottom_of_a_parabola(name: str, dtype: Any) -> None:
    rule, rate, _ = RULES[name]
    steps = 3000 if name == "adadelta" else 600
    path = descend(rule, parabola, np.array([-1.0, 2.0, 0.75], dtype=dtype), rate, steps)
    assert path[-1].dtype == dtype
    # RMSprop and Adadelta hop around the minimum by about their rate.
    np.testing.assert_allclose(path[-1], 0.5, atol=0.02)


@ALL
@BOTH
def test_goes_down_the_valley_of_rosenbrock(name: str, dtype: Any) -> None:
    rule, _, rate = RULES[name]
    start = np.array([-1.2, 1.0], dtype=dtype)
    path = descend(rule, rosenbrock, start, rate, 1000)
    assert path[-1].dtype == dtype
    assert rosenbrock(path[-1])[0] < 0.25 * rosenbrock(start)[0]
    assert np.all(np.isfinite(path))


@ALL
@BOTH
def test_state_and_change_have_the_dtype_and_shape_of_the_parameters(name: str, dtype: Any) -> None:
    rule, rate, _ = RULES[name]
    w = np.array([0.3], dtype=dtype)  # one element
    state = rule.init(w)
    for step in range(7):  # RAdam changes its formula at step 5
        change, state = rule.update(np.array([0.5], dtype=dtype), state, w, rate, step)
        assert (change.dtype, change.shape) == (dtype, (1,))
        assert all(array.dtype == dtype and array.shape == (1,) for array in arrays_of(state))


@ALL
def test_is_pure(name: str) -> None:
    """The inputs are read-only and stay as they are; nothing given back shares memory with what may be written into later."""
    rule, rate, _ = RULES[name]
    w, g = np.array([1.0, -2.0, 0.0]), np.array([0.5, 3.0, -1e-3])
    state = rule.init(w)
    assert not any(np.shares_memory(array, w) for array in arrays_of(state))
    for step in range(3):
        for array in (w, g, *arrays_of(state)):
            array.flags.writeable = False
        before = copy.deepcopy(state)
        change, after = rule.update(g, state, w, rate, step)
        assert not any(np.shares_memory(array, x) for array in (change, *arrays_of(after)) for x in (w, g))
        assert not any(np.shares_memory(change, array) for array in arrays_of(after))
        again, _ = rule.update(g, before, w, rate, step)
        np.testing.assert_array_equal(change, again)
        for x, y in zip(arrays_of(before), arrays_of(state)):
            np.testing.assert_array_equal(x, y)
        state = after


@ALL
def test_zero_gradients_move_nothing(name: str) -> None:
    rule, rate, _ = RULES[name]
    w = np.zeros(3)  # nothing to decay either
    state = rule.init(w)
    for step in range(10):
        change, state = rule.update(np.zeros(3), state, w, rate, step)
        np.testing.assert_array_equal(change, 0.0)


@ALL
def test_nan_comes_through(name: str) -> None:
    """A NaN in the gradient reaches its parameter, and no other, in a state that is as it was."""
    rule, rate, _ = RULES[name]
    w = np.array([1.0, 2.0])
    change, _ = rule.update(np.array([np.nan, 1.0]), rule.init(w), w, rate, 0)
    assert np.isnan(change[0])
    assert np.isfinite(change[1])


@ALL
@settings(deadline=None, max_examples=25)
@given(
    g=st.lists(st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-3), min_size=1, max_size=6),
)
def test_the_first_step_goes_downhill(name: str, g: list[float]) -> None:
    rule, rate, _ = RULES[name]
    gradient = np.array(g)
    w = np.zeros_like(gradient)
    change, _ = rule.update(gradient, rule.init(w), w, rate, 0)
    np.testing.assert_array_equal(np.sign(change), -np.sign(gradient))


@ALL
def test_works_on_strided_and_read_only_arrays(name: str) -> None:
    rule, rate, _ = RULES[name]
    w, g = np.arange(8.0)[::2], np.linspace(-1, 1, 12)[::-3]
    w.flags.writeable = g.flags.writeable = False
    change, _ = rule.update(g, rule.init(w), w, rate, 0)
    expected, _ = rule.update(g.copy(), rule.init(w.copy()), w.copy(), rate, 0)
    np.testing.assert_array_equal(change, expected)


@ALL
def test_a_run_in_pieces_gives_the_same_bits(name: str) -> None:
    rule, rate, _ = RULES[name]
    x = np.linspace(-1.0, 1.0, 12)
    problem = Problem(lambda p, x: p["a"] * x + p["b"], {"a": 0.5, "b": 0.0}, x, 2 * x + 1)
    method = Descent(rule, CosineDecay(rate, 40))

    def run(pieces: list[int]) -> tuple[np.ndarray, Any]:
        params, state = problem.start, method.init(problem, problem.start, 0)
        for n in pieces:
            done = method.advance(problem, params, copy.deepcopy(state), n, Stopping(tolerance=0.0))
            params, state = done.params, done.state
        return params.flat, state["rule"]

    whole, state = run([30])
    parts, pieced = run([1, 6, 23])
    assert whole.tobytes() == parts.tobytes()
    assert [a.tobytes() for a in arrays_of(state)] == [a.tobytes() for a in arrays_of(pieced)]


@ALL
def test_state_is_arrays_and_numbers_that_json_keeps(name: str) -> None:
    """A checkpoint stores arrays beside a JSON text: whatever is no array must survive it."""
    rule, rate, _ = RULES[name]
    w = np.array([1.0, 2.0])
    _, state = rule.update(w, rule.init(w), w, rate, 0)

    def numbers_of(state: Any) -> Any:
        return {
            k: numbers_of(v) if isinstance(v, dict) else v for k, v in state.items() if not isinstance(v, np.ndarray)
        }

    assert json.loads(json.dumps(numbers_of(state))) == numbers_of(state)


@ALL
def test_rules_are_values(name: str) -> None:
    """Frozen, comparable, with a name and the same state from names as from the vector."""
    rule = RULES[name][0]
    assert rule == copy.deepcopy(rule)
    assert hash(rule) == hash(copy.deepcopy(rule))
    assert isinstance(rule.name, str)
    params = Params({"a.w": [1.0, 2.0], "b": 3.0})
    named, plain = arrays_of(state_for(rule, params)), arrays_of(rule.init(params.flat))
    assert all(np.array_equal(x, y) for x, y in zip(named, plain, strict=True))
    with pytest.raises(AttributeError):
        rule.beta = 0.5


def test_usual_rate_is_none_where_the_curvature_decides() -> None:
    assert {name for name, (rule, _, _) in RULES.items() if usual_rate(rule) is None} == {
        "gradient_descent", "momentum", "sgd", "sgd_dampened", "sgd_nesterov", "nesterov", "nesterov_growing", "clipped",
    }  # fmt: skip
    assert usual_rate(Adam()) == 0.01
    assert usual_rate(Momentum()) is None
