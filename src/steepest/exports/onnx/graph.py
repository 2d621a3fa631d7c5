"""An ONNX graph while it is built: values that take part in arithmetic, each operation a node."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from steepest.base.errors import SteepestError
from steepest.base.params import Array

OPSET = 18
_LABELS = 3  # of the operators for labels
_IR = 8  # what the opset came with: runtimes since 2022 read it
_RELATIONS = {"<": "Less", "<=": "LessOrEqual", ">": "Greater", ">=": "GreaterOrEqual", "==": "Equal"}


def require_onnx() -> Any:
    """The package onnx.

    Raises
    ------
    SteepestError
        It is not installed; says how to do it.
    """
    try:
        import onnx
    except ImportError:
        raise SteepestError("ONNX needs the package onnx. Install it with: pip install 'steepest[onnx]'") from None
    return onnx


class Value:
    """A value in a graph; ``+ - * / **`` and comparisons with values and numbers add nodes.

    Attributes
    ----------
    name : str
    rank : int or None
        How many axes it has, where that matters.
    """

    def __init__(self, graph: Graph, name: str, rank: int | None = None) -> None:
        self.graph, self.name, self.rank = graph, name, rank

    def __add__(self, other: Any) -> Value:
        return self.graph.node("Add", self, other)

    def __radd__(self, other: Any) -> Value:
        return self.graph.node("Add", other, self)

    def __sub__(self, other: Any) -> Value:
        return self.graph.node("Sub", self, other)

    def __rsub__(self, other: Any) -> Value:
        return self.graph.node("Sub", other, self)

    def __mul__(self, other: Any) -> Value:
        return self.graph.node("Mul", self, other)

    def __rmul__(self, other: Any) -> Value:
        return self.graph.node("Mul", other, self)

    def __truediv__(self, other: Any) -> Value:
        return self.graph.node("Div", self, other)

    def __rtruediv__(self, other: Any) -> Value:
        return self.graph.node("Div", other, self)

    def __pow__(self, other: Any) -> Value:
        return self.graph.node("Pow", self, other)

    def __rpow__(self, other: Any) -> Value:
        return self.graph.node("Pow", other, self)

    def __neg__(self) -> Value:
        return self.graph.node("Neg", self)

    def __abs__(self) -> Value:
        return self.graph.node("Abs", self)

    def compared(self, sign: str, other: Any) -> Value:
        """The truth of ``self sign other``."""
        if sign == "!=":
            return self.graph.node("Not", self.graph.node("Equal", self, other))
        return self.graph.node(_RELATIONS[sign], self, other)

    def __lt__(self, other: Any) -> Value:
        return self.compared("<", other)

    def __gt__(self, other: Any) -> Value:
        return self.compared(">", other)

    def __le__(self, other: Any) -> Value:
        return self.compared("<=", other)

    def __ge__(self, other: Any) -> Value:
        return self.compared(">=", other)

    def equals(self, other: Any) -> Value:
        """Where it equals another."""
        return self.compared("==", other)


class Graph:
    """The nodes and numbers of a model.

    Parameters
    ----------
    dtype : {"float32", "float64"}
        Of inputs, numbers and outputs.
    reserved : collection of str
        Names that will be given later.
    """

    def __init__(self, dtype: str, reserved: Collection[str] = ()) -> None:
        self.onnx = require_onnx()
        self.dtype = np.dtype(dtype)
        self._nodes: list[Any] = []
        self._numbers: dict[str, Any] = {}
        self._literals: dict[tuple[str, bytes, tuple[int, ...]], str] = {}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._taken = set(reserved)

    @property
    def kind(self) -> int:
        """ONNX's number for the dtype."""
        return int(self.onnx.TensorProto.FLOAT if self.dtype == np.float32 else self.onnx.TensorProto.DOUBLE)

    @property
    def double(self) -> bool:
        return self.dtype == np.float64

    def input(self, name: str, shape: list[Any], kind: int | None = None) -> Value:
        """An input of the model, of the type that ONNX has the number `kind` for; strings in the shape are open lengths."""
        self._taken.add(name)
        self._inputs.append(self.onnx.helper.make_tensor_value_info(name, self.kind if kind is None else kind, shape))
        return Value(self, name, len(shape))

    def output(self, value: Value, name: str, shape: list[Any], kind: int | None = None) -> None:
        """Make a value an output of this name."""
        self._taken.add(name)
        self._nodes.append(self.onnx.helper.make_node("Identity", [value.name], [name]))
        self._outputs.append(self.onnx.helper.make_tensor_value_info(name, self.kind if kind is None else kind, shape))

    def number(self, name: str, array: Any) -> Value:
        """A number or array with a name, such as a parameter."""
        array = np.asarray(array)
        if array.dtype.kind == "O":
            self._taken.add(name)
            texts = [str(each).encode() for each in array.ravel()]
            kind = self.onnx.TensorProto.STRING
            self._numbers[name] = self.onnx.helper.make_tensor(name, kind, array.shape, texts)
            return Value(self, name, array.ndim)
        if array.dtype.kind == "f":
            array = array.astype(self.dtype)
        self._taken.add(name)
        self._numbers[name] = self.onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        return Value(self, name, array.ndim)

    def literal(self, value: Any) -> Value:
        """A number or array without a name; equal ones are stored once."""
        array = np.asarray(value, dtype=self.dtype if np.asarray(value).dtype.kind == "f" else None)
        key = (array.dtype.str, array.tobytes(), array.shape)
        if key not in self._literals:
            self._literals[key] = self._fresh("c")
            self.number(self._literals[key], array)
        return Value(self, self._literals[key], array.ndim)

    def node(self, operator: str, *inputs: Any, **attributes: Any) -> Value:
        """A node of one output; inputs that are plain numbers become literals."""
        values = [each if isinstance(each, Value) else self.literal(_floating(each)) for each in inputs]
        name = self._fresh("v")
        self._nodes.append(self.onnx.helper.make_node(operator, [value.name for value in values], [name], **attributes))
        ranks = [value.rank for value in values if value.rank is not None]
        return Value(self, name, max(ranks, default=None))

    def where(self, condition: Any, x: Any, y: Any) -> Value:
        """x where the condition holds, y elsewhere."""
        return self.node("Where", condition, x, y)

    def model(self, title: str, text: str, facts: dict[str, str]) -> Any:
        """The whole model, checked.

        Raises
        ------
        onnx.checker.ValidationError
            The graph is not valid, which is a mistake of steepest's.
        """
        from steepest.version import __version__

        helper = self.onnx.helper
        graph = helper.make_graph(
            self._nodes, title, self._inputs, self._outputs, initializer=list(self._numbers.values()), doc_string=text
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", _LABELS)],
            ir_version=_IR,
            producer_name="steepest",
            producer_version=__version__,
            doc_string=text,
        )
        helper.set_model_props(model, facts)
        self.onnx.checker.check_model(model, full_check=True)
        return model

    def _fresh(self, letter: str) -> str:
        """A name that nothing has."""
        k = len(self._taken)
        while (name := f"{letter}.{k}") in self._taken:
            k += 1
        self._taken.add(name)
        return name


def _floating(value: Any) -> Array:
    """A plain number as a float, also where it was written as a whole one; truth values stay."""
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind in "iu" and array.ndim == 0 else array
