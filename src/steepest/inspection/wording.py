"""Operations as text: `w * x`, `relu(v1)`, `x[:, 0]`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.autodiff.apply import Value
from steepest.autodiff.primitive import Primitive
from steepest.inspection.numbers import short

_INFIX = {
    p.add: "+", p.subtract: "-", p.multiply: "*", p.absorbing_multiply: "*", p.divide: "/", p.power: "**", p.matmul: "@",
}  # fmt: skip
_NAMES = {p.amax: "max", p.amin: "min", p.alias: "clone"}
_MOST_ARGUMENTS = 4


def operation_name(primitive: Primitive) -> str:
    """The name of an operation as a user calls it.

    Examples
    --------
    >>> operation_name(p.amax), operation_name(p.sigmoid)
    ('max', 'sigmoid')
    """
    return _NAMES.get(primitive, primitive.name)


def operation_text(value: Value, names: Sequence[str]) -> str:
    """What made `value`, from the names of its inputs.

    Examples
    --------
    >>> import steepest as sd
    >>> w = sd.tensor([1.0, 2.0], requires_grad=True)
    >>> operation_text(w * 2, ["w", "2"]), operation_text(w[0], ["w"]), operation_text(w.sum(axis=0), ["w"])
    ('w * 2', 'w[0]', 'sum(w, axis=0)')
    """
    primitive, static = value.primitive, value.static
    assert primitive is not None
    if primitive in _INFIX:
        return f" {_INFIX[primitive]} ".join(names)
    if primitive is p.negative:
        return f"-{names[0]}"
    if primitive is p.index:
        return f"{names[0]}[{_index(static['spec'], names[1:])}]"
    if primitive is p.reshape:
        return f"reshape({names[0]}, {_shape(value.shape)})"
    if primitive is p.broadcast_to:
        return f"broadcast_to({names[0]}, {_shape(value.shape)})"
    if primitive is p.einsum:
        return f"einsum('{static['subscripts']}', {', '.join(names)})"
    if primitive is p.astype:
        return f"{static['dtype']}({names[0]})"
    arguments = list(names)
    if len(arguments) > _MOST_ARGUMENTS:
        arguments = [*arguments[:2], "…", arguments[-1]]
    axis = static.get("axis")
    if axis is not None and primitive in (p.sum, p.mean, p.amax, p.amin, p.concatenate, p.cumsum, p.sort):
        arguments.append(f"axis={axis}")
    text = f"{operation_name(primitive)}({', '.join(arguments)})"
    return f"{text} of {len(names)}" if len(names) > _MOST_ARGUMENTS else text


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) if shape else "()"


def _index(spec: Sequence[Any], arrays: Sequence[str]) -> str:
    rest = iter(arrays)
    return ", ".join(next(rest) if item is p.HOLE else _key(item) for item in spec)


def _key(item: Any) -> str:
    if item is Ellipsis:
        return "..."
    if not isinstance(item, slice):
        return str(item)
    ends = [":".join("" if end is None else str(end) for end in (item.start, item.stop))]
    return ":".join(ends if item.step is None else [*ends, str(item.step)])


def number_text(x: Any) -> str:
    """A constant of one element inside an operation: 2, 0.5, true.

    Examples
    --------
    >>> number_text(2), number_text(np.float64(0.25)), number_text(np.array(True))
    ('2', '0.25', 'true')
    """
    item = np.asarray(x._data if isinstance(x, Value) else x).item()
    return str(item).lower() if isinstance(item, bool) else short(item)


def element_text(element: tuple[int, ...]) -> str:
    """Where an element stands: ``[3,1]``, or nothing for a single number."""
    return f"[{','.join(map(str, element))}]" if element else ""
