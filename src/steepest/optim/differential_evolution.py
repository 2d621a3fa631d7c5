"""Differential evolution, SciPy's, as a method."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.checks import between, whole
from steepest.base.params import Array
from steepest.optim.method import State
from steepest.optim.search import Search, Space

A_PARAMETER = 15  # members for each parameter, as SciPy has it
MOST = 100  # members unless more are asked for
WORST = 1e300  # stands for a loss that is not finite: SciPy takes infinite ones for members without a loss


@dataclass(frozen=True)
class DifferentialEvolution(Search):
    """Differential evolution (Storn and Price, J. Global Optim. 11, 1997), best1bin; a `Method`.

    A trial for each member mixes it with a mutant ``best + F * (a - b)`` of the best member and the difference of two others,
    F drawn anew from 0.5 to 1 in each generation, and takes its place if its loss is no higher. SciPy's implementation, a
    generation a step; it never leaves the region.

    Parameters
    ----------
    population : int, optional
        Members, at least 5; 15 for each parameter if left out, but no more than 100.
    recombination : float
        Probability that a parameter of a trial is the mutant's, from 0 to 1.
    bounds
        See `Search`.

    Raises
    ------
    ModelError
        An argument is out of its range.

    Examples
    --------
    >>> import steepest as sd
    >>> method = DifferentialEvolution(bounds=(-5, 5))
    >>> run = sd.minimize(lambda x: (x[0] - 1) ** 2 + abs(x[1]), [3.0, 2.0], method=method)
    >>> run.params["x"].round(6).tolist(), run.outcome.name
    ([1.0, 0.0], 'converged')
    """

    population: int | None = None
    recombination: float = 0.7
    name = "differential evolution"

    def __post_init__(self) -> None:
        if self.population is not None:
            whole("the population", self.population, 5)
        between("recombination", self.recombination, 0.0, 1.0)

    def first(self, start: Array, loss: float) -> State:
        return {"members": start[None], "losses": np.array([loss])}

    def generation(self, state: State, space: Space, draws: np.random.Generator) -> State:
        members, losses = state["members"], state["losses"]
        n = members.shape[1]
        if len(members) == 1:
            count = self.population or max(min(A_PARAMETER * n, MOST), 5)
            others = draws.random((count - 1, n))
            return {"members": np.concatenate([members, others]), "losses": np.append(losses, space.losses(others))}
        known = [np.where(np.isfinite(losses), losses, WORST)]

        def objective(points: Array) -> Array:
            """The losses of the points, SciPy's first question being for those that it was given."""
            if known:
                return known.pop()
            found = space.losses(points.T)
            return np.where(np.isfinite(found), found, WORST)

        return _evolved(objective, members, self.recombination, draws)

    @property
    def points_a_step(self) -> int:
        return self.population or MOST

    def width(self, state: State) -> Array:
        members = state["members"]
        return np.full(members.shape[1], 1.0) if len(members) == 1 else np.asarray(members.std(axis=0))


def _evolved(objective: Any, members: Array, recombination: float, draws: np.random.Generator) -> State:
    """One generation of SciPy's, in the unit box."""
    from scipy.optimize import differential_evolution  # 0.7 s, paid by who uses it

    # The argument for randomness has changed its name in SciPy 1.15.
    random = "rng" if "rng" in inspect.signature(differential_evolution).parameters else "seed"
    with np.errstate(all="ignore"):
        result = differential_evolution(
            objective, [(0.0, 1.0)] * members.shape[1], init=members, maxiter=1, tol=0.0, polish=False,
            recombination=recombination, updating="deferred", vectorized=True, **{random: draws},
        )  # fmt: skip
    losses = np.asarray(result.population_energies)
    return {"members": np.asarray(result.population), "losses": np.where(losses < WORST, losses, np.inf)}
