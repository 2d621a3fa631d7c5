from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser
from sympy.codegen.cfunctions import log2, log10

from formula.random_trees import NAMES, gentle_trees, is_well_conditioned
from steepest.base.errors import FormulaError
from steepest.formula.callable import compile_tree
from steepest.formula.formula import Formula
from steepest.formula.parser import parse_expression
from steepest.formula.symbolic import _Conversion, _guarded, name_latex, symbol, to_latex, to_sympy
from steepest.formula.tree import Node


def value(expression: sympy.Expr, values: dict[str, float]) -> float:
    """The value of a SymPy expression in 40 digits, as mpmath computes it; NaN away from the real line."""
    with mpmath.workdps(40):
        try:
            for base, function in ((2, log2), (10, log10)):  # SymPy writes log2(x)**2 as log(x)/log(2)**2 for mpmath
                expression = expression.replace(function, lambda x, base=base: sympy.log(x) / sympy.log(base))
            compute = sympy.lambdify([symbol(name) for name in values], expression, modules="mpmath")
            result = mpmath.mpmathify(compute(*(mpmath.mpf(number) for number in values.values())))
        except (ZeroDivisionError, OverflowError, TypeError):
            return math.nan
        if isinstance(result, mpmath.mpc):
            return float(result.real) if abs(result.imag) < 1e-25 * (1 + abs(result.real)) else math.nan
        return float(result)


@pytest.mark.parametrize("evaluate", [True, False])
@settings(deadline=None, max_examples=40)
@given(tree=gentle_trees, inputs=st.lists(st.floats(0.5, 1.5), min_size=len(NAMES), max_size=len(NAMES)))
def test_sympy_and_the_compiled_formula_agree(evaluate: bool, tree: Node, inputs: list[float]) -> None:
    values = dict(zip(NAMES, inputs))
    assume(is_well_conditioned(tree, values))
    try:
        compiled = float(compile_tree(tree)(values))
        expression = _guarded(tree, lambda: _Conversion(evaluate).convert(tree))
    except FormulaError as error:
        assert "SymPy cannot" in str(error) or "not a finite number" in str(error)  # noqa: PT017
        return
    expected = value(expression, values)
    if math.isfinite(expected):
        assert compiled == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a*exp(-b*t) + c", "a*exp(-b*t) + c"),
        ("2*pi*t", "2*pi*t"),
        ("x/3 + 0.25", "x/3 + 0.25"),
        ("log10(x)", "log(x)/log(10)"),
        ("log1p(x) + expm1(x)", "log(x + 1) + exp(x) - 1"),
        ("sigmoid(x)", "1/(1 + exp(-x))"),
        ("softplus(x)", "log(exp(x) + 1)"),
        ("relu(x)", "Max(0, x)"),
        ("cbrt(x)", "Abs(x)**(1/3)*sign(x)"),
        ("square(x) + sqrt(y)", "x**2 + sqrt(y)"),
        ("hypot(x, y)", "sqrt(x**2 + y**2)"),
        ("where(x >= 1, a, b)", "Piecewise((a, x >= 1), (b, True))"),
        ("arctan2(y, x)", "atan2(y, x)"),
        ("logaddexp(x, y)", "log(exp(x) + exp(y))"),
        ("clip(x, 0, 1)", "Min(1, Max(0, x))"),
        ("ceil(x) + floor(x)", "ceiling(x) + floor(x)"),
    ],
)
def test_expressions(text: str, expected: str) -> None:
    # Here SymPy's own reader may be used: the text is ours.
    local = {name: symbol(name) for name in "abctxy"}
    assert to_sympy(parse_expression(text)) == sympy.sympify(expected, locals=local)


def test_symbols_are_real_and_named_as_in_the_data() -> None:
    expression = to_sympy(parse_expression("a*`wind speed` + lambda_"))
    assert {str(name) for name in expression.free_symbols} == {"a", "wind speed", "lambda_"}
    assert all(name.is_real for name in expression.free_symbols)
    assert to_sympy(parse_expression("`x` + x")) == 2 * symbol("x")


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("a*x**2 + b*x + c", "x", "2*a*x + b"),
        ("log(sigmoid(w*x))", "w", "x*exp(-w*x)/(1 + exp(-w*x))"),
        ("a*exp(-b*t)", "b", "-a*t*exp(-b*t)"),
        ("(y - a*x)**2", "a", "-2*x*(y - a*x)"),
    ],
)
def test_derivatives(text: str, name: str, expected: str) -> None:
    derivative = to_sympy(parse_expression(text)).diff(symbol(name))
    local = {letter: symbol(letter) for letter in "abctwxy"}
    assert sympy.simplify(derivative - sympy.sympify(expected, locals=local)) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("co2 ~ a + b*t - c*t**2", r"\mathrm{co2} = a + b t - c t^{2}"),
        ("log(y) ~ alpha*exp(-x/beta_0)", r"\log{\left(y \right)} = \alpha e^{- \frac{x}{\beta_{0}}}"),
        ("`wind speed` ~ v_max*x", r"\mathrm{wind\ speed} = v_{\mathrm{max}} x"),
        ("y ~ b1*(1 - exp(-b2*x))", r"y = b_{1} \left(1 - e^{- b_{2} x}\right)"),
        ("y ~ c + b*x + a*x**2", r"y = c + b x + a x^{2}"),
        ("y ~ (a + b*x)/(1 + c*x)", r"y = \frac{a + b x}{1 + c x}"),
        ("y ~ a*2*pi", r"y = 2 \pi a"),
        ("y ~ a*sqrt(x) + 1/b", r"y = a \sqrt{x} + \frac{1}{b}"),
        ("y ~ a - (b + c)", r"y = a - \left(b + c\right)"),
        ("y ~ -(a + b)*x", r"y = - \left(a + b\right) x"),
        ("y ~ (-a)**2 - a**-2", r"y = \left(- a\right)^{2} - \frac{1}{a^{2}}"),
        ("y ~ a*x/b/c", r"y = \frac{a x}{b c}"),
        ("y ~ arcsin(a*x)", r"y = \arcsin{\left(a x \right)}"),
        ("y ~ 0.5*a + 1e-9", r"y = 0.5 a + 1.0 \cdot 10^{-9}"),
        ("y ~ where(x > 0, a, b)", r"y = \begin{cases} a & \text{for}\: x > 0 \\b & \text{otherwise} \end{cases}"),
        ("y ~ log10(a)", r"y = \operatorname{log}_{10}{\left(a \right)}"),
        ("y ~ cbrt(a)", r"y = \sqrt[3]{a}"),
    ],
)
def test_latex(text: str, expected: str) -> None:
    assert to_latex(Formula(text)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a", "a"),
        ("co2", r"\mathrm{co2}"),
        ("a_1", "a_{1}"),
        ("a12", "a_{12}"),
        ("x_max", r"x_{\mathrm{max}}"),
        ("wind_speed", r"\mathrm{wind}_{\mathrm{speed}}"),
        ("alpha", r"\alpha"),
        ("Gamma", r"\Gamma"),
        ("lambda_", r"\lambda"),
        ("sigma2", r"\sigma_{2}"),
        ("x_y_z", r"\mathrm{x\_y\_z}"),
        ("_", r"\mathrm{\_}"),
        ("a_", r"\mathrm{a\_}"),
        ("100 % {a}", r"\mathrm{100\ \%\ \{a\}}"),
        ("a\nb\x00", r"\mathrm{a\ b\ }"),
        ("Größe", r"\mathrm{Größe}"),
    ],
)
def test_names_in_latex(name: str, expected: str) -> None:
    assert name_latex(name) == expected


@pytest.mark.parametrize("name", ["wind speed (%)", r"a\b", "a^b~c", "$x$ #1", "{}", "a_b_c", "lambda_", "é", "x" * 60])
def test_matplotlib_can_draw_any_name(name: str) -> None:
    latex = to_latex(parse_expression("a*`{}`**2 + 1".format(name.replace("`", "``"))))
    assert MathTextParser("path").parse(f"${latex}$").width > 0


@pytest.mark.parametrize(
    "text",
    [
        "2**-1000000000000*x",
        "((((2*x)**100)**100)**100)**100",
        "(2*x)**387420489",
        "2*2**(x + 1000000000000)",
        "9**-9**5*x",
        "x**9**9",
        "(x + 1)**100000",
        "sqrt(2)**100000*x",
        "exp(1)**1000000000*x",
        "(7/3)**900*x",
        "abs(2*x)**100000",
        "1e15**60*1e15**60*1e15**60*x",
    ],
)
def test_no_power_is_written_out_in_millions_of_digits(text: str) -> None:
    tree = parse_expression(text)
    assert len(str(to_sympy(tree))) < 500
    assert len(to_latex(tree)) < 500


def test_what_sympy_refuses() -> None:
    with pytest.raises(FormulaError, match="SymPy cannot write"):
        to_sympy(parse_expression("where((-1)**0.5 < x, 1, 2)"))


def test_long_and_deep() -> None:
    x = np.linspace(0.5, 1, 3)
    tree = parse_expression(" + ".join(f"{k}*x**{k}" for k in range(1, 60)))
    function = sympy.lambdify(symbol("x"), to_sympy(tree))
    np.testing.assert_allclose(function(x), compile_tree(tree)({"x": x}), rtol=1e-13)
    nested = parse_expression("sin(" * 90 + "x" + ")" * 90)
    try:
        assert to_latex(nested).count("sin") == 90
    except FormulaError as error:
        assert "SymPy cannot write" in str(error)  # noqa: PT017
