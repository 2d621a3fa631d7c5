"""The table of derivatives: one rule a primitive. Rules are written with Tensor operations, so they differentiate again.

An elementwise rule lists the partial derivative with respect to each input; 1 and -1 stand for themselves. Kinks: relu and abs
have derivative 0 at 0; ties in max, min, maximum and minimum share; clip passes the derivative at its bounds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply
from steepest.autodiff.rules import (
    elementwise,
    general,
    kept_shape,
    linear,
    multilinear,
    multilinear_by,
    reduction,
    shape_of,
)

LN2, LN10 = math.log(2.0), math.log(10.0)
TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)


def _power_base(z: Any, x: Any, y: Any) -> Any:
    """d(x**y)/dx = y x**(y-1), and 0 for y = 0 although 0**-1 is infinite."""
    if isinstance(y, (int, float)):
        if y == 0:
            return ops.zeros_like(x)
        return 2 * x if y == 2 else y * x ** (y - 1)
    return apply(p.absorbing_multiply, y, x ** (y - 1))


def _power_exponent(z: Any, x: Any, y: Any) -> Any:
    """d(x**y)/dy = x**y log x, and its limit 0 for x = 0, y > 0."""
    at_zero = ops.logical_and(ops.equal(x, 0), ops.greater_equal(y, 0))
    return apply(p.absorbing_multiply, z, ops.log(ops.where(at_zero, 1.0, x)))


def _inverse(y: Any) -> Any:
    """1 / y, infinite where y is a Python number that is 0, too."""
    return math.copysign(math.inf, y) if isinstance(y, (int, float)) and y == 0 else 1.0 / y


def _mask(condition: Any, like: Any) -> Any:
    """1 where the condition holds, 0 elsewhere, in the dtype of `like`: float32 stays float32."""
    return ops.astype(condition, like.dtype)


def _first_wins(z: Any, better: Any, at_least_as_good: Any) -> Any:
    """1 where the first argument is chosen, 0 where the second is, one half at a tie."""
    return 0.5 * (_mask(better, z) + _mask(at_least_as_good, z))


def _radius(x: Any, y: Any) -> Any:
    """sqrt(x**2 + y**2) without overflow, and 1 at the origin, where x and y over it are then 0."""
    r = ops.hypot(x, y)
    return ops.where(ops.equal(r, 0), 1.0, r)


def _share(x: Any, y: Any) -> Any:
    """exp(x) / (exp(x) + exp(y)), one half each where both are the same infinity."""
    same = ops.logical_and(ops.isinf(x), ops.equal(x, y))
    return ops.sigmoid(ops.where(same, 0.0, x - y))


# ---- arithmetic
p.add.rule = elementwise(1, 1)
p.subtract.rule = elementwise(1, -1)
p.negative.rule = elementwise(-1)
p.multiply.rule = elementwise(lambda z, x, y: y, lambda z, x, y: x)
p.absorbing_multiply.rule = elementwise(lambda z, g, d: d, lambda z, g, d: g, unbounded=True)
p.divide.rule = elementwise(lambda z, x, y: _inverse(y), lambda z, x, y: -z / y, unbounded=True)
p.power.rule = elementwise(_power_base, _power_exponent, unbounded=True)
p.square.rule = elementwise(lambda y, x: 2.0 * x)
p.reciprocal.rule = elementwise(lambda y, x: -1.0 / (x * x), unbounded=True)
p.remainder.rule = elementwise(1, lambda z, x, y: -ops.floor_divide(x, y))

# ---- functions of one number
p.exp.rule = elementwise(lambda y, x: y)
p.exp2.rule = elementwise(lambda y, x: y * LN2)
p.expm1.rule = elementwise(lambda y, x: ops.exp(x))
p.log.rule = elementwise(lambda y, x: 1.0 / x, unbounded=True)
p.log1p.rule = elementwise(lambda y, x: 1.0 / (1.0 + x), unbounded=True)
p.log2.rule = elementwise(lambda y, x: 1.0 / (x * LN2), unbounded=True)
p.log10.rule = elementwise(lambda y, x: 1.0 / (x * LN10), unbounded=True)
p.sqrt.rule = elementwise(lambda y, x: 0.5 / y, unbounded=True)
p.cbrt.rule = elementwise(lambda y, x: 1.0 / (3.0 * y * y), unbounded=True)
p.sin.rule = elementwise(lambda y, x: ops.cos(x))
p.cos.rule = elementwise(lambda y, x: -ops.sin(x))
p.tan.rule = elementwise(lambda y, x: 1.0 + y * y)
p.arcsin.rule = elementwise(lambda y, x: 1.0 / ops.sqrt((1.0 - x) * (1.0 + x)), unbounded=True)
p.arccos.rule = elementwise(lambda y, x: -1.0 / ops.sqrt((1.0 - x) * (1.0 + x)), unbounded=True)
p.arctan.rule = elementwise(lambda y, x: 1.0 / (1.0 + x * x))
p.sinh.rule = elementwise(lambda y, x: ops.cosh(x))
p.cosh.rule = elementwise(lambda y, x: ops.sinh(x))
p.tanh.rule = elementwise(lambda y, x: 1.0 - y * y)
p.arcsinh.rule = elementwise(lambda y, x: 1.0 / ops.hypot(x, 1.0))
p.arccosh.rule = elementwise(lambda y, x: 1.0 / ops.sqrt((x - 1.0) * (x + 1.0)), unbounded=True)
p.arctanh.rule = elementwise(lambda y, x: 1.0 / ((1.0 - x) * (1.0 + x)), unbounded=True)
p.erf.rule = elementwise(lambda y, x: TWO_OVER_SQRT_PI * ops.exp(-x * x))
p.sigmoid.rule = elementwise(lambda y, x: y * ops.sigmoid(-x))  # 1 - y would lose the digits of the upper tail
p.softplus.rule = elementwise(lambda y, x: ops.sigmoid(x))
p.log_cosh.rule = elementwise(lambda y, x: ops.tanh(x))
p.absolute.rule = elementwise(lambda y, x: ops.sign(x))
p.relu.rule = elementwise(lambda y, x: _mask(ops.greater(x, 0), y))

# ---- functions of several numbers
p.maximum.rule = elementwise(
    lambda z, x, y: _first_wins(z, ops.greater(x, y), ops.greater_equal(x, y)),
    lambda z, x, y: _first_wins(z, ops.greater(y, x), ops.greater_equal(y, x)),
)
p.minimum.rule = elementwise(
    lambda z, x, y: _first_wins(z, ops.less(x, y), ops.less_equal(x, y)),
    lambda z, x, y: _first_wins(z, ops.less(y, x), ops.less_equal(y, x)),
)
p.arctan2.rule = elementwise(
    lambda z, y, x: x / ops.hypot(x, y) / ops.hypot(x, y),
    lambda z, y, x: -y / ops.hypot(x, y) / ops.hypot(x, y),
    unbounded=True,
)
p.hypot.rule = elementwise(lambda z, x, y: x / _radius(x, y), lambda z, x, y: y / _radius(x, y))
p.logaddexp.rule = elementwise(lambda z, x, y: _share(x, y), lambda z, x, y: _share(y, x))
# As min(max(x, low), high), which is what NumPy computes also where low > high.
p.clip.rule = elementwise(
    lambda z, x, low, high: _mask(ops.logical_and(ops.greater_equal(x, low), ops.less_equal(x, high)), z),
    lambda z, x, low, high: _mask(ops.logical_and(ops.less(x, low), ops.less_equal(low, high)), z),
    lambda z, x, low, high: _mask(ops.greater(ops.maximum(x, low), high), z),
)


# `where` chooses instead of multiplying by 0 or 1: what is not chosen may be infinite.
p.where.rule = general(
    push=lambda tangents, out, choice, x, y: ops.where(choice, *(0.0 if t is None else t for t in tangents[1:])),
    pull=lambda g, out, choice, x, y: [None, lambda: ops.where(choice, g, 0.0), lambda: ops.where(choice, 0.0, g)],
)


# ---- reductions: d out = sum(weight * dx)
def _spread_back(g: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return ops.broadcast_to(ops.reshape(g, kept_shape(shape_of(x), axis)), shape_of(x))


def _shared(out: Any, x: Any, axis: Any) -> Any:
    """The extreme elements, each with its share of the derivative; NaN counts as extreme, as it does forward."""
    chosen = ops.astype(ops.logical_or(ops.equal(x, out), ops.isnan(x)), out.dtype)
    return chosen / ops.sum(chosen, axis=axis, keepdims=True)


def _mean_back(g: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    count = math.prod(shape_of(x)) // max(1, math.prod(shape_of(g)))
    return _spread_back(g / max(1, count), x, axis)


p.sum.rule = linear(p.sum, _spread_back)
p.mean.rule = linear(p.mean, _mean_back)
p.amax.rule = reduction(_shared)
p.amin.rule = reduction(_shared)
p.cumsum.rule = linear(p.cumsum, lambda g, x, axis: ops.flip(ops.cumsum(ops.flip(g, axis), axis), axis))


# ---- products
def _transposed(a: Any) -> Any:
    rank = len(a.shape)
    return apply(p.transpose, a, axes=(*range(rank - 2), rank - 1, rank - 2))


p.matmul.rule = multilinear(
    p.matmul,
    lambda g, a, b: apply(p.matmul, g, _transposed(b)),
    lambda g, a, b: apply(p.matmul, _transposed(a), g),
)


def _einsum_transposes(inputs: tuple[Any, ...], static: dict[str, Any]) -> list[Any]:
    """Swap the roles of the output and of input i; an index that only input i has is spread over its length."""
    left, output = static["subscripts"].split("->")
    terms = left.split(",")

    def transpose_for(i: int) -> Any:
        def transpose(g: Any, *operands: Any, subscripts: str) -> Any:
            others = [operand for j, operand in enumerate(operands) if j != i]
            names = [term for j, term in enumerate(terms) if j != i]
            known = set(output).union(*map(set, names))
            reachable = "".join(c for c in terms[i] if c in known)
            result = ops.einsum(",".join([output, *names]) + "->" + reachable, g, *others)
            shape = shape_of(operands[i])
            long = dict(zip(reachable, shape_of(result), strict=True))
            result = ops.reshape(result, tuple(long.get(c, 1) for c in terms[i]))
            # NumPy lets an axis of length 1 meet a longer one: summed where it is ours, repeated where it is theirs.
            met = tuple(1 if n == 1 else m for m, n in zip(shape_of(result), shape, strict=True))
            return ops.broadcast_to(apply(p.sum_to, result, shape=met), shape)

        return transpose

    return [transpose_for(i) for i in range(len(terms))]


p.einsum.rule = multilinear_by(p.einsum, _einsum_transposes)

# ---- shape and place: each is linear, and its transpose puts things back
p.sum_to.rule = linear(p.sum_to, lambda g, x, shape: ops.broadcast_to(g, shape_of(x)))
p.broadcast_to.rule = linear(p.broadcast_to, lambda g, x, shape: apply(p.sum_to, g, shape=shape_of(x)))
p.reshape.rule = linear(p.reshape, lambda g, x, shape: ops.reshape(g, shape_of(x)))
p.transpose.rule = linear(p.transpose, lambda g, x, axes: ops.transpose(g, tuple(int(i) for i in np.argsort(axes))))
p.flip.rule = linear(p.flip, lambda g, x, axis: ops.flip(g, axis))
p.alias.rule = linear(p.alias, lambda g, x: g)
p.astype.rule = linear(p.astype, lambda g, x, dtype: g)  # `match` casts back to the dtype of x
p.pad.rule = linear(
    p.pad,
    lambda g, x, widths: g[tuple(slice(w[0], w[0] + n) for w, n in zip(widths, shape_of(x), strict=True))],
)
p.index.rule = linear(
    p.index, lambda g, x, *arrays, spec: apply(p.scatter_add, g, *arrays, spec=spec, shape=shape_of(x))
)
p.scatter_add.rule = linear(p.scatter_add, lambda g, x, *arrays, spec, shape: apply(p.index, g, *arrays, spec=spec))
p.take_along_axis.rule = linear(
    p.take_along_axis,
    lambda g, x, places, axis: apply(p.add_along_axis, g, places, axis=axis, shape=shape_of(x)),
)
p.add_along_axis.rule = linear(p.add_along_axis, lambda g, x, places, axis, shape: ops.take_along_axis(g, places, axis))
p.sort.rule = general(
    push=lambda tangents, out, x, axis: ops.take_along_axis(tangents[0], ops.argsort(x, axis), axis),
    pull=lambda g, out, x, axis: [apply(p.add_along_axis, g, ops.argsort(x, axis), axis=axis, shape=shape_of(x))],
)


def _concatenate_push(tangents: Any, out: Any, *parts: Any, axis: int) -> Any:
    filled = [np.zeros(shape_of(x), out.dtype) if t is None else t for t, x in zip(tangents, parts, strict=True)]
    return ops.concatenate(filled, axis=axis)


def _concatenate_pull(g: Any, out: Any, *parts: Any, axis: int) -> Any:
    pieces, start = [], 0
    before = (slice(None),) * (axis % len(shape_of(out)))
    for part in parts:
        stop = start + shape_of(part)[axis]
        pieces.append(g[(*before, slice(start, stop))])
        start = stop
    return pieces


p.concatenate.rule = general(push=_concatenate_push, pull=_concatenate_pull)
