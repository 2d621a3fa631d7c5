"""Settled: what of a program follows from some of its inputs alone, and so has to be computed but once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from steepest.program.fusion import VIEWS
from steepest.program.optimise import without_dead
from steepest.program.program import Operation, Program


def settled(program: Program, known: Collection[int]) -> tuple[Program, Program]:
    """Two programs in place of one, to the last bit.

    Parameters
    ----------
    program : Program
    known : collection of int
        Inputs that stay the same from call to call.

    Returns
    -------
    tuple of Program
        The first takes the inputs `known`, in the program's order. The second takes the other inputs and then what the first
        returns, and returns what the program does.

    Examples
    --------
    >>> import numpy as np
    >>> from steepest.program.record import record
    >>> program = record(lambda a, x: a * np.exp(x), np.ones(2), np.zeros(2))
    >>> [[operation.name for operation in each.operations] for each in settled(program, program.inputs[1:])]
    [['exp'], ['mul']]
    """
    given = [x for x in program.inputs if x in known]
    ready = {*given, *program.constants}
    before: list[Operation] = []
    after: list[Operation] = []
    for operation in program.operations:
        if all(x in ready for x in operation.values):
            ready.add(operation.out)
            before.append(operation)
            if operation.name not in VIEWS:
                continue  # a view is made anew: a copy of it would be summed in another order
        after.append(operation)
    rest = without_dead(program.replaced(after))
    made = {operation.out for operation in rest.operations}
    read = [x for operation in rest.operations for x in operation.values] + list(rest.kept)
    passed = [x for x in dict.fromkeys(read) if x in ready and x not in made and x not in program.constants]
    others = [x for x in program.inputs if x not in known]
    first = without_dead(replace(program, inputs=tuple(given)).replaced(before, outputs=tuple(passed)))
    return first, replace(program, inputs=(*others, *passed)).replaced(rest.operations)
