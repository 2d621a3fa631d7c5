"""Landmarks: what the data show along one column: frequencies, rates, places of peaks."""

from __future__ import annotations

import numpy as np

from steepest.base.params import Array

PEAKS = 6  # of a spectrum
MOST_POINTS = 20_000  # a wave has at most half as many turns
BUMPS = 6
WINDOWS = (
    (0.0, 1.0),
    (0.0, 0.25),
    (0.0, 0.5),
    (0.5, 1.0),
    (0.25, 0.75),
)  # parts of the column in which a slope is measured


def calmed(observed: Array) -> Array:
    """The ranks of the observations, from 0 to 1: outliers are no further off than others, and waves and peaks stay."""
    order = np.argsort(observed, kind="stable")
    ranks = np.empty(len(observed))
    ranks[order] = np.linspace(0.0, 1.0, len(observed))
    return ranks


def frequencies(x: Array, y: Array, waves: int = 1) -> Array:
    """Angular frequencies at the highest peaks of the least-squares spectrum, highest first.

    The spectrum (Lomb, Astrophys. Space Sci. 39, 1976) of y about its mean and about a parabola, so that a trend does not hide
    the waves; and again after the highest wave has been taken away, as often as there are waves to find. x may be uneven. The
    mean is fitted at each frequency, which `scipy.signal.lombscargle` does only in part, and the sums are Fourier transforms of
    the rows in fine bins, which takes no more than the rows' logarithm times as long as reading them.
    """
    points = min(len(np.unique(x)), MOST_POINTS)
    if points < 5:
        return np.array([])
    t = (x - x.min()) / np.ptp(x)
    spectrum = _Spectrum(t, 2 * points)
    shares: list[tuple[float, float]] = []
    for trend in (0, 2):
        smooth = np.vander(t - 0.5, trend + 1)
        rest = y - smooth @ np.linalg.lstsq(smooth, y, rcond=None)[0]
        taken = [smooth]
        for _ in range(waves):
            power = spectrum.of(rest - rest.mean())
            padded = np.concatenate([[-np.inf], power, [-np.inf]])
            tops = np.flatnonzero((power >= padded[:-2]) & (power >= padded[2:]))
            tops = tops[np.argsort(-power[tops], kind="stable")[:PEAKS]]
            shares += list(zip((-power[tops] / max(float(rest @ rest), 1e-300)).tolist(), spectrum.grid[tops].tolist()))
            angle = spectrum.grid[tops[0]] * t
            taken.append(np.stack([np.cos(angle), np.sin(angle)], axis=1))
            design = np.concatenate(taken, axis=1)
            rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    found = np.array(list(dict.fromkeys(frequency for _, frequency in sorted(shares))))
    return np.asarray(found / np.ptp(x))


class _Spectrum:
    """How much a wave of each frequency takes off a sum of squares.

    Attributes
    ----------
    grid : ndarray
        Radians over the whole range, a quarter of the resolution apart.
    """

    def __init__(self, t: Array, count: int) -> None:
        self.bins = 4 * count  # in each, the fastest wave turns by less than half a radian
        self.place = np.minimum((t * self.bins).astype(int), self.bins - 1)
        k = np.arange(1, count)
        self.count, self.grid = count, k * (np.pi / 2)
        rows = self._transform(np.ones(len(t)))
        self.middle = rows[k] / len(t)
        double = rows[2 * k]
        self.cc = (len(t) + double.real) / 2 - len(t) * self.middle.real**2
        self.ss = (len(t) - double.real) / 2 - len(t) * self.middle.imag**2
        self.cs = double.imag / 2 - len(t) * self.middle.real * self.middle.imag
        self.area = np.maximum(self.cc * self.ss - self.cs**2, 1e-9 * len(t) ** 2)

    def of(self, rest: Array) -> Array:
        """For residuals with mean 0."""
        wave = self._transform(rest)[1 : self.count]
        c, s = wave.real, wave.imag
        return np.asarray((c * c * self.ss - 2 * c * s * self.cs + s * s * self.cc) / self.area)

    def _transform(self, values: Array) -> Array:
        """Sums of values times exp(i angle), for angles of a quarter of a turn over the range and its multiples."""
        binned = np.bincount(self.place, values, self.bins)
        return np.conj(np.fft.rfft(binned, 4 * self.bins))


def log_slopes(x: Array, y: Array) -> Array:
    """Rates at which y falls or rises towards the level of one of its ends, or 0: slopes of log|y - level| against x."""
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    n = len(x)
    few = max(1, n // 20)
    found = []
    for level in (0.0, float(np.median(y[-few:])), float(np.median(y[:few]))):
        height = np.abs(y - level)
        tall = height > 0.03 * np.max(height, initial=0.0)  # what is near the level is noise
        for low, high in WINDOWS:
            part = slice(int(low * n), max(int(high * n), int(low * n) + 3))
            a, b = x[part][tall[part]], np.log(height[part][tall[part]])
            if len(a) >= 3 and np.ptp(a) > 0:
                a = a - a.mean()
                found.append(float(a @ b / (a @ a)))
    least = 1e-3 / float(np.ptp(x) or 1.0)  # slower ones are no change
    return np.unique([abs(rate) for rate in found if np.isfinite(rate) and abs(rate) > least])


def bumps(x: Array, y: Array) -> Array:
    """Where y, smoothed a little and a lot, is highest and lowest, and where it changes fastest; the greatest first."""
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    found: list[tuple[float, float]] = []
    for width in sorted({max(1, len(x) // part) for part in (200, 40, 12)}):
        count = np.convolve(np.ones(len(x)), np.ones(2 * width + 1), "same")
        smooth = np.convolve(y, np.ones(2 * width + 1), "same") / count
        straight = np.interp(x, x[[0, -1]], smooth[[0, -1]])
        for shape in (smooth, smooth - straight, np.gradient(smooth)):
            height = np.abs(shape - np.median(shape))
            padded = np.concatenate([[-np.inf], height, [-np.inf]])
            tops = np.flatnonzero((height >= padded[:-2]) & (height > padded[2:]))
            tops = tops[np.argsort(-height[tops], kind="stable")[:BUMPS]]
            greatest = float(np.max(height, initial=0.0)) or 1.0
            found += [(float(height[i]) / greatest, float(x[i])) for i in tops]
    found.sort(key=lambda pair: -pair[0])
    return np.array(list(dict.fromkeys(place for _, place in found)))
