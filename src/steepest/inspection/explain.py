"""`explain`: why a number of a gradient is what it is, by the paths that it is a sum over."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.autodiff.apply import Value
from steepest.autodiff.graph import pull_back, topological
from steepest.base.checks import whole
from steepest.base.errors import DifferentiationError, ShapeError
from steepest.inspection.layers import layer_of
from steepest.inspection.numbers import short
from steepest.inspection.paths import Paths
from steepest.inspection.trace import Subject, Trace, traced
from steepest.inspection.wording import element_text, operation_name

_SHOWN = 12  # steps of a path that are written out
# Where a derivative of 1 is no news.
_CARRIES = {
    p.add, p.subtract, p.sum, p.reshape, p.transpose, p.flip, p.alias, p.astype, p.broadcast_to, p.concatenate, p.index,
    p.take_along_axis, p.pad, p.sum_to,
}  # fmt: skip


@dataclass(frozen=True)
class PathStep:
    """One step of a path: the element of a result that it leads to, and the local derivative.

    Attributes
    ----------
    operation : str
    name : str
        The result's name where it has one, else the operation; within a network with the layer in front: ``1.tanh``.
    element : tuple of int
    derivative : float
    carries : bool
        Whether the number goes on as it is by the nature of the operation, as in a sum; such steps are not written out.
    """

    operation: str
    name: str
    element: tuple[int, ...]
    derivative: float
    carries: bool

    def __str__(self) -> str:
        return f"{self.name}{element_text(self.element)} (×{short(self.derivative)})"


@dataclass(frozen=True)
class PathTerm:
    """One path from a parameter to the loss: the product of its local derivatives is its share of the gradient."""

    product: float
    steps: tuple[PathStep, ...]

    def words(self, start: str) -> str:
        """``w[3,1] → matmul[0,3] (×2.1) → relu[0,3] (×1) → …``."""
        steps = [step for step in self.steps if not step.carries]
        if len(steps) > _SHOWN:
            half = _SHOWN // 2
            middle = steps[half:-half]
            product = math.prod(step.derivative for step in middle)
            shown = [
                *map(str, steps[:half]),
                f"{len(middle):,} more steps (×{short(product)})",
                *map(str, steps[-half:]),
            ]
        else:
            shown = list(map(str, steps))
        return " → ".join([start, *shown])


@dataclass(frozen=True)
class Explanation:
    """Why a number of a gradient is what it is; ``str`` of it says so in words and numbers.

    ``gradient == sum(row.product for row in rows) + rest``, to rounding.

    Attributes
    ----------
    loss, parameter : str
        What they are called; the parameter with its element, ``w[3,1]``.
    gradient : float
        d loss / d parameter.
    rows : tuple of PathTerm
        The paths with the largest products in magnitude, largest first.
    rest : float
        What all other paths add up to.
    paths : float
        How many paths there are, exact below 2**53.
    ends : tuple of str
        Operations that do not change with anything that the parameter reaches: there paths end.
    """

    loss: str
    parameter: str
    gradient: float
    rows: tuple[PathTerm, ...]
    rest: float
    paths: float
    ends: tuple[str, ...]

    def __str__(self) -> str:
        name = self.parameter.partition("[")[0]
        slope = f"d{self.loss}/d{self.parameter if name.isidentifier() else f'({self.parameter})'}"
        if not self.rows:
            where = f": it ends at {', '.join(self.ends)}, where the local derivatives are 0" if self.ends else ""
            return f"{slope} = 0, since no path leads from {self.parameter} to {self.loss}{where}."
        many = self.paths > len(self.rows)
        kinds = "one product" if self.paths == 1 else f"the sum over {_count(self.paths)} paths of the product"
        lines = [
            f"{slope} = {short(self.gradient)}: {kinds} of the local derivatives from {self.parameter} to {self.loss}."
        ]
        if many:
            lines.append(f"The {len(self.rows)} largest:")
        numbers = [short(row.product) for row in self.rows]
        left = [*numbers, short(self.rest) if many else "", short(self.gradient)]
        width = max(map(len, left)) + 2
        lines += ["", *(f"{n.rjust(width)}  {row.words(self.parameter)}" for n, row in zip(numbers, self.rows))]
        if many:
            lines.append(f"{short(self.rest).rjust(width)}  {_others(self.paths - len(self.rows))}")
        if self.paths > 1:
            lines.append(f"{short(self.gradient).rjust(width)}  in all")
        return "\n".join(lines)

    __repr__ = __str__

    def as_object(self) -> dict[str, Any]:
        """For JSON."""
        rows = [
            {"product": row.product, "steps": [
                {"name": step.name, "operation": step.operation, "element": list(step.element), "derivative": step.derivative}
                for step in row.steps]}
            for row in self.rows
        ]  # fmt: skip
        return {"loss": self.loss, "parameter": self.parameter, "gradient": self.gradient, "rows": rows, "rest": self.rest,
                "paths": self.paths}  # fmt: skip


def _others(number: float) -> str:
    return "the other path" if number == 1 else f"{_count(number)} other paths together"


def _count(number: float) -> str:
    if math.isinf(number):
        return f"more than {sys.float_info.max:.0e}"
    return f"{int(number):,}" if number < 1e12 else f"about {number:.1e}"


def explain(
    loss: Subject,
    wrt: Value | str,
    element: int | Sequence[int] | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    rows: Any = None,
    most: int = 10,
    names: Mapping[str, Any] | None = None,
) -> Explanation:
    """Why one number of a gradient is what it is: the largest products of local derivatives along paths, and what the rest adds.

    dL/dw[e] is the sum, over all paths from the element to the loss, of the product of the local derivatives along the path
    (Baur and Strassen, Theoretical Computer Science 22, 1983). In arrays paths run over elements.

    Parameters
    ----------
    loss : Tensor, str, Problem, Run or Fit
        As for `graph`.
    wrt : Tensor or str
        The parameter, or any value on the way, or its name.
    element : int or sequence of int, optional
        Which of its elements; may be left out where it has only one.
    at : mapping of str to number
        A value for each name of an expression.
    rows : int, slice or array of int or bool, optional
        The rows of a Problem's data; all if left out.
    most : int
        How many paths to tell apart.
    names : mapping of str to Tensor or array, optional
        What to call them; the caller's variables if left out.

    Raises
    ------
    DifferentiationError
        There is no graph, the loss is not one number, or a local derivative is not finite.
    ModelError
        The name is not there (the nearest is offered), or there are more than 2 million local derivatives.
    ShapeError
        There is no such element.

    Examples
    --------
    >>> import steepest as sd
    >>> print(sd.explain("x*x + sin(x)", wrt="x", at={"x": 0.5}))
    dL/dx = 1.878: the sum over 3 paths of the product of the local derivatives from x to L.
    <BLANKLINE>
       0.8776  x → sin (×0.8776) → L (×1)
          0.5  x → mul (×0.5) → L (×1)
          0.5  x → mul (×0.5) → L (×1)
        1.878  in all
    """
    frame = sys._getframe(1)
    most = whole("most", most)
    trace = traced(loss, at, (), rows, names, [frame.f_locals, frame.f_globals])
    start = trace.named(wrt) if isinstance(wrt, str) else wrt
    if not isinstance(start, Value):
        raise DifferentiationError(f"wrt= is a Tensor or the name of one, not {type(start).__name__}.")
    order = topological(trace.loss)
    if not any(value is start for value in order):
        raise DifferentiationError(
            f"the loss does not depend on this Tensor of shape {start.shape}, or it does not require grad: its gradient is 0."
        )
    place = _place(start, element)
    gradient = np.asarray(pull_back(trace.loss, np.ones_like(trace.loss._data), [start], False, order)[0])
    value = float(gradient.reshape(-1)[place])
    paths = Paths(trace.loss, start, place)
    naming = _Naming(trace)
    terms = []
    for path in paths.largest(most):
        steps = tuple(naming.step(link.value, link.element, link.weight) for link in path)
        terms.append(PathTerm(math.prod(step.derivative for step in steps), steps))
    told = math.fsum(term.product for term in terms)
    index = tuple(int(k) for k in np.unravel_index(place, start.shape)) if start.shape else ()
    return Explanation(
        naming.loss, naming.start(start) + element_text(index), value, tuple(terms), value - told, paths.count,
        tuple(dict.fromkeys(naming.step(end, (), 0.0).name for end in paths.ends)),
    )  # fmt: skip


def _place(start: Value, element: int | Sequence[int] | None) -> int:
    """The flat place of an element."""
    shape = start.shape
    if element is None:
        if start._data.size != 1:
            raise ShapeError(f"which element? It has shape {shape}: give element={_example(shape)}, for example.")
        return 0
    index: tuple[Any, ...] = tuple(element) if isinstance(element, Iterable) else (element,)
    whole_numbers = all(isinstance(k, (int, np.integer)) and not isinstance(k, bool) for k in index)
    if not whole_numbers or len(index) != len(shape) or not all(-n <= k < n for k, n in zip(index, shape)):
        last = f"; the last one is {tuple(n - 1 for n in shape)}" if start._data.size else ""
        raise ShapeError(f"there is no element {element!r} in shape {shape}{last}.")
    return int(np.ravel_multi_index([k % n for k, n in zip(index, shape)], shape)) if shape else 0


def _example(shape: tuple[int, ...]) -> str:
    return str(tuple(0 for _ in shape)) if len(shape) > 1 else "0"


class _Naming:
    """What values are called in a path."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._layer = layer_of(trace)
        self.loss = trace.names.get(id(trace.loss), "L")

    def start(self, value: Value) -> str:
        """The parameter's name."""
        return self._trace.names.get(id(value), "w")

    def step(self, value: Value, element: tuple[int, ...], derivative: float) -> PathStep:
        """A step to this element."""
        assert value.primitive is not None
        operation = operation_name(value.primitive)
        layer = self._layer.get(id(value), "")
        name = self.loss if value is self._trace.loss else self._trace.names.get(id(value), "")
        carries = value.primitive in _CARRIES and derivative == 1 and not name
        return PathStep(
            operation, name or (f"{layer}.{operation}" if layer else operation), element, derivative, carries
        )
