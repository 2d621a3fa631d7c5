"""Tidying changes how a tree is written, not what it means; counting counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.formula.random_trees import NAMES, gentle_trees, is_well_conditioned, trees

from steepest.base.errors import FormulaError
from steepest.differentiation.algebra import Algebra, distinct_operations, operations
from steepest.formula.callable import compile_tree
from steepest.formula.parser import parse_expression
from steepest.formula.tree import Binary, Node


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x*x", "x**2"),
        ("x*x*x/x", "x**2"),
        ("2*x*3", "6*x"),
        ("x + x", "2*x"),
        ("x - x", "0"),
        ("x - 2*x", "-x"),
        ("0*x + y", "y"),
        ("x/3/2", "x/6"),
        ("0.5*x", "x/2"),
        ("0.1*x*3", "0.30000000000000004*x"),
        ("-(-x)", "x"),
        ("-x*-y", "x*y"),
        ("-2*(y - w*x)*x", "-2*(y - w*x)*x"),
        ("(x**2)**0.5", "(x**2)**0.5"),
        ("x**0.5*x**0.5", "x"),
        ("1/x*x", "1"),
        ("square(x)/x", "x"),
        ("sqrt(x)*sqrt(x)", "sqrt(x)**2"),
        ("-(1/sigmoid(u)*(sigmoid(u)*(1 - sigmoid(u)))*x)", "-(1 - sigmoid(u))*x"),
        ("where(x > 0, y, y)", "y"),
        ("-x - y", "-x - y"),
        ("-x + y", "y - x"),
        ("1e200*x*1e200", "1e+200*x*1e+200"),
        ("1e-200*x*1e-200", "1e-200*x*1e-200"),
        ("x/0", "x/0"),
        ("x**200*x", "x**201"),
        ("3", "3"),
        ("2*3 + 1", "7"),
        ("10**400*0", "0"),
    ],
)
def test_tidied_by_hand(text: str, expected: str) -> None:
    assert str(Algebra().tidy(parse_expression(text))) == expected


@settings(deadline=None, max_examples=150)
@given(tree=gentle_trees, inputs=st.lists(st.floats(0.5, 1.5), min_size=len(NAMES), max_size=len(NAMES)))
def test_tidying_keeps_the_value(tree: Node, inputs: list[float]) -> None:
    values = dict(zip(NAMES, inputs))
    assume(is_well_conditioned(tree, values))
    try:
        before, after = compile_tree(tree), compile_tree(Algebra().tidy(tree))
    except FormulaError:
        return
    with np.errstate(all="ignore"):
        expected, got = float(before(values)), float(after(values))
    assume(math.isfinite(expected))
    assert got == pytest.approx(expected, rel=1e-8, abs=1e-300)


@settings(deadline=None, max_examples=100)
@given(tree=trees)
def test_tidying_twice_changes_nothing_more(tree: Node) -> None:
    algebra = Algebra()
    once = algebra.tidy(tree)
    assert operations(algebra.tidy(once)) <= operations(once) or algebra.tidy(once) == once


@settings(deadline=None, max_examples=100)
@given(tree=trees)
def test_operations_are_counted_as_by_recursion(tree: Node) -> None:
    def by_recursion(node: Node) -> int:
        own = 0 if not node.children or (type(node).__name__ == "Unary" and not node.children[0].children and "Number" in
                                         type(node.children[0]).__name__) else 1  # fmt: skip
        return own + sum(by_recursion(child) for child in node.children)

    assert operations(tree) == by_recursion(tree)
    assert distinct_operations(tree) <= operations(tree)


def test_shared_parts_stay_shared() -> None:
    # t - t*t, 200 times: written out each step has three times as much, with shared parts once two operations more.
    algebra = Algebra()
    tree = parse_expression("sin(x)")
    for _ in range(200):
        tree = algebra.one(
            Binary("*", tree, parse_expression("x"))
            if False
            else Binary("-", tree, algebra.one(Binary("*", tree, tree)))
        )
    assert algebra.count(tree) > 2**200
    assert distinct_operations(tree) == 401


def test_constant_factor() -> None:
    algebra = Algebra()
    for text, number, rest in (
        ("-2*a*b", -2.0, "a*b"),
        ("a/4", 0.25, "a"),
        ("a + b", 1.0, "a + b"),
        ("7", 1.0, "7"),
        ("-a", -1.0, "a"),
    ):
        factor, inner = algebra.constant_factor(algebra.tidy(parse_expression(text)))
        assert (factor, str(inner)) == (number, rest)
