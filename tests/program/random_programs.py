"""Random programs over the primitives, and how far machine code may be from NumPy at each of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply
from steepest.program.program import Literal, Program

SHAPES = [(), (1,), (3,), (20,), (33,), (4, 5), (17, 3), (1, 6), (9, 1), (2, 3, 4), (3, 1, 7), (16, 20)]
UNARY = ("negative", "square", "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "sigmoid", "erf", "abs", "relu",
         "sign", "floor", "ceil", "trunc", "rint", "softplus", "log_cosh", "arctan", "log2", "exp2", "cbrt", "sinh", "cosh",
         "arcsinh", "reciprocal")  # fmt: skip
BINARY = (
    "add",
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "minimum",
    "arctan2",
    "hypot",
    "remainder",
    "floor_divide",
)
WHOLE = ("add", "subtract", "multiply", "maximum", "minimum", "remainder", "floor_divide")
COMPARE = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
KINDS = ("unary", "unary", "binary", "binary", "number", "compare", "where", "sum", "view", "move", "pick", "matmul", "cast",
         "line", "whole", "stack")  # fmt: skip
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, np.inf, -np.inf, np.nan, 5e-324, 1e-310, 1e300, -1e-300, 709.5, -745.0)

# Units in the last place between machine code and the NumPy of this machine, each of which may be 4 from the truth.
ULP = 8
EXACT = {"add", "sub", "mul", "div", "neg", "square", "reciprocal", "sqrt", "abs", "relu", "maximum", "minimum", "sign",
         "floor", "ceil", "trunc", "rint", "where", "clip", "equal", "not_equal", "less", "less_equal", "greater",
         "greater_equal", "logical_and", "logical_or", "logical_not", "isnan", "isinf", "isfinite", "astype", "reshape",
         "transpose", "broadcast_to", "flip", "index", "concatenate", "pad", "scatter_add", "alias", "stop_gradient",
         "amax", "amin", "absorbing_mul", "take_along_axis", "remainder",
         "floor_divide", "sort", "cumsum"}  # fmt: skip
SUMS = {"sum", "mean", "sum_to", "matmul", "einsum"}
ORDERED = {"add_along_axis"}  # sums whose order is NumPy's: the same bits


def inputs_of(rng: np.random.Generator, special: bool) -> list[Any]:
    """Arrays of some shapes, float64 and float32, a few of their elements extreme."""
    arrays = []
    for _ in range(rng.integers(1, 4)):
        shape = SHAPES[rng.integers(len(SHAPES))]
        x = np.asarray(rng.standard_normal(shape) * 10.0 ** rng.integers(-2, 2))
        if special and x.size:
            spots = rng.random(shape) < 0.2
            x = np.where(spots, rng.choice(SPECIAL, shape), x)
        with np.errstate(all="ignore"):
            arrays.append(x.astype(rng.choice([np.float64, np.float32])))
    return arrays


def function_of(rng: np.random.Generator, length: int) -> Any:
    """A function of some arrays, the same at each call: a list of random choices, made once."""
    choices = rng.random((length, 8))

    def f(*arrays: Any) -> list[Any]:
        values = list(arrays)
        for row in choices:
            made = _apply(values, row)
            if made is not None:
                values.append(made)
        return values[len(arrays) :] or [values[0] + 1.0]

    return f


def _pick(items: Any, r: float) -> Any:
    return items[int(r * len(items))]


def _is_float(x: Any) -> bool:
    return bool(x.dtype.kind == "f")


def _apply(values: list[Any], r: np.ndarray) -> Any:
    x = _pick(values, r[0] ** 0.7)  # rather the recent ones
    y = _pick(values, r[1])
    kind = _pick(KINDS, r[2])
    if kind == "unary" and _is_float(x):
        return getattr(ops, _pick(UNARY, r[3]))(x)
    if kind in ("binary", "compare") and _broadcast(x, y) and _is_float(x) and _is_float(y):
        return getattr(ops, _pick(BINARY if kind == "binary" else COMPARE, r[3]))(x, y)
    if kind == "number" and _is_float(x):
        number = _pick((2.0, 0.0, -0.0, 1.0, 0.1, 3, np.float64(0.3), np.float32(0.7)), r[4])
        return _pick((lambda: x * number, lambda: number - x, lambda: x + number, lambda: x / number, lambda: x**2,
                      lambda: x**3, lambda: ops.clip(x, -0.5, 2)), r[3])()  # fmt: skip
    if kind == "where" and _broadcast(x, y) and _is_float(x) and _is_float(y):
        return ops.where(ops.greater(x, 0.1), x, y)
    if kind == "sum" and _is_float(x):
        axes = [None, *range(len(x.shape)), tuple(range(len(x.shape)))]
        reduce = _pick((ops.sum, ops.mean, ops.max, ops.min), r[3])
        return reduce(x, axis=_pick(axes, r[4]), keepdims=bool(r[5] < 0.5))
    if kind == "view":
        return _view(x, r)
    if kind == "move" and _is_float(x) and len(x.shape):
        return _move(x, y, r)
    if kind == "pick" and len(x.shape) and x.size:
        return _pick_elements(x, r)
    if kind == "matmul" and len(x.shape) == len(y.shape) == 2 and x.dtype == y.dtype and _is_float(x):
        return ops.matmul(x, ops.transpose(x)) if x.shape[1] != y.shape[0] else ops.matmul(x, y)
    if kind == "line" and len(x.shape):
        axis = int(r[4] * len(x.shape))
        which = _pick((ops.argmax, ops.argmin, ops.cumsum, ops.sort, ops.argsort), r[3])
        return which(x, axis=axis) if which is not ops.cumsum or _is_float(x) else None
    if kind == "whole":
        return _whole(x, y, r)
    if kind == "stack" and _is_float(x) and len(x.shape) == 3 and x.size < 500:
        return ops.matmul(x, ops.transpose(x, (0, 2, 1))) if r[3] < 0.5 else ops.einsum("bij,bkj->ki", x, x)
    if kind == "cast":
        return ops.astype(x, _pick((np.float64, np.float32), r[3]))
    return None


def _broadcast(x: Any, y: Any) -> bool:
    try:
        return bool(np.prod(np.broadcast_shapes(x.shape, y.shape)) < 4000)
    except ValueError:
        return False


def _view(x: Any, r: np.ndarray) -> Any:
    rank = len(x.shape)
    which = int(r[3] * 6)
    if which == 0:
        return ops.transpose(x)
    if which == 1:
        return ops.reshape(x, (-1,))
    if which == 2:
        return ops.broadcast_to(x, (2, *x.shape)) if x.size < 500 else x[...]
    if which == 3 and rank:
        return ops.flip(x, int(r[4] * rank))
    if which == 4 and rank and x.shape[0] > 1:
        return x[1:]
    if which == 5 and rank:
        return x[0] if bool(r[4] < 0.5) else x[..., None]
    return apply(p.sum_to, x, shape=x.shape[1:]) if rank and _is_float(x) else None


def _move(x: Any, y: Any, r: np.ndarray) -> Any:
    which = int(r[3] * 3)
    if which == 0 and _is_float(y) and len(y.shape) == len(x.shape) and y.shape[1:] == x.shape[1:] and x.size < 500:
        return ops.concatenate([x, y], axis=0)
    if which == 1:
        return ops.pad(x, 1) if x.size < 300 else None
    if x.shape[0] > 1 and r[4] < 0.3:
        return apply(p.scatter_add, x[1], spec=(2,), shape=(4, *x.shape[1:]))
    if x.shape[0] > 1:
        return apply(p.scatter_add, x[1:], spec=(slice(0, x.shape[0] - 1),), shape=x.shape)
    return None


def _pick_elements(x: Any, r: np.ndarray) -> Any:
    rng = np.random.default_rng(int(r[6] * 1e9))
    axis = int(r[4] * len(x.shape))
    n = x.shape[axis]
    if r[3] < 0.4:
        places = rng.integers(-n, n, _pick([(3,), (2, 1), (7,)], r[5]))
        return x[(*(slice(None),) * axis, places)] if x.size < 1000 else None
    places = rng.integers(-n, n, tuple(4 if k == axis else m for k, m in enumerate(x.shape)))
    if r[3] < 0.7:
        return ops.take_along_axis(x, places, axis)
    return apply(p.add_along_axis, x, rng.integers(-n, n, x.shape), axis=axis, shape=x.shape) if _is_float(x) else None


def _whole(x: Any, y: Any, r: np.ndarray) -> Any:
    """Casts to integers and truth values, arithmetic of integers, counts."""
    if r[3] < 0.3:
        return ops.astype(x, _pick((np.int64, bool), r[4])) if x.dtype.kind in "fb" else ops.astype(x, np.float64)
    if r[3] < 0.6 and x.dtype == y.dtype == np.int64 and _broadcast(x, y):
        return getattr(ops, _pick(WHOLE, r[4]))(x, y)
    axis = _pick([None, *range(len(x.shape))], r[4])
    if r[3] < 0.8:
        return _pick((ops.any, ops.all, ops.count_nonzero), r[5])(x, axis=axis)
    return ops.sum(x, axis=axis) if x.dtype.kind in "ib" else None


# ---- comparing
def same_bits(a: Any, b: Any) -> bool:
    """Equal to the last bit; any NaN is as good as another."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind != "f":
        return bool((a == b).all())
    return bool((((a == b) & (np.signbit(a) == np.signbit(b))) | (np.isnan(a) & np.isnan(b))).all())


def check_each(program: Program, values: dict[int, Any]) -> None:
    """Each operation's result in `values` against NumPy's on the operands in `values`, so that no error adds to another."""
    for operation in program.operations:
        arrays = [x.value if isinstance(x, Literal) else values[x] for x in operation.inputs]
        with np.errstate(all="ignore"):
            expected = np.asarray(operation.primitive.forward(*arrays, **operation.static))
        got = values[operation.out]
        _check(operation, arrays, got, expected)


def _check(operation: Any, arrays: list[Any], got: Any, expected: Any) -> None:
    name = operation.name
    assert got.shape == expected.shape, name
    assert got.dtype == expected.dtype, name
    if got.dtype.kind != "f":
        assert (got == expected).all(), name
        return
    nan = np.isnan(expected)
    exponent = operation.inputs[1].value if name == "pow" and isinstance(operation.inputs[1], Literal) else None
    with np.errstate(all="ignore"):
        if name in SUMS:
            bound = _sum_bound(name, operation, arrays, expected)
            near = np.abs(got - expected) <= bound
            # Where a partial sum may overflow, its order decides.
            near |= ~np.isfinite(bound)
        elif name in EXACT | ORDERED or exponent == 2:
            near = got == expected
            if name not in (
                "maximum",
                "minimum",
                "relu",
                "amax",
                "amin",
                "clip",
                "sort",
            ):  # of two zeros NumPy takes either
                near &= np.signbit(got) == np.signbit(expected)
        else:
            tiny = np.finfo(expected.dtype).tiny
            near = np.abs(got - expected) <= ULP * np.maximum(np.spacing(np.abs(expected)), np.spacing(tiny))
            near |= got == expected
    good = near | (nan & np.isnan(got))
    assert good.all(), (name, operation.static, [np.asarray(a)[~good] if np.shape(a) == np.shape(good) else a for a in arrays],
                        got[~good], expected[~good])  # fmt: skip


def _sum_bound(name: str, operation: Any, arrays: list[Any], expected: Any) -> Any:
    """2 n eps times the sum of the sizes, for n terms in any order."""
    sizes = [np.abs(np.asarray(a, np.float64)) for a in arrays]
    eps = np.finfo(expected.dtype).eps
    if name in ("matmul", "einsum"):
        count = sizes[0].shape[-1] if name == "matmul" else sizes[0].size
        return 2 * count * eps * operation.primitive.forward(*sizes, **operation.static) + np.finfo(expected.dtype).tiny
    count = max(1, sizes[0].size // max(1, expected.size))
    total = np.asarray(operation.primitive.forward(sizes[0], **operation.static))
    return 2 * count * eps * total * (count if name == "mean" else 1) + np.finfo(expected.dtype).tiny
