"""Losses on an axis: which scale it has, and lines of millions of steps."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOG_FROM = 100.0  # largest loss over smallest from which the axis is logarithmic
RANGE = 1e200  # a logarithmic axis reaches from its reciprocal to it, which leaves room for margins and ticks
LINEAR_RANGE = 1e306
ROUNDING = 1e-6  # of the loss: less change than this is drawn as a level line
_BINS = 1500  # of a line: more than a picture has dots across


def scale_losses(axes: Axes, *losses: Any) -> list[Array]:
    """Make the axis logarithmic if the losses span decades; returns them as they are to be drawn.

    A loss of exactly 0 is then drawn at the foot, and one beyond the range of the axis at its top. Losses that differ by
    rounding alone get an axis on which they are a level line.
    """
    arrays = [np.asarray(each, dtype=np.float64) for each in losses]
    seen = np.concatenate([each.ravel() for each in arrays])
    seen = seen[np.isfinite(seen)]
    if not seen.size:
        return arrays
    positive = seen[seen > 0]
    if positive.size and (seen >= 0).all() and positive.max() > LOG_FROM * seen.min():
        axes.set_yscale("log")
        low = max(float(positive.min()) / 10, 1 / RANGE) if seen.min() == 0 else 1 / RANGE
        return [np.clip(each, low, RANGE) for each in arrays]
    if np.ptp(seen) <= ROUNDING * np.abs(seen).max():
        middle = float(seen[-1])
        room = 0.05 * abs(middle) or 1.0
        axes.set_ylim(middle - room, middle + room)  # a closer look would show nothing but rounding
    return [np.clip(each, -LINEAR_RANGE, LINEAR_RANGE) for each in arrays]


def thinned(x: Array, y: Array, bins: int = _BINS) -> tuple[Array, Array]:
    """A line of many points as one of few that looks the same: the smallest and the largest y of each of `bins` stretches.

    Values that are not finite are left out of a thinned line, unless a stretch has no others.

    Examples
    --------
    >>> x, y = thinned(np.arange(1e6), np.arange(1e6) % 7, bins=10)
    >>> len(x), float(y.min()), float(y.max())
    (20, 0.0, 6.0)
    """
    if len(x) <= 2 * bins:
        return x, y
    edges = np.linspace(0, len(x), bins + 1).astype(np.int64)
    places: list[int] = []
    for start, stop in itertools.pairwise(edges):
        piece = y[start:stop]
        finite = np.isfinite(piece)
        if not finite.any():
            places.append(int(start))
            continue
        low = start + int(np.argmin(np.where(finite, piece, np.inf)))
        high = start + int(np.argmax(np.where(finite, piece, -np.inf)))
        places += sorted((low, high))
    at = np.array(places)
    return x[at], y[at]


def block_means(x: Array, y: Array, width: int) -> tuple[Array, Array]:
    """The mean of each `width` successive values of y, at the middle of theirs; the last block may be shorter.

    Values that are not finite count for nothing; a block of them alone is NaN.

    Examples
    --------
    >>> block_means(np.arange(5.0), np.array([1.0, 3.0, 5.0, np.nan, 4.0]), 2)
    (array([0.5, 2.5, 4. ]), array([2., 5., 4.]))
    """
    starts = np.arange(0, len(x), width)
    finite = np.isfinite(y)
    count = np.add.reduceat(finite.astype(np.float64), starts) if len(x) else starts
    rows = np.diff(np.append(starts, len(x)))
    total = np.add.reduceat(np.where(finite, y, 0.0), starts) if len(x) else starts
    middle = np.add.reduceat(x, starts) / rows if len(x) else starts
    with np.errstate(all="ignore"):
        return middle.astype(np.float64), np.where(count > 0, total / count, np.nan)
