"""compare: which method, for this problem and this budget?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from steepest.base.checks import is_number, whole
from steepest.base.errors import ModelError, ShapeError
from steepest.base.params import Params
from steepest.base.random import generator
from steepest.comparison.budget import Budget
from steepest.comparison.entrants import entrants
from steepest.comparison.meter import Meter
from steepest.comparison.race import IMPOSSIBLE, race
from steepest.comparison.result import Comparison, Entry
from steepest.optim.region import Region
from steepest.training.problem import Problem

Watch = Callable[[str, int, Meter], None]
TRIES = 20  # to draw a start at which the loss is finite


def compare(
    problem: Problem,
    methods: Any = None,
    budget: Any = "2000evals",
    *,
    seeds: int = 5,
    starts: Sequence[Any] | None = None,
    bounds: Any = None,
    known_minimum: float | None = None,
    seed: int = 0,
    watch: Watch | None = None,
) -> Comparison:
    """Run several methods on one problem, each with the same budget from the same starts.

    Parameters
    ----------
    problem : Problem
    methods : sequence of str, Rule or Method, or one text with commas, optional
        Names as for `fit`; ``"adam:64"`` is Adam on batches of 64 rows. Left out, a few that suit the problem.
    budget : str or number
        For each method from each start: ``"2000evals"`` (or 2000), or ``"5s"``. The loss on all rows is one evaluation, its
        gradient one more; a batch counts its share of the rows; a Jacobian one and the smaller of the numbers of parameters
        and residuals; a Hessian-vector product four. Everything a method asks for counts, rates and curvatures too.
    seeds : int
        How many starts: the problem's own, and others drawn uniformly from the region that searches look at. Each method has
        random numbers of its own from each.
    starts : sequence of mappings or Params, optional
        The starts themselves, such as a network's from several keys.
    bounds : optional
        The region; see `Region.of`. Left out, within 3 natural magnitudes of the problem's start.
    known_minimum : float, optional
        The lowest loss there is, where that is known.
    seed : int
        Of all randomness; with a budget in evaluations the comparison is then the same, times apart.
    watch : callable, optional
        ``watch(method, k, meter)`` is called about ten times a second: the method's name, the number of the start (from 0),
        and what it has spent and found.

    Returns
    -------
    Comparison
        ``print`` it for the table and the advice; ``.plot("race.png")`` draws it.

    Raises
    ------
    ModelError
        A method, the budget, the bounds or a start makes no sense.

    Examples
    --------
    >>> import steepest as sd
    >>> race = sd.compare(sd.functions.beale.problem(), "lbfgs, random_search", 300, seeds=3, known_minimum=0.0)
    >>> race.best.name
    'L-BFGS-B'
    >>> race["random search"].median > race["lbfgs"].median
    True
    """
    if not isinstance(problem, Problem):
        raise ModelError(
            f"compare takes a Problem, not {type(problem).__name__}: Problem.of_function(f, start) makes one of a function, "
            "formula_problem(formula, data) one of a formula."
        )
    if known_minimum is not None and not (is_number(known_minimum) and math.isfinite(known_minimum)):
        raise ModelError(f"the known minimum must be a finite number, not {known_minimum!r}.")
    limit = Budget.read(budget)
    begins = (
        _given(problem, starts)
        if starts is not None
        else _drawn(problem, whole("the number of starts", seeds), bounds, seed)
    )
    entries = []
    for entrant in entrants(problem, methods, bounds):
        races = []
        for k, start in enumerate(begins):
            told = None if watch is None else _told(watch, entrant.name, k)
            races.append(race(problem, entrant, start, limit, seed + k, told))
            if races[-1].outcome == IMPOSSIBLE:
                break
        if races[-1].outcome == IMPOSSIBLE:
            races = [replace(races[-1], start=start) for start in begins]
        entries.append(Entry(entrant, tuple(races)))
    if all(entry.races[0].outcome == IMPOSSIBLE for entry in entries):
        raise ModelError(f"no method can solve this problem. {entries[0].name}: {entries[0].races[0].message}")
    return Comparison(problem, limit, entries, Region.of(problem, problem.start, bounds).scale, known_minimum)


def _told(watch: Watch, name: str, k: int) -> Callable[[Meter], None]:
    return lambda meter: watch(name, k, meter)


def _given(problem: Problem, starts: Sequence[Any]) -> list[Params]:
    """The starts that were given, as parameters of the problem."""
    found = []
    for k, start in enumerate(starts):
        params = start if isinstance(start, Params) else Params(start)
        if list(params) != list(problem.start) or any(params[n].shape != problem.start[n].shape for n in params):
            raise ShapeError(f"start {k + 1} does not have the names and shapes of the problem's parameters.")
        found.append(problem.start.replaced(params.flat))
    if not found:
        raise ModelError("there is no start to compare from.")
    return found


def _drawn(problem: Problem, count: int, bounds: Any, seed: int) -> list[Params]:
    """The problem's start, and others from the region at which the loss is finite, where there are such."""
    region = Region.of(problem, problem.start, bounds)
    found = [problem.start]
    for k in range(1, count):
        for attempt in range(TRIES):
            draws = generator(seed, "comparison", k, attempt)
            start = problem.start.replaced(region.point(draws.random(problem.start.flat.size)))
            if math.isfinite(problem.value(start)):
                break
        found.append(start)
    return found
