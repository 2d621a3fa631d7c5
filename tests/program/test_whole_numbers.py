"""Whole numbers and truth values in machine code, remainders and quotients: NumPy's values to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from tests.program.random_programs import same_bits

import steepest as sd
from steepest import ops
from steepest.program.native.compiled import Compiled
from steepest.program.record import recorded

RNG = np.random.default_rng(5)
FLOATS = np.array(
    [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 3.0, -3.0, 7.25, 1e300, -1e300, 5e-324, np.inf, -np.inf, np.nan, 0.1, 6.0]
)
WHOLE = np.array([0, 1, -1, 2, -2, 3, -3, 7, -7, 100, 2**62, -(2**63), 2**63 - 1])


def agree(f, *args):
    with np.errstate(all="ignore"):
        expected = f(*args)
        (got,) = Compiled(recorded(f, args)[0])(args)
    assert same_bits(got, expected), (got, expected)


def pairs(values, dtype):
    x, y = (np.ravel(z).astype(dtype) for z in np.meshgrid(values, values))
    return x, y


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["remainder", "floor_divide"])
def test_remainders_and_quotients(name, dtype):
    with np.errstate(all="ignore"):
        x, y = pairs(FLOATS, dtype)
    agree(lambda x, y: getattr(np, name)(x, y), x, y)
    x, y = (RNG.normal(size=500) * 10.0 ** RNG.integers(-3, 3, 500) for _ in range(2))
    agree(lambda x, y: getattr(np, name)(x, y), x.astype(dtype), y.astype(dtype))


@pytest.mark.parametrize("name", ["remainder", "floor_divide", "maximum", "minimum", "add", "subtract", "multiply"])
def test_arithmetic_of_integers(name):
    agree(lambda x, y: getattr(np, name)(x, y), *pairs(WHOLE, np.int64))


@pytest.mark.parametrize("name", ["abs", "sign", "square", "negative", "floor", "rint"])
def test_functions_of_integers(name):
    agree(getattr(ops, name), WHOLE)


def test_logaddexp():
    x, y = pairs(FLOATS, np.float64)
    with np.errstate(all="ignore"):
        expected = np.logaddexp(x, y)
        got = sd.compile(ops.logaddexp, engine="llvm")(x, y)
        near = np.abs(got - expected) <= 4 * np.spacing(np.abs(expected))
    assert (near | (got == expected) | (np.isnan(got) & np.isnan(expected))).all()


def test_floats_become_integers_as_numpy_casts_them():
    x = np.concatenate([FLOATS, [2.0**63, -(2.0**63), 2.0**62, 1e18 + 0.5, -0.99]])
    agree(lambda x: x.astype(np.int64), x)
    agree(lambda x: x.astype(np.int64), RNG.normal(size=100).astype(np.float32) * 100)
    agree(lambda x: x.astype(bool), x)


@pytest.mark.parametrize("axis", [None, 0, 1, 2])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, bool])
def test_reductions(dtype, axis):
    x = (RNG.integers(0, 3, (3, 40, 5)) - (np.dtype(dtype).kind == "i")).astype(dtype)
    for reduce in (np.any, np.all, np.count_nonzero):
        agree(lambda x, reduce=reduce: reduce(x, axis=axis), x)
    if np.dtype(dtype) != np.uint8:
        agree(lambda x: np.sum(x, axis=axis), x)
    agree(lambda x: np.mean(x > 0, axis=axis), x) if axis is None else None
    if dtype is np.int64:
        agree(lambda x: np.max(x, axis=axis), x)
        agree(lambda x: np.min(x, axis=axis), x)


def test_the_share_of_right_answers():
    scores, labels = RNG.normal(size=(50, 3)), RNG.integers(0, 2, 50)
    agree(lambda s, y: np.mean((s[:, 1] > s[:, 0]) == y), scores, labels)


def test_nan_is_true():
    agree(lambda x: np.any(x, axis=1), np.array([[0.0, np.nan], [0.0, -0.0]]))
