"""Weak inputs: numbers that change from step to step and take the dtype of the array that they meet, as Python numbers do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from steepest.program.program import Array, Literal, Operation, Program, spec_of


def with_weak(program: Program, arrays: Sequence[Array], weak: Sequence[int]) -> Program:
    """The program with some inputs, recorded as float64 arrays without axes, taken as Python numbers.

    The dtypes are found anew by running the program once: what is made of Python numbers alone is one.

    Parameters
    ----------
    arrays : sequence of ndarray
        The inputs that the program was recorded with.
    weak : sequence of int
        Places among the inputs.
    """
    specs = dict(program.specs)
    values: dict[int, Any] = dict(program.constants)
    numbers = {program.inputs[i] for i in weak}
    for number, array in zip(program.inputs, arrays):
        values[number] = float(array) if number in numbers else array
        specs[number] = specs[number]._replace(weak=number in numbers)
    operations = []
    for operation in program.operations:
        operands = [x.value if isinstance(x, Literal) else values[x] for x in operation.inputs]
        with np.errstate(all="ignore"):
            result = operation.primitive.forward(*operands, **operation.static)
        is_weak = bool(operands) and all(type(x) in (bool, int, float) for x in operands) and np.ndim(result) == 0
        values[operation.out] = np.asarray(result).item() if is_weak else np.asarray(result)
        specs[operation.out] = spec_of(np.asarray(values[operation.out]), is_weak)
        operations.append(Operation(operation.primitive, operation.inputs, operation.static, operation.out))
    return program.replaced(operations, specs=specs)
