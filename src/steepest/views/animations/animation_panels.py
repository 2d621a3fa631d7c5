"""The panels that animations are made of: the loss by step, and runs brought to common steps."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.training.run import Run
from steepest.views.animations.animation import Animation, Colour, Panel, Trail
from steepest.views.landscapes.descent_path import DescentPath, path_of, steps_shown
from steepest.views.landscapes.landscape_picture import colour_of, mark_of
from steepest.views.landscapes.landscape_window import near_points
from steepest.views.progress import Tell
from steepest.views.style import Style, literal
from steepest.views.tables.words import one_line

Place = str | os.PathLike[str] | None  # where to write an animation

_LOG_FROM = 100.0  # largest loss over smallest from which the axis is logarithmic
_LEAST = 1e-8  # of the first: a loss below is drawn there


@dataclass(frozen=True, eq=False)
class Shown:
    """Runs at common steps: those that have ended stay where they are.

    Attributes
    ----------
    paths : tuple of DescentPath
    steps : ndarray of int, shape (frames,)
    at : tuple of ndarray of int, shape (frames,)
        Which point of each path a frame shows.
    """

    paths: tuple[DescentPath, ...]
    steps: Array
    at: tuple[Array, ...]


def shown_runs(runs: Mapping[str, Run], frames: int | Iterable[int], progress: Tell | None = None) -> Shown:
    """The paths of runs at the steps that `frames` asks for; see `path_of`.

    Raises
    ------
    ModelError
        A step lies beyond every run's end, or a run cannot be done again.
    """
    if len(runs) == 1:
        ((name, run),) = runs.items()
        path = path_of(run, name, frames, progress)
        return Shown((path,), path.steps, (np.arange(path.steps.size),))
    steps = steps_shown(max(run.steps_done for run in runs.values()), frames)
    paths, places = [], []
    for name, run in runs.items():
        own = np.minimum(steps, run.steps_done)
        path = path_of(run, name, np.unique(own).tolist(), progress)
        paths.append(path)
        places.append(np.searchsorted(path.steps, own))
    return Shown(tuple(paths), steps, tuple(places))


def path_colour(number: int) -> Colour:
    """The colour of the path `number` in any style."""
    return lambda style: colour_of(number, style)


def loss_panel(shown: Shown, loss_name: str = "", width: float = 0.62) -> Panel:
    """The loss of each run by step, growing over its own whole course drawn faintly."""
    losses = [path.losses for path in shown.paths]
    near = [np.isfinite(loss) for loss in losses]
    if any(
        (loss[inside] < 0).any() for loss, inside in zip(losses, near)
    ):  # no logarithm tames a descent that runs away
        near = [near_points(path) for path in shown.paths]
    seen = np.concatenate([loss[inside] for loss, inside in zip(losses, near)])
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
    logarithmic = bool(seen.size and low >= 0 and high > _LOG_FROM * low and high > 0)
    begun = min(high, max((float(loss[0]) for loss in losses if np.isfinite(loss[0])), default=high))
    floor = max(low, _LEAST * begun) if logarithmic else low
    drawn = [np.where(loss < floor, floor, loss) if logarithmic else loss for loss in losses]

    def draw(axes: Axes, style: Style) -> None:
        for number, (path, loss, inside) in enumerate(zip(shown.paths, drawn, near)):
            axes.plot(
                path.steps[inside], loss[inside], color=colour_of(number, style), alpha=0.3, linewidth=1.2, zorder=2
            )
            axes.plot([], [], color=colour_of(number, style), linewidth=2, marker=mark_of(number, len(shown.paths)),
                      label=one_line(path.name, 26))  # fmt: skip
        if logarithmic:
            axes.set_yscale("log")
            axes.set_ylim(floor / (high / floor) ** 0.05, high * (high / floor) ** 0.05)
        else:
            room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
            axes.set_ylim(low - room, high + room)
        axes.set_xlim(-0.02 * max(1, shown.steps[-1]), 1.04 * max(1, shown.steps[-1]))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_xlabel("step")
        axes.set_ylabel(f"loss ({one_line(loss_name, 20)})" if loss_name else "loss")
        if len(shown.paths) > 1:
            draw_legend(axes)

    movers = [
        Trail(path.steps[at].astype(np.float64), loss[at], path_colour(number), mark=mark_of(number, len(shown.paths)))
        for number, (path, at, loss) in enumerate(zip(shown.paths, shown.at, drawn))
    ]
    if len(shown.paths) == 1:
        captions = [f"loss {number_text(loss)}" for loss in losses[0][shown.at[0]]]
    else:
        best = [int(np.argmin([_finite_or_high(loss[at[k]]) for loss, at in zip(losses, shown.at)]))
                for k in range(shown.steps.size)]  # fmt: skip
        captions = [f"lowest: {one_line(shown.paths[i].name, 24)}" for i in best]
    return Panel(draw, movers, captions, width)


def draw_legend(axes: Axes) -> None:
    """The names of the paths below the axes, where nothing moves."""
    legend = axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2, fontsize=8.5, frameon=False)
    for text in legend.get_texts():
        literal(text)


def number_text(value: Any) -> str:
    """A number in a caption: four digits."""
    return f"{float(value):.4g}".replace("-", "−")


def step_text(step: Any) -> str:
    return f"step {int(step):,}"


def _finite_or_high(loss: float) -> float:
    return float(loss) if np.isfinite(loss) else np.inf


def names_of(shown: Shown) -> str:
    """The names of the runs, for a title."""
    return one_line(", ".join(path.name for path in shown.paths), 80)


def must_run(runs: Mapping[str, Run]) -> None:
    """Raise unless there is a run to show.

    Raises
    ------
    ModelError
        There is none.
    """
    if not runs:
        raise ModelError(
            "an animation shows a run, and a problem alone has none. Make one with sd.Run(problem, method)."
        )


def finished(animation: Animation, path: Place, progress: Tell | None) -> Animation:
    """The animation, written if it has a place to be written to."""
    if path is not None:
        animation.write(path, progress)
    return animation
