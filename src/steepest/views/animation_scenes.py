"""The animations: descent on a curve, on a surface (a race, if several), and the fit on its data."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from steepest.autodiff.tree import flatten
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.views.animation import Animation, Curve, Panel, Trail, kind_of
from steepest.views.animation_panels import (
    Shown,
    draw_legend,
    loss_panel,
    number_text,
    path_colour,
    shown_runs,
    step_text,
)
from steepest.views.descent_path import DescentPath, named_runs
from steepest.views.fit_axis import FitAxis, fit_axis
from steepest.views.landscape import Landscape, landscape_of, problem_and_runs
from steepest.views.landscape_picture import clipped, colour_of, draw_ground, mark_minima
from steepest.views.landscape_window import near_points
from steepest.views.progress import Tell
from steepest.views.style import Style, literal
from steepest.views.subject import fit_of
from steepest.views.words import one_line

Place = str | os.PathLike[str] | None

_CURVE = 400  # points of a curve that stands still
_MOVING = 240  # points of a curve that moves
_TANGENT = 0.13  # of the window, to each side
_ROOM = 0.15
_BEHIND = 0.45  # of the path's extent: what is seen beyond its end


def animate_curve(
    subject: Any,
    path: Place = None,
    *,
    theme: str = "light",
    frames: int | Iterable[int] = 100,
    fps: float = 12.0,
    x: tuple[float, float] | None = None,
    progress: Tell | None = None,
) -> Animation:
    """Animate a descent of one parameter: the loss as a curve, the point that moves down it, and its tangent.

    Parameters
    ----------
    subject : Run or Fit
        Of a problem with one parameter.
    path : str or PathLike, optional
        Where to write it: a name that ends in .gif, or in .html for a page with play, speed and scrub.
    theme : {"light", "dark"}
        Of a GIF; a page has both.
    frames : int or collection of int
        How many steps to show at most, evenly spaced from the start to the end; or just these. They are taken from the run's
        snapshots, or from the run done again from its seed.
    fps : float
        Frames a second.
    x : pair of float, optional
        The window; unless given it holds the path.
    progress : callable, optional
        ``progress(done, total)``; a line on the terminal unless given.

    Returns
    -------
    Animation
        ``write(path)`` writes it, a notebook shows it.

    Raises
    ------
    ModelError
        There are several parameters, or the frames are not in the run.
    SteepestError
        The file cannot be written, or its ending is unknown.

    Examples
    --------
    >>> import steepest as sd
    >>> run = sd.minimize(lambda z: z**2, -4.0, method="gradient_descent", learning_rate=0.05, steps=50)
    >>> seen = animate_curve(run, frames=range(50))
    >>> seen
    Animation(Descent on a curve: gradient descent, 50 frames)
    >>> seen.panels[0].captions[1]
    'step 1    z = −3.6    loss 12.96    slope −7.2'
    """
    _check(path)
    problem, runs = problem_and_runs(subject)
    if problem.start.count != 1:
        raise ModelError(
            f"a curve has one parameter, and this problem has {problem.start.count}: use sd.animate.surface, "
            "or sd.animate.fit if it has data."
        )
    if not runs:
        raise ModelError("an animation shows a run; a problem alone has none. Make one with sd.Run(problem, method).")
    shown = shown_runs(runs, frames, progress)
    name = problem.start.element_names()[0]
    window, levels = _curve_window(shown, x)
    grid = np.linspace(*window, _CURVE)
    first = shown.paths[0]
    model = first.run.state.get("model")
    curve = np.array([problem.value(first.params[0].replaced(np.array([value])), model) for value in grid])

    def draw(axes: Axes, style: Style) -> None:
        axes.plot(grid, np.where(np.isfinite(curve), curve, np.nan), color=style.data, linewidth=1.8, zorder=1)
        for number, each in enumerate(shown.paths):
            axes.plot(each.flat[:1, 0], each.losses[:1], "o", markersize=9, color=style.paper,
                      markeredgecolor=colour_of(number, style), markeredgewidth=2, zorder=2)  # fmt: skip
            if len(shown.paths) > 1:
                axes.plot([], [], color=colour_of(number, style), linewidth=2, label=one_line(each.name, 30))
        axes.set_xlim(*window)
        axes.set_ylim(*levels)
        literal(axes.xaxis.label).set_text(one_line(name, 60))
        axes.set_ylabel(f"loss ({problem.loss_function.name})" if problem.has_data else "loss")
        if len(shown.paths) > 1:
            draw_legend(axes)

    movers: list[Trail | Curve] = []
    captions = [step_text(step) for step in shown.steps]
    for number, (each, at) in enumerate(zip(shown.paths, shown.at)):
        if len(shown.paths) == 1:
            slopes = np.array([problem.value_and_gradient(params)[1][0] for params in each.params])[at]
            movers.append(_tangents(each.flat[at, 0], each.losses[at], slopes, window))
            captions = [
                f"{text}    {one_line(name, 20)} = {number_text(z)}    loss {number_text(loss)}    slope {number_text(slope)}"
                for text, z, loss, slope in zip(captions, each.flat[at, 0], each.losses[at], slopes)
            ]
        place = clipped(each.flat[at, 0], np.array(window)), clipped(each.losses[at], np.array(levels))
        movers.append(Trail(*place, path_colour(number), dots=True))
    return _finished(Animation(f"Descent on a curve: {_names(shown)}", [Panel(draw, movers, captions)], shown.steps, theme, fps),
                     path, progress)  # fmt: skip


def animate_surface(
    subject: Any,
    path: Place = None,
    *,
    theme: str = "light",
    frames: int | Iterable[int] = 100,
    fps: float = 12.0,
    over: Any = None,
    progress: Tell | None = None,
    **options: Any,
) -> Animation:
    """Animate one or several descents on the contours of the loss, with the losses beside it: several are a race.

    Parameters
    ----------
    subject : Run, Fit, sequence or mapping of them
        Runs of one problem; a mapping's names are shown. Those that end sooner stay where they are.
    path, theme, frames, fps, progress
        As for `animate_curve`.
    over : pair of str, "random" or "path", optional
        What the contours are over; see `steepest.landscape`.
    **options
        Of `steepest.landscape`: x, y, points, minimum, profile, seed.

    Raises
    ------
    ModelError
        As `steepest.landscape`, or the frames are not in the run.
    SteepestError
        The file cannot be written, or its ending is unknown.

    Examples
    --------
    >>> import steepest as sd
    >>> bowl = lambda p: p["a"] ** 2 + 10 * p["b"] ** 2
    >>> start = {"a": 4.0, "b": 1.0}
    >>> runs = [sd.minimize(bowl, start, method=name, learning_rate=0.05, steps=20) for name in ("gd", "adam")]
    >>> animate_surface(runs, points=21)
    Animation(Race on a surface: gradient descent, Adam, 21 frames)
    """
    _check(path)
    problem, runs = problem_and_runs(subject)
    if not runs:
        raise ModelError("an animation shows a run; a problem alone has none. Make one with sd.Run(problem, method).")
    shown = shown_runs(runs, frames, progress)
    ground = landscape_of(problem, shown.paths, over, progress=progress, **options)

    def draw(axes: Axes, style: Style) -> None:
        draw_ground(axes, ground, style)
        mark_minima(axes, ground, style)
        for number, track in enumerate(ground.tracks):
            if track.inside[0]:
                axes.plot(track.x[:1], track.y[:1], "o", markersize=9, color=style.paper,
                          markeredgecolor=colour_of(number, style), markeredgewidth=2, zorder=3)  # fmt: skip

    movers = [
        Trail(clipped(track.x[at], ground.x), clipped(track.y[at], ground.y), path_colour(number), dots=True)
        for number, (track, at) in enumerate(zip(ground.tracks, shown.at))
    ]
    captions = [_surface_caption(shown, ground, k) for k in range(shown.steps.size)]
    panels = [Panel(draw, movers, captions), loss_panel(shown, ground.loss_name)]
    return _finished(
        Animation(
            f"{'Race' if len(runs) > 1 else 'Descent'} on a surface: {_names(shown)}", panels, shown.steps, theme, fps
        ),
        path,
        progress,
    )


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
    _check(path)
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
    return _finished(
        Animation(f"{'Fits' if several else 'Fit'} to data: {_names(shown)}", panels, shown.steps, theme, fps),
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
        mover = Curve(x, clipped(curves[at], np.array([low - room, high + room])), colour, width=2.4)
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
    shape = np.shape(problem.data.target)
    said = [
        np.ravel(np.broadcast_to(problem.outputs(params, state=model).reshape(shape), shape)) for params in path.params
    ]
    if axis.curve_label != "fit":
        return np.empty(0), np.array(said), True
    order = np.argsort(axis.values, kind="stable")
    return axis.values[order], np.array(said)[:, order], False


def _curve_window(shown: Shown, x: tuple[float, float] | None) -> tuple[tuple[float, float], tuple[float, float]]:
    at = [(path.flat[inside, 0], path.losses[inside]) for path in shown.paths for inside in [near_points(path)]]
    places, losses = (np.concatenate(parts) for parts in zip(*at))
    if not places.size:
        raise ModelError("the loss is not finite at any point of the path: there is no curve to draw.")
    low, high = float(places.min()), float(places.max())
    if x is None:
        start, end = float(places[0]), float(places[np.argmin(losses)])
        beyond = end + _BEHIND * (end - start)
        low, high = min(low, beyond), max(high, beyond)
        room = _ROOM * (high - low) or abs(high) or 1.0
        x = (low - room, high + room)
    bottom, top = float(losses.min()), float(losses.max())
    room = 0.1 * (top - bottom) or 0.1 * abs(top) or 1.0
    return (float(x[0]), float(x[1])), (bottom - room, top + room)


def _tangents(x: Array, loss: Array, slopes: Array, window: tuple[float, float]) -> Curve:
    half = _TANGENT * (window[1] - window[0])
    ends = np.array([-half, half])
    return Curve(x[:, None] + ends, loss[:, None] + slopes[:, None] * ends, lambda style: style.ink, width=1.2)


def _surface_caption(shown: Shown, ground: Landscape, frame: int) -> str:
    text = step_text(shown.steps[frame])
    if len(shown.paths) > 1 or ground.plane.elements is None:
        return text
    track, at = ground.tracks[0], shown.at[0][frame]
    (first, second) = (one_line(label, 14) for label in ground.plane.labels)
    return f"{text}    {first} = {number_text(track.x[at])}    {second} = {number_text(track.y[at])}"


def _names(shown: Shown) -> str:
    return one_line(", ".join(path.name for path in shown.paths), 80)


def _check(path: Place) -> None:
    if path is not None:
        kind_of(path)  # before anything is drawn


def _finished(animation: Animation, path: Place, progress: Tell | None) -> Animation:
    if path is not None:
        animation.write(path, progress)
    return animation
