"""Empties: arrays without elements, which nothing has to be computed for, taken out of a program."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.program.program import Array, Literal, Operation, Program


def without_empties(program: Program) -> Program:
    """The same function, where no operation reads or makes an array without elements.

    Examples
    --------
    >>> from steepest.program.record import record
    >>> program = record(lambda x, y: np.concatenate([x, y]).sum() + y.sum(), np.ones(3), np.ones(0))
    >>> [operation.name for operation in without_empties(program).operations]
    ['alias', 'sum', 'add']
    """
    if all(spec.size for spec in program.specs.values()):
        return program
    constants = dict(program.constants)
    operations: list[Operation] = []
    for operation in program.operations:
        inputs, out = operation.inputs, operation.out
        empty = [not isinstance(x, Literal) and program.specs[x].size == 0 for x in inputs]
        if program.specs[out].size == 0:
            constants[out] = np.empty(program.specs[out].shape, program.specs[out].dtype)
        elif operation.primitive is p.concatenate and any(empty):
            some = tuple(x for x, gone in zip(inputs, empty) if not gone)
            alone = len(some) == 1
            operations.append(
                Operation(p.alias if alone else p.concatenate, some, {} if alone else operation.static, out)
            )
        elif any(empty):  # of such, only its shape counts
            constants[out] = _made_of_nothing(program, operation)
        else:
            operations.append(operation)
    return program.replaced(operations, constants=constants)


def _made_of_nothing(program: Program, operation: Operation) -> Array:
    """A sum, mean or product over no elements, or zeros in which nothing is put."""
    arrays: list[Any] = [
        x.value if isinstance(x, Literal) else np.zeros(program.specs[x].shape, program.specs[x].dtype)
        for x in operation.inputs
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the mean of nothing
        return np.asarray(operation.primitive.forward(*arrays, **operation.static))
