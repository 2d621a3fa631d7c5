"""Fits, animated on their data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from steepest.autodiff.tree import flatten
from steepest.base.params import Array
from steepest.views.animations.animation import Animation, Curve, Panel, kind_of
from steepest.views.animations.animation_panels import (
    Place,
    finished,
    loss_panel,
    names_of,
    number_text,
    path_colour,
    shown_runs,
    step_text,
)  # fmt: skip
from steepest.views.landscapes.descent_path import DescentPath, named_runs
from steepest.views.landscapes.landscape_picture import clipped
from steepest.views.pictures.fit_axis import FitAxis, fit_axis
from steepest.views.progress import Tell
from steepest.views.style import Style, literal
from steepest.views.subject import fit_of
from steepest.views.tables.words import one_line

_MOVING = 240  # points of a curve that moves


def animate_fit(
    subject: Any,
    path: Place = None,
    *,
    theme: str = "light",
    frames: int | Iterable[int] = 100,
    fps: float = 12.0,
    progress: Tell | None = None,
) -> Animation:
    """Animate a fit: the data with the curve that moves, the loss beside it; several runs side by side.

    With one column of inputs the curve is drawn over it; with several the data are drawn against the prediction, and a fit is
    good when the dots lie on the diagonal.

    Parameters
    ----------
    subject : Run, Fit, sequence or mapping of them
        With data; a mapping's names are shown, such as ``{"ReLU": run, "tanh": other}``.
    path, theme, frames, fps, progress
        As for `animate_curve`.

    Raises
    ------
    ModelError
        There are no data or they are classes, or the frames are not in the run.
    SteepestError
        The file cannot be written, or its ending is unknown.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> t = np.arange(5.0)
    >>> problem = sd.Problem(lambda p, t: p["a"] * t, {"a": 0.0}, t, 2 * t)
    >>> run = sd.Run(problem, sd.Descent(learning_rate=0.01), steps=30).finish()
    >>> animate_fit(run)
    Animation(Fit to data: gradient descent, 31 frames)
    """
    if path is not None:
        kind_of(path)  # before anything is done
    runs = named_runs(subject, "an animated fit")
    subjects = (
        list(subject.values())
        if isinstance(subject, dict)
        else subject
        if isinstance(subject, list | tuple)
        else [subject]
    )
    axes_of = [fit_axis(fit_of(each, "an animated fit")) for each in subjects]
    targets = [fit_of(each, "an animated fit") for each in subjects]
    shown = shown_runs(runs, frames, progress)
    several = len(shown.paths) > 1
    panels = [
        _fit_panel(each, at, axis, target, number, several, shown.steps)
        for number, (each, at, axis, target) in enumerate(zip(shown.paths, shown.at, axes_of, targets))
    ]
    name = shown.paths[0].run.problem.loss_function.name
    panels.append(loss_panel(shown, name, 0.62 if not several else 0.8))
    return finished(
        Animation(f"{'Fits' if several else 'Fit'} to data: {names_of(shown)}", panels, shown.steps, theme, fps),
        path,
        progress,
    )


def _fit_panel(
    path: DescentPath, at: Array, axis: FitAxis, fit: Any, number: int, several: bool, steps: Array
) -> Panel:
    observed = np.ravel(fit.observed)
    low, high = float(observed.min()), float(observed.max())
    room = 0.25 * (high - low) or 0.5 * abs(high) or 1.0
    x, curves, diagonal = _curves(path, axis)

    def draw(axes: Axes, style: Style) -> None:
        if diagonal:
            axes.plot([low, high], [low, high], color=style.ink, linewidth=1, zorder=1)
            axes.set_xlim(low - room, high + room)
            axes.set_xlabel(one_line(f"predicted {fit.target_text}", 40))
        else:
            size = next(s for rows, s in ((40, 6.0), (400, 4.0), (4000, 2.5), (np.inf, 1.5)) if observed.size <= rows)
            axes.plot(axis.values, observed, "o", color=style.data, markersize=size, markeredgewidth=0, alpha=0.6,
                      zorder=2, rasterized=True)  # fmt: skip
            if axis.logarithmic:
                axes.set_xscale("log")
            literal(axes.xaxis.label).set_text(one_line(axis.label, 40))
        axes.set_ylim(low - room, high + room)
        literal(axes.yaxis.label).set_text(one_line(fit.target_text, 32))

    colour = path_colour(number)
    if diagonal:
        mover = Curve(clipped(curves[at], np.array([low, high])), np.tile(observed, (at.size, 1)), colour, True, 4.0)
    else:
        alone = x.size == 1
        mover = Curve(x, clipped(curves[at], np.array([low - room, high + room])), colour, alone, 8.0 if alone else 2.4)
    lead = f"{one_line(path.name, 24)}, " if several else ""
    losses = path.losses[at]
    captions = [
        f"{lead}{step_text(step)}" + (f"    loss {number_text(loss)}" if several else "")
        for step, loss in zip(steps, losses)
    ]
    return Panel(draw, [mover], captions)


def _curves(path: DescentPath, axis: FitAxis) -> tuple[Array, Array, bool]:
    """What the model says with each of the path's parameters: on a grid, at the rows, or at the rows of several columns."""
    problem, model = path.run.problem, path.run.state.get("model")
    leaves, rebuild = flatten(problem.data.inputs)
    if axis.curve_label == "fit" and len(leaves) == 1 and np.size(leaves[0]) == len(leaves[0]):
        grid = axis.curve_x[np.unique(np.linspace(0, axis.curve_x.size - 1, _MOVING).round().astype(int))]
        given = rebuild([grid.reshape(-1, *np.shape(leaves[0])[1:]).astype(np.asarray(leaves[0]).dtype)])
        try:
            said = [np.ravel(problem.outputs(params, given, model)) for params in path.params]
            if all(each.shape == grid.shape for each in said):
                return grid, np.array(said), False
        except Exception:  # a user's own function may raise anything where it is given other rows than its own
            pass
    rows = np.size(problem.data.target)
    outputs = [np.ravel(problem.outputs(params, state=model)) for params in path.params]
    said = [each if each.size == rows else np.broadcast_to(each, rows) for each in outputs]  # one number for all rows
    if axis.curve_label != "fit":
        return np.empty(0), np.array(said), True
    order = np.argsort(axis.values, kind="stable")
    return axis.values[order], np.array(said)[:, order], False
