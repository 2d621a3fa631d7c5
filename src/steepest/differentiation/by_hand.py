"""Rules by hand: those that a user gives, and those that textbooks derive, found whatever the letters are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import ModelError
from steepest.differentiation.algebra import Algebra
from steepest.differentiation.objective import read_objective
from steepest.differentiation.subject import Subject
from steepest.formula.parser import parse_expression
from steepest.formula.tree import Name, Node

Rule = str | Mapping[str, str] | Callable[..., Any]
Gradient = Callable[[], NDArray[np.float64]]

# The function, the variable, its derivative.
_KNOWN = [
    ("x**2", "x", "2*x"),
    ("sin(x)", "x", "cos(x)"),
    ("exp(x)", "x", "exp(x)"),
    ("log(x)", "x", "1/x"),
    ("tanh(x)", "x", "1 - tanh(x)**2"),
    ("log(cosh(x))", "x", "tanh(x)"),
    ("sigmoid(x)", "x", "sigmoid(x)*sigmoid(-x)"),
    ("-log(sigmoid(w*x))", "w", "-x*sigmoid(-w*x)"),
    ("(y - w*x)**2", "w", "-2*(y - w*x)*x"),
    ("(y - sigmoid(w*x))**2", "w", "-2*(y - sigmoid(w*x))*sigmoid(w*x)*sigmoid(-w*x)*x"),
    ("(y - a - b*x)**2", "a", "-2*(y - a - b*x)"),
    ("(y - a - b*x)**2", "b", "-2*(y - a - b*x)*x"),
    ("(y - (a + b*x))**2", "a", "-2*(y - a - b*x)"),
    ("(y - (a + b*x))**2", "b", "-2*(y - a - b*x)*x"),
    ("(y - (a*t**2 + b*t + c))**2", "a", "-2*(y - a*t**2 - b*t - c)*t**2"),
    ("(y - (a*t**2 + b*t + c))**2", "b", "-2*(y - a*t**2 - b*t - c)*t"),
    ("(y - (a*t**2 + b*t + c))**2", "c", "-2*(y - a*t**2 - b*t - c)"),
]


def known_rule(tree: Node, variable: str) -> Node | None:
    """The derivative that a textbook gives for a function of this form; None for another form.

    Examples
    --------
    >>> print(known_rule(parse_expression("-log(sigmoid(slope*t))"), "slope"))
    -(t*sigmoid(-(slope*t)))
    """
    for function, letter, rule in _KNOWN:
        letters = _matched(parse_expression(function), tree)
        if letters is not None and letters[Name(letter)] == Name(variable):
            return Algebra().substitute(parse_expression(rule), letters)
    return None


def _matched(pattern: Node, tree: Node) -> dict[Node, Node] | None:
    """Which name of the tree each letter of the pattern is, if they are the same otherwise."""
    letters: dict[Node, Node] = {}
    pairs = [(pattern, tree)]
    while pairs:
        ours, theirs = pairs.pop()
        if isinstance(ours, Name):
            if not isinstance(theirs, Name) or letters.setdefault(ours, theirs) != theirs:
                return None
        elif (
            type(ours) is not type(theirs)
            or ours.content != theirs.content
            or len(ours.children) != len(theirs.children)
        ):
            return None
        else:
            pairs.extend(zip(ours.children, theirs.children))
    return letters if len(set(letters.values())) == len(letters) else None


def rule_by_hand(subject: Subject, manual: Rule | None) -> tuple[Gradient, str] | None:
    """The gradient by a rule that is given, else by a textbook's, with what there is to say of it; None where there is neither.

    Raises
    ------
    ModelError
        The rule does not fit the parameters.
    """
    if manual is None:
        return _textbook(subject)
    if callable(manual):
        function = manual
        return lambda: _one_vector(subject, subject.invoke(function, subject.unpacked(subject.vector))), "given"
    return _formulas(subject, {subject.elements[0]: manual} if isinstance(manual, str) else dict(manual))


def _formulas(subject: Subject, rules: Mapping[str, str]) -> tuple[Gradient, str]:
    for name in subject.elements:
        if name not in rules:
            raise ModelError(
                f"the rules by hand lack one for {name!r}; give one for each of {', '.join(subject.elements)}."
            )
    for name in rules:
        if name not in subject.elements:
            raise ModelError(f"there is a rule by hand for {name!r}; the parameters are {', '.join(subject.elements)}.")
    values = subject.values()
    computes = []
    for name in subject.elements:
        rule = read_objective(rules[name])
        for used in rule.names:
            if used not in values:
                raise ModelError(f"the rule by hand for {name!r} reads {used!r}, which has no value.")
        computes.append(rule.function())
    shown = f"given: {rules[subject.elements[0]]}" if len(rules) == 1 else "given"
    return lambda: np.array([_one_number(compute(values)) for compute in computes]), shown


def _textbook(subject: Subject) -> tuple[Gradient, str] | None:
    derivation = subject.derivation
    if derivation is None or derivation.objective.dots:
        return None
    objective = derivation.objective
    rules = [rule for name in subject.elements if (rule := known_rule(objective.written_out, name)) is not None]
    if len(rules) < len(subject.elements):
        return None
    computes = [objective.reducing(rule) for rule in rules]
    values = subject.values()
    shown = f"textbook: {derivation.notation.text(rules[0])}" if len(rules) == 1 else "textbook"
    return lambda: np.array([_one_number(compute(values)) for compute in computes]), shown


def _one_number(value: Any) -> float:
    if np.size(value) != 1:
        raise ModelError(f"the rule by hand gives {np.size(value)} values; put sum(...) or mean(...) around it.")
    return float(np.reshape(value, ()))


def _one_vector(subject: Subject, gradient: Any) -> NDArray[np.float64]:
    """What a function by hand returned, as one vector."""
    if isinstance(gradient, Mapping):
        missing = [name for name in subject.point if name not in gradient]
        if missing:
            raise ModelError(f"the rule by hand returns nothing for {missing[0]!r}.")
        gradient = [gradient[name] for name in subject.point]
    pieces = gradient if isinstance(gradient, (tuple, list)) else [gradient]
    try:
        if any(piece is None for piece in pieces):  # NumPy would make it NaN
            raise TypeError
        vector = np.concatenate([np.ravel(np.asarray(getattr(x, "_data", x), dtype=np.float64)) for x in pieces])
    except (TypeError, ValueError):
        raise ModelError(f"the rule by hand must return numbers, not {type(gradient).__name__}.") from None
    if vector.shape != subject.vector.shape:
        raise ModelError(
            f"the rule by hand gives {vector.size} values for {subject.vector.size} parameters "
            f"({', '.join(subject.elements[:6])})."
        )
    return vector
