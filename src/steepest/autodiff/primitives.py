"""The table of operations: each name with the NumPy function that computes it. Their derivatives are in derivatives.py."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from steepest.autodiff.primitive import Primitive
from steepest.base.random import generator

TABLE: dict[str, Primitive] = {}


def _define(name: str, forward: Callable[..., Any], *, analytic: bool = False, zero: bool = False) -> Primitive:
    TABLE[name] = Primitive(name, forward, analytic=analytic, zero_derivative=zero)
    return TABLE[name]


# ---- arithmetic ---------------------------------------------------------------------------------------------------
add = _define("add", operator.add, analytic=True)
subtract = _define("sub", operator.sub, analytic=True)
multiply = _define("mul", operator.mul, analytic=True)
divide = _define("div", np.true_divide, analytic=True)
negative = _define("neg", np.negative, analytic=True)
# The operator takes NumPy's short cuts for the exponents 2, 0.5 and -1; np.power does not.
power = _define("pow", operator.pow, analytic=True)
square = _define("square", np.square, analytic=True)
reciprocal = _define("reciprocal", lambda x: 1.0 / x, analytic=True)


def _absorbing_multiply(g: Any, d: Any) -> Any:
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where((g == 0) | (d == 0), 0.0, g * d)


# 0 * inf = 0 * nan = 0, whichever of the two is 0 (forward mode has them the other way round): for rules whose local derivative
# is unbounded.
absorbing_multiply = _define("absorbing_mul", _absorbing_multiply)


# ---- functions of one number --------------------------------------------------------------------------------------
def _erf(x: Any) -> Any:
    from scipy.special import erf as special_erf  # imported when used: half of steepest's start-up otherwise

    return special_erf(x)


def _cbrt(x: Any) -> Any:
    return np.cbrt(x)


def _sigmoid(x: Any) -> Any:
    return _sigmoid_complex(np.asarray(x)) if np.iscomplexobj(x) else _sigmoid_real(np.asarray(x))


def _sigmoid_complex(x: Any) -> Any:
    small = np.exp(np.where(x.real >= 0, -x, x))
    return np.where(x.real >= 0, 1.0, small) / (1.0 + small)


def _sigmoid_real(x: Any) -> Any:
    # exp(-|x|) never overflows, and the small tail keeps its relative digits (tanh would round it to 0).
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def _relu(x: Any) -> Any:
    return np.maximum(x, 0)


def _softplus(x: Any) -> Any:
    if np.iscomplexobj(x):
        positive = np.real(x) >= 0
        return np.where(positive, x, 0.0) + np.log1p(np.exp(np.where(positive, -x, x)))
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _log_cosh(x: Any) -> Any:
    if np.iscomplexobj(x):
        positive = np.where(np.real(x) >= 0, x, -x)
        near = np.real(positive) < 1.0
        far = positive + np.log1p(np.exp(-2.0 * positive)) - math.log(2.0)
        return np.where(near, np.log(np.cosh(np.where(near, x, 0.0))), far)
    size = np.abs(x)
    # Two forms: the first keeps every digit near 0, the second does not overflow.
    near = np.log1p(2.0 * np.square(np.sinh(0.5 * np.minimum(size, 1.0))))
    return np.where(size < 1.0, near, size + np.log1p(np.exp(-2.0 * size)) - math.log(2.0))


exp = _define("exp", np.exp, analytic=True)
exp2 = _define("exp2", np.exp2, analytic=True)
expm1 = _define("expm1", np.expm1, analytic=True)
log = _define("log", np.log, analytic=True)
log1p = _define("log1p", np.log1p, analytic=True)
log2 = _define("log2", np.log2, analytic=True)
log10 = _define("log10", np.log10, analytic=True)
sqrt = _define("sqrt", np.sqrt, analytic=True)
cbrt = _define("cbrt", _cbrt)
sin = _define("sin", np.sin, analytic=True)
cos = _define("cos", np.cos, analytic=True)
tan = _define("tan", np.tan, analytic=True)
arcsin = _define("arcsin", np.arcsin, analytic=True)
arccos = _define("arccos", np.arccos, analytic=True)
arctan = _define("arctan", np.arctan, analytic=True)
sinh = _define("sinh", np.sinh, analytic=True)
cosh = _define("cosh", np.cosh, analytic=True)
tanh = _define("tanh", np.tanh, analytic=True)
arcsinh = _define("arcsinh", np.arcsinh, analytic=True)
arccosh = _define("arccosh", np.arccosh, analytic=True)
arctanh = _define("arctanh", np.arctanh, analytic=True)
erf = _define("erf", _erf, analytic=True)
sigmoid = _define("sigmoid", _sigmoid, analytic=True)
softplus = _define("softplus", _softplus, analytic=True)
log_cosh = _define("log_cosh", _log_cosh, analytic=True)
absolute = _define("abs", np.abs)
relu = _define("relu", _relu)

# ---- functions of several numbers ---------------------------------------------------------------------------------
maximum = _define("maximum", np.maximum)
minimum = _define("minimum", np.minimum)
arctan2 = _define("arctan2", np.arctan2)
hypot = _define("hypot", np.hypot)
logaddexp = _define("logaddexp", np.logaddexp)
remainder = _define("remainder", np.remainder)
clip = _define("clip", np.clip)
where = _define("where", np.where)


def _uniform(epoch: Any, step: Any, seed: int, stream: str, shape: tuple[int, ...]) -> Any:
    """Random numbers from 0 to 1 as a function of the place in a run."""
    return generator(seed, stream, int(epoch), int(step)).random(shape)


# ---- derivative zero wherever it exists: their results are constants -----------------------------------------------
sign = _define("sign", np.sign, zero=True)
floor = _define("floor", np.floor, zero=True)
ceil = _define("ceil", np.ceil, zero=True)
trunc = _define("trunc", np.trunc, zero=True)
rint = _define("rint", np.rint, zero=True)
floor_divide = _define("floor_divide", np.floor_divide, zero=True)
isnan = _define("isnan", np.isnan, zero=True)
isinf = _define("isinf", np.isinf, zero=True)
isfinite = _define("isfinite", np.isfinite, zero=True)
equal = _define("equal", np.equal, zero=True)
not_equal = _define("not_equal", np.not_equal, zero=True)
less = _define("less", np.less, zero=True)
less_equal = _define("less_equal", np.less_equal, zero=True)
greater = _define("greater", np.greater, zero=True)
greater_equal = _define("greater_equal", np.greater_equal, zero=True)
logical_and = _define("logical_and", np.logical_and, zero=True)
logical_or = _define("logical_or", np.logical_or, zero=True)
logical_not = _define("logical_not", np.logical_not, zero=True)
argmax = _define("argmax", np.argmax, zero=True)
argmin = _define("argmin", np.argmin, zero=True)
argsort = _define("argsort", lambda x, axis: np.argsort(x, axis=axis, kind="stable"), zero=True)
any_ = _define("any", np.any, zero=True)
all_ = _define("all", np.all, zero=True)
uniform = _define("uniform", _uniform, zero=True)
stop_gradient = _define("stop_gradient", lambda x: x, zero=True)
count_nonzero = _define("count_nonzero", np.count_nonzero, zero=True)


# ---- reductions and products ---------------------------------------------------------------------------------------
def _sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """The transpose of broadcasting: sums the axes that broadcasting had made."""
    x = np.asarray(x)
    extra = x.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 and x.shape[i + extra] != 1)
    return x.sum(axis=axes).reshape(shape) if axes else x.reshape(shape)


def _reduction(ufunc: Any) -> Callable[..., Any]:
    """What np.sum, np.max and np.min call after twice the work."""

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return ufunc.reduce(x, axis=axis, keepdims=keepdims)

    return reduce


sum = _define("sum", _reduction(np.add), analytic=True)
mean = _define("mean", np.mean, analytic=True)
amax = _define("amax", _reduction(np.maximum))
amin = _define("amin", _reduction(np.minimum))
cumsum = _define("cumsum", np.cumsum, analytic=True)
matmul = _define("matmul", np.matmul, analytic=True)
einsum = _define("einsum", lambda *xs, subscripts: np.einsum(subscripts, *xs, optimize=len(xs) > 2), analytic=True)
sum_to = _define("sum_to", _sum_to, analytic=True)


# ---- shape and place -------------------------------------------------------------------------------------------------
class Hole:
    """Stands in an index for an array that is an input of the operation, so that it can be recorded."""

    def __repr__(self) -> str:
        return "array"


HOLE = Hole()


def filled(spec: Any, arrays: tuple[Any, ...]) -> Any:
    """The index `spec` with its holes filled, in order."""
    if not arrays:
        return spec
    rest = iter(arrays)
    return tuple(next(rest) if item is HOLE else item for item in spec)


def _index(x: Any, *arrays: Any, spec: Any) -> Any:
    return x[filled(spec, arrays)]


def _scatter_add(g: Any, *arrays: Any, spec: Any, shape: tuple[int, ...]) -> Any:
    """The transpose of indexing: zeros of `shape` with `g` added at the indexed places."""
    out = np.zeros(shape, np.asarray(g).dtype)
    if arrays:
        np.add.at(out, filled(spec, arrays), g)  # a place named twice gets both
    else:
        out[spec] = g
    return out


def _add_along_axis(g: Any, places: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """The transpose of `take_along_axis`: zeros of `shape` with `g` added at `places` along `axis`."""
    out = np.zeros(shape, np.asarray(g).dtype)
    grid = list(np.ogrid[tuple(slice(n) for n in shape)])  # an axis of length 1 broadcasts, as it did forward
    grid[axis] = places
    np.add.at(out, tuple(grid), g)
    return out


def _pad(x: Any, widths: Any) -> Any:
    return np.pad(x, widths)


# np.reshape and np.transpose end in these methods too.
reshape = _define("reshape", lambda x, shape: np.asarray(x).reshape(shape), analytic=True)
transpose = _define("transpose", lambda x, axes: np.asarray(x).transpose(axes), analytic=True)
broadcast_to = _define("broadcast_to", lambda x, shape: np.broadcast_to(x, shape), analytic=True)
concatenate = _define("concatenate", lambda *xs, axis: np.concatenate(xs, axis=axis), analytic=True)
pad = _define("pad", _pad, analytic=True)
flip = _define("flip", lambda x, axis: np.flip(x, axis), analytic=True)
index = _define("index", _index, analytic=True)
scatter_add = _define("scatter_add", _scatter_add, analytic=True)
take_along_axis = _define("take_along_axis", lambda x, places, axis: np.take_along_axis(x, places, axis), analytic=True)
add_along_axis = _define("add_along_axis", _add_along_axis, analytic=True)
sort = _define("sort", lambda x, axis: np.sort(x, axis=axis))
astype = _define("astype", lambda x, dtype: np.asarray(x).astype(dtype))
alias = _define("alias", lambda x: x, analytic=True)
