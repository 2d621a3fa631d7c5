"""L-BFGS-B: minima, records, halts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import ModelError
from steepest.optim.lbfgs import LBFGS


def rosenbrock(x: Any) -> Any:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def outcome(run: Any) -> tuple[str, str]:
    assert run.outcome is not None
    return run.outcome.name, run.outcome.message


@pytest.mark.parametrize("start", [[-1.2, 1.0], [1e3, 1e3], [0.0, 0.0], [1.0 + 1e-9, 1.0]])
def test_rosenbrock(start: list[float]) -> None:
    run = sd.minimize(rosenbrock, start)
    assert outcome(run)[0] == "converged"
    assert run.params["x"] == pytest.approx([1.0, 1.0], abs=1e-7)


@pytest.mark.parametrize("factor", [1e-200, 1e-100, 1e100, 1e200])
def test_the_size_of_the_loss_does_not_matter(factor: float) -> None:
    plain, scaled = (sd.minimize(lambda x, k=k: k * rosenbrock(x), [-1.2, 1.0]) for k in (1.0, factor))
    assert outcome(scaled)[0] == "converged"
    assert scaled.params["x"] == pytest.approx([1.0, 1.0], abs=1e-7)
    assert scaled.steps_done == plain.steps_done


def test_a_loss_with_a_large_constant_is_still_descended() -> None:
    run = sd.minimize(lambda x: rosenbrock(x) + 1e6, [-1.2, 1.0])
    assert outcome(run)[0] == "converged"
    assert run.params["x"] == pytest.approx([1.0, 1.0], abs=1e-4)


def test_a_quadratic_in_100_dimensions() -> None:
    draws = np.random.default_rng(0)
    root = draws.standard_normal((100, 100))
    H, b = root @ root.T / 100 + np.eye(100), draws.standard_normal(100)
    run = sd.minimize(lambda x: 0.5 * x @ H @ x - b @ x, np.zeros(100))
    assert outcome(run)[0] == "converged"
    assert run.params["x"] == pytest.approx(np.linalg.solve(H, b), abs=1e-6)


def test_history_describes_where_each_step_started() -> None:
    run = sd.minimize(rosenbrock, [-1.2, 1.0])
    history = run.history
    assert len(history) == run.steps_done == run.state["step"]
    assert history["step"].tolist() == list(range(len(history)))
    assert history["loss"][0] == pytest.approx(24.2)  # (1 + 1.2)**2 + 100 (1 - 1.44)**2
    assert history["gradient_norm"][0] == pytest.approx(np.hypot(-215.6, -88.0))
    assert np.all(np.diff(history["loss"]) < 0)
    assert run.loss < history["loss"][-1]


def test_budget_threshold_and_going_on() -> None:
    run = sd.minimize(rosenbrock, [-1.2, 1.0], steps=5)
    assert outcome(run)[0] == "out_of_steps"
    assert len(run.history) == run.steps_done == 5
    run.finish(100)
    assert outcome(run)[0] == "converged"
    assert len(run.history) == run.steps_done
    low = sd.minimize(rosenbrock, [-1.2, 1.0], threshold=1e-2)
    assert outcome(low)[0] == "threshold_reached"
    assert low.loss <= 1e-2 < low.history["loss"][-1]
    none = sd.minimize(rosenbrock, [-1.2, 1.0], threshold=100.0)
    assert outcome(none) == ("threshold_reached", "the loss 24.2 reached the threshold 100 at step 0.")
    assert none.steps_done == len(none.history) == 0


def test_a_start_that_is_not_finite() -> None:
    run = sd.minimize(lambda x: np.log(x), -1.0)
    assert outcome(run) == ("non_finite", "the loss became nan at step 0.")
    assert float(run.params["x"]) == -1.0
    slope = sd.minimize(lambda x: np.sqrt(x), 0.0)
    assert outcome(slope)[0] == "non_finite"


@pytest.mark.parametrize(
    ("f", "start", "answer"),
    [
        (lambda x: x - np.log(x), 10.0, 1.0),
        (lambda x: x - np.log(x), 1e-3, 1.0),
        (lambda x: x - np.sqrt(1 - x * x), 0.1, -(0.5**0.5)),
        (lambda x: x - np.sqrt(1 - x * x), 0.999, -(0.5**0.5)),
    ],
)
def test_steps_out_of_the_domain_are_taken_back(f: Any, start: float, answer: float) -> None:
    run = sd.minimize(f, start)
    assert outcome(run)[0] == "converged"
    assert float(run.params["x"]) == pytest.approx(answer, rel=1e-7)


def test_a_flat_function_is_converged_at_once() -> None:
    run = sd.minimize(lambda x: 0 * x + 3, 10.0)
    assert outcome(run) == ("converged", "converged after 0 steps: the slope is zero.")
    assert float(run.params["x"]) == 10.0


def test_a_valley_with_a_kink_is_stalled_and_a_loss_without_bottom_is_not_converged() -> None:
    for start in ([10.0, 3.0], [10.0, 3.1], [9.0, 3.0], [-4.0, 2.0]):
        kink = sd.minimize(lambda x: np.abs(x[0] - 1 / 3) + 2 * np.abs(x[1] + x[0] - 0.7) + 1, start)
        # Rounding, which depends on the processor, decides whether a descent lands on the kink's very bottom.
        assert outcome(kink)[0] == ("converged" if kink.loss == 1.0 else "stalled")
    assert sd.minimize(lambda x: -(x**2), 1.0).outcome.name != "converged"  # type: ignore[union-attr]


def test_it_is_declared_not_stepwise() -> None:
    assert LBFGS.stepwise is False
    run = sd.minimize(rosenbrock, [-1.2, 1.0], steps=0)
    with pytest.raises(ModelError, match="step by step"):
        run.step()


@pytest.mark.parametrize("memory", [0, -1, 2.5])
def test_memory_is_a_positive_whole_number(memory: Any) -> None:
    with pytest.raises(ModelError, match="memory"):
        LBFGS(memory=memory)


def test_parameters_of_wildly_different_size() -> None:
    x = np.linspace(0, 1, 20)
    problem = sd.Problem(
        lambda p, x: p["a"] * np.exp(-p["b"] * x), {"a": 2e9, "b": 1e-9}, x * 1e9, 3e9 * np.exp(-2 * x),
        scale=np.array([1e9, 1e-9]),
    )  # fmt: skip
    run = sd.Run(problem, LBFGS()).finish()
    assert outcome(run)[0] == "converged"
    assert run.params.flat == pytest.approx([3e9, 2e-9], rel=1e-6)


def test_a_lower_valley_that_a_line_search_fell_into_is_descended_to_its_foot() -> None:
    run = sd.minimize(lambda x: 0.05 * x**2 + np.sin(3 * x) + 1, 4.5)
    x = float(run.params["x"])
    assert outcome(run)[0] == "converged"
    assert 0.1 * x + 3 * np.cos(3 * x) == pytest.approx(0, abs=1e-6)
    assert run.loss == min(run.history["loss"].min(), run.loss)
