"""Moving: the steps of operations that put elements together or pick them by arrays of places."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.program.assemble import box_of
from steepest.program.program import Array, Literal, Operand, Operation
from steepest.program.steps import Loop, NotCompilable, Pick, Place, View, common_order

if TYPE_CHECKING:
    from steepest.program.fusion import Plan


def concatenate(plan: Plan, operation: Operation) -> None:
    out, last = operation.out, 0
    places = _places(plan, operation)
    if all(whole != out for whole, _ in plan.parts.values()):
        shape = plan.program.specs[out].shape
        plan.own(
            out, len(plan.steps), common_order(shape, [plan.views[x].strides for x, _ in places], plan.usual.get(shape))
        )
    for x, (_, place) in zip(plan.in_a_row([x for x, _ in places]), places):
        target = part_of(plan, out, place)
        if plan.views[x].base == out and plan.views[x].offset == target.offset:  # made in this place, not in another
            last = max(last, plan.step_of[out])
        else:
            last = max(last, plan.copy_into(x, target))
    _finish(plan, out, last)


def put_in_place(plan: Plan) -> None:
    """Let what products and sums make be written where a concatenation would put it."""
    program = plan.program
    makers = {operation.out: operation for operation in program.operations}
    for operation in program.operations:
        if operation.primitive is not p.concatenate:
            continue
        plan.own(operation.out, -1)
        for x, place in _places(plan, operation):
            part: Array | None = plan.arrays[operation.out][place]
            maker = makers.get(x)
            while part is not None and maker is not None and maker.name in _BACK:
                x = _value(maker.inputs[0], maker)
                part = _BACK[maker.name](part, program.specs[x].shape, maker.static)
                maker = makers.get(x)
            if part is None or maker is None or maker.name not in _MAKERS or x in program.kept or x in plan.parts:
                continue
            if part.dtype == program.specs[x].dtype and (part.flags.c_contiguous or part.flags.f_contiguous):
                plan.parts[x] = operation.out, part


def _reshaped(part: Array, shape: tuple[int, ...], static: dict[str, Any]) -> Array | None:
    view = part.reshape(shape)
    return view if np.shares_memory(view, part) else None


_MAKERS = {p.matmul.name, p.sum.name, p.sum_to.name, p.mean.name}
# For what only changes how an array is looked at, the way back: where its input lies, if the result lies at `part`.
_BACK: dict[str, Callable[[Array, tuple[int, ...], dict[str, Any]], Array | None]] = {
    p.reshape.name: _reshaped,
    p.transpose.name: lambda part, shape, static: part.transpose(np.argsort(static["axes"])),
    p.alias.name: lambda part, shape, static: part,
}


def _places(plan: Plan, operation: Operation) -> list[tuple[int, tuple[slice, ...]]]:
    """Each part of a concatenation, and its place in the whole."""
    axis, start, found = operation.static["axis"], 0, []
    for x in operation.inputs:
        number = _value(x, operation)
        shape = plan.program.specs[number].shape
        found.append((number, (slice(None),) * (axis % len(shape)) + (slice(start, start + shape[axis]),)))
        start += shape[axis]
    return found


def pad(plan: Plan, operation: Operation) -> None:
    lengths = plan.program.specs[_value(operation.inputs[0], operation)].shape
    place = tuple(slice(a, a + n) for (a, _), n in zip(operation.static["widths"], lengths))
    _put(plan, operation, place)


def index(plan: Plan, operation: Operation) -> None:
    """``x[spec]`` with arrays in it; without any it is a view."""
    x, *arrays = operation.inputs
    number = _value(x, operation)
    plan.own(operation.out, len(plan.steps))
    shape = plan.arrays[operation.out].shape
    far, places = _indexed(plan, plan.arrays[number], plan.views[number].base, operation.static["spec"], arrays, shape)
    _pick(plan, far, places, operation.out, plan.views[operation.out])
    plan.read(number, len(plan.steps) - 1)


def scatter_add(plan: Plan, operation: Operation) -> None:
    """The transpose of `index`: zeros, and the elements added at their places, one after the other."""
    g, *arrays = operation.inputs
    if not arrays:
        _put(plan, operation, operation.static["spec"])
        return
    _zeros(plan, operation.out)
    number = _value(g, operation)
    shape = plan.arrays[number].shape
    far, places = _indexed(plan, plan.arrays[operation.out], operation.out, operation.static["spec"], arrays, shape)
    _pick(plan, far, places, operation.out, plan.views[number], adds=True)
    plan.read(number, len(plan.steps) - 1)


def take_along_axis(plan: Plan, operation: Operation) -> None:
    x, where = operation.inputs
    number = _value(x, operation)
    plan.own(operation.out, len(plan.steps))
    shape = plan.arrays[operation.out].shape
    axis = operation.static["axis"]
    far, places = _along(plan, plan.arrays[number], plan.views[number].base, _value(where, operation), axis, shape)
    _pick(plan, far, places, operation.out, plan.views[operation.out])
    plan.read(number, len(plan.steps) - 1)


def add_along_axis(plan: Plan, operation: Operation) -> None:
    """The transpose of `take_along_axis`."""
    g, where = operation.inputs
    _zeros(plan, operation.out)
    number = _value(g, operation)
    axis, shape = operation.static["axis"], plan.arrays[number].shape
    far, places = _along(plan, plan.arrays[operation.out], operation.out, _value(where, operation), axis, shape)
    _pick(plan, far, places, operation.out, plan.views[number], adds=True)
    plan.read(number, len(plan.steps) - 1)


MOVES: dict[str, Callable[[Plan, Operation], None]] = {
    p.concatenate.name: concatenate, p.pad.name: pad, p.index.name: index, p.scatter_add.name: scatter_add,
    p.take_along_axis.name: take_along_axis, p.add_along_axis.name: add_along_axis,
}  # fmt: skip


# ---- parts
def as_view(place: tuple[Any, ...]) -> tuple[Any, ...]:
    """The index such that NumPy gives a view also where it names a single element."""
    return place if Ellipsis in place else (*place, Ellipsis)


def part_of(plan: Plan, out: int, place: tuple[Any, ...]) -> View:
    """A part of a value's memory."""
    return plan.view_of(plan.arrays[out][as_view(place)], out)


def _value(operand: Operand, operation: Operation) -> int:
    if isinstance(operand, Literal):
        raise NotCompilable(f"'{operation.name}' of a number")
    return operand


def _finish(plan: Plan, out: int, last: int) -> None:
    plan.step_of[out] = last
    plan.stored.add(out)


def _zeros(plan: Plan, out: int) -> None:
    plan.own(out, len(plan.steps))
    plan.steps.append(Loop(plan.views[out].squeezed[0], copies=[(Literal(0.0), plan.views[out])]))
    _finish(plan, out, len(plan.steps) - 1)


def _put(plan: Plan, operation: Operation, place: tuple[Any, ...]) -> None:
    """A value in some part of a whole, and zeros around it."""
    out = operation.out
    plan.own(out, len(plan.steps))
    target = part_of(plan, out, place)
    operand = plan.broadcast(_value(operation.inputs[0], operation), target.shape)
    shape = plan.arrays[out].shape
    box = box_of(place, shape)
    if box is None:  # with gaps: first the zeros, then the part by a step of its own
        _zeros(plan, out)
        plan.steps.append(Loop(target.squeezed[0], copies=[(operand, target)]))
        plan.read(operand, len(plan.steps) - 1)
        _finish(plan, out, len(plan.steps) - 1)
        return
    last = plan.copy_into(operand, target)
    for k, (start, stop) in enumerate(box):
        inner = tuple(slice(*span) for span in box[:k])
        for rest in (slice(0, start), slice(stop, shape[k])):
            if rest.start < rest.stop:
                zeros = part_of(plan, out, (*inner, rest))
                plan.steps.append(Loop(zeros.squeezed[0], copies=[(Literal(0.0), zeros)]))
                last = len(plan.steps) - 1
    _finish(plan, out, last)


# ---- places given by arrays
def _pick(
    plan: Plan, far: View, places: list[tuple[int, Array, int, int]], out: int, near: View, adds: bool = False
) -> None:
    step = len(plan.steps)
    found = []
    for number, array, size, stride in places:
        plan.read(number, step)
        known = plan.program.constants.get(plan.views[number].base)
        if known is None:  # of a constant the recording has seen that it fits
            plan.doubtful()
        found.append(Place(plan.view_of(array, plan.views[number].base), size, stride, known is None))
    plan.steps.append(Pick(near, far, tuple(found), adds))
    _finish(plan, out, step)


def _indexed(
    plan: Plan, x: Array, base: int, spec: tuple[Any, ...], arrays: Sequence[Operand], shape: tuple[int, ...]
) -> tuple[View, list[tuple[int, Array, int, int]]]:
    """``x[spec]``: a view of `x` along the axes of the result, and what each array adds to it.

    The axes of the index arrays stand together: where they are if arrays and numbers of the index are neighbours, else first.
    """
    spec = _without_ellipsis(spec, x.ndim)
    view = x[as_view(tuple(slice(None) if item is p.HOLE else item for item in spec))]
    numbers = []
    for operand in arrays:
        if isinstance(operand, Literal) or plan.program.specs[operand].dtype.kind not in "iu":
            raise NotCompilable("indexing by booleans")
        numbers.append(operand)
    advanced = [i for i, item in enumerate(spec) if item is p.HOLE or _is_number(item)]
    together = advanced == list(range(advanced[0], advanced[-1] + 1))
    rest, holes, before, axis = [], [], 0, 0
    for i, item in enumerate(spec):
        if item is p.HOLE:
            holes.append(axis)
        elif item is not Ellipsis and not _is_number(item):
            rest.append(axis)
            before += i < advanced[0]
        else:
            continue
        axis += 1
    before = before if together else 0
    common = np.broadcast_shapes(*(plan.arrays[n].shape for n in numbers))
    strides = [view.strides[a] for a in rest]
    strides[before:before] = [0] * len(common)
    after = len(rest) - before
    start = plan.view_of(view, base).offset
    places = []
    for number, hole in zip(numbers, holes):
        array = np.broadcast_to(plan.arrays[number], common)
        array = np.broadcast_to(array[(..., *(None,) * after)], shape)
        places.append((number, array, view.shape[hole], view.strides[hole]))
    return View(base, start, shape, tuple(strides), x.dtype), places


def _along(
    plan: Plan, x: Array, base: int, where: int, axis: int, shape: tuple[int, ...]
) -> tuple[View, list[tuple[int, Array, int, int]]]:
    """`x` with its place along one axis given by an array."""
    strides = [0 if i == axis or n == 1 else s for i, (n, s) in enumerate(zip(x.shape, x.strides))]
    place = (where, np.broadcast_to(plan.arrays[where], shape), x.shape[axis], x.strides[axis])
    return View(base, plan.view_of(x, base).offset, shape, tuple(strides), x.dtype), [place]


def _without_ellipsis(spec: tuple[Any, ...], rank: int) -> tuple[Any, ...]:
    """An item for each axis; an ellipsis that stands for none stays, since it still parts what is to both sides of it."""
    taken = sum(item is not None and item is not Ellipsis for item in spec)
    if Ellipsis not in spec:
        return (*spec, *(slice(None),) * (rank - taken))
    i = spec.index(Ellipsis)
    return (*spec[:i], *((slice(None),) * (rank - taken) or (Ellipsis,)), *spec[i + 1 :])


def _is_number(item: Any) -> bool:
    if item is None or item is Ellipsis or item is p.HOLE or isinstance(item, slice):
        return False
    operator.index(item)
    return True
