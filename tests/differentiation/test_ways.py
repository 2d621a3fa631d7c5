"""The four ways side by side, on formulas and functions, and where they disagree or fail."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.formula.random_trees import NAMES, gentle_trees

import steepest as sd
from steepest import DataError, DifferentiationError, FormulaError, ModelError, ShapeError
from steepest.differentiation import ways as ways_module
from steepest.differentiation.reference import AUTOMATIC, EXTENDED, EXTRAPOLATED, LIMIT
from steepest.differentiation.ways import Way, Ways, evaluations
from steepest.formula.tree import Node, names

ROWS = [
    "symbolic", "numerical, one-sided", "numerical, central", "numerical, complex-step",
    "automatic, reverse", "automatic, forward",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test looks at times."""
    monkeypatch.setattr(ways_module, "_SECONDS", 0.0)


def row(ways: Ways, name: str) -> Way:
    return next(each for each in ways.rows if each.name == name)


def value(ways: Ways, name: str) -> float:
    gradient = row(ways, name).gradient
    assert gradient is not None
    return float(gradient[0])


def test_the_lectures_example() -> None:
    # d/dw -log σ(w x) = -x σ(-w x); at w = 0.5, x = 2: -2/(1 + e)
    ways = sd.ways("-log(sigmoid(w*x))", {"w": 0.5, "x": 2.0}, wrt="w")
    expected = -2 / (1 + math.e)
    assert [each.name for each in ways.rows] == ["manual", *ROWS]
    assert ways.reference.source == LIMIT
    assert ways.subject.value == pytest.approx(math.log(1 + math.exp(-1)), rel=1e-15)
    for each in ways.rows:
        assert each.gradient is not None
        assert each.gradient[0] == pytest.approx(expected, rel=1e-6)
        assert each.seconds is not None
        assert each.seconds > 0
    digits = {each.name: each.digits for each in ways.rows}
    assert all(digits[name] > 15 for name in ("manual", "symbolic", "numerical, complex-step", ROWS[-1], ROWS[-2]))
    assert 6.5 < digits["numerical, one-sided"] < 9 < digits["numerical, central"] < 12.5
    assert [each.evaluations for each in ways.rows] == [0, 0, 2, 2, 1, 1, 1]
    assert ways.derivation.text("w") == "-(1 - sigmoid(w*x))*x"
    assert ways.remarks == []


@pytest.mark.parametrize("n", [1, 2, 5])
def test_evaluations_are_counted_and_grow_as_told(n: int) -> None:
    calls = 0

    def f(w: Any) -> Any:
        nonlocal calls
        calls += 1
        return np.tanh(w).sum()

    ways = sd.ways(f, np.linspace(0.1, 1, n))
    for each in ways.rows[1:]:
        assert each.evaluations == evaluations(n)[each.name][0], each.name
    calls = 0
    sd.grad(f)(np.linspace(0.1, 1, n))
    assert calls == 1
    assert {name: counts for name, (counts, _) in evaluations(100).items()} == {
        "numerical, one-sided": 101, "numerical, central": 200, "numerical, complex-step": 100,
        "automatic, reverse": 1, "automatic, forward": 1,
    }  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(tree=gentle_trees, inputs=st.lists(st.floats(0.5, 1.5), min_size=len(NAMES), max_size=len(NAMES)))
def test_random_formulas_never_break(tree: Node, inputs: list[float]) -> None:
    assume(names(tree))
    values = {name.name: value for name, value in zip(names(tree), inputs)}
    try:
        ways = sd.ways(str(tree), values)
    except (ModelError, FormulaError):  # not finite there
        return
    assert len(ways.rows) >= 6
    automatic = row(ways, "automatic, reverse")
    if np.isfinite(ways.reference.gradient).all():
        assert automatic.gradient is not None
        np.testing.assert_allclose(automatic.gradient, ways.reference.gradient, rtol=1e-5, atol=1e-7)


def test_an_absolute_value_at_0() -> None:
    ways = sd.ways("abs(x)", 0.0)
    assert value(ways, "numerical, central") == 0
    assert value(ways, "numerical, one-sided") == 1
    assert value(ways, "automatic, reverse") == 0
    assert "where there is no derivative, a convention" in row(ways, "automatic, reverse").note
    assert row(ways, "numerical, complex-step").note == "not possible: abs is not complex differentiable"
    assert ways.remarks == ["At x = 0: there is no derivative, the slope is -1 from the left and 1 from the right."]
    assert all(each.digits is None for each in ways.rows)


def test_a_kink_in_one_parameter_leaves_the_others_their_digits() -> None:
    ways = sd.ways("max(a, b)**2*x", {"a": 1.0, "b": 1.0, "x": 3.0})
    np.testing.assert_equal(ways.reference.gradient, [math.nan, math.nan, 1.0])
    assert row(ways, "automatic, reverse").digits == 16
    assert len(ways.remarks) == 2


@pytest.mark.parametrize(
    ("text", "at", "central", "automatic", "words"),
    [
        ("relu(x)", 0.0, 0.5, 0.0, "the slope is 0 from the left and 1 from the right"),
        ("max(x, 3*x)", 0.0, 2.0, 2.0, "the slope is 1 from the left and 3 from the right"),
        ("floor(x)*x", 2.0, None, 2.0, "the function jumps"),
        ("sqrt(x)", 0.0, math.nan, math.inf, "defined on the right only"),
        ("cbrt(x)", 0.0, None, math.inf, "the slope is infinite"),
    ],
)
def test_kinks_and_edges(text: str, at: float, central: float | None, automatic: float, words: str) -> None:
    ways = sd.ways(text, at)
    assert any(words in remark for remark in ways.remarks)
    np.testing.assert_equal(value(ways, "automatic, reverse"), automatic)
    if central is not None:
        np.testing.assert_equal(value(ways, "numerical, central"), central)


@pytest.mark.parametrize("name", ["abs", "relu", "sign", "floor", "ceil"])
def test_a_complex_step_says_what_stops_it(name: str) -> None:
    ways = sd.ways(f"{name}(w)*w", 1.3)
    assert row(ways, "numerical, complex-step").note == f"not possible: {name} is not complex differentiable"
    assert row(sd.ways(f"w*{name}(x)", {"w": 1.0, "x": 1.3}, wrt="w"), "numerical, complex-step").digits == 16


def test_a_complex_step_needs_complex_numbers() -> None:
    ways = sd.ways("cbrt(w) + hypot(w, 2)", 1.3)
    assert row(ways, "numerical, complex-step").note == (
        "not possible: cbrt takes no complex numbers and hypot takes no complex numbers"
    )


def test_scales() -> None:
    # by hand: d exp(1e300 w) = 1e300 at 0; a step of 1e-8 is far too wide
    ways = sd.ways("exp(w*1e300)", 0.0)
    assert value(ways, "automatic, reverse") == value(ways, "symbolic") == 1e300
    assert "not finite one step away" in row(ways, "numerical, one-sided").note
    assert "The complex step keeps 0.0 digits" in " ".join(ways.remarks)
    tiny = sd.ways("(w*1e300)**2", 1e-300)
    assert value(tiny, "automatic, reverse") == pytest.approx(2e300, rel=1e-14)
    for ways in (tiny, sd.ways("w**3", 1e-310), sd.ways("log(w)", 1e300), sd.ways("w*1e-300", 1.0)):
        assert str(ways)
        assert row(ways, "symbolic").digits >= 15


def test_a_symbolic_derivative_that_cancels_is_told() -> None:
    # 1 - sigmoid(40) is 0 in float64
    ways = sd.ways("-log(sigmoid(w*x))", {"w": 20.0, "x": 2.0}, wrt="w")
    assert row(ways, "symbolic").digits == 0
    assert row(ways, "automatic, reverse").digits > 15
    assert ways.remarks[0].startswith("The symbolic expression keeps 0.0 digits here")


def test_a_symbolic_derivative_that_is_not_finite_names_the_operation() -> None:
    ways = sd.ways("x**w", {"w": 2.0, "x": 0.0}, wrt="w")
    assert math.isnan(value(ways, "symbolic"))
    assert ways.remarks == ["The symbolic expression is not finite at w = 2: log(0) gives -inf."]
    assert row(sd.ways("0**w", 2.0), "symbolic").note.startswith("not possible: log(0) is not a finite number")


@pytest.mark.parametrize(
    ("f", "at", "error", "message"),
    [
        ("log(w)", 0.0, ModelError, r"log\(w\) is -inf at w = 0: log\(0\) gives -inf. Choose another point"),
        ("1/w", 0.0, ModelError, r"div\(1, 0\) gives inf"),
        ("w", math.nan, ModelError, "'w' must be finite, not nan"),
        ("w*x", {"w": 1.0}, ModelError, "'x' has no value"),
        ("w*x", 1.0, ModelError, "say which name has which value"),
        ("w*x", {"w": 1.0, "x": 2.0, "z": 3.0}, ModelError, "'z' is not in w\\*x"),
        ("w", {"w": "text"}, ModelError, "must be a number or an array of numbers, not str"),
        ("w", {"w": [[1.0], [1.0, 2.0]]}, ModelError, "must be a number or an array"),
        ("3", 1.0, ModelError, "no name in 3"),
        ("w*x", {"w": 1.0, "x": [1.0, 2.0]}, ShapeError, "gives 2 values"),
        ("sum(w*x*y)", {"w": 1.0, "x": [1.0, 2.0], "y": [1.0]}, ShapeError, "x 2, y 1"),
        ("w +", 1.0, FormulaError, "missing"),
        (lambda w: None, 1.0, DifferentiationError, "must return one real number, not NoneType"),
        (lambda w: w * np.ones(3), 1.0, ShapeError, "gives 3 values"),
        (lambda w: np.log(w), -1.0, ModelError, r"log\(-1\) gives nan"),
        (lambda w: w.sum(), np.ones(0), ModelError, "no element"),
        (lambda w: w, {}, ModelError, "at least one argument"),
        (7, 1.0, ModelError, "a formula or a function to differentiate, not int"),
    ],
)
def test_bad_input_is_one_clear_error(f: Any, at: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sd.ways(f, at)


def test_more_refusals() -> None:
    with pytest.raises(ModelError, match="data and reduction belong to formulas"):
        sd.ways(np.sin, 1.0, data={"x": [1.0]})
    with pytest.raises(ModelError, match="is a column of the data and has a value too"):
        sd.ways("sum(w*x)", {"w": 1.0, "x": 2.0}, data={"x": [1.0]})
    with pytest.raises(DataError, match="missing"):
        sd.ways("sum(w*x)", 1.0, data={"x": [1.0, None]})
    with pytest.raises(ModelError, match="wrt needs the arguments by name"):
        sd.ways(np.sin, 1.0, wrt="y")
    ways = sd.ways("w**2", 1.0)
    for element in ("v", 1, -2):
        with pytest.raises(ModelError):
            ways.curves(element)
    with pytest.raises(DifferentiationError, match="no symbolic form: amax"):
        sd.ways(lambda w: np.max(w), np.array([1.0, 2.0])).derivation  # noqa: B018


def test_data_in_any_form(tmp_path: Path) -> None:
    x, y = np.arange(5.0), np.array([0.1, 1.2, 1.9, 3.2, 3.9])
    (tmp_path / "line.csv").write_text("x,y\n" + "\n".join(f"{a},{b}" for a, b in zip(x, y)))
    expected = [-2 * np.mean(y - x), -2 * np.mean((y - x) * x)]
    for data in ({"x": x, "y": y}, tmp_path / "line.csv"):
        ways = sd.ways("y ~ a + b*x", {"a": 0.0, "b": 1.0}, data=data)
        for each in ways.rows:
            assert each.gradient is not None
            np.testing.assert_allclose(each.gradient, expected, rtol=1e-5, atol=1e-8)
        assert ways.rows[0].note == "textbook"


def test_products_of_vectors() -> None:
    rng = np.random.default_rng(0)
    x, w, y = rng.normal(size=(6, 3)), rng.normal(size=3), rng.normal(size=6)
    ways = sd.ways("y ~ sigmoid(dot(w, x))", {"w": w, "x": x, "y": y}, wrt="w", reduction="sum")
    assert ways.subject.elements == ("w[0]", "w[1]", "w[2]")
    p = 1 / (1 + np.exp(-x @ w))
    np.testing.assert_allclose(ways.reference.gradient, -2 * ((y - p) * p * (1 - p)) @ x, rtol=1e-13)
    assert row(ways, "symbolic").digits > 13
    assert row(ways, "automatic, forward").digits > 13


def test_functions() -> None:
    ways = sd.ways(lambda w, x: -np.log(sd.ops.sigmoid(w * x)), {"w": 0.5, "x": 2.0}, wrt="w")
    assert ways.rows[0].note.startswith("textbook") or ways.rows[0].name == "symbolic"
    assert ways.reference.source == LIMIT
    assert value(ways, "symbolic") == pytest.approx(-2 / (1 + math.e), rel=1e-14)
    matrix = sd.ways(lambda w: np.trace(w @ w), np.arange(4.0).reshape(2, 2))
    np.testing.assert_allclose(matrix.reference.gradient, 2 * np.arange(4.0).reshape(2, 2).T.ravel())
    assert matrix.derivation.text("w[0, 1]") == "2*w[1, 0]"
    assert sd.ways(lambda w: w**2 if w > 0 else -w, 1.0).reference.source == AUTOMATIC


def test_functions_of_bare_numbers() -> None:
    ways = sd.ways(lambda w: math.sin(w), 1.0)
    assert ways.reference.source == EXTRAPOLATED
    assert ways.reference.gradient[0] == pytest.approx(math.cos(1.0), rel=1e-9)
    assert row(ways, "symbolic").note == "no symbolic form: float(), as in math.sin(t)"
    assert row(ways, "numerical, complex-step").note == "not possible: the function takes no complex numbers"
    assert row(ways, "automatic, reverse").note.startswith("not possible: float()")
    assert value(ways, "numerical, central") == pytest.approx(math.cos(1.0), rel=1e-9)


def test_functions_that_cannot_be_computed_beside_the_point() -> None:
    ways = sd.ways(lambda w: math.sqrt(w), 0.0)
    assert math.isnan(value(ways, "numerical, central"))
    assert "not finite one step away" in row(ways, "numerical, central").note
    with pytest.raises(ModelError, match="the function cannot be computed at w = -1: math domain error"):
        sd.ways(lambda w: math.sqrt(w), -1.0)
    with pytest.raises(ModelError, match="cannot be computed at w = 0: float division by zero"):
        sd.ways(lambda w: 1 / float(w), 0.0)
    with pytest.raises(NameError):  # a mistake in the function is the user's to see
        sd.ways(lambda w: undefined(w), 0.0)  # type: ignore[name-defined]  # noqa: F821


def test_many_rows_are_measured_against_longer_floats() -> None:
    x = np.arange(1e4)
    ways = sd.ways("mean((y - a - b*x)**2)", {"a": 0.0, "b": 1.0}, data={"x": x, "y": x + 1})
    assert ways.reference.source == EXTENDED
    np.testing.assert_allclose(ways.reference.gradient, [-2, -2 * x.mean()], rtol=1e-15)


def test_what_would_take_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways_module, "_TOO_LONG", 0.0)
    ways = sd.ways("w**2", 1.0)
    assert row(ways, "numerical, central").note.startswith("left out: it would take about")
    assert row(ways, "numerical, central").gradient is None
    assert "left out" in str(ways)


def test_inputs_are_left_alone() -> None:
    w = np.array([1.0, 2.0, 3.0, 4.0])[::2]
    w.flags.writeable = False
    ways = sd.ways(lambda v: (v**2).sum(), w)
    np.testing.assert_array_equal(ways.reference.gradient, [2, 6])
    np.testing.assert_array_equal(w, [1, 3])
    assert ways.subject.vector.dtype == np.float64
    sd.ways(lambda v: (v**2).sum(), np.ones(2, np.float32))
