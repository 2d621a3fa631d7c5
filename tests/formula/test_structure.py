from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from formula.random_trees import mostly_linear_trees
from steepest.formula.callable import compile_tree
from steepest.formula.parser import parse_expression
from steepest.formula.structure import linear_parameters
from steepest.formula.tree import Node

COLUMNS = {"x", "t", "y"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b*t + c*t**2 + d*sin(2*pi*t) + f*cos(2*pi*t)", "a b c d f"),
        ("a*exp(-b*t) + c", "a c"),
        ("a*exp(-b*t) + c*exp(-d*t) + f*exp(-g*t)", "a c f"),
        ("a*b*x", "a"),
        ("a*(b + c*x)", "b c"),
        ("(b + c*x)*a", "b c"),
        ("a*b + a*c + a*d", "b c d"),
        ("a*b + b*c + c*d", "a c"),
        ("a/(b + x)", "a"),
        ("(a + b*x)/(1 + c*x)", "a b"),
        ("x/a", ""),
        ("a*a*x", ""),
        ("a*x + a**2", ""),
        ("a**1*x", "a"),
        ("a**2*x + b", "b"),
        ("-a*x - (b - c)", "a b c"),
        ("exp(a) + a", ""),
        ("where(x > 0, a, b*x)", "a b"),
        ("where(x > c, a, b*x)", "a b"),
        ("where(x > a, a, b*x)", "b"),
        ("max(a, b*x) + c", "c"),
        ("abs(a)*x", ""),
        ("a + a*x - 2*a", "a"),
        ("x + 2", ""),
        ("a*(x + b*(t + c))", "a"),
        ("a*x*(b + t)*(c + 1)", "a"),
        ("x**a*b", "b"),
        ("2**x*b + pi", "b"),
        ("a", "a"),
        ("b2*(1 + b1*x/(b3 - x))", "b2"),
    ],
)
def test_linear_parameters(text: str, expected: str) -> None:
    tree = parse_expression(text)
    parameters = [name for name in ["a", "b", "c", "d", "f", "g", "b1", "b2", "b3"] if name in text]
    assert linear_parameters(tree, parameters) == tuple(expected.split())


def test_order_is_that_of_appearance_and_columns_do_not_count() -> None:
    tree = parse_expression("c*x + b + a*`x`")
    assert linear_parameters(tree, ["a", "b", "c"]) == ("c", "b", "a")
    assert linear_parameters(tree, {"a"}) == ("a",)
    assert linear_parameters(tree, []) == ()


# Random trees are often nonlinear in every name; those are drawn again, more often than Hypothesis likes.
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.filter_too_much])
@given(tree=mostly_linear_trees, seed=st.integers(0, 2**32 - 1))
def test_the_values_are_affine_in_the_set(tree: Node, seed: int) -> None:
    linear = linear_parameters(tree, ["a", "b", "rate_1"])
    assume(linear)
    function = compile_tree(tree)
    rng = np.random.default_rng(seed)
    values = {name: np.array([rng.uniform(0.5, 1.5)]) for name in ("a", "b", "rate_1", "x", "y")}
    direction = {name: rng.uniform(-1, 1) for name in linear}

    def along(distance: float) -> float:
        moved = {name: values[name] + distance * direction[name] for name in linear}
        return float(np.ravel(function({**values, **moved}))[0])

    points = np.array([along(distance) for distance in (0.0, 1.0, 2.0, 5.0)])
    assume(np.isfinite(points).all())
    slope = points[1] - points[0]
    size = np.abs(points).max()
    np.testing.assert_allclose(points[2:], [points[0] + 2 * slope, points[0] + 5 * slope], atol=1e-10 * size, rtol=1e-9)


def test_many_terms() -> None:
    parameters = [f"p{k}" for k in range(300)]
    tree = parse_expression(" + ".join(f"{name}*x" for name in parameters))
    assert linear_parameters(tree, parameters) == tuple(parameters)
