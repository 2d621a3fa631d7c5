"""Programs in two parts give the bits of the whole."""

import numpy as np
import pytest

from steepest.autodiff import ops
from steepest.program.interpreter import Interpreter
from steepest.program.optimise import optimised
from steepest.program.record import record
from steepest.program.settled import settled

RNG = np.random.default_rng(0)
A, X = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 4))


@pytest.mark.parametrize(
    "f",
    [
        lambda a, x: np.exp(x) @ a.T,
        lambda a, x: (ops.transpose(x) * 1.0, a.sum()),
        lambda a, x: (x, a, np.exp(x), np.exp(x)),  # results that are inputs, or the same twice
        lambda a, x: ops.sum(ops.broadcast_to(ops.sum(x, axis=0), (3, 4)) * a, axis=1),
        lambda a, x: (np.exp(x), 2.0),  # nothing is left to do
        lambda a, x: a * 2.0,  # nothing is settled
        lambda a, x: (x[1:3] + 1.0, np.sin(x[::-1].T) @ x, a[0] + np.sum(x.T, axis=1)),
    ],
)
def test_both_parts_are_the_whole(f):
    program = optimised(record(f, A, X))
    first, rest = settled(program, program.inputs[1:])
    wanted = Interpreter(program)([A, X])
    kept = Interpreter(first)([X])
    run = Interpreter(rest)
    for found in (run([A, *kept]), run([A, *kept])):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert np.array_equal(one, other)
    assert {operation.out for operation in rest.operations}.isdisjoint(first.outputs)


def test_what_is_settled_is_not_computed_again():
    program = record(lambda a, x: ops.sum(np.exp(np.sin(x)) * a[0]), A, X[:1])
    first, rest = settled(program, program.inputs[1:])
    assert [operation.name for operation in first.operations] == ["sin", "exp"]
    assert "exp" not in [operation.name for operation in rest.operations]
