"""Trees as text and as LaTeX, the way a textbook writes them: columns with their index, sums with their sign."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from steepest.differentiation.algebra import Algebra
from steepest.formula.symbolic import name_latex
from steepest.formula.tokens import quoted_name
from steepest.formula.tree import Binary, Call, Compare, Constant, Name, Node, Number, Unary, postorder, to_text

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 6)
_LONG = 400  # operations beyond which an expression is not written out
_RELATIONS = {"<": "<", "<=": r"\leq", ">": ">", ">=": r"\geq", "==": "=", "!=": r"\neq"}
_FUNCTIONS = {
    **{name: rf"\{name}" for name in ("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log")},
    "min": r"\min", "max": r"\max", "log10": r"\log_{10}", "log2": r"\log_{2}", "sigmoid": r"\sigma",
}  # fmt: skip
_AROUND = {
    "sqrt": (r"\sqrt{", "}"),
    "cbrt": (r"\sqrt[3]{", "}"),
    "abs": (r"\left|", r"\right|"),
    "floor": (r"\left\lfloor ", r"\right\rfloor"),
    "ceil": (r"\left\lceil ", r"\right\rceil"),
}


class Notation:
    """How the names of one derivation are written.

    Parameters
    ----------
    columns : collection of str
        Names that have one value a row; LaTeX gives them the index i.
    symbols : mapping of str to (str, str)
        Text and LaTeX of names that the formula language itself cannot write, such as δ and w·x.
    """

    def __init__(self, columns: Collection[str] = (), symbols: Mapping[str, tuple[str, str]] | None = None) -> None:
        self.columns = frozenset(columns)
        self.symbols = dict(symbols or {})
        self._algebra = Algebra()  # remembers what it has counted

    def text(self, tree: Node) -> str:
        """The tree as a formula; one that is very long is only described."""
        if (count := self._algebra.count(tree)) > _LONG:
            return f"(an expression of {count:,} operations)"
        text = to_text(tree)
        for name, (written, _) in self.symbols.items():
            text = text.replace(quoted_name(name), written)
        return text

    def latex(self, tree: Node) -> str:
        """The tree as LaTeX.

        Examples
        --------
        >>> from steepest.formula.parser import parse_expression
        >>> print(Notation(["x"]).latex(parse_expression("sigmoid(w*x)*(1 - sigmoid(w*x))*x/2")))
        \\frac{\\sigma\\left(w x_{i}\\right) \\left(1 - \\sigma\\left(w x_{i}\\right)\\right) x_{i}}{2}
        """
        if (count := self._algebra.count(tree)) > _LONG:
            return rf"\text{{(an expression of {count} operations)}}"
        done: dict[Node, tuple[str, int]] = {}
        for node in postorder(tree):
            done[node] = self._latex_of(node, done)
        return done[tree][0]

    def name(self, name: str) -> str:
        """LaTeX of one name."""
        if name in self.symbols:
            return self.symbols[name][1]
        letters = name_latex(name)
        if name not in self.columns:
            return letters
        return f"{letters[:-1]},i}}" if letters.endswith("}") and "_{" in letters else f"{letters}_{{i}}"

    def _latex_of(self, node: Node, done: Mapping[Node, tuple[str, int]]) -> tuple[str, int]:
        def within(child: Node, least: int) -> str:
            text, binding = done[child]
            return text if binding >= least else rf"\left({text}\right)"

        match node:
            case Number(value=value):
                return _number_latex(value)
            case Constant():
                return r"\pi", _ATOM
            case Name(name=name):
                written = self.name(name)
                return written, _PRODUCT if r"\cdot" in written else _ATOM
            case Unary(operand=operand):
                return f"-{within(operand, _SIGN)}", _SIGN
            case Binary(operator="+" | "-" as sign, left=left, right=right):
                return f"{within(left, _SUM)} {sign} {within(right, _PRODUCT)}", _SUM
            case Binary(operator="*", left=left, right=right):
                first, second = within(left, _PRODUCT), within(right, _SIGN + 1)
                dot = r"\cdot " if second[0].isdigit() or (second.startswith(r"\frac") and first[-1].isdigit()) else ""
                return f"{first} {dot}{second}", _PRODUCT
            case Binary(operator="/", left=left, right=right):
                below = done[right][0]
                if isinstance(left, Unary):
                    return rf"-\frac{{{done[left.operand][0]}}}{{{below}}}", _SIGN
                return rf"\frac{{{done[left][0]}}}{{{below}}}", _PRODUCT
            case Binary(left=base, right=exponent):
                return f"{within(base, _ATOM)}^{{{done[exponent][0]}}}", _POWER
            case Compare(operator=relation, left=left, right=right):
                return f"{done[left][0]} {_RELATIONS[relation]} {done[right][0]}", _SUM
            case Call(function=function, arguments=arguments):
                return self._call(function, [done[argument] for argument in arguments])
            case _:
                raise TypeError(f"not a node of a formula: {type(node).__name__}")

    def _call(self, function: str, arguments: list[tuple[str, int]]) -> tuple[str, int]:
        texts = [text for text, _ in arguments]
        listed = ", ".join(texts)
        if function.startswith("d/d"):
            inner, binding = arguments[0]
            variable = self.name(function[3:])
            if binding == _ATOM and r"\sum" not in inner:
                return rf"\frac{{\partial {inner}}}{{\partial {variable}}}", _POWER
            inner = inner if r"\sum" in inner else rf"\left({inner}\right)"
            return rf"\frac{{\partial}}{{\partial {variable}}} {inner}", _POWER
        if function in ("sum", "mean"):
            inner, binding = arguments[0]
            inner = inner if binding >= _PRODUCT and inner[0] != "-" else rf"\left({inner}\right)"
            return (r"\frac{1}{n} " if function == "mean" else "") + rf"\sum_{{i=1}}^{{n}} {inner}", _POWER
        if function == "exp":
            return f"e^{{{listed}}}", _POWER
        if function == "square":
            inner, binding = arguments[0]
            return (f"{inner}^{{2}}" if binding >= _ATOM else rf"\left({inner}\right)^{{2}}"), _POWER
        if function == "where":
            condition, yes, no = texts
            return rf"\begin{{cases}} {yes} & {condition} \\ {no} & \text{{else}} \end{{cases}}", _SUM
        if function in _AROUND:
            before, after = _AROUND[function]
            return f"{before}{listed}{after}", _ATOM
        written = _FUNCTIONS.get(function, rf"\operatorname{{{function}}}")
        return rf"{written}\left({listed}\right)", _POWER


def is_factor(tree: Node) -> bool:
    """Whether the tree can follow a sign for a product or a sum without brackets."""
    return not (isinstance(tree, Unary) or (isinstance(tree, Binary) and tree.operator in "+-"))


def _number_latex(value: float) -> tuple[str, int]:
    text = str(int(value)) if value < 1e16 and value == int(value) else repr(value)
    mantissa, _, exponent = text.partition("e")
    if not exponent or not math.isfinite(value):
        return text, _ATOM
    power = f"10^{{{int(exponent)}}}"
    return (power, _POWER) if float(mantissa) == 1 else (rf"{mantissa} \cdot {power}", _PRODUCT)
