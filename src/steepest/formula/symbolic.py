"""The tree as a SymPy expression and as LaTeX; built node by node, since SymPy's own reader evaluates text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy.codegen.cfunctions import log2, log10

from steepest.base.errors import FormulaError
from steepest.formula.callable import compile_tree
from steepest.formula.formula import Formula
from steepest.formula.tree import (
    Binary,
    Call,
    Compare,
    Constant,
    Name,
    Node,
    Number,
    Unary,
    names,
    postorder,
    to_text,
)

_EXACT = 1e15
"""Whole numbers up to here stay whole."""
_BITS = 1024
"""Whole numbers that SymPy may have to raise to a power; beyond, the exponent is a float, which costs nothing."""

_RELATIONS: dict[str, Any] = {
    "<": sympy.Lt,
    "<=": sympy.Le,
    ">": sympy.Gt,
    ">=": sympy.Ge,
    "==": sympy.Eq,
    "!=": sympy.Ne,
}
_FUNCTIONS: dict[str, Any] = {
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "arcsin": sympy.asin,
    "arccos": sympy.acos,
    "arctan": sympy.atan,
    "arctan2": sympy.atan2,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "exp": sympy.exp,
    "log": sympy.log,
    "abs": sympy.Abs,
    "sign": sympy.sign,
    "floor": sympy.floor,
    "ceil": sympy.ceiling,
    "erf": sympy.erf,
    "min": sympy.Min,
    "max": sympy.Max,
}


def symbol(name: str) -> Any:
    """The SymPy symbol of a column or parameter: real, and of this very name."""
    return sympy.Symbol(name, real=True)


def to_sympy(tree: Node) -> Any:
    """The tree as a SymPy expression, simplified as SymPy does by itself; ready for `diff`.

    Columns and parameters are real symbols, whole numbers exact, `cbrt` real for negative arguments. SymPy knows no
    order of operations for floats: values agree with the compiled formula to rounding.

    Raises
    ------
    FormulaError
        SymPy refuses the formula: it compares what is not real, or is nested too deeply.

    Examples
    --------
    >>> from steepest.formula.parser import parse_expression
    >>> to_sympy(parse_expression("a*x**2 + b")).diff(symbol("x"))
    2*a*x
    """
    return _guarded(tree, lambda: _Conversion(evaluate=True).convert(tree))


def to_latex(formula: Formula | Node, instead: Mapping[str, str] | None = None, dotted: bool = False) -> str:
    """LaTeX of a formula, ``left = right``, or of a tree; terms stay in the order in which they were written.

    Names of several letters are upright, Greek letters are letters, ``b_0`` and ``b0`` have an index.

    Parameters
    ----------
    formula : Formula or Node
    instead : mapping of str to str, optional
        LaTeX in the place of names, such as the numbers of a fit.
    dotted : bool
        Whether products have a dot, as they should between numbers.

    Raises
    ------
    FormulaError
        SymPy refuses the formula: it is nested too deeply.

    Examples
    --------
    >>> print(to_latex(Formula("co2 ~ a + b*t + c*sin(2*pi*t)")))
    \\mathrm{co2} = a + b t + c \\sin{\\left(2 \\pi t \\right)}
    """
    if isinstance(formula, Formula):
        return f"{to_latex(formula.target)} = {to_latex(formula.tree, instead, dotted)}"
    tree = formula

    def write() -> str:
        shown = {name.name: name_latex(name.name) for name in names(tree)} | dict(instead or {})
        letters = {symbol(name): text for name, text in shown.items()}
        dot = "dot" if dotted else None
        expression = _Conversion(evaluate=False).convert(tree)
        return str(sympy.latex(expression, order="none", symbol_names=letters, inv_trig_style="full", mul_symbol=dot))

    return str(_guarded(tree, write))


def _guarded(tree: Node, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (ValueError, TypeError, RecursionError, ArithmeticError, AttributeError) as error:
        if isinstance(error, FormulaError):
            raise
        raise FormulaError(f"SymPy cannot write {_shortened(to_text(tree))}: {error}.") from error


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


class _Conversion:
    """Builds SymPy expressions from nodes; without `evaluate`, SymPy leaves them as the user wrote them."""

    def __init__(self, evaluate: bool) -> None:
        self.options = {} if evaluate else {"evaluate": False}
        self.evaluate = evaluate
        self.done: dict[Node, Any] = {}
        self.bits: dict[Node, float] = {}

    def convert(self, tree: Node) -> Any:
        for node in postorder(tree):
            self.bits[node] = self._bits(node)
            self.done[node] = self._node(node)
        return self.done[tree]

    def _node(self, node: Node) -> Any:
        match node:
            case Number(value=value):
                return _number(value)
            case Constant():
                return sympy.pi
            case Name(name=name):
                return symbol(name)
            case Unary(operand=Number(value=value)):
                return -_number(value)
            case Binary(operator="+" | "-"):
                return sympy.Add(*self._terms(node), **self.options)
            case Unary() | Binary(operator="*" | "/"):
                return self._product(self._factors(node))
            case Binary(left=base, right=exponent):
                return sympy.Pow(self.done[base], self._exponent(base, exponent), **self.options)
            case Compare(operator=sign, left=left, right=right):
                return _RELATIONS[sign](self.done[left], self.done[right], **self.options)
            case Call(function=function, arguments=arguments):
                return self._call(function, [self.done[argument] for argument in arguments])
            case _:
                raise TypeError(f"not a node of a formula: {type(node).__name__}")

    def _terms(self, node: Node) -> list[Any]:
        """The terms of ``a + b - c``, read along its left side."""
        terms: list[Any] = []
        while isinstance(node, Binary) and node.operator in "+-":
            negative = node.operator == "-"
            terms.append(
                self._product([sympy.S.NegativeOne, *self._factors(node.right)]) if negative else self.done[node.right]
            )
            node = node.left
        return [self.done[node], *reversed(terms)]

    def _factors(self, node: Node) -> list[Any]:
        """The factors of ``-a*b/c``, read along its left side; numbers come first, as in print."""
        factors: list[Any] = []
        while isinstance(node, Binary) and node.operator in ("*", "/"):
            factor = self.done[node.right]
            factors.append(factor if node.operator == "*" else sympy.Pow(factor, sympy.S.NegativeOne, **self.options))
            node = node.left
        signs: list[Any] = []
        if isinstance(node, Unary) and not isinstance(node.operand, Number):
            signs.append(sympy.S.NegativeOne)
            node = node.operand
        if not (node == Number(1.0) and factors):
            factors.append(self.done[node])
        factors.reverse()
        return [*signs, *sorted(factors, key=lambda factor: not (factor.is_Number or factor is sympy.pi))]

    def _product(self, factors: list[Any]) -> Any:
        return factors[0] if len(factors) == 1 else sympy.Mul(*factors, **self.options)

    def _exponent(self, base: Node, exponent: Node) -> Any:
        """The exponent, as a float where an exact power would be a number of many digits."""
        if names(exponent):
            return self.done[exponent]
        value = float(compile_tree(exponent)({}))
        return sympy.Float(value) if abs(value) * max(self.bits[base], 1) > _BITS else self.done[exponent]

    def _bits(self, node: Node) -> float:
        """How many bits the whole numbers in the expression may have at most."""
        inner = sum(self.bits[child] for child in node.children)
        match node:
            case Number(value=value):
                return math.log2(value + 2) if value <= _EXACT else 53.0
            case Binary(operator="**", left=base, right=exponent) if not names(exponent):
                power = abs(float(compile_tree(exponent)({})))
                return min(self.bits[base] * power, float(_BITS))
            case _:
                return inner

    def _call(self, function: str, arguments: list[Any]) -> Any:
        x = arguments[0]
        one = sympy.S.One
        match function:
            case "square":
                return sympy.Pow(x, 2, **self.options)
            case "sqrt":
                return sympy.sqrt(x, **self.options)
            case "cbrt" if self.evaluate:
                return sympy.sign(x) * sympy.cbrt(sympy.Abs(x))
            case "cbrt":
                return sympy.cbrt(x, **self.options)
            case "log2" | "log10" if self.evaluate:
                return sympy.log(x) / sympy.log(int(function[3:]))
            case "log2" | "log10":
                return (log2 if function == "log2" else log10)(x, **self.options)
            case "log1p":
                return sympy.log(self._add(one, x), **self.options)
            case "expm1":
                return self._add(sympy.exp(x, **self.options), -one)
            case "sigmoid":
                return sympy.Pow(self._add(one, self._exp_minus(x)), -one, **self.options)
            case "softplus":
                return sympy.log(self._add(one, sympy.exp(x, **self.options)), **self.options)
            case "relu":
                return sympy.Max(sympy.S.Zero, x, **self.options)
            case "clip":
                return sympy.Min(sympy.Max(x, arguments[1], **self.options), arguments[2], **self.options)
            case "hypot":
                return sympy.sqrt(self._add(*(sympy.Pow(y, 2, **self.options) for y in arguments)), **self.options)
            case "logaddexp":
                return sympy.log(self._add(*(sympy.exp(y, **self.options) for y in arguments)), **self.options)
            case "where":
                return sympy.Piecewise((arguments[1], x), (arguments[2], True), **self.options)
            case _:
                return _FUNCTIONS[function](*arguments, **self.options)

    def _add(self, *terms: Any) -> Any:
        return sympy.Add(*terms, **self.options)

    def _exp_minus(self, x: Any) -> Any:
        return sympy.exp(sympy.Mul(sympy.S.NegativeOne, x, **self.options), **self.options)


def _number(value: float) -> Any:
    return sympy.Integer(int(value)) if value <= _EXACT and value == int(value) else sympy.Float(value)


_GREEK_LETTERS = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi psi omega
    Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
_GREEK = frozenset(_GREEK_LETTERS.split())
_ESCAPED = {
    **{character: f"\\{character}" for character in "#$%&_{}"},
    " ": r"\ ",
    "\\": r"\backslash ",
    "^": r"\hat{\ }",
    "~": r"\sim ",
}


def name_latex(name: str) -> str:
    r"""LaTeX of one name: letters slanted, words upright, Greek letters as such, what follows ``_`` as an index.

    Examples
    --------
    >>> print(name_latex("b_0"), name_latex("b0"), name_latex("alpha"), name_latex("co2"))
    b_{0} b_{0} \alpha \mathrm{co2}
    >>> print(name_latex("wind speed (%)"))
    \mathrm{wind\ speed\ (\%)}
    """
    indexed = re.fullmatch(r"([A-Za-z]+)_([A-Za-z0-9]+)", name) or re.fullmatch(r"([A-Za-z])([0-9]+)", name)
    if indexed:
        return f"{_word(indexed.group(1))}_{{{_word(indexed.group(2))}}}"
    greek = re.fullmatch(r"([A-Za-z]+?)([0-9]+)", name)
    if greek and greek.group(1) in _GREEK:
        return f"\\{greek.group(1)}_{{{greek.group(2)}}}"
    return _word(name)


def _word(word: str) -> str:
    word = word.rstrip("_") if word.rstrip("_") in _GREEK else word  # lambda_ is the parameter's name for lambda
    if word in _GREEK:
        return f"\\{word}"
    if re.fullmatch(r"[A-Za-z]|[0-9]+", word):
        return word
    letters = (_ESCAPED.get(letter, letter if letter.isprintable() else r"\ ") for letter in word)
    return rf"\mathrm{{{''.join(letters)}}}"
