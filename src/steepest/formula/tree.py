"""The checked tree of a formula: small frozen nodes that compare by what they say, not where they stood."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from steepest.formula.tokens import quoted_name

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 6)
_BINDING = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """One node of a formula; equal nodes mean the same, so a subtree that appears twice is computed once.

    Hashing is free and nothing here recurses, so that a sum of a thousand terms is as safe as one of two.

    Attributes
    ----------
    position : int
        Offset in the user's text where the node starts; no part of the comparison.
    """

    position: int = field(default=0, kw_only=True, compare=False)
    _hash: int = field(init=False, default=0, compare=False)  # differs from process to process

    def __post_init__(self) -> None:
        key = (type(self).__name__, self.content, *(child._hash for child in self.children))
        object.__setattr__(self, "_hash", hash(key))

    @property
    def content(self) -> object:
        """What the node says apart from its children."""
        return None

    @property
    def children(self) -> tuple[Node, ...]:
        """Operands or arguments, left to right."""
        return ()

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        pairs: list[tuple[Node, Node]] = [(self, other)]
        while pairs:
            ours, theirs = pairs.pop()
            if ours is theirs:
                continue
            if type(ours) is not type(theirs) or ours._hash != theirs._hash or ours.content != theirs.content:
                return False
            if len(ours.children) != len(theirs.children):
                return False
            pairs.extend(zip(ours.children, theirs.children))
        return True

    def __str__(self) -> str:
        return to_text(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


@dataclass(frozen=True, eq=False, repr=False)
class Number(Node):
    """A literal, finite and not negative (a sign in front of it is a `Unary`)."""

    value: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value >= 0):
            raise ValueError(f"a literal is finite and not negative, got {self.value}")
        super().__post_init__()

    @property
    def content(self) -> float:
        return self.value


@dataclass(frozen=True, eq=False, repr=False)
class Constant(Node):
    """A constant with a name; `pi` is the only one."""

    name: str
    VALUES: ClassVar[dict[str, float]] = {"pi": math.pi}

    @property
    def content(self) -> str:
        return self.name

    @property
    def value(self) -> float:
        """The number that the name stands for."""
        return self.VALUES[self.name]


@dataclass(frozen=True, eq=False, repr=False)
class Name(Node):
    """A column or a parameter; one that was written in backquotes can only be a column."""

    name: str
    quoted: bool = False

    @property
    def content(self) -> tuple[str, bool]:
        return self.name, self.quoted


@dataclass(frozen=True, eq=False, repr=False)
class Unary(Node):
    """A minus sign in front of something."""

    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True, eq=False, repr=False)
class Binary(Node):
    """`left operator right`, where the operator is one of ``+ - * / **``."""

    operator: str
    left: Node
    right: Node

    @property
    def content(self) -> str:
        return self.operator

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, eq=False, repr=False)
class Compare(Node):
    """`left operator right` with one of ``< <= > >= == !=``; only the first argument of `where` is one."""

    operator: str
    left: Node
    right: Node

    @property
    def content(self) -> str:
        return self.operator

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, eq=False, repr=False)
class Call(Node):
    """A function applied to its arguments; `function` is its name in the table (`arcsin`, never `asin`)."""

    function: str
    arguments: tuple[Node, ...]

    @property
    def content(self) -> str:
        return self.function

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arguments


@dataclass(frozen=True, eq=False, repr=False)
class Others(Node):
    """A lone dot among the inputs of a block: every column but that of the left side."""


@dataclass(frozen=True, eq=False, repr=False)
class Kind(Node):
    """A column that is said to be a ``category`` or a ``number``: the whole left side, or an input of a block."""

    kind: str
    column: Name

    @property
    def content(self) -> str:
        return self.kind

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.column,)


@dataclass(frozen=True, eq=False, repr=False)
class Block(Node):
    """A network of its inputs inside a formula.

    Attributes
    ----------
    block : str
        Its name in the table, ``mlp``.
    inputs : tuple of Node
        Columns, functions of columns, `Others`, or a `Kind` of a column.
    sizes : tuple of int
        Of the hidden layers.
    options : tuple of (str, str or float)
        Keywords with their values, by name.
    """

    block: str
    inputs: tuple[Node, ...]
    sizes: tuple[int, ...]
    options: tuple[tuple[str, str | float], ...] = ()

    @property
    def content(self) -> object:
        return self.block, self.sizes, self.options

    @property
    def children(self) -> tuple[Node, ...]:
        return self.inputs


def postorder(tree: Node) -> list[Node]:
    """Every distinct subtree once, operands before what uses them, the tree itself last.

    Examples
    --------
    >>> from steepest.formula.parser import parse_expression
    >>> [str(node) for node in postorder(parse_expression("a*t + exp(a*t)"))]
    ['a', 't', 'a*t', 'exp(a*t)', 'a*t + exp(a*t)']
    """
    order: dict[Node, None] = {}
    stack: list[tuple[Node, bool]] = [(tree, False)]
    while stack:
        node, children_done = stack.pop()
        if node in order:
            continue
        if children_done:
            order[node] = None
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.children))
    return list(order)


def names(tree: Node) -> tuple[Name, ...]:
    """The free names in order of appearance, each once (`x` and `` `x` `` are two: one must be a column)."""
    return tuple(node for node in postorder(tree) if isinstance(node, Name))


def to_text(tree: Node) -> str:
    """The canonical text: as few parentheses and spaces as reading it back to an equal tree allows.

    Examples
    --------
    >>> from steepest.formula.parser import parse_expression
    >>> to_text(parse_expression("((a) + b * (t)) ** 2.0 - asin(`wind speed`)"))
    '(a + b*t)**2 - arcsin(`wind speed`)'
    """
    texts: dict[Node, str] = {}
    for node in postorder(tree):
        texts[node] = _text_of(node, texts)
    return texts[tree]


def _binding(node: Node) -> int:
    if isinstance(node, Binary):
        return _BINDING[node.operator]
    return _SIGN if isinstance(node, Unary) else _ATOM


def _text_of(node: Node, texts: dict[Node, str]) -> str:
    def within(child: Node, least: int) -> str:
        return texts[child] if _binding(child) >= least else f"({texts[child]})"

    match node:
        case Number(value=value):
            return number_text(value)
        case Constant(name=name) | Name(name=name, quoted=False):
            return name
        case Name(name=name):
            return quoted_name(name)
        case Unary(operand=operand):
            return "-" + within(operand, _SIGN)
        case Binary(operator="**", left=left, right=right):
            # Python binds a sign on the left weaker than the power, and one on the right stronger.
            return within(left, _ATOM) + "**" + within(right, _SIGN)
        case Binary(operator=operator, left=left, right=right):
            binding = _BINDING[operator]
            space = " " if binding == _SUM else ""
            return f"{within(left, binding)}{space}{operator}{space}{within(right, binding + 1)}"
        case Compare(operator=operator, left=left, right=right):
            return f"{texts[left]} {operator} {texts[right]}"
        case Call(function=function, arguments=arguments):
            return f"{function}({', '.join(texts[argument] for argument in arguments)})"
        case Others():
            return "."
        case Kind(kind=kind, column=column):
            return f"{kind}({texts[column]})"
        case Block(block=block, inputs=inputs, sizes=sizes, options=options):
            words = [f"{k}={number_text(v) if isinstance(v, float) else v}" for k, v in options]
            return f"{block}({', '.join([*(texts[each] for each in inputs), *map(str, sizes), *words])})"
        case _:
            raise TypeError(f"not a node of a formula: {type(node).__name__}")


def number_text(value: float) -> str:
    """The shortest decimal text that reads back as the same float64, without ``.0``.

    Examples
    --------
    >>> number_text(2.0), number_text(0.1), number_text(1e300)
    ('2', '0.1', '1e+300')
    """
    return str(int(value)) if value < 1e16 and value == int(value) else repr(value)
