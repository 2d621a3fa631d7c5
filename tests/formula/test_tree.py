from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings

from formula.random_trees import trees
from steepest.formula.parser import parse_expression
from steepest.formula.tree import Binary, Name, Node, Number, Unary, names, number_text, postorder, to_text


@settings(deadline=None, max_examples=50)
@given(tree=trees)
def test_text_reads_back_to_an_equal_tree(tree: Node) -> None:
    again = parse_expression(to_text(tree))
    assert again == tree
    assert hash(again) == hash(tree)
    assert to_text(again) == to_text(tree)


@pytest.mark.parametrize(
    ("given_text", "canonical"),
    [
        ("a+b * c", "a + b*c"),
        ("(a+b)*c", "(a + b)*c"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a-b)-c", "a - b - c"),
        ("a/(b*c)", "a/(b*c)"),
        ("a/b*c", "a/b*c"),
        ("a**b**c", "a**b**c"),
        ("(a**b)**c", "(a**b)**c"),
        ("-a**2", "-a**2"),
        ("(-a)**2", "(-a)**2"),
        ("-(a*b)", "-(a*b)"),
        ("-a*b", "-a*b"),
        ("a**-b", "a**-b"),
        ("a*-b", "a*-b"),
        ("+a", "a"),
        ("--a", "--a"),
        ("asin(x)", "arcsin(x)"),
        ("minimum(a, b)", "min(a, b)"),
        ("where(a<b,1.50,2.0)", "where(a < b, 1.5, 2)"),
        ("`x``y`", "`x``y`"),
        (" a\n + \t b ", "a + b"),
        ("1e3 + 1e22 + .5 + 5.", "1000 + 1e+22 + 0.5 + 5"),
    ],
)
def test_canonical_text(given_text: str, canonical: str) -> None:
    assert to_text(parse_expression(given_text)) == canonical


def test_equality_ignores_where_a_node_stood() -> None:
    first, second = parse_expression("a + b"), parse_expression("   (a+b)")
    assert first == second
    assert first.position != second.position
    assert first != parse_expression("b + a")
    assert first != "a + b"
    assert Name("x") != Name("x", quoted=True)


def test_nodes_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Number(1.0).value = 2.0  # type: ignore[misc]


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_literal_is_finite_and_not_negative(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Number(value)


def test_a_long_chain_neither_recurses_nor_costs_squares() -> None:
    tree: Node = Name("x")
    for _ in range(20_000):
        tree = Binary("+", Unary(tree), Number(1.0))
    other: Node = Name("x")
    for _ in range(20_000):
        other = Binary("+", Unary(other), Number(1.0))
    assert tree == other
    assert len(postorder(tree)) == 40_002
    assert tree != Unary(other)


def test_a_subtree_that_appears_twice_is_listed_once() -> None:
    tree = parse_expression("sin(2*pi*t) + cos(2*pi*t)")
    assert [str(node) for node in postorder(tree)] == [
        "2",
        "pi",
        "2*pi",
        "t",
        "2*pi*t",
        "sin(2*pi*t)",
        "cos(2*pi*t)",
        "sin(2*pi*t) + cos(2*pi*t)",
    ]


def test_names_come_in_order_of_appearance() -> None:
    assert [name.name for name in names(parse_expression("b*x + sin(a*x)*pi + b + `c d`"))] == ["b", "x", "a", "c d"]


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (7.0, "7"), (0.1, "0.1"), (1e16, "1e+16"), (5e-324, "5e-324")])
def test_number_text(value: float, text: str) -> None:
    assert number_text(value) == text
