"""Operations on shape and place: NumPy's numbers on arrays and Tensors, and errors that say what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, basic_indices, integer_array_indices

import steepest as sd
from steepest import ShapeError, ops

A = np.arange(24.0).reshape(2, 3, 4)

SAME: list[tuple[str, tuple[Any, ...]]] = [
    ("moveaxis", (0, 2)), ("moveaxis", (-1, 0)), ("moveaxis", ((0, 1), (-1, -2))), ("expand_dims", (0,)), ("expand_dims", (-1,)),
    ("expand_dims", ((0, 2),)), ("swapaxes", (0, -1)), ("transpose", ((2, 0, 1),)), ("transpose", ((-1, 0, 1),)), ("flip", (1,)),
    ("flip", ((0, 2),)), ("sort", (0,)), ("sort", (None,)), ("take", ([1, 0], 1)), ("take", ([5, -1],)), ("take", (3, -1)),
    ("cumsum", (1,)), ("cumsum", ()), ("diagonal", ()), ("diagonal", (1, 1, 2)), ("diagonal", (-2, 2, 0)), ("diagonal", (9,)),
    ("trace", ()), ("trace", (1, 2, 0)), ("broadcast_to", ((2, 2, 3, 4),)), ("reshape", ((4, -1),)), ("reshape", (24,)),
    ("sum", ((0, -1),)), ("mean", (1,)), ("max", ((0, 1),)), ("min", (2,)), ("prod", ((0, 2),)), ("var", (1,)),
    ("std", ((0, 1),)),
    ("argmax", (1,)), ("argmin", ()), ("any", (1,)), ("all", ()), ("count_nonzero", (0,)), ("argsort", (0,)), ("clip", (3, 5)),
    ("clip", (None, 5)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args"), SAME)
@pytest.mark.parametrize("dtype", [float, int])
def test_numbers_are_numpys(name: str, args: tuple[Any, ...], dtype: type) -> None:
    array = A.astype(dtype)
    expected = getattr(np, name)(array, *args)
    for result in (getattr(ops, name)(array, *args), getattr(ops, name)(sd.tensor(array), *args).numpy()):
        np.testing.assert_allclose(result, expected, rtol=1e-15)
        assert result.dtype == expected.dtype


@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_indexing_is_numpys_and_its_derivative_counts_visits(data: st.DataObject) -> None:
    shape = data.draw(array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    key = data.draw(st.one_of(basic_indices(shape, allow_newaxis=True), integer_array_indices(shape)))
    array = np.arange(float(np.prod(shape))).reshape(shape)
    np.testing.assert_array_equal(sd.tensor(array)[key].numpy(), array[key])
    visits = np.zeros(shape)
    np.add.at(visits, key, 1)
    np.testing.assert_array_equal(sd.grad(lambda x: x[key].sum())(array), visits)


def test_split_and_squeeze() -> None:
    assert [x.shape for x in ops.split(A, 2, axis=-1)] == [(2, 3, 2)] * 2
    assert [x.tolist() for x in ops.split([1, 2, 3], [1])] == [[1], [2, 3]]
    assert ops.squeeze(A[:1, :, None]).shape == (3, 4)
    assert ops.squeeze(A[:1, :, None], (0, 2)).shape == (3, 4)


def test_lists_of_tensors_are_stacked() -> None:
    x = sd.tensor(2.0, requires_grad=True)
    (ops.sum([x, x * x, 3.0])).backward()
    assert x.grad.item() == 5
    assert ops.mean([[1.0, 2.0], [3.0, 4.0]]) == 2.5


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "transpose twice": (lambda x: ops.transpose(x, (0, 0, 1)), "twice"),
    "transpose few": (lambda x: ops.transpose(x, (0, 1)), "2 axes for an array with 3"),
    "transpose far": (lambda x: ops.transpose(x, (0, 1, 5)), "axis 5 of an array with 3"),
    "moveaxis": (lambda x: ops.moveaxis(x, (0, 1), 2), "2 sources for 1"),
    "squeeze": (lambda x: ops.squeeze(x, 1), r"axis=1 of shape \(2, 3, 4\)"),
    "concatenate": (
        lambda x: ops.concatenate([x, x[:, :2]], 2),
        r"'concatenate' of shapes \(2, 3, 4\) and \(2, 2, 4\)",
    ),
    "concatenate nothing": (lambda x: ops.concatenate([]), "nothing to concatenate"),
    "stack": (lambda x: ops.stack([x, x[0]]), "shapes differ"),
    "stack nothing": (lambda x: ops.stack([]), "nothing to stack"),
    "split": (lambda x: ops.split(x, 2, axis=1), "3 elements cannot be cut into 2"),
    "split axis": (lambda x: ops.split(x, 2, axis=3), "axis 3"),
    "pad": (lambda x: ops.pad(x, ((1, 1), (1, 1))), "widths"),
    "reshape": (lambda x: ops.reshape(x, (5, 5)), r"'reshape' of shapes \(2, 3, 4\)"),
    "diagonal": (lambda x: ops.diagonal(x[0, 0]), "two axes"),
    "take": (lambda x: ops.take(x, [0], axis=7), "axis 7"),
    "matmul": (lambda x: ops.matmul(x, np.ones((3, 2))), r"\(2, 3, 4\) and \(3, 2\)"),
    "matmul scalar": (lambda x: ops.matmul(x, 2.0), r"use \*"),
    "tensordot": (lambda x: ops.tensordot(x, x, 1), r"do not meet over axes \(2,\) and \(0,\)"),
    "tensordot many": (lambda x: ops.tensordot(x, x, 4), "over 4 axes"),
    "einsum operands": (lambda x: ops.einsum("ij,jk", x), "names 2 operands"),
    "einsum rank": (lambda x: ops.einsum("ij->j", x), "does not fit"),
    "einsum repeated": (lambda x: ops.einsum("iij->j", x), "repeated"),
    "var": (lambda x: ops.var(x[:1], axis=0, ddof=1), "too few"),
    "logsumexp": (lambda x: ops.logsumexp(x[:0]), "logsumexp"),
    "sum twice": (lambda x: ops.sum(x, (0, 0)), "'sum'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit(name: str) -> None:
    call, words = WRONG[name]
    with pytest.raises(ShapeError, match=words):
        call(sd.tensor(A))
    with pytest.raises(ShapeError, match=words):
        call(A)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk", [(2, 3), (3, 4)]), ("ba", [(2, 3)]), ("...i,i...->...", [(2, 3), (3, 2)]), ("...ij->...ji", [(2, 3, 4)]),
        ("i...,...", [(3, 2), (4, 2)]), ("ij,ij->", [(2, 1), (2, 3)]), (" i j , j -> i ", [(2, 3), (3,)]),
        ("...,...", [(), (2,)]),
    ],
)  # fmt: skip
def test_einsum_is_numpys(subscripts: str, shapes: list[tuple[int, ...]]) -> None:
    arrays = [np.random.default_rng(i).normal(size=s) for i, s in enumerate(shapes)]
    expected = np.einsum(subscripts, *arrays)
    np.testing.assert_allclose(ops.einsum(subscripts, *map(sd.tensor, arrays)).numpy(), expected, rtol=1e-14)
    sd.check_grads(lambda *xs: ops.einsum(subscripts, *xs), arrays, order=1)
