"""Pictures of a landscape: contours, and a surface, with the paths of runs on it."""

from __future__ import annotations

import os
import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LightSource, LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from steepest.base.params import Array
from steepest.views.landscapes.finer_grid import finer_grid
from steepest.views.landscapes.landscape import Landscape, Track, landscape
from steepest.views.landscapes.loss_levels import LossLevels, loss_levels
from steepest.views.style import Picture, Style, drawing, literal
from steepest.views.tables.words import one_line

_SIZE = (7.2, 5.6)
_DOTS = 80  # points up to which every step of a path has a dot
_BEYOND = 1.0  # windows that a line may go beyond the edge
_SLANTED = 26  # letters of a label beside a surface
_NOTE_WIDTH = 92
_LEGEND_WIDTH, _SIGN = 88, 7  # in letters: of a legend, and of the sign in front of each of its entries
_DIGITS, _ALL_DIGITS = 4, 10  # of a loss that is taken off others
_LABELS = 8  # of a colour bar or a vertical axis
_LIGHT = LightSource(azdeg=300, altdeg=55)
_ABOVE = 0.012  # of the height, by which a path is lifted off the surface it lies on


def plot_landscape(
    subject: Any, path: str | os.PathLike[str] | None = None, *, theme: str = "light", **options: Any
) -> Picture:
    """Draw the contours of the loss over two parameters or directions, with the paths of one or several runs.

    A path's start is a ring, its end a filled square, a known minimum a star. Levels are powers of ten above the lowest
    loss where losses span decades. Where the loss is not finite the ground is grey and hatched.

    Parameters
    ----------
    subject : Run, Fit, sequence or mapping of them, Problem, or Landscape
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    theme : {"light", "dark"}
    **options
        Of `steepest.landscape`: over, x, y, points, minimum, profile, frames, seed, progress.

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`.

    Raises
    ------
    ModelError
        As `steepest.landscape`.
    SteepestError
        The file cannot be written, or its ending is unknown.

    Examples
    --------
    >>> import steepest as sd
    >>> rosenbrock = lambda p: (1 - p["x"]) ** 2 + 100 * (p["y"] - p["x"] ** 2) ** 2
    >>> run = sd.minimize(rosenbrock, {"x": -1.2, "y": 1.0})
    >>> [axes.get_xlabel() for axes in plot_landscape(run, points=21).axes]
    ['x', '']
    """
    with drawing(_SIZE, theme, path) as picture:
        seen = subject if isinstance(subject, Landscape) else landscape(subject, **options)
        axes = picture.add_subplot()
        levels = draw_ground(axes, seen, picture.style)
        for number, track in enumerate(seen.tracks):
            _draw_track(
                axes, track, seen, picture.style, colour_of(number, picture.style), mark_of(number, len(seen.tracks))
            )
        mark_minima(axes, seen, picture.style)
        if levels is not None:
            _colour_bar(picture, axes, levels, seen)
        _legend(picture, seen)
        _notes(axes, seen, levels, picture.style)
    return picture


def plot_surface(
    subject: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    theme: str = "light",
    view: tuple[float, float] = (32.0, -58.0),
    **options: Any,
) -> Picture:
    """Draw the loss over two parameters or directions as a surface, with the paths of one or several runs.

    A path is drawn on the surface, also where the path itself, with other values of the other parameters, had another loss.

    Parameters
    ----------
    subject, path, theme, **options
        As for `plot_landscape`.
    view : pair of float
        Elevation and azimuth of the eye, in degrees.

    Raises
    ------
    ModelError, SteepestError
        As `plot_landscape`.

    Examples
    --------
    >>> import steepest as sd
    >>> run = sd.minimize(lambda p: p["a"] ** 2 + p["b"] ** 2, {"a": 1.0, "b": 1.0})
    >>> plot_surface(run, points=21).axes[0].get_zlabel()
    'loss'
    """
    with drawing(_SIZE, theme, path) as picture:
        seen = subject if isinstance(subject, Landscape) else landscape(subject, **options)
        style = picture.style
        axes: Any = picture.add_subplot(projection="3d", computed_zorder=False)
        axes.view_init(*view)
        levels = _levels(seen)
        if levels is not None:
            x, y = np.meshgrid(seen.x, seen.y)
            height = np.ma.masked_invalid(levels.height(seen.loss))
            colours = ground_colours(style)(np.nan_to_num(levels.tone(seen.loss)))
            colours[height.mask, 3] = 0.0
            axes.plot_surface(
                x, y, height, facecolors=colours, rstride=1, cstride=1, linewidth=0, shade=False, zorder=1
            )
            axes.contour(
                x,
                y,
                height,
                levels=levels.height(levels.losses),
                colors=[style.ink],
                alpha=0.35,
                linewidths=0.5,
                zorder=2,
            )
            for number, track in enumerate(seen.tracks):
                _draw_track_above(
                    axes, track, levels, style, colour_of(number, style), mark_of(number, len(seen.tracks))
                )
            for minimum in seen.minima:
                at = float(levels.height(np.array(minimum.loss))) + _ABOVE
                axes.plot([minimum.x], [minimum.y], [at], zorder=6, **_star(style))
            axes.set_zticks(*levels.height_ticks(_LABELS))
            axes.set_zlim(0, 1)
        axes.set_zlabel(_loss_label(seen, levels, levels is not None and levels.steep), labelpad=9)
        _style_box(axes, style)
        axes.set_xlim(seen.x[0], seen.x[-1])
        axes.set_ylim(seen.y[0], seen.y[-1])
        literal(axes.xaxis.label).set_text(one_line(seen.plane.labels[0], _SLANTED))
        literal(axes.yaxis.label).set_text(one_line(seen.plane.labels[1], _SLANTED))
        _legend(picture, seen)
        _notes(axes, seen, levels, style)
    return picture


def draw_ground(axes: Axes, seen: Landscape, style: Style) -> LossLevels | None:
    """The contours without paths; returns their levels, or None where there is nothing to tell apart."""
    axes.grid(False)
    levels = _levels(seen)
    if not np.isfinite(seen.loss).all():
        axes.set_facecolor(style.faint)
        axes.patch.set(hatch="////", edgecolor=style.paper, linewidth=0)
    if levels is not None:
        x, y, loss = finer_grid(seen.x, seen.y, seen.loss, levels.lowest, levels.floor)
        tone = np.ma.masked_invalid(levels.tone(loss))
        lines = levels.tone(levels.losses)
        fills = np.unique(np.concatenate([[-1e-9], lines, [1.0 + 1e-9]]))
        axes.contourf(x, y, tone, levels=fills, cmap=ground_colours(style), vmin=0, vmax=1)
        axes.contour(x, y, tone, levels=lines, colors=[style.ink], alpha=0.3, linewidths=0.6)
    axes.set_xlim(seen.x[0], seen.x[-1])
    axes.set_ylim(seen.y[0], seen.y[-1])
    axes.xaxis.set_major_locator(MaxNLocator(6))
    literal(axes.xaxis.label).set_text(one_line(seen.plane.labels[0], 60))
    literal(axes.yaxis.label).set_text(one_line(seen.plane.labels[1], 60))
    return levels


def ground_colours(style: Style) -> Colormap:
    """From the paper for low losses to a middle tone for high ones, on which every path stands out."""
    ends = ("#f7f9fb", "#86a3ba") if style.paper == "#ffffff" else ("#181d24", "#4c6579")
    return LinearSegmentedColormap.from_list("ground", ends)


def colour_of(number: int, style: Style) -> str:
    """The colour of the path `number`: the fit's own for the first, that of data, and of the ground, late."""
    blue, red, green, purple, *others = style.series
    order = (style.fit, green, purple, blue, *others) if red == style.fit else (style.fit, *style.series)
    return order[number % len(order)]


def mark_of(number: int, of: int) -> str:
    """The shape of the point of path `number` of so many: a second sign beside its colour."""
    return "o" if of == 1 else "s^DvPo"[number % 6]


def mark_minima(axes: Axes, seen: Landscape, style: Style) -> None:
    """A star at each known minimum."""
    for minimum in seen.minima:
        axes.plot([minimum.x], [minimum.y], zorder=6, **_star(style))


def followed(values: Array, window: Array, inside: Array) -> Array:
    """One coordinate of a path as it is drawn: followed out of the window but no further, NaN where there is nothing.

    Parameters
    ----------
    values : ndarray, shape (k,)
    window : ndarray
        Its first and last number are the edges.
    inside : ndarray of bool, shape (k,)
        Whether each point lies in the picture.
    """
    left = np.arange(values.size) > 1 + np.max(np.flatnonzero(inside), initial=-1)
    return np.where(left, np.nan, clipped(values, window))


def clipped(values: Array, window: Array) -> Array:
    """Coordinates that lie far outside of a window, moved to just outside; NaN where they are not finite."""
    reach = _BEYOND * (window[-1] - window[0])
    return np.where(np.isfinite(values), np.clip(values, window[0] - reach, window[-1] + reach), np.nan)


def _levels(seen: Landscape) -> LossLevels | None:
    return loss_levels(seen.loss, np.array([m.loss for m in seen.minima]))


def _draw_track(axes: Axes, track: Track, seen: Landscape, style: Style, colour: str, mark: str) -> None:
    x, y = followed(track.x, seen.x, track.inside), followed(track.y, seen.y, track.inside)
    axes.plot(x, y, color=style.paper, linewidth=3.6, alpha=0.85, zorder=3)
    dots = "o" if x.size <= _DOTS else ""
    axes.plot(x, y, color=colour, linewidth=1.6, marker=dots, markersize=3.2, zorder=4, label=one_line(track.name))
    for at, marker in ((0, _ring(style, colour)), (-1, _end(style, colour, mark))):
        if track.inside[at]:
            axes.plot(track.x[at], track.y[at], zorder=5, **marker)


def _draw_track_above(axes: Any, track: Track, levels: LossLevels, style: Style, colour: str, mark: str) -> None:
    x, y = (np.where(track.inside, values, np.nan) for values in (track.x, track.y))
    height = np.clip(levels.height(track.ground), 0.0, 1.0) + _ABOVE
    axes.plot(x, y, height, color=style.paper, linewidth=3.4, alpha=0.8, zorder=3)
    dots = "o" if x.size <= _DOTS else ""
    axes.plot(x, y, height, color=colour, linewidth=1.6, marker=dots, markersize=2.8, zorder=4)
    for at, marker in ((0, _ring(style, colour)), (-1, _end(style, colour, mark))):
        if track.inside[at]:
            axes.plot(x[[at]], y[[at]], height[[at]], zorder=5, **marker)


def _ring(style: Style, colour: str) -> dict[str, Any]:
    return {"marker": "o", "markersize": 9, "markerfacecolor": style.paper, "markeredgecolor": colour,
            "markeredgewidth": 2, "linestyle": ""}  # fmt: skip


def _end(style: Style, colour: str, mark: str) -> dict[str, Any]:
    return {"marker": "s" if mark == "o" else mark, "markersize": 8.5, "markerfacecolor": colour, "markeredgecolor": style.paper,
            "markeredgewidth": 1.2, "linestyle": ""}  # fmt: skip


def _star(style: Style) -> dict[str, Any]:
    return {"marker": "*", "markersize": 15, "markerfacecolor": style.ink, "markeredgecolor": style.paper,
            "markeredgewidth": 1, "linestyle": ""}  # fmt: skip


def _legend(picture: Picture, seen: Landscape) -> None:
    style = picture.style
    several = len(seen.tracks)
    paths = [
        Line2D([], [], color=colour_of(number, style), linewidth=2, marker=mark_of(number, several) if several > 1 else "",
               label=one_line(_track_label(track), 40))
        for number, track in enumerate(seen.tracks)
    ]  # fmt: skip
    marks: list[Any] = []
    for at, label, look in (
        (0, "start", _ring(style, style.ink)),
        (-1, "end" if several == 1 else "end, by its path's sign", _end(style, style.ink, "s")),
    ):
        if any(track.inside[at] for track in seen.tracks):
            marks.append(Line2D([], [], label=label, **look))
    if seen.minima:
        found = "minimum, loss" if len(seen.minima) == 1 else "minima, the lowest with loss"
        marks.append(Line2D([], [], label=f"{found} {min(m.loss for m in seen.minima):.4g}", **_star(style)))
    bad = float(np.mean(~np.isfinite(seen.loss)))
    if bad:
        share = f"{bad:.0%}".replace("%", " %") if bad >= 0.005 else "below 1 %"
        marks.append(Patch(facecolor=style.faint, hatch="////", edgecolor=style.paper,
                           label=f"loss not finite ({share} of the window)"))  # fmt: skip
    most = len(paths) + len(marks) if len(paths) + len(marks) <= 4 else 3
    tables = [_rows_of(paths, columns) + _rows_of(marks, columns) for columns in range(most, 0, -1)]
    rows = next((rows for rows in tables if _letters_across(rows) <= _LEGEND_WIDTH), tables[-1] if tables else [])
    if rows:
        columns = len(rows[0])
        by_columns = [row[column] for column in range(columns) for row in rows]
        legend = picture.legend(handles=by_columns, loc="outside lower center", ncols=columns, frameon=False)
        for text in legend.get_texts():
            literal(text)


def _rows_of(handles: list[Any], columns: int) -> list[list[Any]]:
    """The handles row by row, the last row filled up with blanks."""
    blank = Line2D([], [], linestyle="", label="")
    return [
        [*handles[k : k + columns], *[blank] * (k + columns - len(handles))] for k in range(0, len(handles), columns)
    ]


def _letters_across(rows: list[list[Any]]) -> int:
    """How many letters a legend with these rows is wide, the signs before the words counted as letters."""
    return sum(max(len(row[k].get_label()) for row in rows) + _SIGN for k in range(len(rows[0])))


def _track_label(track: Track) -> str:
    steps = int(track.steps[-1])
    ending = f", {track.ending}" if track.ending in ("diverged", "non finite", "stalled") else ""
    return f"{track.name}, {steps:,} step{'s' * (steps != 1)}{ending}"


def _notes(axes: Any, seen: Landscape, levels: LossLevels | None, style: Style) -> None:
    note = seen.note
    if levels is None:
        finite = seen.loss[np.isfinite(seen.loss)]
        flat = f"the loss is the same everywhere, {finite[0]:.6g}" if finite.size else "the loss is nowhere finite here"
        write = getattr(axes, "text2D", axes.text)
        write(0.5, 0.75, flat, transform=axes.transAxes, ha="center", bbox=style.behind)
    if note:
        lines = textwrap.wrap(note[0].upper() + note[1:], _NOTE_WIDTH)
        literal(axes.set_title("\n".join(lines), fontsize=8.5, color=style.quiet, loc="center"))


def _colour_bar(picture: Picture, axes: Axes, levels: LossLevels, seen: Landscape) -> None:
    bar = picture.colorbar(axes.collections[0], ax=axes, pad=0.02, fraction=0.05, spacing="proportional")
    tones, labels = levels.tone_ticks(_LABELS)
    bar.set_ticks(tones.tolist(), labels=labels)
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label(_loss_label(seen, levels, levels.logarithmic))


def _loss_label(seen: Landscape, levels: LossLevels | None, logarithmic: bool) -> str:
    label = f"loss ({seen.loss_name})" if seen.loss_name else "loss"
    offset = levels.offset(logarithmic) if levels is not None else 0.0
    return f"{label}, above {offset:.{_DIGITS if logarithmic else _ALL_DIGITS}g}" if offset else label


def _style_box(axes: Any, style: Style) -> None:
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color(style.paper)
        axis.line.set_color(style.ink)
        axis._axinfo["grid"].update(color=style.faint, linewidth=0.5)
    axes.set_box_aspect((1.15, 1.15, 0.8), zoom=1.02)
