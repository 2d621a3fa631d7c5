"""Rows: the rows of a batch, gathered from where the data lies into a program's own memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from steepest.program.native.code import Code
from steepest.program.native.machine import Library
from steepest.program.steps import View

LINE = 64  # bytes that come from memory together
# Lines are asked for before they are needed: about so many at a time, of one row at most, and of so many rows ahead at most.
# As many places may be read beyond the last one.
UNDERWAY, LINES, AHEAD = 48, 16, 16


def write_gather(
    library: Library, views: Sequence[View], offsets: Sequence[int], name: str, consecutive: bool = False
) -> str:
    """The function that puts rows into the memory of a program's inputs.

    It takes the memory, the places of the rows (64-bit integers), and a table with the address of each array of data, whose
    rows lie one behind the other. With `consecutive` only the first place counts.
    """
    code = Code(library)
    for k, (view, offset) in enumerate(zip(views, offsets)):
        _Gather(code, view, offset, k, consecutive).write()
    code.do("ret void")
    return f"define internal void {name}(ptr noalias %arena, ptr noalias %places, ptr noalias %table) #0 {{\n{code.body()}\n}}"


class _Gather:
    def __init__(self, code: Code, view: View, offset: int, place: int, consecutive: bool) -> None:
        self.code, self.view, self.offset, self.consecutive = code, view, offset, consecutive
        self.size = view.dtype.itemsize
        self.row = self.size * int(np.prod(view.shape[1:]))
        self.data = code.op(f"load ptr, ptr {code.address('%table', 8 * place)}, align 8")

    def write(self) -> None:
        rows = self.view.shape[0]
        if self.consecutive and self._together():
            self._copy(self.code.address("%arena", self.offset), self._source("0"), rows * self.row)
        else:
            self.code.loop(rows, 1, self._row)

    def _copy(self, target: str, source: str, nbytes: int) -> None:
        self.code.library.declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        self.code.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {target}, ptr {source}, i64 {nbytes}, i1 false)")

    def _row(self, i: str) -> None:
        code = self.code
        if (
            self.row >= LINE // 4 and not self.consecutive
        ):  # of rows that are but a number, several are in a line anyway
            lines = min(LINES, -(-self.row // LINE))
            ahead = self._source(code.op(f"add nsw i64 {i}, {min(AHEAD, UNDERWAY // lines)}"))
            code.library.declare("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
            for line in range(lines):
                place = code.address(ahead, line * LINE)
                code.do(f"call void @llvm.prefetch.p0(ptr {place}, i32 0, i32 3, i32 1)")
        source = self._source(i)
        if self._together():
            self._copy(code.address("%arena", self.offset, (i, self.row)), source, self.row)
            return
        target = code.address("%arena", self.offset, (i, self.view.strides[0]))
        kind = f"i{8 * self.size}"
        for k, index in enumerate(np.ndindex(*self.view.shape[1:])):
            along = sum(int(a) * s for a, s in zip(index, self.view.strides[1:]))
            number = code.op(f"load {kind}, ptr {code.address(source, k * self.size)}, align {self.size}")
            code.do(f"store {kind} {number}, ptr {code.address(target, along)}, align {self.size}")

    def _source(self, i: str) -> str:
        """Where the row is that comes at place `i`."""
        code = self.code
        if self.consecutive:
            first = code.op("load i64, ptr %places, align 8")
            return code.address(self.data, 0, (first, self.row), (i, self.row))
        place = code.op(f"load i64, ptr {code.address('%places', 0, (i, 8))}, align 8")
        return code.address(self.data, 0, (place, self.row))

    def _together(self) -> bool:
        """Whether a row lies in one piece, and the rows one behind the other."""
        expected = self.size
        for n, stride in zip(self.view.shape[:0:-1], self.view.strides[:0:-1]):
            if n != 1 and stride != expected:
                return False
            expected *= n
        return self.view.strides[0] == self.row or self.view.shape[0] == 1
