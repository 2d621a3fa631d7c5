"""A descent of one parameter, animated on the curve of its loss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.views.animations.animation import Animation, Curve, Panel, Trail, kind_of
from steepest.views.animations.animation_panels import (
    Place,
    Shown,
    draw_legend,
    finished,
    must_run,
    names_of,
    number_text,
    path_colour,
    shown_runs,
    step_text,
)  # fmt: skip
from steepest.views.landscapes.landscape import problem_and_runs
from steepest.views.landscapes.landscape_picture import colour_of, followed, mark_of
from steepest.views.landscapes.landscape_window import checked_side, near_points
from steepest.views.progress import Tell
from steepest.views.style import Style, literal
from steepest.views.tables.words import one_line

_CURVE = 400  # points of the curve
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
    if path is not None:
        kind_of(path)  # before anything is done
    problem, runs = problem_and_runs(subject)
    if problem.start.count != 1:
        raise ModelError(
            f"a curve has one parameter, and this problem has {problem.start.count}: use sd.animate.surface, "
            "or sd.animate.fit if it has data."
        )
    must_run(runs)
    shown = shown_runs(runs, frames, progress)
    name = problem.start.element_names()[0]
    window, losses = _curve_window(shown, x)
    grid = np.linspace(*window, _CURVE)
    first = shown.paths[0]
    model = first.run.state.get("model")
    curve = np.array([problem.value(first.params[0].replaced(np.array([value])), model) for value in grid])
    finite = curve[np.isfinite(curve)]
    if losses[0] == losses[1] and finite.size:  # a path of one point has no height of its own
        losses = (float(finite.min()), float(finite.max()))
    room = 0.1 * (losses[1] - losses[0]) or 0.1 * abs(losses[1]) or 1.0
    levels = losses[0] - room, losses[1] + room

    def draw(axes: Axes, style: Style) -> None:
        axes.plot(grid, np.where(np.isfinite(curve), curve, np.nan), color=style.data, linewidth=1.8, zorder=1)
        for number, each in enumerate(shown.paths):
            axes.plot(each.flat[:1, 0], each.losses[:1], "o", markersize=9, color=style.paper,
                      markeredgecolor=colour_of(number, style), markeredgewidth=2, zorder=2)  # fmt: skip
            if len(shown.paths) > 1:
                axes.plot(
                    [],
                    [],
                    color=colour_of(number, style),
                    linewidth=2,
                    marker=mark_of(number, len(shown.paths)),
                    label=one_line(each.name, 30),
                )
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
        x_all, y_all = each.flat[:, 0], each.losses
        inside = (window[0] <= x_all) & (x_all <= window[1]) & (y_all <= levels[1])
        place = followed(x_all, np.array(window), inside)[at], followed(y_all, np.array(levels), inside)[at]
        movers.append(Trail(*place, path_colour(number), dots=True, mark=mark_of(number, len(shown.paths))))
    return finished(Animation(f"Descent on a curve: {names_of(shown)}", [Panel(draw, movers, captions)], shown.steps, theme, fps),
                     path, progress)  # fmt: skip


def _curve_window(shown: Shown, x: tuple[float, float] | None) -> tuple[tuple[float, float], tuple[float, float]]:
    at = [(path.flat[inside, 0], path.losses[inside]) for path in shown.paths for inside in [near_points(path)]]
    places, losses = (np.concatenate(parts) for parts in zip(*at))
    if not places.size:
        raise ModelError("the loss is not finite at any point of the path: there is no curve to draw.")
    low, high = float(places.min()), float(places.max())
    if x is not None:
        x = checked_side("x", x)
    else:
        start, end = float(places[0]), float(places[np.argmin(losses)])
        beyond = end + _BEHIND * (end - start)
        low, high = min(low, beyond), max(high, beyond)
        room = _ROOM * (high - low) or abs(high) or 1.0
        x = (low - room, high + room)
    return (float(x[0]), float(x[1])), (float(losses.min()), float(losses.max()))


def _tangents(x: Array, loss: Array, slopes: Array, window: tuple[float, float]) -> Curve:
    half = _TANGENT * (window[1] - window[0])
    ends = np.array([-half, half])
    return Curve(x[:, None] + ends, loss[:, None] + slopes[:, None] * ends, lambda style: style.ink, width=1.2)
