"""Chunks: a program over a few rows, done over many rows, and at many points, in one call of machine code."""

from __future__ import annotations

import ctypes
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steepest.program.fusion import Plan
from steepest.program.native.code import Code
from steepest.program.native.compiled import Layout, Memory, write_steps
from steepest.program.native.machine import Library, Machine, vector_bits
from steepest.program.native.triangle import TriangleWriter
from steepest.program.program import Array, Literal, Program
from steepest.program.steps import NotCompilable

KEPT = 64  # functions of machine code; the one that was not used for longest goes first


@dataclass(frozen=True)
class ChunkProgram:
    """A program that does one chunk of rows at one point, and what its inputs and outputs mean.

    Attributes
    ----------
    kind : str
        What it computes, for whoever asks.
    program : Program
        Inputs: the point, a vector; then arrays whose first axis is the rows of the chunk. Outputs, some of which may be
        missing: a vector of float64 that is summed over the chunks; and columns of float64, one behind the other in one vector,
        of which each chunk has a part.
    summed : int
        How long that vector is; 0 for none.
    columns : int
        How many columns there are.
    triangle : bool
        Whether of the columns the triangle of a QR decomposition is wanted, not they themselves.
    """

    kind: str
    program: Program
    summed: int
    columns: int = 0
    triangle: bool = False


class Chunks:
    """Machine code for a `ChunkProgram`; compiled once for the same program, whatever the data.

    Raises
    ------
    NotCompilable
        The program holds something that there is no machine code for.
    RuntimeError
        LLVM finds the module wrong.
    """

    def __init__(self, chunk: ChunkProgram) -> None:
        self.chunk = chunk
        self.plan = plan = Plan(chunk.program)
        if plan.doubt is not None:
            raise NotCompilable("indexing by places that are computed")
        self.layout = layout = Layout(plan)
        self._sums = layout.reserve(8 * self.results)
        library = Library()
        steps = write_steps(library, plan, layout.offsets, "@steps")
        self.text = library.text(steps, self._written(library))
        self._machine = _compiled(self.text)
        pointer, whole = ctypes.c_void_p, ctypes.c_int64
        self._run = self._machine.function(
            "run", None, pointer, pointer, whole, pointer, whole, pointer, pointer, whole
        )
        self._memories: list[Memory] = []  # one a thread that is at work; list.pop and append are atomic

    @property
    def results(self) -> int:
        """How many numbers there are for a point: the sums, then the triangle's rows."""
        return self.chunk.summed + (self.chunk.columns**2 if self.chunk.triangle else 0)

    def __call__(
        self, points: Array, rows: Sequence[Array], chunks: int, out: Array, columns: Array | None = None
    ) -> None:
        """Do `chunks` chunks at each of the points.

        Parameters
        ----------
        points : ndarray, shape (k, n)
            Contiguous, in the dtype of the point.
        rows : sequence of ndarray
            Contiguous arrays of at least as many rows as the chunks have; one of the rows of a single chunk serves them all.
        chunks : int
            At least 1.
        out : ndarray of float64, shape (k, results)
            For the sums and the triangle of each point.
        columns : ndarray of float64, shape (columns, m), optional
            For the columns, where these are wanted; rows without gaps. With several points the last one's remain.
        """
        specs = [self.chunk.program.specs[x] for x in self.chunk.program.inputs[1:]]
        steps = [0 if len(x) == spec.shape[0] else spec.nbytes for x, spec in zip(rows, specs, strict=True)]
        table = np.array([[x.ctypes.data for x in rows], steps], np.int64)
        place, pitch = (0, 0) if columns is None else (columns.ctypes.data, columns.strides[0])
        try:
            memory = self._memories.pop()
        except IndexError:
            memory = self.layout.memory()
        self._run(
            memory.pointer,
            points.ctypes.data,
            len(points),
            table.ctypes.data,
            chunks,
            out.ctypes.data,
            place,
            pitch,
        )
        self._memories.append(memory)

    # ---- the loops in machine code
    def _written(self, library: Library) -> str:
        code = Code(library)
        library.declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        library.declare("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
        program = self.chunk.program
        count = len(program.inputs) - 1
        sources = [
            (code.op(f"load ptr, ptr {code.address('%rows', 8 * k)}, align 8"),
             code.op(f"load i64, ptr {code.address('%rows', 8 * (count + k))}, align 8"))
            for k in range(count)
        ]  # fmt: skip
        point = program.inputs[0]
        nbytes = program.specs[point].nbytes
        sums = code.address("%arena", self._sums)

        def at_point(i: str) -> None:
            if point in self.layout.offsets:
                self._copy(
                    code,
                    code.address("%arena", self.layout.offsets[point]),
                    code.address("%points", 0, (i, nbytes)),
                    nbytes,
                )
            code.do(f"call void @llvm.memset.p0.i64(ptr {sums}, i8 0, i64 {8 * self.results}, i1 false)")
            code.loop("%chunks", 1, lambda c: self._chunk(code, c, sources, sums))
            self._copy(code, code.address("%out", 0, (i, 8 * self.results)), sums, 8 * self.results)

        code.loop("%count", 1, at_point)
        code.do("ret void")
        return (
            "define void @run(ptr noalias %arena, ptr %points, i64 %count, ptr %rows, i64 %chunks, ptr %out, ptr %columns, "
            f"i64 %pitch) #0 {{\n{code.body()}\n}}"
        )

    def _chunk(self, code: Code, c: str, sources: list[tuple[str, str]], sums: str) -> None:
        for number, (source, step) in zip(self.chunk.program.inputs[1:], sources, strict=True):
            if number in self.layout.offsets:
                offset = code.op(f"mul nsw i64 {c}, {step}")
                self._take_rows(code, number, code.op(f"getelementptr i8, ptr {source}, i64 {offset}"))
        code.do("call void @steps(ptr %arena)")
        outputs = list(self.chunk.program.outputs)
        if self.chunk.summed:
            self._add(code, outputs.pop(0), sums)
        if self.chunk.columns:
            self._give_columns(code, outputs.pop(0), c, sums)

    def _take_rows(self, code: Code, number: int, source: str) -> None:
        """A chunk of an array that lies row by row, to where and how the program has it."""
        view = self.plan.views[number]
        target = code.address("%arena", self.layout.offsets[number])
        strides: list[int] = []
        step = view.dtype.itemsize
        for n in view.shape[::-1]:
            strides.insert(0, step)
            step *= n
        moved = [axis for axis, n in enumerate(view.shape) if n > 1]
        if all(strides[axis] == view.strides[axis] for axis in moved):
            self._copy(code, target, source, step)
            return
        kind = f"i{8 * view.dtype.itemsize}"

        def nest(axes: list[int], terms: list[tuple[str, int]]) -> None:
            if not axes:
                there = code.address(source, 0, *((i, strides[axis]) for i, axis in terms))
                here = code.address(target, 0, *((i, view.strides[axis]) for i, axis in terms))
                value = code.op(f"load {kind}, ptr {there}, align {view.dtype.itemsize}")
                code.do(f"store {kind} {value}, ptr {here}, align {view.dtype.itemsize}")
                return
            first, *rest = axes
            code.loop(view.shape[first], 1, lambda i: nest(rest, [*terms, (i, first)]))

        nest(moved, [])

    def _vector(self, code: Code, output: int | Literal) -> str:
        """The address of an output, which must be a vector without gaps."""
        if isinstance(output, Literal):
            raise NotCompilable("a result that is a number")
        view = self.plan.views[output]
        if len(view.shape) != 1 or (view.shape[0] > 1 and view.strides[0] != 8):
            raise NotCompilable("a result with gaps")
        return code.address("%arena", self.layout.offsets[view.base] + view.offset)

    def _add(self, code: Code, output: int | Literal, sums: str) -> None:
        start = self._vector(code, output)

        def add(i: str) -> None:
            place = code.address(sums, 0, (i, 8))
            total = code.op(f"load double, ptr {place}, align 8")
            more = code.op(f"load double, ptr {code.address(start, 0, (i, 8))}, align 8")
            code.do(f"store double {code.op(f'fadd double {total}, {more}')}, ptr {place}, align 8")

        code.loop(self.chunk.summed, 1, add)

    def _give_columns(self, code: Code, output: int | Literal, c: str, sums: str) -> None:
        start, width = self._vector(code, output), self.chunk.columns
        assert not isinstance(output, Literal)
        rows = self.plan.views[output].shape[0] // width
        if self.chunk.triangle:
            triangle = code.address(sums, 8 * self.chunk.summed)
            TriangleWriter(code, width, rows, vector_bits()).write(start, triangle)
            return

        def give(k: str) -> None:
            offset = code.op(f"mul nsw i64 {k}, %pitch")
            column = code.op(f"getelementptr i8, ptr %columns, i64 {offset}")
            self._copy(code, code.address(column, 0, (c, 8 * rows)), code.address(start, 0, (k, 8 * rows)), 8 * rows)

        code.loop(width, 1, give)

    def _copy(self, code: Code, target: str, source: str, nbytes: int) -> None:
        code.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {target}, ptr {source}, i64 {nbytes}, i1 false)")


_known: OrderedDict[str, Machine] = OrderedDict()
_lock = threading.Lock()


def _compiled(text: str) -> Machine:
    """The machine code of a module: the same text is never compiled twice."""
    with _lock:
        if text not in _known:
            _known[text] = Machine(text)
            if len(_known) > KEPT:
                _known.popitem(last=False)
        _known.move_to_end(text)
        return _known[text]
