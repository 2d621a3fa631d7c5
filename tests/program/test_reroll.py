"""Loops that were recorded become loops of machine code again, and mean what the interpreter says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd
from steepest import ops
from steepest.program.fusion import Plan
from steepest.program.interpreter import Interpreter
from steepest.program.native.compiled import Compiled
from steepest.program.optimise import optimised
from steepest.program.record import record
from steepest.program.steps import Repeat

BOUND = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 3e-5}


def repeats(compiled):
    return [(step.count, len(step.steps)) for step in compiled.plan.steps if isinstance(step, Repeat)]


def check(f, *args, bound=None):
    """Compare machine code with the interpreter, twice on the same memory; give the loops that were found."""
    program = optimised(record(f, *args))
    leaves = [np.asarray(x) for x in sd.autodiff.tree.flatten(args)[0]]
    expected, compiled = Interpreter(program)(leaves), Compiled(program)
    first, second = compiled(leaves), compiled(leaves)
    for x, y, z in zip(expected, first, second, strict=True):
        limit = bound or BOUND.get(x.dtype, 0.0)
        np.testing.assert_allclose(y, x, rtol=limit, atol=limit * max(np.abs(x).max(initial=0.0), 1e-300))
        np.testing.assert_array_equal(y, z)
    return repeats(compiled)


# ---- recurrent nets: forwards, backwards through time, and an update
def descent(cell, length, layers, last, dtype, rows=4, inputs=3, hidden=5):
    rng = np.random.default_rng(length)
    net = sd.Sequential(getattr(sd, cell)(inputs, hidden, layers, last=last), sd.Linear(hidden, 1))
    params = {name: np.asarray(w, dtype) for name, w in net.init(sd.Key(0))[0].items()}
    x = rng.standard_normal((rows, length, inputs)).astype(dtype)
    y = rng.standard_normal((rows, 1) if last else (rows, length, 1)).astype(dtype)

    def step(params, x):
        def loss(params):
            return ((net.apply(params, {}, x, sd.Key(0), True)[0] - y) ** 2).mean()

        value, gradient = sd.value_and_grad(loss)(params)
        return value, {name: w - 0.1 * gradient[name] for name, w in params.items()}

    return step, params, x


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("length", [1, 2, 3, 6])
def test_recurrent_nets_of_few_steps(cell, length, layers, last):
    check(*descent(cell, length, layers, last, np.float64 if length % 2 else np.float32))


@pytest.mark.parametrize(("cell", "layers", "last", "dtype"), [
    ("RNN", 1, True, np.float64), ("GRU", 1, True, np.float32), ("GRU", 2, False, np.float64), ("LSTM", 1, False, np.float64),
    ("LSTM", 2, True, np.float32), ("RNN", 2, False, np.float32),
])  # fmt: skip
def test_recurrent_nets_of_many_steps(cell, layers, last, dtype):
    found = check(*descent(cell, 50, layers, last, dtype))
    assert len(found) >= 2
    assert all(count >= 46 for count, _ in found)


def test_code_does_not_grow_with_length():
    sizes = []
    for length in (20, 60):
        step, params, x = descent("GRU", length, 1, False, np.float64)
        program = optimised(record(step, params, x))
        plan = Plan(program)
        sizes.append(plan.positions)
    assert sizes[0] == sizes[1]


def test_a_whole_descent_is_the_same_by_both_engines():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((8, 12, 2)), rng.standard_normal((8, 1))
    net = sd.Sequential(sd.GRU(2, 6, last=True), sd.Linear(6, 1))
    params, state = net.init(sd.Key(1))
    losses = []
    for engine in ("numpy", "llvm"):
        problem = sd.Problem(net, params, x, y, loss="mse", state=state)
        run = sd.Run(problem, sd.Descent(sd.Adam(), 0.02), steps=60, engine=engine).finish()
        assert run.engine == engine
        losses.append(run.history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-9)


# ---- loops of the user's own
def test_an_integrator_by_euler_keeps_its_state_in_one_place():
    def f(x, rate):
        for _ in range(40):
            x = x + 0.01 * (ops.sin(x) - rate * x)
        return x

    program = optimised(record(f, np.linspace(-1, 1, 37), np.asarray(0.3)))
    plan = Plan(program)
    assert any(isinstance(step, Repeat) and step.count >= 38 for step in plan.steps)
    assert all(family.distance == 0 for family in plan.families)
    check(f, np.linspace(-1, 1, 37), np.asarray(0.3))


def test_the_gradient_of_an_integrator_by_runge_kutta():
    def slope(y, a):
        return ops.stack([y[1], a * (1.0 - y[0] ** 2) * y[1] - y[0]])

    def f(y, a):
        for _ in range(30):
            k1 = slope(y, a)
            k2 = slope(y + 0.05 * k1, a)
            k3 = slope(y + 0.05 * k2, a)
            k4 = slope(y + 0.1 * k3, a)
            y = y + 0.1 / 6 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return (y**2).sum()

    for shape in ((2,), (2, 7)):
        found = check(lambda y, a: sd.grad(f, argnums=(0, 1))(y, a), np.full(shape, 0.7), np.asarray(1.3), bound=1e-10)
        assert len(found) >= 2


def test_a_filter_with_two_delays():
    def f(x, a):
        before = now = np.zeros(x.shape[0])
        out = []
        for t in range(x.shape[1]):
            before, now = now, a[0] * now + a[1] * before + x[:, t]
            out.append(now)
        return ops.stack(out, axis=1)

    x = np.random.default_rng(0).standard_normal((5, 33))
    assert check(f, x, np.array([0.5, -0.2]))
    assert check(lambda x, a: sd.grad(lambda a: (f(x, a) ** 2).sum())(a), x, np.array([0.5, -0.2]))


def test_two_directions_that_alternate():
    def f(x, w, u):
        a = b = np.zeros((x.shape[0], 4))
        n = x.shape[1]
        for t in range(n):
            a = ops.tanh(x[:, t] @ w + a)
            b = ops.tanh(x[:, n - 1 - t] @ u + b)
        return (a * b).sum()

    rng = np.random.default_rng(1)
    x, w, u = rng.standard_normal((3, 24, 2)), rng.standard_normal((2, 4)), rng.standard_normal((2, 4))
    assert check(f, x, w, u)
    assert check(lambda x, w, u: sd.grad(f, argnums=(0, 1, 2))(x, w, u), x, w, u)


@pytest.mark.parametrize("odd", [0, 1, 7, 18, 19])
def test_one_iteration_that_is_different(odd):
    def f(x, w):
        for t in range(20):
            x = ops.tanh(x @ w) + (ops.exp(-x) if t == odd else ops.sin(x))
        return x

    x, w = np.full((3, 4), 0.2), np.random.default_rng(0).standard_normal((4, 4)) / 3
    check(f, x, w)
    check(lambda x, w: sd.grad(lambda w: f(x, w).sum())(w), x, w, bound=1e-10)


@pytest.mark.parametrize("odd", [0, 1, 7, 18, 19])
def test_one_iteration_with_another_operand(odd):
    def f(x, w, u, c):
        first = x
        for t in range(20):
            x = ops.tanh(x @ (u if t == odd else w)) + c[3 if t == odd + 1 else t]
            x = x + (first if t == odd else 0.5 * x)
        return x

    rng = np.random.default_rng(0)
    w, u = rng.standard_normal((2, 4, 4)) / 3
    check(f, rng.standard_normal((3, 4)), w, u, rng.standard_normal(20))


def test_an_array_for_each_iteration():
    def f(ws, x):
        for w in ws:
            x = ops.tanh(x @ w)
        return x

    rng = np.random.default_rng(0)
    ws = [rng.standard_normal((6, 6)) for _ in range(12)]
    assert check(f, ws, rng.standard_normal((5, 6)))
    gradient = check(lambda ws, x: sd.grad(lambda ws: f(ws, x).sum())(ws), ws, rng.standard_normal((5, 6)), bound=1e-10)
    assert gradient


def test_results_of_every_iteration():
    def f(x):
        seen = []
        for _ in range(15):
            x = ops.sin(x) + 0.5
            seen.append(x)
        return seen

    check(f, np.linspace(0, 1, 9))


def test_the_same_array_again_and_again_or_never_read():
    def f(x, y):
        unused = []
        for t in range(12):
            unused.append(y[t] * 2.0)
            x = x * 1.5 - x
        return x, unused[3]

    check(f, np.ones(4), np.arange(48.0).reshape(12, 4))


def test_places_given_by_arrays_within_a_loop():
    where = np.array([2, 0, 1])

    def f(x):
        for _ in range(10):
            x = ops.tanh(x[where]) + 0.1
        return x

    check(f, np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]))
    check(sd.grad(lambda x: (f(x) ** 2).sum()), np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]))


def test_what_is_not_finite_goes_through():
    step, params, x = descent("GRU", 12, 1, True, np.float64)
    x[0, 3] = np.nan
    check(step, params, x)
    x[0, 3] = np.inf
    check(step, params, x)


def test_programs_without_loops_have_none():
    net = sd.MLP(3, [8, 9], 2)
    params = net.init(sd.Key(0))[0]
    program = optimised(record(lambda p, x: net.apply(p, {}, x, sd.Key(0), True)[0], params, np.ones((6, 3))))
    assert not Plan(program).repeated


# ---- random loops
OPERATIONS = (
    lambda a, b, w, x: ops.tanh(a @ w) + b, lambda a, b, w, x: a * 0.5 + x, lambda a, b, w, x: a - ops.sin(b),
    lambda a, b, w, x: a @ ops.transpose(w), lambda a, b, w, x: ops.sigmoid(a) * b + x.mean(),
    lambda a, b, w, x: a + b.sum(axis=0),
    lambda a, b, w, x: ops.concatenate([a[:, 1:], b[:, :1]], axis=1), lambda a, b, w, x: ops.maximum(a, x) * 0.9,
    lambda a, b, w, x: a[::-1] * 0.3 + b, lambda a, b, w, x: ops.where(ops.greater(a, 0.0), a, b * x),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=5),
    st.integers(3, 14), st.integers(0, 3), st.integers(-1, 14), st.booleans(), st.booleans(),
)  # fmt: skip
def test_random_loops(body, count, kept, odd, backwards, gradient):
    rng = np.random.default_rng(count)
    w, xs, start = rng.standard_normal((4, 4)) / 3, rng.standard_normal((count, 3, 4)), rng.standard_normal((4, 3, 4))

    def f(w, xs, start):
        state, seen = [start[k] for k in range(4)], []
        for t in range(count):
            x = xs[count - 1 - t if backwards else t]
            for which, i, j in body:
                state[i] = OPERATIONS[(which + 1) % 10 if t == odd else which](state[i], state[j], w, x)
            seen.append(state[kept])
        return state, sum(v.mean() * float(k + 1) for k, v in enumerate(seen))

    if gradient:

        def loss(w, xs, start):
            state, total = f(w, xs, start)
            return total + state[0].sum()

        check(lambda *args: sd.grad(loss, argnums=(0, 1, 2))(*args), w, xs, start, bound=1e-9)
    else:
        check(f, w, xs, start, bound=1e-10)


def test_the_listing_says_what_is_repeated():
    def f(x):
        for _ in range(12):
            x = x + 0.1 * ops.sin(x)
        return x

    text = str(record(f, np.ones(3)))
    assert "repeat 11 times, the first being" in text
    assert len(text.splitlines()) < 12
