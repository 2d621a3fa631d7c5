"""The table of rules of symbolic differentiation: one line an operation of the formula language, written as a formula.

In a template u, v and w are the operands, left to right, and du, dv and dw their derivatives. An operand that does not depend on
the variable has derivative 0; where that has a rule of its own name, as a constant factor has, the table has a line for it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from steepest.formula.parser import parse_expression
from steepest.formula.tree import Binary, Call, Node, Unary

OPERANDS = ("u", "v", "w")


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes
    ----------
    name : str
        Such as ``"chain rule, (sin u)' = cos(u)*u'"``.
    template : str
        The derivative as a formula in u, v, w, du, dv and dw.
    kink : str
        Where there is no derivative, and what the rule gives there; empty where the function is smooth.
    """

    name: str
    template: str
    kink: str = ""

    @property
    def tree(self) -> Node:
        """The template as a tree."""
        return _parsed(self.template)


@functools.cache
def _parsed(template: str) -> Node:
    return parse_expression(template)


def _chain(symbol: str, template: str, kink: str = "") -> Rule:
    return Rule(f"chain rule, ({symbol})' = {template.replace('du', 'u′').replace('dv', 'v′')}", template, kink)


_JUMP = "jumps have no derivative; 0 is taken there too"
_TIE = "u = v: no derivative unless u' = v'; the mean of the two is taken"

# By operator or function, and by which operands depend on the variable; "" is for whichever do.
_TABLE: dict[str, dict[str, Rule]] = {
    "negative": {"": Rule("a sign stays", "-du")},
    "+": {"": Rule("sum rule", "du + dv"), "u": Rule("sum rule, a constant goes", "du"),
          "v": Rule("sum rule, a constant goes", "dv")},
    "-": {"": Rule("difference rule", "du - dv"), "u": Rule("difference rule, a constant goes", "du"),
          "v": Rule("difference rule, a constant goes", "-dv")},
    "*": {"": Rule("product rule, (u*v)' = u′*v + u*v′", "du*v + u*dv"), "u": Rule("a constant factor stays", "du*v"),
          "v": Rule("a constant factor stays", "u*dv")},
    "/": {"": Rule("quotient rule, (u/v)' = (u′*v - u*v′)/v**2", "(du*v - u*dv)/v**2"),
          "u": Rule("a constant divisor stays", "du/v"),
          "v": Rule("reciprocal rule, (c/v)' = -c*v′/v**2", "-u*dv/v**2")},
    "**": {"": Rule("power rule, (u**v)' = u**v*(v′*log(u) + v*u′/u)", "u**v*(dv*log(u) + v*du/u)"),
           "u": Rule("power rule, (u**c)' = c*u**(c - 1)*u′", "v*u**(v - 1)*du"),
           "v": Rule("exponential rule, (c**v)' = c**v*log(c)*v′", "u**v*log(u)*dv")},
    "exp": {"": _chain("exp u", "exp(u)*du")},
    "expm1": {"": _chain("expm1 u", "exp(u)*du")},
    "log": {"": _chain("log u", "du/u")},
    "log1p": {"": _chain("log1p u", "du/(1 + u)")},
    "log2": {"": _chain("log2 u", "du/(u*log(2))")},
    "log10": {"": _chain("log10 u", "du/(u*log(10))")},
    "sqrt": {"": _chain("sqrt u", "du/(2*sqrt(u))")},
    "cbrt": {"": _chain("cbrt u", "du/(3*cbrt(u)**2)")},
    "square": {"": _chain("square u", "2*u*du")},
    "sin": {"": _chain("sin u", "cos(u)*du")},
    "cos": {"": _chain("cos u", "-sin(u)*du")},
    "tan": {"": _chain("tan u", "(1 + tan(u)**2)*du")},
    "arcsin": {"": _chain("arcsin u", "du/sqrt(1 - u**2)")},
    "arccos": {"": _chain("arccos u", "-du/sqrt(1 - u**2)")},
    "arctan": {"": _chain("arctan u", "du/(1 + u**2)")},
    "sinh": {"": _chain("sinh u", "cosh(u)*du")},
    "cosh": {"": _chain("cosh u", "sinh(u)*du")},
    "tanh": {"": _chain("tanh u", "(1 - tanh(u)**2)*du")},
    "sigmoid": {"": _chain("sigmoid u", "sigmoid(u)*(1 - sigmoid(u))*du")},
    "softplus": {"": _chain("softplus u", "sigmoid(u)*du")},
    "erf": {"": _chain("erf u", "2/sqrt(pi)*exp(-u**2)*du")},
    "abs": {"": _chain("abs u", "sign(u)*du", "u = 0: no derivative; 0 is taken")},
    "relu": {"": _chain("relu u", "where(u > 0, du, 0)", "u = 0: no derivative; 0 is taken")},
    "sign": {"": _chain("sign u", "0", _JUMP)},
    "floor": {"": _chain("floor u", "0", _JUMP)},
    "ceil": {"": _chain("ceil u", "0", _JUMP)},
    "min": {"": _chain("min(u, v)", "where(u < v, du, where(u > v, dv, (du + dv)/2))", _TIE)},
    "max": {"": _chain("max(u, v)", "where(u > v, du, where(u < v, dv, (du + dv)/2))", _TIE)},
    "clip": {"": Rule("clip passes what is inside its bounds", "where(max(u, v) > w, dw, where(u < v, dv, du))",
                      "at a bound: no derivative; that from inside is taken"),
             "u": Rule("clip passes what is inside its bounds", "where(max(u, v) > w, 0, where(u < v, 0, du))",
                       "at a bound: no derivative; that from inside is taken")},
    # The condition stands as `u == u`: a template can hold a comparison nowhere else.
    "where": {"": Rule("where: each case by itself", "where(u == u, dv, dw)",
                       "where the condition changes: no derivative unless both cases go over smoothly")},
    "arctan2": {"": _chain("arctan2(u, v)", "(du*v - u*dv)/(u**2 + v**2)")},
    "hypot": {"": _chain("hypot(u, v)", "(u*du + v*dv)/hypot(u, v)", "u = v = 0: no derivative")},
    "logaddexp": {"": _chain("logaddexp(u, v)", "sigmoid(u - v)*du + sigmoid(v - u)*dv")},
}  # fmt: skip


def operation_of(node: Node) -> str:
    """The name of a node's operation in the table: ``"*"``, ``"negative"``, ``"sin"``."""
    match node:
        case Unary():
            return "negative"
        case Binary(operator=name) | Call(function=name):
            return name
        case _:
            raise TypeError(f"not an operation: {type(node).__name__}")


def rule_of(node: Node, varying: tuple[bool, ...]) -> Rule:
    """The rule for an operation some of whose operands depend on the variable.

    Examples
    --------
    >>> rule_of(parse_expression("2*x"), (False, True)).name
    'a constant factor stays'
    >>> rule_of(parse_expression("sin(x)"), (True,)).template
    'cos(u)*du'
    """
    lines = _TABLE[operation_of(node)]
    pattern = "".join(letter for letter, varies in zip(OPERANDS, varying) if varies)
    return lines.get(pattern, lines[""])


def covered() -> frozenset[str]:
    """Every operation that has a rule."""
    return frozenset(_TABLE)
