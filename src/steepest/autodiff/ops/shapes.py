"""The operations on shape and place: each is linear, so its derivative puts things back where they came from."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.autodiff.apply import Value, apply
from steepest.base.errors import ShapeError

Axis = int | tuple[int, ...] | None


def as_array(x: Any) -> Any:
    """Lists and tuples become arrays (of Tensors: a stacked Tensor); everything else stays as it is."""
    if isinstance(x, (list, tuple)):
        return stack(x) if any_value(x) else np.asarray(x)
    return x


def any_value(items: Any) -> bool:
    """Whether a Tensor hides in nested lists or tuples."""
    return builtins.any(
        any_value(item) if isinstance(item, (list, tuple)) else isinstance(item, Value) for item in items
    )


def shape(x: Any) -> tuple[int, ...]:
    """The shape of an array, a Tensor or a number."""
    return x.shape if isinstance(x, Value) else np.shape(x)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(shape(x))


def size(x: Any) -> int:
    """The number of elements."""
    return math.prod(shape(x))


def as_axes(x: Any, axis: Axis) -> Axis:
    return tuple(axis) if isinstance(axis, (list, tuple)) else axis


def reshape(x: Any, shape: int | Sequence[int]) -> Any:
    """The same elements in another shape; -1 stands for what is left."""
    return apply(p.reshape, as_array(x), shape=(shape,) if isinstance(shape, (int, np.integer)) else tuple(shape))


def ravel(x: Any) -> Any:
    """All elements on one axis."""
    return reshape(x, (-1,))


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Axes in another order, reversed by default."""
    x = as_array(x)
    rank = ndim(x)
    order = tuple(reversed(range(rank))) if axes is None else tuple(int(a) % rank for a in axes)
    return apply(p.transpose, x, axes=order)


def swapaxes(x: Any, first: int, second: int) -> Any:
    """Two axes exchanged."""
    order = list(range(ndim(x)))
    order[first], order[second] = order[second], order[first]
    return transpose(x, order)


def moveaxis(x: Any, source: int, destination: int) -> Any:
    """One axis moved, the others in their order."""
    rank = ndim(x)
    order = [i for i in range(rank) if i != source % rank]
    order.insert(destination % rank, source % rank)
    return transpose(x, order)


def expand_dims(x: Any, axis: int) -> Any:
    """A new axis of length 1 at `axis`."""
    lengths = list(shape(x))
    lengths.insert(axis if axis >= 0 else len(lengths) + 1 + axis, 1)
    return reshape(x, lengths)


def squeeze(x: Any, axis: Axis = None) -> Any:
    """Axes of length 1 removed."""
    return reshape(x, np.squeeze(np.broadcast_to(0.0, shape(x)), axis=axis).shape)


def broadcast_to(x: Any, shape: int | Sequence[int]) -> Any:
    """`x` repeated to `shape` by NumPy's rules."""
    target = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    return apply(p.broadcast_to, as_array(x), shape=target)


def concatenate(parts: Sequence[Any], axis: int | None = 0) -> Any:
    """Arrays joined along an axis that they have."""
    parts = list(parts)
    if axis is None:
        parts, axis = [ravel(x) for x in parts], 0
    return apply(p.concatenate, *(as_array(x) for x in parts), axis=axis)


def stack(parts: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis."""
    items = [as_array(x) for x in parts]
    if len({shape(x) for x in items}) > 1:
        raise ShapeError(f"stack: shapes differ: {sorted({shape(x) for x in items})}.")
    rank = ndim(items[0]) + 1
    return concatenate([expand_dims(x, axis % rank) for x in items], axis=axis % rank)


def split(x: Any, parts: int | Sequence[int], axis: int = 0) -> list[Any]:
    """The pieces of `x` along `axis`: equal ones for a number, cut at the given places otherwise."""
    n = shape(x)[axis]
    if isinstance(parts, (int, np.integer)):
        if n % parts:
            raise ShapeError(f"split: {n} elements cannot be cut into {parts} equal parts.")
        places = list(range(n // int(parts), n, n // int(parts))) if n else [0] * (int(parts) - 1)
    else:
        places = [int(i) for i in parts]
    before = (slice(None),) * (axis % ndim(x))
    return [x[(*before, slice(a, b))] for a, b in zip([0, *places], [*places, None], strict=True)]


def pad(x: Any, widths: Any) -> Any:
    """Zeros around `x`: a width, a (before, after) pair, or one pair an axis."""
    x = as_array(x)
    pairs = np.broadcast_to(np.asarray(widths, dtype=int), (ndim(x), 2))
    return apply(p.pad, x, widths=tuple((int(a), int(b)) for a, b in pairs))


def flip(x: Any, axis: Axis = None) -> Any:
    """The order of elements along `axis` reversed."""
    return apply(p.flip, as_array(x), axis=as_axes(x, axis))


def sort(x: Any, axis: int | None = -1) -> Any:
    """Elements in ascending order along `axis`; each derivative goes back to where its element came from."""
    x = as_array(x)
    return apply(p.sort, ravel(x), axis=0) if axis is None else apply(p.sort, x, axis=axis)


def take(x: Any, places: Any, axis: int | None = None) -> Any:
    """Elements at `places` along `axis` (of the flattened array if None)."""
    x = as_array(x)
    places = as_array(places)
    if axis is None:
        return index(ravel(x), places)
    return index(x, (*(slice(None),) * (axis % ndim(x)), places))


def take_along_axis(x: Any, places: Any, axis: int) -> Any:
    """Elements at `places`, an integer array of the rank of `x`, along `axis`."""
    return apply(p.take_along_axis, x, places, axis=axis % ndim(x))


def index(x: Any, key: Any) -> Any:
    """``x[key]``, basic or advanced; index arrays are inputs of the operation, slices are not."""
    parts = key if isinstance(key, tuple) else (key,)
    spec: list[Any] = []
    arrays: list[Any] = []
    for part in parts:
        if isinstance(part, (list, np.ndarray, Value)):
            part = part if isinstance(part, Value) else np.asarray(part)
            spec.append(p.HOLE)
            arrays.append(part)
        else:
            spec.append(part)
    return apply(p.index, x, *arrays, spec=tuple(spec))


def diagonal(x: Any) -> Any:
    """The main diagonal of a matrix."""
    n = builtins.min(shape(x)[-2:])
    return index(x, (..., np.arange(n), np.arange(n)))


def astype(x: Any, dtype: Any) -> Any:
    """The values in another dtype."""
    return apply(p.astype, x, dtype=np.dtype(dtype))


def zeros_like(x: Any) -> Any:
    """Zeros of the shape and dtype of `x`; a constant."""
    return np.zeros(shape(x), x.dtype if hasattr(x, "dtype") else float)


def ones_like(x: Any) -> Any:
    """Ones of the shape and dtype of `x`; a constant."""
    return np.ones(shape(x), x.dtype if hasattr(x, "dtype") else float)
