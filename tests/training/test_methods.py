from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest.training.methods import method_named


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("gradient_descent", "gradient descent"), ("Gradient-Descent", "gradient descent"), (" GD ", "gradient descent"),
        ("sgd", "SGD"), ("momentum", "momentum"), ("Adam", "Adam"), ("LM", "Levenberg-Marquardt"),
        ("levenberg marquardt", "Levenberg-Marquardt"), ("L-BFGS-B", "L-BFGS-B"), ("lbfgs", "L-BFGS-B"),
    ],
)  # fmt: skip
def test_names(name, known_as):
    assert method_named(name).name == known_as


@pytest.mark.parametrize(
    ("name", "says"),
    [("adm", "Did you mean 'adam'"), ("levenberg", "Did you mean"), ("", "unknown method"), ("zzz", "There are")],
)
def test_unknown_names_offer_the_nearest(name, says):
    with pytest.raises(sd.ModelError, match=says):
        method_named(name)


def test_options_go_to_the_descent():
    method = method_named("momentum", 0.25, 8, "sequence")
    assert (method.learning_rate, method.batches.size, method.batches.order) == (0.25, 8, "sequence")


def test_a_rule_takes_the_same_options():
    method = method_named(sd.Adam(beta1=0.8), 0.25, 8)
    assert (method.rule.beta1, method.learning_rate, method.batches.size) == (0.8, 0.25, 8)


@pytest.mark.parametrize("options", [{"learning_rate": 0.1}, {"batch_size": 4}])
@pytest.mark.parametrize("method", ["lm", "lbfgs", sd.LevenbergMarquardt(), sd.Descent()])
def test_options_that_a_method_does_not_have(method, options):
    with pytest.raises(sd.ModelError, match=r"learning rate|batch size"):
        method_named(method, **options)


@pytest.mark.parametrize("method", [3, None, sd.Adam, sd.Descent, object()])
def test_what_is_no_method(method):
    with pytest.raises(sd.ModelError, match="a method is"):
        method_named(method)


@pytest.mark.parametrize("rate", [0, -0.1, np.nan, np.inf, "fast", True, [0.1]])
def test_rates_that_make_no_sense(rate):
    with pytest.raises(sd.ModelError, match="learning rate"):
        sd.Descent(learning_rate=rate)


def test_a_chosen_rate_is_half_the_limit_and_feels_no_units():
    def run(unit):
        made = sd.Problem.of_function(lambda p: 5.0 * (p["x"] / unit - 1) ** 2 + 1, {"x": 3.0 * unit})
        made.scale = np.array([unit])
        return sd.Run(made, sd.Descent(), steps=3).finish()

    assert run(1.0).history["rate"][0] == pytest.approx(0.1, rel=1e-9)
    np.testing.assert_allclose(run(1e8).history["loss"], run(1.0).history["loss"], rtol=1e-12)
    np.testing.assert_allclose(run(1e-8).history["loss"], run(1.0).history["loss"], rtol=1e-12)


def test_a_schedule_is_asked_at_each_step():
    made = sd.Problem.of_function(lambda p: p["x"] ** 2, {"x": 3.0})
    run = sd.Run(made, sd.Descent(learning_rate=lambda step: 0.1 / (1 + step)), steps=4).finish()
    np.testing.assert_allclose(run.history["rate"], [0.1, 0.05, 0.1 / 3, 0.025])
    assert run.params["x"] == pytest.approx(3 * 0.8 * 0.9 * (1 - 0.2 / 3) * 0.95)
