"""The first number that is not finite: operation, layer, row and step, from real runs; expected places found by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.doctor.trained import regression, sequences, times_as_large, train

import steepest as sd
from steepest.autodiff import ops
from steepest.doctor.non_finite import origin
from steepest.nn import Module, Sequential


class Exp(Module):
    def apply(self, params, state, x, key, training):
        return ops.exp(x), state


class Log(Module):
    def apply(self, params, state, x, key, training):
        return ops.log(x), state


def start(net, x, y, **options):
    params, state = net.init(0)
    return sd.Run(sd.Problem(net, params, x, y, state=state), sd.Descent(sd.SGD(), 1e-3, **options), steps=15).finish()


def test_operation_layer_and_row():
    x, y = regression()
    x[16] *= 3000.0
    net = Sequential(sd.Linear(6, 8), Exp(), sd.Linear(8, 1))
    found = origin(run := start(net, x, y))
    assert (run.outcome.name, run.steps_done) == ("non_finite", 0)
    assert (found.operation, found.layer, found.row) == ("exp", "Exp 1", 16)
    entry = x[16] @ run.problem.start["0.weight"].T
    assert found.inputs[0] == pytest.approx(entry[np.argmax(entry > 709.79)])
    assert found.value == np.inf
    assert "at row 17 of the data" in run.remarks[-1]
    assert "step 0" in run.remarks[-1]


def test_the_row_is_the_datas_not_the_batchs():
    x, y = regression()
    x[101] *= 3000.0
    run = start(Sequential(sd.Linear(6, 8), Exp(), sd.Linear(8, 1)), x, y, batches=sd.Batches(10))
    assert origin(run).row == 101
    run = start(Sequential(sd.Linear(6, 8), Exp(), sd.Linear(8, 1)), x, y, batches=sd.Batches(10, parts=3))
    assert origin(run).row == 101
    run = start(Sequential(sd.Linear(6, 8), Exp(), sd.Linear(8, 1)), x, y, batches=sd.Batches(10, "sequence"))
    assert origin(run).row == 101


def test_nan_in_a_layer_inside_a_network():
    x, y = regression()
    net = Sequential(sd.Linear(6, 4), Sequential(sd.Tanh(), Log()), sd.Linear(4, 1))
    found = origin(start(net, x, y))
    assert (found.operation, found.layer) == ("log", "Log 1.1")
    assert np.isnan(found.value)
    assert found.inputs[0] < 0


def test_a_time_step_is_named():
    weights = times_as_large(30.0, "orthogonal")
    net = Sequential(sd.RNN(2, 8, last=True, nonlinearity="relu", recurrent_init=weights), sd.Linear(8, 1))
    x, y = sequences(length=300)
    found = origin(start(net, x, y))
    assert found.layer.startswith("RNN 0, time step ")
    steps = int(found.layer.split()[-1])
    assert 100 < steps < 300  # 30**t passes 1e308 near t = 208, a little later where half of the units are off
    assert found.operation == "matmul"


def test_the_loss_is_named_when_it_overflows():
    x, y = regression()
    net = sd.Linear(6, 1)
    params, state = net.init(0)
    params["weight"] = np.full((1, 6), 1e200)
    run = sd.Run(sd.Problem(net, params, x, y, state=state), sd.Descent(sd.SGD(), 0.1), steps=3).finish()
    found = origin(run)
    assert (found.operation, found.layer) == ("square", "the loss")


def test_an_infinity_that_is_masked_is_not_blamed():
    x, y = regression()

    class Masked(Module):
        def apply(self, params, state, x, key, training):
            hidden = ops.log(x * 0.0)  # -inf everywhere, and chosen nowhere
            return ops.where(ops.greater(x, np.inf), hidden, x), state

    net = Sequential(sd.Linear(6, 4), Masked(), Exp(), Exp(), Exp(), sd.Linear(4, 1))
    x[5] *= 50
    found = origin(start(net, x, y))
    assert found.operation == "exp"
    assert found.layer.startswith("Exp")


def test_a_gradient_that_is_not_finite():
    class Root(Module):
        def apply(self, params, state, x, key, training):
            return ops.sqrt(ops.abs(x - x[0:1])), state  # 0 in the first row

    x, y = regression()
    found = origin(run := start(Sequential(sd.Linear(6, 4), Root(), sd.Linear(4, 1)), x, y))
    assert run.outcome.name == "non_finite"
    assert found.of_gradient
    assert (found.operation, found.layer, found.row, found.inputs) == ("sqrt", "Root 1", 0, (0.0,))


def test_parameters_that_an_update_spoilt():
    x, y = regression()
    run = train(sd.MLP(6, [8], 1), 10 * x, 100 * y, rate=1e308)
    assert run.outcome.name == "non_finite"
    assert any("The update of step 0 made " in remark and "the rate is 1e+308" in remark for remark in run.remarks)
    assert not any("matmul" in remark for remark in run.remarks)


def test_where_numbers_swell():
    x, y = regression()
    net = Sequential(sd.Linear(6, 8), Exp(), sd.Linear(8, 1))
    x[16] *= 400 / np.max(net.init(0)[0]["0.weight"] @ x[16])  # exp(400) is finite, its square is not
    run = start(net, x, y)
    assert run.outcome.name == "non_finite"
    assert "in the loss at row 17 of the data. The numbers swell in Exp 1, from" in run.remarks[-1]


# ---- functions and formulas
def test_a_function_without_data():
    run = sd.minimize(lambda x: np.log(x - 2.0), 1.0, method="gradient_descent", learning_rate=0.1, steps=3)
    assert run.remarks == ["The first number that is not finite, at step 0: log of -1 is nan."]


def test_a_function_of_data():
    x = np.array([1.0, 2.0, 400.0])
    problem = sd.Problem(lambda p, x: np.exp(p["a"] * x), {"a": 2.0}, x, x)
    run = sd.Run(problem, sd.Descent(learning_rate=0.1), steps=1).finish()
    assert "exp of 800 is inf at row 3 of the data" in run.remarks[-1]


def test_a_slope_that_is_infinite():
    x = np.arange(1.0, 4.0)
    problem = sd.Problem(lambda p, x: np.sqrt(p["a"] * x), {"a": 0.0}, x, x)
    run = sd.Run(problem, sd.Descent(learning_rate=0.1), steps=3).finish()
    assert "the derivative of sqrt at 0 is not finite at row 1 of the data" in run.remarks[-1]


def test_a_fit_names_the_line_of_the_file(tmp_path):
    path = tmp_path / "d.csv"
    x = np.linspace(0, 1, 30)
    path.write_text("x,y\n" + "\n".join(f"{a},{np.log(1.5 - a)}" for a in x))
    fit = sd.fit("y ~ log(a - x)", path, start={"a": 1.01}, method="gradient_descent", learning_rate=5.0)
    assert fit.outcome.name == "non_finite"
    said = [remark for remark in fit.remarks if "log of" in remark]
    assert said
    assert re.search(r"is nan in line 2 of \S*d\.csv", said[0])  # a is below 0, so every row is; the first one is named


def test_a_run_that_is_fine_has_no_origin():
    x, y = regression()
    assert origin(train(sd.MLP(6, [8], 1), x, y)) is None
    assert origin(sd.minimize(lambda x: x**2, 1.0)) is None


def test_a_constant_from_the_data_is_not_blamed_on_an_operation():
    problem = sd.Problem.of_function(lambda p: p["x"] * np.log(np.float64(0.0)), {"x": 1.0})
    with np.errstate(all="ignore"):
        run = sd.Run(problem, sd.Descent(learning_rate=0.1), steps=1).finish()
        found = origin(run)
    assert found.operation == ""
    assert "a number that the model was given is -inf" in found.words()
