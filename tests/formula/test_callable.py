from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from formula.random_trees import NAMES, gentle_trees, is_well_conditioned, trees, value_by_python
from steepest.autodiff import ops
from steepest.autodiff.tensor import tensor
from steepest.base.errors import FormulaError
from steepest.formula.callable import compile_tree
from steepest.formula.parser import parse_expression
from steepest.formula.tree import Node


def run(text: str, **values: Any) -> Any:
    return compile_tree(parse_expression(text), text)(values)


def compiled(tree: Node) -> Callable[..., Any] | None:
    try:
        return compile_tree(tree)
    except FormulaError:  # 1/0 somewhere in the random tree
        return None


@settings(deadline=None, max_examples=50)
@given(tree=gentle_trees, inputs=st.lists(st.floats(0.5, 1.5), min_size=len(NAMES), max_size=len(NAMES)))
def test_values_are_those_that_python_computes_in_40_digits(tree: Node, inputs: list[float]) -> None:
    values = dict(zip(NAMES, inputs))
    assume(is_well_conditioned(tree, values))
    function = compiled(tree)
    if function is None:
        return
    value = function({name: np.array([value]) for name, value in values.items()})
    expected = value_by_python(tree, values)
    assert float(np.ravel(value)[0]) == pytest.approx(expected, rel=1e-8)


@settings(deadline=None, max_examples=50)
@given(tree=trees)
def test_any_tree_computes_without_a_warning_or_is_not_finite(tree: Node) -> None:
    function = compiled(tree)
    if function is None:
        return
    x = np.array([-1.0, 0.0, np.nan, np.inf, 1e300])
    result = function(dict.fromkeys([*NAMES, "wind speed", "lambda", "a`b", "é"], x))
    assert np.shape(result) in ((), x.shape)


@pytest.mark.parametrize(
    ("text", "part", "position"),
    [
        ("a + 1/0", "1/0", 4),
        ("a*log(-1)", "log(-1)", 2),
        ("9**9**9**9*a", "9**9**9", 3),
        ("(-8)**(1/3) + a", "(-8)**(1/3)", 0),
        ("a*10**400", "10**400", 2),
        ("arcsin(2)*a", "arcsin(2)", 0),
        ("sqrt(2 - 3)", "sqrt(2 - 3)", 0),
        ("0/0", "0/0", 0),
        ("log(0)", "log(0)", 0),
    ],
)
def test_numbers_that_make_no_number(text: str, part: str, position: int) -> None:
    with pytest.raises(FormulaError) as caught:
        compile_tree(parse_expression(text), text)
    assert str(caught.value).startswith(f"{part} is not a finite number.\n  {text}\n")
    assert caught.value.position == position


def test_without_the_text_the_error_has_no_caret() -> None:
    with pytest.raises(FormulaError) as caught:
        compile_tree(parse_expression("a + 1/0"))
    assert str(caught.value) == "1/0 is not a finite number."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2*pi", 6.283185307179586),
        ("where(1 < 2, 3, 4)", 3.0),
        ("where(1 == 2, 3, 4)", 4.0),
        ("-2**2", -4.0),
        ("2**-2", 0.25),
    ],
)
def test_numbers_alone(text: str, expected: float) -> None:
    assert run(text) == expected


def test_a_subtree_that_appears_twice_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("sin", "exp"):
        original = getattr(ops, name)
        monkeypatch.setattr(ops, name, lambda x, name=name, original=original: (calls.append(name), original(x))[1])
    function = compile_tree(parse_expression("sin(2*x) + exp(sin(2*x))*sin(2*x) + exp(3)"))
    assert calls == ["exp"]  # exp(3) is a number
    function({"x": np.array([1.0])})
    assert sorted(calls) == ["exp", "exp", "sin"]
    function({"x": np.array([1.0])})
    assert sorted(calls) == ["exp", "exp", "exp", "sin", "sin"]


def test_long_formulas_hold_few_arrays() -> None:
    terms = " + ".join(f"sin({k}*x)" for k in range(1, 200))
    function = compile_tree(parse_expression(terms))
    assert len(function.__self__.start) < 420  # 199 literals, x and a handful
    x = np.linspace(0, 1, 7)
    np.testing.assert_allclose(function({"x": x}), sum(np.sin(k * x) for k in range(1, 200)), rtol=1e-13)


def test_registers_are_not_mixed_up() -> None:
    x = np.array([0.3, 1.7])
    np.testing.assert_array_equal(
        run("(x + 1)*(x + 2) - (x + 1)/(x + 2) + x", x=x), (x + 1) * (x + 2) - (x + 1) / (x + 2) + x
    )
    np.testing.assert_array_equal(run("x*x - x", x=x), x * x - x)
    np.testing.assert_array_equal(run("(x + 1)**2 + (x + 1)*(x + 1)**2", x=x), (x + 1) ** 2 + (x + 1) * (x + 1) ** 2)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "bool", ">f8", ">i4", "float16"])
def test_any_kind_of_number_will_do(dtype: str) -> None:
    x = np.array([0, 1, 1], dtype=dtype)
    np.testing.assert_array_equal(run("2**-x - 300*x", x=x), [1.0, -299.5, -299.5])


def test_float32_stays_float32() -> None:
    x = np.array([1, 2], dtype=np.float32)
    assert run("2*pi*x + sin(x)**2", x=x).dtype == np.float32


def test_python_numbers_and_lists() -> None:
    assert run("1/x", x=0) == np.inf
    assert np.isnan(run("x**0.5", x=-1))
    assert run("x**-1", x=2) == 0.5
    np.testing.assert_array_equal(run("x + 1", x=[1, 2]), [2.0, 3.0])


def test_arrays_are_left_alone() -> None:
    x = np.arange(6.0)
    x.flags.writeable = False
    np.testing.assert_array_equal(run("x*2", x=x[::2]), [0, 4, 8])
    np.testing.assert_array_equal(run("-x", x=x[::-1]), -x[::-1])
    assert run("x", x=x) is x


def test_no_warnings_but_plain_infinities() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(run("exp(1000*x) + log(x)*0", x=np.array([1.0, 0.0])), [np.inf, np.nan])


def test_a_name_without_a_value() -> None:
    with pytest.raises(FormulaError, match="no value for 'b'; values were given for a"):
        run("a + b", a=1.0)


def test_tensors_go_through_and_have_gradients() -> None:
    a, b = tensor(2.0).requires_grad_(), tensor(0.5).requires_grad_()
    x = np.array([0.0, 1.0, 2.0])
    result = run("a*exp(-b*x) + where(x > 1, a**2, 0*x)", a=a, b=b, x=x)
    result.sum().backward()
    # d/da = sum exp(-b x) + 2 a at x = 2; d/db = -sum a x exp(-b x)
    assert float(a.grad.data) == pytest.approx(np.exp(-0.5 * x).sum() + 4.0, rel=1e-14)
    assert float(b.grad.data) == pytest.approx(-(2.0 * x * np.exp(-0.5 * x)).sum(), rel=1e-14)
