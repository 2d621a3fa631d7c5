"""NumPy's functions on Tensors: a thin table onto `ops`. What is not in it is an error that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.autodiff.apply import Value
from steepest.autodiff.guards import ensure_concrete, refuse

Function = Callable[..., Any]


def bitwise(logical: Function, *inputs: Any) -> Any:
    """``&``, ``|`` and ``~``: of truth values, where they are the logical operations, and of nothing else."""
    if any(np.asarray(x).dtype.kind != "b" if not isinstance(x, Value) else x.dtype.kind != "b" for x in inputs):
        raise refuse("&, | and ~ on Tensors are for truth values", "Write (x > 0) & (y > 0), with the parentheses.")
    return logical(*inputs)


_SAME_NAME_UFUNCS = (
    "add subtract multiply divide power remainder negative square reciprocal absolute exp exp2 expm1 log log1p log2 log10 sqrt "
    "cbrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh maximum minimum arctan2 hypot logaddexp sign "
    "floor ceil trunc rint floor_divide isnan isinf isfinite equal not_equal less less_equal greater greater_equal logical_and "
    "logical_or logical_not matmul"
)
UFUNCS: dict[Any, Function] = {
    **{getattr(np, name): getattr(ops, name) for name in _SAME_NAME_UFUNCS.split()},
    np.positive: lambda x: x,
    np.float_power: ops.power,
    np.fabs: ops.absolute,
    np.bitwise_and: lambda x, y: bitwise(ops.logical_and, x, y),
    np.bitwise_or: lambda x, y: bitwise(ops.logical_or, x, y),
    np.invert: lambda x: bitwise(ops.logical_not, x),
}


# ---- functions of arrays that are not one operation of `ops` under the same name
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    axes = ops.ndim(x) if axis is None else len(axis) if isinstance(axis, tuple) else 1
    if not (ord is None or (ord == 2 and axes == 1) or (ord == "fro" and axes == 2)):
        raise refuse(
            f"numpy.linalg.norm with ord={ord!r} over {axes} axes of a Tensor has no derivative rule",
            "The Euclidean norm has one: leave ord out.",
        )
    return ops.norm(x, axis=axis, keepdims=keepdims)


def _atleast_1d(x: Any) -> Any:
    return x if ops.ndim(x) else ops.reshape(x, (1,))


def _rows(x: Any) -> Any:
    return x if ops.ndim(x) > 1 else ops.reshape(x, (1, -1))


def _columns(x: Any) -> Any:
    return x if ops.ndim(x) > 1 else ops.reshape(x, (-1, 1))


def _vstack(tup: Any) -> Any:
    return ops.concatenate([_rows(x) for x in tup], axis=0)


def _hstack(tup: Any) -> Any:
    parts = [_atleast_1d(x) for x in tup]
    return ops.concatenate(parts, axis=0 if ops.ndim(parts[0]) == 1 else 1)


def _column_stack(tup: Any) -> Any:
    return ops.concatenate([_columns(x) for x in tup], axis=1)


def _inner(a: Any, b: Any) -> Any:
    return a * b if not ops.ndim(a) or not ops.ndim(b) else ops.tensordot(a, b, ((-1,), (-1,)))


def _vdot(a: Any, b: Any) -> Any:
    return ops.matmul(ops.ravel(a), ops.ravel(b))


def _diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    for _ in range(n):
        last = ops.moveaxis(a, axis, -1)
        a = ops.moveaxis(last[..., 1:] - last[..., :-1], -1, axis)
    return a


def _pad(array: Any, pad_width: Any, mode: str = "constant") -> Any:
    if mode != "constant":
        raise refuse(
            f"numpy.pad with mode={mode!r} on a Tensor has no derivative rule", "Only zeros can be put around."
        )
    return ops.pad(array, pad_width)


def _einsum(subscripts: Any, *operands: Any, optimize: Any = None) -> Any:
    return ops.einsum(subscripts, *operands)


def _where(condition: Any, *choices: Any) -> Any:
    if len(choices) != 2:
        raise refuse(
            "numpy.where of a Tensor needs all three: where(condition, x, y)", "Places alone have no derivative."
        )
    return ops.where(condition, *choices)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    return ops.clip(a, min if a_min is None else a_min, max if a_max is None else a_max)


def _bare(function: Function) -> Function:
    """A yes or no about the numbers, which has no derivative."""

    def about(*args: Any, **kwargs: Any) -> Any:
        for x in args:
            if isinstance(x, Value):
                ensure_concrete(x, f"numpy.{function.__name__}")
        return function(*(x._data if isinstance(x, Value) else x for x in args), **kwargs)

    return about


# How many arguments may be given by position: what follows in NumPy's order (dtype, out) is not what follows in ours.
_SAME_NAME_FUNCTIONS = {
    1: "zeros_like ones_like shape ndim size ravel",
    2: "sum mean max min prod var std cumsum argmax argmin argsort any all count_nonzero reshape transpose expand_dims squeeze "
    "broadcast_to concatenate stack flip sort dot outer",
    3: "swapaxes moveaxis split take take_along_axis tensordot",
    4: "diagonal trace",
}
FUNCTIONS: dict[Any, tuple[Function, int]] = {
    getattr(np, name): (getattr(ops, name), count)
    for count, names in _SAME_NAME_FUNCTIONS.items()
    for name in names.split()
}
FUNCTIONS |= {
    np.linalg.norm: (_norm, 4), np.linalg.trace: (lambda x: ops.trace(x, axis1=-2, axis2=-1), 1), np.vstack: (_vstack, 1),
    np.hstack: (_hstack, 1), np.column_stack: (_column_stack, 1), np.atleast_1d: (_atleast_1d, 1), np.atleast_2d: (_rows, 1),
    np.inner: (_inner, 2), np.vdot: (_vdot, 2), np.diff: (_diff, 3), np.pad: (_pad, 3), np.einsum: (_einsum, 99),
    np.where: (_where, 3), np.clip: (_clip, 3), np.allclose: (_bare(np.allclose), 2), np.isclose: (_bare(np.isclose), 2),
    np.array_equal: (_bare(np.array_equal), 2),
}  # fmt: skip
# NumPy's argument names where ours differ.
_RENAMED = {"a": "x", "arr": "x", "arrays": "parts", "array": "x", "ary": "x", "m": "x", "indices": "places",
            "indices_or_sections": "parts", "newshape": "shape"}  # fmt: skip


def call_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer ``np.sin(tensor)`` and the like; `out=`, `where=`, reductions of ufuncs and `.at` are refused by name."""
    if method == "__call__" and not kwargs and (operation := UFUNCS.get(ufunc)) is not None:
        return operation(*inputs)
    name = f"numpy.{ufunc.__name__}"
    if method != "__call__":
        hint = {"reduce": "Use sum(), prod(), max() or min().", "accumulate": "Use cumsum()."}.get(
            method, "Build the result with steepest.ops functions instead."
        )
        raise refuse(f"{name}.{method} on a Tensor has no derivative rule", hint)
    if kwargs:
        raise refuse(
            f"{name} on a Tensor takes no {', '.join(f'{key}=' for key in kwargs)}",
            "Writing into an existing array or skipping elements cannot be differentiated; use the result and where().",
        )
    raise _without_rule(name)


def _without_rule(name: str) -> Exception:
    return refuse(
        f"{name} has no derivative rule", "Write it with functions that have one, or add one with steepest.primitive."
    )


def call_function(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer ``np.concatenate([tensor, …])`` and the like."""
    name = f"{func.__module__}.{func.__name__}"
    if func not in FUNCTIONS:
        raise _without_rule(name)
    function, count = FUNCTIONS[func]
    if kwargs.get("out") is not None:
        raise refuse(f"{name} on a Tensor takes no out=", "Use the result instead.")
    if len(args) > count:
        raise refuse(f"{name} on a Tensor takes {count} arguments by position", "Name the others.")
    kwargs = {key: value for key, value in kwargs.items() if value is not np._NoValue and key != "out"}
    if function.__module__ != __name__:
        kwargs = {_RENAMED.get(key, key): value for key, value in kwargs.items()}
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        if "unexpected keyword argument" in str(error) or "positional argument" in str(error):
            raise refuse(f"{name} on a Tensor: {error}", "Only the common arguments have derivative rules.") from error
        raise
