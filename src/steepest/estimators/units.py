"""Units: the centre and the spread of columns, so that networks see numbers of size 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.params import Array


@dataclass(frozen=True)
class Units:
    """z = (x - centre) / spread, column by column.

    Attributes
    ----------
    centre, spread : ndarray, shape (columns,)
        The rows' weighted mean and standard deviation; the spread is 1 for a column in which all rows are the same.

    Examples
    --------
    >>> import numpy as np
    >>> units = Units.of(np.array([[1.0, 5.0], [4.0, 5.0]]), np.array([2.0, 1.0]))  # as if the first row were there twice
    >>> units.centre, units.spread.round(6)
    (array([2., 5.]), array([1.414214, 1.      ]))
    >>> units.undone(units.applied(np.array([[7.0, 5.0]])))
    array([[7., 5.]])
    """

    centre: Array
    spread: Array

    @classmethod
    def of(cls, x: Array, weights: Array | None = None) -> Units:
        """Those of the columns of `x`, shape (rows, columns); squares neither overflow nor vanish."""
        share = np.full(len(x), 1.0 / len(x)) if weights is None else weights / weights.sum()
        low, high = x.min(axis=0).astype(np.float64), x.max(axis=0).astype(np.float64)
        varies = high > low
        centre = np.where(varies, np.clip(sum(w @ part for w, part in _pieces(share, x)), low, high), low)
        reach = np.where(varies, np.maximum(high - centre, centre - low), 1.0)
        squares = sum(w @ np.square((part - centre) / reach) for w, part in _pieces(share, x))
        return cls(centre, np.where(varies, reach * np.sqrt(squares), 1.0))

    @classmethod
    def none(cls, columns: int) -> Units:
        """Numbers stay as they are."""
        return cls(np.zeros(columns), np.ones(columns))

    def applied(self, x: Array, dtype: Any = np.float64) -> Array:
        """z, in a new array; computed in the precision of `x`."""
        centre, spread = self.centre.astype(x.dtype), self.spread.astype(x.dtype)
        z = np.empty(x.shape, dtype)
        step = _step(x)
        with np.errstate(all="ignore"):  # a Problem says where numbers are not finite
            for first in range(0, len(x), step):
                z[first : first + step] = (x[first : first + step] - centre) / spread
        return z

    def undone(self, z: Array) -> Array:
        """x again."""
        return z * self.spread + self.centre


def _step(x: Array) -> int:
    """How many rows are worked through at a time, so that they stay in the processor's cache."""
    return max(1, 2**16 // max(1, int(x.shape[1])))


def _pieces(share: Array, x: Array) -> Iterator[tuple[Array, Array]]:
    """Some rows at a time, with their shares of the weight, in float64."""
    step = _step(x)
    for first in range(0, len(x), step):
        yield share[first : first + step], x[first : first + step].astype(np.float64, copy=False)
