"""Every derivative rule against numerical differentiation: both modes, first and second order, many shapes, two dtypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import steepest as sd
from steepest import ops
from steepest.autodiff import (
    derivatives,  # noqa: F401  (gives every primitive its rule)
)
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply

# Where each function of one number is smooth.
UNARY: dict[str, tuple[float, float]] = {
    "neg": (-2, 2), "square": (-2, 2), "reciprocal": (0.5, 3), "exp": (-2, 2), "exp2": (-2, 2), "expm1": (-2, 2), "log": (0.5, 3),
    "log1p": (-0.5, 3), "log2": (0.5, 3), "log10": (0.5, 3), "sqrt": (0.5, 3), "cbrt": (0.5, 3), "sin": (-3, 3), "cos": (-3, 3),
    "tan": (-1, 1), "arcsin": (-0.8, 0.8), "arccos": (-0.8, 0.8), "arctan": (-3, 3), "sinh": (-2, 2), "cosh": (-2, 2),
    "tanh": (-2, 2), "arcsinh": (-2, 2), "arccosh": (1.5, 4), "arctanh": (-0.8, 0.8), "erf": (-2, 2), "sigmoid": (-3, 3),
    "softplus": (-3, 3), "log_cosh": (-3, 3), "abs": (0.5, 3), "relu": (0.5, 3), "alias": (-2, 2),
}  # fmt: skip
# And each function of two numbers: the range of the first, and of the second.
BINARY: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "add": ((-2, 2), (-2, 2)), "sub": ((-2, 2), (-2, 2)), "mul": ((-2, 2), (-2, 2)), "absorbing_mul": ((0.5, 2), (-2, 2)),
    "div": ((-2, 2), (0.5, 2)), "pow": ((0.5, 2), (-2, 2)), "maximum": ((0.5, 1), (-2, 0)), "minimum": ((0.5, 1), (-2, 0)),
    "arctan2": ((0.5, 2), (0.5, 2)), "hypot": ((0.5, 2), (-2, -0.5)), "logaddexp": ((-2, 2), (-2, 2)),
    "remainder": ((4.2, 4.8), (2.9, 3.1)),
}  # fmt: skip

I3 = np.array([2, 0, 2])
GENERAL: dict[str, list[tuple[Callable[..., Any], tuple[Any, ...]]]] = {
    "clip": [
        (lambda x, low, high: ops.clip(x, low, high), (np.array([-3.0, 0.1, 3.0]), np.array(-1.0), np.array([1.0]))),
        (lambda x: ops.clip(x, None, 1.0), (np.array([-3.0, 0.1, 3.0]),)),
        (lambda x, low, high: ops.clip(x, low, high), (np.array([-3.0, 0.1, 3.0]), np.array(2.0), np.array(1.0))),
    ],
    "where": [(lambda x, y: ops.where(np.array([True, False, True]), x, y), (np.ones((2, 3)), np.array([1.0])))],
    "sum": [(lambda x: ops.sum(x, axis=(0, 2)), (np.ones((2, 3, 2)),)),
            (lambda x: ops.sum(x, -1, keepdims=True), (np.ones((2, 3)),)), (ops.sum, (np.ones((0, 3)),)), (ops.sum, (2.0,))],
    "mean": [(lambda x: ops.mean(x, axis=(0, 2)), (np.ones((2, 3, 2)),)),
             (lambda x: ops.mean(x, -1, keepdims=True), (np.ones((2, 3)),)), (ops.mean, (2.0,)),
             (lambda x: ops.mean(x, 0), (np.ones((3, 0)),))],
    "amax": [(ops.max, (np.array([1.0, 3.0, 2.0]),)), (lambda x: ops.max(x, -1), (np.array([[1.0, 3.0], [5.0, 4.0]]),)),
             (lambda x: ops.max(x, (0, 2), keepdims=True), (np.arange(8.0).reshape(2, 2, 2),))],
    "amin": [(ops.min, (np.array([1.0, 3.0, 2.0]),)), (lambda x: ops.min(x, 0), (np.array([[1.0, 3.0], [5.0, 4.0]]),))],
    "cumsum": [(ops.cumsum, (np.ones((2, 3)),)), (lambda x: ops.cumsum(x, -1), (np.ones((2, 3)),)), (ops.cumsum, (np.ones(0),))],
    "matmul": [
        (ops.matmul, (np.ones((2, 3)), np.arange(6.0).reshape(3, 2))), (ops.matmul, (np.ones(3), np.arange(3.0))),
        (ops.matmul, (np.ones((2, 1, 2, 3)), np.arange(12.0).reshape(2, 3, 2))), (ops.matmul, (np.ones((2, 3)), np.arange(3.0))),
        (ops.matmul, (np.arange(3.0), np.ones((2, 3, 2)))), (ops.matmul, (np.ones((2, 0)), np.ones((0, 3)))),
    ],
    "einsum": [
        (lambda a, b: ops.einsum("ij,jk->ik", a, b), (np.ones((2, 3)), np.arange(6.0).reshape(3, 2))),
        (lambda a, b: ops.einsum("...i,...i", a, b), (np.ones((2, 2, 3)), np.arange(6.0).reshape(2, 3))),
        (lambda a, b, c: ops.einsum("i,ij,jk->k", a, b, c), (np.ones(2), np.ones((2, 3)), np.ones((3, 2)))),
        (lambda a: ops.einsum("ij->j", a), (np.ones((2, 3)),)), (lambda a: ops.einsum("ij->ji", a), (np.ones((2, 3)),)),
        (lambda a, b: ops.einsum("ij,ij->i", a, b), (np.ones((1, 3)), np.arange(6.0).reshape(2, 3))),  # an axis of 1 meets 2
        (lambda a, b: ops.einsum("ij,ij->", a, b), (np.ones((2, 1)), np.arange(6.0).reshape(2, 3))),
        (lambda a, b: ops.einsum("ij,kl->", a, b), (np.ones((2, 1)), np.arange(6.0).reshape(2, 3))),
    ],
    "sum_to": [(lambda x: apply(p.sum_to, x, shape=(1, 3)), (np.ones((4, 2, 3)),)),
               (lambda x: apply(p.sum_to, x, shape=()), (np.ones(3),))],
    "broadcast_to": [(lambda x: ops.broadcast_to(x, (4, 2, 3)), (np.ones((2, 1)),)), (lambda x: ops.broadcast_to(x, 3), (1.0,)),
                     (lambda x: ops.broadcast_to(x, (0, 3)), (np.ones(3),))],
    "reshape": [(lambda x: ops.reshape(x, (3, -1)), (np.ones((2, 3)),)), (lambda x: ops.reshape(x, (1, 1)), (2.0,))],
    "transpose": [(lambda x: ops.transpose(x, (1, 2, 0)), (np.ones((2, 3, 4)),)), (ops.transpose, (np.ones((2, 3)),))],
    "concatenate": [(lambda *x: ops.concatenate(x, -1), (np.ones((2, 1)), np.ones((2, 0)), np.ones((2, 3)))),
                    (lambda x: ops.concatenate([x, np.zeros((1, 2)), x]), (np.ones((2, 2)),))],
    "pad": [(lambda x: ops.pad(x, ((1, 2), (0, 3))), (np.ones((2, 3)),)), (lambda x: ops.pad(x, 1), (np.ones(0),))],
    "flip": [(lambda x: ops.flip(x, 1), (np.arange(6.0).reshape(2, 3),)), (ops.flip, (np.arange(6.0).reshape(2, 3),))],
    "index": [
        (lambda x: x[1], (np.arange(3.0),)), (lambda x: x[..., ::-2], (np.arange(6.0).reshape(2, 3),)),
        (lambda x: x[I3], (np.arange(6.0).reshape(3, 2),)), (lambda x: x[:, [0, 0]], (np.arange(6.0).reshape(3, 2),)),
        (lambda x: x[I3 > 0], (np.arange(3.0),)), (lambda x: x[None, (0, 0), 1:], (np.arange(6.0).reshape(3, 2),)),
        (lambda x: x[I3, None, I3], (np.arange(9.0).reshape(3, 3),)), (lambda x: x[[]], (np.arange(3.0),)),
        (lambda x: x[True], (np.arange(3.0),)), (lambda x: x[()], (2.0,)), (lambda x: x[range(0, 3, 2)], (np.arange(3.0),)),
        (lambda x: x[sd.tensor(I3)], (np.arange(3.0),)), (lambda x: x[np.int64(1), 0], (np.arange(6.0).reshape(3, 2),)),
    ],
    "scatter_add": [
        (lambda g: apply(p.scatter_add, g, I3, spec=(p.HOLE,), shape=(4,)), (np.arange(3.0),)),
        (lambda g: apply(p.scatter_add, g, spec=(slice(1, 3),), shape=(4,)), (np.arange(2.0),)),
    ],
    "take_along_axis": [
        (lambda x: ops.take_along_axis(x, np.array([[0, 0], [1, 2]]), 1), (np.arange(6.0).reshape(2, 3),)),
        (lambda x: ops.take_along_axis(x, np.array([[0, 0], [1, 2]]), 1), (np.arange(3.0).reshape(1, 3),)),
        (lambda x: ops.take_along_axis(x, np.array([[1]]), 0), (np.arange(6.0).reshape(2, 3),)),
    ],
    "add_along_axis": [
        (lambda g: apply(p.add_along_axis, g, np.array([[0, 0], [1, 2]]), axis=1, shape=(2, 3)), (np.arange(4.0).reshape(2, 2),))
    ],
    "sort": [(lambda x: ops.sort(x, 0), (np.array([[3.0, 1.0], [2.0, 5.0]]),)),
             (lambda x: ops.sort(x, None), (np.array([[3.0, 1.0]]),)), (ops.sort, (np.ones(0),))],
    "astype": [(lambda x: ops.astype(ops.sin(x), np.float64), (np.arange(3.0),))],
}  # fmt: skip

ZERO_DERIVATIVE = {
    "sign", "floor", "ceil", "trunc", "rint", "floor_divide", "isnan", "isinf", "isfinite", "equal", "not_equal", "less",
    "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_not", "argmax", "argmin", "argsort", "any",
    "all", "stop_gradient", "count_nonzero", "uniform",
}  # fmt: skip


def draw(shape: tuple[int, ...], bounds: tuple[float, float], seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(*bounds, shape)


def test_no_operation_is_left_out() -> None:
    assert set(UNARY) | set(BINARY) | set(GENERAL) | ZERO_DERIVATIVE == set(p.TABLE)
    assert {name for name, primitive in p.TABLE.items() if primitive.zero_derivative} == ZERO_DERIVATIVE
    assert {name for name, primitive in p.TABLE.items() if primitive.rule is None} == ZERO_DERIVATIVE


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,), (1,)], ids=str)
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number(name: str, shape: tuple[int, ...]) -> None:
    f = lambda x: apply(p.TABLE[name], x)
    sd.check_grads(f, (draw(shape, UNARY[name]),))


@pytest.mark.parametrize("shapes", [((), ()), ((3, 1), (1, 4)), ((), (2, 2)), ((0,), (1,))], ids=str)
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_numbers(name: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    f = lambda x, y: apply(p.TABLE[name], x, y)
    sd.check_grads(f, [draw(s, bounds, i) for i, (s, bounds) in enumerate(zip(shapes, BINARY[name]))])


@pytest.mark.parametrize("name", BINARY)
@settings(deadline=None, max_examples=5)
@given(data=st.data())
def test_broadcasting(name: str, data: st.DataObject) -> None:
    shapes = data.draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)).input_shapes
    f = lambda x, y: apply(p.TABLE[name], x, y)
    sd.check_grads(f, [draw(s, bounds, i) for i, (s, bounds) in enumerate(zip(shapes, BINARY[name]))])


@pytest.mark.parametrize(("name", "i"), [(name, i) for name, cases in GENERAL.items() for i in range(len(cases))])
def test_other_operations(name: str, i: int) -> None:
    f, args = GENERAL[name][i]
    sd.check_grads(f, args)
    sd.check_grads(lambda *xs: ops.sin(f(*xs)) * 2, args)  # not linear: the second derivative is not zero


COMPOSED: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "prod": (lambda x: ops.prod(x, axis=(0, 2)), (np.arange(1.0, 13.0).reshape(2, 3, 2) / 6,)),
    "prod_empty": (ops.prod, (np.ones(0),)),
    "var": (lambda x: ops.var(x, axis=(0, -1), ddof=1, keepdims=True), (draw((2, 3, 2), (0, 1)),)),
    "std": (lambda x: ops.std(x, 0), (draw((4, 2), (0, 1)),)),
    "norm": (lambda x: ops.norm(x, axis=-1), (draw((2, 3), (0.5, 1)),)),
    "logsumexp": (lambda x: ops.logsumexp(x, axis=1, keepdims=True), (draw((2, 3), (-3, 3)),)),
    "logsumexp_all": (ops.logsumexp, (draw((2, 3), (-3, 3)),)),
    "dot_0": (ops.dot, (2.0, np.arange(3.0))),
    "dot_1": (ops.dot, (np.arange(3.0), np.ones(3))),
    "dot_3": (ops.dot, (np.arange(3.0), np.ones((2, 3, 2)))),
    "outer": (ops.outer, (np.arange(3.0), np.ones((2, 2)))),
    "tensordot": (lambda a, b: ops.tensordot(a, b, ((0, -1), (-1, 0))), (draw((2, 3, 2), (0, 1)), draw((2, 4, 2), (0, 1)))),
    "tensordot_1": (lambda a, b: ops.tensordot(a, b, 1), (draw((2, 3), (0, 1)), draw((3, 4), (0, 1)))),
    "tensordot_0": (lambda a, b: ops.tensordot(a, b, 0), (draw((2,), (0, 1)), draw((3,), (0, 1)))),
    "stack": (lambda a, b: ops.stack([a, b], -1), (np.ones((2, 3)), np.ones((2, 3)))),
    "split": (lambda x: dict(enumerate(ops.split(x, [1, 3], -1))), (np.ones((2, 4)),)),
    "take": (lambda x: ops.take(x, [[2, 0], [2, 2]], axis=-1), (np.arange(6.0).reshape(2, 3),)),
    "take_flat": (lambda x: ops.take(x, [5, 5, -1]), (np.arange(6.0).reshape(2, 3),)),
    "squeeze": (lambda x: ops.squeeze(x, 1), (np.ones((2, 1, 1)),)),
    "moveaxis": (lambda x: ops.moveaxis(x, (0, 1), (-1, 0)), (draw((2, 3, 4), (0, 1)),)),
    "swapaxes": (lambda x: ops.swapaxes(x, 0, -1), (draw((2, 3, 4), (0, 1)),)),
    "expand_dims": (lambda x: ops.expand_dims(x, (0, -1)), (np.ones((2, 3)),)),
    "diagonal": (lambda x: ops.diagonal(x, -1, 0, 2), (draw((3, 2, 4), (0, 1)),)),
    "trace": (ops.trace, (draw((3, 2), (0, 1)),)),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPOSED)
def test_operations_made_of_others(name: str) -> None:
    f, args = COMPOSED[name]
    sd.check_grads(f, args)


def float32(x: Any) -> Any:
    return np.asarray(x, np.float32)


EVERYTHING = {
    **{name: ((lambda x, q=p.TABLE[name]: apply(q, x)), (draw((2, 3), bounds),)) for name, bounds in UNARY.items()},
    **{name: ((lambda x, y, q=p.TABLE[name]: apply(q, x, y)), tuple(draw((3,), b, i) for i, b in enumerate(bounds)))
       for name, bounds in BINARY.items()},
    **{name: cases[0] for name, cases in GENERAL.items() if name != "astype"},
    **COMPOSED,
}  # fmt: skip


class _Dtypes:
    def __init__(self) -> None:
        self.wide: list[str] = []

    def record(self, primitive: Any, inputs: Any, static: Any, output: Any) -> None:
        if output.dtype == np.float64:
            self.wide.append(primitive.name)


@pytest.mark.parametrize("name", [name for name in EVERYTHING if name != "split"])
def test_float32_stays_float32(name: str) -> None:
    """Forward, gradient and second order, with no float64 in between, and close to the float64 values."""
    f, args = EVERYTHING[name]
    narrow = [float32(x) for x in args]
    seen = _Dtypes()
    places = tuple(range(len(args)))

    def slope(*xs: Any) -> Any:
        grads = sd.grad(lambda *ys: (f(*ys) ** 2).sum(), places)(*xs)
        return sum(g.sum() for g in grads)

    with sd.autodiff.apply.recording(seen):
        second = sd.grad(slope, places)(*(sd.tensor(x) for x in narrow))
        out, first = sd.value_and_grad(lambda *ys: (f(*ys) ** 2).sum(), places)(*(sd.tensor(x) for x in narrow))
        change = sd.jvp(f, tuple(sd.tensor(x) for x in narrow), tuple(np.ones_like(x) for x in narrow))[1]
    assert not seen.wide
    assert {x.dtype for x in (*second, *first, out, change)} == {np.dtype(np.float32)}
    wide = sd.grad(lambda *ys: (f(*ys) ** 2).sum(), places)(*(np.asarray(x, np.float64) for x in narrow))
    for g, h in zip(first, wide, strict=True):
        np.testing.assert_allclose(g.numpy(), h, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", EVERYTHING)
def test_memory_layouts(name: str) -> None:
    """Strided, read-only, big-endian and Fortran-ordered arrays give what plain ones give."""
    f, args = EVERYTHING[name]
    g = lambda *xs: sum((ops.sin(x) ** 2).sum() for x in sd.autodiff.tree.flatten(f(*xs))[0])
    places = tuple(range(len(args)))
    plain = [np.asarray(x, np.float64) for x in args]
    expected = sd.grad(g, places)(*plain)

    def strided(x: Any) -> Any:
        wide = np.zeros((*x.shape, 2))
        wide[..., 1] = x
        return wide[..., 1]

    def read_only(x: Any) -> Any:
        x = x.copy()
        x.flags.writeable = False
        return x

    for layout in (strided, read_only, lambda x: x.astype(">f8"), lambda x: np.array(x, order="F")):
        for computed, value in zip(sd.grad(g, places)(*map(layout, plain)), expected, strict=True):
            np.testing.assert_allclose(computed, value, rtol=1e-12, atol=1e-15)
            assert computed.dtype == np.float64
            assert computed.dtype.isnative


@pytest.mark.parametrize("name", sorted(ZERO_DERIVATIVE - {"uniform"}))  # whose inputs are whole numbers
def test_zero_derivatives_are_constants(name: str) -> None:
    x = sd.tensor([[0.5, -1.5], [2.5, 1.0]], requires_grad=True)
    primitive = p.TABLE[name]
    two = {
        "floor_divide",
        "equal",
        "not_equal",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "logical_and",
        "logical_or",
    }
    static = {"axis": 0} if name in {"argmax", "argmin", "argsort", "any", "all", "count_nonzero"} else {}
    y = apply(primitive, x, x, **static) if name in two else apply(primitive, x, **static)
    assert not y.requires_grad
    assert y.is_leaf
