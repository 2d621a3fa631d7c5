"""Elements of local Jacobians against the whole Jacobian, which takes another way: one walk an element of the result."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import ModelError
from steepest.inspection import elements
from steepest.inspection.elements import links

R = np.random.default_rng(5)
X23, X3, X32, X5 = R.normal(size=(2, 3)), R.normal(size=3), R.normal(size=(3, 2)), R.normal(size=5)
ROUND = sd.primitive("turn", lambda x: x[::-1] * 2.0, vjp=lambda g, out, x: g[::-1] * 2.0)
TWICE = sd.primitive("twice", lambda x: 2.0 * x, partials=[lambda out, x: 2.0 + 0 * x])

# One operation each, with the point to look at.
OPERATIONS = {
    "add, broadcast": (lambda x: x + X23, X3),
    "multiply, broadcast": (lambda x: x * X23, X3),
    "multiply, broadcast over a column": (lambda x: X23 * x, R.normal(size=(2, 1))),
    "divide by": (lambda x: X23 / x, X3),
    "power of an array": (lambda x: np.abs(X3) ** x, X3),
    "exp": (np.exp, X23),
    "relu": (sd.ops.relu, X23),
    "abs": (np.abs, X5),
    "maximum, ties": (lambda x: np.maximum(x, np.array([1.0, 2.0, 3.0])), np.array([1.0, 1.0, 4.0])),
    "clip": (lambda x: np.clip(x, -0.5, 0.5), X5),
    "where": (lambda x: np.where(X3 > 0, x, 0.0), X23),
    "where, broadcast": (lambda x: np.where(X23 > 0, 1.0, x), X3),
    "where, a number": (lambda x: np.where(X23 > 0, x, 0.0), np.array(2.0)),
    "sum": (lambda x: x.sum(), X23),
    "sum over an axis": (lambda x: x.sum(axis=0), X23),
    "sum, dims kept": (lambda x: x.sum(axis=1, keepdims=True), X23),
    "mean": (lambda x: x.mean(), X23),
    "mean over an axis": (lambda x: x.mean(axis=-1), X23),
    "max": (lambda x: x.max(), X23),
    "max over an axis, ties": (lambda x: x.max(axis=0), np.array([[1.0, 2.0], [1.0, 0.0], [0.0, 2.0]])),
    "min over an axis": (lambda x: x.min(axis=1), X23),
    "cumsum": (lambda x: np.cumsum(x, axis=1), X23),
    "matmul, left": (lambda x: x @ X32, X23),
    "matmul, right": (lambda x: X23 @ x, X32),
    "matmul, stack of matrices": (lambda x: x @ R2, R.normal(size=(4, 2, 3))),
    "matmul, one matrix for a stack": (lambda x: S4 @ x, R.normal(size=(3, 2))),
    "matmul, stack of one": (lambda x: x @ R2, R.normal(size=(1, 2, 3))),
    "einsum": (lambda x: sd.ops.einsum("ij,jk,i->k", x, X32, X23[:, 0]), X23),
    "einsum, an index of its own": (lambda x: sd.ops.einsum("ij,k->k", x, X3), X23),
    "einsum, outer": (lambda x: sd.ops.einsum("i,j->ij", x, X5), X3),
    "reshape": (lambda x: x.reshape(3, 2), X23),
    "transpose": (lambda x: x.T, X23),
    "transpose, three axes": (lambda x: np.transpose(x, (2, 0, 1)), R.normal(size=(2, 3, 4))),
    "flip": (lambda x: np.flip(x, 1), X23),
    "broadcast_to": (lambda x: np.broadcast_to(x, (4, 3)), X3),
    "index": (lambda x: x[1], X23),
    "index, slices": (lambda x: x[::-1, 1:], X23),
    "index, repeated places": (lambda x: x[np.array([0, 0, 2])], X3),
    "index, mask": (lambda x: x[X5 > 0], X5),
    "take_along_axis": (lambda x: sd.ops.take_along_axis(x, np.array([[2], [0]]), 1), X23),
    "concatenate": (lambda x: sd.ops.concatenate([X3, x, X3]), X5),
    "pad": (lambda x: sd.ops.pad(x, ((1, 0), (0, 2))), X23),
    "sort": (lambda x: np.sort(x, axis=-1), X23),
    "clone": (lambda x: x.clone(), X3),
    "an operation of one's own, general": (ROUND, X3),
    "an operation of one's own, elementwise": (TWICE, X23),
}  # fmt: skip
R2, S4 = R.normal(size=(3, 2)), R.normal(size=(4, 2, 3))


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_links_are_the_local_jacobian(name, dtype):
    f, point = OPERATIONS[name]
    x = sd.tensor(point.astype(dtype), requires_grad=True)
    out = f(x)
    i = next(k for k, y in enumerate(out.inputs) if y is x)
    dense = np.zeros((out.size, x.size))
    found = links(out, i, np.arange(x.size))
    np.add.at(dense, (found.target, found.source), found.weight)
    assert (found.weight != 0).all()
    expected = sd.jacobian(f)(point.astype(dtype)).reshape(out.size, x.size)
    assert dense == pytest.approx(
        expected, rel=1e-12 if dtype is np.float64 else 1e-5, abs=1e-6 if dtype is np.float32 else 0
    )
    # For some elements only: those columns, and no others.
    some = np.arange(0, x.size, 2)
    part = links(out, i, some)
    assert set(part.source.tolist()) <= set(some.tolist())
    columns = np.zeros_like(dense)
    np.add.at(columns, (part.target, part.source), part.weight)
    assert (columns[:, some] == dense[:, some]).all()


def test_the_same_value_in_two_places_has_links_of_its_own_for_each():
    x = sd.tensor([2.0, 3.0], requires_grad=True)
    product = x * x
    for i in (0, 1):
        assert links(product, i, np.array([0, 1])).weight.tolist() == [2.0, 3.0]


@pytest.mark.slow
def test_float32_places_beyond_2_to_the_24_are_not_confused(monkeypatch):
    monkeypatch.setattr(elements, "MOST_LINKS", 10**9)
    n = 2**24 + 3
    x = sd.tensor(np.zeros(n, np.float32), requires_grad=True)
    last = links(x[n - 2 :], 0, np.array([n - 1]))
    assert (last.source.tolist(), last.target.tolist()) == ([n - 1], [1])


def test_the_limit_is_told_before_the_memory_is_gone():
    x = sd.tensor(np.zeros((3000, 1000)), requires_grad=True)
    with pytest.raises(ModelError, match=r"more than 2,000,000.*'exp' alone has 3,000,000.*fewer rows"):
        links(np.exp(x), 0, np.arange(10))
    a = sd.tensor(np.zeros((2000, 50)), requires_grad=True)
    with pytest.raises(ModelError, match="'matmul' alone"):
        links(a @ np.zeros((50, 50)), 0, np.arange(a.size))
