"""Loops: a fused step as a nest of loops, the innermost over vectors."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.program.fusion import Plan
from steepest.program.native import elementwise
from steepest.program.native.code import Code, held_kind, itemsize, kind_of, number, splat, vector
from steepest.program.native.numbers import Number
from steepest.program.program import Literal, Operand, Operation
from steepest.program.steps import Loop, Reduction, View, common_order

UNROLLED = 4  # vectors of the innermost axis that are written out instead of looped over
# Sums of short terms wait for the addition before; so many partial sums are taken in turn.
STREAMS = 4
SHORT = {
    x.name
    for x in (p.add, p.subtract, p.multiply, p.negative, p.square, p.absolute, p.relu, p.maximum, p.minimum, p.where, p.astype,
              p.absorbing_multiply)
}  # fmt: skip


@dataclass
class _Place:
    """A view as the loops see it: its strides along the axes of the nest, from the outermost."""

    view: View
    strides: list[int]

    @property
    def kind(self) -> str:
        return kind_of(self.view.dtype)


class _Accumulator:
    """Where a reduction gathers: vectors of partial results that stay in registers, or the results in memory."""

    def __init__(self, reduction: Reduction, place: _Place, reduced: list[bool], lanes: int) -> None:
        self.reduction, self.place, self.reduced = reduction, place, reduced
        self.kind = place.kind
        self.lanes = lanes
        self.name = reduction.operation.name
        # The axes from `depth` on are gathered by the innermost loops: then partial results stay in registers.
        self.depth = len(reduced)
        while self.depth > 0 and reduced[self.depth - 1]:
            self.depth -= 1
        self.in_registers = not any(reduced[: self.depth])
        self.slots: list[str] = []

    @property
    def start(self) -> float:
        if self.kind == "i8":
            return {"amax": -(2**63), "amin": 2**63 - 1}.get(self.name, 0)
        return {"amax": float("-inf"), "amin": float("inf"), "all": 1.0}.get(self.name, 0.0)

    def join(self, a: Number, b: Number) -> Number:
        join = _JOINS.get(self.name)
        return a + b if join is None else join(a, b)

    def taken(self, value: Number) -> Number:
        """The value as it is counted or added."""
        return value.cast("b1" if self.name == p.count_nonzero.name else self.kind).cast(self.kind)


_JOINS: dict[str, Callable[[Number, Number], Number]] = {
    p.amax.name: elementwise.maximum, p.amin.name: elementwise.minimum, p.any_.name: operator.or_, p.all_.name: operator.and_,
}  # fmt: skip


class LoopWriter:
    """Writes one `Loop` into a function."""

    def __init__(self, code: Code, plan: Plan, loop: Loop, offsets: dict[int, int], width: int) -> None:
        self.code, self.plan, self.loop, self.offsets = code, plan, loop, offsets
        self.shape, self.merged = self._axes()
        self.places: dict[Any, _Place] = {}
        inner = self.shape[-1] if self.shape else 1
        widest = max([itemsize(kind_of(v.dtype)) for v in self._views() if v.dtype.kind in "fi"] or [8])
        self.lanes = 1
        while self.lanes < inner and self.lanes * 2 * widest <= width:
            self.lanes *= 2
        self.accumulators = [
            _Accumulator(r, self._place(r.view, r.reduced), self._axes_of(r.reduced), self.lanes)
            for r in loop.reductions
        ]

    # ---- the axes of the nest
    def _views(self) -> list[View]:
        views = [
            self.plan.views[x]
            for op in self.loop.operations
            for x in (*op.inputs, op.out)
            if not isinstance(x, Literal)
        ]
        views += [
            self.plan.views[x] for r in self.loop.reductions for x in r.operation.inputs if not isinstance(x, Literal)
        ]
        views += [self.plan.views[x] for x, _ in self.loop.copies if not isinstance(x, Literal)]
        return views + [target for _, target in self.loop.copies]

    def _axes(self) -> tuple[list[int], list[list[int]]]:
        """Lengths of the loops from the outermost, and which axes of the arrays each one runs over."""
        made = {operation.out for operation in self.loop.operations}
        read = [self.plan.views[x] for x in self._operands() if not isinstance(x, Literal)]
        in_memory = [view for view in read if view.base not in made]
        in_memory += [*self.loop.stores.values(), *(target for _, target in self.loop.copies)]
        order = common_order(self.loop.shape, [view.squeezed[1] for view in in_memory])
        groups: list[list[int]] = []
        views = [(v.squeezed[1], v) for v in self._views()]
        for axis in order:
            if groups and self._mergeable(groups[-1][-1], axis, views):
                groups[-1].append(axis)
            else:
                groups.append([axis])
        lengths = []
        for group in groups:
            n = 1
            for axis in group:
                n *= self.loop.shape[axis]
            lengths.append(n)
        return lengths, groups

    def _mergeable(self, outer: int, inner: int, views: Sequence[tuple[tuple[int, ...], View]]) -> bool:
        n = self.loop.shape[inner]
        if any(strides[outer] != strides[inner] * n for strides, _ in views if len(strides) == len(self.loop.shape)):
            return False
        return all(r.reduced[outer] == r.reduced[inner] for r in self.loop.reductions) and all(
            self._kept_strides(r)[outer] == self._kept_strides(r)[inner] * n for r in self.loop.reductions
        )

    def _kept_strides(self, reduction: Reduction) -> list[int]:
        """The strides of a reduction's result along the axes of the loop; 0 along those that are gathered."""
        rest = iter(reduction.view.squeezed[1])
        return [0 if gone else next(rest) for gone in reduction.reduced]

    def _axes_of(self, reduced: Sequence[bool]) -> list[bool]:
        return [reduced[group[-1]] for group in self.merged]

    def _place(self, view: View, reduced: Sequence[bool] | None = None) -> _Place:
        if reduced is None:
            strides: Sequence[int] = view.squeezed[1]
        else:
            rest = iter(view.squeezed[1])
            strides = [0 if gone else next(rest) for gone in reduced]
        return _Place(view, [strides[group[-1]] for group in self.merged])

    # ---- writing
    def write(self) -> None:
        if not self.shape:
            self._begin_accumulators(0)
            self._body([], 1, 1, {})
            self._end_accumulators(0, [])
            return
        for accumulator in self.accumulators:
            if not accumulator.in_registers:
                self._clear(accumulator)
        self._nest([])

    def _nest(self, indices: list[str]) -> None:
        depth = len(indices)
        self._begin_accumulators(depth)
        if depth == len(self.shape) - 1:
            self._innermost(indices)
        elif self.shape[depth] == 1:
            self._nest([*indices, "0"])
        else:
            self.code.loop(self.shape[depth], 1, lambda index: self._nest([*indices, index]))
        self._end_accumulators(depth, indices)

    def _innermost(self, indices: list[str]) -> None:
        length, lanes = self.shape[-1], self.lanes
        held: dict[Any, Number] = {}
        self._hoist(indices, held)
        whole, rest = divmod(length, lanes)
        first = 0
        if whole > UNROLLED:
            first = whole - whole % self.streams
            self.code.loop(first * lanes, lanes * self.streams, lambda i: self._bodies(indices, i, dict(held)))
        for i in range(first, whole):
            self._body([*indices, str(i * lanes)], lanes, lanes, dict(held))
        if rest:
            self._body([*indices, str(whole * lanes)], lanes, rest, dict(held))

    def _bodies(self, indices: list[str], i: str, held: dict[Any, Number]) -> None:
        """A vector of each stream, side by side."""
        for stream in range(self.streams):
            here = i if stream == 0 else self.code.op(f"add nsw i64 {i}, {stream * self.lanes}")
            self._body([*indices, here], self.lanes, self.lanes, dict(held), stream)

    @property
    def streams(self) -> int:
        """How many partial results of each reduction are taken in turn along the innermost axis."""
        short = all(operation.name in SHORT for operation in self.loop.operations)
        waits = any(a.in_registers and a.depth < len(self.shape) for a in self.accumulators)
        return STREAMS if short and waits and self.shape[-1] // self.lanes >= 2 * STREAMS else 1

    def _hoist(self, indices: list[str], held: dict[Any, Number]) -> None:
        """Load what does not change along the innermost axis before its loop."""
        for x in self._operands():
            place = self._memory_place(x)
            if place is not None and place.strides[-1] == 0:
                pointer = self._pointer(place, [*indices, "0"])
                scalar = self.code.load(pointer, place.kind, 1, 1)
                kind = held_kind(place.kind)
                held[x] = Number(self.code, self.code.spread(scalar, kind, self.lanes), kind, self.lanes)

    def _operands(self) -> list[Operand]:
        found: dict[Operand, None] = {}
        for operation in self.loop.operations:
            found.update(dict.fromkeys(operation.inputs))
        for reduction in self.loop.reductions:
            found.update(dict.fromkeys(reduction.operation.inputs))
        found.update(dict.fromkeys(x for x, _ in self.loop.copies))
        return list(found)

    def _memory_place(self, operand: Operand) -> _Place | None:
        """Where an operand is read from; None for literals and for what this loop computes itself."""
        if isinstance(operand, Literal):
            return None
        view = self.plan.views[operand]
        if any(operation.out == view.base for operation in self.loop.operations):
            return None
        return self._place(view)

    def _pointer(self, place: _Place, indices: Sequence[str]) -> str:
        offset = self.offsets[place.view.base] + place.view.offset
        terms = self.code.moved(place.view.advance)
        for index, stride in zip(indices, place.strides):
            if index.lstrip("-").isdigit():
                offset += int(index) * stride
            else:
                terms.append((index, stride))
        return self.code.address("%arena", offset, *terms)

    def _body(self, indices: list[str], lanes: int, active: int, held: dict[Any, Number], stream: int = 0) -> None:
        registers: dict[int, Number] = {}
        for operation in self.loop.operations:
            inputs = [self._value(x, operation, indices, lanes, active, held, registers) for x in operation.inputs]
            dtypes = [self._promotion(x) for x in operation.inputs]
            literals = [x.value if isinstance(x, Literal) else None for x in operation.inputs]
            out = self.plan.views[operation.out]
            result = elementwise.emit(operation.name, inputs, dtypes, out.dtype, literals)
            registers[operation.out] = result
            if operation.out in self.loop.stores:
                self._store(result, self._place(self.loop.stores[operation.out]), indices, lanes, active)
        for operand, target in self.loop.copies:
            kind = held_kind(kind_of(target.dtype))
            value = self._value(operand, None, indices, lanes, active, held, registers, kind)
            self._store(value.cast(kind), self._place(target), indices, lanes, active)
        for accumulator in self.accumulators:
            (x,) = accumulator.reduction.operation.inputs
            value = self._value(x, None, indices, lanes, active, held, registers)
            value = accumulator.taken(value)
            self._gather(accumulator, value, indices, lanes, active, stream)

    def _promotion(self, operand: Operand) -> Any:
        if isinstance(operand, Literal):
            return operand.value
        spec = self.plan.program.specs.get(self.plan.views[operand].base)
        if spec is not None and spec.weak:
            return spec.dtype.type(1).item()  # a Python number of its kind
        return self.plan.views[operand].dtype

    def _value(
        self, operand: Operand, operation: Operation | None, indices: list[str], lanes: int, active: int,
        held: dict[Any, Number], registers: dict[int, Number], literal_kind: str | None = None,
    ) -> Number:  # fmt: skip
        if isinstance(operand, Literal):
            kind = literal_kind or self._literal_kind(operand, operation)
            return Number(self.code, splat(operand.value, kind, lanes), kind, lanes)
        base = self.plan.views[operand].base
        if base in registers:
            return registers[base]
        if operand in held:
            return held[operand]
        place = self._memory_place(operand)
        assert place is not None
        pointer = self._pointer(place, indices)
        stride = place.strides[-1] if place.strides else 0
        kind = place.kind
        if lanes == 1 or stride == itemsize(kind):
            name = self.code.load(pointer, kind, lanes, active)
        else:
            name = self.code.gather(pointer, stride, kind, lanes, active)
        held[operand] = Number(self.code, name, held_kind(kind), lanes)
        return held[operand]

    def _literal_kind(self, literal: Literal, operation: Operation | None) -> str:
        if isinstance(literal.value, (bool, np.bool_)):
            return "b1"
        assert operation is not None
        out = self.plan.views[operation.out].dtype
        if out.kind == "f":
            return kind_of(out) if out.itemsize == 8 or not hasattr(literal.value, "dtype") else "f8"
        return "f8" if isinstance(literal.value, (float, np.floating)) else "i8"

    def _store(self, value: Number, place: _Place, indices: list[str], lanes: int, active: int) -> None:
        pointer = self._pointer(place, indices)
        stride = place.strides[-1] if place.strides else 0
        if lanes == 1 or stride == itemsize(place.kind):
            self.code.store(value.name, pointer, place.kind, lanes, active)
        else:
            self.code.scatter(value.name, pointer, stride, place.kind, lanes, active)

    # ---- reductions
    def _begin_accumulators(self, depth: int) -> None:
        for accumulator in self.accumulators:
            if accumulator.in_registers and accumulator.depth == depth and accumulator.depth < max(len(self.shape), 1):
                t = vector(accumulator.kind, self.lanes)
                accumulator.slots = accumulator.slots or [self.code.slot(t) for _ in range(self.streams)]
                for slot in accumulator.slots:
                    self.code.do(f"store {t} {splat(accumulator.start, accumulator.kind, self.lanes)}, ptr {slot}")

    def _gather(
        self, accumulator: _Accumulator, value: Number, indices: list[str], lanes: int, active: int, stream: int
    ) -> None:
        t = vector(accumulator.kind, lanes)
        if active < lanes:  # lanes that are not there do not count
            mask = Number(self.code, self.code.mask(lanes, active).split("> ", 1)[1], "b1", lanes)
            value = mask.where(value, value.const(accumulator.start))
        if not accumulator.in_registers or accumulator.depth == len(self.shape) > 0:
            # Along the innermost axis the results lie side by side, and each takes what the outer loops bring.
            place = accumulator.place
            if not any(accumulator.reduced):
                self._store(self._finished(accumulator, value), place, indices, lanes, active)
                return
            pointer = self._pointer(place, indices)
            stride = place.strides[-1]
            if accumulator.reduced[-1]:  # gathered along the innermost axis too, within an outer one
                total = self._across(accumulator, value)
                before = Number(self.code, self.code.load(pointer, accumulator.kind, 1, 1), accumulator.kind, 1)
                self.code.store(accumulator.join(before, total).name, pointer, accumulator.kind, 1, 1)
            elif stride == itemsize(place.kind):
                before = Number(self.code, self.code.load(pointer, place.kind, lanes, active), place.kind, lanes)
                self.code.store(accumulator.join(before, value).name, pointer, place.kind, lanes, active)
            else:
                before = Number(
                    self.code, self.code.gather(pointer, stride, place.kind, lanes, active), place.kind, lanes
                )
                joined = accumulator.join(before, value)
                self.code.scatter(joined.name, pointer, stride, place.kind, lanes, active)
            return
        slot = accumulator.slots[stream]
        held = Number(self.code, self.code.op(f"load {t}, ptr {slot}"), accumulator.kind, lanes)
        self.code.do(f"store {t} {accumulator.join(held, value).name}, ptr {slot}")

    def _end_accumulators(self, depth: int, indices: list[str]) -> None:
        for accumulator in self.accumulators:
            if accumulator.in_registers and accumulator.depth == depth and accumulator.depth < max(len(self.shape), 1):
                t = vector(accumulator.kind, self.lanes)
                held, *others = (
                    Number(self.code, self.code.op(f"load {t}, ptr {slot}"), accumulator.kind, self.lanes)
                    for slot in accumulator.slots
                )
                for other in others:
                    held = accumulator.join(held, other)
                total = self._finished(accumulator, self._across(accumulator, held))
                pointer = self._pointer(accumulator.place, [*indices, *["0"] * (len(self.shape) - len(indices))])
                self.code.store(total.name, pointer, accumulator.kind, 1, 1)
        if depth == 0 and self.shape:
            for accumulator in self.accumulators:
                if not accumulator.in_registers and accumulator.name == p.mean.name:
                    self._divide(accumulator)

    def _across(self, accumulator: _Accumulator, value: Number) -> Number:
        """One number from the lanes of a vector: halves joined until one is left."""
        lanes = value.lanes
        while lanes > 1:
            lanes //= 2
            whole = vector(value.kind, lanes * 2)
            halves = []
            for start in (0, lanes):
                places = ", ".join(f"i32 {start + i}" for i in range(lanes))
                if lanes == 1:
                    halves.append(self.code.op(f"extractelement {whole} {value.name}, i32 {start}"))
                else:
                    halves.append(
                        self.code.op(f"shufflevector {whole} {value.name}, {whole} poison, <{lanes} x i32> <{places}>")
                    )
            a, b = (Number(self.code, name, value.kind, lanes) for name in halves)
            value = accumulator.join(a, b)
        return value

    def _finished(self, accumulator: _Accumulator, total: Number) -> Number:
        return total / float(accumulator.reduction.count) if accumulator.name == p.mean.name else total

    def _results(self, accumulator: _Accumulator) -> tuple[int, int]:
        view = accumulator.reduction.view
        size = 1
        for n in view.shape:
            size *= n
        return self.offsets[view.base] + view.offset, size

    def _clear(self, accumulator: _Accumulator) -> None:
        offset, size = self._results(accumulator)
        kind, moved = accumulator.kind, self.code.moved(accumulator.reduction.view.advance)
        start = number(accumulator.start, kind)

        def put(index: str) -> None:
            self.code.store(start, self.code.address("%arena", offset, *moved, (index, itemsize(kind))), kind, 1, 1)

        self.code.loop(size, 1, put)

    def _divide(self, accumulator: _Accumulator) -> None:
        offset, size = self._results(accumulator)
        kind, moved = accumulator.kind, self.code.moved(accumulator.reduction.view.advance)

        def divide(index: str) -> None:
            pointer = self.code.address("%arena", offset, *moved, (index, itemsize(kind)))
            total = Number(self.code, self.code.load(pointer, kind, 1, 1), kind, 1)
            self.code.store(self._finished(accumulator, total).name, pointer, kind, 1, 1)

        self.code.loop(size, 1, divide)
