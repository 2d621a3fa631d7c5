"""Fusion: a program as a list of steps, each a loop over elements that does as much as possible, or a matrix product.

What only changes how an array is looked at (transposes, slices, broadcasts, most reshapes) costs nothing: it is a `View` of
the memory of another value. A value that no other step reads is never stored.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from steepest.autodiff import primitives as p
from steepest.program.empties import without_empties
from steepest.program.lifetimes import lifetimes
from steepest.program.lowering import lowered
from steepest.program.moving import MOVES, as_view, put_in_place
from steepest.program.multiplying import matmul
from steepest.program.periods import periods
from steepest.program.program import Array, Literal, Operand, Operation, Program
from steepest.program.reroll import Family, rerolled
from steepest.program.routines import ROUTINES
from steepest.program.steps import Loop, NotCompilable, Reduction, Step, View, common_order, flat, layout

VIEWS = {
    x.name for x in (p.transpose, p.broadcast_to, p.flip, p.alias, p.stop_gradient, p.reshape, p.index)
}  # fmt: skip
REDUCTIONS = {x.name for x in (p.sum, p.mean, p.amax, p.amin, p.sum_to, p.any_, p.all_, p.count_nonzero)}
ELEMENTWISE = {
    x.name
    for x in (
        p.add, p.subtract, p.multiply, p.divide, p.negative, p.power, p.square, p.reciprocal, p.absorbing_multiply,
        p.exp, p.exp2, p.expm1, p.log, p.log1p, p.log2, p.log10, p.sqrt, p.cbrt, p.sin, p.cos, p.tan, p.arcsin, p.arccos,
        p.arctan, p.sinh, p.cosh, p.tanh, p.arcsinh, p.arccosh, p.arctanh, p.erf, p.sigmoid, p.softplus, p.log_cosh,
        p.absolute, p.relu, p.maximum, p.minimum, p.arctan2, p.hypot, p.clip, p.where, p.sign, p.floor, p.ceil, p.trunc,
        p.rint, p.isnan, p.isinf, p.isfinite, p.equal, p.not_equal, p.less, p.less_equal, p.greater, p.greater_equal,
        p.logical_and, p.logical_or, p.logical_not, p.astype, p.logaddexp, p.remainder, p.floor_divide,
    )
}  # fmt: skip


# Dtypes: computed with, and read or moved only.
COMPUTED, MOVED = ("f8", "f4", "b1", "i8"), ("i1", "i2", "i4", "u1", "u2", "u4")


class Plan:
    """The steps of a program, in order, and the memory they need.

    Parameters
    ----------
    program : Program
    plain : collection of int
        Inputs that lie in C order; of all others the longest axis is innermost.
    reroll : bool
        Whether like operations that follow each other may become a loop; their values then have their places together.

    Attributes
    ----------
    steps : list of Loop, Product, Pick and Repeat
    positions : int
        The number of steps, those within each Repeat counted once.
    doubt : int or None
        The value, an int64, that a run makes other than 0 where an array of places goes outside of what it picks from.
    views : dict of int to View
        Of every value.
    storage : dict of int to tuple
        Values with memory of their own: ``(bytes, step that makes it, last step that reads it)``; inputs and constants are made
        at -1, and what must outlive the program is read at ``positions``.
    families : list of Family
        Of values whose memory lies together.

    Raises
    ------
    NotCompilable
        An operation or a dtype that only the interpreter can do.
    """

    def __init__(self, program: Program, plain: Collection[int] = (), reroll: bool = True) -> None:
        program = self.program = lowered(without_empties(program))
        self.repeated = periods(program) if reroll else []
        self._fuse(plain)
        worked = rerolled(self, self._cuts + self._rows) if self.repeated else []
        if not all(worked[: len(self.repeated)]):  # what is no loop is fused as a whole
            self.repeated = [stretch for stretch, works in zip(self.repeated, worked) if works]
            self._fuse(plain)
            rerolled(self, self._cuts + self._rows)

    def _fuse(self, plain: Collection[int]) -> None:
        program = self.program
        self.parts: dict[int, tuple[int, Array]] = {}  # of what value, and where in it, others are made as parts
        self.families: list[Family] = []
        # The steps at which iterations begin, for each stretch of operations that may be repeated; the same of rows of copies.
        self._cuts: list[list[int]] = []
        self._rows: list[list[int]] = []
        self._begun = 0  # the first step of this iteration
        self.repeating = False  # whether it is one of a stretch
        self.packs: dict[tuple[View, int], int] = {}
        self._plain: set[int] = set()
        self.usual: dict[tuple[int, ...], tuple[int, ...]] = {}  # the order of the axes of what has this shape
        self.steps: list[Step] = []
        self.views: dict[int, View] = {}
        self.doubt: int | None = None
        self.bases: dict[int, Array] = {}  # stand-ins: NumPy works out strides and offsets on them
        self.arrays: dict[int, Array] = {}
        self.step_of: dict[int, int] = {}
        self._looped: dict[int, int] = {}  # values that a loop computes: held in a register there
        self.stored: set[int] = set()
        self.numbers = itertools.count(-1, -1)  # of what the program has no number for
        for number in program.inputs:
            self.own(number, -1)
            if number in plain:
                self.place(number, self.bases[number].reshape(program.specs[number].shape), number)
        for number, array in program.constants.items():
            self._own_constant(number, array)
        self._plain |= _read_in_order(program)
        put_in_place(self)
        starts = {stretch.start for stretch in self.repeated}
        ends = {stretch.stop for stretch in self.repeated}
        later = {i for stretch in self.repeated for i in (*stretch[1:], stretch.stop)}
        for i, operation in enumerate((*program.operations, None)):
            if i in later:
                self._cut(self._cuts[-1])
            if i in ends:
                self.repeating = False
            if i in starts:
                self.repeating = True
                self._cuts.append([])
                self._cut(self._cuts[-1])
            if operation is not None:
                self._take(operation)
        for number in program.kept:
            self.read(number, math.inf)
        self.storage = lifetimes(self)
        self.positions = len(self.steps)

    def _cut(self, cuts: list[int]) -> None:
        """End an iteration: what follows is fused by itself."""
        self._begun = len(self.steps)
        cuts.append(self._begun)

    def in_a_row(self, values: Sequence[int]) -> Iterator[int]:
        """Go through like values, of which each may be done as an iteration by itself, since iterations made them."""
        made = [self.step_of[self.views[x].base] for x in values]
        repeated = sum(any(cuts[0] <= step < cuts[-1] for cuts in self._cuts) for step in made)
        if self.repeating or 2 * repeated <= len(values):
            yield from values
            return
        self._rows.append([])
        for x in values:
            self._cut(self._rows[-1])
            yield x
        self._cut(self._rows[-1])

    def made_before(self, number: int) -> bool:
        """Whether a value is there before the first iteration of this stretch begins."""
        return self.step_of[self.views[number].base] < self._cuts[-1][0]

    def named(self, view: View) -> int:
        """A number for a view that the program has none for."""
        number = next(self.numbers)
        self.views[number] = view
        return number

    # ---- memory
    def own(self, number: int, step: int, order: tuple[int, ...] | None = None) -> None:
        """Memory of its own for a value, its axes in an order from the outermost; if none is given, in that of others like it."""
        spec = self.program.specs[number]
        base = np.empty(spec.size, spec.dtype)
        self.bases[number] = base
        strides = (
            np.empty(spec.shape, spec.dtype).strides
            if number in self._plain
            else layout(spec.shape, spec.dtype.itemsize, order or self.usual.get(spec.shape))
        )
        self.place(number, np.ndarray(spec.shape, spec.dtype, base.data, 0, strides), number)
        self.step_of[number] = step
        if step < 0:
            self.stored.add(number)

    def own_or_part(self, number: int, step: int, order: tuple[int, ...] | None = None) -> None:
        """Memory for what a step makes: its own, or the part of another value that it is going to be."""
        if number in self.parts:
            whole, part = self.parts[number]
            self.place(number, part, whole)
            self.step_of[whole] = step
        else:
            self.own(number, step, order)
        self.stored.add(self.views[number].base)

    def _own_constant(self, number: int, array: Array) -> None:
        if 0 in array.strides and array.size > 1:  # broadcast: kept as the part that is there
            cut = tuple(slice(0, 1) if s == 0 else slice(None) for s in array.strides)
            part = array[cut]
            base = np.empty(part.size, part.dtype)
            small = np.ndarray(part.shape, part.dtype, base.data, 0, layout(part.shape, part.dtype.itemsize))
            self.bases[number] = base
            self.place(number, np.broadcast_to(small, array.shape), number)
            self.step_of[number] = -1
            self.stored.add(number)
        else:
            self.own(number, -1)

    def place(self, number: int, array: Array, base: int) -> None:
        self.arrays[number] = array
        self.views[number] = self.view_of(array, base)

    def doubtful(self) -> None:
        """Make the value that says whether a place was outside."""
        if self.doubt is None:
            self.doubt = next(self.numbers)
            self.bases[self.doubt] = self.arrays[self.doubt] = np.zeros((), np.int64)
            self.views[self.doubt] = View(self.doubt, 0, (), (), np.dtype(np.int64))
            self.step_of[self.doubt] = -1
            self.stored.add(self.doubt)

    def room(self, nbytes: int) -> View:
        """Memory that only the next step needs."""
        number = next(self.numbers)
        self.bases[number] = np.empty(nbytes, np.uint8)
        self.place(number, self.bases[number], number)
        self.step_of[number] = len(self.steps)
        self.stored.add(number)
        return self.views[number]

    def view_of(self, array: Array, base: int) -> View:
        """How a stand-in lies in its base."""
        memory = self.bases[base]
        if not array.size:
            return View(base, 0, array.shape, array.strides, array.dtype)
        if not np.may_share_memory(array, memory):
            raise NotCompilable("a part of an array that is no view of it")
        offset = array.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
        return View(base, offset, array.shape, array.strides, array.dtype)

    def read(self, operand: Operand, step: float) -> None:
        """Note that a step reads a value from memory."""
        if isinstance(operand, Literal):
            return
        base = self.views[operand].base
        if base in self._looped and self._looped[base] != step:
            self.stored.add(base)

    # ---- from operations to steps
    def _take(self, operation: Operation) -> None:
        name = operation.name
        for number in (operation.out, *operation.values):
            dtype = self.program.specs[number].dtype
            moved = number != operation.out or name in VIEWS or name in MOVES or name in ROUTINES
            if dtype.str[1:] not in COMPUTED and not (moved and dtype.str[1:] in MOVED):
                raise NotCompilable(f"dtype {dtype}")
        if name in VIEWS and len(operation.inputs) == 1:
            self._view(operation)
        elif name in REDUCTIONS:
            self._reduce(operation)
        elif name in ELEMENTWISE:
            self._elementwise(operation)
        elif operation.primitive is p.matmul:
            matmul(self, operation)
        elif name in MOVES:
            MOVES[name](self, operation)
        elif name in ROUTINES:
            ROUTINES[name](self, operation)
        else:
            raise NotCompilable(f"the operation '{name}'")

    def _view(self, operation: Operation) -> None:
        (x,) = operation.inputs
        if isinstance(x, Literal):
            raise NotCompilable(f"'{operation.name}' of a number")
        static = operation.static
        if operation.primitive is p.index:
            static = {"spec": as_view(static["spec"])}
        view = np.asarray(operation.primitive.forward(self.arrays[x], **static))
        base = self.views[x].base
        if not np.may_share_memory(view, self.bases[base]):  # a reshape that has to move elements
            base = self.copied(x)
            view = np.asarray(operation.primitive.forward(self.arrays[base], **static))
        self.place(operation.out, view, base)

    def copied(self, number: int) -> int:
        """A copy of a value in memory of its own, in C order; returns the number of the copy."""
        copy = next(self.numbers)
        spec = self.program.specs[number]
        base = np.empty(spec.size, spec.dtype)
        self.bases[copy] = base
        self.place(copy, base.reshape(spec.shape), copy)
        self.step_of[copy] = self.copy_into(number, self.views[copy])
        self.stored.add(copy)
        return copy

    def copy_into(self, operand: Operand, target: View) -> int:
        """Copy a value to a place; returns the step that does it."""
        shape, _ = target.squeezed
        step = self.loop_for(shape, (operand,))
        loop = self.steps[step]
        assert isinstance(loop, Loop)
        loop.copies.append((operand, target))
        self.read(operand, step)
        return step

    def _elementwise(self, operation: Operation) -> None:
        spec = self.program.specs[operation.out]
        shape = tuple(n for n in spec.shape if n != 1)
        operands = tuple(self.broadcast(x, spec.shape) for x in operation.inputs)
        operation = Operation(operation.primitive, operands, operation.static, operation.out)
        step = self.loop_for(shape, operation.inputs)
        loop = self.steps[step]
        assert isinstance(loop, Loop)
        loop.operations.append(operation)
        for x in operation.inputs:
            self.read(x, step)
        views = [self.views[x] for x in operands if not isinstance(x, Literal)]
        made = [view.strides for view in views if self.step_of[view.base] >= 0]
        order = common_order(spec.shape, made or [view.strides for view in views], self.usual.get(spec.shape))
        self.usual.setdefault(spec.shape, order)
        self.own(operation.out, step, order)
        self._looped[operation.out] = step

    def broadcast(self, operand: Operand, shape: tuple[int, ...]) -> Operand:
        """The operand as a view of the shape of the loop."""
        if isinstance(operand, Literal) or self.program.specs.get(operand, None) is None:
            return operand
        view = self.views[operand]
        if view.shape == shape:
            return operand
        number = next(self.numbers)
        self.place(number, np.broadcast_to(self.arrays[operand], shape), view.base)
        return number

    def _reduce(self, operation: Operation) -> None:
        (x,) = operation.inputs
        if isinstance(x, Literal):
            raise NotCompilable(f"'{operation.name}' of a number")
        source, out = self.program.specs[x], self.program.specs[operation.out]
        if out.dtype.kind == "b" and operation.primitive in (p.amax, p.amin):
            raise NotCompilable(f"'{operation.name}' of {source.dtype}")
        gone = self._reduced_axes(operation, source.shape, out.shape)
        shape = tuple(n for n in source.shape if n != 1)
        reduced = tuple(g for g, n in zip(gone, source.shape) if n != 1)
        step = self.loop_for(shape, (x,))
        loop = self.steps[step]
        assert isinstance(loop, Loop)
        self.own_or_part(operation.out, step)
        count = math.prod(n for n, g in zip(source.shape, gone) if g)
        loop.reductions.append(Reduction(operation, self.views[operation.out], reduced, count))
        self.read(x, step)

    def _reduced_axes(self, operation: Operation, shape: tuple[int, ...], out: tuple[int, ...]) -> tuple[bool, ...]:
        if operation.primitive is p.sum_to:
            extra = len(shape) - len(out)
            return tuple(i < extra or (out[i - extra] == 1 and n != 1) for i, n in enumerate(shape))
        axis = operation.static.get("axis")
        if axis is None:
            return (True,) * len(shape)
        axes = {a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))} if shape else set()
        return tuple(i in axes for i in range(len(shape)))

    def loop_for(self, shape: tuple[int, ...], operands: tuple[Operand, ...]) -> int:
        """The first loop of this shape in which all operands are known; a new one at the end if there is none."""
        first = self._begun
        for x in operands:
            if not isinstance(x, Literal):
                view = self.views[x]
                made = self.step_of[view.base]
                first = max(first, made if self._in_register(view, shape) else made + 1)
        for i in range(first, len(self.steps)):
            step = self.steps[i]
            if isinstance(step, Loop) and step.shape == shape:
                return i
        self.steps.append(Loop(shape))
        return len(self.steps) - 1

    def _in_register(self, view: View, shape: tuple[int, ...]) -> bool:
        """Whether a loop of this shape that computes the view's base has the view's element at hand, too."""
        if view.base not in self._looped:
            return False
        own = self.views[view.base]
        return view.offset == 0 and view.squeezed == own.squeezed and own.squeezed[0] == shape


def _read_in_order(program: Program) -> set[int]:
    """What is put together along three axes or more and then read as a matrix: it lies in C order, so that it can be."""
    reshaped = {operation.inputs[0] for operation in program.operations if operation.primitive is p.reshape}
    return {
        operation.out
        for operation in program.operations
        if operation.primitive is p.concatenate
        and operation.out in reshaped
        and len(program.specs[operation.out].shape) > 2
    }


def loops(program: Program) -> tuple[dict[int, int], list[tuple[int, list[int]]]]:
    """What a listing says of loops; nothing where the program cannot be compiled.

    Returns
    -------
    dict of int to int
        By the number of each value that a loop over elements computes, the number of the loop.
    list of tuple
        Of each stretch that is repeated: how many values an iteration makes, and the values that all of them make, in order.
    """
    try:
        plan = Plan(program)
    except NotCompilable:
        return {}, []
    numbers: dict[int, int] = {}
    for i, step in enumerate([step for step in flat(plan.steps) if isinstance(step, Loop)]):
        for operation in step.operations:
            numbers[operation.out] = i
        for reduction in step.reductions:
            numbers[reduction.operation.out] = i
    operations = plan.program.operations
    return numbers, [(r.step, [operation.out for operation in operations[r.start : r.stop]]) for r in plan.repeated]
