"""Undo the left side of a formula: y from log(y), where exactly one y gives each value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from steepest.formula.callable import compile_tree
from steepest.formula.tree import Binary, Call, Name, Node, Unary, postorder

Undo = Callable[[Any], Any]


def inverse_of(tree: Node) -> Undo | None:
    """A function from values of `tree` to the one column in it, or None where the tree cannot be undone.

    The tree must be a chain: one column, once, inside functions that take each value at one place only.
    Values that the tree never takes become NaN.

    Examples
    --------
    >>> from steepest.formula.parser import parse_expression
    >>> inverse_of(parse_expression("2*log(y) + 1"))(np.array([1.0, 3.0]))
    array([1.        , 2.71828183])
    >>> inverse_of(parse_expression("y**2")) is None
    True
    """
    steps: list[Undo] = []
    node = tree
    while not isinstance(node, Name):
        inner = [child for child in node.children if _has_name(child)]
        if len(inner) != 1:
            return None
        step = _undo(node, inner[0])
        if step is None:
            return None
        steps.append(step)
        node = inner[0]

    def undo(values: Any) -> Any:
        with np.errstate(all="ignore"):
            result = np.asarray(values, dtype=np.float64)
            for step in steps:
                result = step(result)
        return result

    return undo


def _has_name(tree: Node) -> bool:
    return any(isinstance(node, Name) for node in postorder(tree))


def _within(low: float, high: float, undo: Undo) -> Undo:
    """`undo` where low <= v <= high, NaN elsewhere: values that the function never takes."""
    return lambda v: np.where((v >= low) & (v <= high), undo(v), np.nan)


def _softplus_inverse(v: Any) -> Any:
    return v + np.log(-np.expm1(-v))


_FUNCTIONS: dict[str, Undo] = {
    "log": np.exp,
    "log2": np.exp2,
    "log10": lambda v: 10.0**v,
    "log1p": np.expm1,
    "exp": np.log,
    "expm1": np.log1p,
    "sqrt": _within(0, np.inf, np.square),
    "cbrt": lambda v: v**3.0,
    "sinh": np.arcsinh,
    "tanh": np.arctanh,
    "arcsin": _within(-np.pi / 2, np.pi / 2, np.sin),
    "arccos": _within(0, np.pi, np.cos),
    "arctan": _within(-np.pi / 2, np.pi / 2, np.tan),
    "sigmoid": lambda v: np.log(v / (1 - v)),
    "softplus": _softplus_inverse,
}


def _undo(node: Node, inner: Node) -> Undo | None:
    """The inverse of one node as a function of the child `inner`, the other child being a number."""
    match node:
        case Unary():
            return np.negative
        case Call(function=function, arguments=(_,)):
            return _FUNCTIONS.get(function)
        case Binary(operator=sign, left=left, right=right):
            inner_left = inner is left
            number = float(compile_tree(right if inner_left else left)({}))
            return _undo_left(sign, number) if inner_left else _undo_right(sign, number)
        case _:
            return None


def _undo_left(sign: str, number: float) -> Undo | None:
    """Undo ``y sign number``."""
    match sign:
        case "+":
            return lambda v: v - number
        case "-":
            return lambda v: v + number
        case "*" if number != 0:
            return lambda v: v / number
        case "/":
            return lambda v: v * number
        case "**" if number != 0:
            return _undo_power(number)
        case _:
            return None


def _undo_right(sign: str, number: float) -> Undo | None:
    """Undo ``number sign y``."""
    match sign:
        case "-":
            return lambda v: number - v
        case "/" if number != 0:
            return lambda v: number / v
        case "**" if number > 0 and number != 1:
            return lambda v: np.log(v) / np.log(number)
        case "+" | "*":
            return _undo_left(sign, number)
        case _:
            return None


def _undo_power(exponent: float) -> Undo | None:
    """Undo ``y**exponent``: odd exponents on the whole line, fractions where y >= 0, even ones not at all."""
    if exponent % 2 == 1:
        return lambda v: np.sign(v) * np.abs(v) ** (1 / exponent)
    if exponent % 1 == 0:
        return None
    return _within(0, np.inf, lambda v: v ** (1 / exponent))
