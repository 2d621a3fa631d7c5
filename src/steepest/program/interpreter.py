"""The interpreter: runs any program in NumPy, and so defines what a program means. Faster ways are compared with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from steepest.base.errors import ShapeError
from steepest.program.buffers import ALIGNMENT, numpy_name, planned, writes_into
from steepest.program.program import Array, Literal, Operation, Program


class Interpreter:
    """A program ready to run in NumPy, with the buffers of its plan.

    It gives the same bits as the function that was recorded, on the same arguments.

    Examples
    --------
    >>> import numpy as np
    >>> from steepest.program.record import record
    >>> run = Interpreter(record(lambda x: np.exp(x) + 1.0, np.zeros(2)))
    >>> run([np.array([0.0, 1.0])])
    [array([2.        , 3.71828183])]
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        plan = planned(program)
        self._memory = np.empty(plan.peak + ALIGNMENT, np.uint8)
        self._start = -self._memory.ctypes.data % ALIGNMENT
        self._lock = threading.Lock()  # one set of buffers, one call at a time
        self._values: dict[int, Any] = dict(program.constants)
        made: set[int] = set()
        self._steps = [self._step(operation, plan.offsets.get(operation.out), made) for operation in program.operations]

    def __call__(self, inputs: Sequence[Array]) -> list[Any]:
        """The output arrays for these input arrays.

        Raises
        ------
        ShapeError
            An input has another shape or dtype than the program was recorded for.
        """
        check_inputs(self.program, inputs)
        with self._lock, np.errstate(all="ignore"):
            values = self._values
            values.update(zip(self.program.inputs, inputs))
            for step in self._steps:
                step(values)
            results = [
                x.value if isinstance(x, Literal) else np.array(values[x], order="K", copy=True)
                for x in self.program.outputs
            ]
            self._values = dict(self.program.constants)  # let go of the caller's arrays
        return results

    def _step(self, operation: Operation, offset: int | None, made: set[int]) -> Callable[[dict[int, Any]], None]:
        spec, number, inputs, static = (
            self.program.specs[operation.out], operation.out, operation.inputs, operation.static,
        )  # fmt: skip
        if offset is None or spec.weak or not writes_into(operation.name):
            forward = operation.primitive.forward

            def compute(values: dict[int, Any]) -> None:
                arrays = [x.value if isinstance(x, Literal) else values[x] for x in inputs]
                result = forward(*arrays, **static)
                values[number] = np.asarray(result).item() if spec.weak else np.asarray(result)

            return compute
        buffer = np.ndarray(spec.shape, spec.dtype, self._memory.data, self._start + offset, spec.strides)
        function = getattr(np, numpy_name(operation.name))

        def write(values: dict[int, Any]) -> None:
            arrays = [x.value if isinstance(x, Literal) else values[x] for x in inputs]
            values[number] = function(*arrays, out=buffer)

        return write


def check_inputs(program: Program, inputs: Sequence[Array]) -> None:
    """Raise unless the arrays are of the shapes and dtypes that the program was recorded for."""
    if len(inputs) != len(program.inputs):
        raise ShapeError(f"the program takes {len(program.inputs)} arrays, not {len(inputs)}.")
    for number, array in zip(program.inputs, inputs):
        spec = program.specs[number]
        if array.shape != spec.shape or array.dtype != spec.dtype:
            name = program.names.get(number, "an input")
            raise ShapeError(
                f"the program was recorded for {name} of {spec}, not {array.dtype}[{', '.join(map(str, array.shape))}]; "
                f"record it anew, or use steepest.compile, which does."
            )
