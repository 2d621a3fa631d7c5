"""Rows of data as points, and limits that keep them in view."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from steepest.views.style import Style

MANY = 20_000  # rows from which points would be a blot: the density is drawn
VERY_MANY = 500_000  # rows from which they are counted in fine cells first
CELLS = (1400, 720)  # 20 for each hexagon, along both axes
_OVERSHOOT = 0.6  # of the data's range: what a curve may leave it by and still be in the picture

Array = NDArray[np.float64]


def scatter(axes: Axes, x: Array, y: Array, style: Style, logarithmic: bool = False) -> None:
    """The rows as points that get smaller and fainter as they get more, and as a density when they are very many."""
    shown = np.isfinite(x) & np.isfinite(y)
    if not shown.all():
        x, y = x[shown], y[shown]
    if x.size > MANY and np.ptp(x) > 0 and np.ptp(y) > 0:
        colours = LinearSegmentedColormap.from_list("density", style.density)
        scale: dict[str, Any] = {"xscale": "log"} if logarithmic else {}
        if x.size > VERY_MANY:
            x, y, rows = _counted(x, y, logarithmic)
            scale |= {"C": rows, "reduce_C_function": np.sum}
        axes.hexbin(x, y, gridsize=(70, 36), bins="log", mincnt=1, cmap=colours, linewidths=0.2, **scale)
        axes.plot([], [], "h", color=style.data, markersize=8, label="data (stronger: more rows)")
        return
    size, alpha = next(
        look for rows, look in ((40, (6.0, 0.9)), (400, (4.5, 0.7)), (4000, (3.0, 0.45)), (np.inf, (2.0, 0.25)))
        if x.size <= rows
    )  # fmt: skip
    axes.plot(
        x, y, "o", color=style.data, markersize=size, alpha=alpha, markeredgewidth=0, label="data",
        rasterized=x.size > 4000,
    )  # fmt: skip


def _counted(x: Array, y: Array, logarithmic: bool) -> tuple[Array, Array, Array]:
    """Very many rows as the middles of fine cells, with the rows in each: hexbin makes a dozen arrays as long as its rows."""
    across = np.log if logarithmic else np.asarray
    ends = [across(np.array([x.min(), x.max()])), [y.min(), y.max()]]
    cells = np.zeros(CELLS)
    for start in range(0, x.size, VERY_MANY):
        part = slice(start, start + VERY_MANY)
        counts, x_edges, y_edges = np.histogram2d(across(x[part]), y[part], bins=CELLS, range=ends)
        cells += counts
    i, j = np.nonzero(cells)
    x_middle, y_middle = ((edges[1:] + edges[:-1]) / 2 for edges in (x_edges, y_edges))
    return np.exp(x_middle[i]) if logarithmic else x_middle[i], y_middle[j], cells[i, j]


def limit_to_data(axes: Axes, observed: Array, curve: Array) -> None:
    """Keep the data in view: a curve that runs away between or beyond them leaves the picture."""
    data = observed[np.isfinite(observed)]
    if not data.size:
        return
    low, high = float(data.min()), float(data.max())
    room = _OVERSHOOT * (high - low)
    curve = curve[np.isfinite(curve)]
    if curve.size and room > 0:
        inside = np.clip(curve, low - room, high + room)
        low, high = min(low, float(inside.min())), max(high, float(inside.max()))
    if high > low:
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
