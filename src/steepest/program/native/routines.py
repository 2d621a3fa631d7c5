"""Routines in machine code: along the lines of an array, and random numbers by Philox."""

from __future__ import annotations

from collections.abc import Callable

from steepest.autodiff import primitives as p
from steepest.program.native.code import SCALARS, Code, held_kind, kind_of
from steepest.program.native.numbers import Number
from steepest.program.routines import PAIR, PLACES, SORTS
from steepest.program.steps import Routine, View

# Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11): multipliers, what is added to the key
# from round to round, and rounds.
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_ROUNDS = 10


class RoutineWriter:
    """Writes one `Routine` into a function."""

    def __init__(self, code: Code, routine: Routine, offsets: dict[int, int]) -> None:
        self.code, self.routine, self.offsets = code, routine, offsets
        self.shape = routine.inputs[0].shape
        self.kind = kind_of(routine.inputs[0].dtype)
        self.out_kind = kind_of(routine.out.dtype)

    def write(self) -> None:
        name = self.routine.name
        if name == p.uniform.name:
            self._uniform()
            return
        body = self._place if name in PLACES else self._sort if name in SORTS else self._running_sum
        self._lines([], body)

    # ---- lines along the last axis
    def _lines(self, indices: list[str], body: Callable[[list[str]], None]) -> None:
        if len(indices) == len(self.shape) - 1:
            body(indices)
        else:
            self.code.loop(self.shape[len(indices)], 1, lambda i: self._lines([*indices, i], body))

    def _read(self, line: list[str], i: str, kind: str | None = None) -> Number:
        pointer = self._pointer(self.routine.inputs[0], [*line, i])
        held = held_kind(self.kind)
        value = Number(self.code, self.code.load(pointer, self.kind, 1, 1), held, 1)
        return value.cast(kind or ("i8" if held in ("i4", "b1") else held))

    def _write(self, value: Number, line: list[str], i: str) -> None:
        value = value.cast(held_kind(self.out_kind))
        self.code.store(value.name, self._pointer(self.routine.out, [*line, i]), self.out_kind, 1, 1)

    def _held(self, kind: str) -> tuple[Callable[[], Number], Callable[[Number], None]]:
        """A number that changes: what reads it, and what sets it."""
        slot = self.code.slot(SCALARS[kind])

        def get() -> Number:
            return Number(self.code, self.code.op(f"load {SCALARS[kind]}, ptr {slot}"), kind, 1)

        return get, lambda value: self.code.do(f"store {SCALARS[kind]} {value.name}, ptr {slot}")

    def _running_sum(self, line: list[str]) -> None:
        total, keep = self._held(self.out_kind)

        def add(i: str) -> None:
            keep(total() + self._read(line, i, self.out_kind))
            self._write(total(), line, i)

        keep(self._read(line, "0", self.out_kind))
        self._write(total(), line, "0")
        if self.shape[-1] > 1:
            self.code.loop(self.shape[-1], 1, add, 1)

    def _place(self, line: list[str]) -> None:
        """The first place of the extreme, or of a NaN, which no number is better than."""
        first = self._read(line, "0")
        best, keep = self._held(first.kind)
        place, keep_place = self._held("i8")

        def compare(i: str) -> None:
            x, before = self._read(line, i), best()
            better = x > before if self.routine.name == p.argmax.name else x < before
            if x.kind in ("f8", "f4"):
                better = (better | x.is_nan()) & ~before.is_nan()
            keep(better.where(x, before))
            keep_place(better.where(Number(self.code, i, "i8", 1), place()))

        keep(first)
        keep_place(Number(self.code, "0", "i8", 1))
        if self.shape[-1] > 1:
            self.code.loop(self.shape[-1], 1, compare, 1)
        self._write(place(), line, "0")

    # ---- sorting: pairs of an element and its place, by the C library
    def _sort(self, line: list[str]) -> None:
        code, scratch = self.code, self.routine.scratch
        assert scratch is not None
        kind = "f8" if self.kind in ("f8", "f4") else "i8"
        code.library.define(f"@precedes.{kind}", lambda: _comparison(code, kind))
        code.library.declare("declare void @steepest_qsort(ptr, i64, i64, ptr)")
        pairs = self._pointer(scratch, ["0"])

        def put(i: str) -> None:
            pair = code.address(pairs, 0, (i, PAIR))
            code.store(self._read(line, i, kind).name, pair, kind, 1, 1)
            code.store(i, code.address(pair, 8), "i8", 1, 1)

        def take(i: str) -> None:
            if self.routine.name == p.argsort.name:
                self._write(Number(code, code.load(code.address(pairs, 8, (i, PAIR)), "i8", 1, 1), "i8", 1), line, i)
            else:
                self._write(Number(code, code.load(code.address(pairs, 0, (i, PAIR)), kind, 1, 1), kind, 1), line, i)

        code.loop(self.shape[-1], 1, put)
        code.do(f"call void @steepest_qsort(ptr {pairs}, i64 {self.shape[-1]}, i64 {PAIR}, ptr @precedes.{kind})")
        code.loop(self.shape[-1], 1, take)

    # ---- random numbers
    def _uniform(self) -> None:
        """What NumPy's generator of the key gives from the counter (0, 0, epoch, step) on: 53 bits of each word."""
        code, out = self.code, self.routine.out
        count = 1
        for n in out.shape:
            count *= n
        epoch, step = (self._whole(view) for view in self.routine.inputs)
        base = self._pointer(out, ["0"] * len(out.shape))

        def four(block: str, active: int = 4) -> None:
            number = Number(code, block, "i8", 1)
            words = self._block([number + 1, number.const(0), epoch, step])
            for k, word in enumerate(words[:active]):
                value = Number(code, word.shifted("lshr", 11).cast("f8").name, "f8", 1) * 2.0**-53
                code.store(value.name, code.address(base, 8 * k, (block, 32)), "f8", 1, 1)

        if count // 4:
            code.loop(count // 4, 1, four)
        if count % 4:
            four(code.op(f"add i64 0, {count // 4}"), count % 4)

    def _whole(self, view: View) -> Number:
        kind = kind_of(view.dtype)
        value = Number(self.code, self.code.load(self._pointer(view, []), kind, 1, 1), held_kind(kind), 1)
        return value.integer() if kind in ("f8", "f4") else value.cast("i8")

    def _block(self, counter: list[Number]) -> list[Number]:
        """Four words from a counter of four."""
        key = list(self.routine.key)
        for _ in range(_ROUNDS):
            (high0, low0), (high1, low1) = (
                self._product(x, m) for x, m in zip((counter[0], counter[2]), _MULTIPLIERS, strict=True)
            )
            counter = [
                high1.whole("xor", counter[1]).whole("xor", self._word(key[0])), low1,
                high0.whole("xor", counter[3]).whole("xor", self._word(key[1])), low0,
            ]  # fmt: skip
            key = [(k + w) % 2**64 for k, w in zip(key, _WEYL, strict=True)]
        return counter

    def _word(self, value: int) -> Number:
        return Number(self.code, str(value), "i8", 1)

    def _product(self, x: Number, factor: int) -> tuple[Number, Number]:
        """Upper and lower word."""
        code = self.code
        wide = code.op(f"mul i128 {code.op(f'zext i64 {x.name} to i128')}, {factor}")
        high = code.op(f"trunc i128 {code.op(f'lshr i128 {wide}, 64')} to i64")
        return x.of(high), x.of(code.op(f"trunc i128 {wide} to i64"))

    def _pointer(self, view: View, indices: list[str]) -> str:
        offset = self.offsets[view.base] + view.offset
        return self.code.address("%arena", offset, *self.code.moved(view.advance), *zip(indices, view.strides))


def _comparison(caller: Code, kind: str) -> str:
    """What qsort asks: -1, 0 or 1. NaN comes last, and of equal elements the one that stood first."""
    code = Code(caller.library)
    a, b = (Number(code, code.load(x, kind, 1, 1), kind, 1) for x in ("%a", "%b"))
    places = [Number(code, code.load(code.address(x, 8), "i8", 1, 1), "i8", 1) for x in ("%a", "%b")]
    before, after = a < b, a > b
    if kind == "f8":
        before, after = before | (b.is_nan() & ~a.is_nan()), after | (a.is_nan() & ~b.is_nan())
    order = before.where(-1, after.where(1, (places[0] < places[1]).where(places[0].const(-1), 1)))
    code.do(f"ret i32 {code.op(f'trunc i64 {order.name} to i32')}")
    return f"define internal i32 @precedes.{kind}(ptr %a, ptr %b) #0 {{\n{code.body()}\n}}"
