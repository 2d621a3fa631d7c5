"""DescentPath: where a run went, from what it kept or by doing it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.base.params import Array, Params
from steepest.training.hooks import Hook
from steepest.training.run import Run
from steepest.views.progress import Tell, telling
from steepest.views.subject import run_of

_SAME = 1e-9  # relative: by how much the losses of a run done again may differ


@dataclass(frozen=True, eq=False)
class DescentPath:
    """Where a run went: its parameters at some of its steps.

    Attributes
    ----------
    run : Run
    name : str
        What to call it beside others.
    steps : ndarray of int, shape (k,)
        Rising; 0 is the start.
    params : tuple of Params, length k
    """

    run: Run
    name: str
    steps: Array
    params: tuple[Params, ...]

    @cached_property
    def flat(self) -> Array:
        """The parameters as rows, shape (k, n)."""
        return np.array([p.flat for p in self.params], dtype=np.float64)

    @cached_property
    def losses(self) -> Array:
        """The objective on all the data at each of them, shape (k,)."""
        model = self.run.state.get("model")
        return np.array([self.run.problem.value(p, model) for p in self.params])


def path_of(
    run: Run, name: str = "", frames: int | Iterable[int] = 100, progress: Tell | None = None, early: bool = False
) -> DescentPath:
    """The parameters of a run at some of its steps.

    They are the run's snapshots where it kept enough of them; otherwise the run is done again from its seed, which gives the
    same bits.

    Parameters
    ----------
    run : Run
        It stays as it is.
    name : str
    frames : int or collection of int
        How many steps at most, evenly spaced from the start to the end; or just these.
    early : bool
        Of a number of frames, take every other one from the early steps, where a path has its bends: in geometric progression.
    progress : callable, optional
        ``progress(done, total)``; a line on the terminal unless given.

    Raises
    ------
    ModelError
        A step lies beyond the run's end, or it kept too few snapshots and cannot be done again (its hooks changed something, or
        it was called again after it had ended).

    Examples
    --------
    >>> import steepest as sd
    >>> run = sd.minimize(lambda z: z**2, -4.0, method="gradient_descent", learning_rate=0.05, steps=50)
    >>> path = path_of(run, frames=[0, 1, 50])
    >>> path.steps, path.flat[:, 0].round(6)
    (array([ 0,  1, 50]), array([-4.      , -3.6     , -0.020615]))
    """
    wanted = steps_shown(run.steps_done, frames, early)
    kept = {**run.history.snapshots, run.steps_done: run.position}
    if isinstance(frames, int):
        wanted = _nearest(wanted, np.array(sorted(kept)))
    if not set(wanted.tolist()) <= set(kept):
        again = _done_again(run, wanted, progress)
        if again is None and not (run.history.snapshots and isinstance(frames, int)):
            some = ", ".join(map(str, sorted(run.history.snapshots)[:3]))
            remedy = (
                f"Show the steps that it kept, {some}, …, or leave frames out."
                if some
                else "Run it anew with snapshots=10 (or another distance), which keeps its path."
            )
            raise ModelError(
                "this run cannot be done again from its seed: its hooks changed something on the way, or it was called again "
                f"after it had ended. {remedy}"
            )
        kept, wanted = (kept, np.array(sorted(kept))) if again is None else (again, wanted)
    return DescentPath(run, name or run.method.name, wanted, tuple(kept[int(step)] for step in wanted))


def steps_shown(last: int, frames: int | Iterable[int], early: bool = False) -> Array:
    """The steps 0..last, thinned to at most `frames`, with `early` half of them geometrically; or just those that `frames` lists.

    Examples
    --------
    >>> steps_shown(10, 3), steps_shown(2, 50), steps_shown(10, [4, 0])
    (array([ 0,  5, 10]), array([0, 1, 2]), array([0, 4]))
    >>> steps_shown(1000, 8, early=True)
    array([   0,    1,   10,  100,  333,  667, 1000])
    """
    if isinstance(frames, Iterable):
        wanted = np.unique(np.array([whole("a step to show", step, 0) for step in frames], dtype=np.int64))
        if not wanted.size:
            raise ModelError("there are no steps to show: frames is empty.")
        if wanted[-1] > last:
            raise ModelError(f"step {wanted[-1]} cannot be shown: this run did {last} step{'s' * (last != 1)}.")
        return wanted
    count = whole("frames", frames, 2)
    if early and last + 1 > count >= 4:
        steps = np.concatenate([np.linspace(0, last, count // 2), np.geomspace(1, last, count - count // 2)])
        return np.unique(steps.round().astype(np.int64))
    return np.unique(np.linspace(0, last, min(count, last + 1)).round().astype(np.int64))


def _nearest(wanted: Array, kept: Array) -> Array:
    """The kept steps nearest to the wanted ones, if they are about as dense; else the wanted ones."""
    spacing = int(np.max(np.diff(wanted), initial=1))
    if kept[0] != 0 or np.max(np.diff(kept), initial=0) > 2 * spacing:
        return wanted
    right = np.searchsorted(kept, wanted).clip(0, kept.size - 1)
    left = (right - 1).clip(0)
    nearer = np.where(np.abs(kept[left] - wanted) < np.abs(kept[right] - wanted), left, right)
    return np.unique(kept[nearer])


def _done_again(run: Run, wanted: Array, progress: Tell | None) -> dict[int, Params] | None:
    """The parameters at the wanted steps of a second run from the same seed; None if it does not go the same way."""
    problem, method, last = run.problem, run.method, int(wanted[-1])
    kept: dict[int, Params] = {}
    with telling("doing the run again", progress) as tell:
        if method.stepwise:
            shown = Hook(lambda twin: tell(twin.steps_done, last), every=0.1, unit="second")
            twin = Run(problem, method, steps=last, seed=run.seed, stopping=run.stopping,
                       hooks=[shown], snapshots=wanted.tolist()).finish()  # fmt: skip
            kept = twin.history.snapshots
        else:  # it cannot stop on the way: each length is a run of its own
            for step in wanted.tolist():
                twin = Run(problem, method, steps=step, seed=run.seed, stopping=run.stopping).finish()
                kept[step] = twin.position
                tell(step, last)
    before, after = run.history["loss"][:last], twin.history["loss"]
    same = before.shape == after.shape and np.allclose(before, after, rtol=_SAME, atol=0, equal_nan=True)
    return kept if same and set(wanted.tolist()) <= set(kept) else None


def named_runs(subject: Any, picture: str) -> dict[str, Run]:
    """One run or fit, a sequence of them, or a mapping of names to them: as names to runs.

    Runs without a name are called after their method, and its rate or their number where that does not tell them apart.

    Raises
    ------
    ModelError
        There are none, or one of them is neither a run nor a fit.
    """
    if isinstance(subject, Mapping):
        named = {str(name): run_of(each, picture) for name, each in subject.items()}
    elif isinstance(subject, Sequence) and not isinstance(subject, str):
        runs = [run_of(each, picture) for each in subject]
        named = dict(zip(_told_apart(runs), runs, strict=True))
    else:
        run = run_of(subject, picture)
        named = {run.method.name: run}
    if not named:
        raise ModelError(f"{picture} needs at least one run; there is none.")
    return named


def _told_apart(runs: list[Run]) -> list[str]:
    names = [run.method.name for run in runs]
    if len(set(names)) < len(names):
        rates = [getattr(run.method, "learning_rate", None) for run in runs]
        names = [f"{n}, rate {r:g}" if isinstance(r, int | float) else n for n, r in zip(names, rates, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{name} ({i})" for i, name in enumerate(names, 1)]
    return names
