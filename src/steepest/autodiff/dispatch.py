"""NumPy's functions on Tensors: a thin table onto `ops`. What is not in it is an error that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.autodiff.guards import refuse

_SAME_NAME_UFUNCS = (
    "add subtract multiply divide power remainder negative square reciprocal absolute exp exp2 expm1 log log1p log2 log10 sqrt "
    "cbrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh maximum minimum arctan2 hypot logaddexp sign "
    "floor ceil trunc rint floor_divide isnan isinf isfinite equal not_equal less less_equal greater greater_equal logical_and "
    "logical_or logical_not matmul"
)
UFUNCS: dict[Any, Callable[..., Any]] = {getattr(np, name): getattr(ops, name) for name in _SAME_NAME_UFUNCS.split()}
UFUNCS |= {np.positive: lambda x: x, np.float_power: ops.power, np.bitwise_and: ops.logical_and}
UFUNCS |= {np.bitwise_or: ops.logical_or, np.invert: ops.logical_not, np.fabs: ops.absolute}

_SAME_NAME_FUNCTIONS = (
    "sum mean max min prod var std cumsum argmax argmin argsort any all count_nonzero where clip reshape ravel transpose "
    "swapaxes moveaxis expand_dims squeeze broadcast_to concatenate stack split pad flip sort take take_along_axis dot outer "
    "tensordot einsum diagonal trace zeros_like ones_like shape ndim size"
)
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    getattr(np, name): getattr(ops, name) for name in _SAME_NAME_FUNCTIONS.split()
}
FUNCTIONS |= {np.linalg.norm: lambda x, ord=None, axis=None, keepdims=False: _norm(x, ord, axis, keepdims)}
FUNCTIONS |= {np.vstack: lambda parts: ops.concatenate([_at_least_2d(x) for x in parts], axis=0)}
FUNCTIONS |= {np.hstack: lambda parts: ops.concatenate(list(parts), axis=0 if ops.ndim(parts[0]) == 1 else 1)}
FUNCTIONS |= {np.column_stack: lambda parts: ops.concatenate([_as_columns(x) for x in parts], axis=1)}
FUNCTIONS |= {np.atleast_1d: lambda x: x if ops.ndim(x) else ops.reshape(x, (1,))}
FUNCTIONS |= {
    np.square: ops.square,
    np.linalg.trace: ops.trace,
    np.inner: lambda a, b: ops.tensordot(a, b, ((-1,), (-1,))),
}
FUNCTIONS |= {
    np.vdot: lambda a, b: ops.dot(ops.ravel(a), ops.ravel(b)),
    np.diff: lambda x: x[..., 1:] - x[..., :-1],
}


def _norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and ops.ndim(x) > 1):
        raise refuse(
            f"numpy.linalg.norm of a Tensor with ord={ord!r} has no derivative rule",
            "Only ord=None is there.",
        )
    return ops.norm(x, axis=axis, keepdims=keepdims)


def _at_least_2d(x: Any) -> Any:
    return x if ops.ndim(x) > 1 else ops.reshape(x, (1, -1))


def _as_columns(x: Any) -> Any:
    return x if ops.ndim(x) > 1 else ops.reshape(x, (-1, 1))


def call_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer ``np.sin(tensor)`` and the like; `out=`, `where=`, reductions of ufuncs and `.at` are refused by name."""
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
    if ufunc not in UFUNCS:
        raise refuse(
            f"{name} has no derivative rule",
            "Write it with functions that have one, or add one with steepest.primitive.",
        )
    return UFUNCS[ufunc](*inputs)


def call_function(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer ``np.concatenate([tensor, …])`` and the like."""
    name = f"{func.__module__}.{func.__name__}"
    if func not in FUNCTIONS:
        raise refuse(
            f"{name} has no derivative rule",
            "Write it with functions that have one, or add one with steepest.primitive.",
        )
    if kwargs.get("out") is not None:
        raise refuse(f"{name} on a Tensor takes no out=", "Use the result instead.")
    kwargs = {key: value for key, value in kwargs.items() if value is not np._NoValue and key != "out"}
    try:
        return FUNCTIONS[func](*args, **kwargs)
    except TypeError as error:
        if "unexpected keyword argument" in str(error) or "positional argument" in str(error):
            raise refuse(f"{name} on a Tensor: {error}", "Only the common arguments have derivative rules.") from error
        raise
