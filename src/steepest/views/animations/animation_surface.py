"""One or several descents, animated on the contours of their loss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes

from steepest.views.animations.animation import Animation, Panel, Trail, kind_of
from steepest.views.animations.animation_panels import (
    Place,
    Shown,
    finished,
    loss_panel,
    must_run,
    names_of,
    number_text,
    path_colour,
    shown_runs,
    step_text,
)  # fmt: skip
from steepest.views.landscapes.landscape import Landscape, landscape_of, problem_and_runs
from steepest.views.landscapes.landscape_picture import colour_of, draw_ground, followed, mark_minima, mark_of
from steepest.views.progress import Tell
from steepest.views.style import Style
from steepest.views.tables.words import one_line


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
    if path is not None:
        kind_of(path)  # before anything is done
    problem, runs = problem_and_runs(subject)
    must_run(runs)
    shown = shown_runs(runs, frames, progress)
    ground = landscape_of(problem, shown.paths, over, progress=progress, **options)

    def draw(axes: Axes, style: Style) -> None:
        draw_ground(axes, ground, style)
        mark_minima(axes, ground, style)
        for minimum in ground.minima:
            axes.annotate("minimum", (minimum.x, minimum.y), (0, -9), textcoords="offset points", ha="center", va="top",
                          fontsize=8, bbox=style.behind, zorder=2.5)  # fmt: skip
        for number, track in enumerate(ground.tracks):
            if track.inside[0]:
                axes.plot(track.x[:1], track.y[:1], "o", markersize=9, color=style.paper,
                          markeredgecolor=colour_of(number, style), markeredgewidth=2, zorder=3)  # fmt: skip

    movers = [
        Trail(
            followed(track.x, ground.x, track.inside)[at],
            followed(track.y, ground.y, track.inside)[at],
            path_colour(number),
            dots=True,
            mark=mark_of(number, len(shown.paths)),
        )
        for number, (track, at) in enumerate(zip(ground.tracks, shown.at))
    ]
    captions = [_surface_caption(shown, ground, k) for k in range(shown.steps.size)]
    panels = [Panel(draw, movers, captions), loss_panel(shown, ground.loss_name)]
    return finished(
        Animation(
            f"{'Race' if len(runs) > 1 else 'Descent'} on a surface: {names_of(shown)}", panels, shown.steps, theme, fps
        ),
        path,
        progress,
    )


def _surface_caption(shown: Shown, ground: Landscape, frame: int) -> str:
    text = step_text(shown.steps[frame])
    if len(shown.paths) > 1 or ground.plane.elements is None:
        return text
    track, at = ground.tracks[0], shown.at[0][frame]
    (first, second) = (one_line(label, 14) for label in ground.plane.labels)
    return f"{text}    {first} = {number_text(track.x[at])}    {second} = {number_text(track.y[at])}"
