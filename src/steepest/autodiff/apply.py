"""The one door: every operation on Tensors passes `apply`, which computes, links the graph and tells the recorder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.autodiff.primitive import Primitive
from steepest.base.errors import DifferentiationError, ShapeError

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
_new = object.__new__

# Everything else that is not a Value is looked at by `constant`.
_PLAIN = frozenset({np.ndarray, float, int, bool, np.float64, np.float32, np.int64, np.bool_})


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
        A Tensor that requires grad meets an operation without a derivative rule, or an input is not an array of numbers.
    ShapeError
        The shapes do not fit the operation.
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
            arrays.append(x if type(x) in _PLAIN else constant(x, primitive))
    try:
        data = primitive.forward(*arrays, **static)
    except ValueError as error:
        if (misfit := _misfit(error, primitive, arrays)) is None:
            raise
        raise misfit from error
    if not any_value:
        return data
    out = _new(result_class)
    out._data = data if type(data) is np.ndarray else np.asarray(data)
    out.grad = None
    out.keeps_grad = False
    if link and scope.linking and not primitive.zero_derivative and _differentiable(primitive, out._data.dtype.kind):
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


def constant(x: Any, primitive: Primitive) -> Any:
    """An input that is neither a Tensor nor a plain array or number: NumPy's other scalars, data frames' columns, lists.

    What holds no numbers, and masked arrays, whose mask would be lost, are refused.
    """
    if isinstance(x, (np.generic, np.ndarray)) and not isinstance(x, np.ma.MaskedArray):
        return x
    array = None if isinstance(x, np.ma.MaskedArray) else np.asarray(x)
    if array is None or array.dtype.kind not in "fiubc":
        raise DifferentiationError(f"'{primitive.name}' of a Tensor takes arrays and numbers, not {type(x).__name__}.")
    return array


def _differentiable(primitive: Primitive, kind: str) -> bool:
    """Whether a result is linked: integers are constants; what is no number, or has no rule, is an error."""
    if kind in "iub":
        return False
    if kind != "f":
        raise DifferentiationError(f"the result of '{primitive.name}' is not real, so its derivative cannot be taken.")
    if primitive.rule is None:
        raise DifferentiationError(
            f"'{primitive.name}' has no derivative rule, but one of its inputs requires grad. Give it one with "
            f"steepest.primitive, or use .detach() on the input if its derivative is not wanted."
        )
    return True


def _misfit(error: ValueError, primitive: Primitive, arrays: list[Any]) -> ShapeError | None:
    """NumPy's complaint about shapes, with the operation and the shapes; None if it is about something else."""
    text = str(error)
    if isinstance(error, ShapeError) or not any(
        word in text for word in ("shape", "axis", "axes", "dimension", "size")
    ):
        return None
    shapes = " and ".join(str(np.shape(x)) for x in arrays)
    return ShapeError(f"'{primitive.name}' of shapes {shapes}: {text}{'' if text.endswith('.') else '.'}")


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
        with _own_errors():
            yield
    finally:
        scope.transforms -= 1


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Within this block every operation on a Tensor is told to `recorder`; blocks nest, the innermost is told."""
    before, scope.recorder = scope.recorder, recorder
    try:
        with _own_errors():
            yield
    finally:
        scope.recorder = before


@contextmanager
def _own_errors() -> Iterator[None]:
    """``array[0] = tensor`` makes NumPy hide our refusal behind its own "setting an array element with a sequence"."""
    try:
        yield
    except ValueError as error:
        if isinstance(error.__cause__, DifferentiationError):
            raise error.__cause__ from None
        raise
