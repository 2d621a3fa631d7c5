"""Stacked products and Einstein sums as simpler operations: the same numbers, by the interpreter and as machine code."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest import ops
from steepest.program.interpreter import Interpreter
from steepest.program.lowering import lowered
from steepest.program.native.compiled import Compiled
from steepest.program.record import record

RNG = np.random.default_rng(0)


def arrays(*shapes):
    return [RNG.normal(size=shape) for shape in shapes]


def agree(f, *args):
    """The recorded function, the lowered one, and machine code."""
    program = record(f, *args)
    simple = lowered(program)
    assert "einsum" not in {operation.name for operation in simple.operations}
    for expected, *others in zip(Interpreter(program)(args), Interpreter(simple)(args), Compiled(simple)(args)):
        for got in others:
            assert got.dtype == expected.dtype
            np.testing.assert_allclose(got, expected, rtol=1e-5 if got.dtype == np.float32 else 1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((5,), (5,)), ((3, 4, 5), (5,)), ((5,), (3, 5, 2)), ((3, 4, 5), (5, 6)), ((4, 5), (3, 5, 6)), ((3, 4, 5), (3, 5, 6)),
        ((1, 4, 5), (3, 5, 6)), ((2, 1, 4, 5), (3, 5, 6)), ((1, 2, 9), (1, 9, 4)), ((300, 4, 5), (300, 5, 4)),
    ],
)  # fmt: skip
def test_products(a, b):
    agree(lambda a, b: a @ b, *arrays(a, b))
    agree(lambda a, b: sd.grad(lambda w: ((w[0] @ w[1]) ** 2).sum())([a, b]), *arrays(a, b))


def test_products_of_mixed_dtypes():
    a, b = arrays((3, 4), (4, 5))
    agree(lambda a, b: a @ b, a, b.astype(np.float32))


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(3, 4), (4, 5)]), ("ij,kj->ki", [(3, 4), (5, 4)]), ("bij,bjk->bik", [(3, 2, 4), (3, 4, 5)]),
        ("bhqd,bhkd->bhqk", [(2, 3, 4, 5), (2, 3, 6, 5)]), ("i,j->ij", [(3,), (4,)]), ("ij,ij->", [(3, 4), (3, 4)]),
        ("ij->ji", [(3, 4)]), ("ij->", [(3, 4)]), ("ij->i", [(3, 4)]), ("ij->ij", [(3, 4)]), ("ij,i->j", [(3, 4), (3,)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]), ("...i,...i->...", [(2, 3, 4), (2, 3, 4)]), ("i,->i", [(3,), ()]),
        ("ij,jk->ki", [(3, 1), (4, 5)]), ("ij,ij->ij", [(1, 4), (3, 4)]), ("ab,cb,ca->", [(2, 3), (4, 3), (4, 2)]),
        ("ij,k->ik", [(3, 4), (5,)]),
    ],
    ids=str,
)  # fmt: skip
def test_einstein_sums(subscripts, shapes):
    operands = arrays(*shapes)
    agree(lambda *x: ops.einsum(subscripts, *x), *operands)
    agree(lambda *x: sd.grad(lambda x: (ops.einsum(subscripts, *x) ** 2).sum())(list(x)), *operands)


def test_the_operation_that_nothing_has_to_be_done_for():
    program = lowered(record(lambda x: ops.einsum("ij->ij", x), np.ones((2, 3))))
    assert [operation.name for operation in program.operations] == ["alias"]


def test_compile_does_it_unasked():
    a, b = arrays((6, 4, 5), (6, 5, 3))
    assert sd.compile(lambda a, b: ops.einsum("bij,bjk->bik", a, b) + a @ b, engine="llvm")(a, b) == pytest.approx(
        2 * (a @ b)
    )
