"""Routines: operations that are no loop of independent elements. Running sums, sorting, places of extremes, random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from steepest.autodiff import primitives as p
from steepest.base.random import stream_word
from steepest.program.program import Literal, Operand, Operation
from steepest.program.steps import NotCompilable, Routine

if TYPE_CHECKING:
    from steepest.program.fusion import Plan

PAIR = 16  # bytes of an element and its place


def along_lines(plan: Plan, operation: Operation) -> None:
    """What goes along the lines of one axis, each by itself."""
    x, axis = _number(operation.inputs[0], operation), operation.static.get("axis")
    plan.own(operation.out, len(plan.steps))
    source, out = plan.arrays[x], plan.arrays[operation.out]
    base = plan.views[x].base
    if axis is None:  # the only one that takes all elements as one line
        if not np.may_share_memory(source.reshape(-1), plan.bases[base]):
            base = plan.copied(x)
            source = plan.arrays[base]
        source, axis = source.reshape(-1), 0
    axis = (axis[0] if isinstance(axis, tuple) else axis) % max(source.ndim, 1)
    lines = np.moveaxis(source, axis, -1)
    made = out.reshape((*lines.shape[:-1], 1)) if operation.name in PLACES else np.moveaxis(out, axis, -1)
    scratch = plan.room(PAIR * lines.shape[-1]) if operation.name in SORTS else None
    plan.steps.append(
        Routine(operation.name, (plan.view_of(lines, base),), plan.view_of(made, operation.out), scratch, ())
    )
    _finish(plan, operation.out, (x,))


def uniform(plan: Plan, operation: Operation) -> None:
    """Random numbers from 0 to 1, by place: the epoch and the step."""
    places = tuple(_number(x, operation) for x in operation.inputs)
    static = operation.static
    plan.own(operation.out, len(plan.steps))
    plan.place(operation.out, plan.bases[operation.out].reshape(static["shape"]), operation.out)
    key = (int(static["seed"]) % 2**64, stream_word(static["stream"]))
    views = tuple(plan.views[x] for x in places)
    plan.steps.append(Routine(operation.name, views, plan.views[operation.out], None, key))
    _finish(plan, operation.out, places)


PLACES = {p.argmax.name, p.argmin.name}
SORTS = {p.sort.name, p.argsort.name}
ROUTINES: dict[str, Callable[[Plan, Operation], None]] = {
    **dict.fromkeys((*PLACES, *SORTS, p.cumsum.name), along_lines), p.uniform.name: uniform,
}  # fmt: skip


def _number(operand: Operand, operation: Operation) -> int:
    if isinstance(operand, Literal):
        raise NotCompilable(f"'{operation.name}' of a number")
    return operand


def _finish(plan: Plan, out: int, read: tuple[int, ...]) -> None:
    step = len(plan.steps) - 1
    for x in read:
        plan.read(x, step)
    plan.step_of[out] = step
    plan.stored.add(out)
