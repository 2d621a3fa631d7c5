"""Running sums, sorting, places of extremes and random numbers in machine code: NumPy's values to the last bit."""

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
from steepest.base.random import generator
from steepest.program.native.compiled import Compiled
from steepest.program.record import recorded

RNG = np.random.default_rng(6)
X = RNG.normal(size=(4, 5, 6)).round(1) + 0.0  # sorting, NumPy leaves 0.0 and -0.0 in either order
X[0, 1, 2], X[2, 2, :3], X[3, :, 5] = np.nan, np.inf, -np.inf
DTYPES = [np.float64, np.float32, np.int64, np.int32, np.uint8, bool]


def agree(f, *args):
    with np.errstate(all="ignore"):
        expected = f(*args)
        (got,) = Compiled(recorded(f, args)[0])(args)
    assert same_bits(got, expected), (got, expected)


def data(dtype):
    if np.dtype(dtype).kind == "f":
        return X.astype(dtype)
    return RNG.integers(0, 5, X.shape).astype(dtype)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("dtype", DTYPES)
def test_along_an_axis(dtype, axis):
    x = data(dtype)
    agree(lambda x: ops.argmax(x, axis=axis), x)
    agree(lambda x: ops.argmin(x, axis=axis), x)
    if dtype is not np.uint8:  # whose sums are unsigned
        agree(lambda x: ops.cumsum(x, axis=axis), x)
    agree(lambda x: ops.sort(x, axis=axis), x)
    if axis is not None:
        agree(lambda x: ops.argsort(x, axis=axis), x)
        agree(lambda x: ops.argmax(x, axis=axis, keepdims=True), x)


def test_of_turned_and_sliced_arrays():
    for f in (ops.argmax, ops.argmin, ops.sort, ops.argsort, ops.cumsum):
        agree(lambda x, f=f: f(ops.transpose(x)[::-2, 1:, :], axis=1), X)
        agree(lambda x, f=f: f(x * 2.0 + 1.0, axis=0) * 2, X)
        agree(lambda x, f=f: f(x[:, :1], axis=1), X)


def test_gradients_through_sorting_and_running_sums():
    x = RNG.normal(size=(5, 7))
    agree(sd.grad(lambda x: (ops.sort(x, axis=1) * np.arange(7.0)).sum()), x)
    agree(sd.grad(lambda x: (ops.cumsum(x, axis=0) * np.arange(7.0)).sum()), x)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**9))
def test_equal_elements_keep_their_order(seed):
    rng = np.random.default_rng(seed)
    agree(lambda x: ops.argsort(x, axis=0), rng.integers(0, 4, rng.integers(1, 200)).astype(float))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (4,), (5,), (7, 11), (64, 3), (2, 3, 4)])
def test_random_numbers_are_those_of_numpy(shape):
    """Philox4x64-10 from the counter (0, 0, epoch, step), as `numpy.random.Philox` gives it."""
    for seed, epoch, step in ((0, 0, 0), (7, 3, 5), (2**63 + 11, 2**40, 1), (-1, 0, 2**52 + 1)):
        f = lambda e, s, seed=seed: apply(p.uniform, e, s, seed=seed, stream="dropout.2.0", shape=shape)
        for kind in (np.int64, np.float64):
            args = [np.asarray(epoch, kind), np.asarray(step, kind)]
            (got,) = Compiled(recorded(f, args)[0])(args)
            assert same_bits(got, generator(seed, "dropout.2.0", epoch, step).random(shape))
