"""Code: the text of a function in LLVM's intermediate language, line by line."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

SCALARS = {"f8": "double", "f4": "float", "i8": "i64", "i4": "i32", "b1": "i1"}
# Kinds that are only read and moved: as they lie in memory, how they are widened, and the kind in which they are held.
NARROW = {
    "i1": ("i8", "sext", "i4"), "u1": ("i8", "zext", "i4"), "i2": ("i16", "sext", "i4"), "u2": ("i16", "zext", "i4"),
    "u4": ("i32", "zext", "i8"), "b1": ("i8", "", "b1"),
}  # fmt: skip
# A function may be given several pieces of memory: the offset n * PIECE + k from the first is byte k of the n-th after it.
PIECES, PIECE = ("%arena", "%given", "%made", "%parts"), 1 << 40


def kind_of(dtype: np.dtype[Any]) -> str:
    """``f8``, ``f4``, ``i8``, ``i4``, ``b1``, or one of those that are only read and moved."""
    return dtype.str[1:]


def held_kind(kind: str) -> str:
    """The kind of a number of this kind in a register."""
    return NARROW[kind][2] if kind in NARROW else kind


def itemsize(kind: str) -> int:
    return int(kind[1:])


def vector(kind: str, lanes: int) -> str:
    """The type of `lanes` numbers side by side; of one, the number's own type."""
    return SCALARS[kind] if lanes == 1 else f"<{lanes} x {SCALARS[kind]}>"


def number(value: float, kind: str) -> str:
    """A constant as LLVM reads it without loss."""
    if kind in ("i8", "i4"):
        return str(int(value))
    if kind == "b1":
        return "true" if value else "false"
    rounded = float(np.float32(value)) if kind == "f4" else float(value)
    return f"0x{struct.unpack('<Q', struct.pack('<d', rounded))[0]:016X}"


def splat(value: float, kind: str, lanes: int) -> str:
    """A vector constant of equal numbers."""
    text = number(value, kind)
    return text if lanes == 1 else f"splat ({SCALARS[kind]} {text})"


class Code:
    """One function's body. `op` adds an instruction and gives the name of its result."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.lines: list[str] = []
        self.slots: list[str] = []  # stack places, which LLVM turns into registers
        self._count = 0
        self._moved: dict[int, str] = {}  # in an iteration of a `Repeat`, how far views have moved, by their advance

    def fresh(self) -> str:
        self._count += 1
        return f"%v{self._count}"

    def op(self, text: str) -> str:
        name = self.fresh()
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def slot(self, kind: str) -> str:
        name = self.fresh()
        self.slots.append(f"  {name} = alloca {kind}, align 64")
        return name

    def loop(self, stop: int | str, step: int, body: Callable[[str], None], start: int | str = 0) -> None:
        """``for (i = start; i < stop; i += step) body(i)``; runs at least once."""
        self._count += 1
        tag = f"L{self._count}"
        index, following = self.fresh(), self.fresh()
        self.do(f"br label %{tag}.enter")
        self.lines.append(f"{tag}.enter:")
        self.do(f"br label %{tag}")
        self.lines.append(f"{tag}:")
        self.do(f"{index} = phi i64 [ {start}, %{tag}.enter ], [ {following}, %{tag}.latch ]")
        body(index)
        self.do(f"br label %{tag}.latch")
        self.lines.append(f"{tag}.latch:")
        self.do(f"{following} = add nsw i64 {index}, {step}")
        more = self.op(f"icmp slt i64 {following}, {stop}")
        self.do(f"br i1 {more}, label %{tag}, label %{tag}.exit")
        self.lines.append(f"{tag}.exit:")

    # ---- addresses
    def repeat(self, count: int, advances: Iterable[int], body: Callable[[], None]) -> None:
        """Do `body` `count` times; with each, views move on by their advance."""

        def once(index: str) -> None:
            self._moved = {advance: self.op(f"mul nsw i64 {index}, {advance}") for advance in sorted(advances)}
            body()

        outside = self._moved
        self.loop(count, 1, once)
        self._moved = outside

    def moved(self, advance: int) -> list[tuple[str, int]]:
        """The term of an address that says how far a view has moved."""
        return [(self._moved[advance], 1)] if advance else []

    def address(self, base: str, offset: int, *terms: tuple[str, int]) -> str:
        """``base + offset + sum(index * stride)``, in bytes."""
        if base == PIECES[0]:
            piece, offset = divmod(offset, PIECE)
            base = PIECES[piece]
        total = str(offset)
        for index, stride in terms:
            if stride == 0 or index == "0":
                continue
            part = self.op(f"mul nsw i64 {index}, {stride}")
            total = part if total == "0" else self.op(f"add nsw i64 {total}, {part}")
        return base if total == "0" else self.op(f"getelementptr i8, ptr {base}, i64 {total}")

    # ---- memory, `active` being how many of the lanes are there
    def load(self, pointer: str, kind: str, lanes: int, active: int, align: int | None = None) -> str:
        """Numbers of a kind from memory, in the kind in which they are held."""
        if kind not in NARROW:
            return self._load_raw(pointer, SCALARS[kind], lanes, active, align or itemsize(kind))
        scalar, widened, held = NARROW[kind]
        raw, t = self._load_raw(pointer, scalar, lanes, active, itemsize(kind)), self._of(scalar, lanes)
        if kind == "b1":
            return self.op(f"icmp ne {t} {raw}, {'zeroinitializer' if lanes > 1 else '0'}")
        return self.op(f"{widened} {t} {raw} to {vector(held, lanes)}")

    def _of(self, scalar: str, lanes: int) -> str:
        return scalar if lanes == 1 else f"<{lanes} x {scalar}>"

    def _load_raw(self, pointer: str, scalar: str, lanes: int, active: int, align: int) -> str:
        t = self._of(scalar, lanes)
        if active >= lanes:
            return self.op(f"load {t}, ptr {pointer}, align {align}")
        short = {"double": "f64", "float": "f32"}.get(scalar, scalar)
        name = f"@llvm.masked.load.v{lanes}{short}.p0"
        self.library.declare(f"declare {t} {name}(ptr, i32, <{lanes} x i1>, {t})")
        return self.op(f"call {t} {name}(ptr {pointer}, i32 {align}, {self.mask(lanes, active)}, {t} zeroinitializer)")

    def store(self, value: str, pointer: str, kind: str, lanes: int, active: int) -> None:
        align = itemsize(kind)
        scalar = NARROW[kind][0] if kind in NARROW else SCALARS[kind]
        t = self._of(scalar, lanes)
        if kind == "b1":
            value = self.op(f"zext {self._of('i1', lanes)} {value} to {t}")
        elif kind in NARROW:
            value = self.op(f"trunc {vector(held_kind(kind), lanes)} {value} to {t}")
        if active >= lanes:
            self.do(f"store {t} {value}, ptr {pointer}, align {align}")
            return
        short = {"double": "f64", "float": "f32"}.get(scalar, scalar)
        name = f"@llvm.masked.store.v{lanes}{short}.p0"
        self.library.declare(f"declare void {name}({t}, ptr, i32, <{lanes} x i1>)")
        self.do(f"call void {name}({t} {value}, ptr {pointer}, i32 {align}, {self.mask(lanes, active)})")

    def mask(self, lanes: int, active: int) -> str:
        return f"<{lanes} x i1> <{', '.join('i1 true' if i < active else 'i1 false' for i in range(lanes))}>"

    def gather(self, pointer: str, stride: int, kind: str, lanes: int, active: int) -> str:
        """Elements `stride` bytes apart, one by one."""
        held = held_kind(kind)
        t = vector(held, lanes)
        result = "zeroinitializer"
        for lane in range(min(lanes, active)):
            place = self.address(pointer, lane * stride)
            element = self.load(place, kind, 1, 1)
            result = self.op(f"insertelement {t} {result}, {SCALARS[held]} {element}, i32 {lane}")
        return result

    def scatter(self, value: str, pointer: str, stride: int, kind: str, lanes: int, active: int) -> None:
        for lane in range(min(lanes, active)):
            element = self.op(f"extractelement {vector(held_kind(kind), lanes)} {value}, i32 {lane}")
            self.store(element, self.address(pointer, lane * stride), kind, 1, 1)

    def spread(self, scalar: str, kind: str, lanes: int) -> str:
        """A number in every lane."""
        if lanes == 1:
            return scalar
        t = vector(kind, lanes)
        first = self.op(f"insertelement {t} poison, {SCALARS[kind]} {scalar}, i64 0")
        return self.op(f"shufflevector {t} {first}, {t} poison, <{lanes} x i32> zeroinitializer")

    def call(self, intrinsic: str, kind: str, lanes: int, *values: str, flags: str = "") -> str:
        """An intrinsic of LLVM that takes and gives the same type, such as ``sqrt`` or ``fabs``."""
        t = vector(kind, lanes)
        short = {"f8": "f64", "f4": "f32", "i8": "i64", "i4": "i32"}[kind]
        name = f"@llvm.{intrinsic}.{short}" if lanes == 1 else f"@llvm.{intrinsic}.v{lanes}{short}"
        self.library.declare(f"declare {t} {name}({', '.join([t] * len(values))})")
        return self.op(f"call {flags}{t} {name}({', '.join(f'{t} {v}' for v in values)})")

    def body(self) -> str:
        return "\n".join(["entry:", *self.slots, *self.lines])
