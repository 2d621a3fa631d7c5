"""Landmarks: values of parameters that the data themselves show, such as a frequency or the place of a peak."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from steepest.base.params import Array
from steepest.base.random import generator
from steepest.fitting.model import FitData, FormulaModel
from steepest.formula.callable import compile_tree
from steepest.formula.tree import Binary, Call, Name, Node, names, postorder

PEAKS = 3  # of the spectrum
MOST_ROWS = 1000  # for the spectrum
MOST_FREQUENCIES = 2000
QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
ANGLES = (0.0, 1.0, -1.0, 2.0, -2.0, 3.0)
SLOW = (1.0, 3.0)  # times the natural magnitude: waves too slow for the spectrum


def landmarks(model: FormulaModel, data: FitData, units: Mapping[str, float]) -> dict[str, Array]:
    """Values worth trying, for those parameters whose place in the formula says what they are.

    A parameter subtracted from a bare column, as m in ``(x - m)``, is a place on it: where y is largest and smallest, and
    quantiles. In ``sin(A)`` and ``cos(A)``, with A affine in a column, one that A's slope is proportional to (or its inverse)
    is a frequency (or a period): the highest peaks of the data's spectrum. One that only shifts A is an angle.

    Parameters
    ----------
    units : mapping of str to float
        The natural magnitude of each parameter.
    """
    tree = model.bound.formula.tree
    found: dict[str, Array] = {}
    for node in dict.fromkeys(postorder(tree)):
        if isinstance(node, Call) and node.function in ("sin", "cos"):
            for name, values in _of_wave(node.arguments[0], model, data, units):
                found.setdefault(name, values)
    for name, column in places(model):  # after the waves: the angle of a wave may be written as a place
        found[name] = _places_along(data.columns[column], data.observed)
    return found


def places(model: FormulaModel) -> list[tuple[str, str]]:
    """Parameters that are subtracted from a bare column, or it from them: (parameter, column)."""
    found = []
    for node in postorder(model.bound.formula.tree):
        match node:
            case Binary(operator="-", left=Name(name=left), right=Name(name=right)):
                for name, column in ((right, left), (left, right)):
                    if name in model.parameters and column in model.bound.columns:
                        found.append((name, column))
            case _:
                pass
    return found


def _places_along(column: Array, observed: Array) -> Array:
    ends = [column[np.argmax(observed)], column[np.argmin(observed)]]
    return np.array([*ends, *np.quantile(column, QUANTILES)])


def _of_wave(
    angle: Node, model: FormulaModel, data: FitData, units: Mapping[str, float]
) -> Iterator[tuple[str, Array]]:
    """Landmarks of the parameters in the argument of a sine."""
    inside = list(dict.fromkeys(name.name for name in names(angle)))
    columns = [name for name in inside if name in model.bound.columns]
    parameters = [name for name in inside if name in model.parameters]
    if len(columns) != 1 or not parameters:
        return
    x = data.columns[columns[0]]
    value = compile_tree(angle)
    low, middle, high = float(np.min(x)), float(np.min(x)) / 2 + float(np.max(x)) / 2, float(np.max(x))
    plain = {name: units[name] for name in parameters}

    def line(changed: Mapping[str, float]) -> tuple[float, float]:
        """The angle at the low end, and its slope; NaN if it is not affine in x."""
        first, between, last = (float(value({**plain, **changed, columns[0]: at})) for at in (low, middle, high))
        straight = abs(first - 2 * between + last) <= 1e-6 * (abs(first) + abs(last))
        return first, (last - first) / (high - low) if straight and high > low else math.nan

    spectrum: Array | None = None
    start, slope = line({})
    for name in parameters:
        shifted, changed = line({name: 2 * units[name]})
        if not (math.isfinite(slope) and math.isfinite(changed) and slope and changed):
            continue
        power = math.log2(abs(changed / slope))
        if abs(abs(power) - 1.0) < 1e-6:
            if spectrum is None:
                spectrum = _spectrum(x, data.observed)
            waves = units[name] * (spectrum / abs(slope)) ** (1.0 / power)
            yield name, np.concatenate([waves, units[name] * np.array(SLOW)])
        elif abs(power) < 1e-6 and shifted != start:
            yield name, units[name] * np.array(ANGLES) / (shifted - start)


def _spectrum(x: Array, y: Array) -> Array:
    """Angular frequencies at the highest peaks of the least-squares spectrum (Lomb, Astrophys. Space Sci. 39, 1976).

    That of y about its mean and that of y about a parabola, so that a trend does not hide the waves.
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
    peaks = []
    for rest in (y - y.mean(), y - np.polyval(np.polyfit(t, y, 2), t)):
        c, s = rest @ cosine, rest @ sine
        power = (c * c * ss - 2 * c * s * cs + s * s * cc) / area  # how much a wave takes off the sum of squares
        padded = np.concatenate([[-np.inf], power, [-np.inf]])
        tops = np.flatnonzero((power >= padded[:-2]) & (power >= padded[2:]))
        peaks.append(grid[tops[np.argsort(-power[tops], kind="stable")[:PEAKS]]])
    return np.asarray(np.unique(np.concatenate(peaks)) / np.ptp(x))
