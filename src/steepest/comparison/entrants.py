"""Entrants: the methods of a comparison, by name, and the few that are compared where none is named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.optim.lbfgs import LBFGS
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.optim.method import Method
from steepest.optim.restarts import Restarts
from steepest.optim.search import Search
from steepest.training.descent import Descent
from steepest.training.methods import method_named
from steepest.training.problem import Problem

WITHOUT_END = 10**6  # starts: the budget ends them
LONG = 200  # steps of one of them: a slope without end must not take all of the budget
MANY_ROWS = 1000  # from which a descent on batches is compared, too
SMALLEST, LARGEST, A_ROUND = 64, 1024, 16  # batches: rows, and how many of them see all the data
MOST_WEIGHTS = 1000  # up to which searches, and decompositions of Jacobians, are compared where nobody says what is


@dataclass(frozen=True)
class Entrant:
    """A method in a comparison.

    Attributes
    ----------
    name : str
    method : Method
    """

    name: str
    method: Method

    @property
    def sweeps(self) -> bool:
        """Whether its rate is to be found by the sweep."""
        return isinstance(self.method, Descent) and self.method.learning_rate is None

    @property
    def uses_gradients(self) -> bool:
        inner = self.method.method if isinstance(self.method, Restarts) else self.method
        return isinstance(inner, Descent | LBFGS | LevenbergMarquardt)


def curve_fit(problem: Problem) -> bool:
    """Whether Levenberg-Marquardt can solve it."""
    return problem.has_data and problem.loss_function.slope is not None and problem.penalty is None


def usual(problem: Problem) -> list[str]:
    """What is compared where nobody says: the curvature method that suits, two descents, and searches."""
    few = problem.start.flat.size <= MOST_WEIGHTS
    names = ["levenberg_marquardt"] if few and curve_fit(problem) else []
    names += ["lbfgs", "gradient_descent", "adam"]
    if problem.rows >= MANY_ROWS and not problem.loss_function.root:
        size = 2 ** round(math.log2(problem.rows / A_ROUND))
        names.append(f"adam:{min(max(size, SMALLEST), LARGEST)}")
    return [*names, "restarts", *(("random_search", "genetic", "differential_evolution") if few else ())]


def entrants(problem: Problem, methods: Any, bounds: Any) -> list[Entrant]:
    """The methods, made ready for the problem.

    Parameters
    ----------
    problem : Problem
    methods : sequence of str, Rule or Method, or one text with commas, or None
        ``"adam:64"`` is Adam on batches of 64 rows; "restarts" are of Levenberg-Marquardt where it can solve the problem, else
        of L-BFGS-B, for as long as there is budget.
    bounds : optional
        Where searches and restarts look that have no bounds of their own.

    Raises
    ------
    ModelError
        There is none, a name is unknown or comes twice, or a method cannot solve the problem.
    """
    if methods is None:
        methods = usual(problem)
    elif isinstance(methods, str):
        methods = [part.strip() for part in methods.split(",")]
    elif not isinstance(methods, Sequence):
        methods = [methods]
    if not methods:
        raise ModelError("there is no method to compare.")
    found = [_entrant(problem, method, bounds) for method in methods]
    for k, entrant in enumerate(found):
        twins = [other for other in found[:k] if other.name == entrant.name]
        if twins and any(other.method == entrant.method for other in twins):
            raise ModelError(f"{entrant.name} is to be compared with itself: it is named twice.")
        if twins:  # the same method with other options
            found[k] = replace(entrant, name=f"{entrant.name} ({len(twins) + 1})")
    return found


def _entrant(problem: Problem, method: Any, bounds: Any) -> Entrant:
    if isinstance(method, str):
        name, colon, rows = method.partition(":")
        if colon and not rows.strip().isdigit():
            raise ModelError(f"{method!r} is not understood: write adam:64 for batches of 64 rows.")
        if name.strip().lower() == "restarts" and not colon:
            few = problem.start.flat.size <= MOST_WEIGHTS
            inner: Any = LevenbergMarquardt() if few and curve_fit(problem) else LBFGS()
            chosen: Any = Restarts(inner, WITHOUT_END, LONG)
        else:
            chosen = method_named(name, batch_size=whole("the batch size", int(rows)) if colon else None)
    else:
        chosen = method_named(method)
    if bounds is not None and isinstance(chosen, Search | Restarts) and chosen.bounds is None:
        chosen = replace(chosen, bounds=bounds)
    if isinstance(chosen, Descent):
        replace(chosen, learning_rate=1.0).init(
            problem, problem.start, 0
        )  # says at once what it cannot do, at no price
    elif isinstance(chosen, LevenbergMarquardt):
        chosen.init(problem, problem.start, 0)
    title = chosen.name[0].upper() + chosen.name[1:]
    if isinstance(chosen, Descent) and not chosen.batches.is_full(problem.rows):
        title += f", batches of {chosen.batches.size}"
    return Entrant(title, chosen)
