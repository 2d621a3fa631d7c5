from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from steepest.autodiff.tensor import tensor
from steepest.base.errors import FormulaError, ShapeError
from steepest.formula.formula import Formula

CO2 = "co2 ~ a + b*t + c*t**2 + d*sin(2*pi*t) + f*cos(2*pi*t)"


def test_what_a_formula_knows_without_data() -> None:
    formula = Formula("log(`wind speed`) ~ a*exp(-b*t) + `wind speed` - a")
    assert formula.text == "log(`wind speed`) ~ a*exp(-b*t) + `wind speed` - a"
    assert formula.target_name == "log(`wind speed`)"
    assert formula.names == ("a", "b", "t", "wind speed")
    assert str(formula.tree) == "a*exp(-b*t) + `wind speed` - a"
    assert Formula("`wind speed` ~ a").target_name == "wind speed"


def test_formulas_are_values() -> None:
    formula = Formula(CO2)
    assert formula == Formula(CO2.replace(" ", ""))
    assert formula != Formula("co2 ~ a + b*t")
    assert formula != CO2
    assert len({formula, Formula(CO2)}) == 1
    assert pickle.loads(pickle.dumps(formula)) == formula
    assert copy.deepcopy(formula) == formula
    assert eval(repr(formula), {"Formula": Formula}) == formula
    assert str(Formula("y~a*(x)")) == "y ~ a*x"


def test_binding_splits_columns_from_parameters() -> None:
    bound = Formula(CO2).bind(["t", "co2", "station"])
    assert bound.parameters == ("a", "b", "c", "d", "f")
    assert bound.columns == ("t",)
    assert bound.target_columns == ("co2",)
    assert bound.target_text == "co2"
    assert bound.suspicious == ()
    assert Formula(CO2).bind({"t": 0, "co2": 1, "a": 2}).parameters == ("b", "c", "d", "f")


def test_a_function_name_without_brackets_is_a_name() -> None:
    bound = Formula("y ~ exp*t + e").bind(["t", "y"])
    assert bound.parameters == ("exp", "e")
    assert Formula("y ~ exp*t + e").bind(["t", "y", "exp"]).columns == ("exp", "t")


@pytest.mark.parametrize(
    ("text", "columns", "position", "message"),
    [
        ("speed ~ a*t", ["time", "sped"], 0, "no column 'speed'. Did you mean sped?"),
        ("log(k*y) ~ a*t", ["t", "y"], 4, "no column 'k'. The columns are t, y."),
        ("y/k ~ a*t", ["t", "y"], 2, "The left side is made of columns"),
        (
            "y ~ a*`wind speed`",
            ["y", "wind_speed"],
            6,
            "Backquotes mean a column.*'wind speed'. Did you mean wind_speed?",
        ),
        (
            "y ~ a*`q`",
            [*(f"column {k}" for k in range(30)), "y"],
            6,
            "The first of the 31 columns are column 0, .*column 19.\n",
        ),
        ("y ~ a*t", [], 0, "The data has no columns."),
        ("y ~ t + x", ["t", "x", "y"], 4, "every name on the right side is a column"),
        ("y ~ 2*pi", ["y"], 4, "only numbers"),
        ("1 ~ a*t", ["t"], 0, "The left side names no column"),
    ],
)
def test_formulas_that_do_not_fit_the_data(text: str, columns: list[str], position: int, message: str) -> None:
    with pytest.raises(FormulaError, match=message) as caught:
        Formula(text).bind(columns)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        ("tmie", ["time", "y"], (("tmie", "time"),)),
        ("temprature", ["temperature", "y"], (("temprature", "temperature"),)),
        ("Time", ["time", "y"], (("Time", "time"),)),
        ("T", ["t", "y"], ()),
        ("a", ["b", "y"], ()),
        ("tau", ["time", "y"], ()),
    ],
)
def test_parameters_that_look_like_columns(
    name: str, columns: list[str], expected: tuple[tuple[str, str], ...]
) -> None:
    bound = Formula(f"y ~ {name}*a1").bind(columns)
    assert bound.parameters == (name, "a1")
    assert bound.suspicious == expected


def test_prediction() -> None:
    bound = Formula(CO2).bind(["t", "co2"])
    t = np.array([0.0, 0.25, 0.5])
    params = {"a": 300.0, "b": 2.0, "c": 0.5, "d": 3.0, "f": -1.0}
    np.testing.assert_allclose(bound.predict(params, {"t": t}), [299.0, 303.53125, 302.125], rtol=1e-15)


def test_a_prediction_that_reads_no_column_has_a_value_a_row() -> None:
    bound = Formula("y ~ c*2").bind(["y"])
    np.testing.assert_array_equal(bound.predict({"c": 1.5}, {}, rows=3), [3.0, 3.0, 3.0])
    np.testing.assert_array_equal(bound.predict({"c": 1.5}, {"y": np.zeros(2)}), [3.0, 3.0])
    assert bound.predict({"c": 1.5}, {"y": np.zeros(0)}).shape == (0,)
    assert bound.predict({"c": 1.5}, {}) == 3.0
    c = tensor(1.5).requires_grad_()
    bound.predict({"c": c}, {}, rows=4).sum().backward()
    assert float(c.grad.data) == 8.0


def test_empty_and_one_row() -> None:
    bound = Formula("y ~ a*x").bind(["x", "y"])
    assert bound.predict({"a": 2.0}, {"x": np.zeros(0)}).shape == (0,)
    np.testing.assert_array_equal(bound.predict({"a": 2.0}, {"x": np.array([3])}), [6.0])


def test_columns_must_have_one_shape() -> None:
    bound = Formula("y ~ a*x + z").bind(["x", "y", "z"])
    with pytest.raises(ShapeError, match=r"x \(3,\), z \(3, 1\)"):
        bound.predict({"a": 1.0}, {"x": np.zeros(3), "z": np.zeros((3, 1))})
    with pytest.raises(ShapeError, match=r"y \(3,\), z \(2,\)"):
        Formula("y/z ~ a").bind(["y", "z"]).observed({"y": np.zeros(3), "z": np.ones(2)})
    assert bound.predict({"a": 1.0}, {"x": np.zeros(3), "z": 1.0}).shape == (3,)


def test_what_is_missing_is_named() -> None:
    bound = Formula("y ~ a*x").bind(["x", "y"])
    with pytest.raises(FormulaError, match="The parameter 'a' has no value"):
        bound.predict({}, {"x": np.zeros(3)})
    with pytest.raises(FormulaError, match="The column 'x' has no value"):
        bound.predict({"a": 1.0}, {})
    with pytest.raises(FormulaError, match="The column 'y' has no value"):
        bound.observed({"x": np.zeros(3)})


def test_observed_and_back() -> None:
    bound = Formula("log(y) ~ a + b*x").bind(["x", "y"])
    y = np.array([1.0, np.e, 10.0])
    np.testing.assert_allclose(bound.observed({"y": y}), [0.0, 1.0, np.log(10.0)], rtol=1e-15)
    np.testing.assert_allclose(bound.invert_target(bound.observed({"y": y})), y, rtol=1e-15)
    assert Formula("y**2 ~ a").bind(["y"]).invert_target(y) is None


def test_numbers_that_make_no_number_are_found_at_once() -> None:
    with pytest.raises(FormulaError, match="10\\*\\*400 is not a finite number"):
        Formula("y ~ a*10**400")
    with pytest.raises(FormulaError, match="1/0 is not a finite number"):
        Formula("y*(1/0) ~ a")


def test_a_formula_with_a_network_knows_its_blocks_and_its_kind() -> None:
    formula = Formula("category(y) ~ mlp(., 8)")
    assert (formula.kind, formula.target_name, [str(block) for block in formula.blocks]) == (
        "category",
        "y",
        ["mlp(., 8)"],
    )
    assert eval(repr(formula), {"Formula": Formula}) == formula != Formula("y ~ mlp(., 8)")
    assert str(formula) == "category(y) ~ mlp(., 8)"
    with pytest.raises(FormulaError, match="only formulas without one"):
        formula.bind(["x", "y"])


def test_what_a_plain_formula_says_of_its_left_side() -> None:
    assert Formula("number(y) ~ a + b*x").bind(["x", "y"]).target_text == "y"
    with pytest.raises(FormulaError, match="Classes need a network"):
        Formula("category(y) ~ a + b*x").bind(["x", "y"])
