"""Formulas as MathML: structure, brackets, names."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.formula.formula import Formula
from steepest.formula.functions import FUNCTIONS
from steepest.formula.parser import parse_expression
from steepest.views.report.mathml import equation, name_mathml


def right(text: str, numbers: dict[str, str] | None = None) -> str:
    """The MathML of a right side as plain text: fractions as (a)/(b), raised and lowered pieces marked."""
    formula = Formula(f"y ~ {text}")
    root = ET.fromstring(
        f"<p>{equation(formula.target, formula.tree, numbers).replace('&#x2061;', '').replace('&#x2062;', '')}</p>"
    )
    return "".join(flat(child) for child in root).removeprefix("y=")


def flat(node: ET.Element) -> str:
    parts = [flat(child) for child in node]
    match node.tag:
        case "mfrac":
            return "[{}]/[{}]".format(*parts)
        case "msup":
            return "{}^[{}]".format(*parts)
        case "msub":
            return "{}_{}".format(*parts)
        case "msqrt":
            return f"√[{''.join(parts)}]"
        case "mroot":
            return f"∛[{parts[0]}]"
        case "mtr":
            return ", ".join(parts) + ";"
        case _:
            return (node.text or "") + "".join(parts)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a + b*x - c*x**2", "a+bx−cx^[2]"),
        ("a - (b - c*x)", "a−(b−cx)"),
        ("a*(b + x)", "a(b+x)"),
        ("(a + x)/(b*x)", "[a+x]/[bx]"),
        ("a/b/x", "[[a]/[b]]/[x]"),
        ("a*exp(-b*x)", "ae^[−bx]"),
        ("(a + x)**2", "(a+x)^[2]"),
        ("(-a)**x", "(−a)^[x]"),
        ("-a**x", "−a^[x]"),
        ("a*-x", "a(−x)"),
        ("2*3*x*a", "2⋅3xa"),
        ("2*pi*x*a", "2πxa"),
        ("a*1e-5*x", "a1⋅10^[−5]x".replace("a1", "a⋅1")),
        ("sqrt(a*x) + cbrt(x)", "√[ax]+∛[x]"),
        ("abs(a - x)", "|a−x|"),
        ("log10(a*x)", "log_10(ax)"),
        ("where(x > 0, a, -x)", "{a, if\xa0x>0;−x, otherwise;"),
        ("max(a, x, 2)", "max(a,x,2)"),
        ("alpha*x_1**b0", "αx_1^[b_0]"),
    ],
)
def test_right_sides(text: str, shown: str) -> None:
    assert right(text) == shown


def test_numbers_in_the_place_of_names() -> None:
    assert right("a + b*x*c", {"a": "1.5(2)", "b": "−0.2(1)", "c": "3"}) == "1.5(2)+(−0.2(1))⋅x⋅3"
    assert right("a**x + 2**a", {"a": "1.5(2)"}) == "(1.5(2))^[x]+2^[1.5(2)]"


def test_terms_are_pieces_so_that_lines_can_be_broken() -> None:
    formula = Formula("y ~ a + b*x - c")
    assert equation(formula.target, formula.tree).count("</math> <math") == 2


def test_names_are_text() -> None:
    assert name_mathml("<b>&") == "<mi>&lt;b&gt;&amp;</mi>"
    assert name_mathml("a\nb") == "<mi>a b</mi>"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_is_well_formed(name: str) -> None:
    arguments = ["x > 0", "a", "x"] if name == "where" else ["a", "x", "x"][: FUNCTIONS[name].least]
    assert right(f"a*{name}({', '.join(arguments)})**2")


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["a", "x", "2", "pi", "1e30"]),
        lambda inner: (
            st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner).map(
                lambda t: f"({t[0]}){t[1]}({t[2]})"
            )
            | inner.map(lambda t: f"-({t})")
        ),
        max_leaves=10,
    )
)
def test_anything_is_well_formed(text: str) -> None:
    tree = parse_expression(text)
    ET.fromstring(re.sub(r"&#x\w+;", "", f"<p>{equation(parse_expression('y'), tree)}</p>"))
