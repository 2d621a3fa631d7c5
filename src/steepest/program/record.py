"""Recording: run a function once on example arguments and keep its operations as a Program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from steepest.autodiff.apply import Value, recording
from steepest.autodiff.primitive import Primitive
from steepest.autodiff.tensor import Tensor
from steepest.autodiff.tree import flatten
from steepest.base.errors import RecordingError
from steepest.program.program import Array, Literal, Operand, Operation, Program, Spec, spec_of

_NUMBERS = (bool, int, float)


class _Recorder:
    """Gives every value a number; what is neither an input nor made by a recorded operation is a constant."""

    def __init__(self) -> None:
        self.specs: dict[int, Spec] = {}
        self.operations: list[Operation] = []
        self.constants: dict[int, Array] = {}
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []  # so that no other value gets an id that is known

    def add(self, thing: Any, array: Array) -> int:
        number = len(self.specs)
        self.specs[number] = spec_of(array)
        self._numbers[id(thing)] = number
        self._alive.append(thing)
        return number

    def operand(self, thing: Any) -> Operand:
        if isinstance(thing, (*_NUMBERS, np.generic)):
            return Literal(thing)
        if id(thing) in self._numbers:
            return self._numbers[id(thing)]
        array = thing._data if isinstance(thing, Value) else np.asarray(thing)
        number = self.add(thing, array)
        # A copy in the same layout: what the caller does to the array later does not reach the program.
        self.constants[number] = _copied(array)
        return number

    def record(self, primitive: Primitive, inputs: tuple[Any, ...], static: dict[str, Any], output: Any) -> None:
        operands = tuple(self.operand(x) for x in inputs)
        self.operations.append(Operation(primitive, operands, static, self.add(output, output._data)))


def record(f: Callable[..., Any], *args: Any) -> Program:
    """Run ``f(*args)`` once and keep its operations, gradients taken inside included.

    Parameters
    ----------
    f : callable
        Made of operators, NumPy functions and `steepest.ops`; returns arrays in nested tuples, lists and dicts.
    *args : array, Tensor, or nested containers of them
        Examples: shapes and dtypes count. Python numbers, texts and None become part of the program, as do arrays that `f`
        takes from elsewhere; use ``np.asarray(0.1)`` for a number that changes from call to call.

    Returns
    -------
    Program
        ``print(program)`` lists its operations.

    Raises
    ------
    RecordingError
        `f` returns something that is not made of arrays and numbers.
    DifferentiationError
        `f` asks for the number behind a value (``if x > 0``, ``float(x)``, ``x.item()``): names the line.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> program = sd.record(lambda x: np.sin(x) * 2.0, np.zeros(3))
    >>> [operation.name for operation in program.operations]
    ['sin', 'mul']
    """
    return recorded(f, args)[0]


def recorded(f: Callable[..., Any], args: Sequence[Any]) -> tuple[Program, list[Any]]:
    """The program of ``f(*args)``, and the values that its outputs had for these arguments."""
    recorder = _Recorder()
    leaves, rebuild = flatten(tuple(args))
    inputs = []
    filled = []
    for leaf in leaves:
        if is_input(leaf):
            array = as_input(leaf)
            tensor = Tensor(array)
            inputs.append(recorder.add(tensor, array))
            filled.append(tensor)
        else:
            filled.append(leaf)
    with recording(recorder), np.errstate(all="ignore"):
        result = f(*rebuild(filled))
    out_leaves, rebuild_out = flatten(result)
    for leaf in out_leaves:
        if not isinstance(leaf, (Value, np.ndarray, np.generic, list, *_NUMBERS)):
            raise RecordingError(
                f"a recorded function returns arrays and numbers in tuples, lists and dicts; this one returned "
                f"{'nothing' if leaf is None else type(leaf).__name__}{'; is a `return` missing?' if leaf is None else '.'}"
            )
    outputs = tuple(recorder.operand(leaf) for leaf in out_leaves)
    names = dict(zip(inputs, argument_names(f, args), strict=True))
    program = Program(
        recorder.specs, tuple(recorder.operations), tuple(inputs), recorder.constants, outputs, rebuild_out, names
    )
    return program, [leaf._data if isinstance(leaf, Value) else leaf for leaf in out_leaves]


def is_input(leaf: Any) -> bool:
    """Whether an argument's leaf is an input of the program; everything else becomes part of it."""
    if isinstance(leaf, (Value, np.ndarray, np.generic)):
        return True
    return isinstance(leaf, list)  # an array written out


def as_input(leaf: Any) -> Array:
    """The array of an input, contiguous and in native byte order."""
    array = np.asarray(leaf._data if isinstance(leaf, Value) else leaf)
    if array.dtype.kind not in "fiub":
        raise RecordingError(f"a program takes arrays of real numbers, not of dtype {array.dtype}.")
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C", copy=None)


def argument_names(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """A name for each input: the argument's, with the place inside of it where it is a container."""
    import inspect

    try:
        known = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        known = []
    names: list[str] = []
    for i, arg in enumerate(args):
        name = known[i] if i < len(known) else f"x{i}"
        leaves = flatten(arg)[0]
        keys = list(arg) if isinstance(arg, dict) and len(arg) == len(leaves) else range(len(leaves))
        alone = len(leaves) == 1 and not isinstance(arg, (dict, tuple))
        names += [name if alone else f"{name}[{key}]" for key, leaf in zip(keys, leaves) if is_input(leaf)]
    return names


def _copied(array: Array) -> Array:
    """A copy that nobody else writes into, laid out as `array` is."""
    copy = np.array(array, order="K")
    if copy.strides != array.strides and 0 in array.strides:
        # A broadcast array stays one, so that it takes no more memory than it did.
        cut = tuple(slice(0, 1) if s == 0 else slice(None) for s in array.strides)
        copy = np.broadcast_to(np.array(array[cut], order="K"), array.shape)
    copy.flags.writeable = False
    return copy
