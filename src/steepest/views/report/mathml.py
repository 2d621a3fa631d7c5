"""A formula as MathML, which browsers typeset by themselves; terms stay in the order in which they were written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from steepest.formula.tree import (
    Binary,
    Block,
    Call,
    Compare,
    Constant,
    Kind,
    Name,
    Node,
    Number,
    Others,
    Unary,
    number_text,
    postorder,
)

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 6)
_RELATIONS = {"<": "&lt;", "<=": "≤", ">": "&gt;", ">=": "≥", "==": "=", "!=": "≠"}
_BASES = {"log2": "2", "log10": "10"}
_AROUND = {"abs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}
_GREEK_NAMES = (
    "alpha:α beta:β gamma:γ delta:δ epsilon:ε zeta:ζ eta:η theta:θ iota:ι kappa:κ lambda:λ mu:μ nu:ν xi:ξ omicron:ο "
    "pi:π rho:ρ sigma:σ tau:τ upsilon:υ phi:φ chi:χ psi:ψ omega:ω Gamma:Γ Delta:Δ Theta:Θ Lambda:Λ Xi:Ξ Pi:Π Sigma:Σ "
    "Upsilon:Υ Phi:Φ Psi:Ψ Omega:Ω"
)
_GREEK = dict(pair.split(":") for pair in _GREEK_NAMES.split())


def equation(target: Node, tree: Node, numbers: Mapping[str, str] | None = None) -> str:
    """``left = right`` as pieces of MathML, one a term, so that a line can be broken between them.

    Parameters
    ----------
    target, tree : Node
        The two sides.
    numbers : mapping of str to str, optional
        Text in the place of names on the right side, such as fitted values.

    Examples
    --------
    >>> from steepest.formula.formula import Formula
    >>> formula = Formula("y ~ a + b*x")
    >>> equation(formula.target, formula.tree).count("</math>")
    2
    """
    first, others = _terms(tree)
    writer = _Writer(tree, numbers or {})
    left = _Writer(target, {}).of(target)
    pieces = [f"<mrow>{left}<mo>=</mo>{writer.of(first)}</mrow>"]
    pieces += [f"<mrow><mo form='infix' lspace='0'>{sign}</mo>{writer.of(term)}</mrow>" for sign, term in others]
    return " ".join(f"<math displaystyle='true'>{piece}</math>" for piece in pieces)


def _terms(tree: Node) -> tuple[Node, list[tuple[str, Node]]]:
    """The first term, and the others each with its sign, along the left side of a sum."""
    pairs: list[tuple[str, Node]] = []
    while isinstance(tree, Binary) and tree.operator in "+-":
        pairs.append(("+" if tree.operator == "+" else "−", tree.right))
        tree = tree.left
    return tree, pairs[::-1]


class _Writer:
    """MathML of every subtree, operands before what uses them."""

    def __init__(self, tree: Node, numbers: Mapping[str, str]) -> None:
        self.numbers = numbers
        self.done: dict[Node, tuple[str, int]] = {}
        for node in postorder(tree):
            self.done[node] = self._node(node)

    def of(self, node: Node, least: int = _PRODUCT) -> str:
        """A subtree; in brackets where its outermost sign binds weaker than what is around it."""
        text, binding = self.done[node]
        return text if binding >= least else _bracketed(text)

    def _bare(self, node: Node) -> str:
        return self.done[node][0]

    def _node(self, node: Node) -> tuple[str, int]:
        match node:
            case Number(value=value):
                return _number(value), _ATOM
            case Constant():
                return "<mi>π</mi>", _ATOM
            case Name(name=name) if name in self.numbers:
                text = self.numbers[name]
                return f"<mn>{escape(text)}</mn>", _SUM if text[:1] in "-−" else _ATOM if text.isalnum() else _PRODUCT
            case Name(name=name):
                return name_mathml(name), _ATOM
            case Unary(operand=operand):
                return f"<mrow><mo form='prefix'>−</mo>{self.of(operand, _PRODUCT)}</mrow>", _SIGN
            case Binary(operator="/", left=left, right=right):
                return f"<mfrac>{_row(self._bare(left))}{_row(self._bare(right))}</mfrac>", _ATOM
            case Binary(operator="**", left=left, right=right):
                return self._raised(self.of(left, _ATOM), self._bare(right)), _POWER
            case Binary(operator="*", left=left, right=right):
                return self._product(left, right), _PRODUCT
            case Binary(operator=sign, left=left, right=right):
                operator = "+" if sign == "+" else "−"
                return f"<mrow>{self.of(left, _SUM)}<mo>{operator}</mo>{self.of(right, _PRODUCT)}</mrow>", _SUM
            case Compare(operator=sign, left=left, right=right):
                return f"<mrow>{self._bare(left)}<mo>{_RELATIONS[sign]}</mo>{self._bare(right)}</mrow>", _SUM
            case Call(function=function, arguments=arguments):
                return self._call(function, arguments)
            case Block(block=block):
                inside = "<mo>,</mo>".join(self._bare(each) for each in node.inputs)
                return f"<mrow><mi>{block}</mi><mo>&#x2061;</mo>{_bracketed(inside)}</mrow>", _ATOM
            case Kind(column=column):
                return self.done[column]
            case Others():
                return "<mi>…</mi>", _ATOM
            case _:
                return f"<mtext>{escape(str(node))}</mtext>", _ATOM

    def _product(self, left: Node, right: Node) -> str:
        a, b = self.of(left, _PRODUCT), self.of(right, _POWER)
        last = left.right if isinstance(left, Binary) and left.operator == "*" else left
        dotted = (isinstance(last, Name) and last.name in self.numbers) or re.match(r"(<mrow>|<msup>)*<mn>", b)
        sign = (
            "<mo>⋅</mo>" if dotted else "<mo lspace='0.17em' rspace='0'>&#x2062;</mo>"
        )  # beside numbers a dot, else a thin space
        return f"<mrow>{a}{sign}{b}</mrow>"

    def _raised(self, base: str, exponent: str) -> str:
        return f"<msup>{_row(base)}{_row(exponent)}</msup>"

    def _call(self, function: str, arguments: tuple[Node, ...]) -> tuple[str, int]:
        inside = [self._bare(each) for each in arguments]
        match function:
            case "sqrt":
                return f"<msqrt>{inside[0]}</msqrt>", _ATOM
            case "cbrt":
                return f"<mroot>{_row(inside[0])}<mn>3</mn></mroot>", _ATOM
            case "square":
                return self._raised(self.of(arguments[0], _ATOM), "<mn>2</mn>"), _POWER
            case "exp":
                return self._raised("<mi>e</mi>", inside[0]), _POWER
            case "abs" | "floor" | "ceil":
                return _bracketed(inside[0], *_AROUND[function]), _ATOM
            case "where":
                rows = [(inside[1], f"<mtext>if&#xa0;</mtext>{inside[0]}"), (inside[2], "<mtext>otherwise</mtext>")]
                cells = "".join(f"<mtr><mtd>{_row(a)}</mtd><mtd>{_row(b)}</mtd></mtr>" for a, b in rows)
                return f"<mrow><mo stretchy='true'>{{</mo><mtable>{cells}</mtable></mrow>", _ATOM
            case _:
                return f"<mrow>{_function(function)}{_bracketed('<mo>,</mo>'.join(inside))}</mrow>", _ATOM


def _function(name: str) -> str:
    if name in _BASES:
        return f"<msub><mi>log</mi><mn>{_BASES[name]}</mn></msub><mo>&#x2061;</mo>"
    return f"<mi>{name}</mi><mo>&#x2061;</mo>"


def _bracketed(text: str, left: str = "(", right: str = ")") -> str:
    return f"<mrow><mo stretchy='true' form='prefix'>{left}</mo>{text}<mo stretchy='true' form='postfix'>{right}</mo></mrow>"


def _row(text: str) -> str:
    return text if text.startswith("<mrow>") and text.endswith("</mrow>") else f"<mrow>{text}</mrow>"


def _number(value: float) -> str:
    mantissa, _, power = number_text(value).partition("e")
    if not power:
        return f"<mn>{mantissa}</mn>"
    ten = f"<msup><mn>10</mn><mn>{str(int(power)).replace('-', '−')}</mn></msup>"
    return f"<mrow><mn>{mantissa}</mn><mo>⋅</mo>{ten}</mrow>"


def name_mathml(name: str) -> str:
    """MathML of one name: letters slanted, words upright, Greek letters as such, what follows ``_`` as an index.

    Examples
    --------
    >>> name_mathml("b_0"), name_mathml("alpha"), name_mathml("a<b")
    ('<msub><mi>b</mi><mn>0</mn></msub>', '<mi>α</mi>', '<mi>a&lt;b</mi>')
    """
    indexed = re.fullmatch(r"([A-Za-z]+)_([A-Za-z0-9]+)", name) or re.fullmatch(r"([A-Za-z])([0-9]+)", name)
    if indexed:
        low = indexed.group(2)
        return f"<msub>{_word(indexed.group(1))}{f'<mn>{low}</mn>' if low.isdigit() else _word(low)}</msub>"
    return _word(name)


def _word(word: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in word)
    return f"<mi>{escape(_GREEK.get(shown.rstrip('_'), shown))}</mi>"
