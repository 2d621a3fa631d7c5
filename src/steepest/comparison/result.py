"""Comparison: how several methods fared, and what follows."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from steepest.base.choices import unknown
from steepest.base.files import write_whole
from steepest.base.params import Array
from steepest.base.registry import provided
from steepest.comparison.advice import EQUAL, THERE, advice
from steepest.comparison.budget import Budget
from steepest.comparison.endings import Ending, endings
from steepest.comparison.entrants import Entrant
from steepest.comparison.race import Race
from steepest.training.problem import Problem


@dataclass(frozen=True)
class Entry:
    """One method of a comparison: its races, one from each start."""

    entrant: Entrant
    races: tuple[Race, ...]

    @property
    def name(self) -> str:
        return self.entrant.name

    @property
    def losses(self) -> Array:
        """The lowest loss of each race."""
        return np.array([race.loss for race in self.races])

    @property
    def best(self) -> float:
        return float(self.losses.min())

    @property
    def median(self) -> float:
        return _median(self.losses)

    @property
    def spread(self) -> float:
        """The distance of the quartiles of the losses; infinite if one of them is."""
        low, high = np.sort(self.losses)[[len(self.races) // 4, len(self.races) - 1 - len(self.races) // 4]]
        return float(high - low) if np.isfinite(high) else np.inf

    @property
    def evaluations(self) -> float:
        """Median of what the races have spent."""
        return _median([race.evaluations for race in self.races])

    @property
    def seconds(self) -> float:
        """Median of what the races took."""
        return _median([race.seconds for race in self.races])

    def spent_until(self, loss: float, unit: str) -> float:
        """Median of what it took until the loss was as low."""
        return _median([race.spent_until(loss, unit) for race in self.races])

    def loss_after(self, spent: float, unit: str) -> float:
        """Median of the lowest losses after so much was spent."""
        return _median([race.loss_after(spent, unit) for race in self.races])


class Comparison:
    """How several methods fared on one problem with equal budgets; `sd.compare` makes it.

    Attributes
    ----------
    problem : Problem
    budget : Budget
    entries : list of Entry
        In the order that was asked for; ``comparison["adam"]`` finds one by its name, ``.ranking`` has the best first.
    scale : ndarray
        The least magnitude of each parameter that counts.
    known_minimum : float or None
    """

    def __init__(
        self, problem: Problem, budget: Budget, entries: list[Entry], scale: Array, known_minimum: float | None = None
    ) -> None:
        self.problem, self.budget, self.entries = problem, budget, entries
        self.scale, self.known_minimum = scale, known_minimum

    # ---- what was found
    @cached_property
    def lowest(self) -> float:
        """The lowest loss of all races."""
        return min(entry.best for entry in self.entries)

    @cached_property
    def way(self) -> float:
        """From the lowest of the starts to the lowest loss; from the median start, where the lowest is hardly above it."""
        if not np.isfinite(self.lowest):
            return 1.0
        firsts = [race.first - self.lowest for race in self.entries[0].races if np.isfinite(race.first)]
        if not firsts:
            return 1.0
        middle = _median(firsts)
        return min(firsts) if min(firsts) > EQUAL * middle else middle

    @cached_property
    def ranking(self) -> list[Entry]:
        """The lowest median first; of equally low ones that which gets there from more starts, and then sooner."""
        level = min(entry.median for entry in self.entries) + EQUAL * self.way

        def key(entry: Entry) -> tuple[float, float, float]:
            if entry.median > level or not np.isfinite(level):
                return entry.median, 0.0, 0.0
            return -np.inf, -float(np.sum(entry.losses <= level)), entry.spent_until(self.there, self.budget.unit)

        return sorted(self.entries, key=key)

    @property
    def there(self) -> float:
        """A loss that is as good as the lowest median: a thousandth of the way above it."""
        return min(entry.median for entry in self.entries) + THERE * self.way

    @property
    def best(self) -> Entry:
        """The method to use, as far as this comparison can tell."""
        return self.ranking[0]

    @cached_property
    def endings(self) -> list[Ending] | None:
        """The minima that the races ended in, the lowest first; None where there are too many parameters to tell."""
        return endings(self.problem, [(entry.name, race) for entry in self.entries for race in entry.races], self.scale,
                       self.known_minimum)  # fmt: skip

    def ended_in(self, name: str) -> list[int | None]:
        """For each race of a method the number of its minimum in `endings`; None where it ended nowhere."""
        places = {id(race): k for k, ending in enumerate(self.endings or []) for _, race in ending.races}
        return [places.get(id(race)) for race in self[name].races]

    @cached_property
    def advice(self) -> str:
        """Which to use for this data and this budget, by how much, and what the comparison cannot tell."""
        return advice(self)

    def __getitem__(self, name: str) -> Entry:
        wanted = _plain(name)
        for entry in self.entries:
            if wanted in (_plain(entry.name), _plain(entry.name).replace("bfgsb", "bfgs")):
                return entry
        names = [entry.name for entry in self.entries]
        raise KeyError(str(unknown("method of this comparison", name, names, names)))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    # ---- how it is shown
    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, lists and texts."""
        return dict(provided("Comparison", "object")(self))

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the traces of all races: each time the lowest loss fell, after how many evaluations and seconds."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("method", "start", "evaluations", "seconds", "loss"))
        for entry in self.entries:
            for k, race in enumerate(entry.races):
                writer.writerows((entry.name, k + 1, *row) for row in race.trace.tolist())
        return write_whole(path, text.getvalue())

    def plot(self, path: str | os.PathLike[str] | None = None, theme: str = "light") -> Any:
        """The race: lowest loss so far against what was spent; written to `path` (PNG, SVG, PDF) if given."""
        return provided("Comparison", "plot")(self, path, theme=theme)

    def __repr__(self) -> str:
        return str(provided("Comparison", "summary")(self))

    def _repr_html_(self) -> str:
        return str(provided("Comparison", "html")(self))


def _median(values: Any) -> float:
    """The median, infinite if half of the values are."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    low, high = float(ordered[(len(ordered) - 1) // 2]), float(ordered[len(ordered) // 2])
    return low if low == high else low / 2 + high / 2


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
