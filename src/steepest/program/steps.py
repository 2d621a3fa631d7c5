"""Steps: what a fused program is made of. Loops over elements, matrix products and picked elements, on views of memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.program.program import Operand, Operation


class NotCompilable(Exception):
    """A program holds something that there is no machine code for; the message names it."""


@dataclass(frozen=True)
class View:
    """How a value lies in the memory of the value `base`: byte offset, shape and strides in bytes.

    `advance` bytes further on in each iteration of the `Repeat` that it is in.
    """

    base: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]
    advance: int = 0

    @property
    def squeezed(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shape and strides without the axes of length 1."""
        kept = [(n, s) for n, s in zip(self.shape, self.strides) if n != 1]
        return tuple(n for n, _ in kept), tuple(s for _, s in kept)


@dataclass
class Reduction:
    """The end of a chain: elements of `view` gathered into fewer; `reduced` says which axes of the loop go."""

    operation: Operation
    view: View
    reduced: tuple[bool, ...]
    count: int


@dataclass
class Loop:
    """Elementwise operations over one shape (without axes of length 1), and the reductions that end them.

    Attributes
    ----------
    shape : tuple of int
        Lengths of the axes, in the order of the arrays.
    operations : list of Operation
    reductions : list of Reduction
    stores : dict of int to View
        Which results of `operations` go to memory, and where.
    copies : list of tuple
        A value and the place to which it is copied.
    """

    shape: tuple[int, ...]
    operations: list[Operation] = field(default_factory=list)
    reductions: list[Reduction] = field(default_factory=list)
    stores: dict[int, View] = field(default_factory=dict)
    copies: list[tuple[Operand, View]] = field(default_factory=list)


@dataclass
class Product:
    """A product of two matrices, ``out = a @ b``; with `adds`, ``out += a @ b``."""

    a: View
    b: View
    out: View
    adds: bool = False


@dataclass(frozen=True)
class Place:
    """An array of places along one axis, which has `size` elements `stride` bytes apart; negative places count from its end.

    `checked` says that a place outside of the axis has to be noticed.
    """

    view: View
    size: int
    stride: int
    checked: bool


@dataclass
class Pick:
    """Elements picked by arrays of places, ``near[i] = far[i, places[i]]``; with `adds`, ``far[i, places[i]] += near[i]``.

    The additions are done in the order of `near`, so that their bits depend on nothing else.

    Attributes
    ----------
    near, far : View
        Of one shape; `far` is strided along the axes that it shares with `near`, what the places add comes on top.
    places : tuple of Place
        Their views have that shape too.
    """

    near: View
    far: View
    places: tuple[Place, ...]
    adds: bool


@dataclass
class Routine:
    """A step by instructions of its own: running sums, sorting, places of extremes, random numbers.

    Attributes
    ----------
    name : str
        Of the primitive.
    inputs : tuple of View
    out : View
        Input and result as lines along the last axis, or the numbers to draw.
    scratch : View or None
        Memory that is needed meanwhile.
    key : tuple of int
        Of random numbers: seed and stream.
    """

    name: str
    inputs: tuple[View, ...]
    out: View
    scratch: View | None
    key: tuple[int, ...]


@dataclass
class Repeat:
    """Steps done `count` times; where their views lie depends on the iteration as each `View.advance` says.

    `advances` are those that occur, without 0.
    """

    count: int
    steps: list[Step]
    advances: tuple[int, ...]


Step = Loop | Product | Pick | Routine | Repeat


def flat(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps, those within each Repeat once."""
    for step in steps:
        if isinstance(step, Repeat):
            yield from flat(step.steps)
        else:
            yield step


def axis_order(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The longest axis innermost: vectors are full, and the batch of a narrow network runs fastest."""
    return tuple(sorted(range(len(shape)), key=lambda i: shape[i]))


def common_order(
    shape: tuple[int, ...], strides: Iterable[tuple[int, ...]], usual: tuple[int, ...] | None = None
) -> tuple[int, ...]:
    """The axes from the outermost to the innermost, as most arrays of this shape have them; else the usual order."""
    axes = [axis for axis, n in enumerate(shape) if n != 1]
    orders = [
        tuple(sorted(axes, key=lambda axis: -abs(each[axis])))
        for each in strides
        if len(each) == len(shape) and all(each[axis] for axis in axes)
    ]
    usual = tuple(axis for axis in usual or axis_order(shape) if axis in axes)
    found = max([usual, *orders], key=lambda order: (orders.count(order), order == usual))
    return (*(axis for axis in range(len(shape)) if axis not in axes), *found)


def layout(shape: tuple[int, ...], itemsize: int, order: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """The strides of a value without gaps whose axes lie in this order, or in `axis_order`."""
    strides = [itemsize] * len(shape)
    step = itemsize
    for axis in reversed(axis_order(shape) if order is None else order):
        strides[axis] = step
        step *= shape[axis]
    return tuple(strides)
