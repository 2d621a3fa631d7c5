"""What is differentiated, read from text; what does not fit is said."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest import FormulaError, ModelError, ShapeError
from steepest.differentiation.objective import chosen_names, read_objective

X, Y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 5.0])


@pytest.mark.parametrize(
    ("text", "reduction", "expected"),
    [
        # by hand, at w = 0.5: residuals 1.5, 2, 3.5
        ("sum((y - w*x)**2)", "sum", 18.5),
        ("mean((y - w*x)**2)", "mean", 18.5 / 3),
        ("sum(square(y - w*x))", "sum", 18.5),
        ("y ~ w*x", "mean", 18.5 / 3),
        (" sum ( w ) ", "sum", 0.5),
        ("sum(w + 0*x)", "sum", 1.5),
        ("sum(max(y, w))", "sum", 10.0),
        ("w**2", "", 0.25),
    ],
)
def test_readings(text: str, reduction: str, expected: float) -> None:
    objective = read_objective(text)
    assert objective.reduction == reduction
    assert float(objective.function()({"w": 0.5, "x": X, "y": Y})) == pytest.approx(expected, rel=1e-15)


def test_a_value_that_reads_no_column_counts_once_a_row() -> None:
    objective = read_objective("sum((y - w)**2)")
    # The derivative of sum(w + 0*x) is 1 in each of three rows.
    assert float(objective.reducing(read_objective("w").tree)({"w": 2.0, "x": X, "y": Y})) == 6.0
    assert read_objective("y ~ w", "sum").residual is not None


def test_formulas_take_a_reduction() -> None:
    assert read_objective("y ~ w*x", "sum").reduction == "sum"
    assert read_objective(sd.Formula("y ~ w*x")).reduction == "mean"
    with pytest.raises(ModelError, match=r"is a sum already; leave the reduction 'mean' away"):
        read_objective("sum(w*x)", "mean")
    with pytest.raises(ModelError, match="There are sum and mean"):
        read_objective("y ~ w*x", "median")


def test_products_of_vectors() -> None:
    objective = read_objective("y ~ sigmoid(dot(w, x)) + dot(v,z)")
    assert objective.names == ("y", "w", "x", "v", "z")
    rng = np.random.default_rng(0)
    values = {
        "w": rng.normal(size=2),
        "x": rng.normal(size=(3, 2)),
        "v": rng.normal(size=4),
        "z": rng.normal(size=(3, 4)),
        "y": Y,
    }
    expected = np.mean((Y - 1 / (1 + np.exp(-values["x"] @ values["w"])) - values["z"] @ values["v"]) ** 2)
    assert float(objective.function()(values)) == pytest.approx(float(expected), rel=1e-14)
    with pytest.raises(ShapeError, match=r"dot\(w, x\) takes w of shape \(k,\)"):
        objective.function()({**values, "w": np.ones(3)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 + sum(w*x)", r"sum\(...\) stands around the whole expression(.|\n)*\n  1 \+ sum\(w\*x\)\n      \^"),
        ("sum(x)*sum(y)", "stands around the whole expression"),
        ("sum()", "."),
        ("sum(x, y)", "."),
        ("sum(sine(x))", r"no function 'sine'(.|\n)*\n  sum\(sine\(x\)\)\n      \^"),
        ("dot(w, 2)", "no function 'dot'"),
        ("y ~ ~ x", "more than one ~"),
        ("", "empty"),
    ],
)
def test_refusals_point_at_the_text_as_it_was_written(text: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message):
        read_objective(text)


def test_shapes_and_missing_values() -> None:
    function = read_objective("sum(w*x*y)").function()
    with pytest.raises(ModelError, match="'y' has no value"):
        function({"w": 1.0, "x": X})
    with pytest.raises(ShapeError, match="x 3, y 2"):
        function({"w": 1.0, "x": X, "y": Y[:2]})
    with pytest.raises(ShapeError, match=r"shape \(3, 1\)"):
        function({"w": 1.0, "x": X[:, None], "y": Y})


def test_chosen_names() -> None:
    objective = read_objective("y ~ a + b*x")
    assert chosen_names(objective, None, ["x", "y"]) == ("a", "b")
    assert chosen_names(objective, "b", []) == ("b",)
    for wrt, message in (("c", "is not in"), ("x", "is a column"), ([], "at least one")):
        with pytest.raises(ModelError, match=message):
            chosen_names(objective, wrt, ["x", "y"])
