"""Lifetimes: which steps of a plan make and read each value that lies in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steepest.program.program import Literal, Operand
from steepest.program.steps import Loop, Pick, Product, Repeat, Routine, Step

if TYPE_CHECKING:
    from steepest.program.fusion import Plan


def lifetimes(plan: Plan) -> dict[int, tuple[int, int, int]]:
    """For each value with memory of its own, its bytes, the step that makes it, and the last that reads it.

    Also notes in each loop which of its results it has to store.
    """
    read: dict[int, int] = {}
    first: dict[int, int] = {}
    for i, step in enumerate(plan.steps):
        for base in bases_read(plan, step):
            read[base] = i
        for base in _bases_written(step):
            first.setdefault(base, i)
    for number in plan.program.kept:
        read[plan.views[number].base] = len(plan.steps)
    result = {}
    for number in plan.stored:
        made = first.get(number, -1)
        result[number] = (plan.bases[number].nbytes, made, read.get(number, plan.step_of[number]))
    for i, step in enumerate(plan.steps):
        if isinstance(step, Loop):
            for operation in step.operations:
                if operation.out in plan.stored:
                    step.stores[operation.out] = plan.views[operation.out]
                    nbytes, _, until = result[operation.out]
                    result[operation.out] = (nbytes, i, until)
    return result


def bases_read(plan: Plan, step: Step) -> set[int]:
    if isinstance(step, Repeat):
        return set().union(*(bases_read(plan, inner) for inner in step.steps))
    if isinstance(step, Product):
        return {step.a.base, step.b.base}
    if isinstance(step, Pick):
        return {step.near.base, step.far.base, *(place.view.base for place in step.places)}
    if isinstance(step, Routine):
        return {view.base for view in (*step.inputs, step.scratch) if view is not None}
    assert isinstance(step, Loop)
    operands: list[Operand] = [x for operation in step.operations for x in operation.inputs]
    operands += [x for reduction in step.reductions for x in reduction.operation.inputs]
    operands += [x for x, _ in step.copies]
    return {plan.views[x].base for x in operands if not isinstance(x, Literal)}


def _bases_written(step: Step) -> set[int]:
    if isinstance(step, Product):
        return {step.out.base}
    if isinstance(step, Pick):
        return {step.far.base if step.adds else step.near.base}
    if isinstance(step, Routine):
        return {view.base for view in (step.out, step.scratch) if view is not None}
    assert isinstance(step, Loop)
    return {target.base for _, target in step.copies} | {reduction.view.base for reduction in step.reductions}
