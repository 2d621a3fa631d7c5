"""A formula's tree as ONNX nodes."""

from __future__ import annotations

import operator
from collections.abc import Mapping

from steepest.exports.onnx import functions as f
from steepest.exports.onnx.graph import Graph, Value
from steepest.formula.callable import compile_tree
from steepest.formula.tree import Binary, Call, Compare, Name, Node, Unary, names, postorder

_ARITHMETIC = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}


def tree_value(graph: Graph, tree: Node, values: Mapping[str, Value]) -> Value:
    """The tree as nodes; subtrees of numbers alone are one number, as in a fit."""
    done: dict[Node, Value] = {}
    for node in postorder(tree):
        if not names(node):
            continue
        parts = [done.get(child) or graph.literal(compile_tree(child)({})) for child in node.children]
        match node:
            case Name(name=name):
                done[node] = values[name]
            case Unary():
                done[node] = -parts[0]
            case Binary(operator=sign):
                done[node] = _ARITHMETIC[sign](*parts)
            case Compare(operator=sign):
                done[node] = parts[0].compared(sign, parts[1])
            case Call(function=function):
                done[node] = f.FUNCTIONS[function](*parts)
            case _:
                raise TypeError(f"not a node of a formula: {type(node).__name__}")
    return done[tree] if tree in done else graph.literal(compile_tree(tree)({}))
