"""A formula's tree as NumPy expressions: what appears twice or lies deep has a line of its own."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Mapping

from steepest.formula.callable import compile_tree
from steepest.formula.tree import Binary, Call, Compare, Constant, Name, Node, Number, Unary, names, postorder, to_text

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 6)
_BINDING = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
_DEEPEST = 40  # operations within one another on a line
_WIDEST = 100  # characters of a line

# Functions of the language that are not NumPy's under the same name: the names of helpers, or templates.
HELPERS = {"sigmoid": "sigmoid", "softplus": "softplus", "erf": "erf"}
_TEMPLATES = {"relu": "np.maximum({}, 0)"}
_JOINED = {"min": "np.minimum", "max": "np.maximum"}


class FormulaLines:
    """The lines that compute a tree.

    Parameters
    ----------
    tree : Node
    variables : mapping of Name to str
        What each name is called in the lines.
    taken : collection of str
        Words that the lines may not use for something else.

    Attributes
    ----------
    lines : list of str
        Assignments, in order.
    result : str
        The expression of the whole.
    helpers : list of str
        The helpers that the lines call.
    """

    def __init__(self, tree: Node, variables: Mapping[Name, str], taken: set[str]) -> None:
        self.variables, self.taken = variables, taken
        self.lines: list[str] = []
        self.helpers: list[str] = []
        self._texts: dict[Node, tuple[str, int]] = {}  # with how tightly the outermost sign binds
        self._depth: dict[Node, int] = {}
        order = postorder(tree)
        uses = Counter(child for node in order for child in node.children)
        for node in order:
            if node.children and not names(node):
                text, binding = _constant(node)
            else:
                text, binding = self._text(node)
            self._texts[node] = text, binding
            self._depth[node] = 1 + max((self._depth[child] for child in node.children), default=0)
            twice = uses[node] > 1 and bool(names(node))
            if node.children and node is not tree and (twice or self._depth[node] > _DEEPEST):
                self._name(node)
        self.result = self._texts[tree][0]
        self.broken = _broken(tree, self._texts) if len(self.result) > _WIDEST else []

    @property
    def returned(self) -> list[str]:
        """The lines that return the whole, a long sum a term a line."""
        if not self.broken:
            return [f"return {self.result}"]
        return ["return (", *(f"    {term}" for term in self.broken), ")"]

    def _name(self, node: Node) -> None:
        variable = next(name for k in range(1, 10**6) if (name := f"u{k}") not in self.taken)
        self.taken.add(variable)
        self.lines.append(f"{variable} = {self._texts[node][0]}")
        self._texts[node], self._depth[node] = (variable, _ATOM), 0

    def _within(self, node: Node, least: int) -> str:
        text, binding = self._texts[node]
        return text if binding >= least else f"({text})"

    def _text(self, node: Node) -> tuple[str, int]:
        match node:
            case Number(value=value):
                return _number(value), _ATOM
            case Constant(name=name):
                return f"np.{name}", _ATOM
            case Name():
                return self.variables[node], _ATOM
            case Unary(operand=operand):
                return "-" + self._within(operand, _SIGN), _SIGN
            case Binary(operator="**", left=left, right=right):
                return f"{self._within(left, _ATOM)}**{self._within(right, _SIGN)}", _POWER
            case Binary(operator=sign, left=left, right=right):
                binding = _BINDING[sign]
                space = " " if binding == _SUM else ""
                return f"{self._within(left, binding)}{space}{sign}{space}{self._within(right, binding + 1)}", binding
            case Compare(operator=sign, left=left, right=right):
                return f"{self._texts[left][0]} {sign} {self._texts[right][0]}", _SUM
            case Call(function=function, arguments=arguments):
                return self._call(function, [self._argument(each) for each in arguments]), _ATOM
            case _:
                raise TypeError(f"not a node of a formula: {type(node).__name__}")

    def _argument(self, node: Node) -> str:
        """As a function's argument, where a whole number would make an array of whole numbers."""
        return repr(node.value) if isinstance(node, Number) else self._texts[node][0]

    def _call(self, function: str, arguments: list[str]) -> str:
        if function in HELPERS:
            self.helpers.append(HELPERS[function])
            return f"{HELPERS[function]}({arguments[0]})"
        if function in _TEMPLATES:
            return _TEMPLATES[function].format(arguments[0])
        if function in _JOINED:
            return functools.reduce(lambda left, right: f"{_JOINED[function]}({left}, {right})", arguments)
        return f"np.{function}({', '.join(arguments)})"


def _constant(node: Node) -> tuple[str, int]:
    """A subtree of numbers alone, folded to the float64 that a fit folds it to."""
    if isinstance(node, Compare):
        return str(bool(compile_tree(node)({}))), _ATOM
    value = float(compile_tree(node)({}))
    match node:
        case (
            Binary(operator="*", left=Number(), right=Constant())
            | Binary(operator="/", left=Constant(), right=Number())
        ):
            return to_text(node).replace("pi", "np.pi"), _PRODUCT  # the same product, and readable
        case _:
            return _number(value), _SIGN if math.copysign(1.0, value) < 0 else _ATOM


def _number(value: float) -> str:
    return (
        str(int(value))
        if abs(value) < 1e16 and value == int(value) and (value or math.copysign(1.0, value) > 0)
        else repr(value)
    )


def _broken(tree: Node, texts: Mapping[Node, tuple[str, int]]) -> list[str]:
    """A long sum as lines of a term each; empty for anything else."""
    lines: list[str] = []
    node = tree
    while isinstance(node, Binary) and node.operator in "+-" and (node is tree or texts[node][0].count(" ")):
        text, binding = texts[node.right]
        lines.append(f"{node.operator} {text if binding > _SUM else f'({text})'}")
        node = node.left
    return [] if not lines else [texts[node][0], *reversed(lines)]
