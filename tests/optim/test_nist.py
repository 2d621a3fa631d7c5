"""Certified digits: NIST StRD nonlinear regression, from both published starts."""

from __future__ import annotations

import functools
from itertools import product

import numpy as np
import pytest

from optim.nist_problems import MODELS, certified, digits
from steepest.fitting.uncertainty import estimate
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.training.run import Run

CASES = list(product(MODELS, (1, 2)))


@functools.cache
def finished(name: str, start: int) -> Run:
    return Run(certified(name).problem(start), LevenbergMarquardt()).finish()


@pytest.mark.parametrize(("name", "start"), CASES)
def test_every_parameter_has_ten_digits(name: str, start: int) -> None:
    run, right = finished(name, start), certified(name)
    assert run.outcome is not None
    assert run.outcome.name == "converged"
    assert digits(run.params.flat, right.values) >= 10.0
    assert run.loss == pytest.approx(right.residual_sum_of_squares, rel=1e-9)


@pytest.mark.parametrize(("name", "start"), CASES)
def test_standard_errors_have_eight_digits(name: str, start: int) -> None:
    run, right = finished(name, start), certified(name)
    errors = estimate(run.problem, run.params, len(right.y) - len(right.values)).standard_errors
    assert errors is not None
    assert digits(errors, right.standard_errors) >= 8.0


def test_easy_problems_take_few_steps() -> None:
    assert finished("Misra1a", 2).steps_done <= 12
    assert max(finished(name, 2).steps_done for name in MODELS) <= 60


@pytest.mark.parametrize("name", MODELS)
def test_the_loss_falls_at_every_step_but_for_rounding(name: str) -> None:
    loss = finished(name, 1).history["loss"]
    assert np.all(np.diff(loss) <= 1e-9 * loss[1:])


@pytest.mark.parametrize(("name", "start"), CASES)
def test_nothing_moves_when_started_at_the_answer(name: str, start: int) -> None:
    problem, right = certified(name).problem(start), certified(name)
    problem.start = problem.start.replaced(right.values)
    run = Run(problem, LevenbergMarquardt()).finish()
    assert run.outcome is not None
    assert run.outcome.name == "converged"
    assert digits(run.params.flat, right.values) >= 10.0
    assert run.steps_done <= 25
