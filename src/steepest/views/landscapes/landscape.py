"""Landscape: the loss over two parameters or directions, with the paths of runs on it; numbers, no picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.training.problem import Problem
from steepest.training.run import Run
from steepest.views.landscapes.descent_path import DescentPath, named_runs, path_of
from steepest.views.landscapes.landscape_plane import Plane, plane_of
from steepest.views.landscapes.landscape_profile import profile_values
from steepest.views.landscapes.landscape_window import Point, Window, known_minima, near_points, window_of
from steepest.views.progress import Tell, counted

_SAME = 1e-9  # relative: by how much two problems' losses at one place may differ


@dataclass(frozen=True, eq=False)
class Track:
    """The path of one run on a landscape.

    Attributes
    ----------
    name, ending : str
        What it is called; how it ended.
    steps, x, y : ndarray, shape (k,)
    loss : ndarray, shape (k,)
        The path's own, with all its parameters.
    ground : ndarray, shape (k,)
        The loss of the plane at x and y: the path's own where there are no other parameters, NaN outside of the window.
    inside : ndarray of bool, shape (k,)
        Whether the point lies in the window.
    """

    name: str
    ending: str
    steps: Array
    x: Array
    y: Array
    loss: Array
    ground: Array
    inside: Array


@dataclass(frozen=True, eq=False)
class Landscape:
    """The loss over two parameters or directions, and where runs went on it.

    Attributes
    ----------
    plane : Plane
        ``plane.at(x, y)`` are the parameters at a point.
    x, y : ndarray, shape (nx,), (ny,)
    loss : ndarray, shape (ny, nx)
        The objective on all the data; NaN or infinite where it is so.
    tracks : tuple of Track
    minima : tuple of Point
        Known minima in the window: x, y and loss.
    loss_name : str
        Empty without data.
    note : str
        What to know when reading it: where the other parameters are, what lies outside.
    """

    plane: Plane
    x: Array
    y: Array
    loss: Array
    tracks: tuple[Track, ...]
    minima: tuple[Point, ...]
    loss_name: str
    note: str

    def __repr__(self) -> str:
        finite = self.loss[np.isfinite(self.loss)]
        between = f"loss {finite.min():.4g} to {finite.max():.4g}" if finite.size else "no finite loss"
        return f"Landscape({self.x.size}x{self.y.size} over {' and '.join(self.plane.labels)}, {between})"


def landscape(
    subject: Any,
    over: Any = None,
    *,
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
    points: int | None = None,
    minimum: Any = None,
    profile: bool = False,
    frames: Any = 200,
    seed: int = 0,
    progress: Tell | None = None,
) -> Landscape:
    """Evaluate the loss over two parameters or two directions, around the paths of runs.

    ``loss[i, j] = objective(plane.at(x[j], y[i]))`` on all the data. Parameters outside of the plane have their final values,
    or, with `profile`, those that make the loss smallest there.

    Random directions are normalised filter by filter: each row of a weight matrix is as long as the same row of the
    parameters, so that the picture does not depend on how weights are scaled against each other; biases keep still. The plane
    of a path is spanned by the two principal components of its points and goes through its end. Both are from Li, Xu, Taylor,
    Studer and Goldstein, "Visualizing the loss landscape of neural nets", NeurIPS 2018, sections 4 and 7.

    Parameters
    ----------
    subject : Run, Fit, sequence or mapping of them, or Problem
        A mapping's names are those of the paths. All must be of one problem; the first one's end is the centre.
    over : pair of str, "random" or "path", optional
        Two parameters, or elements of arrays such as ``("0.weight[0,1]", "2.bias[0]")``. Left out: the two parameters where there
        are just two, else the path, else random directions.
    x, y : pair of float, optional
        The window; unless given it holds the paths. A path is followed until its loss has risen a hundred times as
        far as it had to go down.
    points : int, optional
        Along each axis: 81, with `profile` 21.
    minimum : mapping of parameters to their values, or a sequence of them, optional
        Known minima. Left out, a problem of two parameters has those looked for that lie downhill from the ends.
    profile : bool
        For two parameters: minimise over all the others at each point, by L-BFGS-B from the neighbour's.
    frames : int or collection of int
        Steps of each path, as for `steepest.views.landscapes.descent_path.path_of`.
    seed : int
        Of random directions.
    progress : callable, optional
        ``progress(done, total)``.

    Raises
    ------
    ModelError
        A name is not there, there are not two parameters, the runs are of different problems, or a window is empty.

    Examples
    --------
    >>> import steepest as sd
    >>> bowl = lambda p: p["a"] ** 2 + 10 * (p["b"] - 1) ** 2
    >>> run = sd.minimize(bowl, {"a": 4.0, "b": 0.0}, method="gradient_descent", learning_rate=0.04, steps=30)
    >>> seen = landscape(run, points=41)
    >>> seen
    Landscape(41x41 over a and b, loss 0.008898 to 38.07)
    >>> [round(value, 6) for value in seen.minima[0]], seen.tracks[0].x[:2]
    ([0.0, 1.0, 0.0], array([4.  , 3.68]))
    """
    problem, runs = problem_and_runs(subject)
    if runs and problem.start.count >= 2:  # with one parameter there is nothing to be done again for
        paths = [path_of(run, name, frames, progress, early=True) for name, run in runs.items()]
    else:
        paths = []
    return landscape_of(problem, paths, over, x=x, y=y, points=points, minimum=minimum, profile=profile, seed=seed,
                        progress=progress)  # fmt: skip


def landscape_of(
    problem: Problem,
    paths: Sequence[DescentPath],
    over: Any = None,
    *,
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
    points: int | None = None,
    minimum: Any = None,
    profile: bool = False,
    seed: int = 0,
    progress: Tell | None = None,
) -> Landscape:
    """As `landscape`, around paths that are there already; without any, around the problem's start."""
    count = whole("points", points, 2) if points is not None else 21 if profile else 81
    centre, model = (paths[0].run.params, paths[0].run.state.get("model")) if paths else (problem.start, None)
    near = [near_points(path) for path in paths]
    seen = np.concatenate([path.flat[inside] for path, inside in zip(paths, near)]) if paths else np.empty((0, 0))
    plane = plane_of(centre, over, seen if len(seen) else None, problem.scale, seed)
    places = [plane.coordinates(path.flat) for path in paths]
    shown = [Point(px, py, math.nan) for at, inside in zip(places, near) for px, py in np.column_stack(at)[inside]]
    minima = known_minima(problem, plane, minimum, model, [path.run.params for path in paths[1:]])
    window = window_of(plane, shown, minima, x, y, given=minimum is not None)
    grid_x, grid_y = np.linspace(*window.x, count), np.linspace(*window.y, count)
    if profile:
        loss, note = profile_values(problem, plane, grid_x, grid_y, progress), "the others minimised at each point"
    else:
        loss, note = _values(problem, plane, grid_x, grid_y, model, progress), _others(plane, bool(paths))
    tracks = tuple(_track(problem, plane, path, *at, window, model) for path, at in zip(paths, places))
    notes = [note, *_outside(tracks), *_elsewhere(plane, minima, window)]
    return Landscape(
        plane, grid_x, grid_y, loss, tracks, tuple(m for m in minima if window.holds(m.x, m.y)),
        problem.loss_function.name if problem.has_data else "", "; ".join(n for n in notes if n),
    )  # fmt: skip


def problem_and_runs(subject: Any) -> tuple[Problem, dict[str, Run]]:
    """The problem of one or several runs, or the problem itself without any.

    Raises
    ------
    ModelError
        The runs are of different problems.
    """
    if isinstance(subject, Problem):
        return subject, {}
    runs = named_runs(subject, "a landscape")
    first, *others = runs.values()
    layout = [(name, first.params[name].shape) for name in first.params]
    for name, run in list(runs.items())[1:]:
        if [(n, run.params[n].shape) for n in run.params] != layout:
            raise ModelError(f"the runs are of different problems: '{name}' has the parameters {run.params!r}, the first "
                             f"{first.params!r}. Draw them apart.")  # fmt: skip
    for run in others:
        if run.problem is not first.problem:
            here, there = (r.problem.value(first.params, first.state.get("model")) for r in (first, run))
            if not np.isclose(here, there, rtol=_SAME, atol=0, equal_nan=True):
                raise ModelError(f"the runs are of different problems: at the same parameters one has the loss {here:.6g}, "
                                 f"another {there:.6g}. Draw them apart.")  # fmt: skip
    return first.problem, runs


def _values(problem: Problem, plane: Plane, x: Array, y: Array, model: Any, progress: Tell | None) -> Array:
    rows = counted(y.tolist(), "evaluating the landscape", progress)
    return np.array([[problem.value(plane.at(each, row), model) for each in x.tolist()] for row in rows])


def _others(plane: Plane, ended: bool) -> str:
    """Where the parameters outside of the plane are."""
    if plane.centre.count == 2:
        return ""
    values = "final" if ended else "first"
    if plane.elements is not None:
        others = plane.centre.count - 2
        return (
            f"the other {others:,} parameters have their {values} values"
            if others > 1
            else f"the other parameter has its {values} value"
        )
    through = f"the plane through the {values} values of all {plane.centre.count:,} parameters"
    if plane.share is None:
        return through
    return f"{through}, with {plane.share:.1%} of the path's variance".replace("%", " %")


def _track(problem: Problem, plane: Plane, path: DescentPath, x: Array, y: Array, window: Window, model: Any) -> Track:
    outcome = path.run.outcome
    ending = "" if outcome is None else outcome.name.replace("_", " ")
    inside = window.holds(x, y)
    ground = path.losses
    if plane.centre.count > 2:
        ground = np.array([problem.value(plane.at(*at), model) if seen else np.nan for *at, seen in zip(x, y, inside)])
    return Track(path.name, ending, path.steps, x, y, path.losses, ground, inside)


def _outside(tracks: Sequence[Track]) -> list[str]:
    """What is said of paths that leave the window."""
    said = []
    for track in tracks:
        out = np.flatnonzero(~track.inside)
        if out.size:
            when = "at some steps" if track.inside[out[0] :].any() else f"from step {track.steps[out[0]]:,} on"
            said.append(f"{track.name} is outside of the picture {when}")
    return said


def _elsewhere(plane: Plane, minima: Sequence[Point], window: Window) -> list[str]:
    return [
        f"a minimum lies outside, at {plane.labels[0]} = {m.x:.4g}, {plane.labels[1]} = {m.y:.4g}"
        for m in minima
        if not window.holds(m.x, m.y)
    ]
