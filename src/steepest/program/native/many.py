"""Many: the loop over the steps of a descent in machine code, and the tests of each."""

from __future__ import annotations

from typing import NamedTuple

from steepest.program.native.code import Code, number
from steepest.program.native.machine import Library
from steepest.program.native.shards import Block, Cut, read

# In the order of `repeat.Tests`.
_PLACES = {
    name: 8 * i
    for i, name in enumerate(
        ("start", "first", "best", "best_step", "tolerance", "threshold", "growth", "stalled", "lowest")
    )
}
# Of the elements of a gradient; beyond them the square of its length may overflow or vanish.
SMALLEST_LARGEST = {"f8": (1e-140, 1e140), "f4": (1e-15, 1e15)}


class Given(NamedTuple):
    """Where things are in the memory that a step is given, and that it makes for the next one; in bytes."""

    rate: int
    number: int
    numbers: int
    block: Block
    flat_bytes: int


def write_many(library: Library, cut: Cut, given: Given, full: bool, consecutive: bool) -> str:
    """The function that does steps until they are done, or one of them must not be done; returns how many it did.

    With `consecutive` each epoch begins with the first of the places anew.
    """
    return _Many(Code(library), cut, given, full, consecutive).write()


class _Many:
    def __init__(self, code: Code, cut: Cut, given: Given, full: bool, consecutive: bool) -> None:
        self.code, self.cut, self.given, self.full, self.consecutive = code, cut, given, full, consecutive
        self.watch = read(code, "watch", "ptr")
        self.fixed = {name: self._load(code.address(self.watch, place)) for name, place in _PLACES.items()}
        self.held = {name: code.slot("double") for name in ("best", "best_step", "lowest")}
        for name, slot in self.held.items():
            code.do(f"store double {self.fixed[name]}, ptr {slot}")

    def write(self) -> str:
        code, cut, given = self.code, self.cut, self.given
        steps, first, rates, parts = (
            read(code, "steps"),
            read(code, "first", "double"),
            *self._pointers("rates", "parts"),
        )
        arena, table = self._pointers("arena", "table")
        self.losses, self.lengths = self._pointers("losses", "lengths")
        slots = {name: code.slot(t) for name, t in _SLOTS.items()}
        for name, field in (("at", "blocks"), ("to", "other"), ("places", "places")):
            code.do(f"store ptr {read(code, field, 'ptr')}, ptr {slots[name]}")
        code.do(f"store i64 {read(code, 'position')}, ptr {slots['position']}")
        code.do(f"store i64 0, ptr {slots['done']}")
        code.do("br label %head")
        code.lines.append("head:")
        done, position, at, to, places = (code.op(f"load {t}, ptr {slots[name]}") for name, t in _SLOTS.items())
        step = code.op(f"fadd double {first}, {code.op(f'sitofp i64 {done} to double')}")
        code.do(
            f"store double {self._load(code.address(rates, 0, (done, 8)))}, ptr {code.address(at, given.rate)}, align 8"
        )
        code.do(f"store double {step}, ptr {code.address(at, given.number)}, align 8")
        following = code.op(f"add nsw i64 {position}, 1")
        ends = code.op(f"icmp sge i64 {following}, {cut.per_epoch}")
        rows = code.op(f"select i1 {ends}, i64 {cut.last}, i64 {cut.batch}")
        if cut.groups == 1:
            code.do(f"call void @group(ptr {arena}, ptr {at}, ptr {parts}, ptr {places}, i64 {rows}, ptr {table})")
        else:
            code.do(f"call void @all(ptr %state, ptr {arena}, ptr {at}, ptr {places}, i64 {rows})")
        code.do(f"call void @update(ptr {arena}, ptr {at}, ptr {to}, ptr {parts})")
        loss, length, size, promise = (self._load(code.address(to, given.numbers + 8 * k)) for k in range(4))
        good = self._whole_picks(parts, self._may_go_on(loss, size, promise, step))
        code.do(f"br i1 {good}, label %go, label %stop")
        code.lines.append("go:")
        code.do(f"store double {loss}, ptr {code.address(self.losses, 0, (done, 8))}, align 8")
        code.do(f"store double {length}, ptr {code.address(self.lengths, 0, (done, 8))}, align 8")
        if self.full:
            self._if_lower(loss, step, at)
        more = code.op(f"add nsw i64 {done}, 1")
        code.do(f"store i64 {more}, ptr {slots['done']}")
        code.do(f"store i64 {code.op(f'select i1 {ends}, i64 0, i64 {following}')}, ptr {slots['position']}")
        code.do(f"store ptr {to}, ptr {slots['at']}")
        code.do(f"store ptr {at}, ptr {slots['to']}")
        places = code.address(places, 0, (rows, 8))
        if self.consecutive:
            places = code.op(f"select i1 {ends}, ptr {read(code, 'order', 'ptr')}, ptr {places}")
        code.do(f"store ptr {places}, ptr {slots['places']}")
        code.do(f"br i1 {code.op(f'icmp slt i64 {more}, {steps}')}, label %head, label %stop")
        code.lines.append("stop:")
        for name, slot in self.held.items():
            code.do(f"store double {self._load(slot)}, ptr {code.address(self.watch, _PLACES[name])}, align 8")
        count = code.op(f"load i64, ptr {slots['done']}")
        code.do(f"ret i64 {count}")
        return f"define i64 @many(ptr %state) #0 {{\n{code.body()}\n}}"

    def _pointers(self, *names: str) -> list[str]:
        return [read(self.code, name, "ptr") for name in names]

    def _load(self, pointer: str) -> str:
        return self.code.op(f"load double, ptr {pointer}, align 8")

    # ---- tests
    def _may_go_on(self, loss: str, size: str, promise: str, step: str) -> str:
        """Whether no test of `Stopping.over` stops this step for certain.

        A NaN makes each of these comparisons false, and the step is left to those who can say why.
        """
        fixed = self.fixed
        finite = self._less(self._abs(loss), number(float("inf"), "f8"))
        smallest, largest = (number(x, "f8") for x in SMALLEST_LARGEST[self.given.block.kind])
        inside = self._both(self._less(size, largest), self._less(smallest, size))
        growth = self._minus(loss, fixed["start"])
        bounded = self.code.op(f"fcmp ole double {growth}, {self._times(fixed['growth'], fixed['first'])}")
        good = self._both(finite, bounded)
        if not self.full:  # no slope at all in one batch says nothing
            none = self.code.op(f"fcmp oeq double {size}, {number(0.0, 'f8')}")
            return self._both(good, self.code.op(f"or i1 {inside}, {none}"))
        above = self._less(fixed["threshold"], loss)
        relative = self._times(fixed["tolerance"], self._abs(loss))
        absolute = self._times(self._times(fixed["tolerance"], fixed["tolerance"]), fixed["first"])
        sloped = self._less(self.code.op(f"fadd double {relative}, {absolute}"), promise)
        since = self._load(self.held["best_step"])
        fresh = self._less(self._minus(step, since), fixed["stalled"])
        some = self.code.op(f"or i1 {self._better(loss)}, {fresh}")
        return self._both(self._both(self._both(good, inside), self._both(above, sloped)), some)

    def _better(self, loss: str) -> str:
        """Whether the loss is below the best one, as `Stopping` compares."""
        best = self._load(self.held["best"])
        lower = self._less(loss, self._minus(best, self._times(number(1e-12, "f8"), self._abs(best))))
        none = self.code.op(f"fcmp oeq double {best}, {number(float('inf'), 'f8')}")
        return self.code.op(f"or i1 {lower}, {none}")

    def _whole_picks(self, parts: str, good: str) -> str:
        """And whether no index was outside of its array, which is the loop's to name."""
        code, block = self.code, self.given.block
        for group in range(self.cut.groups):
            place = code.address(parts, group * block.nbytes + block.doubt)
            good = self._both(good, code.op(f"icmp eq i64 {code.op(f'load i64, ptr {place}, align 8')}, 0"))
        return good

    def _if_lower(self, loss: str, step: str, flat: str) -> None:
        """Remember the best loss, and keep the parameters where it is the lowest so far."""
        code = self.code
        better = self._better(loss)
        for name, value in (("best", loss), ("best_step", step)):
            slot = self.held[name]
            chosen = code.op(f"select i1 {better}, double {value}, double {self._load(slot)}")
            code.do(f"store double {chosen}, ptr {slot}")
        fell = self._less(loss, self._load(self.held["lowest"]))
        code.do(f"br i1 {fell}, label %keep, label %kept")
        code.lines.append("keep:")
        code.do(f"store double {loss}, ptr {self.held['lowest']}")
        code.library.declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        target = read(code, "lowest", "ptr")
        code.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {target}, ptr {flat}, i64 {self.given.flat_bytes}, i1 false)")
        code.do("br label %kept")
        code.lines.append("kept:")

    # ---- arithmetic
    def _abs(self, x: str) -> str:
        return self.code.call("fabs", "f8", 1, x)

    def _both(self, a: str, b: str) -> str:
        return self.code.op(f"and i1 {a}, {b}")

    def _less(self, x: str, y: str) -> str:
        return self.code.op(f"fcmp olt double {x}, {y}")

    def _times(self, x: str, y: str) -> str:
        return self.code.op(f"fmul double {x}, {y}")

    def _minus(self, x: str, y: str) -> str:
        return self.code.op(f"fsub double {x}, {y}")


_SLOTS = {"done": "i64", "position": "i64", "at": "ptr", "to": "ptr", "places": "ptr"}
