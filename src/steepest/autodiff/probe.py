"""Probe: which operation first gave something that is not finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from steepest.autodiff.apply import Value, recording
from steepest.autodiff.primitive import Primitive
from steepest.autodiff.tensor import Tensor
from steepest.autodiff.tree import flatten


class NonFinite(NamedTuple):
    """The operation, the first element of its result that is not finite, what it is, and what it was made of."""

    operation: str
    place: tuple[int, ...]
    value: float
    inputs: tuple[float, ...]


class _FirstNonFinite:
    """A recorder that remembers the first result that is not finite although everything it was made of is."""

    def __init__(self) -> None:
        self.found: NonFinite | None = None

    def record(self, primitive: Primitive, inputs: tuple[Any, ...], static: dict[str, Any], output: Value) -> None:
        data = output._data
        if self.found is not None or data.dtype.kind != "f" or np.isfinite(data).all():
            return
        arrays = [np.asarray(x._data if isinstance(x, Value) else x) for x in inputs]
        if not all(np.isfinite(a).all() for a in arrays if a.dtype.kind == "f"):
            return
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(data))[0])
        at = tuple(
            float(np.broadcast_to(a, data.shape)[index])
            for a in arrays
            if _broadcasts(a.shape, data.shape) and a.dtype.kind in "fiu"
        )
        self.found = NonFinite(primitive.name, index, float(data[index]), at)


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


def first_non_finite(f: Callable[..., Any], *args: Any) -> NonFinite | None:
    """Replay ``f(*args)`` and name the first operation whose result is not finite although its inputs are; None if all are.

    Examples
    --------
    >>> import numpy as np
    >>> first_non_finite(lambda x: np.log(x - 2.0) + 1.0, np.array([3.0, 1.0]))
    NonFinite(operation='log', place=(1,), value=nan, inputs=(-1.0,))
    """
    recorder = _FirstNonFinite()
    leaves, rebuild = flatten(args)
    with np.errstate(all="ignore"), recording(recorder):
        f(*rebuild([Tensor(np.asarray(x._data if isinstance(x, Value) else x)) for x in leaves]))
    return recorder.found
