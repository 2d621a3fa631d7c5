from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formula.random_trees import trees
from steepest.base.errors import FormulaError
from steepest.formula.parser import parse_expression
from steepest.formula.scales import scales
from steepest.formula.tree import Node

X, Y = 50.0, 2000.0  # the magnitudes of the column and of the target in these tests


def found(text: str, parameters: str, x: float = X, y: float = Y) -> dict[str, float]:
    return scales(parse_expression(text), parameters.split(), {"x": x}, y)


# Each parameter's scale as a number times powers of the two magnitudes: (number, power of x, power of y), by hand.
DETERMINED = [
    ("a + b*x + c*x**2", {"a": (1, 0, 1), "b": (1, -1, 1), "c": (1, -2, 1)}),
    ("a*exp(-b*x) + c", {"a": (1, 0, 1), "b": (1, -1, 0), "c": (1, 0, 1)}),
    ("a*sin(2*pi*x/p + phase)", {"a": (1, 0, 1), "p": (2 * math.pi, 1, 0), "phase": (1, 0, 0)}),
    ("a*exp(-((x - m)/s)**2/2)", {"a": (1, 0, 1), "m": (1, 1, 0), "s": (math.sqrt(0.5), 1, 0)}),
    ("a/(1 + exp(-(x - m)/s))", {"a": (1, 0, 1), "m": (1, 1, 0), "s": (1, 1, 0)}),
    ("a*x/(k + x)", {"a": (1, 0, 1), "k": (1, 1, 0)}),
    ("a*(1 - exp(-b*x))", {"a": (1, 0, 1), "b": (1, -1, 0)}),
    ("(a + b*x)/(1 + c*x + d*x**2)", {"a": (1, 0, 1), "b": (1, -1, 1), "c": (1, -1, 0), "d": (1, -2, 0)}),
    ("a*(x**2 + x*b)/(x**2 + x*c + d)", {"a": (1, 0, 1), "b": (1, 1, 0), "c": (1, 1, 0), "d": (1, 2, 0)}),
    ("exp(-a*x)/(b + c*x)", {"a": (1, -1, 0), "b": (1, 0, -1), "c": (1, -1, -1)}),
    ("a*x**b", {"a": (1, -1, 1), "b": (1, 0, 0)}),
    ("a*(b + x)**(-1/c)", {"a": (1, 1, 1), "b": (1, 1, 0), "c": (1, 0, 0)}),
    ("a*x**(-b)", {"a": (1, 1, 1), "b": (1, 0, 0)}),
    ("sqrt(a*x)", {"a": (1, -1, 2)}),
    ("cbrt(a*x)", {"a": (1, -1, 3)}),
    ("square(a*x)", {"a": (1, -1, 0.5)}),
    ("abs(-a)*relu(x)", {"a": (1, -1, 1)}),
    ("a*tanh(b*x)", {"a": (1, 0, 1), "b": (1, -1, 0)}),
    ("hypot(a, b*x)", {"a": (1, 0, 1), "b": (1, -1, 1)}),
    ("where(x > m, a, b*x)", {"m": (1, 1, 0), "a": (1, 0, 1), "b": (1, -1, 1)}),
    ("max(a, b*x)", {"a": (1, 0, 1), "b": (1, -1, 1)}),
    ("a*clip(x, 0, m)", {"a": (1, -1, 1), "m": (1, 1, 0)}),
    ("a*arctan2(x, m)", {"a": (1, 0, 1), "m": (1, 1, 0)}),
    ("a*log(x + m)", {"a": (1, 0, 1), "m": (1, 1, 0)}),
    ("a*2**(x/h)", {"a": (1, 0, 1), "h": (1, 1, 0)}),
    ("a*x - b*c**x", {"a": (1, -1, 1), "b": (1, 0, 1), "c": (1, 0, 0)}),
    ("a*(x - m)*1000", {"a": (1e-3, -1, 1), "m": (1, 1, 0)}),
    ("a - b", {"a": (1, 0, 1), "b": (1, 0, 1)}),
    ("a + 0", {"a": (1, 0, 1)}),
]


@pytest.mark.parametrize(("text", "expected"), DETERMINED)
def test_scales_by_hand(text: str, expected: dict[str, tuple[float, float, float]]) -> None:
    result = found(text, " ".join(expected))
    assert result == pytest.approx({name: number * X**p * Y**q for name, (number, p, q) in expected.items()}, rel=1e-12)


@pytest.mark.parametrize(("text", "expected"), DETERMINED)
@pytest.mark.parametrize(("factor_x", "factor_y"), [(1e8, 1.0), (1.0, 1e-8), (1e-30, 1e20), (2.0**100, 3.0)])
def test_a_change_of_unit_changes_the_scales_by_its_powers(
    text: str, expected: dict[str, tuple[float, float, float]], factor_x: float, factor_y: float
) -> None:
    before = found(text, " ".join(expected))
    after = found(text, " ".join(expected), X * factor_x, Y * factor_y)
    powers = {name: factor_x**p * factor_y**q for name, (_, p, q) in expected.items()}
    assert after == pytest.approx({name: before[name] * powers[name] for name in expected}, rel=1e-12)


def test_what_is_left_open_stays_near_one_and_is_shared_evenly() -> None:
    assert found("a*b*x", "a b") == pytest.approx({"a": math.sqrt(Y / X), "b": math.sqrt(Y / X)}, rel=1e-12)
    assert found("a*x*sign(b)", "a b") == pytest.approx({"a": Y / X, "b": 1.0}, rel=1e-12)
    assert found("sign(b)", "b") == {"b": 1.0}
    assert found("x", "") == {}


def test_contradictions_leave_the_other_parameters_alone() -> None:
    # The sine's argument has no parameter: nothing to choose.
    assert found("a + b*sin(2*pi*x)", "a b") == pytest.approx({"a": Y, "b": Y}, rel=1e-3)
    # 10 is no measure of y, exp(b*x) is no measure of a.
    assert found("10 + a*x", "a") == pytest.approx({"a": Y / X}, rel=1e-2)
    assert found("a + exp(b*x)", "a b") == pytest.approx({"a": Y, "b": 1 / X}, rel=1e-2)
    assert found("x + a", "a") == pytest.approx({"a": Y}, rel=1e-2)
    # p*x and p*x**2 cannot both be 1: p lies between, the rest is as it would be without.
    result = found("a*exp(-p*x) + b*sin(p*x**2) + c/x", "a b c p")
    assert result == pytest.approx({"a": Y, "b": Y, "c": Y * X, "p": X**-1.5}, rel=1e-9)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf, math.nan])
def test_a_magnitude_that_is_none_counts_as_one(scale: float) -> None:
    assert found("a*x", "a", x=scale) == pytest.approx({"a": Y}, rel=1e-12)
    assert found("a*x", "a", y=scale) == pytest.approx({"a": 1 / X}, rel=1e-12)


def test_extremes_are_clipped() -> None:
    assert found("a*x**3", "a", x=1e200) == {"a": 1e-300}
    assert found("a/x**3", "a", x=1e200) == {"a": 1e300}


def test_a_column_without_a_scale() -> None:
    with pytest.raises(FormulaError, match="no scale for the column 'z'"):
        found("a*z", "a")


@settings(deadline=None, max_examples=50)
@given(tree=trees, x=st.floats(1e-100, 1e100), y=st.floats(1e-100, 1e100))
def test_any_tree_has_finite_positive_scales(tree: Node, x: float, y: float) -> None:
    columns = {"x": x, "y": 1.0, "wind speed": x, "lambda": 1.0, "a`b": 3.0, "é": 1e300}
    try:
        result = scales(tree, ["a", "b", "rate_1"], columns, y)
    except FormulaError as error:
        assert "not a finite number" in str(error)  # noqa: PT017
        return
    assert set(result) == {"a", "b", "rate_1"}
    assert all(1e-300 <= scale <= 1e300 for scale in result.values())
