"""Own: results that are values of their own, so that a program can be told where to put them."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from steepest.autodiff import primitives as p
from steepest.program.fusion import VIEWS
from steepest.program.program import Literal, Operand, Operation, Program, Spec


def with_own(program: Program, places: Collection[int]) -> Program:
    """The program with a copy in place of each result at `places` that is an input, a constant, a number written out, a part of
    another value, or a result already.

    Examples
    --------
    >>> from steepest.program.record import record
    >>> program = with_own(record(lambda x: (x, x * 2.0), np.zeros(2)), [0, 1])
    >>> [operation.name for operation in program.operations]
    ['mul', 'astype']
    """
    makers = {operation.out: operation for operation in program.operations}
    specs, operations, outputs = dict(program.specs), list(program.operations), list(program.outputs)
    seen: set[Operand] = set()
    for i in places:
        x = outputs[i]
        if x not in seen and x in makers and makers[x].name not in VIEWS:
            seen.add(x)
            continue
        like = np.asarray(x.value) if isinstance(x, Literal) else np.empty(specs[x].shape, specs[x].dtype)
        number = max(specs) + 1
        specs[number] = Spec(like.shape, like.dtype, like.strides)
        operations.append(Operation(p.astype, (x,), {"dtype": like.dtype}, number))
        outputs[i] = number
    return program.replaced(operations, specs=specs, outputs=tuple(outputs))
