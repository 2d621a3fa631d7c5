"""Optimising keeps every bit, and takes away what it should."""

from __future__ import annotations

import numpy as np
import pytest
from tests.program.random_programs import same_bits

import steepest as sd
from steepest import ops
from steepest.program.interpreter import Interpreter
from steepest.program.optimise import optimised

ODD = np.array([0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan, 5e-324])


def left(f, *args):
    return [operation.name for operation in optimised(sd.record(f, *args)).operations]


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: (np.sin(x), np.cos(x))[0], ["sin"]),  # nobody reads the cosine
        (lambda x: np.sin(x) + np.sin(x), ["sin", "add"]),
        (lambda x: x * 1.0, []),
        (lambda x: 1.0 * x, []),
        (lambda x: x / 1.0, []),
        (lambda x: x - 0.0, []),
        (lambda x: x + (-0.0), []),
        (lambda x: x + 0.0, ["add"]),  # -0.0 + 0.0 is 0.0
        (lambda x: 0.0 - x, ["sub"]),
        (lambda x: x * 0.0, ["mul"]),  # NaN and infinities stay
        (lambda x: np.negative(np.negative(x)), []),
        (lambda x: ops.where(x > 0, x, x), []),
        (lambda x: x * np.ones(8), []),
        (lambda x: ops.reshape(ops.reshape(x, (2, 4)), (8,)), []),
        (lambda x: ops.astype(x, np.float64), []),
        (lambda x: ops.transpose(ops.transpose(ops.reshape(x, (2, 4)))), ["reshape"]),
        (lambda x: ops.max(ops.reshape(x, (8, 1)), axis=1), []),
        (lambda x: ops.sum(ops.reshape(x, (8, 1)), axis=1), ["reshape", "add", "reshape"]),
    ],
    ids=range(18),
)
def test_algebra_that_keeps_every_bit(f, expected):
    program = sd.record(f, ODD)
    better = optimised(program)
    assert [operation.name for operation in better.operations if operation.name not in ("greater", "neg")] == expected
    for a, b in zip(Interpreter(program)([ODD]), Interpreter(better)([ODD]), strict=True):
        assert same_bits(a, b)


def test_constants_are_computed_beforehand_and_kept_once():
    table = sd.tensor(np.arange(3.0))
    program = optimised(sd.record(lambda x: x * np.sin(table) + np.sin(table), np.ones(3)))
    assert [operation.name for operation in program.operations] == ["mul", "add"]
    assert len(program.constants) == 1


def test_zero_and_minus_zero_are_two_numbers():
    program = optimised(sd.record(lambda x: ops.maximum(x * 0.0, x * -0.0), np.ones(2)))
    assert [operation.name for operation in program.operations] == ["mul", "mul", "maximum"]
