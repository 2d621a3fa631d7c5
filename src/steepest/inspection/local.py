"""Local derivatives: of the result of one operation with respect to what it was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.autodiff.apply import Value
from steepest.autodiff.rules import Elementwise, LinearMap
from steepest.base.params import Array
from steepest.inspection.numbers import short
from steepest.nn.module import plain

# Each element of the result is one element of the input, or a sum of them: every local derivative is 0 or 1.
_WIRES = {
    p.reshape, p.transpose, p.broadcast_to, p.concatenate, p.pad, p.flip, p.index, p.take_along_axis, p.sort, p.alias, p.astype,
    p.sum, p.sum_to, p.cumsum, p.scatter_add, p.add_along_axis,
}  # fmt: skip
# Each element of the input goes into one element of the result.
_REDUCTIONS = {p.mean, p.amax, p.amin}


def follows(x: Any) -> bool:
    """Whether the derivative goes on into this input."""
    return isinstance(x, Value) and x.requires_grad


def local_map(value: Value) -> LinearMap:
    """The derivative of the operation that made `value`, as a linear map of plain arrays."""
    assert value.primitive is not None
    assert value.primitive.rule is not None
    with np.errstate(all="ignore"):
        return value.primitive.rule(value._data, tuple(plain(x) for x in value.inputs), value.static)


def pulled(value: Value, linear: LinearMap, i: int, g: Array) -> Array:
    """What `g`, the gradient with respect to `value`, contributes to the gradient with respect to its input `i`."""
    with np.errstate(all="ignore"):
        gradient = linear.pull(g, [k == i for k in range(len(value.inputs))])[i]
    return np.zeros(np.shape(plain(value.inputs[i]))) if gradient is None else np.asarray(gradient)


@dataclass(frozen=True)
class Local:
    """The local derivatives along one arrow, in short.

    Attributes
    ----------
    low, high : float or None
        The smallest and the largest of them that are not 0 by construction; the same where all are one number. None where
        they are many numbers of many kinds, as those of a matrix product.
    gain : float or None
        In that case: the norm of the gradient after the arrow over that before it.

    Examples
    --------
    >>> print(Local(2.0, 2.0), Local(0.0, 1.0), Local(gain=0.5))
    ×2 ×0…1 gain 0.5
    """

    low: float | None = None
    high: float | None = None
    gain: float | None = None

    @property
    def number(self) -> float | None:
        """The local derivative, where it is one number; None elsewhere."""
        if self.low is None or self.high is None:
            return None
        same = self.low == self.high or (np.isnan(self.low) and np.isnan(self.high))
        return self.low if same else None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return "" if self.gain is None else f"gain {short(self.gain)}"
        low, high = short(self.low), short(self.high)
        return f"×{low}" if low == high else f"×{low}…{high}"


def local_derivative(value: Value, linear: LinearMap, i: int, g: Array | None) -> Local:
    """The local derivatives of `value` with respect to its input `i`; `g` is the gradient with respect to `value`."""
    if value._data.size == 1 and np.size(plain(value.inputs[i])) == 1:
        number = float(pulled(value, linear, i, np.ones_like(value._data)).reshape(-1)[0])
        return Local(number, number)
    if value.primitive in _WIRES:
        return Local(1.0, 1.0)
    if value.primitive in _REDUCTIONS:
        return _range(pulled(value, linear, i, np.ones_like(value._data)))
    if value.primitive is p.where:
        return _range(where_partial(value, i))
    if isinstance(linear, Elementwise):
        with np.errstate(all="ignore"):
            return _range(linear.partial(i))
    return Local() if g is None else Local(gain=gain(pulled(value, linear, i, g), g))


def where_partial(value: Value, i: int) -> Array:
    """1 where ``where`` chose its input `i`, 0 elsewhere."""
    chosen = np.broadcast_to(plain(value.inputs[0]), value.shape).astype(bool)
    return (chosen if i == 1 else ~chosen).astype(np.float64)


def _range(partial: Array | None) -> Local:
    if partial is None or np.size(partial) == 0:
        return Local(0.0, 0.0)
    return Local(float(np.min(partial)), float(np.max(partial)))  # NaN if there is one


def gain(after: Array, before: Array) -> float | None:
    """How much longer a gradient is after an arrow than before it; None where it was 0 before.

    Examples
    --------
    >>> gain(np.array([3.0, 4.0]), np.array([10.0]))
    0.5
    """
    norm = float(np.linalg.norm(np.asarray(before, np.float64)))
    return None if norm == 0 else float(np.linalg.norm(np.asarray(after, np.float64))) / norm
