"""Multiplying: the steps of matrix products, with operands and results as products want them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from steepest.program.program import Operation
from steepest.program.steps import Loop, NotCompilable, Product

if TYPE_CHECKING:
    from steepest.program.fusion import Plan

VECTOR = 64  # bytes of the widest vector


def matmul(plan: Plan, operation: Operation) -> None:
    specs = [plan.program.specs[x] for x in operation.values]
    if len(specs) != 2:
        raise NotCompilable("a matrix product of a number")
    dtype = plan.program.specs[operation.out].dtype
    if any(s.dtype != dtype for s in specs) or dtype.kind != "f":
        raise NotCompilable("a matrix product of mixed dtypes")
    a, b = operation.values
    down, across = _ready(plan, a, 0), _ready(plan, b, 1)
    wide = bool(plan.repeated) and plan.program.specs[operation.out].shape[1] * dtype.itemsize >= VECTOR
    order = (0, 1) if across and (wide or not down) else (1, 0) if down and not across else None
    plan.own_or_part(operation.out, len(plan.steps), order)
    out = plan.views[operation.out]
    if out.strides[1] == dtype.itemsize:
        b = _packed(plan, b, 1)
    else:
        a = _packed(plan, a, 0)
    step = len(plan.steps)
    plan.steps.append(Product(plan.views[a], plan.views[b], out))
    plan.step_of[out.base] = step
    for x in (a, b):
        plan.read(x, step)


def _side_by_side(plan: Plan, number: int, axis: int) -> bool:
    view = plan.views[number]
    return view.shape[axis] == 1 or view.strides[axis] == view.dtype.itemsize


def _ready(plan: Plan, number: int, axis: int) -> bool:
    """Whether elements lie side by side along an axis, or will: in programs with loops what is there before they begin."""
    before = bool(plan.repeated) and plan.step_of[plan.views[number].base] < 0
    return _side_by_side(plan, number, axis) or before or (plan.repeating and plan.made_before(number))


def _packed(plan: Plan, number: int, axis: int) -> int:
    """A matrix with its elements side by side along an axis, as products want: a copy, where each iteration reads it."""
    if _side_by_side(plan, number, axis) or not _ready(plan, number, axis):
        return number
    view = plan.views[number]
    if (view, axis) not in plan.packs:
        copy = plan.packs[view, axis] = next(plan.numbers)
        plan.bases[copy] = base = np.empty(math.prod(view.shape), view.dtype)
        plan.place(copy, base.reshape(view.shape) if axis else base.reshape(view.shape[::-1]).T, copy)
        plan.step_of[copy] = len(plan.steps)
        plan.stored.add(copy)
        plan.steps.append(Loop(view.squeezed[0], copies=[(number, plan.views[copy])]))
        plan.read(number, plan.step_of[copy])
    return plan.packs[view, axis]
