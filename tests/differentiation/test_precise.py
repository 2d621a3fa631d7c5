"""Limits of difference quotients in a thousand digits: derivatives, kinks, edges, jumps, infinite slopes, every scale."""

from __future__ import annotations

import math
import time

import mpmath
import numpy as np
import pytest

from steepest.differentiation.precise import Limit, Precise, covered
from steepest.formula.functions import FUNCTIONS
from steepest.formula.parser import parse_expression


def limit(text: str, w: float, **fixed: float) -> Limit:
    return Precise(parse_expression(text), "", fixed).limit({"w": w}, "w")


def test_every_function_can_be_computed() -> None:
    assert covered() == set(FUNCTIONS)


@pytest.mark.parametrize(
    ("text", "w", "expected"),
    [
        # by hand
        ("w**2", 3.0, 6.0), ("w**2", 0.0, 0.0), ("w**3", 0.0, 0.0), ("5 + 0*w", 1.0, 0.0), ("1/w", 2.0, -0.25),
        ("exp(w)", 1.0, math.e),
        ("log(w)", 1e300, 1e-300), ("sqrt(w)", 1e-300, 5e149), ("w*1e300", 1e-5, 1e300), ("1e-300*w", 3.0, 1e-300),
        ("exp(w*1e300)", 0.0, 1e300), ("abs(w)*w", 0.0, 0.0), ("abs(w)**3", 0.0, 0.0), ("sigmoid(w)", 2000.0, 0.0),
        ("where(w > 0, 1, exp(exp(-1e300*w)))", 1.0, 0.0), ("w**w", 1.0, 1.0), ("(-2)**2*w", 1.0, 4.0), ("cbrt(w)", -8.0, 1 / 12),
        ("hypot(w, 4)", 3.0, 0.6), ("arctan2(w, 1)", 0.0, 1.0), ("clip(w, 0, 1)", 0.5, 1.0), ("floor(w)", 1.5, 0.0),
        ("logaddexp(w, 0)", 0.0, 0.5), ("softplus(w)", 1e9, 1.0), ("tanh(w)", 1e9, 0.0), ("log2(w)", 1.0, 1 / math.log(2)),
    ],
)  # fmt: skip
def test_derivatives(text: str, w: float, expected: float) -> None:
    found = limit(text, w)
    assert found.exists
    assert found.value == pytest.approx(expected, rel=1e-15, abs=0)
    assert found.describe("here") == ""


@pytest.mark.parametrize(
    "name", sorted(set(FUNCTIONS) - {"where", "clip", "min", "max", "arctan2", "hypot", "logaddexp"})
)
def test_functions_against_mpmaths_own_derivative(name: str) -> None:
    own = {"abs": abs, "arcsin": mpmath.asin, "arccos": mpmath.acos, "arctan": mpmath.atan, "square": lambda x: x * x,
           "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "relu": lambda x: max(x, 0),
           "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
           "cbrt": mpmath.cbrt, "log2": lambda x: mpmath.log(x, 2)}  # fmt: skip
    function = own.get(name) or getattr(mpmath, {"ceil": "ceil"}.get(name, name))
    with mpmath.workdps(40):
        expected = float(mpmath.diff(function, mpmath.mpf(0.3)))
    assert limit(f"{name}(w)", 0.3).value == pytest.approx(expected, rel=1e-14, abs=1e-20)


@pytest.mark.parametrize(
    ("text", "w", "left", "right", "words"),
    [
        ("abs(w)", 0.0, -1, 1, "the slope is -1 from the left and 1 from the right"),
        ("relu(w)", 0.0, 0, 1, "the slope is 0 from the left and 1 from the right"),
        ("max(w, 2*w)", 0.0, 1, 2, "no derivative"),
        ("floor(w)", 1.0, math.inf, 0, "the function jumps"),
        ("sign(w)", 0.0, math.inf, math.inf, "the function jumps"),
        ("cbrt(w)", 0.0, math.inf, math.inf, "the slope is infinite"),
        ("sqrt(abs(w))", 0.0, -math.inf, math.inf, "the slope is infinite"),
        ("sqrt(w)", 0.0, math.nan, math.inf, "defined on the right only, where its slope is inf"),
        ("w**w", 0.0, math.nan, -math.inf, "defined on the right only"),
        ("sqrt(1 - w)", 1.0, -math.inf, math.nan, "defined on the left only"),
        ("arcsin(w) + 0*sqrt(w - 1)", 1.0, math.nan, math.nan, "not defined on either side"),
    ],
)
def test_where_there_is_none(text: str, w: float, left: float, right: float, words: str) -> None:
    found = limit(text, w)
    assert not found.exists
    np.testing.assert_equal((found.left, found.right), (left, right))
    assert words in found.describe(f"At w = {w:g}")


def test_higher_derivatives() -> None:
    found = limit("sin(w)", 0.7)
    assert (found.curvature, found.third) == pytest.approx((-math.sin(0.7), -math.cos(0.7)), rel=1e-15)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_rows(reduction: str) -> None:
    x, y = np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 3.0])
    found = Precise(parse_expression("(y - w*x)**2"), reduction, {"x": x, "y": y}).limit({"w": 0.5}, "w")
    expected = -2 * ((y - 0.5 * x) * x).sum() / (3 if reduction == "mean" else 1)
    assert found.value == pytest.approx(expected, rel=1e-15)


def test_huge_exponents_do_not_fill_the_memory() -> None:
    start = time.perf_counter()
    assert limit("where(w < 0, exp(exp(exp(1e300*w))) + cosh(1e300*w)*2**(1e300*w), w)", 1.0).value == 1.0
    assert time.perf_counter() - start < 20  # it would never end


def test_what_is_affordable() -> None:
    tree = parse_expression("(y - w*sin(x))**2")
    assert Precise(tree, "sum", {"x": np.ones(10), "y": np.ones(10)}).affordable(2)
    assert not Precise(tree, "sum", {"x": np.ones(10_000), "y": np.ones(10_000)}).affordable(2)
