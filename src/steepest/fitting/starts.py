"""Starts: where a fit of a formula begins when nobody says, and how that was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from steepest.base.bounds import Bounds
from steepest.base.params import Array
from steepest.base.progress import tell
from steepest.base.random import generator
from steepest.fitting.candidates import Candidates
from steepest.fitting.model import FitData, FormulaModel
from steepest.fitting.multistart import Minimum, distinct, minima, upright
from steepest.fitting.projection import Projection
from steepest.formula.scales import scales
from steepest.formula.structure import linear_parameters
from steepest.formula.tree import Binary, Name, postorder
from steepest.nn.losses import Loss, mse

MOST_ROWS = 400  # a start needs no more
SHOWING_ROWS = 20_000  # in which frequencies, rates and peaks are looked for
ENOUGH = 3  # descents that end in the lowest minimum: then it is taken for the lowest there is
MOST_BATCHES = 4
ZERO = "0, to have something to descend"


@dataclass(frozen=True)
class Starts:
    """The start of a fit, and what was tried to find it.

    Attributes
    ----------
    values : dict of str to float
        Where the fit begins.
    sources : dict of str to str
        For each parameter where its values came from: "given", "solved for", or what in the data shows them.
    tried : int
        Combinations of values whose loss was computed, with the parameters that can be solved for at their best.
    descended : int
        The best of them, which were descended.
    reached : int
        How many of these ended in the lowest minimum; the others ended in another, or were given up.
    next_best : float or None
        The loss of the next minimum, divided by the lowest loss; None where there was only one.
    """

    values: dict[str, float]
    sources: dict[str, str]
    tried: int = 0
    descended: int = 0
    reached: int = 0
    next_best: float | None = None

    def from_zero(self, names: Sequence[str]) -> Starts:
        """The same with some parameters at 0, so that there is something to descend."""
        zeros, sources = dict.fromkeys(names, 0.0), dict.fromkeys(names, ZERO)
        return replace(self, values=self.values | zeros, sources=self.sources | sources)

    @property
    def doubtful(self) -> bool:
        """Whether so few descents ended in the lowest minimum that there may well be a lower one."""
        return self.tried > 1 and 0 < self.reached < ENOUGH

    def __str__(self) -> str:
        """In words, for a table."""
        if not self.tried:
            return "given"
        if self.tried == 1:
            return ZERO if ZERO in self.sources.values() else "solved for"
        if not self.descended:
            return f"none of {self.tried:,} combinations is finite"
        other = "no other was met"
        if self.next_best is not None:
            more = (
                f"{self.next_best:.3g} times as high"
                if self.next_best >= 2
                else f"{100 * (self.next_best - 1):.2g} % higher"
            )
            other = f"the loss of the next is {more}"
        return f"best of {self.tried:,}; {self.reached} of {self.descended} descents end in the lowest minimum, {other}"


def natural_scales(model: FormulaModel, data: FitData) -> dict[str, float]:
    """The magnitude of each parameter that lets the formula's terms match the data."""
    sizes = {name: _size(column) for name, column in data.columns.items()}
    return scales(model.bound.formula.tree, model.parameters, sizes, _size(data.observed))


def linear_of(model: FormulaModel) -> tuple[str, ...]:
    """The parameters in which the formula is linear, together."""
    return linear_parameters(model.bound.formula.tree, model.parameters)


def guess(
    model: FormulaModel,
    data: FitData,
    given: Mapping[str, float],
    seed: int = 0,
    loss: Loss = mse,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
) -> Starts:
    """A start for each parameter, keeping those that are given.

    Parameters in which the formula is linear are solved for. The others are tried at values that the data show (a frequency in
    the spectrum, a rate in a log-slope, the place of a peak) and at multiples of their natural magnitude; the best combinations
    are descended side by side, the poor ones given up early, and the lowest minimum is the start. If few descents end there,
    others are tried. Nothing here feels the units of the data: a change of unit changes the start as it should. The same seed
    gives the same start.

    Within `bounds`: linear parameters are solved for as if there were none, and tried like the others if that leaves them.
    """
    free = [name for name in model.parameters if name not in given]
    linear = [name for name in linear_of(model) if name in free]
    if not free:
        return Starts({name: float(given[name]) for name in model.parameters}, dict.fromkeys(model.parameters, "given"))
    found = _found(model, data, given, linear, seed, loss, bounds or {})
    left = [name for name in linear if not _inside(found.values[name], (bounds or {}).get(name))]
    if not left:
        return found
    again = _found(model, data, given, [n for n in linear if n not in (bounds or {})], seed, loss, bounds or {})
    return replace(again, tried=again.tried + found.tried, descended=again.descended + found.descended)


def _inside(value: float, pair: tuple[float | None, float | None] | None) -> bool:
    low, high = pair or (None, None)
    return (low is None or low <= value) and (high is None or value <= high)


def _found(
    model: FormulaModel,
    data: FitData,
    given: Mapping[str, float],
    linear: list[str],
    seed: int,
    loss: Loss,
    bounds: Mapping[str, tuple[float | None, float | None]],
) -> Starts:
    """The start with these parameters solved for."""
    curved = [name for name in model.parameters if name not in given and name not in linear]
    box = _box(curved, bounds)
    shown = _thinned(data, SHOWING_ROWS, seed)
    projection = Projection(model, _thinned(shown, MOST_ROWS, seed), curved, linear, given, loss)
    candidates = Candidates(model, shown, curved, given, _widths(model, data), seed, robust=not loss.squared)
    told = {**dict.fromkeys(given, "given"), **dict.fromkeys(linear, "solved for"), **candidates.sources}
    sources = {name: told[name] for name in model.parameters}
    found: list[Minimum] = []
    tried = descended = 0
    for batch in range(MOST_BATCHES if curved else 1):
        tell("searching for a start")
        places = candidates.draw(batch) if curved else np.zeros((1, 0))
        more, started = minima(projection, places, box)
        found, tried, descended = distinct(found + more), tried + len(places), descended + started
        if found and found[0].descents >= ENOUGH:
            break
    if not found:  # not finite anywhere: the fit will say where and why
        nowhere = {**natural_scales(model, data), **given}
        return Starts({name: float(nowhere[name]) for name in model.parameters}, sources, tried)
    best = upright(projection, found[0], box)
    other = found[1].loss / best.loss if len(found) > 1 and best.loss > 0 else None
    return Starts(projection.named(best.curved, best.linear), sources, tried, descended, best.descents, other)


def _box(names: list[str], bounds: Mapping[str, tuple[float | None, float | None]]) -> Bounds | None:
    pairs = [bounds.get(name, (None, None)) for name in names]
    if all(pair == (None, None) for pair in pairs):
        return None
    lower = np.array([-np.inf if low is None else low for low, _ in pairs])
    upper = np.array([np.inf if high is None else high for _, high in pairs])
    return Bounds(lower, upper)


def _widths(model: FormulaModel, data: FitData) -> dict[str, float]:
    """As `natural_scales`, but where a parameter is a place on a column, what matters of the column is how far it spreads."""
    sizes = {name: _size(column) for name, column in data.columns.items()}
    for node in postorder(model.bound.formula.tree):
        match node:
            case Binary(operator="-", left=Name(name=left), right=Name(name=right)):
                for name, column in ((right, left), (left, right)):
                    if name in model.parameters and column in data.columns:
                        sizes[column] = _size(data.columns[column] - np.median(data.columns[column]))
            case _:
                pass
    return scales(model.bound.formula.tree, model.parameters, sizes, _size(data.observed))


def _size(values: Array) -> float:
    return float(max(np.max(values, initial=0.0), -np.min(values, initial=0.0))) or 1.0


def _thinned(data: FitData, most: int, seed: int) -> FitData:
    """At most so many rows that count, one at random from each of as many stretches: an even choice could hide a wave."""
    counting = None if data.weights is None else np.flatnonzero(data.weights > 0)
    count = len(data.observed) if counting is None else len(counting)
    rows = np.arange(min(count, most))
    if count > most:
        cuts = rows + generator(seed, "thinned").uniform(size=most)
        rows = (cuts * count / most).astype(int)
    rows = rows if counting is None else counting[rows]
    weights = None if data.weights is None else data.weights[rows]
    return FitData({k: v[rows] for k, v in data.columns.items()}, data.observed[rows], weights, data.place)
