"""Every operation of the language has a named rule, and each rule agrees with SymPy and with automatic differentiation."""

from __future__ import annotations

import mpmath
import pytest
import sympy

import steepest as sd
from steepest.differentiation.engine import differentiate
from steepest.differentiation.rules import covered, rule_of
from steepest.formula.callable import compile_tree
from steepest.formula.functions import FUNCTIONS
from steepest.formula.parser import parse_expression
from steepest.formula.symbolic import symbol, to_sympy

# Points inside every function's domain and away from kinks.
AT = {"u": 0.3, "v": 0.7, "w": 0.9}


def texts() -> list[str]:
    special = {"where": "where(u < v, u**2*v, v)", "clip": "clip(u*v, v - 1, w)", "min": "min(u, v, u*v)"}
    return [
        *("u + v", "u - v", "u*v", "u/v", "u**v", "-u", "u**3", "2**v", "1/v", "3*u", "u/4"),
        *(special.get(n, f"{n}({', '.join('uvw'[: f.least])})") for n, f in FUNCTIONS.items()),
    ]


def test_every_function_has_a_rule() -> None:
    assert covered() == set(FUNCTIONS) | {"+", "-", "*", "/", "**", "negative"}


@pytest.mark.parametrize("text", texts())
def test_the_rule_agrees_with_automatic_differentiation(text: str) -> None:
    tree = parse_expression(text)
    for name in "uvw":
        derivative, _ = differentiate(tree, name)
        by_rule = compile_tree(derivative)(AT)
        automatic = sd.grad(lambda x, name=name: compile_tree(tree)({**AT, name: x}) * 1.0)(AT[name])
        assert float(by_rule) == pytest.approx(float(automatic), rel=1e-13, abs=1e-15), name


@pytest.mark.parametrize(
    "text", [t for t in texts() if not t.startswith(("sign", "floor", "ceil", "min", "max", "clip", "where"))]
)
def test_the_rule_agrees_with_sympy(text: str) -> None:
    tree = parse_expression(text)
    for name in ("u", "v"):
        expected = to_sympy(tree).diff(symbol(name)).subs({symbol(n): sympy.Float(x, 40) for n, x in AT.items()})
        derivative, _ = differentiate(tree, name)
        assert float(compile_tree(derivative)(AT)) == pytest.approx(
            float(mpmath.mpf(expected.evalf(30))), rel=1e-13, abs=1e-15
        )


def test_the_sigmoid_rule_is_the_textbooks() -> None:
    # σ' = σ(1 - σ)
    assert rule_of(parse_expression("sigmoid(x)"), (True,)).template == "sigmoid(u)*(1 - sigmoid(u))*du"
    derivative, steps = differentiate(parse_expression("sigmoid(x)"), "x")
    assert str(derivative) == "sigmoid(x)*(1 - sigmoid(x))"
    assert steps[0].rule == "chain rule, (sigmoid u)' = sigmoid(u)*(1 - sigmoid(u))*u′"


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("abs(x)", 0.0, 0.0),
        ("relu(x)", 0.0, 0.0),
        ("max(x, 2*x)", 0.0, 1.5),
        ("min(x, 2*x)", 0.0, 1.5),
        ("max(x, x)", 3.0, 1.0),
        ("clip(x, 0, 1)", 0.0, 1.0),
        ("clip(x, 0, 1)", 1.0, 1.0),
        ("clip(x, 0, 1)", 1.5, 0.0),
        ("clip(x, 2, 1)", 1.5, 0.0),
        ("sign(x)", 0.0, 0.0),
        ("floor(x)", 2.0, 0.0),
        ("ceil(x)", 2.0, 0.0),
        ("where(x > 0, x**2, -x)", 0.0, -1.0),
    ],
)
def test_kinks_are_those_of_automatic_differentiation(text: str, x: float, expected: float) -> None:
    # By hand, from the table in docs/autodiff.md.
    tree = parse_expression(text)
    derivative, _ = differentiate(tree, "x")
    assert float(compile_tree(derivative)({"x": x})) == expected
    if not text.startswith(("sign", "floor", "ceil")):
        assert float(sd.grad(lambda t: compile_tree(tree)({"x": t}))(x)) == expected


def test_kinks_are_stated() -> None:
    for text in (
        "abs(x)",
        "relu(x)",
        "max(x, y)",
        "min(x, y)",
        "sign(x)",
        "floor(x)",
        "clip(x, 0, 1)",
        "where(x > 0, x, y)",
    ):
        tree = parse_expression(text)
        assert rule_of(tree, tuple(True for _ in tree.children)).kink, text
