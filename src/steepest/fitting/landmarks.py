"""Landmarks: what the data show along one column: frequencies, rates, places of peaks."""

from __future__ import annotations

import numpy as np

from steepest.base.params import Array
from steepest.base.random import generator

PEAKS = 6  # of a spectrum
MOST_ROWS = 1000  # for a spectrum
MOST_FREQUENCIES = 4000
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
    mean is fitted at each frequency, which `scipy.signal.lombscargle` does only in part.
    """
    if len(x) > MOST_ROWS:  # drawn at random: an even choice would fold high frequencies onto low ones
        chosen = generator(0, "spectrum").choice(len(x), MOST_ROWS, replace=False)
        x, y, points = x[chosen], y[chosen], len(np.unique(x))
    else:
        points = len(np.unique(x))
    if points < 5:
        return np.array([])
    t = (x - x.min()) / np.ptp(x) - 0.5
    grid = np.arange(1, min(2 * points, MOST_FREQUENCIES)) * (np.pi / 2)  # a quarter of the resolution apart
    cosine, sine = (wave - wave.mean(axis=0) for wave in (np.cos(np.outer(t, grid)), np.sin(np.outer(t, grid))))
    cc, ss, cs = (cosine**2).sum(axis=0), (sine**2).sum(axis=0), (cosine * sine).sum(axis=0)
    area = np.maximum(cc * ss - cs**2, 1e-12 * cc * ss)
    peaks: list[float] = []
    scores: list[float] = []
    for rest in (y - y.mean(), y - np.polyval(np.polyfit(t, y, 2), t)):
        found: list[int] = []
        for _ in range(waves):
            c, s = rest @ cosine, rest @ sine
            power = (c * c * ss - 2 * c * s * cs + s * s * cc) / area  # how much a wave takes off the sum of squares
            padded = np.concatenate([[-np.inf], power, [-np.inf]])
            tops = np.flatnonzero((power >= padded[:-2]) & (power >= padded[2:]))
            tops = tops[np.argsort(-power[tops], kind="stable")[:PEAKS]]
            peaks.extend(grid[tops].tolist())
            scores.extend((power[tops] / max(float(np.sum(rest**2)), 1e-300)).tolist())
            found.append(int(tops[0]))
            design = np.concatenate([np.ones((len(t), 1)), cosine[:, found], sine[:, found]], axis=1)
            rest = (y - y.mean()) - design @ np.linalg.lstsq(design, y - y.mean(), rcond=None)[0]
    order = np.argsort(-np.array(scores), kind="stable")
    return np.asarray(np.array(list(dict.fromkeys(np.array(peaks)[order].tolist()))) / np.ptp(x))


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
    for width in sorted({max(1, len(x) // 40), max(1, len(x) // 12)}):
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
