"""LossLevels: at which losses a landscape has its contours, and how high they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from steepest.base.params import Array

# The highest loss over the middle one, above the lowest, from which levels and from which heights are logarithmic.
_LEVELS_FROM = 4.0
_HEIGHTS_FROM = 12.0
_SMALL = 0.02  # of the window: what is lower than in the rest of it is one level, since the grid knows no more of it
_LOWEST = 1e-12  # of the highest: nearer to the lowest loss than this, losses are one
_SLACK = 1e-9  # of a level: rounding
_MANY = 14  # levels
_OFFSET = 1e-3  # of the lowest loss: where all levels are nearer to it, their distance is written


@dataclass(frozen=True, eq=False)
class LossLevels:
    """Contours of a landscape: evenly spaced, or by powers of ten above the lowest loss where most of the window is low.

    Attributes
    ----------
    lowest, floor, top : float
        The losses go from `lowest` to ``lowest + top``; below ``lowest + floor`` logarithms end.
    logarithmic, steep : bool
        Whether the levels, and whether the heights, are logarithmic.
    losses : ndarray
        Of the levels, rising.
    """

    lowest: float
    floor: float
    top: float
    logarithmic: bool
    steep: bool
    losses: Array

    def tone(self, loss: Array) -> Array:
        """How strong the colour is: 0 for the lowest loss to 1 for the highest; NaN where it is not finite."""
        return self._part(loss, self.logarithmic)

    def height(self, loss: Array) -> Array:
        """How high the surface is: 0 for the lowest loss to 1 for the highest; NaN where it is not finite."""
        return self._part(loss, self.steep)

    def _part(self, loss: Array, logarithmic: bool) -> Array:
        with np.errstate(all="ignore"):
            above = np.where(np.isfinite(loss), loss - self.lowest, np.nan)
            if logarithmic:
                return np.asarray(np.log(np.maximum(above, self.floor) / self.floor) / np.log(self.top / self.floor))
            return np.asarray(above / self.top)

    def offset(self, logarithmic: bool) -> float:
        """What is taken off losses before they are written: the lowest, where late digits or round numbers ask for it."""
        close = self.floor * 0.05 if logarithmic else self.top / _OFFSET
        return self.lowest if abs(self.lowest) > close else 0.0

    def tone_ticks(self, most: int) -> tuple[Array, list[str]]:
        """At most so many levels: tones, and what to write at them."""
        return self._ticks(self.tone, self.losses[:: -(-self.losses.size // most)], self.logarithmic)

    def height_ticks(self, most: int) -> tuple[Array, list[str]]:
        """At most so many heights, and what to write at them."""
        if self.steep or not self.logarithmic:
            return self._ticks(self.height, self.losses[:: -(-self.losses.size // most)], self.steep)
        off = self.offset(False)
        return self._ticks(self.height, off + _even(self.lowest - off, self.top, most), False)

    def _ticks(self, place: Callable[[Array], Array], losses: Array, logarithmic: bool) -> tuple[Array, list[str]]:
        # Round numbers above a lowest loss that is small against them: it is nothing to write about.
        written = losses - (self.lowest if logarithmic else self.offset(False))
        labels: list[str] = []
        for digits in range(4, 18):
            labels = [written_loss(value, digits) for value in written.tolist()]
            if len(set(labels)) == len(labels):
                break
        return place(losses), labels


def written_loss(value: float, digits: int = 4) -> str:
    """A loss on an axis, with the sign that numbers on axes have.

    Examples
    --------
    >>> written_loss(-1234.0), written_loss(2e-5), written_loss(31234567.0)
    ('−1,234', '2e-05', '3.123e+07')
    """
    text = f"{value:,.{digits}g}"
    return f"−{text[1:]}" if text.startswith("-") else text


def loss_levels(loss: Array, known: Array | None = None) -> LossLevels | None:
    """The levels of a landscape's losses; None where no loss is finite, or all are the same.

    Parameters
    ----------
    loss : ndarray
    known : ndarray, optional
        Losses of known minima: the lowest of all.

    Examples
    --------
    >>> loss_levels(np.linspace(0.0, 10.0, 100)).losses
    array([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10.])
    >>> loss_levels(np.geomspace(1e-2, 1e2, 1000), np.array([0.0])).losses
    array([2.e-02, 5.e-02, 1.e-01, 2.e-01, 5.e-01, 1.e+00, 2.e+00, 5.e+00,
           1.e+01, 2.e+01, 5.e+01, 1.e+02])
    """
    finite = loss[np.isfinite(loss)]
    if not finite.size:
        return None
    known = np.empty(0) if known is None else known[np.isfinite(known)]
    lowest = float(min(finite.min(), known.min(initial=np.inf)))
    with np.errstate(over="ignore"):
        above = np.minimum(finite - lowest, np.finfo(float).max)
    top = float(above.max())
    if not top > 4 * np.finfo(float).eps * abs(lowest):
        return None
    above = np.maximum(above, _LOWEST * top)
    low, middle = (float(value) for value in np.quantile(above, [_SMALL, 0.5]))
    logarithmic, steep = top > _LEVELS_FROM * middle, top > _HEIGHTS_FROM * middle
    if logarithmic:
        return LossLevels(lowest, low, top, True, steep, lowest + _powers(low, top))
    offset = lowest if top < _OFFSET * abs(lowest) else 0.0
    return LossLevels(lowest, low, top, False, steep, offset + _even(lowest - offset, top, _MANY - 2))


def _even(lowest: float, top: float, most: int) -> Array:
    """Round numbers at even distances; Matplotlib's locators give up on very small and very large ones."""
    power = 10.0 ** np.floor(np.log10(top / most))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if top / most <= each * power)
    first, last = np.ceil(lowest / step - _SLACK), np.floor((lowest / step + top / step) + _SLACK)
    return np.asarray(step * np.arange(first, last + 1))


def _powers(floor: float, top: float) -> Array:
    """Powers of ten, with 2 and 5 or 3 between them where they are few, from `floor` to `top`."""
    first, last = np.floor(np.log10(floor)), np.ceil(np.log10(top))
    between = next((b for b in ((1, 2, 5), (1, 3)) if (last - first) * len(b) <= _MANY), (1,))
    stride = max(1, int(np.ceil((last - first) / _MANY)))
    values = np.ravel(10.0 ** np.arange(first, last + 1, stride)[:, None] * np.array(between))
    return np.asarray(values[(values * (1 + _SLACK) >= floor) & (values <= top * (1 + _SLACK))])
