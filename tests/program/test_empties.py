"""Arrays without elements in machine code."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from tests.program.random_programs import same_bits

import steepest as sd
from steepest import ops
from steepest.program.native.compiled import Compiled
from steepest.program.record import recorded

NONE, ROWS = np.zeros(0), np.zeros((0, 3))


def agree(f, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns of the mean of nothing
        expected = f(*args)
        (got,) = Compiled(recorded(f, args)[0])(args)
    assert same_bits(got, expected), (got, expected)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y, z: x * 2.0,
        lambda x, y, z: x.sum() + z,
        lambda x, y, z: np.mean(x) * z,
        lambda x, y, z: y.sum(axis=0) + z,
        lambda x, y, z: y.sum(axis=1),
        lambda x, y, z: np.concatenate([x, z, x]) * 2.0,
        lambda x, y, z: np.concatenate([z, x, z]) * 2.0,
        lambda x, y, z: np.concatenate([x, x]),
        lambda x, y, z: (y.T @ y) + z,
        lambda x, y, z: y @ np.ones((3, 2)),
        lambda x, y, z: z[np.zeros(0, int)],
        lambda x, y, z: z[:0] * 3.0,
        lambda x, y, z: ops.einsum("ij,ik->jk", y, y),
        lambda x, y, z: ops.pad(x, 2),
        lambda x, y, z: np.any(x > 0),
    ],
)
def test_the_values_are_those_of_numpy(f):
    agree(f, NONE, ROWS, np.arange(3.0))


def test_gradients():
    agree(sd.grad(lambda z, x: (z[:0] ** 2).sum() + (np.concatenate([x, z]) ** 2).sum()), np.arange(3.0), NONE)
    agree(sd.grad(lambda y: (y**2).sum()), ROWS)


def test_compiled_functions_take_them():
    f = sd.compile(lambda x: np.tanh(x).sum(), engine="llvm")
    assert f(NONE) == 0.0
    assert f(np.ones(2)) == pytest.approx(2 * np.tanh(1.0))
