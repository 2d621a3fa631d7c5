from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.formula.callable import compile_tree
from steepest.formula.inverse import inverse_of
from steepest.formula.parser import parse_expression

# (left side, where y may be)
INVERTIBLE = [
    ("y", -50, 50),
    ("`y`", -50, 50),
    ("-y", -50, 50),
    ("log(y)", 1e-9, 1e9),
    ("log10(y)", 1e-9, 1e9),
    ("log2(y)", 1e-9, 1e9),
    ("log1p(y)", -0.9, 1e9),
    ("exp(y)", -50, 50),
    ("expm1(y)", -5, 50),
    ("sqrt(y)", 0, 1e9),
    ("cbrt(y)", -1e9, 1e9),
    ("sinh(y)", -20, 20),
    ("tanh(y)", -2, 2),
    ("arcsin(y)", -0.99, 0.99),
    ("arccos(y)", -0.99, 0.99),
    ("arctan(y)", -20, 20),
    ("sigmoid(y)", -10, 10),
    ("softplus(y)", -10, 50),
    ("y + 3", -50, 50),
    ("3 + y", -50, 50),
    ("y - 3", -50, 50),
    ("3 - y", -50, 50),
    ("y*2", -50, 50),
    ("2*y", -50, 50),
    ("y/4", -50, 50),
    ("4/y", 0.1, 50),
    ("1/y", -50, -0.1),
    ("y**3", -50, 50),
    ("y**-1", 0.1, 50),
    ("y**-3", -50, -0.1),
    ("y**0.5", 0, 50),
    ("y**1.5", 0, 50),
    ("y**(1/3)", 0, 50),
    ("y**-0.5", 0.1, 50),
    ("2**y", -20, 20),
    ("0.5**y", -20, 20),
    ("log(1 + 2*y/(3 - 1))", 0, 1e6),
    ("-1/sqrt(y - 2)", 2.1, 50),
    ("log(y/(2*pi))", 0.1, 100),
]


@settings(deadline=None, max_examples=50)
@given(case=st.sampled_from(INVERTIBLE), part=st.floats(0, 1))
def test_there_and_back(case: tuple[str, float, float], part: float) -> None:
    text, low, high = case
    y = np.array([low + part * (high - low), low, high])
    tree = parse_expression(text)
    undo = inverse_of(tree)
    assert undo is not None
    np.testing.assert_allclose(undo(compile_tree(tree)({"y": y})), y, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("text", [text for text, _, _ in INVERTIBLE])
def test_every_case_can_be_undone(text: str) -> None:
    assert inverse_of(parse_expression(text)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "y**2", "y**4", "y**-2", "y**0", "square(y)", "abs(y)", "sin(y)", "cos(y)", "tan(y)", "cosh(y)", "relu(y)", "floor(y)",
        "ceil(y)", "sign(y)", "log(y/x)", "y + x", "y*y", "y + log(y)", "y/y", "0*y", "y*0", "0/y", "1**y", "0**y", "(-2)**y",
        "max(y, 1)", "clip(y, 0, 1)", "where(y > 0, y, 1)", "hypot(y, 1)", "2", "arctan2(y, 1)", "x**y", "log(square(y))",
    ],
)  # fmt: skip
def test_what_cannot_be_undone(text: str) -> None:
    assert inverse_of(parse_expression(text)) is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("sqrt(y)", [-1.0, -1e-300]),
        ("y**0.5", [-1.0]),
        ("y**-0.5", [-1.0]),
        ("exp(y)", [-1.0]),
        ("sigmoid(y)", [-0.1, 1.1]),
        ("arctan(y)", [-2.0, 2.0]),
        ("arcsin(y)", [-2.0, 2.0]),
        ("arccos(y)", [-0.1, 4.0]),
        ("tanh(y)", [-1.5, 1.5]),
        ("softplus(y)", [-1.0]),
        ("2**y", [-1.0]),
        ("log(y)", [np.nan]),
    ],
)
def test_values_that_are_never_taken_become_nan(text: str, values: list[float]) -> None:
    undo = inverse_of(parse_expression(text))
    assert undo is not None
    assert np.isnan(undo(np.array(values))).all()


@pytest.mark.parametrize(
    ("text", "value", "y"),
    [
        ("log(y)", 2.0, 7.38905609893065),
        ("log10(y)", -3.0, 1e-3),
        ("y**3", -8.0, -2.0),
        ("y**-1", -4.0, -0.25),
        ("2 - y/3", 1.0, 3.0),
        ("10/y", 4.0, 2.5),
        ("2**y", 10.0, 3.321928094887362),
        ("softplus(y)", 0.6931471805599453, 0.0),
    ],
)
def test_values_by_hand(text: str, value: float, y: float) -> None:
    undo = inverse_of(parse_expression(text))
    assert undo is not None
    np.testing.assert_allclose(undo(np.array([value])), [y], rtol=1e-14, atol=1e-15)


def test_a_long_chain() -> None:
    undo = inverse_of(parse_expression("-" * 100 + "y"))
    assert undo is not None
    np.testing.assert_array_equal(undo(np.array([1.0, 2.0])), [1.0, 2.0])
