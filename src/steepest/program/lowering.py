"""Lowering: operations written as those that there is machine code for. Products of stacks, Einstein sums, known masks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.autodiff.primitive import Primitive
from steepest.program.program import Literal, Operation, Program, Spec, spec_of

UNROLLED = 256  # matrices of a stack that are multiplied one by one; more are multiplied and summed element by element
SMALL = 64  # multiplications of a product that is not worth a step of its own


def lowered(program: Program) -> Program:
    """The same function without stacked products and Einstein sums; other roundings, since sums are taken in another order.

    Examples
    --------
    >>> from steepest import ops
    >>> from steepest.program.record import record
    >>> program = record(lambda a, b: ops.einsum("ij,kj->ik", a, b), np.ones((2, 3)), np.ones((4, 3)))
    >>> [operation.name for operation in lowered(program).operations]
    ['transpose', 'matmul']
    """
    if not any(_is_compound(program, operation) for operation in program.operations):
        return program
    writer = _Writer(program)
    for operation in program.operations:
        if not _is_compound(program, operation):
            writer.operations.append(operation)
        elif operation.primitive is p.matmul:
            writer.product(operation)
        elif operation.primitive is not p.einsum:
            writer.by_places(operation)
        else:
            writer.einstein_sum(operation)
    return program.replaced(writer.operations, specs=writer.specs, constants=writer.constants)


def _is_compound(program: Program, operation: Operation) -> bool:
    if operation.primitive in (p.index, p.scatter_add):
        return any(x in program.constants and program.constants[x].dtype == bool for x in operation.values[1:])
    if any(isinstance(x, Literal) for x in operation.inputs):
        return False
    if operation.primitive is p.matmul:
        a, b = (program.specs[x] for x in operation.values)
        return not len(a.shape) == len(b.shape) == 2 or a.dtype != b.dtype
    return operation.primitive is p.einsum


class _Writer:
    """Adds operations to a program; each method gives the number of the value that it makes."""

    def __init__(self, program: Program) -> None:
        self.specs = dict(program.specs)
        self.constants = dict(program.constants)
        self.operations: list[Operation] = []
        self._known = set(program.specs)

    def add(self, primitive: Primitive, inputs: Sequence[int], shape: Sequence[int], /, **static: Any) -> int:
        number = max(self.specs) + 1
        dtype = np.dtype(static.get("dtype", self.specs[inputs[0]].dtype))
        strides = tuple(dtype.itemsize * math.prod(shape[i + 1 :]) for i in range(len(shape)))
        self.specs[number] = Spec(tuple(shape), dtype, strides)
        self.operations.append(Operation(primitive, tuple(inputs), static, number))
        return number

    def finish(self, made: int, out: int) -> None:
        """Let what was made be the value `out`."""
        if made in self._known:  # nothing had to be done
            self.operations.append(Operation(p.alias, (made,), {}, out))
        else:
            last = self.operations.pop()
            self.operations.append(Operation(last.primitive, last.inputs, last.static, out))

    # ---- masks
    def by_places(self, operation: Operation) -> None:
        """Indexing by masks that are known beforehand, by the places where they are true instead."""
        first, *masks = operation.inputs
        spec: list[Any] = []
        inputs: list[Any] = [first]
        rest = iter(masks)
        for item in operation.static["spec"]:
            mask = next(rest) if item is p.HOLE else None
            known = None if mask is None or isinstance(mask, Literal) else self.constants.get(mask)
            if mask is None or known is None or known.dtype != bool or not known.ndim:
                spec.append(item)
                inputs += [] if mask is None else [mask]
                continue
            for places in np.nonzero(known):
                number = max(self.specs) + 1
                self.constants[number], self.specs[number] = places, spec_of(places)
                spec.append(p.HOLE)
                inputs.append(number)
        static = {**operation.static, "spec": tuple(spec)}
        self.operations.append(Operation(operation.primitive, tuple(inputs), static, operation.out))

    # ---- operations, left out where they change nothing
    def shape(self, x: int) -> tuple[int, ...]:
        return self.specs[x].shape

    def cast(self, x: int, dtype: Any) -> int:
        return x if self.specs[x].dtype == dtype else self.add(p.astype, (x,), self.shape(x), dtype=dtype)

    def reshape(self, x: int, shape: Sequence[int]) -> int:
        return x if self.shape(x) == tuple(shape) else self.add(p.reshape, (x,), shape, shape=tuple(shape))

    def transpose(self, x: int, axes: Sequence[int]) -> int:
        shape = [self.shape(x)[a] for a in axes]
        return x if list(axes) == sorted(axes) else self.add(p.transpose, (x,), shape, axes=tuple(axes))

    def sum(self, x: int, axes: Sequence[int]) -> int:
        shape = [n for a, n in enumerate(self.shape(x)) if a not in axes]
        return self.add(p.sum, (x,), shape, axis=tuple(axes), keepdims=False) if axes else x

    def multiply(self, a: int, b: int) -> int:
        return self.add(p.multiply, (a, b), np.broadcast_shapes(self.shape(a), self.shape(b)))

    # ---- products
    def product(self, operation: Operation) -> None:
        dtype = self.specs[operation.out].dtype
        a, b = (self.cast(x, dtype) for x in operation.values)
        self.finish(self.matmul(a, b), operation.out)

    def matmul(self, a: int, b: int) -> int:
        """Of matrices or stacks of them, of one dtype."""
        (*above_a, m, k), (*above_b, _, n) = self.shape(a), self.shape(b)
        if not above_a and not above_b:
            return self.add(p.matmul, (a, b), (m, n))
        if not above_b:  # one matrix for all rows of the stack
            flat = self.matmul(self.reshape(a, (math.prod(above_a) * m, k)), b)
            return self.reshape(flat, (*above_a, m, n))
        stack = np.broadcast_shapes(tuple(above_a), tuple(above_b))
        count = math.prod(stack)
        if m * k * n <= SMALL or count > UNROLLED:
            spread = self.multiply(self.reshape(a, (*above_a, m, k, 1)), self.reshape(b, (*above_b, 1, k, n)))
            return self.sum(spread, (len(stack) + 1,))
        parts = []
        for place in np.ndindex(*stack):
            one = self.matmul(self.matrix(a, place), self.matrix(b, place))
            parts.append(self.reshape(one, (1, m, n)))
        whole = parts[0] if count == 1 else self.add(p.concatenate, parts, (count, m, n), axis=0)
        return self.reshape(whole, (*stack, m, n))

    def matrix(self, x: int, place: tuple[int, ...]) -> int:
        """The matrix of a stack at a place of the broadcast stack."""
        above = self.shape(x)[:-2]
        spec = tuple(0 if n == 1 else i for n, i in zip(above, place[len(place) - len(above) :]))
        return self.add(p.index, (x,), self.shape(x)[-2:], spec=spec) if spec else x

    # ---- Einstein sums
    def einstein_sum(self, operation: Operation) -> None:
        left, output = operation.static["subscripts"].split("->")
        terms, values = left.split(","), list(operation.values)
        dtype = self.specs[operation.out].dtype
        lengths: dict[str, int] = {}
        for term, x in zip(terms, values):
            for label, n in zip(term, self.shape(x)):
                lengths[label] = max(n, lengths.get(label, 1))
        made, term = self.cast(values[0], dtype), terms[0]
        for i, x in enumerate(values[1:], 1):
            wanted = "".join(dict.fromkeys(output + "".join(terms[i + 1 :])))
            made, term = self.contract(made, term, self.cast(x, dtype), terms[i], wanted, lengths)
        made, term = self.without(made, term, output)
        made = self.transpose(made, [term.index(label) for label in output if label in term])
        if len(term) < len(output):  # labels of length 1 that have gone
            made = self.reshape(made, [self.shape(made)[term.index(c)] if c in term else 1 for c in output])
        self.finish(made, operation.out)

    def without(self, x: int, term: str, wanted: str) -> tuple[int, str]:
        """Summed over the labels that nobody wants."""
        gone = [i for i, label in enumerate(term) if label not in wanted]
        return self.sum(x, gone), "".join(label for label in term if label in wanted)

    def contract(self, a: int, left: str, b: int, right: str, wanted: str, lengths: dict[str, int]) -> tuple[int, str]:
        """The product of two operands, summed over the labels that are not wanted after it."""
        a, left = self.narrowed(a, left, lengths)
        b, right = self.narrowed(b, right, lengths)
        a, left = self.without(a, left, wanted + right)
        b, right = self.without(b, right, wanted + left)
        both = [label for label in left if label in right and label in wanted]
        summed = [label for label in left if label in right and label not in wanted]
        rows, columns = [c for c in left if c not in right], [c for c in right if c not in left]
        a = self.transpose(a, [left.index(c) for c in (*both, *rows, *summed)])
        b = self.transpose(b, [right.index(c) for c in (*both, *summed, *columns)])
        stack, m, k, n = ([lengths[c] for c in labels] for labels in (both, rows, summed, columns))
        if summed and (m or n):
            a = self.reshape(a, (*stack, math.prod(m), math.prod(k)))
            b = self.reshape(b, (*stack, math.prod(k), math.prod(n)))
            made = self.reshape(self.matmul(a, b), (*stack, *m, *n))
        else:
            a = self.reshape(a, (*stack, *m, *(1,) * len(n), *k))
            b = self.transpose(
                b, [*range(len(both)), *range(len(both + summed), len(right)), *range(len(both), len(both + summed))]
            )
            made = self.multiply(a, self.reshape(b, (*stack, *(1,) * len(m), *n, *k)))
            made = self.sum(made, range(len(both + rows + columns), len(self.shape(made))))
        return made, "".join((*both, *rows, *columns))

    def narrowed(self, x: int, term: str, lengths: dict[str, int]) -> tuple[int, str]:
        """Without the axes of length 1, which broadcast."""
        kept = [i for i, label in enumerate(term) if self.shape(x)[i] == lengths[label]]
        return self.reshape(x, [self.shape(x)[i] for i in kept]), "".join(term[i] for i in kept)
