"""Problems from text."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import FormulaError, ModelError
from steepest.fitting.problems import expression_problem, network_starts

COLUMNS = {"x": np.array([100.0, 200.0, 300.0]), "z": np.array([7.0, 7.0, 7.0]), "y": np.array([1e6, 2e6, 4e6])}


def test_a_network_of_columns_standardises_inside_and_keeps_names() -> None:
    problem = sd.network_problem("y ~ mlp(x, z, 3, activation=tanh)", COLUMNS)
    params = {name: np.asarray(value) for name, value in problem.start.items()}
    hidden = np.tanh(
        np.array([[-np.sqrt(1.5), 0.0], [0.0, 0.0], [np.sqrt(1.5), 0.0]]) @ params["0.weight"].T + params["0.bias"]
    )
    y = COLUMNS["y"]
    expected = y.mean() + y.std() * (hidden @ params["2.weight"][0] + params["2.bias"])
    outputs, _ = problem.predict(problem.start, problem.initial_state, problem.data.inputs, sd.Key(0), False)
    np.testing.assert_allclose(outputs, expected, rtol=1e-13)
    assert set(problem.data.inputs) == {"x", "z"}
    assert problem.target_name == "y"


def test_pictures_of_a_network_of_columns_have_names_units_and_layers() -> None:
    problem = sd.network_problem("y ~ mlp(x, 3, activation=tanh)", COLUMNS)
    run = sd.Run(problem, sd.Descent(sd.Adam(), 0.01), steps=3, hooks=[sd.Watch(every=1, say=None)]).finish()
    axes = run.plot.predictions().axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y")
    assert axes.get_xlim()[1] > 250
    assert run.plot.topology().get_suptitle() == "Network: 1 → 3 → 1, 10 parameters"
    assert run.plot.layers().axes


def test_starts_suit_the_network() -> None:
    problem = sd.network_problem("y ~ mlp(x, z, 3)", COLUMNS, seed=4)
    first, second = network_starts(problem, 2, seed=4)
    for name, value in first.items():
        np.testing.assert_array_equal(value, problem.start[name])
    assert (second["0.weight"] != first["0.weight"]).all()


def test_a_network_of_classes_and_one_inside_a_formula_are_problems_too() -> None:
    data = {
        "x": [1.0, 2.0, 3.0, 4.0],
        "kind": ["a", "b", "a", "b"],
        "y": ["no", "yes", "no", "yes"],
        "t": [2.0, 0.0, 1.0, 5.0],
    }
    problem = sd.network_problem("y ~ mlp(x, kind, 3)", data)
    assert (list(problem.data.inputs), problem.loss_function.name) == (["x", "kind = a", "kind = b"], "cross_entropy")
    assert problem.data.target.tolist() == [0, 1, 0, 1]
    assert problem.outputs(problem.start).shape == (4, 2)
    law = sd.network_problem("t ~ a*x + mlp(kind, 3)", data)
    assert "law" in law.start
    assert law.outputs(law.start).shape == (4,)


def test_an_expression() -> None:
    problem = expression_problem("(1 - x)**2 + 100*(y - x**2)**2", {"y": 1.0, "x": -1.2})
    assert problem.value(problem.start) == pytest.approx(24.2)
    with pytest.raises(ModelError, match="'y' has no start"):
        expression_problem("x + y", {"x": 1.0})
    with pytest.raises(FormulaError, match="only numbers"):
        expression_problem("1 + 2", {})
