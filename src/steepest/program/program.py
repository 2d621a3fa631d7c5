"""Program: a function recorded once, as a straight line of operations on arrays of known shape and dtype."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steepest.autodiff.primitive import Primitive

Array = NDArray[Any]


class Literal(NamedTuple):
    """A number written in the program: a Python number, which is weakly typed as in NumPy, or a NumPy scalar."""

    value: Any


Operand = int | Literal  # the number of a value, or a number written out


class Spec(NamedTuple):
    """What is known of a value before the program runs.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
    strides : tuple of int
        In bytes, as NumPy laid the value out when it was recorded: the order in which NumPy sums depends on it.
    weak : bool
        Whether it is a Python number, which takes the dtype of the array that it meets.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    strides: tuple[int, ...]
    weak: bool = False

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __str__(self) -> str:
        kind = "number" if self.weak else self.dtype.name
        return f"{kind}[{', '.join(map(str, self.shape))}]"


def spec_of(array: Array, weak: bool = False) -> Spec:
    """The spec of an array that is there."""
    return Spec(array.shape, array.dtype, array.strides, weak)


@dataclass(frozen=True)
class Operation:
    """One line of a program: ``out = primitive(*inputs, **static)``."""

    primitive: Primitive
    inputs: tuple[Operand, ...]
    static: dict[str, Any]
    out: int

    @property
    def name(self) -> str:
        return self.primitive.name

    @property
    def values(self) -> tuple[int, ...]:
        """The numbers of the values that it reads."""
        return tuple(x for x in self.inputs if not isinstance(x, Literal))


@dataclass(frozen=True)
class Program:
    """A straight line of operations.

    Values have numbers. Each is an input, a constant, or what one operation makes.

    Attributes
    ----------
    specs : dict of int to Spec
    operations : tuple of Operation
        In an order in which they can run.
    inputs : tuple of int
    constants : dict of int to ndarray
    outputs : tuple of int or Literal
        A literal where the function returned a plain number.
    rebuild : callable
        Puts a list of output arrays into the containers that the function returned.
    names : dict of int to str
        Of the inputs, for the listing.
    """

    specs: dict[int, Spec]
    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    constants: dict[int, Array]
    outputs: tuple[Operand, ...]
    rebuild: Callable[[list[Any]], Any] = field(repr=False)
    names: dict[int, str] = field(default_factory=dict)

    @property
    def kept(self) -> tuple[int, ...]:
        """The numbers of the values that are results, each once."""
        return tuple(dict.fromkeys(x for x in self.outputs if not isinstance(x, Literal)))

    def users(self) -> dict[int, list[Operation]]:
        """The operations that read each value."""
        users: dict[int, list[Operation]] = {number: [] for number in self.specs}
        for operation in self.operations:
            for number in dict.fromkeys(operation.values):
                users[number].append(operation)
        return users

    def replaced(self, operations: Sequence[Operation], **changes: Any) -> Program:
        """The program with other operations; values that nothing refers to any more are dropped."""
        parts = {"outputs": self.outputs, "constants": self.constants, "specs": self.specs, **changes}
        alive = set(self.inputs) | {x for x in parts["outputs"] if not isinstance(x, Literal)}
        for operation in operations:
            alive.add(operation.out)
            alive.update(operation.values)
        return Program(
            {n: spec for n, spec in parts["specs"].items() if n in alive},
            tuple(operations),
            self.inputs,
            {n: array for n, array in parts["constants"].items() if n in alive},
            parts["outputs"],
            self.rebuild,
            self.names,
        )

    def __str__(self) -> str:
        from steepest.program.listing import listing

        return listing(self)
