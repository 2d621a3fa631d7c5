"""The operations that make one number of many."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply
from steepest.autodiff.ops.elementwise import isfinite, multiply, sqrt, square, where
from steepest.autodiff.ops.shapes import (
    Axis,
    as_array,
    as_axes,
    concatenate,
    diagonal,
    ndim,
    places_of,
    ravel,
    reshape,
    shape,
    size,
    transpose,
)
from steepest.autodiff.primitive import Primitive
from steepest.base.errors import ShapeError


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum over `axis` (all axes by default)."""
    return apply(p.sum, as_array(x), axis=as_axes(axis), keepdims=keepdims)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Arithmetic mean over `axis`."""
    return apply(p.mean, as_array(x), axis=as_axes(axis), keepdims=keepdims)


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Largest element over `axis`; tied elements share the derivative."""
    return apply(p.amax, as_array(x), axis=as_axes(axis), keepdims=keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Smallest element over `axis`; tied elements share the derivative."""
    return apply(p.amin, as_array(x), axis=as_axes(axis), keepdims=keepdims)


amax, amin = max, min


def var(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """Variance ``sum((x - mean)**2) / (n - ddof)`` over `axis`."""
    x = as_array(x)
    deviation = x - mean(x, axis=axis, keepdims=True)
    squares = sum(square(deviation), axis=axis, keepdims=keepdims)
    count = size(x) // builtins.max(1, size(squares)) - ddof
    if count <= 0:
        raise ShapeError(f"var: {count + ddof} values are too few with ddof={ddof}.")
    return squares / count


def std(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """Standard deviation, the square root of `var`; where all values are equal its derivative is 0."""
    return _root(var(x, axis=axis, ddof=ddof, keepdims=keepdims))


def _root(squares: Any) -> Any:
    """Square root of a sum of squares: its derivative at 0 is 0."""
    zero = apply(p.equal, squares, 0)
    return where(zero, 0.0, sqrt(where(zero, 1.0, squares)))


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Product over `axis`, as a tree of pairwise products: right derivatives of every order where elements are zero."""
    x = as_array(x)
    rank = ndim(x)
    axes = places_of(axis, rank)
    rest = tuple(i for i in range(rank) if i not in axes)
    lengths = shape(x)
    flat = reshape(transpose(x, (*rest, *axes)), (*(lengths[i] for i in rest), math.prod(lengths[i] for i in axes)))
    while (n := shape(flat)[-1]) > 1:
        pairs = multiply(flat[..., : n - n % 2 : 2], flat[..., 1::2])
        flat = concatenate([pairs, flat[..., n - 1 :]], axis=-1) if n % 2 else pairs
    if shape(flat)[-1] == 0:
        flat = np.ones((*shape(flat)[:-1], 1), flat.dtype)
    kept = tuple(1 if i in axes else n for i, n in enumerate(lengths))
    return reshape(flat, kept if keepdims else tuple(lengths[i] for i in rest))


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """``log(sum(exp(x)))`` over `axis` without overflow."""
    x = as_array(x)
    if 0 in shape(x):
        raise ShapeError(f"logsumexp of an array of shape {shape(x)}.")
    top = max(x, axis=axis, keepdims=True)
    top = apply(p.stop_gradient, where(isfinite(top), top, 0.0))  # the shift cancels, so its derivative is not needed
    result = apply(p.log, sum(apply(p.exp, x - top), axis=axis, keepdims=keepdims))
    return result + (top if keepdims else reshape(top, shape(result)))


def cumsum(x: Any, axis: int | None = None) -> Any:
    """Running sum along `axis` (of the flattened array if None)."""
    x = as_array(x)
    return apply(p.cumsum, ravel(x), axis=0) if axis is None else apply(p.cumsum, x, axis=axis)


def norm(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Euclidean norm ``sqrt(sum(x**2))`` over `axis`; the derivative at the zero vector is 0."""
    return _root(sum(square(as_array(x)), axis=axis, keepdims=keepdims))


def _zero_reduction(primitive: Primitive, doc: str) -> Any:
    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return apply(primitive, as_array(x), axis=as_axes(axis), **({"keepdims": True} if keepdims else {}))

    reduce.__name__ = primitive.name
    reduce.__doc__ = doc
    return reduce


argmax = _zero_reduction(p.argmax, "Place of the largest element; a constant to differentiation.")
argmin = _zero_reduction(p.argmin, "Place of the smallest element; a constant to differentiation.")
any = _zero_reduction(p.any_, "Whether any element is true; a constant to differentiation.")
all = _zero_reduction(p.all_, "Whether all elements are true; a constant to differentiation.")
count_nonzero = _zero_reduction(p.count_nonzero, "How many elements are not zero; a constant to differentiation.")


def argsort(x: Any, axis: int = -1) -> Any:
    """Places that would sort `x` along `axis` (stable); a constant to differentiation."""
    return apply(p.argsort, as_array(x), axis=axis)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a `diagonal`."""
    return sum(diagonal(x, offset, axis1, axis2), axis=-1)
