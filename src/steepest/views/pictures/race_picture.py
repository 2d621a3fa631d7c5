"""The picture of a comparison: the lowest loss so far against what was spent, a line for each method."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from steepest.views.style import Picture, Style, drawing, literal
from steepest.views.tables.digits import number
from steepest.views.tables.words import one_line

if TYPE_CHECKING:
    from steepest.comparison.result import Comparison, Entry

_SIZE = (9.0, 5.2)
_POINTS = 400
_DASHES = ("-", "--", "-.", ":")
_NOTHING = 1e-15  # of the way from the start to the lowest loss: less than that is drawn at the foot

Array = NDArray[np.float64]


def plot_race(comparison: Comparison, path: str | os.PathLike[str] | None = None, *, theme: str = "light") -> Picture:
    """Draw a comparison: for each method the median over the starts of the lowest loss so far, with a band between quartiles.

    Parameters
    ----------
    comparison : Comparison
        What `sd.compare` returns.
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    theme : {"light", "dark"}

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`. A dot shows where a method had ended in half of its races; its line goes on level.

    Raises
    ------
    SteepestError
        The file cannot be written, or its ending is unknown.

    Examples
    --------
    >>> import steepest as sd
    >>> race = sd.compare(sd.functions.beale.problem(), "lbfgs, random_search", 300, seeds=3)
    >>> plot_race(race).axes[0].get_xlabel()
    'evaluations'
    """
    with drawing(_SIZE, theme, path) as picture:
        axes = picture.add_subplot()
        spent = _grid(comparison)
        level, label = _level(comparison)
        foot = _foot(comparison, level)
        for k, entry in enumerate(comparison.ranking):
            _draw(axes, comparison, entry, k, spent, level, foot, picture.style)
        axes.set_xscale("log")
        axes.set_xlim(spent[0], spent[-1])
        if foot is not None:
            axes.set_yscale("log")
        axes.set_xlabel(comparison.budget.unit if comparison.budget.unit == "evaluations" else "seconds")
        at_foot = foot is not None and any(entry.best - level < foot for entry in comparison)
        axes.set_ylabel(label + " (0 is drawn at the foot)" * at_foot)
        literal(axes.set_title(_title(comparison), loc="left"))
        if any(_ended_by_itself(entry) for entry in comparison):
            axes.plot([], [], "o", color=picture.style.quiet, markersize=6, label="ended by itself")
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0, frameon=False, title="best first",
                    alignment="left")  # fmt: skip
    return picture


def _title(comparison: Comparison) -> str:
    starts = len(comparison.best.races)
    return f"Lowest loss so far: median over {starts} start{'s' * (starts != 1)}, band between the quartiles"


def _grid(comparison: Comparison) -> Array:
    """What was spent, from the first thing that anything cost to the whole budget."""
    amount = comparison.budget.amount
    column = 0 if comparison.budget.unit == "evaluations" else 1
    firsts = [race.trace[1, column] for entry in comparison for race in entry.races if len(race.trace) > 1]
    low = min((float(x) for x in firsts if x > 0), default=amount / 100)
    return np.geomspace(min(low, amount / 10), amount, _POINTS)


def _level(comparison: Comparison) -> tuple[float, str]:
    """What is taken off the losses so that they can be drawn on a logarithmic axis, and the name of what is left."""
    if comparison.known_minimum is not None:
        known = comparison.known_minimum
        return known, "loss" if known == 0 else f"loss above the known minimum {number(known)}"
    if comparison.lowest < 0:
        return comparison.lowest, f"loss above the lowest found, {number(comparison.lowest)}"
    return 0.0, "loss"


def _foot(comparison: Comparison, level: float) -> float | None:
    """The lowest that a logarithmic axis shows; None where the losses span too little for one."""
    losses = np.concatenate([race.trace[:, 2] for entry in comparison for race in entry.races]) - level
    losses = losses[np.isfinite(losses)]
    positive = losses[losses > _NOTHING * comparison.way]
    if not positive.size or positive.max() <= 3.0 * losses.min():
        return None
    return float(positive.min())


def _draw(
    axes: Axes,
    comparison: Comparison,
    entry: Entry,
    k: int,
    spent: Array,
    level: float,
    foot: float | None,
    style: Style,
) -> None:
    unit = comparison.budget.unit
    curves = np.array([[race.loss_after(x, unit) for x in spent] for race in entry.races]) - level
    if foot is not None:
        curves = np.maximum(curves, foot)
    curves[~np.isfinite(curves)] = math.inf
    low, middle, high = (_quantile(curves, share) for share in (0.25, 0.5, 0.75))
    look: dict[str, Any] = {
        "color": style.series[k % len(style.series)], "linestyle": _DASHES[k // len(style.series) % len(_DASHES)]
    }  # fmt: skip
    axes.plot(spent, middle, linewidth=2.0, label=one_line(entry.name, 36), zorder=4 + len(comparison) - k, **look)
    if len(entry.races) > 1:
        # Before the first step all bands would lie on each other; one without end would stretch the axis.
        shown = (middle != middle[0]) & np.isfinite(high)
        axes.fill_between(spent, low, high, where=list(shown), color=look["color"], alpha=0.12, linewidth=0)
    ends = sorted(race.evaluations if unit == "evaluations" else race.seconds for race in entry.races)
    end = ends[len(ends) // 2]
    if _ended_by_itself(entry) and end >= spent[0]:
        at = int(np.searchsorted(spent, end))
        axes.plot([end], [middle[min(at, len(middle) - 1)]], "o", color=look["color"], markersize=6, zorder=20)


def _ended_by_itself(entry: Entry) -> bool:
    """Whether most races ended before their budget did."""
    return 2 * sum(race.outcome != "budget spent" for race in entry.races) > len(entry.races)


def _quantile(curves: Array, share: float) -> Array:
    """The quantile over races without averaging, which infinite losses would spoil; the upper of two for the median."""
    ordered = np.sort(curves, axis=0)
    return np.asarray(ordered[min(int(share * len(curves)), len(curves) - 1)])
