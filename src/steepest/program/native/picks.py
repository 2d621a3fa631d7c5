"""Picks: elements gathered from, or added at, places that arrays of integers give."""

from __future__ import annotations

from steepest.program.native.code import Code, held_kind, itemsize, kind_of
from steepest.program.native.numbers import Number
from steepest.program.steps import Pick, Place, View


class PickWriter:
    """Writes one `Pick` into a function: loops over the axes on which the places depend, in order; within them over the rest.

    Parameters
    ----------
    width : int
        Bytes of a vector.
    doubt : int or None
        Where in the memory to say that a place was outside.
    """

    def __init__(self, code: Code, pick: Pick, offsets: dict[int, int], width: int, doubt: int | None) -> None:
        self.code, self.pick, self.offsets, self.doubt = code, pick, offsets, doubt
        shape, self.kind = pick.near.shape, kind_of(pick.near.dtype)
        depends = [any(place.view.strides[axis] for place in pick.places) for axis in range(len(shape))]
        self.outer = [axis for axis, n in enumerate(shape) if n != 1 and depends[axis]]
        rest = [axis for axis, n in enumerate(shape) if n != 1 and not depends[axis]]
        self.rest = sorted(rest, key=lambda axis: (self._side_by_side(axis), shape[axis]))
        self.lanes = 1
        if self.rest and self._side_by_side(self.rest[-1]):
            while self.lanes * 2 * itemsize(self.kind) <= width and self.lanes < shape[self.rest[-1]]:
                self.lanes *= 2

    def _side_by_side(self, axis: int) -> bool:
        """Whether elements along this axis are neighbours on both sides."""
        return self.pick.near.strides[axis] == self.pick.far.strides[axis] == itemsize(self.kind)

    def write(self) -> None:
        if self.doubt is not None:
            self.outside = self.code.slot("i1")
            self.code.do(f"store i1 false, ptr {self.outside}")
        self._places([])
        if self.doubt is not None:
            pointer = self.code.address("%arena", self.doubt)
            before = self.code.op(f"load i64, ptr {pointer}, align 8")
            seen = self.code.op(f"zext i1 {self.code.op(f'load i1, ptr {self.outside}')} to i64")
            self.code.do(f"store i64 {self.code.op(f'or i64 {before}, {seen}')}, ptr {pointer}, align 8")

    def _places(self, indices: list[str]) -> None:
        depth = len(indices)
        if depth < len(self.outer):
            self.code.loop(self.pick.near.shape[self.outer[depth]], 1, lambda i: self._places([*indices, i]))
            return
        terms = list(zip(self.outer, indices))
        far = self._pointer(self.pick.far, terms)
        for place in self.pick.places:
            step = self.code.op(f"mul nsw i64 {self._place(place, terms)}, {place.stride}")
            far = self.code.op(f"getelementptr i8, ptr {far}, i64 {step}")
        self._rest(self._pointer(self.pick.near, terms), far, [])

    def _place(self, place: Place, terms: list[tuple[int, str]]) -> str:
        """The place as a number from 0 to size - 1; what is outside becomes 0, and is noted."""
        code = self.code
        kind = kind_of(place.view.dtype)
        name = code.load(self._pointer(place.view, terms), kind, 1, 1)
        given = Number(code, name, held_kind(kind), 1).cast("i8")
        wrapped = (given < 0).where(given + place.size, given)
        if not place.checked:
            return wrapped.name
        inside = wrapped.compare("ult", place.size)
        outside = code.op(f"or i1 {code.op(f'load i1, ptr {self.outside}')}, {(~inside).name}")
        code.do(f"store i1 {outside}, ptr {self.outside}")
        return inside.where(wrapped, 0).name

    def _rest(self, near: str, far: str, indices: list[str]) -> None:
        depth = len(indices)
        if depth == len(self.rest):
            self._move(near, far, indices, 1, 1)
            return
        length = self.pick.near.shape[self.rest[depth]]
        if depth < len(self.rest) - 1 or self.lanes == 1:
            self.code.loop(length, 1, lambda i: self._rest(near, far, [*indices, i]))
            return
        whole, left = divmod(length, self.lanes)
        if whole:
            self.code.loop(
                whole * self.lanes, self.lanes, lambda i: self._move(near, far, [*indices, i], self.lanes, self.lanes)
            )
        if left:
            self._move(near, far, [*indices, str(whole * self.lanes)], self.lanes, left)

    def _move(self, near: str, far: str, indices: list[str], lanes: int, active: int) -> None:
        code, pick, held = self.code, self.pick, held_kind(self.kind)
        near = code.address(near, 0, *((i, pick.near.strides[axis]) for i, axis in zip(indices, self.rest)))
        far = code.address(far, 0, *((i, pick.far.strides[axis]) for i, axis in zip(indices, self.rest)))
        if not pick.adds:
            code.store(code.load(far, self.kind, lanes, active), near, self.kind, lanes, active)
            return
        before = Number(code, code.load(far, self.kind, lanes, active), held, lanes)
        added = Number(code, code.load(near, self.kind, lanes, active), held, lanes)
        code.store((before + added).name, far, self.kind, lanes, active)

    def _pointer(self, view: View, terms: list[tuple[int, str]]) -> str:
        offset = self.offsets[view.base] + view.offset
        moved = self.code.moved(view.advance)
        return self.code.address("%arena", offset, *moved, *((i, view.strides[axis]) for axis, i in terms))
