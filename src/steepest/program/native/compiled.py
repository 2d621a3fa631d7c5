"""Compiled: a program as machine code, with its own memory."""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from steepest.program.buffers import ALIGNMENT, Arena
from steepest.program.fusion import Plan
from steepest.program.interpreter import Interpreter, check_inputs
from steepest.program.native.code import PIECES, Code
from steepest.program.native.loops import LoopWriter
from steepest.program.native.machine import Library, Machine, vector_bits
from steepest.program.native.picks import PickWriter
from steepest.program.native.products import ProductWriter
from steepest.program.native.routines import RoutineWriter
from steepest.program.program import Array, Literal, Program
from steepest.program.reroll import Family
from steepest.program.steps import Loop, NotCompilable, Pick, Repeat, Routine, Step, View

PADDING = 64  # bytes after each value, so that no vector reaches into another's cache line


class Layout:
    """Where every value of a plan lies in one piece of memory: inputs and constants for good, the rest while it is needed.

    Parameters
    ----------
    pinned : mapping of int to int
        Offsets of values that lie elsewhere; see `code.PIECES`.
    start : int
        Where in the memory this plan's part begins; before it are those of others.
    """

    def __init__(self, plan: Plan, pinned: Mapping[int, int] | None = None, start: int = 0) -> None:
        self.plan = plan
        arena = Arena()
        arena.size = start
        self.offsets: dict[int, int] = dict(pinned or {})
        begins: dict[int, list[Family]] = {}
        ends: dict[int, list[Family]] = {}
        held: dict[Family, tuple[int, int]] = {}
        for family in self._families():
            _, made, read = plan.storage[family.members[family.first]]
            if made < 0:
                self._lay_out(family, arena.take(family.total)[0])
            else:
                begins.setdefault(made, []).append(family)
                ends.setdefault(max(made, read), []).append(family)
        for i in range(plan.positions):
            for family in begins.get(i, ()):
                held[family] = arena.take(family.total)
                self._lay_out(family, held[family][0])
            for family in ends.get(i, ()):
                arena.give_back(*held[family])
        self._arena = arena

    def _families(self) -> list[Family]:
        """Those of the plan, and every other value as one of its own."""
        families = list(self.plan.families)
        known = {number for family in families for number in family.members.values()}
        if not known.isdisjoint(self.offsets):
            raise NotCompilable("a value that lies elsewhere, in a loop")
        known |= self.offsets.keys()
        return families + [Family({0: n}, nbytes) for n, (nbytes, *_) in self.plan.storage.items() if n not in known]

    def _lay_out(self, family: Family, start: int) -> None:
        first = family.first
        for place, number in family.members.items():
            self.offsets[number] = start + (place - first) * family.distance

    def reserve(self, nbytes: int) -> int:
        """More memory at the end, for good."""
        offset = self._arena.size
        self._arena.size += -(-nbytes // ALIGNMENT) * ALIGNMENT
        return offset

    @property
    def end(self) -> int:
        """Where the part of this plan ends."""
        return self._arena.size

    @property
    def nbytes(self) -> int:
        return self._arena.size + PADDING

    def memory(self) -> Memory:
        return Memory(self)


class Memory:
    """The bytes of a `Layout`, with the constants in their places; of several that follow each other, `nbytes` in all."""

    def __init__(self, *layouts: Layout, nbytes: int = 0) -> None:
        self._bytes = np.zeros(max(nbytes, layouts[-1].nbytes) + ALIGNMENT, np.uint8)
        self._start = -self._bytes.ctypes.data % ALIGNMENT
        self.pointer = self._bytes.ctypes.data + self._start
        for layout in layouts:
            self.layout = layout
            self._fill(layout)

    def _fill(self, layout: Layout) -> None:
        program = layout.plan.program
        for number, constant in program.constants.items():
            if number in layout.offsets:
                place = self.view(layout.plan.views[number])
                cut = tuple(slice(0, 1) if s == 0 else slice(None) for s in place.strides)
                place[cut] = constant[cut]

    def view(self, view: View) -> Array:
        """A value's array in this memory."""
        offset = self.layout.offsets[view.base] + view.offset
        return np.ndarray(view.shape, view.dtype, self._bytes.data, self._start + offset, view.strides)

    def at(self, offset: int, count: int, dtype: Any) -> Array:
        """`count` numbers at a reserved place."""
        return np.ndarray((count,), dtype, self._bytes.data, self._start + offset)


def write_steps(library: Library, plan: Plan, offsets: dict[int, int], name: str, pieces: int = 1) -> str:
    """The function that runs the steps of a plan once on the memory that it is given, in so many `code.PIECES`."""
    code = Code(library)
    _write(code, plan, plan.steps, offsets)
    code.do("ret void")
    given = ", ".join(f"ptr noalias {piece}" for piece in PIECES[:pieces])
    return f"define internal void {name}({given}) #0 {{\n{code.body()}\n}}"


def _write(code: Code, plan: Plan, steps: Sequence[Step], offsets: dict[int, int]) -> None:
    width = vector_bits()
    for step in steps:
        if isinstance(step, Loop):
            LoopWriter(code, plan, step, offsets, width // 8).write()
        elif isinstance(step, Repeat):
            code.repeat(step.count, step.advances, functools.partial(_write, code, plan, step.steps, offsets))
        elif isinstance(step, Pick):
            checked = any(place.checked for place in step.places)
            doubt = offsets[plan.doubt] if checked and plan.doubt is not None else None
            PickWriter(code, step, offsets, width // 8, doubt).write()
        elif isinstance(step, Routine):
            RoutineWriter(code, step, offsets).write()
        else:
            ProductWriter(code, step, offsets, width).write()


class Compiled:
    """A program compiled for this processor.

    Attributes
    ----------
    text : str
        The module in LLVM's language.

    Raises
    ------
    NotCompilable
        The program holds something that there is no machine code for.

    Examples
    --------
    >>> import numpy as np
    >>> from steepest.program.record import record
    >>> run = Compiled(record(lambda x: x * 2.0 + 1.0, np.zeros(2)))
    >>> run([np.array([0.0, 1.0])])
    [array([1., 3.])]
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.plan = Plan(program)
        layout = Layout(self.plan)
        library = Library()
        steps = write_steps(library, self.plan, layout.offsets, "@steps")
        run = "define void @run(ptr %arena) #0 {\nentry:\n  call void @steps(ptr %arena)\n  ret void\n}"
        self.text = library.text(steps, run)
        self._machine = Machine(self.text)
        self._run = self._machine.function("run", None, ctypes.c_void_p)
        self._memory = layout.memory()
        self._inputs = [self._memory.view(self.plan.views[x]) if x in layout.offsets else None for x in program.inputs]
        self._outputs = [
            x.value if isinstance(x, Literal) else self._memory.view(self.plan.views[x]) for x in program.outputs
        ]
        self._doubt = None if self.plan.doubt is None else self._memory.view(self.plan.views[self.plan.doubt])
        self._lock = threading.Lock()  # one piece of memory, one call at a time

    def __call__(self, inputs: Sequence[Array]) -> list[Any]:
        """The output arrays for these input arrays.

        Raises
        ------
        ShapeError
            An input has another shape or dtype than the program was recorded for.
        IndexError
            As NumPy's, where an input is an index.
        """
        check_inputs(self.program, inputs)
        with self._lock:
            for place, array in zip(self._inputs, inputs):
                if place is not None:
                    np.copyto(place, array)
            if self._doubt is not None:
                self._doubt[...] = 0
            self._run(self._memory.pointer)
            if self._doubt:  # an index outside of an array: NumPy says which
                return Interpreter(self.program)(inputs)
            return [np.array(x, order="C") if isinstance(x, np.ndarray) else x for x in self._outputs]
