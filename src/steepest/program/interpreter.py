"""The interpreter: runs any program in NumPy, and so defines what a program means. Faster ways are compared with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from steepest.base.errors import ShapeError
from steepest.program.buffers import ALIGNMENT, numpy_name, planned, writes_into
from steepest.program.fusion import VIEWS
from steepest.program.program import Array, Literal, Operand, Operation, Program

Step = Callable[[dict[int, Any]], Any]


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
        # Buffers are the same at each call, and so are their parts.
        self._fixed: dict[int, Any] = dict(program.constants)
        steps = [self._step(operation, plan.offsets.get(operation.out)) for operation in program.operations]
        self._steps = [step for step in steps if step is not None]

    def __call__(self, inputs: Sequence[Array]) -> list[Any]:
        """The output arrays for these input arrays.

        Raises
        ------
        ShapeError
            An input has another shape or dtype than the program was recorded for.
        """
        check_inputs(self.program, inputs)
        with self._lock, np.errstate(all="ignore"):
            values = self._fixed.copy()
            values.update(zip(self.program.inputs, inputs))
            for step in self._steps:
                step(values)
            return [
                x.value if isinstance(x, Literal) else np.array(values[x], order="K", copy=True)
                for x in self.program.outputs
            ]

    @property
    def nbytes(self) -> int:
        """How many bytes its buffers take."""
        return self._memory.nbytes

    def _step(self, operation: Operation, offset: int | None) -> Step | None:
        """What computes one operation; None for a part of a buffer, which lies there already."""
        spec, number, static = self.program.specs[operation.out], operation.out, operation.static
        inputs = [self._place(x) for x in operation.inputs]
        if offset is not None and not spec.weak and writes_into(operation.name):
            buffer = np.ndarray(spec.shape, spec.dtype, self._memory.data, self._start + offset, spec.strides)
            self._fixed[number] = buffer
            function = getattr(np, numpy_name(operation.name))
            if len(inputs) == 1:
                (only,) = inputs
                return lambda values: function(values[only], out=buffer)
            left, right = inputs
            return lambda values: function(values[left], values[right], out=buffer)
        forward = operation.primitive.forward
        if operation.name in VIEWS and not spec.weak and all(x in self._fixed for x in inputs):
            part = np.asarray(forward(*(self._fixed[x] for x in inputs), **static))
            if np.may_share_memory(part, self._fixed[inputs[0]]):
                self._fixed[number] = part
                return None
        make = _item if spec.weak else np.asarray

        def compute(values: dict[int, Any]) -> None:
            values[number] = make(forward(*[values[x] for x in inputs], **static))

        return compute

    def _place(self, operand: Operand) -> int:
        """Where a value is found; a number written out gets a place of its own, below 0."""
        if not isinstance(operand, Literal):
            return operand
        place = -1 - len(self._fixed)
        self._fixed[place] = operand.value
        return place


def _item(result: Any) -> Any:
    return np.asarray(result).item()


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
