"""Symbolic differentiation: a walk over the tree that applies one rule of the table at each operation and remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from steepest.differentiation.algebra import Algebra
from steepest.differentiation.rules import OPERANDS, rule_of
from steepest.formula.tree import Call, Compare, Name, Node, postorder


@dataclass(frozen=True)
class Step:
    """One step of a derivation.

    Attributes
    ----------
    rule : str
        The rule that was applied.
    before, after : Node
        What stood there, and what stands there now; ``d/dw(...)`` is a derivative that is still to be taken.
    note : str
        Where the rule has no derivative to give; empty where there is always one.
    added : int
        The operations that this step adds to the derivative when that is written out, beyond those of the operands' derivatives.
    """

    rule: str
    before: Node
    after: Node
    note: str = ""
    added: int = 0


@dataclass(frozen=True)
class Known:
    """What the derivative of a name is: that of the expression it stands for, or one that is given.

    Attributes
    ----------
    rule : str
        What the step that uses it says.
    stands_for : Node or None
        The expression.
    derivatives : dict of str to Node
        The derivative with respect to each variable, where there is no expression.
    """

    rule: str
    stands_for: Node | None = None
    derivatives: Mapping[str, Node] = field(default_factory=dict)


def pending(node: Node, variable: str) -> Call:
    """A derivative that is still to be taken."""
    return Call(f"d/d{variable}", (node,))


def differentiate(
    tree: Node, variable: str, known: Mapping[Node, Known] | None = None, algebra: Algebra | None = None
) -> tuple[Node, list[Step]]:
    """The derivative of a tree with respect to a name, and the steps to it, outermost operation first.

    Parameters
    ----------
    tree : Node
        Any checked tree; `min` and `max` of many count as min and max of two.
    variable : str
        The name; one in backquotes counts as well.
    known : mapping of Node to Known, optional
        Names that stand for something.
    algebra : Algebra, optional
        Where nodes are shared with other derivatives.

    Returns
    -------
    derivative : Node
        As the rules give it, with nothing simplified but zeros, ones and signs.
    steps : list of Step
        One for each distinct operation that depends on the variable.

    Examples
    --------
    >>> from steepest.formula.parser import parse_expression
    >>> derivative, steps = differentiate(parse_expression("sin(3*w)"), "w")
    >>> print(derivative)
    cos(3*w)*3
    >>> for step in steps:
    ...     print(step.before, "->", step.after, "by:", step.rule)
    d/dw(sin(3*w)) -> cos(3*w)*d/dw(3*w) by: chain rule, (sin u)' = cos(u)*u′
    d/dw(3*w) -> 3 by: a constant factor stays
    """
    algebra = algebra or Algebra()
    known = known or {}
    tree = algebra.pairwise(tree)
    zero, one = algebra.number(0.0), algebra.number(1.0)
    derivatives: dict[Node, Node] = {}
    steps: dict[Node, Step] = {}
    for node in _order(tree, known):
        if node in known:
            entry = known[node]
            meant = entry.stands_for
            inner = entry.derivatives.get(variable) if meant is None else derivatives.get(meant)
            if inner is not None:
                derivatives[node] = inner
                steps[node] = Step(
                    entry.rule, pending(node, variable), inner if meant is None else pending(meant, variable)
                )
        elif isinstance(node, Name):
            if node.name == variable:
                derivatives[node] = one
        elif not isinstance(node, Compare) and any(child in derivatives for child in node.children):
            rule = rule_of(node, tuple(child in derivatives for child in node.children))
            replaced: dict[Node, Node] = {}
            asked: dict[Node, Node] = {}
            for letter, child in zip(OPERANDS, node.children):
                if isinstance(child, Compare):  # the condition of `where`
                    replaced[_CONDITION] = child
                else:
                    replaced[Name(letter)] = child
                there = derivatives.get(child, zero)
                asked[Name(f"d{letter}")] = there if there in (zero, one) else pending(child, variable)
                replaced[Name(f"d{letter}")] = there
            result = algebra.substitute(rule.tree, replaced)
            after = algebra.substitute(rule.tree, {**replaced, **asked})
            below = sum(algebra.count(derivatives[child]) for child in set(node.children) if child in derivatives)
            steps[node] = Step(rule.name, pending(node, variable), after, rule.kink, algebra.count(result) - below)
            if result != zero:
                derivatives[node] = result
    return derivatives.get(tree, zero), [steps[node] for node in _outermost_first(tree, known) if node in steps]


_CONDITION = Compare("==", Name("u"), Name("u"))  # as the template of `where` writes it


def _order(tree: Node, known: Mapping[Node, Known]) -> list[Node]:
    """Operands before what uses them, also inside what a name stands for."""
    order: dict[Node, None] = {}
    for node in postorder(tree):
        inner = known[node].stands_for if node in known else None
        if inner is not None:
            order.update(dict.fromkeys(_order(inner, known)))
        order[node] = None
    return list(order)


def _outermost_first(tree: Node, known: Mapping[Node, Known]) -> list[Node]:
    """Each distinct node once, as a reader goes down from the top and from left to right."""
    seen: dict[Node, None] = {}
    stack = [tree]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen[node] = None
        inner = known[node].stands_for if node in known else None
        stack.extend(reversed(node.children) if inner is None else [inner])
    return list(seen)
