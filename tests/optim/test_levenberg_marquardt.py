"""Levenberg-Marquardt: exactness, units, robust losses, odd data, resuming."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

import steepest as sd
from optim.nist_problems import certified
from steepest.base.errors import ModelError
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.optim.stopping import Stopping
from steepest.training.problem import Problem
from steepest.training.run import Run


def finished(problem: Problem, **options: Any) -> Run:
    return Run(problem, LevenbergMarquardt(), **options).finish()


def outcome(run: Run) -> str:
    assert run.outcome is not None
    return run.outcome.name


def line(y: Any, x: Any, start: tuple[float, float] = (0.0, 0.0), **options: Any) -> Problem:
    return Problem(
        lambda p, x: p["a"] + p["b"] * x, {"a": start[0], "b": start[1]}, np.asarray(x), np.asarray(y), **options
    )


X = np.linspace(0.0, 4.0, 30)
NOISE = np.random.default_rng(5).standard_normal(30)


# ---- squares
def test_a_linear_model_is_solved_in_two_steps() -> None:
    y = 1.5 - 0.7 * X + 0.1 * NOISE
    run = finished(line(y, X), snapshots=[2])
    b, a = np.polyfit(X, y, 1)
    assert outcome(run) == "converged"
    assert run.history.snapshots[2].flat == pytest.approx([a, b], rel=1e-10)
    assert run.params.flat == pytest.approx([a, b], rel=1e-12)
    assert run.steps_done <= 8  # the others polish the last digits


def test_an_ill_conditioned_polynomial_is_solved_as_well_as_by_qr() -> None:
    x = np.linspace(1.0, 2.0, 50)
    problem = Problem(
        lambda p, x: sum(p[f"c{k}"] * x**k for k in range(8)), {f"c{k}": 0.0 for k in range(8)}, x, np.cos(5 * x) + 3.0
    )
    run = finished(problem)
    best = np.linalg.lstsq(np.vander(x, 8, increasing=True), np.cos(5 * x) + 3.0, rcond=None)[0]
    assert run.params.flat == pytest.approx(best, rel=1e-5)
    assert outcome(run) == "converged"
    assert run.steps_done <= 12


def test_exact_data_end_converged() -> None:
    run = finished(Problem(lambda p, x: p["a"] * np.exp(-p["b"] * x), {"a": 1.0, "b": 1.0}, X, 3 * np.exp(-0.5 * X)))
    assert outcome(run) == "converged"
    assert run.params.flat == pytest.approx([3.0, 0.5], rel=1e-14)
    zeros = finished(line(np.zeros(5), np.arange(5.0), (3.0, -1.0)))
    assert outcome(zeros) == "converged"
    assert zeros.params.flat == pytest.approx([0.0, 0.0], abs=1e-14)


def test_one_row_for_one_parameter() -> None:
    run = finished(Problem(lambda p, x: np.exp(p["a"] * x), {"a": 0.1}, np.array([2.0]), np.array([7.0])))
    assert outcome(run) == "converged"
    assert float(run.params["a"]) == pytest.approx(math.log(7.0) / 2, rel=1e-14)


def test_fewer_rows_than_parameters_still_end() -> None:
    run = finished(line(np.array([3.0]), np.array([2.0])))
    assert outcome(run) == "converged"
    assert run.loss == pytest.approx(0.0, abs=1e-25)


def test_a_redundant_parameter_leaves_the_others_their_answer() -> None:
    y = 6.0 * X + 0.1 * NOISE
    run = finished(Problem(lambda p, x: p["a"] * p["b"] * x, {"a": 1.0, "b": 1.0}, X, y))
    assert outcome(run) == "converged"
    assert float(run.params["a"] * run.params["b"]) == pytest.approx(float(X @ y / (X @ X)), rel=1e-12)
    assert np.abs(run.params.flat).max() < 100.0


def test_a_parameter_without_effect_stays_where_it_was() -> None:
    run = finished(Problem(lambda p, x: p["a"] * x + 0 * p["c"], {"a": 1.0, "c": 7.0}, X, 2 * X + NOISE))
    assert outcome(run) == "converged"
    assert float(run.params["c"]) == 7.0


def test_a_column_of_zeros_at_the_start_is_no_obstacle() -> None:
    y = 2 * np.exp(0.5 * X) + 0.01 * NOISE
    run = finished(Problem(lambda p, x: p["a"] * np.exp(p["b"] * x), {"a": 0.0, "b": 0.1}, X, y))
    assert outcome(run) == "converged"
    assert run.params.flat == pytest.approx([2.0, 0.5], rel=0.01)


def test_a_start_where_nothing_has_an_effect_is_no_answer() -> None:
    run = finished(Problem(lambda p, x: p["a"] * p["b"] * x, {"a": 0.0, "b": 0.0}, X, 3 * X))
    assert outcome(run) == "stalled"
    assert run.outcome is not None
    assert "no parameter has any effect" in run.outcome.message
    assert "start" in run.outcome.remedy


def test_trial_steps_into_nan_are_taken_back() -> None:
    # from a = 0.1 the first undamped step leads to a < 0
    problem = Problem(
        lambda p, x: np.log(p["a"] * x + 0.05) + np.sqrt(p["a"]), {"a": 9.0}, X, np.log(0.3 * X + 0.05) + 0.3**0.5
    )
    run = finished(problem)
    assert outcome(run) == "converged"
    assert float(run.params["a"]) == pytest.approx(0.3, rel=1e-12)


def test_a_model_that_is_not_finite_at_the_start() -> None:
    run = finished(Problem(lambda p, x: np.log(p["a"] * x), {"a": -1.0}, X + 1, X))
    assert outcome(run) == "non_finite"
    assert run.steps_done == 0
    assert np.isnan(run.loss)


def test_a_kink_is_no_convergence() -> None:
    y = np.full(5, 1.0)
    run = finished(Problem(lambda p, x: 3 + np.abs(p["a"] - 0.3) + 0 * x, {"a": 2.0}, np.arange(5.0), y))
    assert float(run.params["a"]) == pytest.approx(0.3, abs=1e-6)
    assert outcome(run) == "stalled"


# ---- weights and units
def test_weights_count_rows_and_zero_leaves_them_out() -> None:
    y = 1 + 2 * X + NOISE
    weights = np.arange(30) % 3
    again = np.repeat(np.arange(30), weights)
    weighted, repeated = finished(line(y, X, weights=weights)), finished(line(y[again], X[again]))
    assert weighted.params.flat == pytest.approx(repeated.params.flat, rel=1e-12)
    assert weighted.loss == pytest.approx(repeated.loss, rel=1e-12)
    spoilt = np.where(weights == 0, 1e6, y)
    assert finished(line(spoilt, X, weights=weights)).params.flat == pytest.approx(repeated.params.flat, rel=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.integers(-8, 8), st.integers(-8, 8), st.sampled_from(["mse", "rmse", "mae"]))
def test_units_do_not_matter(x_power: int, y_power: int, loss: str) -> None:
    """y = a exp(-b x) + c, with x in units of 10**-x_power and y in units of 10**-y_power."""
    kx, ky = 10.0**x_power, 10.0**y_power
    y = 3 * np.exp(-1.2 * X) + 0.5 + 0.05 * NOISE

    def solve(kx: float, ky: float) -> Run:
        start = {"a": 1.0 * ky, "b": 0.4 / kx, "c": 0.1 * ky}
        return finished(Problem(lambda p, x: p["a"] * np.exp(-p["b"] * x) + p["c"], start, X * kx, y * ky, loss=loss))

    plain, scaled = solve(1.0, 1.0), solve(kx, ky)
    assert outcome(scaled) == outcome(plain) == "converged"
    assert scaled.params.flat * [1 / ky, kx, 1 / ky] == pytest.approx(plain.params.flat, rel=1e-8)


@pytest.mark.parametrize("loss", ["huber(0.1)", "log_cosh"])
@pytest.mark.parametrize("kx", [1e-8, 1e8])
def test_units_of_a_column_do_not_matter_to_robust_losses(loss: str, kx: float) -> None:
    y = 3 * np.exp(-1.2 * X) + 0.05 * NOISE
    answers = [
        finished(
            Problem(lambda p, x: p["a"] * np.exp(-p["b"] * x), {"a": 1.0, "b": 0.4 / k}, X * k, y, loss=loss)
        ).params.flat
        for k in (1.0, kx)
    ]
    assert answers[1] * [1.0, kx] == pytest.approx(answers[0], rel=1e-8)


@pytest.mark.parametrize("power", [-120, -60, 60, 120])
def test_extreme_units(power: int) -> None:
    k = 10.0**power
    y = 1.5 - 0.7 * X + 0.1 * NOISE
    b, a = np.polyfit(X, y, 1)
    run = finished(line(y * k, X))
    assert run.params.flat / k == pytest.approx([a, b], rel=1e-10)


# ---- reductions and robust losses
def test_rmse_and_reductions_have_the_minimum_of_mse() -> None:
    y = 2 * np.exp(-0.7 * X) + 0.1 * NOISE
    answers = {}
    for loss, reduction in (("mse", "mean"), ("mse", "sum"), ("rmse", "mean"), ("rmse", "sum")):
        problem = Problem(
            lambda p, x: p["a"] * np.exp(-p["b"] * x), {"a": 1.0, "b": 1.0}, X, y, loss=loss, reduction=reduction
        )
        run = finished(problem)
        assert outcome(run) == "converged"
        answers[loss, reduction] = run
    best = answers["mse", "mean"]
    for run in answers.values():
        assert run.params.flat == pytest.approx(best.params.flat, rel=1e-10)
    assert answers["mse", "sum"].loss == pytest.approx(30 * best.loss, rel=1e-12)
    assert answers["rmse", "mean"].loss == pytest.approx(math.sqrt(best.loss), rel=1e-12)
    assert answers["rmse", "sum"].loss == pytest.approx(math.sqrt(30 * best.loss), rel=1e-12)


@pytest.mark.parametrize("loss", ["mse", "rmse", "huber(0.3)", "log_cosh"])
@pytest.mark.parametrize("weighted", [False, True])
def test_recorded_loss_and_gradient_are_the_objectives(loss: str, weighted: bool) -> None:
    problem = Problem(
        lambda p, x: p["a"] * np.exp(-p["b"] * x), {"a": 1.0, "b": 1.0}, X, 2 * np.exp(-0.7 * X) + 0.1 * NOISE, loss=loss,
        weights=1.0 + np.arange(30) % 4 if weighted else None,
    )  # fmt: skip
    run = Run(problem, LevenbergMarquardt())
    for _ in range(2):
        step = run.step()
        value, gradient = problem.value_and_gradient(step.before)
        assert step.loss == pytest.approx(value, rel=1e-13)
        assert step.gradient.flat == pytest.approx(gradient, rel=1e-10)


@pytest.mark.parametrize("loss", ["huber", "huber(0.1)", "log_cosh"])
@pytest.mark.parametrize("seed", range(4))
def test_smooth_robust_losses_agree_with_scipy(loss: str, seed: int) -> None:
    draws = np.random.default_rng(seed)
    x = np.sort(draws.uniform(0, 10, 30))
    problem = line(1 + 2 * x + draws.standard_t(1.5, 30), x, loss=loss)
    run = finished(problem)

    def objective(flat: Any) -> Any:
        return problem.value_and_gradient(problem.start.replaced(flat))

    best = minimize(objective, run.params.flat + 0.1, jac=True, method="BFGS", options={"gtol": 1e-10})
    assert outcome(run) == "converged"
    assert run.loss <= best.fun * (1 + 1e-12)
    assert run.params.flat == pytest.approx(best.x, rel=1e-6)
    assert np.abs(objective(run.params.flat)[1]).max() < 1e-9


def least_absolute(x: Any, y: Any, weights: Any) -> float:
    """The least mean absolute deviation of a line, by linear programming."""
    design, rows = np.stack([np.ones_like(x), x], axis=1), len(x)
    costs = np.concatenate([np.zeros(4), weights, weights])
    answer = linprog(costs, A_eq=np.hstack([design, -design, np.eye(rows), -np.eye(rows)]), b_eq=y, bounds=(0, None))
    return float(answer.fun / np.sum(weights))


@pytest.mark.parametrize("rows", [4, 5, 10, 31])
@pytest.mark.parametrize("weighted", [False, True])
def test_least_absolute_deviations_agree_with_linear_programming(rows: int, weighted: bool) -> None:
    draws = np.random.default_rng(rows)
    x = np.sort(draws.uniform(0, 10, rows))
    y = 1 + 2 * x + draws.standard_t(1.5, rows)
    weights = draws.uniform(0.5, 2.0, rows) if weighted else None
    run = finished(line(y, x, loss="mae", weights=weights))
    assert outcome(run) == "converged"
    assert run.loss == pytest.approx(least_absolute(x, y, np.ones(rows) if weights is None else weights), rel=1e-8)


def test_least_absolute_deviations_go_through_the_points_that_lie_on_a_line() -> None:
    x = np.arange(12.0)
    y = 1 + 2 * x
    y[[2, 5, 9]] = [100.0, -40.0, 77.0]
    run = finished(line(y, x, loss="mae"))
    assert outcome(run) == "converged"
    assert run.params.flat == pytest.approx([1.0, 2.0], rel=1e-6)


def test_the_median_and_the_mean_of_a_constant_model() -> None:
    y = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
    for loss, best in (("mae", 3.0), ("mse", 22.0)):
        run = finished(Problem(lambda p, x: p["c"] + 0 * x, {"c": 50.0}, np.arange(5.0), y, loss=loss))
        assert outcome(run) == "converged"
        assert float(run.params["c"]) == pytest.approx(best, rel=1e-6)


# ---- as a method
def same_bits(a: Run, b: Run) -> bool:
    return a.params.flat.tobytes() == b.params.flat.tobytes() and all(
        a.history[name].tobytes() == b.history[name].tobytes() for name in ("step", "loss", "gradient_norm", "rate")
    )


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_one_step_at_a_time_gives_the_same_bits(loss: str) -> None:
    y = 3 * np.exp(-1.2 * X) + 0.5 + 0.05 * NOISE

    def fresh() -> Run:
        start = {"a": 1.0, "b": 0.4, "c": 0.1}
        return Run(
            Problem(lambda p, x: p["a"] * np.exp(-p["b"] * x) + p["c"], start, X, y, loss=loss), LevenbergMarquardt()
        )

    whole = fresh().finish()
    method, parts = LevenbergMarquardt(), fresh()
    params, state, halt, steps = parts.params, parts.state, None, 0
    while halt is None:
        state = copy.deepcopy(state)  # nothing of the state is hidden elsewhere
        done = method.advance(parts.evaluated, params, state, 1, Stopping())
        params, state, halt = done.params, done.state, done.halt
        steps += len(done.columns["step"])
    assert params.flat.tobytes() == whole.params.flat.tobytes()
    assert steps == whole.steps_done


def test_advance_is_pure_and_a_fork_goes_the_same_way() -> None:
    problem = certified("MGH09").problem(2)
    run = Run(problem, LevenbergMarquardt()).finish(4)
    before = copy.deepcopy(run.state)
    twin = run.fork()
    run.finish(20)
    assert twin.state.keys() == before.keys()
    assert all(np.array_equal(twin.state[k], before[k]) for k in before if before[k] is not None)
    assert same_bits(run, twin.finish(20))


def test_the_threshold_stops_it() -> None:
    run = finished(certified("Misra1a").problem(1), stopping=Stopping(threshold=100.0))
    assert outcome(run) == "threshold_reached"
    assert run.loss <= 100.0
    assert run.loss < run.last_loss or run.steps_done == 0


def test_what_it_cannot_do_is_said() -> None:
    with pytest.raises(ModelError, match="lbfgs"):
        sd.minimize(lambda x: x**2, 1.0, method="levenberg_marquardt")
    with pytest.raises(ModelError, match="penalty"):
        finished(line(X, X, penalty=lambda p: p["a"] ** 2))
    with pytest.raises(ModelError, match="damping"):
        LevenbergMarquardt(damping=-1.0)


def test_several_outputs_a_row() -> None:
    y = np.stack([1 + 2 * X, 3 - X], axis=1)
    problem = Problem(
        lambda p, x: p["c"] + np.reshape(x, (-1, 1)) * p["m"], {"c": np.zeros(2), "m": np.zeros(2)}, X, y + 0.0
    )
    run = finished(problem)
    assert run.params["c"] == pytest.approx([1.0, 3.0], rel=1e-12)
    assert run.params["m"] == pytest.approx([2.0, -1.0], rel=1e-12)


@pytest.mark.parametrize("loss", ["huber", "log_cosh"])
@pytest.mark.parametrize("beside", [1e-2, 1e-4, 1e-6])
def test_a_smooth_robust_loss_is_descended_from_beside_its_minimum(loss: str, beside: float) -> None:
    """Its weights are those of the loss itself from the first step on: no floor under small residuals turns the step."""
    rng = np.random.default_rng(5)
    x = np.linspace(-1, 1, 80)
    y = 1 + 2 * x + rng.standard_t(3, 80)

    def solved(start: dict[str, float]) -> Run:
        problem = Problem(lambda p, x: p["a"] + p["b"] * x, start, x, y, loss=loss)
        return Run(problem, LevenbergMarquardt()).finish()

    best = solved({"a": 0.0, "b": 0.0})
    again = solved({"a": float(best.params["a"]) * (1 + beside), "b": float(best.params["b"]) * (1 - beside)})
    assert again.outcome is not None
    assert again.outcome.name == "converged"
    np.testing.assert_allclose(again.params.flat, best.params.flat, rtol=1e-9)


def test_large_residuals_end_converged_not_stalled() -> None:
    # Gauss-Newton creeps where residuals are large; the answer is that of SciPy's curve_fit from several starts.
    x = np.linspace(0, 5, 30)
    y = 3 * np.exp(-0.7 * x) + 0.5 + 0.05 * np.random.default_rng(1).standard_normal(30)
    fit = sd.fit("y ~ exp(-b*x) + c", {"x": x, "y": y})
    assert fit.outcome.name == "converged"
    assert fit.params["b"] == pytest.approx(0.70100, abs=1e-5)
    assert fit.params["c"] == pytest.approx(1.06773, abs=1e-5)
