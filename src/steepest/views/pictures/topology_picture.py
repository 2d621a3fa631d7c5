"""The topology of a network: units as circles, weights as lines, other layers as blocks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from numpy.typing import NDArray

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.nn.module import Module, plain
from steepest.training.run import Run
from steepest.views.pictures.network_shape import Column, columns_of, shown_units
from steepest.views.style import Picture, Style, drawing, literal
from steepest.views.tables.words import one_line

_MOST_COLUMNS = 9
_UNKNOWN = 3  # how many units stand for a number that is not known
_WIDEST = 2.6  # points, of the largest weight of a layer
_DASHES = (0, (4, 1.5))  # of negative weights
_BLOCK = (0.56, 2.2)  # half its width in columns, and its height in units

Array = NDArray[np.float64]
Places = list[tuple[int | None, float]]  # of the units of a column: which, and how high


def plot_topology(
    net: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    most: int = 9,
    theme: str = "light",
) -> Picture:
    """Draw a network: a column of units a layer, a line a weight; layers that are no plain ones as blocks.

    With numbers (a run has them) blue lines are positive weights, orange dashed ones negative; the width is the weight's size
    in proportion to the largest of its layer. Of large layers the first and the last units are drawn.

    Parameters
    ----------
    net : Module or Run
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    params : mapping of str to array, optional
        The numbers to draw, for a module; ``net.params`` for its own. Without them all lines are alike.
    inputs, outputs : sequence of str, optional
        Names of the inputs, and of the outputs or classes.
    most : int
        Units up to which a layer is drawn in full, at least 3.
    theme : {"light", "dark"}

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`.

    Raises
    ------
    ModelError
        `net` is no network, or there are more or fewer names than units.

    Examples
    --------
    >>> import steepest as sd
    >>> picture = plot_topology(sd.MLP(4, [8], 2), inputs=["sepal", "petal", "width", "length"])
    >>> picture.get_suptitle()
    'MLP: 4 → 8 → 2, 58 parameters'
    """
    net, numbers, known = _network(net, params)
    columns = columns_of(net, numbers)
    title = _title(net, columns, numbers)
    _check_names("inputs", inputs, columns[0])
    _check_names("outputs", outputs, columns[-1])
    columns = _shortened(columns)
    places = [_places(column, whole("most", most, 3)) for column in columns]
    tallest = max([_BLOCK[1] * 1.5, *(len(each) for each in places)])
    size = (min(9.0, max(4.0, 1.45 * len(columns) + 0.8 * (bool(inputs) + bool(outputs)))), 1.5 + 0.36 * tallest)
    with drawing(size, theme, path) as picture:
        literal(picture.suptitle(title, fontsize=11))
        axes = picture.add_subplot()
        axes.set_axis_off()
        for k in range(1, len(columns)):
            _draw_lines(axes, k, columns, places, known, picture.style)
        for k, (column, units) in enumerate(zip(columns, places)):
            _draw_column(axes, k, column, units, picture.style)
            _write_below(axes, k, column, len(columns), tallest, picture.style)
        _write_names(axes, 0, inputs, places[0], "right")
        _write_names(axes, len(columns) - 1, outputs, places[-1], "left")
        room = 0.7  # of a column, for names
        axes.set_xlim(-0.5 - room * bool(inputs), len(columns) - 0.5 + room * bool(outputs))
        axes.set_ylim(-tallest / 2 - 2.4, tallest / 2 + 0.3)
        if known and any(column.weights is not None for column in columns):
            _legend(axes, picture.style, all(np.isfinite(x).all() for x in numbers.values()))
    return picture


def _network(net: Any, params: Mapping[str, Any] | None) -> tuple[Module, dict[str, Array], bool]:
    """The network, numbers of its shape, and whether those are worth seeing."""
    run = getattr(net, "run", net)
    if isinstance(run, Run):
        net, params = run.problem.predict, run.params if params is None else params
        if not isinstance(net, Module):
            raise ModelError("this run's model is no network, so it has no topology to draw.")
    if not isinstance(net, Module):
        raise ModelError(
            f"a topology is drawn of a network, a Module, or of the run of one, not of {type(net).__name__}."
        )
    first = net.init(0)[0]
    if params is None:
        return net, first, False
    for name, array in first.items():
        if name not in params or np.shape(plain(params[name])) != np.shape(array):
            raise ModelError(
                f"these params are of another network: this one needs {name!r} of shape {np.shape(array)}."
            )
    return net, {name: np.asarray(plain(params[name]), dtype=np.float64) for name in first}, True


def _title(net: Module, columns: list[Column], numbers: Mapping[str, Array]) -> str:
    name = one_line(getattr(net, "name", "") or type(net).__name__, 40)
    sizes = ["?" if column.units is None else str(column.units) for column in columns]
    if len(sizes) > _MOST_COLUMNS:
        sizes = [*sizes[:4], "…", *sizes[-4:]]
    count = sum(int(np.size(x)) for x in numbers.values())
    return f"{name}: {' → '.join(sizes)}, {count:,} parameter{'s' * (count != 1)}"


def _check_names(what: str, names: Sequence[str] | None, column: Column) -> None:
    if names is not None and column.units is not None and len(names) != column.units:
        raise ModelError(f"there are {column.units} {what}, and {len(names)} names for them.")


def _shortened(columns: list[Column]) -> list[Column]:
    if len(columns) <= _MOST_COLUMNS:
        return columns
    kept = _MOST_COLUMNS // 2
    left_out = len(columns) - 2 * kept
    gap = Column(None, block=f"…\n{left_out} more\nlayers")
    last = columns[-kept:]
    first_of_last = Column(last[0].units, last[0].block, None, last[0].below)  # its weights come from what is left out
    return [*columns[:kept], gap, first_of_last, *last[1:]]


def _places(column: Column, most: int) -> Places:
    if column.block:
        return []
    shown = shown_units(_UNKNOWN if column.units is None else column.units, most)
    return [(unit, (len(shown) - 1) / 2 - row) for row, unit in enumerate(shown)]


def _draw_lines(axes: Axes, k: int, columns: list[Column], places: list[Places], known: bool, style: Style) -> None:
    weights = columns[k].weights
    if weights is None or not places[k] or not places[k - 1]:
        left, right = (0.16 if places[k - 1] else _BLOCK[0] * 0.75), (0.16 if places[k] else _BLOCK[0] * 0.75)
        axes.add_patch(FancyArrowPatch((k - 1 + left, 0.0), (k - right, 0.0), arrowstyle="-|>", color=style.quiet,
                                       mutation_scale=12, linewidth=1.4, shrinkA=0, shrinkB=0, zorder=1))  # fmt: skip
        return
    pairs = [(i, j, y, z) for i, y in places[k - 1] if i is not None for j, z in places[k] if j is not None]
    segments = [((k - 1.0, y), (float(k), z)) for _, _, y, z in pairs]
    if not known:
        axes.add_collection(LineCollection(segments, colors=style.quiet, linewidths=0.6, alpha=0.7, zorder=1))
        return
    values = np.array([weights[j, i] for i, j, _, _ in pairs])
    largest = float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))
    share = np.where(np.isfinite(values), np.abs(values) / largest if largest > 0 else 0.0, 1.0)
    widest = _WIDEST * float(np.clip(np.sqrt(60 / len(pairs)), 0.5, 1.0))
    groups = (
        (values >= 0, style.data, "-"),
        (values < 0, style.fit, _DASHES),
        (~np.isfinite(values), style.warning, ":"),
    )
    for which, colour, dash in groups:
        some = np.flatnonzero(which)
        axes.add_collection(
            LineCollection([segments[n] for n in some], colors=colour, linewidths=0.15 + widest * share[some],
                           linestyles=[dash], alpha=0.85, zorder=1)
        )  # fmt: skip


def _draw_column(axes: Axes, k: int, column: Column, units: Places, style: Style) -> None:
    if column.block:
        half, height = _BLOCK[0] * 0.7, _BLOCK[1]
        if not column.block.startswith("…"):
            axes.add_patch(FancyBboxPatch((k - half, -height / 2), 2 * half, height, facecolor=style.paper, linewidth=1.3,
                                          edgecolor=style.ink, boxstyle="round,pad=0,rounding_size=0.12", zorder=2))  # fmt: skip
        axes.text(k, 0.0, column.block, ha="center", va="center", fontsize=8.5, zorder=3)
        return
    at = [y for unit, y in units if unit is not None]
    size = 190 if len(units) <= 12 else 60
    axes.scatter([k] * len(at), at, s=size, facecolor=style.paper, edgecolor=style.ink, linewidth=1.3, zorder=3)
    for unit, y in units:
        if unit is None:
            axes.text(k, y, "⋮", ha="center", va="center", fontsize=14, bbox=style.behind, zorder=4)


def _write_below(axes: Axes, k: int, column: Column, count: int, tallest: float, style: Style) -> None:
    if column.block.startswith("…"):
        return
    units = "?" if column.units is None else f"{column.units:,}"
    what = "" if 0 < k < count - 1 else ("input" if k == 0 else "output") + "s" * (column.units != 1)
    lines = [] if column.block and 0 < k < count - 1 else [f"{units} {what}".strip()]
    axes.text(
        k, -tallest / 2 - 0.35, "\n".join([*lines, *column.below]), ha="center", va="top", fontsize=8.5, linespacing=1.3
    )


def _write_names(axes: Axes, k: int, names: Sequence[str] | None, units: Places, side: str) -> None:
    for unit, y in units if names is not None else []:
        if unit is not None:
            assert names is not None
            shift = -0.16 if side == "right" else 0.16
            literal(axes.text(k + shift, y, one_line(str(names[unit]), 18), ha=side, va="center", fontsize=8.5))


def _legend(axes: Axes, style: Style, finite: bool) -> None:
    lines = [
        Line2D([], [], color=style.data, linewidth=2, label="positive weight"),
        Line2D([], [], color=style.fit, linewidth=2, linestyle=_DASHES, label="negative weight"),
    ]
    if not finite:
        lines.append(Line2D([], [], color=style.warning, linewidth=2, linestyle=":", label="not finite"))
    legend = axes.legend(
        handles=lines, loc="lower center", ncols=3, frameon=False, bbox_to_anchor=(0.5, -0.04), fontsize=8.5
    )
    legend.set_zorder(5)
