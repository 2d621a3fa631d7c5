"""The one door: every operation on Tensors passes `apply`, which computes, links the graph and tells the recorder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.autodiff.primitive import Primitive
from steepest.base.errors import DifferentiationError

Array = NDArray[Any]


class Value:
    """What the graph is made of: an array, and the operation and inputs that made it.

    A value is its own graph node, so that a rule may use the result (``exp`` needs it) without a cycle of references that
    would keep every intermediate array alive until the garbage collector runs. `steepest.Tensor` adds what users see.
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "grad",
        "inputs",
        "keeps_grad",
        "primitive",
        "requires_grad",
        "static",
    )

    _data: Array
    requires_grad: bool
    grad: Any
    keeps_grad: bool
    primitive: Primitive | None
    inputs: tuple[Any, ...]
    static: dict[str, Any]

    @property
    def shape(self) -> tuple[int, ...]:
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._data.dtype


class Recorder(Protocol):
    """What watches the operations: gets each one with its Tensors, in order, whether or not a gradient is required."""

    def record(self, primitive: Primitive, inputs: tuple[Any, ...], static: dict[str, Any], output: Any) -> None: ...


class _Scope(threading.local):
    """What is going on around the current call, one per thread."""

    linking: bool = True  # False under no_grad()
    transforms: int = 0  # how many transforms are calling the user's function
    recorder: Recorder | None = None


scope = _Scope()

# The class of results; `tensor.py` sets it, since Tensor's operators need `apply` and `apply` makes Tensors.
result_class: type[Value] = Value


def apply(primitive: Primitive, *inputs: Any, **static: Any) -> Any:
    """Compute `primitive` on `inputs`.

    Plain arrays in, plain array out. With a Tensor among the inputs the result is a Tensor, linked to its inputs if one of them
    requires grad, and the active recorder is told.

    Parameters
    ----------
    primitive : Primitive
    *inputs : Tensor, ndarray or number
        What the derivative may be taken with respect to. Python numbers stay weakly typed, as in NumPy.
    **static : hashable
        What never carries a derivative: axes, shapes, slices.

    Raises
    ------
    DifferentiationError
        A Tensor that requires grad meets an operation without a derivative rule.
    """
    arrays = []
    any_value = False
    link = False
    for x in inputs:
        if isinstance(x, Value):
            any_value = True
            arrays.append(x._data)
            if x.requires_grad:
                link = True
        else:
            arrays.append(x)
    data = primitive.forward(*arrays, **static)
    if not any_value:
        return data
    out = result_class.__new__(result_class)
    out._data = data if type(data) is np.ndarray else np.asarray(data)
    out.grad = None
    out.keeps_grad = False
    if link and scope.linking and not primitive.zero_derivative:
        if primitive.rule is None:
            raise DifferentiationError(
                f"'{primitive.name}' has no derivative rule, but one of its inputs requires grad. Give it one with "
                f"steepest.primitive, or use .detach() on the input if its derivative is not wanted."
            )
        out.requires_grad = True
        out.primitive = primitive
        out.inputs = inputs
        out.static = static
    else:
        out.requires_grad = False
        out.primitive = None
        out.inputs = ()
        out.static = {}
    if scope.recorder is not None:
        scope.recorder.record(primitive, inputs, static, out)
    return out


@contextmanager
def no_grad() -> Iterator[None]:
    """Within this block results are not linked to the graph, as in PyTorch.

    Examples
    --------
    >>> import steepest as sd
    >>> w = sd.tensor(2.0).requires_grad_()
    >>> with sd.no_grad():
    ...     y = w * 3
    >>> y.requires_grad
    False
    """
    before, scope.linking = scope.linking, False
    try:
        yield
    finally:
        scope.linking = before


@contextmanager
def linking() -> Iterator[None]:
    """Within this block results are linked, also inside `no_grad`: a transform differentiates wherever it is called."""
    before, scope.linking = scope.linking, True
    try:
        yield
    finally:
        scope.linking = before


@contextmanager
def inside_transform() -> Iterator[None]:
    """Within this block a user's function runs under differentiation: Tensors that require grad refuse to become numbers."""
    scope.transforms += 1
    try:
        yield
    finally:
        scope.transforms -= 1


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Within this block every operation on a Tensor is told to `recorder`; blocks nest, the innermost is told."""
    before, scope.recorder = scope.recorder, recorder
    try:
        yield
    finally:
        scope.recorder = before
