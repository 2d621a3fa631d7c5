"""NumPy's own functions on Tensors: the same numbers, a derivative, or an error that names the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest import DifferentiationError, ops

A = np.array([[0.3, -0.7, 1.2], [0.9, 0.1, -0.4]])
P = np.abs(A) + 1.1
V = np.array([0.2, 0.5, -0.3])
NARROW = ("arcsin", "arccos", "arctanh")

CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{name: (getattr(np, name), (A,)) for name in [
        "negative", "square", "absolute", "exp", "exp2", "expm1", "sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh",
        "arcsinh", "cbrt", "fabs", "positive"]},
    **{name: (getattr(np, name), (P,)) for name in ["reciprocal", "log", "log2", "log10", "log1p", "sqrt", "arccosh"]},
    **{name: (getattr(np, name), (A / 2,)) for name in NARROW},
    **{name: (getattr(np, name), (A, V)) for name in
       ["add", "subtract", "multiply", "divide", "maximum", "minimum", "arctan2", "hypot", "logaddexp"]},
    "power": (np.power, (P, V)), "float_power": (np.float_power, (P, V)), "remainder": (np.remainder, (A, np.array([0.37]))),
    "mod": (np.mod, (A, np.array([0.37]))), "matmul": (np.matmul, (A, V)),
    "sum": (lambda x: np.sum(x, axis=0, keepdims=True), (A,)), "mean": (lambda x: np.mean(x, axis=0, keepdims=True), (A,)),
    "max": (lambda x: np.max(x, 1), (A,)), "min": (lambda x: np.min(x), (A,)), "prod": (lambda x: np.prod(x, axis=-1), (A,)),
    "var": (lambda x: np.var(x, axis=0, ddof=1), (A,)), "std": (lambda x: np.std(x), (A,)),
    "cumsum": (lambda x: np.cumsum(x, 1), (A,)),
    "norm": (np.linalg.norm, (A,)), "norm_axis": (lambda x: np.linalg.norm(x, axis=1, keepdims=True), (A,)),
    "norm_2": (lambda x: np.linalg.norm(x, 2), (V,)), "norm_fro": (lambda x: np.linalg.norm(x, "fro"), (A,)),
    "where": (lambda x: np.where(x > 0, x * x, -x), (A,)), "clip": (lambda x: np.clip(x, -0.5, 0.5), (A,)),
    "clip_names": (lambda x: np.clip(x, a_min=-0.5, a_max=None), (A,)), "clip_new_names": (lambda x: np.clip(x, min=-0.5), (A,)),
    "reshape": (lambda x: np.reshape(x, (3, 2)), (A,)), "ravel": (np.ravel, (A,)), "transpose": (np.transpose, (A,)),
    "swapaxes": (lambda x: np.swapaxes(x, 0, 1), (A,)), "moveaxis": (lambda x: np.moveaxis(x, 0, -1), (A,)),
    "expand_dims": (lambda x: np.expand_dims(x, axis=1), (A,)), "squeeze": (lambda x: np.squeeze(x[None]), (A,)),
    "broadcast_to": (lambda x: np.broadcast_to(x, (2, 3)), (V,)),
    "concatenate": (lambda x, v: np.concatenate([x, v[None]]), (A, V)),
    "stack": (lambda x, v: np.stack([x[0], v], axis=1), (A, V)), "vstack": (lambda x, v: np.vstack([x, v]), (A, V)),
    "hstack": (lambda x: np.hstack([x, x]), (A,)), "hstack_1": (lambda v: np.hstack([v, 2 * v, v[0]]), (V,)),
    "column_stack": (lambda v: np.column_stack([v, v * v]), (V,)), "split": (lambda x: np.split(x, 3, axis=1)[1], (A,)),
    "pad": (lambda x: np.pad(x, ((1, 0), (0, 2)), mode="constant"), (A,)), "flip": (lambda x: np.flip(x, 1), (A,)),
    "sort": (np.sort, (A,)), "take": (lambda x: np.take(x, [0, 2, 2], axis=1), (A,)),
    "take_names": (lambda x: np.take(x, indices=[0]), (A,)),
    "take_along_axis": (lambda x: np.take_along_axis(x, np.array([[0], [2]]), axis=1), (A,)), "dot": (np.dot, (A, V)),
    "outer": (np.outer, (V, V)), "inner": (np.inner, (A, V)), "vdot": (np.vdot, (V, V)),
    "tensordot": (lambda a, b: np.tensordot(a, b, axes=1), (A, V)),
    "einsum": (lambda a, v: np.einsum("ij,j->i", a, v, optimize=True), (A, V)), "diagonal": (lambda x: np.diagonal(x, 1), (A,)),
    "trace": (np.trace, (A,)), "linalg_trace": (lambda x: np.linalg.trace(x[None]), (A,)), "diff": (np.diff, (A,)),
    "diff_2": (lambda x: np.diff(x, n=2, axis=-1), (A,)), "diff_0": (lambda x: np.diff(x, axis=0), (A,)),
    "atleast_1d": (lambda v: np.atleast_1d(v[0]), (V,)), "atleast_2d": (np.atleast_2d, (V,)),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_numpy_functions(name: str) -> None:
    f, args = CALLS[name]
    out = f(*(sd.tensor(a) for a in args))
    assert isinstance(out, sd.Tensor)
    np.testing.assert_allclose(out.numpy(), f(*args), rtol=1e-14)
    sd.check_grads(f, args, order=1)


@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "shape", "ndim", "size"])
def test_facts_about_a_tensor(name: str) -> None:
    f = getattr(np, name)
    np.testing.assert_array_equal(f(sd.tensor(A, requires_grad=True)), f(A))
    np.testing.assert_array_equal(getattr(ops, name)(2.0), f(2.0))


ZERO = [
    "sign", "floor", "ceil", "trunc", "rint", "isnan", "isinf", "isfinite", "logical_not", "argmax", "argmin", "argsort", "any",
    "all", "count_nonzero",
]  # fmt: skip


@pytest.mark.parametrize("name", ZERO)
def test_functions_with_derivative_zero(name: str) -> None:
    x = sd.tensor(A, requires_grad=True)
    out = getattr(np, name)(x)
    assert not out.requires_grad
    np.testing.assert_array_equal(out, getattr(np, name)(A))
    np.testing.assert_array_equal(getattr(ops, name)(A), getattr(np, name)(A))


@pytest.mark.parametrize(
    "name",
    [
        "equal",
        "not_equal",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "logical_and",
        "logical_or",
        "floor_divide",
    ],
)
def test_comparisons(name: str) -> None:
    x = sd.tensor(A, requires_grad=True)
    out = getattr(np, name)(x, V)
    assert not out.requires_grad
    np.testing.assert_array_equal(out, getattr(np, name)(A, V))


def test_questions_about_the_numbers() -> None:
    x = sd.tensor(A)
    assert np.allclose(x, A)
    assert np.array_equal(x, x)
    assert np.isclose(x, A).all()


X = sd.tensor(V, requires_grad=True)
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "out": (lambda: np.add(X, 1, out=np.zeros(3)), r"numpy\.add .*out="),
    "in place": (lambda: np.zeros(3).__iadd__(X), r"numpy\.add .*out="),
    "where": (lambda: np.add(X, 1, where=np.ones(3, bool)), r"numpy\.add .*where="),
    "dtype": (lambda: np.add(X, 1, dtype=np.float32), r"numpy\.add .*dtype="),
    "at": (lambda: np.add.at(np.zeros(3), [0], X), r"numpy\.add\.at"),
    "reduce": (lambda: np.add.reduce(X), r"numpy\.add\.reduce.*sum\(\)"),
    "accumulate": (lambda: np.add.accumulate(X), r"numpy\.add\.accumulate.*cumsum"),
    "outer": (lambda: np.multiply.outer(X, X), r"numpy\.multiply\.outer"),
    "ufunc": (lambda: np.nextafter(X, 1.0), r"numpy\.nextafter.*steepest\.primitive"),
    "function": (lambda: np.median(X), r"numpy\.median.*steepest\.primitive"),
    "linalg": (lambda: np.linalg.inv(X[None, None, 0]), r"numpy\.linalg\.inv"),
    "sum dtype": (lambda: np.sum(X, dtype=np.float32), r"numpy\.sum.*dtype"),
    "sum dtype by position": (lambda: np.sum(X, 0, np.float32), r"numpy\.sum.*2 arguments by position"),
    "sum out": (lambda: np.sum(X, out=np.zeros(())), r"numpy\.sum.*out="),
    "sum where": (lambda: np.sum(X, where=np.ones(3, bool)), r"numpy\.sum.*where"),
    "max initial": (lambda: np.max(X, initial=0.0), r"numpy\.max.*initial"),
    "norm 1": (lambda: np.linalg.norm(X, 1), r"norm with ord=1"),
    "spectral norm": (lambda: np.linalg.norm(X[None], 2), r"norm with ord=2"),
    "pad mode": (lambda: np.pad(X, 1, mode="edge"), r"mode='edge'"),
    "one-argument where": (lambda: np.where(X > 0), r"where\(condition, x, y\)"),
    "einsum lists": (lambda: np.einsum(X, [0]), r"subscripts"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(name: str) -> None:
    call, words = REFUSED[name]
    with pytest.raises(sd.SteepestError, match=words) as caught:
        call()
    if isinstance(caught.value, DifferentiationError):
        assert "test_dispatch.py" in str(caught.value)
