"""Optimising: what nobody reads, what is computed twice, what is known beforehand, and algebra that keeps every bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.program.assemble import assembled
from steepest.program.program import Array, Literal, Operand, Operation, Program, Spec, spec_of

LARGEST_FOLDED = 1 << 20  # bytes of a constant that may be made of smaller ones


def optimised(program: Program) -> Program:
    """The same function in fewer operations, to the last bit.

    Examples
    --------
    >>> import numpy as np
    >>> from steepest.program.record import record
    >>> program = record(lambda x: np.sin(x) * 1.0 + np.sin(x), np.zeros(3))
    >>> [operation.name for operation in optimised(program).operations]
    ['sin', 'add']
    """
    return without_dead(assembled(without_dead(_Simplifier(program).run())))


def without_dead(program: Program) -> Program:
    """The program without the operations whose results nobody reads."""
    alive = {x for x in program.outputs if not isinstance(x, Literal)}
    kept = []
    for operation in reversed(program.operations):
        if operation.out in alive:
            kept.append(operation)
            alive.update(operation.values)
    return program.replaced(kept[::-1])


class _Simplifier:
    """One pass from the first operation to the last; each either goes, becomes another, or stays."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.specs = dict(program.specs)
        self.next = max(program.specs, default=-1)
        self.constants: dict[int, Array] = {}
        self.same: dict[int, Operand] = {}  # what a value turned out to be
        self.made: dict[int, Operation] = {}
        self.known: dict[Any, int] = {}  # by what it does, the value that does it
        for number, array in program.constants.items():
            first = self.known.setdefault(_array_key(array), number)
            if first == number:
                self.constants[number] = array
            else:
                self.same[number] = first

    def run(self) -> Program:
        for operation in self.program.operations:
            inputs = tuple(self.resolved(x) for x in operation.inputs)
            operation = Operation(operation.primitive, inputs, operation.static, operation.out)
            self.take(operation)
        outputs = tuple(self.resolved(x) for x in self.program.outputs)
        operations = list(self.made.values())
        return self.program.replaced(operations, outputs=outputs, constants=self.constants, specs=self.specs)

    def resolved(self, operand: Operand) -> Operand:
        return operand if isinstance(operand, Literal) else self.same.get(operand, operand)

    def take(self, operation: Operation) -> None:
        out = operation.out
        simpler: Operation | int | None = operation
        while isinstance(simpler, Operation):
            operation = simpler
            key = (id(operation.primitive), _operands_key(operation), static_key(operation.static))
            if key in self.known:
                self.same[out] = self.known[key]
                return
            if (folded := self.folded(operation)) is not None:
                self._hold(out, folded)
                return
            simplify = _ALGEBRA.get(operation.primitive.name)
            simpler = None if simplify is None else simplify(self, operation)
        # What takes another's place must look the same, also in memory: the order of later sums depends on it.
        if simpler is not None and _alike(self.specs[simpler], self.specs[out]):
            self.same[out] = simpler
            return
        self.made[out] = operation
        self.known[key] = out

    def _hold(self, out: int, constant: Array) -> None:
        """A value turned out to be known beforehand."""
        first = self.known.setdefault(_array_key(constant), out)
        if first == out:
            self.constants[out], self.specs[out] = constant, spec_of(constant)
        else:
            self.same[out] = first

    def folded(self, operation: Operation) -> Array | None:
        if any(x not in self.constants for x in operation.values) or self.specs[operation.out].weak:
            return None
        if self.specs[operation.out].nbytes > LARGEST_FOLDED:
            read = sum(self.constants[x].nbytes for x in operation.values)
            if self.specs[operation.out].nbytes > 2 * read and operation.primitive is not p.broadcast_to:
                return None
        arrays = [x.value if isinstance(x, Literal) else self.constants[x] for x in operation.inputs]
        with np.errstate(all="ignore"):
            return np.asarray(operation.primitive.forward(*arrays, **operation.static))

    def new(self, spec: Spec) -> int:
        """The number of a value that the program did not have."""
        self.next += 1
        self.specs[self.next] = spec
        return self.next

    # ---- questions that the table of algebra asks
    def filled_with(self, operand: Operand, number: float) -> bool:
        """Whether every element is `number`, its sign included."""
        array = np.asarray(operand.value) if isinstance(operand, Literal) else self.constants.get(operand)
        if array is None or array.dtype.kind not in "fiub" or array.size == 0:
            return False
        return bool((array == number).all() and (np.signbit(array) == np.signbit(number)).all())

    def maker(self, operand: Operand) -> Operation | None:
        return None if isinstance(operand, Literal) else self.made.get(operand)


def _alike(a: Spec, b: Spec) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and _layout(a) == _layout(b) and a.weak == b.weak


def _layout(spec: Spec) -> tuple[int, ...]:
    return tuple(stride for stride, n in zip(spec.strides, spec.shape) if n != 1)


def _array_key(array: Array) -> Any:
    if array.nbytes > 4096:
        return ("array", id(array))
    return ("array", array.shape, array.dtype.str, array.strides, array.tobytes())


def _operands_key(operation: Operation) -> tuple[Any, ...]:
    """Numbers by their bits: 0.0 is not -0.0, and 1 is not 1.0."""
    return tuple(
        (type(x.value).__name__, np.asarray(x.value).tobytes()) if isinstance(x, Literal) else x
        for x in operation.inputs
    )


def static_key(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((k, static_key(v)) for k, v in sorted(value.items()))
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, *map(static_key, value))
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    try:
        hash(value)
    except TypeError:
        return ("object", id(value))
    return (type(value).__name__, value)


# ---- algebra: each gives the number of an equal value, or another operation for the same value, or None
Simplify = Callable[[_Simplifier, Operation], "Operation | int | None"]


def _value(operand: Operand) -> int | None:
    return None if isinstance(operand, Literal) else operand


def _multiply(known: _Simplifier, operation: Operation) -> int | None:
    x, y = operation.inputs
    if known.filled_with(y, 1.0):
        return _value(x)
    return _value(y) if known.filled_with(x, 1.0) else None


def _add(known: _Simplifier, operation: Operation) -> int | None:
    x, y = operation.inputs  # x + 0.0 is not x where x is -0.0
    if known.filled_with(y, -0.0):
        return _value(x)
    return _value(y) if known.filled_with(x, -0.0) else None


def _subtract(known: _Simplifier, operation: Operation) -> int | None:
    return _value(operation.inputs[0]) if known.filled_with(operation.inputs[1], 0.0) else None


def _divide(known: _Simplifier, operation: Operation) -> int | None:
    return _value(operation.inputs[0]) if known.filled_with(operation.inputs[1], 1.0) else None


def _negative(known: _Simplifier, operation: Operation) -> int | None:
    inner = known.maker(operation.inputs[0])
    return _value(inner.inputs[0]) if inner is not None and inner.primitive is p.negative else None


def _where(known: _Simplifier, operation: Operation) -> int | None:
    _, x, y = operation.inputs
    return _value(x) if not isinstance(x, Literal) and x == y else None


def _itself(known: _Simplifier, operation: Operation) -> int | None:
    """What changes nothing where it changes neither shape nor dtype."""
    return _value(operation.inputs[0])


def _reshape(known: _Simplifier, operation: Operation) -> Operation | int | None:
    (x,) = operation.inputs
    if isinstance(x, Literal):
        return None
    if known.specs[x].shape == known.specs[operation.out].shape:
        return x
    inner = known.maker(x)
    if inner is not None and inner.primitive is p.reshape and _contiguous(known.specs[_number(inner.inputs[0])]):
        shape = known.specs[operation.out].shape
        first = _number(inner.inputs[0])
        return (
            first
            if known.specs[first].shape == shape
            else Operation(p.reshape, (first,), {"shape": shape}, operation.out)
        )
    return None


def _transpose(known: _Simplifier, operation: Operation) -> Operation | int | None:
    (x,) = operation.inputs
    axes = tuple(operation.static["axes"])
    if axes == tuple(range(len(axes))):
        return _value(x)
    inner = known.maker(x)
    if inner is not None and inner.primitive is p.transpose:
        both = tuple(inner.static["axes"][i] for i in axes)
        if both == tuple(range(len(both))):
            return _value(inner.inputs[0])
        return Operation(p.transpose, inner.inputs, {"axes": both}, operation.out)
    return None


def _reduction(known: _Simplifier, operation: Operation) -> Operation | int | None:
    """Over axes of length 1 an extreme is the element itself, and a sum or a mean is 0.0 plus it, which turns -0.0 into 0.0."""
    (x,) = operation.inputs
    if isinstance(x, Literal):
        return None
    before, after = known.specs[x], known.specs[operation.out]
    if before.dtype != after.dtype or before.dtype.kind != "f" or before.size != after.size or not before.size:
        return None
    if operation.primitive is p.sum_to and before.shape == after.shape:
        return x
    if operation.primitive in (p.amax, p.amin):
        return Operation(p.reshape, operation.inputs, {"shape": after.shape}, operation.out)
    if not _contiguous(after) or not before.shape:
        return None
    plus = known.new(Spec(before.shape, before.dtype, _c_strides(before)))
    known.take(Operation(p.add, (x, Literal(0.0)), {}, plus))
    return Operation(p.reshape, (known.resolved(plus),), {"shape": after.shape}, operation.out)


def _c_strides(spec: Spec) -> tuple[int, ...]:
    strides, step = [], spec.dtype.itemsize
    for n in spec.shape[::-1]:
        strides.append(step)
        step *= n
    return tuple(strides[::-1])


def _number(operand: Operand) -> int:
    assert not isinstance(operand, Literal)
    return operand


def _contiguous(spec: Spec) -> bool:
    expected = spec.dtype.itemsize
    for n, stride in zip(spec.shape[::-1], spec.strides[::-1]):
        if n != 1 and stride != expected:
            return False
        expected *= n
    return True


_ALGEBRA: dict[str, Simplify] = {
    "mul": _multiply, "add": _add, "sub": _subtract, "div": _divide, "neg": _negative, "where": _where,
    "alias": _itself, "stop_gradient": _itself, "astype": _itself, "broadcast_to": _itself,
    "reshape": _reshape, "transpose": _transpose, "sum_to": _reduction,
    "sum": _reduction, "mean": _reduction, "amax": _reduction, "amin": _reduction,
}  # fmt: skip
