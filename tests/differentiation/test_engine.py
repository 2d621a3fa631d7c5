"""The walk: random trees against automatic differentiation and SymPy, long and deep ones, and the steps it keeps."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.formula.random_trees import NAMES, gentle_trees, is_well_conditioned, trees

import steepest as sd
from steepest.base.errors import FormulaError
from steepest.differentiation.algebra import Algebra
from steepest.differentiation.engine import Known, differentiate
from steepest.formula.callable import compile_tree
from steepest.formula.parser import parse_expression
from steepest.formula.symbolic import symbol, to_sympy
from steepest.formula.tree import Binary, Name, Node, Number, names

values_of = st.lists(st.floats(0.5, 1.5), min_size=len(NAMES), max_size=len(NAMES))


@settings(deadline=None, max_examples=150)
@given(tree=gentle_trees, inputs=values_of)
def test_random_trees_agree_with_automatic_differentiation(tree: Node, inputs: list[float]) -> None:
    values = dict(zip(NAMES, inputs))
    assume(names(tree))
    name = names(tree)[0].name
    algebra = Algebra()
    derivative, _ = differentiate(tree, name, algebra=algebra)
    try:
        function = compile_tree(tree)
        derived, tidied = compile_tree(derivative), compile_tree(algebra.tidy(derivative))
    except FormulaError:  # 1/0 among the numbers
        return
    with np.errstate(all="ignore"):
        assume(np.isfinite(function(values)))
        expected = float(sd.grad(lambda x: function({**values, name: x}) * 1.0)(values[name]))
        got, short = float(derived(values)), float(tidied(values))
    assume(math.isfinite(expected) and math.isfinite(got))
    with np.errstate(all="ignore"):  # a derivative that rounding of the point already moves says nothing
        moved = float(derived({each: value * (1 + 1e-12) for each, value in values.items()}))
    assume(abs(moved - got) <= 1e-8 * (1 + abs(got)))
    assert got == pytest.approx(expected, rel=1e-7, abs=1e-7)
    if math.isfinite(short):  # x*(1/x) tidies to 1, also where it overflows: the other way round it must not get worse
        assert short == pytest.approx(expected, rel=1e-7, abs=1e-7)


@settings(deadline=None, max_examples=40)
@given(tree=gentle_trees, inputs=values_of)
def test_random_trees_agree_with_sympy(tree: Node, inputs: list[float]) -> None:
    assume(names(tree))
    values = dict(zip(NAMES, inputs))
    name = names(tree)[0].name
    try:
        expression = to_sympy(tree).diff(symbol(name))
        derived = compile_tree(differentiate(tree, name)[0])
    except FormulaError:
        return
    # Kinks of Max, Abs and Piecewise have SymPy's own objects, which have no value in floating point.
    assume(not expression.has(sympy.Derivative, sympy.DiracDelta, sympy.Subs, sympy.zoo, sympy.nan))
    assume(is_well_conditioned(tree, values))
    with mpmath.workdps(40):
        try:
            compute = sympy.lambdify([symbol(each) for each in values], expression, modules="mpmath")
            expected = mpmath.mpmathify(compute(*(mpmath.mpf(value) for value in values.values())))
        except (ZeroDivisionError, TypeError, OverflowError, NameError, ValueError):
            return
        assume(not isinstance(expected, mpmath.mpc) and mpmath.isfinite(expected))
    with np.errstate(all="ignore"):
        got = float(derived(values))
    assume(math.isfinite(got))
    assert got == pytest.approx(float(expected), rel=1e-6, abs=1e-6)


@settings(deadline=None, max_examples=100)
@given(tree=trees)
def test_any_tree_can_be_derived_and_derived_again(tree: Node) -> None:
    algebra = Algebra()
    for name in {leaf.name for leaf in names(tree)}:
        derivative, _ = differentiate(tree, name, algebra=algebra)
        differentiate(algebra.tidy(derivative), name, algebra=algebra)
    assert differentiate(tree, "not in it")[0] == Number(0.0)


def test_steps_go_from_the_outermost_in() -> None:
    _, steps = differentiate(parse_expression("-log(sigmoid(w*x))"), "w")
    assert [(str(step.before), str(step.after)) for step in steps] == [
        ("d/dw(-log(sigmoid(w*x)))", "-d/dw(log(sigmoid(w*x)))"),
        ("d/dw(log(sigmoid(w*x)))", "d/dw(sigmoid(w*x))/sigmoid(w*x)"),
        ("d/dw(sigmoid(w*x))", "sigmoid(w*x)*(1 - sigmoid(w*x))*d/dw(w*x)"),
        ("d/dw(w*x)", "x"),
    ]
    assert [step.rule.split(",")[0] for step in steps] == [
        "a sign stays",
        "chain rule",
        "chain rule",
        "a constant factor stays",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # by hand
        ("a*x**3", "a*(3*x**2)"),
        ("5", "0"),
        ("x", "1"),
        ("y", "0"),
        ("x/y", "1/y"),
        ("y/x", "-(y/x**2)"),
        ("2**x", "2**x*log(2)"),
        ("x**x", "x**x*(log(x) + x/x)"),
        ("sin(x)*cos(x)", "cos(x)*cos(x) - sin(x)*sin(x)"),
        (
            "max(x, y, z)",
            "where(max(x, y) > z, where(x > y, 1, where(x < y, 0, 1/2)), "
            "where(max(x, y) < z, 0, where(x > y, 1, where(x < y, 0, 1/2))/2))",
        ),
        ("where(x > y, x, y)", "where(x > y, 1, 0)"),
        ("`x` + x", "2"),
    ],
)
def test_derivatives_by_hand(text: str, expected: str) -> None:
    assert str(differentiate(parse_expression(text), "x")[0]) == expected


def test_long_and_deep_trees() -> None:
    product, _ = differentiate(parse_expression("*".join(["w"] * 990)), "w")
    assert float(compile_tree(Algebra().tidy(product))({"w": 1.0})) == 990
    tower, steps = differentiate(parse_expression("sin(" * 95 + "w" + ")" * 95), "w")
    assert len(steps) == 95
    assert float(compile_tree(tower)({"w": 0.0})) == 1.0


def test_names_that_stand_for_something() -> None:
    delta, tree = Name("d"), parse_expression("d**2")
    known = {delta: Known("d stands for y - w*x", parse_expression("y - w*x"))}
    derivative, steps = differentiate(tree, "w", known)
    assert str(derivative) == "-(2*d*x)"
    assert steps[1].rule == "d stands for y - w*x"
    given_ = {delta: Known("given", derivatives={"w": Number(3.0)})}
    assert differentiate(Binary("*", delta, delta), "w", given_)[0] == parse_expression("3*d + d*3")
    assert differentiate(tree, "v", given_)[0] == Number(0.0)
