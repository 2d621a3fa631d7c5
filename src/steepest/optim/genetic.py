"""Genetic algorithm: a population, selection by tournament, crossover, mutation, elitism."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steepest.base.checks import between, whole
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.optim.method import State
from steepest.optim.search import Search, Space

BLEND = 0.5  # how far beyond two parents their children may lie, as a share of the parents' distance
ON_LINE = 0.5  # share of children on the line through their parents


@dataclass(frozen=True)
class GeneticAlgorithm(Search):
    """A population that improves by selection, crossover and mutation of real numbers; a `Method`.

    The first generation is the start and points drawn uniformly from the region. Each next one keeps the `elitism` best as
    they are; every other child has two parents, each the best of `tournament` members drawn at random (Goldberg and Deb, FOGA
    1, 1991). With probability `crossover` it is a blend of them,

        child = p + u * (q - p),    u uniform from -1/2 to 3/2, anew for each parameter

    (BLX-0.5: Eshelman and Schaffer, FOGA 2, 1993), for half of the children with one u for all parameters, so that they stay in a
    narrow valley (line recombination: Muhlenbein and Schlierkamp-Voosen, Evol. Comput. 1, 1993); else the first of them. Each
    parameter is then changed with probability `mutation` by a normal number as wide as the population is in this parameter, so
    that the search narrows with it.

    Parameters
    ----------
    population : int
        Members, at least 4; the points of a generation (one step).
    tournament : int
        Members that compete to become a parent; more select harder.
    crossover, mutation : float
        Probabilities, from 0 to 1.
    elitism : int
        How many of the best live on unchanged; at least 1, since the lowest ever seen is kept.
    bounds
        See `Search`.

    Raises
    ------
    ModelError
        An argument is out of its range.

    Examples
    --------
    >>> import steepest as sd
    >>> run = sd.minimize(lambda x: (x[0] - 1) ** 2 + (x[1] + 2) ** 2, [3.0, 2.0], method=GeneticAlgorithm(bounds=(-5, 5)))
    >>> run.params["x"].round(3).tolist(), run.outcome.name
    ([1.0, -2.0], 'converged')
    """

    population: int = 50
    tournament: int = 2
    crossover: float = 0.9
    mutation: float = 0.2
    elitism: int = 2
    name = "genetic algorithm"

    def __post_init__(self) -> None:
        whole("the population", self.population, 4)
        whole("the members of a tournament", self.tournament)
        between("the probability of crossover", self.crossover, 0.0, 1.0)
        between("the probability of mutation", self.mutation, 0.0, 1.0)
        whole("elitism (members that live on)", self.elitism)
        if self.elitism >= self.population:
            raise ModelError(
                f"elitism {self.elitism} of a population of {self.population} leaves no room for children."
            )

    def first(self, start: Array, loss: float) -> State:
        return {"members": start[None], "losses": np.array([loss])}

    def generation(self, state: State, space: Space, draws: np.random.Generator) -> State:
        members, losses = state["members"], state["losses"]
        if len(members) == 1:
            kept, children = 1, draws.random((self.population - 1, members.shape[1]))
        else:
            kept, children = self.elitism, space.region.inside(self._children(members, draws))
        members = np.concatenate([members[:kept], children])
        losses = np.concatenate([losses[:kept], space.losses(children)])
        order = np.argsort(losses, kind="stable")
        return {"members": members[order], "losses": losses[order]}

    def _children(self, members: Array, draws: np.random.Generator) -> Array:
        """The next generation of a population in order of its losses, without those that live on."""
        count, n = self.population - self.elitism, members.shape[1]
        # The members are in order: the best of a tournament is the first of them.
        parents = draws.integers(0, self.population, (2, count, self.tournament)).min(axis=2)
        first, second = members[parents[0]], members[parents[1]]
        blends = draws.uniform(-BLEND, 1.0 + BLEND, (count, n))
        on_line = draws.random(count) < ON_LINE
        blends[on_line] = blends[on_line, :1]
        blends[draws.random(count) >= self.crossover] = 0.0
        noise = self.width({"members": members}) * draws.standard_normal((count, n))
        noise[draws.random((count, n)) >= self.mutation] = 0.0
        return np.asarray(first + blends * (second - first) + noise)

    @property
    def points_a_step(self) -> int:
        return self.population

    def width(self, state: State) -> Array:
        members = state["members"]
        return np.full(members.shape[1], 1.0) if len(members) == 1 else np.asarray(members.std(axis=0))
