"""Remarks on descents: each on a case made for it, with numbers that can be checked by hand, and silence elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd


def bowl(curvatures):
    curvatures = np.array(curvatures, dtype=float)
    return lambda x: 1 + 0.5 * (curvatures * x**2).sum()


def descent(rule, rate, curvatures=(1.0, 4.0), steps=300):
    problem = sd.Problem.of_function(lambda p: bowl(curvatures)(p["x"]), {"x": np.ones(len(curvatures))})
    return sd.Run(problem, sd.Descent(rule, rate), steps=steps, stopping=sd.Stopping(tolerance=1e-6)).finish()


@pytest.mark.parametrize(
    ("rule", "limit", "formula"),
    [
        (sd.GradientDescent(), 0.5, "0.5 (2 / largest curvature)"),
        (sd.Momentum(0.5), 0.75, "0.75 (3 / largest curvature)"),
        (sd.Momentum(0.5, nesterov=True), 0.375, "0.38 (1.5 / largest curvature)"),
    ],
)
def test_the_limit_of_each_rule_is_where_it_diverges(rule, limit, formula):
    below, above = descent(rule, 0.99 * limit, steps=3000), descent(rule, 1.05 * limit, steps=3000)
    assert below.outcome.name == "converged"
    assert below.remarks == []
    assert above.outcome.name == "diverged"
    (remark,) = above.remarks
    assert f"above the limit {formula}" in remark


def test_a_rate_far_below_the_limit():
    run = descent(sd.GradientDescent(), 1e-3, steps=20)
    (remark,) = run.remarks
    assert "far below the limit 0.5" in remark
    assert "could still fall to about 1. Raise it." in remark


def test_an_ill_conditioned_bowl_without_data_is_sent_to_lbfgs():
    run = descent(sd.GradientDescent(), 1e-4, curvatures=(1.0, 1e4))
    (remark,) = run.remarks
    assert "condition number 1.0e+04" in remark
    assert "no rate above 0.0002" in remark
    assert "method='lbfgs'" in remark
    best = sd.minimize(bowl((1.0, 1e4)), [1.0, 1.0]).loss
    assert best == pytest.approx(1, abs=1e-9)


def test_an_ill_conditioned_fit_is_sent_to_levenberg_marquardt():
    x = np.linspace(0, 100, 50)
    data = {"x": x, "y": 5 + x + np.sin(x)}
    fit = sd.fit("y ~ a + b*x", data, start={"a": 0, "b": 0}, method="gradient_descent", learning_rate=1e-5, steps=50)
    (remark,) = [text for text in fit.remarks if "ill-conditioned" in text]
    assert "method='levenberg_marquardt'" in remark
    assert sd.fit("y ~ a + b*x", data, method="levenberg_marquardt").remarks == []


def test_what_is_left_to_gain_is_what_a_better_method_gains():
    x = np.linspace(0, 100, 50)
    data = {"x": x, "y": 5 + x + np.sin(x)}
    fit = sd.fit("y ~ a + b*x", data, start={"a": 0, "b": 0}, method="gradient_descent", learning_rate=1e-5, steps=50)
    (remark,) = [text for text in fit.remarks if "ill-conditioned" in text]
    told = float(remark.split("could still fall to about ")[1].split(",")[0])
    assert told == pytest.approx(sd.fit("y ~ a + b*x", data).loss, rel=0.01)


@pytest.mark.parametrize("rule", [sd.Adam(), sd.Momentum(0.9), sd.GradientDescent()])
def test_silence_where_nothing_is_wrong(rule):
    rate = 0.05
    assert descent(rule, rate, steps=3000).remarks == []
    assert descent(rule, rate, curvatures=(3.0, 4.0), steps=200).remarks == []


def test_adaptive_rules_have_no_such_limit():
    assert descent(sd.Adam(), 5.0, steps=20).remarks == []


def test_a_run_that_has_not_begun_or_not_ended():
    problem = sd.Problem.of_function(lambda p: p["x"] ** 2, {"x": 1.0})
    run = sd.Run(problem, sd.Descent(learning_rate=1.5), steps=3)
    assert run.remarks == []
    run.step()
    assert run.remarks == []


def test_a_saddle_is_not_called_a_bowl():
    run = sd.minimize(
        lambda x: x[0] ** 2 - x[1] ** 2, [1.0, 1e-6], method="gradient_descent", learning_rate=0.01, steps=5
    )
    assert run.remarks == []
