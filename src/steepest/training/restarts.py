"""restarts: descents from several starts, and the minima that they end in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from steepest.base.checks import is_number
from steepest.base.errors import ModelError
from steepest.base.params import Params
from steepest.base.registry import provided
from steepest.optim.minima import distinct
from steepest.optim.region import Region
from steepest.optim.restarts import Restarts
from steepest.optim.stopping import Stopping
from steepest.training.methods import method_named
from steepest.training.minimize import problem_of
from steepest.training.problem import Problem
from steepest.training.run import Run

SAME_LOSS = 1e-6  # of the known minimum, or of how far the start lies above it


@dataclass(frozen=True)
class Minimum:
    """A place where descents have ended.

    Attributes
    ----------
    loss : float
    params : Params
        Of the lowest descent that ended there.
    count : int
        How many descents ended there.
    starts : tuple of Params
        Where they began.
    settled : bool
        Whether one of them converged; if not, the place may be a point on the way.
    is_global : bool or None
        Whether it is as low as the known minimum; None where none is known.
    """

    loss: float
    params: Params
    count: int
    starts: tuple[Params, ...]
    settled: bool
    is_global: bool | None


class Minima(Sequence[Minimum]):
    """The minima that several descents have found, the lowest first.

    Attributes
    ----------
    run : Run
        Of `Restarts`: a step a descent.
    known_minimum : float or None
    method_name : str
        What descended.
    scale : ndarray, shape (n,)
        The least magnitude of each parameter that counts.
    first : float
        The loss at the first start.
    lost : int
        Descents that did not end at a finite loss.
    """

    def __init__(self, run: Run, known_minimum: float | None = None) -> None:
        if not isinstance(run.method, Restarts):
            raise ModelError(f"minima are told apart from a run of Restarts, not of {run.method.name}.")
        self.run, self.known_minimum = run, known_minimum
        self.method_name = run.method.method.name
        state = run.state
        self.scale = Region.from_state(state["region"]).scale
        losses, outcomes = state["losses"], state["outcomes"]
        groups = distinct(state["ends"], losses, self.scale)
        self.first = first = run.problem.value(run.problem.start)
        self.lost = len(losses) - sum(map(len, groups))
        self._found = [
            Minimum(
                loss=float(losses[group[0]]),
                params=run.params.replaced(state["ends"][group[0]]),
                count=len(group),
                starts=tuple(run.params.replaced(state["starts"][k]) for k in sorted(group)),
                settled=any(outcomes[k] in ("converged", "threshold_reached") for k in group),
                is_global=None if known_minimum is None else reaches(float(losses[group[0]]), known_minimum, first),
            )
            for group in groups
        ]

    @property
    def lowest(self) -> Minimum:
        """The lowest one.

        Raises
        ------
        ModelError
            No descent has found a finite loss.
        """
        if not self._found:
            raise ModelError("no descent has ended at a finite loss. Give another start, or bounds=.")
        return self._found[0]

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, k: Any) -> Any:
        return self._found[k]

    def __iter__(self) -> Iterator[Minimum]:
        return iter(self._found)

    def __repr__(self) -> str:
        return str(provided("Minima", "summary")(self))


def reaches(loss: float, known: float, first: float) -> bool:
    """Whether a loss is as low as a known minimum, as far as digits go; `first` is the loss at the start."""
    span = abs(first - known) if math.isfinite(first) else 0.0
    return loss <= known + SAME_LOSS * max(abs(known), span)


def restarts(
    f: Callable[..., Any] | Problem,
    start: Any = None,
    *,
    method: Any = "lbfgs",
    starts: int = 20,
    bounds: Any = None,
    known_minimum: float | None = None,
    steps: int | None = None,
    time: float | None = None,
    threshold: float | None = None,
    tolerance: float = 1e-8,
    seed: int = 0,
    hooks: Any = (),
) -> Minima:
    """Descend from several starts and tell apart the minima that they end in.

    Parameters
    ----------
    f : callable or Problem
        As for `minimize`, or a Problem.
    start : number, array-like, or dict of them
        Where the first descent begins; a Problem has its own.
    method : str, Rule or Method
        What descends: lbfgs, levenberg_marquardt, adam, …
    starts : int
        How many descents there are.
    bounds : optional
        Where the other starts are drawn: a pair for all parameters, a dict of name to pair, or a pair for each element. Left
        out, within 3 natural magnitudes of the start.
    known_minimum : float, optional
        The lowest loss there is, where that is known: then each minimum is told from the global one.
    steps : int, optional
        The most steps of one descent.
    time, threshold, tolerance, seed, hooks
        See `Run` and `Stopping`; the time is looked at between descents.

    Returns
    -------
    Minima

    Raises
    ------
    ModelError
        An argument makes no sense.

    Examples
    --------
    >>> import steepest as sd
    >>> found = sd.restarts(lambda x: (x**2 - 1) ** 2 + 0.1 * x, 0.9, bounds=(-2, 2))
    >>> [(round(m.loss, 4), m.params["x"].round(3).item()) for m in found]
    [(-0.1006, -1.012), (0.0994, 0.987)]
    >>> sum(m.count for m in found)
    20
    """
    if known_minimum is not None and not (is_number(known_minimum) and math.isfinite(known_minimum)):
        raise ModelError(f"the known minimum must be a finite number, not {known_minimum!r}.")
    if isinstance(f, Problem):
        if start is not None:
            raise ModelError("a Problem brings its own start: leave start out.")
        problem = f
    else:
        problem = problem_of(f, start)
    many = Restarts(method_named(method), starts, steps, bounds)
    stopping = Stopping(tolerance=tolerance, threshold=threshold)
    run = Run(problem, many, time=time, seed=seed, stopping=stopping, hooks=hooks).finish()
    return Minima(run, known_minimum)
