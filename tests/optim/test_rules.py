"""Gradient descent, momentum, Nesterov and Adam against recorded PyTorch trajectories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import ModelError
from steepest.optim.rules import Adam, GradientDescent, Momentum

RECORDED = json.loads((Path(__file__).parents[1] / "reference" / "optim_torch.json").read_text())
RULES = {"GradientDescent": GradientDescent, "Momentum": Momentum, "Adam": Adam}


def rosenbrock(w: Any) -> Any:
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def quadratic(w: Any) -> Any:
    return 0.5 * (3 * w[0] ** 2 + 2 * w[0] * w[1] + 5 * w[1] ** 2 + 0.1 * w[2] ** 2) - w[0] + 2 * w[2]


PROBLEMS = {"rosenbrock": rosenbrock, "quadratic": quadratic}


def name_of(run: dict[str, Any]) -> str:
    return f"{run['rule']}-{run['options']}-{run['problem']}-{run['rate']}"


@pytest.mark.parametrize("recorded", RECORDED["runs"], ids=name_of)
def test_trajectories_are_pytorchs(recorded: dict[str, Any]) -> None:
    rule, gradient = RULES[recorded["rule"]](**recorded["options"]), sd.grad(PROBLEMS[recorded["problem"]])
    w = np.array(recorded["start"])
    state = rule.init(w)
    for step in range(100):
        change, state = rule.update(gradient(w), state, w, recorded["rate"], step)
        w = w + change
        if str(step + 1) in recorded["params"]:
            assert w == pytest.approx(recorded["params"][str(step + 1)], rel=1e-10)


@pytest.mark.parametrize("recorded", RECORDED["runs"], ids=name_of)
def test_the_loop_takes_the_same_path(recorded: dict[str, Any]) -> None:
    rule = RULES[recorded["rule"]](**recorded["options"])
    run = sd.minimize(
        PROBLEMS[recorded["problem"]], recorded["start"], method=sd.Descent(rule, recorded["rate"]), steps=100, snapshots=50,
        tolerance=0.0,
    )  # fmt: skip
    assert run.steps_done == 100, run.outcome
    assert run.history.snapshots[50]["w"] == pytest.approx(recorded["params"]["50"], rel=1e-10)
    assert run.params["w"] == pytest.approx(recorded["params"]["100"], rel=1e-10)


@pytest.mark.parametrize("rule", [GradientDescent(), Momentum(), Momentum(nesterov=True), Adam()], ids=repr)
def test_update_changes_none_of_its_arguments(rule: Any) -> None:
    gradient, params = np.array([1.0, -2.0]), np.array([0.5, 3.0])
    for array in (gradient, params):
        array.flags.writeable = False
    state = rule.init(params)
    for array in state.values():
        array.flags.writeable = False
    first, _ = rule.update(gradient, state, params, 0.1, 0)
    second, _ = rule.update(gradient, state, params, 0.1, 0)
    assert first.tobytes() == second.tobytes()


def test_first_step_of_adam_is_the_rate_whatever_the_gradient() -> None:
    params = np.zeros(3)
    change, _ = Adam(epsilon=0.0).update(np.array([1e-8, -3.0, 1e8]), Adam().init(params), params, 0.01, 0)
    assert change == pytest.approx([-0.01, 0.01, -0.01], rel=1e-12)


def test_a_long_constant_slope_speeds_momentum_up_tenfold() -> None:
    params, rule = np.zeros(1), Momentum(0.9)
    state = rule.init(params)
    for step in range(300):
        change, state = rule.update(np.ones(1), state, params, 0.1, step)
    assert change == pytest.approx([-1.0], rel=1e-12)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Momentum(1.0), "beta"),
        (lambda: Momentum(-0.1), "beta"),
        (lambda: Adam(beta1=1.0), "beta1"),
        (lambda: Adam(beta2=float("nan")), "beta2"),
        (lambda: Adam(epsilon=-1e-8), "epsilon"),
    ],
)
def test_hyperparameters_out_of_range_are_named(make: Any, word: str) -> None:
    with pytest.raises(ModelError, match=word):
        make()
