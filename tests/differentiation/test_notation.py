"""Text and LaTeX of trees."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from matplotlib.mathtext import MathTextParser
from tests.formula.random_trees import trees

from steepest.differentiation.notation import Notation, is_factor
from steepest.formula.parser import parse_expression
from steepest.formula.tree import Binary, Call, Node


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b*x", r"a + b x_{i}"),
        ("-2*(y - w*x)*x", r"-2 \left(y_{i} - w x_{i}\right) x_{i}"),
        ("2*3", r"2 \cdot 3"),
        ("x/2", r"\frac{x_{i}}{2}"),
        ("-x/2", r"-\frac{x_{i}}{2}"),
        ("sigmoid(w*x)", r"\sigma\left(w x_{i}\right)"),
        ("exp(-x**2/2)", r"e^{-\frac{x_{i}^{2}}{2}}"),
        ("(a + b)**2", r"\left(a + b\right)^{2}"),
        ("square(a)", r"a^{2}"),
        ("sqrt(a) + abs(b) + cbrt(c)", r"\sqrt{a} + \left|b\right| + \sqrt[3]{c}"),
        ("a - (b + c)", r"a - \left(b + c\right)"),
        ("a*(-b)", r"a \left(-b\right)"),
        ("where(x > 0, a, b)", r"\begin{cases} a & x_{i} > 0 \\ b & \text{else} \end{cases}"),
        ("max(a, x1)", r"\max\left(a, x_{1,i}\right)"),
        ("1e-9*a", r"10^{-9} a"),
        ("2.5e-9*a", r"2.5 \cdot 10^{-9} a"),
        ("pi*alpha", r"\pi \alpha"),
        ("relu(a)", r"\operatorname{relu}\left(a\right)"),
        ("floor(a)", r"\left\lfloor a\right\rfloor"),
        ("log10(a)", r"\log_{10}\left(a\right)"),
    ],
)
def test_latex(text: str, expected: str) -> None:
    assert Notation(["x", "y", "x1"]).latex(parse_expression(text)) == expected


def test_sums_and_pending_derivatives() -> None:
    notation = Notation(["x"])
    tree = parse_expression("w*x")
    assert notation.latex(Call("sum", (tree,))) == r"\sum_{i=1}^{n} w x_{i}"
    assert (
        notation.latex(Call("mean", (parse_expression("w - x"),)))
        == r"\frac{1}{n} \sum_{i=1}^{n} \left(w - x_{i}\right)"
    )
    assert notation.latex(Call("d/dw", (tree,))) == r"\frac{\partial}{\partial w} \left(w x_{i}\right)"
    assert notation.latex(Call("d/dw", (parse_expression("x"),))) == r"\frac{\partial x_{i}}{\partial w}"
    # what is differentiated ends where its brackets end, whatever follows
    product = Binary("*", Call("d/dw", (parse_expression("w**a"),)), parse_expression("b"))
    assert notation.latex(product) == r"\frac{\partial}{\partial w} \left(w^{a}\right) b"
    assert notation.text(Call("d/dw", (tree,))) == "d/dw(w*x)"


@settings(deadline=None, max_examples=40)
@given(tree=trees)
def test_latex_is_well_formed(tree: Node) -> None:
    latex = Notation(["x", "wind speed"]).latex(tree)
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left") == latex.count(r"\right")
    # Matplotlib reads LaTeX's mathematics, but for cases and what accents in names need.
    if not any(word in latex for word in ("cases", r"\ ", "text", "mathrm")):
        MathTextParser("path").parse(f"${latex}$")


def test_what_is_very_long_is_only_described() -> None:
    tree = parse_expression("+".join(["a*b"] * 300))
    assert Notation().text(tree) == "(an expression of 599 operations)"
    assert "599 operations" in Notation().latex(tree)


def test_symbols() -> None:
    notation = Notation(symbols={"δ": ("δ", r"\delta_{i}"), "w·x": ("w·x", r"w \cdot x_{i}")})
    tree = parse_expression("`δ`*sin(`w·x`)")
    assert notation.text(tree) == "δ*sin(w·x)"
    assert notation.latex(tree) == r"\delta_{i} \sin\left(w \cdot x_{i}\right)"


def test_what_needs_brackets_as_a_factor() -> None:
    assert [is_factor(parse_expression(text)) for text in ("a*b", "a", "a/b", "-a", "a + b")] == [
        True,
        True,
        True,
        False,
        False,
    ]
