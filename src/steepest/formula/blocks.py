"""Blocks: networks inside a formula, from their arguments to a checked node."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from steepest.base.errors import FormulaError
from steepest.formula.functions import BLOCKS
from steepest.formula.tokens import NUMBER, Token
from steepest.formula.tree import Block, Name, Node, Number, Others, Unary, names, postorder

MOST_UNITS = 100_000
"""Units in one hidden layer."""


@dataclass(frozen=True)
class Keyword:
    """``name=value`` as written."""

    name: Token
    value: Token


def built_block(token: Token, arguments: Sequence[Node], keywords: Sequence[Keyword], text: str) -> Block:
    """The block ``mlp(inputs, sizes of hidden layers, keyword=value)``.

    Parameters
    ----------
    token : Token
        Its name.
    arguments : sequence of Node
        Inputs and, after them, sizes.
    keywords : sequence of Keyword
    text : str
        The formula, for the caret under an error.

    Raises
    ------
    FormulaError
        There is no input, no size or one that is no whole number, something in the wrong place, or an unknown keyword.
    """
    example = f"Write it like {token.text}(x1, x2, 20, 20, activation=tanh): columns, sizes of hidden layers, keywords."
    inputs: list[Node] = []
    sizes: list[int] = []
    for argument in arguments:
        if not names(argument) and not isinstance(argument, Others):
            if not inputs:
                raise FormulaError(f"{token.text} has a size before its columns. {example}", text, argument.position)
            sizes.append(_size(token.text, argument, text))
        elif sizes:
            raise FormulaError(
                f"{argument} in {token.text} stands after a size; columns come first. {example}",
                text,
                argument.position,
            )
        else:
            _check_input(token.text, argument, inputs, text)
            inputs.append(argument)
    if not inputs:
        raise FormulaError(f"{token.text} has no input: name columns, or write a dot for every other column. {example}",
                           text, token.position)  # fmt: skip
    if not sizes:
        raise FormulaError(f"{token.text} has no hidden layer: give the size of one. {example}", text, token.position)
    return Block(token.text, tuple(inputs), tuple(sizes), _options(token.text, keywords, text), position=token.position)


def _check_input(block: str, node: Node, before: Sequence[Node], text: str) -> None:
    for part in postorder(node):
        if isinstance(part, Block):
            raise FormulaError(f"{part.block} stands inside {block}; one network cannot be the input of another.",
                               text, part.position)  # fmt: skip
    if node in before:
        what = (
            f"the column {node.name!r}" if isinstance(node, Name) else "the dot" if isinstance(node, Others) else node
        )
        raise FormulaError(f"{block} names {what} twice.", text, node.position)


def _size(block: str, node: Node, text: str) -> int:
    if isinstance(node, Number) and node.value == int(node.value) and 1 <= node.value <= MOST_UNITS:
        return int(node.value)
    if isinstance(node, Number) and node.value > MOST_UNITS:
        raise FormulaError(f"A hidden layer of {block} has at most {MOST_UNITS:,} units.", text, node.position)
    shown = node if isinstance(node, Number | Unary) else "this"
    raise FormulaError(f"The size of a hidden layer is a positive whole number such as 20; {shown} is none.",
                       text, node.position)  # fmt: skip


def _options(block: str, keywords: Sequence[Keyword], text: str) -> tuple[tuple[str, str | float], ...]:
    found: dict[str, str | float] = {}
    for keyword in keywords:
        name, value = keyword.name, keyword.value
        if name.text not in BLOCKS[block]:
            near = difflib.get_close_matches(name.text, BLOCKS[block], n=1)
            offer = f" Did you mean {near[0]}?" if near else ""
            raise FormulaError(
                f"{block} has no keyword {name.text!r}.{offer} There are {' and '.join(BLOCKS[block])}.",
                text,
                name.position,
            )
        if name.text in found:
            raise FormulaError(f"{name.text} is given twice.", text, name.position)
        found[name.text] = _value(name, value, text)
    return tuple(sorted(found.items()))


def _value(name: Token, value: Token, text: str) -> str | float:
    if name.text == "activation":
        if value.kind == NUMBER:
            raise FormulaError("An activation is a name such as tanh.", text, value.position)
        return value.name
    number = float(value.text) if value.kind == NUMBER else 1.0
    if not 0 <= number < 1:
        raise FormulaError(
            "dropout is the share of units that a step leaves out: a number from 0 up to 1, such as 0.2.",
            text,
            value.position,
        )
    return number
