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


def as_axes(axis: Any) -> Axis:
    """Something hashable."""
    return tuple(axis) if isinstance(axis, list) else axis


def place(axis: int, rank: int) -> int:
    """`axis` counted from the front, where an array of this rank has it."""
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} of an array with {rank} {'axis' if rank == 1 else 'axes'}.")
    return int(axis) % rank


def places_of(axis: Any, rank: int) -> tuple[int, ...]:
    """The axes that `axis` means, counted from the front: all for None."""
    if axis is None:
        return tuple(range(rank))
    found = tuple(place(a, rank) for a in (axis if isinstance(axis, (tuple, list)) else (axis,)))
    if len(set(found)) != len(found):
        raise ShapeError(f"axis={axis} names an axis twice.")
    return found


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
    order = tuple(range(rank))[::-1] if axes is None else places_of(tuple(axes), rank)
    if len(order) != rank:
        raise ShapeError(f"transpose: {len(order)} axes for an array with {rank}.")
    return apply(p.transpose, x, axes=order)


def swapaxes(x: Any, first: int, second: int) -> Any:
    """Two axes exchanged."""
    order = list(range(ndim(x)))
    order[first], order[second] = order[second], order[first]
    return transpose(x, order)


def moveaxis(x: Any, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Any:
    """Axes moved to other places, the others in their order."""
    rank = ndim(x)
    sources, targets = places_of(source, rank), places_of(destination, rank)
    if len(sources) != len(targets):
        raise ShapeError(f"moveaxis: {len(sources)} sources for {len(targets)} destinations.")
    order = [i for i in range(rank) if i not in sources]
    for target, moved in sorted(zip(targets, sources, strict=True)):
        order.insert(target, moved)
    return transpose(x, order)


def expand_dims(x: Any, axis: int | tuple[int, ...]) -> Any:
    """New axes of length 1 at `axis` of the result."""
    x = as_array(x)
    rank = ndim(x) + (len(axis) if isinstance(axis, tuple) else 1)
    new = places_of(axis, rank)
    rest = iter(shape(x))
    return reshape(x, tuple(1 if i in new else next(rest) for i in range(rank)))


def squeeze(x: Any, axis: Axis = None) -> Any:
    """Axes of length 1 removed: those of `axis`, or all."""
    x = as_array(x)
    lengths = shape(x)
    gone = [i for i, n in enumerate(lengths) if n == 1] if axis is None else places_of(axis, len(lengths))
    if builtins.any(lengths[i] != 1 for i in gone):
        raise ShapeError(f"squeeze: axis={axis} of shape {lengths} is not of length 1.")
    return reshape(x, tuple(n for i, n in enumerate(lengths) if i not in gone))


def broadcast_to(x: Any, shape: int | Sequence[int]) -> Any:
    """`x` repeated to `shape` by NumPy's rules."""
    target = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    return apply(p.broadcast_to, as_array(x), shape=target)


def concatenate(parts: Sequence[Any], axis: int | None = 0) -> Any:
    """Arrays joined along an axis that they have."""
    items = [as_array(x) for x in parts]
    if not items:
        raise ShapeError("nothing to concatenate.")
    if axis is None:
        items, axis = [ravel(x) for x in items], 0
    return apply(p.concatenate, *items, axis=place(axis, ndim(items[0])))


def stack(parts: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis."""
    items = [as_array(x) for x in parts]
    shapes = {shape(x) for x in items}
    if len(shapes) != 1:
        raise ShapeError(f"stack: shapes differ: {sorted(shapes)}." if shapes else "nothing to stack.")
    new = place(axis, ndim(items[0]) + 1)
    return concatenate([expand_dims(x, new) for x in items], axis=new)


def split(x: Any, parts: int | Sequence[int], axis: int = 0) -> list[Any]:
    """The pieces of `x` along `axis`: equal ones for a number, cut at the given places otherwise."""
    x = as_array(x)
    axis = place(axis, ndim(x))
    n = shape(x)[axis]
    if isinstance(parts, (int, np.integer)):
        if parts < 1 or n % parts:
            raise ShapeError(f"split: {n} elements cannot be cut into {parts} equal parts.")
        places = list(range(n // int(parts), n, n // int(parts))) if n else [0] * (int(parts) - 1)
    else:
        places = [int(i) for i in parts]
    before = (slice(None),) * axis
    return [x[(*before, slice(a, b))] for a, b in zip([0, *places], [*places, None], strict=True)]


def pad(x: Any, widths: Any) -> Any:
    """Zeros around `x`: a width, a (before, after) pair, or one pair an axis."""
    x = as_array(x)
    try:
        pairs = np.broadcast_to(np.asarray(widths, dtype=int), (ndim(x), 2))
    except ValueError as error:
        raise ShapeError(f"pad: widths {widths} do not fit an array with {ndim(x)} axes.") from error
    return apply(p.pad, x, widths=tuple((int(a), int(b)) for a, b in pairs))


def flip(x: Any, axis: Axis = None) -> Any:
    """The order of elements along `axis` reversed."""
    return apply(p.flip, as_array(x), axis=as_axes(axis))


def sort(x: Any, axis: int | None = -1) -> Any:
    """Elements in ascending order along `axis`; each derivative goes back to where its element came from."""
    x = as_array(x)
    return apply(p.sort, ravel(x), axis=0) if axis is None else apply(p.sort, x, axis=axis)


def take(x: Any, places: Any, axis: int | None = None) -> Any:
    """Elements at `places` along `axis` (of the flattened array if None)."""
    x = as_array(x)
    places = as_array(places)
    if axis is None:
        x, axis = ravel(x), 0
    return index(x, (*(slice(None),) * place(axis, ndim(x)), places))


def take_along_axis(x: Any, places: Any, axis: int) -> Any:
    """Elements at `places`, an integer array of the rank of `x`, along `axis`."""
    x = as_array(x)
    return apply(p.take_along_axis, x, as_array(places), axis=place(axis, ndim(x)))


def index(x: Any, key: Any) -> Any:
    """``x[key]``, basic or advanced; index arrays are inputs of the operation, slices are not."""
    x = as_array(x)
    if type(key) is int or type(key) is slice:
        return apply(p.index, x, spec=(key,))
    spec: list[Any] = []
    arrays: list[Any] = []
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, (list, tuple, range)):
            part = np.asarray(part, dtype=None if len(part) else np.intp)
        if isinstance(part, (np.ndarray, np.bool_, bool, Value)):
            spec.append(p.HOLE)
            arrays.append(part)
        else:
            spec.append(part)
    return apply(p.index, x, *arrays, spec=tuple(spec))


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal over two axes, as the last axis of the result; a positive `offset` is above the main one."""
    x = as_array(x)
    if ndim(x) < 2:
        raise ShapeError(f"diagonal of an array of shape {shape(x)}: it needs two axes.")
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = shape(x)[-2:]
    first_row, first_column = builtins.max(-offset, 0), builtins.max(offset, 0)
    steps = np.arange(builtins.max(0, builtins.min(rows - first_row, columns - first_column)))
    return index(x, (..., first_row + steps, first_column + steps))


def astype(x: Any, dtype: Any) -> Any:
    """The values in another dtype."""
    return apply(p.astype, x, dtype=np.dtype(dtype))


def zeros_like(x: Any) -> Any:
    """Zeros of the shape and dtype of `x`; a constant."""
    return np.zeros(shape(x), x.dtype if hasattr(x, "dtype") else float)


def ones_like(x: Any) -> Any:
    """Ones of the shape and dtype of `x`; a constant."""
    return np.ones(shape(x), x.dtype if hasattr(x, "dtype") else float)
