"""The paths from one number to a loss, and those along which the product of local derivatives is largest."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

from steepest.autodiff.apply import Value
from steepest.autodiff.graph import topological
from steepest.base.errors import DifferentiationError
from steepest.base.params import Array
from steepest.inspection.elements import Links, check_count, links
from steepest.inspection.local import follows
from steepest.inspection.wording import element_text, operation_name


class Link(NamedTuple):
    """One step of a path: to an element of a value, with the local derivative."""

    value: Value
    element: tuple[int, ...]
    weight: float


class _Way(NamedTuple):
    """The best, second-best, … way to an element: over this link, by that way to the link's start."""

    size: float  # logarithm of the product's magnitude
    link: int  # -1 at the start
    rank: int


class Paths:
    """All paths from one element of `start` to `loss`, over elements, in the order of the links that are not 0.

    Parameters
    ----------
    loss : Value
        One number.
    start : Value
    element : int
        Flat place.

    Attributes
    ----------
    count : float
        How many paths there are; exact below 2**53.
    ends : list of Value
        Results that do not change with any element before them that the start reaches: there paths end.

    Raises
    ------
    DifferentiationError
        A local derivative on a path is not finite; names the operation and the element.
    ModelError
        There are more than 2 million local derivatives.

    Notes
    -----
    The number of paths may grow exponentially; they are never listed. The largest product into each element follows from those
    into the elements before it, and the k-th largest is found when it is asked for, from the (k-1)-th: the recursive enumeration
    of Jimenez and Marzal, "Computing the K shortest paths", WAE 1999, with logarithms of magnitudes for lengths.
    """

    def __init__(self, loss: Value, start: Value, element: int) -> None:
        self.loss, self.start = loss, start
        self.ends: list[Value] = []
        self._values, found = self._forwards(element)
        self._offset: dict[int, int] = {}
        total = 0
        for value in self._values:
            self._offset[id(value)] = total
            total += value._data.size
        self._offsets = np.array([self._offset[id(value)] for value in self._values])
        self._source = self._offset[id(start)] + element
        self._goal = self._offset.get(id(loss), -1)
        self.count = 0.0
        if self._goal >= 0:
            self._collect(found, total)
            self._settle(total)

    # ---- the links
    def _forwards(self, element: int) -> tuple[list[Value], dict[int, list[tuple[Value, Links]]]]:
        """Links from what the element reaches, value by value."""
        reached: dict[int, Array] = {id(self.start): np.array([element])}
        values, found, count = [self.start], dict[int, list[tuple[Value, Links]]](), 0
        for value in topological(self.loss):
            if value is self.start or value.primitive is None:
                continue
            arriving: list[tuple[Value, Links]] = []
            for i, x in enumerate(value.inputs):
                if follows(x) and id(x) in reached:
                    arriving.append((x, links(value, i, reached[id(x)])))
                    count += arriving[-1][1].weight.size
                    check_count(count)
            targets = [each.target for _, each in arriving]
            if not targets:
                continue
            at = np.unique(np.concatenate(targets))
            if at.size == 0:
                self.ends.append(value)
            else:
                reached[id(value)] = at
                found[id(value)] = arriving
                values.append(value)
        return values, found

    def _collect(self, found: dict[int, list[tuple[Value, Links]]], total: int) -> None:
        """All links that lie on a path to the loss, sorted by where they lead."""
        live = np.zeros(total, bool)
        live[self._goal] = True
        sources, targets, weights = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)], [np.zeros(0)]
        for value in reversed(self._values):
            for x, (source, target, weight) in found.get(id(value), ()):
                target = target + self._offset[id(value)]
                kept = live[target]
                source, target, weight = source[kept] + self._offset[id(x)], target[kept], weight[kept]
                self._check_finite(value, target, weight)
                live[source] = True
                sources.append(source)
                targets.append(target)
                weights.append(weight)
        to = np.concatenate(targets)
        order = np.argsort(to, kind="stable")
        self._to: Array = to[order]
        self._from: Array = np.concatenate(sources)[order]
        self._weight: Array = np.concatenate(weights)[order]
        self._begin = np.searchsorted(self._to, np.arange(total + 1))
        self._log = np.log(np.abs(self._weight))

    def _check_finite(self, value: Value, target: Array, weight: Array) -> None:
        bad = np.flatnonzero(~np.isfinite(weight))
        if bad.size:
            assert value.primitive is not None
            at = element_text(self._element(int(target[bad[0]]))[1])
            raise DifferentiationError(
                f"the local derivative of '{operation_name(value.primitive)}'{at} is {weight[bad[0]]:g} "
                f"(its value is {value._data.reshape(-1)[int(target[bad[0]]) - self._offset[id(value)]]:g}): the gradient is "
                "not a sum of finite products. sd.graph shows where the values go wrong."
            )

    def _settle(self, total: int) -> None:
        """The number of ways to each element, and the largest product into it, in the order of the values."""
        self._best = np.full(total, -np.inf)
        ways = np.zeros(total)
        self._best[self._source], ways[self._source] = 0.0, 1.0
        for value in self._values:
            low, size = self._offset[id(value)], value._data.size
            part = slice(int(self._begin[low]), int(self._begin[low + size]))
            with np.errstate(over="ignore"):
                np.add.at(ways, self._to[part], ways[self._from[part]])
            np.maximum.at(self._best, self._to[part], self._best[self._from[part]] + self._log[part])
        self.count = float(ways[self._goal])
        self._ways: dict[int, list[_Way]] = {self._source: [_Way(0.0, -1, 0)]}
        self._next: dict[int, list[tuple[float, int, int]]] = {self._source: []}  # heaps of what may come next

    def _element(self, place: int) -> tuple[Value, tuple[int, ...]]:
        value = self._values[int(np.searchsorted(self._offsets, place, side="right")) - 1]
        flat = place - self._offset[id(value)]
        return value, tuple(int(k) for k in np.unravel_index(flat, value.shape)) if value.shape else ()

    # ---- the largest products
    def largest(self, most: int) -> list[list[Link]]:
        """The paths with the largest products in magnitude, at most so many, each from the start to the loss."""
        if self.count == 0:
            return []
        while len(self._known(self._goal)) < min(most, self.count) and self._find_next(self._goal):
            pass
        return [self._path(self._goal, rank) for rank in range(min(most, len(self._known(self._goal))))]

    def _find_next(self, goal: int) -> bool:
        """Find one more way to an element; False where there is none. A loop, since paths are as long as the graph is deep."""
        chain = [goal]
        while True:  # back to where the next way is known, or there is no other
            here = chain[-1]
            if not self._known(here):
                self._take(here)
                if here == goal:
                    return bool(self._known(here))
            last = self._known(here)[-1]
            before = int(self._from[last.link])
            if last.link < 0 or len(self._known(before)) > last.rank + 1:
                break
            chain.append(before)
        found = False
        for here in reversed(chain):
            found = self._take(here)
        return found

    def _known(self, place: int) -> list[_Way]:
        """The ways to an element that were found so far, largest first."""
        return self._ways.setdefault(place, [])

    def _take(self, place: int) -> bool:
        """The next way to this element, once those to the elements before it are known."""
        if place not in self._next:  # over each link by the best way to its start
            span = range(int(self._begin[place]), int(self._begin[place + 1]))
            self._next[place] = [(-(self._best[self._from[e]] + self._log[e]), e, 0) for e in span]
            heapq.heapify(self._next[place])
        ways, heap = self._known(place), self._next[place]
        if ways and ways[-1].link >= 0:
            _, link, rank = ways[-1]
            before = self._known(int(self._from[link]))
            if len(before) > rank + 1:
                heapq.heappush(heap, (-(before[rank + 1].size + float(self._log[link])), link, rank + 1))
        if not heap:
            return False
        size, link, rank = heapq.heappop(heap)
        ways.append(_Way(-size, link, rank))
        return True

    def _path(self, place: int, rank: int) -> list[Link]:
        path = []
        while place != self._source:
            value, element = self._element(place)
            if not self._known(place):  # counted on by its largest product, but not looked at yet
                self._take(place)
            way = self._known(place)[rank]
            path.append(Link(value, element, float(self._weight[way.link])))
            place, rank = int(self._from[way.link]), way.rank
        return path[::-1]
