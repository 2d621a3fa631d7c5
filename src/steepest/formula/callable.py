"""From the checked tree to a function of arrays or Tensors: a flat list of operations, no recursion."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.base.errors import FormulaError
from steepest.formula.functions import FUNCTIONS
from steepest.formula.tree import Binary, Call, Compare, Constant, Name, Node, Number, Unary, postorder

Values = Mapping[str, Any]

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def compile_tree(tree: Node, text: str = "") -> Callable[[Values], Any]:
    """A function that computes the tree from the values of its names.

    Each distinct subtree is computed once; subtrees of numbers alone are computed now, in float64. The
    function takes plain arrays (and returns plain arrays) or Tensors; integers become float64. NumPy's
    warnings are off inside it: non-finite results are the business of whoever asked for them.

    Parameters
    ----------
    tree : Node
        A checked tree.
    text : str
        The formula, for the caret under an error.

    Raises
    ------
    FormulaError
        A subtree of numbers alone is not finite, such as ``1/0``. Later, when the function is called: a name
        has no value.

    Examples
    --------
    >>> import numpy as np
    >>> from steepest.formula.parser import parse_expression
    >>> line = compile_tree(parse_expression("a + b*x"))
    >>> line({"a": 1.0, "b": 2.0, "x": np.array([0.0, 1.0])})
    array([1., 3.])
    """
    order = postorder(tree)
    constants = _fold(order, text)
    program = _Program(tree, order, constants)
    return program.run


def _operation(node: Node) -> Callable[..., Any]:
    match node:
        case Unary():
            return operator.neg
        case Binary(operator=sign) | Compare(operator=sign):
            return _OPERATORS[sign]
        case Call(function=name):
            function = FUNCTIONS[name]
            operation: Callable[..., Any] = getattr(ops, function.operation)
            return operation if function.most is not None else _two_by_two(operation)
        case _:
            raise TypeError(f"not an operation: {type(node).__name__}")


def _two_by_two(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: functools.reduce(operation, arguments)


def _fold(order: list[Node], text: str) -> dict[Node, float | bool]:
    """The value of every subtree of numbers alone, computed in float64 like everything else."""
    values: dict[Node, float | bool] = {}
    for node in order:
        if isinstance(node, (Number, Constant)):
            values[node] = node.value
        elif node.children and all(child in values for child in node.children):
            with np.errstate(all="ignore"):
                value = _operation(node)(*(_as_float(values[child]) for child in node.children))
            if isinstance(node, Compare):
                values[node] = bool(value)
            elif np.isfinite(value):
                values[node] = float(value)
            else:
                raise FormulaError(f"{node} is not a finite number.", text, node.position if text else None)
    return values


class _Program:
    """Operations in order, each with the registers it reads and the one it writes.

    A register is used again after its last reader: a long formula on many rows holds few arrays at a time.
    """

    def __init__(self, tree: Node, order: list[Node], constants: Mapping[Node, float | bool]) -> None:
        needed = [node for node in order if node not in constants and not isinstance(node, Name)]
        last_reader = {child: node for node in needed for child in node.children}
        self.start: list[Any] = []
        self.names: list[tuple[int, str]] = []
        self.steps: list[tuple[Callable[..., Any], tuple[int, ...], int]] = []
        register: dict[Node, int] = {}
        for node in order:
            if isinstance(node, Name):
                self.names.append((len(self.start), node.name))
            elif node not in constants or not (node in last_reader or node is tree):
                continue
            register[node] = len(self.start)
            self.start.append(constants.get(node))
        free: list[int] = []
        for node in needed:
            reads = tuple(register[child] for child in node.children)
            released = {child for child in node.children if last_reader[child] is node and child not in constants}
            free.extend(register[child] for child in released)
            if not free:
                free.append(len(self.start))
                self.start.append(None)
            register[node] = free.pop()
            self.steps.append((_operation(node), reads, register[node]))
        self.result = register[tree]

    def run(self, values: Values) -> Any:
        registers = self.start.copy()
        for place, name in self.names:
            if name not in values:
                raise FormulaError(f"There is no value for {name!r}; values were given for {', '.join(values)}.")
            registers[place] = _as_float(values[name])
        with np.errstate(all="ignore"):
            for operation, reads, write in self.steps:
                registers[write] = operation(*[registers[read] for read in reads])
        return registers[self.result]


def _as_float(value: Any) -> Any:
    """Integers and truth values as float64, so that ``2**-1`` is 0.5 whatever type the 2 has."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return np.float64(value)
    if isinstance(value, (list, tuple)):
        value = np.asarray(value)
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biu":
        return value.astype(np.float64)
    return value
