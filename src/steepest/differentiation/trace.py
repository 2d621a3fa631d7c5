"""A Python function as a tree: run once on Tensors, each operation it does noted for every element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.autodiff.apply import Value, recording
from steepest.autodiff.primitive import Primitive
from steepest.autodiff.tensor import Tensor
from steepest.base.errors import SteepestError
from steepest.differentiation.algebra import Algebra
from steepest.formula.functions import FUNCTIONS
from steepest.formula.parser import parse_expression
from steepest.formula.tree import Call, Compare, Name, Node

_MOST = 3000  # operations on single elements: more is no formula that anyone reads

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}
_COMPARISONS = {
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!=",
}  # fmt: skip
_CALLS = {function.operation: name for name, function in FUNCTIONS.items()}
# Operations that the formula language writes otherwise; log(cosh(u)) in a form that does not overflow.
_WRITTEN = {"reciprocal": "1/u", "exp2": "2**u", "log_cosh": "logaddexp(u, -u) - log(2)"}
_STRUCTURE = {
    "sum", "mean", "cumsum", "matmul", "reshape", "transpose", "broadcast_to", "concatenate", "flip", "index", "take_along_axis",
    "alias", "astype", "sum_to", "einsum", "pad",
}  # fmt: skip
"""Operations that only move elements, add and multiply them: NumPy does them on arrays of symbols too."""


class Untraceable(Exception):
    """The function has no symbolic form; the message is the operation, or why."""


class Traced:
    """What a run of a function did.

    Attributes
    ----------
    tree : Node or None
        The result as a tree of the elements of the arguments.
    reason : str
        Why there is none: an operation without a symbol, or what the function asked of its arguments.
    not_analytic : tuple of str
        The operations that depend on the arguments and are not complex differentiable.
    """

    def __init__(self, tree: Node | None, reason: str, not_analytic: tuple[str, ...]) -> None:
        self.tree = tree
        self.reason = reason
        self.not_analytic = not_analytic


def trace(call: Callable[[dict[str, Any]], Any], point: Mapping[str, NDArray[np.float64]]) -> Traced:
    """Run ``call(arguments)`` and write its result as a tree.

    Parameters
    ----------
    call : callable
        Takes a dict of Tensors and returns one number.
    point : mapping of str to ndarray
        The arguments; elements of an array w are the names ``w[0]``, ``w[0, 1]``, of a number w just ``w``.

    Examples
    --------
    >>> print(trace(lambda p: (p["w"] * np.array([1.0, 2.0])).sum(), {"w": np.array([3.0, 4.0])}).tree)
    `w[0]` + `w[1]`*2
    """
    recorder = _Writer()
    arguments = {}
    for name, value in point.items():
        tensor = Tensor(np.array(value, dtype=np.float64))
        symbols = np.empty(tensor.shape, dtype=object)
        for place in np.ndindex(tensor.shape):
            symbols[place] = _Symbol(element_name(name, place), recorder)
        recorder.know(tensor, symbols)
        arguments[name] = tensor
    try:
        with np.errstate(all="ignore"), recording(recorder):
            result = call(arguments)
    except (SteepestError, TypeError, ValueError, ArithmeticError) as error:
        return Traced(None, str(error).split(" inside a recording")[0].rstrip(" ,."), recorder.not_analytic)
    if recorder.reason:
        return Traced(None, recorder.reason, recorder.not_analytic)
    written = recorder.symbols_of(result)
    if written is None or np.size(written) != 1:
        return Traced(
            None, "the result does not depend on the arguments by operations that can be seen", recorder.not_analytic
        )
    element = np.ravel(written)[0]
    node = element.node if isinstance(element, _Symbol) else recorder.algebra.number(float(element))
    return Traced(node, "", recorder.not_analytic)


def element_name(name: str, place: tuple[int, ...]) -> Name:
    """The name of one element: ``w`` itself for a number, ``w[0]`` in an array."""
    return (
        Name(f"{name}[{', '.join(map(str, place))}]", quoted=True)
        if place
        else Name(name, quoted=not name.isidentifier())
    )


class _Writer:
    """A recorder that keeps, for every Tensor that depends on the arguments, an array of symbols."""

    def __init__(self) -> None:
        self.algebra = Algebra()
        self.reason = ""
        self._seen: dict[int, tuple[Any, NDArray[Any]]] = {}  # with the Tensor, so that its id stays its own
        self._not_analytic: dict[str, None] = {}
        self._operations = 0

    @property
    def not_analytic(self) -> tuple[str, ...]:
        return tuple(self._not_analytic)

    def know(self, tensor: Any, symbols: NDArray[Any]) -> None:
        self._seen[id(tensor)] = (tensor, symbols)

    def symbols_of(self, value: Any) -> NDArray[Any] | None:
        """The symbols of a Tensor that depends on the arguments; numbers as they are; None for other things."""
        if id(value) in self._seen:
            return self._seen[id(value)][1]
        if isinstance(value, Value):
            value = value._data
        return np.asarray(value) if isinstance(value, (int, float, np.ndarray, np.generic)) else None

    def record(self, primitive: Primitive, inputs: tuple[Any, ...], static: dict[str, Any], output: Any) -> None:
        if not any(id(x) in self._seen for x in inputs):
            return  # it depends on nothing that is differentiated
        if not primitive.analytic and primitive.name not in _COMPARISONS:
            self._not_analytic[primitive.name] = None
        if self.reason:
            self.know(output, np.empty(output.shape, dtype=object))
            return
        try:
            symbols = self._apply(primitive, inputs, static)
        except (Untraceable, TypeError, ValueError, OverflowError) as error:
            self.reason = str(error) if isinstance(error, Untraceable) else primitive.name
            symbols = np.empty(output.shape, dtype=object)
        self.know(output, symbols)

    def _apply(self, primitive: Primitive, inputs: tuple[Any, ...], static: dict[str, Any]) -> NDArray[Any]:
        name = primitive.name
        arrays = [self.symbols_of(x) for x in inputs]
        if name in _STRUCTURE:
            if name == "astype":
                return np.asarray(arrays[0])
            return np.asarray(primitive.forward(*arrays, **static), dtype=object)
        if name not in {*_CALLS, *_SIGNS, *_COMPARISONS, *_WRITTEN, "neg"}:
            raise Untraceable(name)
        combine = np.frompyfunc(lambda *elements: self._element(name, elements), len(arrays), 1)
        return np.asarray(combine(*arrays), dtype=object)

    def _element(self, name: str, elements: tuple[Any, ...]) -> Any:
        if not any(isinstance(element, _Symbol) for element in elements):
            raise Untraceable(f"{name} of numbers")
        if name == "neg":
            return -elements[0]
        nodes = tuple(self.node(element) for element in elements)
        if name in _WRITTEN:
            return self.made(self.algebra.substitute(parse_expression(_WRITTEN[name]), {Name("u"): nodes[0]}))
        if name in _SIGNS:
            return self.made(self.algebra.binary(_SIGNS[name], *nodes))
        if name in _COMPARISONS:
            return self.made(self.algebra.one(Compare(_COMPARISONS[name], *nodes)))
        if name == "where" and not isinstance(nodes[0], Compare):
            raise Untraceable("where with a condition that is no comparison")
        return self.made(self.algebra.one(Call(_CALLS[name], nodes)))

    def node(self, element: Any) -> Node:
        if isinstance(element, _Symbol):
            return element.node
        number = float(element)
        if not np.isfinite(number):
            raise Untraceable(f"the number {number}")
        return self.algebra.number(number)

    def made(self, node: Node) -> _Symbol:
        self._operations += 1
        if self._operations > _MOST:
            raise Untraceable(f"more than {_MOST:,} operations on single elements")
        return _Symbol(node, self)


class _Symbol:
    """One element of an array as NumPy's own loops see it: it can be added and multiplied."""

    __slots__ = ("_writer", "node")

    def __init__(self, node: Node, writer: _Writer) -> None:
        self.node = node
        self._writer = writer

    def _with(self, operator: str, left: Any, right: Any) -> Any:
        writer = self._writer
        return writer.made(writer.algebra.binary(operator, writer.node(left), writer.node(right)))

    def __add__(self, other: Any) -> Any:
        return self._with("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._with("+", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._with("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._with("*", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._with("/", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("/", other, self)

    def __neg__(self) -> Any:
        return self._writer.made(self._writer.algebra.negative(self.node))

    def __bool__(self) -> bool:
        raise Untraceable("a decision that depends on a value")
