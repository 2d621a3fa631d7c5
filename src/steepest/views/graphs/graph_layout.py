"""Where the blocks of a graph stand and how its arrows run: columns and order by fast-sugiyama, room for the sizes here."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]

ROW = 16.0  # the least distance of two arrows that run side by side: a label stands above each
GAP = 20.0  # between blocks of a column
BEND = 44.0  # where arrows between two columns change their height
HEAD = 9.0  # an arrow's head
_SWEEPS = 12
_BANDS_APART = 34.0


@dataclass(frozen=True)
class Box:
    """A block's rectangle, in points, y downwards."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Wire:
    """One arrow.

    Attributes
    ----------
    pieces : tuple of tuple of Point
        Lines of points that are joined, level at each point; more than one where the arrow goes on in the next band.
    ends : tuple of Point
        Where the arrow leaves a band and where it enters the next one, alternately: there stands its source's name.
    label : Point
        The right end of the label's line.
    """

    pieces: tuple[tuple[Point, ...], ...]
    ends: tuple[Point, ...]
    label: Point


@dataclass(frozen=True)
class Layout:
    """Boxes, in the order of the blocks; wires, in the order of the arrows; and the size of the whole."""

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    width: float
    height: float


def laid_out(
    sizes: Sequence[tuple[float, float]],
    arrows: Sequence[tuple[int, int]],
    labels: Sequence[float],
    tags: Sequence[float],
    widest: float,
) -> Layout:
    """Blocks in columns, left to right, wrapped like text where they are wider than `widest`.

    No arrow meets a block: between two columns arrows bend, and through a column an arrow has a row of its own. In front of a
    block each arrow has a row too, with room for its label, so that no text meets another or an arrow.

    Parameters
    ----------
    sizes : sequence of (width, height)
        Of the blocks, in points.
    arrows : sequence of (source, target)
        Each pair once; a block comes after its sources.
    labels : sequence of float
        The width of each arrow's label.
    tags : sequence of float
        The width of each block's name, for where a band ends.
    widest : float
    """
    plan = _Plan(sizes, arrows, labels)
    return _Bands(plan, tags, widest).layout()


class _Plan:
    """Columns and heights: points 0 … n-1 are the blocks, further ones are the places where long arrows pass a column."""

    def __init__(
        self, sizes: Sequence[tuple[float, float]], arrows: Sequence[tuple[int, int]], labels: Sequence[float]
    ):
        self.count = len(sizes)
        self.arrows = list(arrows)
        self.routes, column, order = _ranked(arrows)
        self.columns: list[list[int]] = [[] for _ in range(max(column.values()) + 1)]
        for point in sorted(order, key=lambda q: (column[q], order[q])):
            self.columns[column[point]].append(point)
        self.column = column
        into = [0] * self.count
        for _, target in arrows:
            into[target] += 1
        self.height = {q: max(sizes[q][1], ROW * into[q] + 8) if q < self.count else ROW for q in column}
        self.width = [max(sizes[q][0] for q in each if q < self.count) for each in self.columns]
        self.band = [0.0] * len(self.columns)  # room for labels in front of each column
        for (_, target), label in zip(arrows, labels):
            self.band[column[target]] = max(self.band[column[target]], label + HEAD + 8)
        self.y = self._heights(order)
        self.port = self._ports()

    def _heights(self, order: dict[int, float]) -> dict[int, float]:
        """The middle of each point: near its neighbours, in the library's order, with room for everything."""
        slot = float(np.median([self.height[q] for q in range(self.count)])) + GAP
        y = {q: order[q] * slot for q in order}
        before: dict[int, list[int]] = {q: [] for q in order}
        after: dict[int, list[int]] = {q: [] for q in order}
        for route in self.routes:
            for a, b in itertools.pairwise(route):
                before[b].append(a)
                after[a].append(b)
        for sweep in range(_SWEEPS):
            forth = sweep % 2 == 0
            for each in self.columns if forth else reversed(self.columns):
                wanted = []
                for q in each:
                    near = [y[n] for n in ((before if forth else after)[q] or (after if forth else before)[q])]
                    wanted.append(float(np.mean(near)) if near else y[q])
                y.update(zip(each, self._apart(each, np.array(wanted))))
        return y

    def _apart(self, points: Sequence[int], wanted: NDArray[Any]) -> list[float]:
        """The heights nearest to the wanted ones that keep the order and the distances (least squares)."""
        from scipy.optimize import isotonic_regression

        steps = [
            (self.height[a] + self.height[b]) / 2 + (GAP if min(a, b) < self.count else 0)
            for a, b in itertools.pairwise(points)
        ]
        offsets = np.concatenate([[0.0], np.cumsum(steps)])
        return list(isotonic_regression(wanted - offsets).x + offsets)

    def _ports(self) -> list[float]:
        """The height at which each arrow meets its block: in the order in which the arrows come, so that they do not cross."""
        ports = [0.0] * len(self.arrows)
        arriving: dict[int, list[int]] = {}
        for k, (_, target) in enumerate(self.arrows):
            arriving.setdefault(target, []).append(k)
        for target, ks in arriving.items():
            ks.sort(key=lambda k: self.y[self.routes[k][-2]])
            for place, k in enumerate(ks):
                ports[k] = self.y[target] + ROW * (place - (len(ks) - 1) / 2)
        return ports


def _ranked(arrows: Sequence[tuple[int, int]]) -> tuple[list[list[int]], dict[int, int], dict[int, float]]:
    """Each arrow's route over one point a column, each point's column, and its place in it."""
    from fast_sugiyama import from_edges

    points, _, _, edges = from_edges(
        list(arrows), minimum_length=1, vertex_spacing=1, dummy_vertices=True, dummy_size=0.4, ranking_type="minimize",
        crossing_minimization="barycenter", transpose=True,
    )[0]  # fmt: skip
    places = {int(point): place for point, place in points}
    top = max(y for _, y in places.values())
    blocks = {q for arrow in arrows for q in arrow}
    after: dict[int, list[int]] = {}
    for a, b in edges or ():
        after.setdefault(int(a), []).append(int(b))
    ways: dict[tuple[int, int], list[int]] = {}
    for source in blocks:
        for first in after.get(source, ()):
            route = [source, first]
            while route[-1] not in blocks:
                route.append(after[route[-1]][0])
            ways[source, route[-1]] = route
    column = {q: round(top - y) for q, (_, y) in places.items()}
    return [ways[arrow] for arrow in arrows], column, {q: float(x) for q, (x, _) in places.items()}


class _Bands:
    """The columns of a plan in as many bands, one below the other, as the width asks for."""

    def __init__(self, plan: _Plan, tags: Sequence[float], widest: float) -> None:
        self.plan = plan
        margin = max(tags) + 14
        widths = [w + (BEND + band if c else 0) for c, (w, band) in enumerate(zip(plan.width, plan.band))]
        self.bands: list[list[int]] = [[]]
        room = widest
        for c, width in enumerate(widths):
            if self.bands[-1] and width > room:
                self.bands.append([])
                room = widest - 2 * margin
            self.bands[-1].append(c)
            room -= width
        if len(self.bands) > 1:
            self._even(widths)
        self.band_of = {c: b for b, band in enumerate(self.bands) for c in band}
        self.margin = margin if len(self.bands) > 1 else 0.0
        self.left: dict[int, float] = {}
        self.right_end = 0.0
        for b, band in enumerate(self.bands):
            x = self.margin + BEND / 2 if b else 0.0
            for c in band:
                x += plan.band[c] + (BEND if c != band[0] else 0.0) if c else 0.0
                self.left[c] = x
                x += plan.width[c]
            self.right_end = max(self.right_end, x)
        self.shift = self._shifts()

    def _even(self, widths: Sequence[float]) -> None:
        """As many bands, but about equally wide."""
        count, total, band, used = len(self.bands), sum(widths), 0, 0.0
        self.bands = [[] for _ in range(count)]
        for c, width in enumerate(widths):
            while band < count - 1 and self.bands[band] and used + width / 2 > total * (band + 1) / count:
                band += 1
            self.bands[band].append(c)
            used += width
        self.bands = [band for band in self.bands if band]

    def _shifts(self) -> list[float]:
        """By how much the heights of each band are moved down."""
        plan, shifts, below = self.plan, [], 0.0
        for band in self.bands:
            ends = [
                (plan.y[q] - plan.height[q] / 2, plan.y[q] + plan.height[q] / 2) for c in band for q in plan.columns[c]
            ]
            top, bottom = min(low for low, _ in ends), max(high for _, high in ends)
            shifts.append(below - top)
            below += bottom - top + _BANDS_APART
        self.height = below - _BANDS_APART
        return shifts

    def layout(self) -> Layout:
        plan = self.plan
        boxes = []
        for q in range(plan.count):
            c, height = plan.column[q], plan.height[q]
            top = plan.y[q] - height / 2 + self.shift[self.band_of[c]]
            boxes.append(Box(self.left[c], top, plan.width[c], height))
        wires = tuple(self._wire(k) for k in range(len(plan.arrows)))
        return Layout(tuple(boxes), wires, self.right_end + self.margin, self.height)

    def _wire(self, k: int) -> Wire:
        plan, route = self.plan, self.plan.routes[k]
        pieces: list[tuple[Point, ...]] = []
        ends: list[Point] = []
        line = [self._leaving(route[0], k)]
        for point in route[1:]:
            c = plan.column[point]
            b = self.band_of[c]
            y = plan.port[k] if point == route[-1] else plan.y[point]
            here = y + self.shift[b]
            if self.band_of[c - 1] != b:  # out at the right, in again at the left
                out = (self.right_end + 6, line[-1][1])
                pieces.append((*line, out))
                entry = (self.margin, here)
                ends += [out, entry]
                line = [entry]
            line.append((self.left[c] - plan.band[c], here))
            line.append((self.left[c], here) if point == route[-1] else (self.left[c] + plan.width[c], here))
        return Wire((*pieces, tuple(line)), tuple(ends), (line[-1][0] - HEAD - 3, line[-1][1]))

    def _leaving(self, source: int, k: int) -> Point:
        c = self.plan.column[source]
        return self.left[c] + self.plan.width[c], self.plan.y[source] + self.shift[self.band_of[c]]
