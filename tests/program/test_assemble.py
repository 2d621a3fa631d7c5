"""Sums of parts within zeros become concatenations, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.program.random_programs import same_bits

import steepest as sd
from steepest import ops
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply
from steepest.program.interpreter import Interpreter
from steepest.program.native.compiled import Compiled
from steepest.program.optimise import optimised
from steepest.program.record import record


def put(x, spec, shape):
    return apply(p.scatter_add, x, spec=spec, shape=shape)


def check(f, *arrays):
    """The names of what is left; eager, interpreted and compiled give the same bits."""
    program = optimised(record(f, *arrays))
    expected = f(*map(sd.tensor, arrays)).numpy()
    assert same_bits(Interpreter(program)(arrays)[0], expected)
    assert same_bits(Compiled(program)(arrays)[0], expected)
    return [operation.name for operation in program.operations]


X = np.array([[1.0, -0.0, np.nan], [np.inf, 0.0, -2.0]])


def test_parts_that_fill_the_whole():
    names = check(lambda x: put(x, (slice(0, 2),), (4, 3)) + put(x * 2.0, (slice(2, 4),), (4, 3)), X)
    assert "scatter_add" not in names
    assert names[-1] == "concatenate"


def test_negative_zeros_become_zeros_as_they_do_in_the_sum():
    f = lambda x: put(x, (slice(0, 2),), (4, 3)) + put(x, (slice(2, 4),), (4, 3))
    check(f, np.full((2, 3), -0.0))
    assert not np.signbit(sd.compile(f)(np.full((2, 3), -0.0))).any()


@pytest.mark.parametrize("first", [0, 1, 5])
def test_what_no_part_fills_is_zero(first):
    names = check(lambda x: put(x, (first,), (8, 2, 3)) + put(x, (3,), (8, 2, 3)), X)
    assert "concatenate" in names


def test_parts_that_overlap_are_added():
    names = check(
        lambda x: put(x, (slice(0, 2),), (3, 3)) + put(x, (slice(1, 3),), (3, 3)), np.where(np.isnan(X), 1, X)
    )
    assert names.count("scatter_add") == 2


def test_parts_cut_along_two_axes_are_added():
    names = check(lambda x: put(x, (slice(0, 2), 0), (4, 2, 3)) + put(x, (slice(2, 4), 1), (4, 2, 3)), X)
    assert names.count("scatter_add") == 2


def test_parts_with_gaps_are_added():
    names = check(lambda x: put(x, (slice(0, 4, 2),), (4, 3)) + put(x, (slice(1, 4, 2),), (4, 3)), X)
    assert names.count("scatter_add") == 2


def test_a_sum_that_is_also_used_on_the_way():
    def f(x):
        two = put(x, (slice(0, 2),), (6, 3)) + put(x, (slice(2, 4),), (6, 3))
        return ops.concatenate([two * 3.0, two + put(x, (slice(4, 6),), (6, 3))], axis=0)

    check(f, X)


def test_the_gradient_of_many_slices_takes_as_many_operations():
    def loss(x):
        return sum(ops.tanh(x[:, t]).sum() * float(t + 1) for t in range(x.shape[1]))

    counts = []
    for length in (10, 20, 40):
        x = np.random.default_rng(0).standard_normal((2, length, 3))
        program = optimised(record(sd.grad(loss), x))
        assert same_bits(Interpreter(program)([x])[0], sd.grad(loss)(x))
        assert sum(operation.name == "concatenate" for operation in program.operations) == 1
        counts.append(len(program.operations))
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), min_size=2, max_size=5), st.integers(0, 2), st.booleans()
)
def test_any_parts_give_the_bits_of_their_sum(places, axis, number):
    shape = [3, 3, 3]
    shape[axis] = 9

    def f(x):
        total = None
        for start, length in places:
            spec = (slice(None),) * axis + (start if number and length == 1 else slice(start, start + length),)
            part = np.take(np.arange(27.0).reshape(3, 3, 3) - 9.0, range(length), axis)
            part = part.squeeze(axis) if number and length == 1 else part
            within = put(ops.multiply(x, part), spec, tuple(shape))
            total = within if total is None else total + within
        return total

    check(f, np.asarray(-0.5))
