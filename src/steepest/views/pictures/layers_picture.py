"""Gradients, activations and updates of a network, layer by layer, while it trained."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from steepest.base.errors import ModelError
from steepest.doctor.layer_history import LayerHistory
from steepest.doctor.watch import Watch
from steepest.training.run import Run
from steepest.views.pictures.loss_axis import thinned
from steepest.views.style import Picture, Style, drawing, literal, say

_WIDTH, _LINES_HEIGHT, _MAP_HEIGHT = 8.0, 1.9, 1.3
_MOST_LINES = 7  # layers up to which each is a line; more are rows of a map
_DECADES = 100.0  # largest over smallest value, below which 2 and 5 are ticks too
_MOST_NAMES = 16  # rows of a map that are named
_FLOOR = 1e-150  # a map's colours reach from it to its reciprocal; ticks beyond would overflow

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Panel:
    title: str
    values: Array  # layers by probes
    names: tuple[str, ...]


def plot_layers(watched: Any, path: str | os.PathLike[str] | None = None, *, theme: str = "light") -> Picture:
    """Draw what a `Watch` saw: error gradients, activations and updates of each layer, by step.

    From above: the Euclidean norm of the gradient of the loss with respect to the layer's output, the root mean square of that
    output, and |change of the layer's parameters| / |parameters|. Up to seven layers are lines, from the first (pale) to the
    last; more are rows of a map, the first one on top. Recurrent layers add the gradient at each time step.

    Parameters
    ----------
    watched : Run, Watch or LayerHistory
        A run with a `Watch` among its hooks.
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    theme : {"light", "dark"}

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`.

    Raises
    ------
    ModelError
        Nothing was watched.

    Examples
    --------
    >>> import steepest as sd
    >>> net = sd.MLP(1, [4], 1, "tanh")
    >>> params, state = net.init(0)
    >>> x = np.linspace(0, 1, 9)[:, None]
    >>> watch = sd.Watch(every=2)
    >>> run = sd.Run(sd.Problem(net, params, x, x, state=state), sd.Descent(sd.Adam()), steps=6, hooks=[watch]).finish()
    >>> [axes.get_title(loc="left") for axes in plot_layers(run).axes]
    ['norm of the error gradient', 'size of the activations', 'update / weight']
    """
    history = _history(watched)
    panels = _panels(history)
    as_map = [len(each.names) > _MOST_LINES for each in panels]
    heights = [_MAP_HEIGHT + 0.11 * min(len(p.names), 40) if m else _LINES_HEIGHT for p, m in zip(panels, as_map)]
    recurrent = history.over_time
    heights += [_LINES_HEIGHT + 0.4] * len(recurrent)
    with drawing((_WIDTH, sum(heights) + 0.4), theme, path) as picture:
        grid = picture.add_gridspec(len(heights), 1, height_ratios=heights)
        above: Axes | None = None
        for k, (panel, whole) in enumerate(zip(panels, as_map)):
            axes = picture.add_subplot(grid[k], sharex=above)
            above = above or axes
            (_draw_map if whole else _draw_lines)(axes, panel, history.steps.astype(np.float64), picture.style)
            axes.set_title(panel.title, fontsize=9.5, loc="left")
            if k < len(panels) - 1:
                axes.tick_params(labelbottom=False)
            else:
                axes.set_xlabel("step")
                axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
        for k, (name, values) in enumerate(recurrent.items()):
            _draw_over_time(picture.add_subplot(grid[len(panels) + k]), name, values, history.steps, picture.style)
    return picture


def _history(watched: Any) -> LayerHistory:
    run = getattr(watched, "run", watched)
    if isinstance(run, Run):
        watches = [hook for hook in run.hooks if isinstance(hook, Watch)]
        if not watches:
            raise ModelError("this run was not watched: give it hooks=[sd.Watch()], and its layers can be drawn.")
        run = watches[0]
    history = getattr(run, "history", run)
    if not isinstance(history, LayerHistory):
        raise ModelError(f"layers are drawn of a run with a Watch among its hooks, not of {type(watched).__name__}.")
    if not len(history):
        raise ModelError("the watch has seen nothing: the model is no network of layers, or no step was done.")
    return history


def _panels(history: LayerHistory) -> list[_Panel]:
    names = history.layers
    ratio = history.update_ratio
    fitted = np.flatnonzero(~np.isnan(ratio).all(axis=1))  # layers that have parameters
    panels = [
        _Panel("norm of the error gradient", history.gradient_norm, names),
        _Panel("size of the activations", history.activation_size, names),
    ]
    if fitted.size:
        panels.append(_Panel("update / weight", ratio[fitted], tuple(names[i] for i in fitted)))
    return panels


def _draw_lines(axes: Axes, panel: _Panel, steps: Array, style: Style) -> None:
    finite = panel.values[np.isfinite(panel.values)]
    positive = finite[finite > 0]
    if not positive.size:
        say(axes, "all are 0" if finite.size else "none is a finite number")
        return
    axes.set_yscale("log")
    dashes = ("-", "--", "-.", ":")
    for k, (name, values, colour) in enumerate(zip(panel.names, panel.values, style.ordered(len(panel.names)))):
        x, y = thinned(steps, np.where(values == 0, positive.min() / 10, values))
        marker = ("o", "s", "D", "^", "v", "P", "X")[k % 7] if x.size <= 30 else ""
        axes.plot(x, y, color=colour, linewidth=1.5, linestyle=dashes[k % 4], marker=marker, markersize=4, label=name)
    axes.yaxis.set_minor_formatter(NullFormatter())
    if positive.max() < _DECADES * positive.min():  # decades alone would be too few ticks
        middle = float(np.sqrt(positive.min()) * np.sqrt(positive.max()))
        axes.set_ylim(min(positive.min() * 0.8, middle / 2.6), max(positive.max() * 1.25, middle * 2.6))
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    for text in axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8.5).get_texts():
        literal(text)


def _draw_map(axes: Axes, panel: _Panel, steps: Array, style: Style) -> None:
    values = np.where(np.isfinite(panel.values), np.clip(panel.values, _FLOOR, 1 / _FLOOR), np.nan)
    positive = values[np.isfinite(values) & (values > _FLOOR)]
    low, high = (float(positive.min()), float(positive.max())) if positive.size else (0.1, 1.0)
    if high < 1.01 * low:
        low, high = low / 2, high * 2
    colours = LinearSegmentedColormap.from_list("ramp", style.ramp).with_extremes(bad=style.warning)
    rows = np.arange(len(panel.names) + 1) - 0.5
    mesh = axes.pcolormesh(
        _edges(steps), rows, np.ma.masked_invalid(values), cmap=colours, norm=LogNorm(low, high), rasterized=True
    )
    axes.grid(False)
    axes.invert_yaxis()
    every = -(-len(panel.names) // _MOST_NAMES)
    named = np.arange(0, len(panel.names), every)
    axes.set_yticks(named, [panel.names[k] for k in named], fontsize=7.5)
    figure = axes.figure
    assert isinstance(figure, Picture)
    figure.colorbar(mesh, ax=axes, pad=0.015, aspect=12)
    if not np.isfinite(panel.values).all():
        axes.plot([], [], "s", color=style.warning, label="not finite")
        axes.legend(loc="upper right", fontsize=8)


def _edges(steps: Array) -> Array:
    """Where the cells of a map begin and end: half-way between the probes."""
    if len(steps) == 1:
        return np.array([steps[0] - 0.5, steps[0] + 0.5])
    middle = (steps[1:] + steps[:-1]) / 2
    return np.concatenate([[steps[0] - (middle[0] - steps[0])], middle, [steps[-1] + (steps[-1] - middle[-1])]])


def _draw_over_time(axes: Axes, name: str, values: Array, steps: Array, style: Style) -> None:
    """The gradient at each time step of a recurrent layer, at the first, middle and last probe."""
    probes = sorted({0, (len(steps) - 1) // 2, len(steps) - 1})
    positive = values[np.isfinite(values) & (values > 0)]
    if positive.size:
        axes.set_yscale("log")
    for k, colour in zip(probes, style.ordered(len(probes))):
        seen = np.where(values[:, k] == 0, positive.min() / 10 if positive.size else 0, values[:, k])
        axes.plot(np.arange(len(seen)), seen, color=colour, linewidth=1.6, linestyle=("-", "--", "-.")[probes.index(k)],
                  label=f"step {steps[k]:,}")  # fmt: skip
    axes.set_title(f"norm of the error gradient at each time step of {name}", fontsize=9.5, loc="left")
    axes.set_xlabel("time step")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8.5)
