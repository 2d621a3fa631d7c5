"""Assembling: a sum of parts, each within zeros, becomes the parts side by side.

It is what the derivative of slices leaves: a gradient of a slice is put into zeros of the whole's shape, and all of these are
added up. Over the slices of a loop that would be work by the square of their number.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from steepest.autodiff import primitives as p
from steepest.program.program import Array, Literal, Operand, Operation, Program, Spec

Box = tuple[tuple[int, int], ...]  # along each axis, from where to where


class _Part(NamedTuple):
    box: Box
    value: int


def assembled(program: Program) -> Program:
    """The same program to the last bit, with sums of parts within zeros made by concatenation.

    Examples
    --------
    >>> import steepest as sd
    >>> from steepest.program.optimise import without_dead
    >>> from steepest.program.record import record
    >>> program = record(sd.grad(lambda x: (x[:2] * x[2:]).sum()), np.ones(4))
    >>> [operation.name for operation in without_dead(assembled(program)).operations][-4:]
    ['mul', 'add', 'add', 'concatenate']
    """
    parts = _parts(program)
    if not parts:
        return program
    makers = {operation.out: operation for operation in program.operations}
    inner = {x for x in parts if makers[x].primitive is p.add for x in makers[x].values}
    outside = {x for operation in program.operations if operation.out not in parts for x in operation.values}
    outside |= {x for x in program.outputs if not isinstance(x, Literal)}
    made = _Assembler(program)
    for operation in program.operations:
        wanted = operation.out not in inner or operation.out in outside
        if operation.primitive is p.add and operation.out in parts and wanted:
            made.assemble(operation, _leaves(parts, operation.out))
        else:
            made.operations.append(operation)
    return program.replaced(made.operations, specs=made.specs, constants=made.constants)


def _parts(program: Program) -> dict[int, _Part | tuple[int, int]]:
    """What is a part within zeros, or a sum of such."""
    parts: dict[int, _Part | tuple[int, int]] = {}
    for operation in program.operations:
        if operation.primitive is p.scatter_add and len(operation.values) == 1 == len(operation.inputs):
            part, whole = program.specs[operation.values[0]], program.specs[operation.out]
            box = box_of(operation.static["spec"], whole.shape)
            if box is None or part.dtype != whole.dtype or whole.dtype.kind != "f":
                continue
            if math.prod(stop - start for start, stop in box) == part.size:
                parts[operation.out] = _Part(box, operation.values[0])
        elif operation.primitive is p.add and all(x in parts for x in operation.inputs):
            x, y = operation.values
            if program.specs[x][:2] == program.specs[y][:2]:
                parts[operation.out] = (x, y)
    return parts


def box_of(spec: tuple[object, ...], shape: tuple[int, ...]) -> Box | None:
    """The box that an index of whole numbers and slices without steps stands for."""
    items = list(spec)
    if Ellipsis in items:
        i = items.index(Ellipsis)
        items[i : i + 1] = [slice(None)] * (len(shape) - len(items) + 1)
    items += [slice(None)] * (len(shape) - len(items))
    box = []
    for item, n in zip(items, shape):
        if isinstance(item, slice):
            start, stop, step = item.indices(n)
            if step != 1 or stop <= start:
                return None
        elif isinstance(item, (int, np.integer)) and not isinstance(item, bool):
            start = int(item) % n
            stop = start + 1
        else:
            return None
        box.append((start, stop))
    return tuple(box)


def _leaves(parts: dict[int, _Part | tuple[int, int]], out: int) -> list[_Part]:
    found, stack = [], [out]
    while stack:
        node = parts[stack.pop()]
        if isinstance(node, _Part):
            found.append(node)
        else:
            stack.extend(node)
    return found


class _Assembler:
    """Operations in the making."""

    def __init__(self, program: Program) -> None:
        self.operations: list[Operation] = []
        self.specs, self.constants = dict(program.specs), dict(program.constants)
        self._next = max(program.specs, default=-1) + 1
        self._zeros: dict[tuple[tuple[int, ...], np.dtype[np.generic]], int] = {}

    def assemble(self, operation: Operation, leaves: list[_Part]) -> None:
        spec = self.specs[operation.out]
        axis = _axis(leaves, spec.shape)
        if axis is None or spec.strides != _strides(spec.shape, spec.dtype.itemsize):
            self.operations.append(operation)
            return
        row: list[Operand] = []
        end = 0
        for part in sorted(leaves, key=lambda part: part.box[axis]):
            start, stop = part.box[axis]
            if start > end:
                row.append(self._zero(spec, axis, start - end))
            row.append(self._piece(part, spec))
            end = stop
        if end < spec.shape[axis]:
            row.append(self._zero(spec, axis, spec.shape[axis] - end))
        self.operations.append(Operation(p.concatenate, tuple(row), {"axis": axis}, operation.out))

    def _piece(self, part: _Part, spec: Spec) -> int:
        """The part in the rank of the whole, plus 0.0: among zeros -0.0 becomes 0.0 when they are added up."""
        shape = tuple(stop - start for start, stop in part.box)
        value = part.value
        if self.specs[value].shape != shape:
            value = self._add(Operation(p.reshape, (value,), {"shape": shape}, self._next), shape, spec)
        return self._add(Operation(p.add, (value, Literal(0.0)), {}, self._next), shape, spec)

    def _add(self, operation: Operation, shape: tuple[int, ...], spec: Spec) -> int:
        self.operations.append(operation)
        return self._new(Spec(shape, spec.dtype, _strides(shape, spec.dtype.itemsize)))

    def _new(self, spec: Spec) -> int:
        self.specs[self._next] = spec
        self._next += 1
        return self._next - 1

    def _zero(self, spec: Spec, axis: int, length: int) -> int:
        shape = (*spec.shape[:axis], length, *spec.shape[axis + 1 :])
        if (shape, spec.dtype) not in self._zeros:
            zeros: Array = np.broadcast_to(np.zeros((1,) * len(shape), spec.dtype), shape)
            number = self._new(Spec(shape, spec.dtype, zeros.strides))
            self.constants[number] = zeros
            self._zeros[shape, spec.dtype] = number
        return self._zeros[shape, spec.dtype]


def _axis(leaves: list[_Part], shape: tuple[int, ...]) -> int | None:
    """The axis along which the parts lie one behind the other, and which they fill across; None if there is none."""
    whole = tuple((0, n) for n in shape)
    cut = [k for k in range(len(shape)) if any(part.box[k] != whole[k] for part in leaves)]
    if len(cut) != 1:
        return None
    spans = sorted(part.box[cut[0]] for part in leaves)
    return cut[0] if all(a[1] <= b[0] for a, b in itertools.pairwise(spans)) else None


def _strides(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    strides, step = [], itemsize
    for n in shape[::-1]:
        strides.append(step)
        step *= n
    return tuple(strides[::-1])
