"""Indexing by arrays in machine code: the elements and the bits of NumPy, and its errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.program.random_programs import same_bits

import steepest as sd
from steepest.base.errors import CompilationWarning
from steepest.program.native.compiled import Compiled
from steepest.program.record import recorded

RNG = np.random.default_rng(3)
X = RNG.normal(size=(5, 6, 7))
PLACES = RNG.integers(-5, 5, 4), RNG.integers(-5, 5, (3, 1)), RNG.integers(-5, 5, 4)
KEYS = {
    "first axis": lambda i, j, k: i,
    "middle": lambda i, j, k: (slice(None), i),
    "last": lambda i, j, k: (..., i),
    "apart, so that the axes of the arrays come first": lambda i, j, k: (i, slice(None), k),
    "together": lambda i, j, k: (slice(None), i, k),
    "broadcast against each other": lambda i, j, k: (i, j, k),
    "a number is an index array too": lambda i, j, k: (0, slice(None), k),
    "a number beside an array": lambda i, j, k: (slice(None), -1, k),
    "new axes": lambda i, j, k: (None, i, ..., None),
    "a new axis parts arrays": lambda i, j, k: (i, None, k),
    "an ellipsis of no axis parts them too": lambda i, j, k: (slice(None), i, ..., k),
    "slices": lambda i, j, k: (slice(None, None, -2), i, slice(1, 5)),
    "an array without axes": lambda i, j, k: (np.array(3), i),
    "whole axes before and after": lambda i, j, k: (slice(None), j),
}


def natively(f, *args):
    """The results of `f` by machine code; it is an error here if there is none."""
    return Compiled(recorded(f, args)[0])(args)


def agree(f, *args):
    expected = f(*args)
    (got,) = natively(f, *args)
    assert same_bits(got, expected)


@pytest.mark.parametrize("key", KEYS)
def test_elements_and_gradients_have_the_bits_of_numpy(key):
    make = KEYS[key]
    agree(lambda x, *a: x[make(*a)], X, *PLACES)
    agree(lambda x: (x * 2.0)[make(*PLACES)], X.astype(np.float32))  # index arrays that are constants
    agree(sd.grad(lambda x, *a: (x[make(*a)] ** 3).sum()), X, *PLACES)
    agree(sd.grad(lambda x: (x[make(*PLACES)] ** 3).sum()), X.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.uint8, np.uint16, np.uint32])
def test_integers_of_every_length_are_indices_and_data(dtype):
    places = (np.abs(PLACES[0]) if np.dtype(dtype).kind == "u" else PLACES[0]).astype(dtype)
    agree(lambda x, i: x[:, i], X, places)
    numbers = RNG.integers(0, 120, (5, 6, 7)).astype(dtype)
    numbers.flat[:2] = np.iinfo(dtype).min, np.iinfo(dtype).max
    agree(lambda a, i: a[:, i], numbers, places)
    agree(lambda a, x: a * x, numbers, X)
    agree(lambda a, x: (a.astype(np.float32) / 255.0) + x, numbers, X.astype(np.float32))
    agree(lambda a, x: np.where(a > 3, x, a.astype(np.float64)), numbers, X)
    agree(lambda a, x: np.concatenate([a[1:], a[:1]])[::2], numbers, X)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize(
    "make",
    [
        lambda x, w: x.sum(axis=0),
        lambda x, w: x.mean(axis=2).T,
        lambda x, w: x[0] @ w,
        lambda x, w: (x[1] @ w).T,
        lambda x, w: np.tanh(x[2]),
    ],
    ids=["sum", "mean", "product", "product, turned", "loop"],
)
def test_one_value_in_several_places_of_a_concatenation(make, axis):
    """What makes it writes it into one of them; the others are copies."""
    x, w = np.arange(64.0).reshape(4, 4, 4), np.arange(16.0).reshape(4, 4)
    agree(lambda x, w: np.concatenate([make(x, w)] * 3, axis), x, w)
    agree(lambda x, w: np.concatenate([x[0], make(x, w), x[1], make(x, w)], axis), x, w)
    agree(lambda x, w: np.concatenate([make(x, w).T, make(x, w)], axis) * 2.0, x, w)
    agree(lambda x, w: np.concatenate([make(x, w), np.concatenate([make(x, w)] * 2, axis)], axis), x, w)
    agree(lambda x, w: np.stack([make(x, w)] * 5, axis)[::2], x, w)
    agree(lambda x, w: np.concatenate([make(x, w)[::-1], make(x, w)[1:], make(x, w)[:1]], 0), x, w)


@pytest.mark.parametrize(("axis", "shape"), [(0, (3, 6, 7)), (1, (5, 9, 7)), (2, (5, 6, 2)), (1, (1, 4, 1))])
def test_along_an_axis(axis, shape):
    places = RNG.integers(-5, 5, shape)
    agree(lambda x, p: np.take_along_axis(x, p, axis), X, places)
    agree(sd.grad(lambda x, p: (np.take_along_axis(x, p, axis) ** 2).sum()), X, places)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**9))
def test_many_additions_at_one_place_are_done_in_order(seed):
    rng = np.random.default_rng(seed)
    rows, width = rng.integers(1, 6), rng.integers(1, 40)
    table = rng.normal(size=(rows, width)) * 10.0 ** rng.integers(-8, 8, (rows, width))
    places = rng.integers(-rows, rows, rng.integers(1, 60))
    factors = rng.normal(size=(len(places), width)) * 10.0 ** rng.integers(-8, 8, (len(places), 1))
    agree(sd.grad(lambda t, p, f: (t[p] * f).sum()), table, places, factors)


@pytest.mark.parametrize("outside", [[1, 4], [-5, 0], [2**40, 0]])
def test_a_place_outside_is_the_error_that_numpy_raises(outside):
    f = sd.compile(lambda x, i: x[i] * 2.0, engine="llvm")
    assert f(np.arange(4.0), np.array([3, -4])).tolist() == [6.0, 0.0]
    with pytest.raises(IndexError, match="out of bounds for axis 0 with size 4"):
        f(np.arange(4.0), np.array(outside))
    assert f(np.arange(4.0), np.array([1, -1])).tolist() == [2.0, 6.0]


def test_masks_that_are_known_beforehand():
    rows, both = X[:, 0, 0] > 0, X[:, :, 0] > 0
    for key in (
        rows,
        (rows, PLACES[0][: rows.sum()]),
        (slice(None), X[0, :, 0] > 0),
        both,
        (..., X[0, 0] < 0),
        (both, 3),
    ):
        agree(lambda x, key=key: x[key], X)
        agree(sd.grad(lambda x, key=key: (x[key] ** 3).sum()), X)


def test_masks_that_are_computed_stay_with_numpy():
    with pytest.warns(CompilationWarning, match="booleans"):
        assert sd.compile(lambda x: x[x > 1.0], engine="llvm")(np.arange(3.0)).tolist() == [2.0]
