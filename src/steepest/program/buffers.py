"""The buffer plan: which bytes of one arena each intermediate value has, and when they are free again."""

from __future__ import annotations

from dataclasses import dataclass

from steepest.autodiff import primitives as p
from steepest.program.program import Program

ALIGNMENT = 64  # bytes: a cache line, and the widest vector


@dataclass(frozen=True)
class BufferPlan:
    """Where values lie in the arena.

    Attributes
    ----------
    offsets : dict of int to int
        Bytes from the arena's start, by the number of the value.
    peak : int
        The arena's size in bytes.
    """

    offsets: dict[int, int]
    peak: int


def aligned(nbytes: int) -> int:
    """`nbytes` rounded up to whole lines."""
    return -(-max(nbytes, 1) // ALIGNMENT) * ALIGNMENT


class Arena:
    """Hands out and takes back ranges of bytes; what is taken back is joined to its neighbours and given out again."""

    def __init__(self) -> None:
        self.size = 0
        self._free: list[tuple[int, int]] = []  # (offset, size), in order

    def take(self, nbytes: int) -> tuple[int, int]:
        """The offset and the size of a range for `nbytes`: the smallest free one that is large enough."""
        size = aligned(nbytes)
        fitting = [(s, o, i) for i, (o, s) in enumerate(self._free) if s >= size]
        if not fitting:
            offset, self.size = self.size, self.size + size
            return offset, size
        found, offset, i = min(fitting)
        if found == size:
            del self._free[i]
        else:
            self._free[i] = (offset + size, found - size)
        return offset, size

    def give_back(self, offset: int, size: int) -> None:
        merged: list[tuple[int, int]] = []
        for o, s in sorted([*self._free, (offset, size)]):
            if merged and merged[-1][0] + merged[-1][1] == o:
                merged[-1] = (merged[-1][0], merged[-1][1] + s)
            else:
                merged.append((o, s))
        self._free = merged


def planned(program: Program) -> BufferPlan:
    """Buffers of the values that an operation can write into; a result is copied out when the program ends.

    A value may be a part of the value it was made of (a transpose, a slice), so it keeps that one's bytes from being given out.
    """
    owner: dict[int, set[int]] = {n: set() for n in (*program.inputs, *program.constants)}
    last: dict[int, int] = {}
    end = len(program.operations)
    for i, operation in enumerate(program.operations):
        if writes_into(operation.primitive.name):
            owner[operation.out] = {operation.out}
        else:
            owner[operation.out] = set().union(*(owner[x] for x in operation.values)) if operation.values else set()
        for number in (operation.out, *operation.values):
            for root in owner[number]:
                last[root] = i
    for number in program.kept:
        for root in owner[number]:
            last[root] = end
    leaving: dict[int, list[int]] = {}
    for root, i in last.items():
        leaving.setdefault(i, []).append(root)
    arena, offsets, held = Arena(), {}, {}
    for i, operation in enumerate(program.operations):
        if writes_into(operation.primitive.name):
            held[operation.out] = arena.take(program.specs[operation.out].nbytes)
            offsets[operation.out] = held[operation.out][0]
        for root in leaving.get(i, ()):
            arena.give_back(*held[root])
    return BufferPlan(offsets, arena.size)


def writes_into(name: str) -> bool:
    """Whether the operation is a NumPy function that can write its result into a given buffer with the same bits."""
    return name in _INTO


# By the primitive's name, the NumPy function that takes `out`. Not among them: `pow`, whose operator has short cuts.
_INTO = {
    p.add.name: "add", p.subtract.name: "subtract", p.multiply.name: "multiply", p.divide.name: "true_divide",
    p.negative.name: "negative", p.square.name: "square", p.exp.name: "exp", p.exp2.name: "exp2", p.expm1.name: "expm1",
    p.log.name: "log", p.log1p.name: "log1p", p.log2.name: "log2", p.log10.name: "log10", p.sqrt.name: "sqrt",
    p.sin.name: "sin", p.cos.name: "cos", p.tan.name: "tan", p.arcsin.name: "arcsin", p.arccos.name: "arccos",
    p.arctan.name: "arctan", p.sinh.name: "sinh", p.cosh.name: "cosh", p.tanh.name: "tanh", p.arcsinh.name: "arcsinh",
    p.arccosh.name: "arccosh", p.arctanh.name: "arctanh", p.absolute.name: "absolute", p.maximum.name: "maximum",
    p.minimum.name: "minimum", p.arctan2.name: "arctan2", p.hypot.name: "hypot", p.logaddexp.name: "logaddexp",
    p.remainder.name: "remainder", p.sign.name: "sign", p.floor.name: "floor", p.ceil.name: "ceil", p.trunc.name: "trunc",
    p.rint.name: "rint", p.floor_divide.name: "floor_divide", p.isnan.name: "isnan", p.isinf.name: "isinf",
    p.isfinite.name: "isfinite", p.equal.name: "equal", p.not_equal.name: "not_equal", p.less.name: "less",
    p.less_equal.name: "less_equal", p.greater.name: "greater", p.greater_equal.name: "greater_equal",
    p.logical_and.name: "logical_and", p.logical_or.name: "logical_or", p.logical_not.name: "logical_not",
    p.matmul.name: "matmul",
}  # fmt: skip


def numpy_name(name: str) -> str:
    """The NumPy function behind a primitive that `writes_into`."""
    return _INTO[name]
