"""Restarts: a descent a step, and the lowest of the ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd


def two_wells(x: Any) -> Any:
    return (x**2 - 1) ** 2 + 0.1 * x


def test_the_first_descent_is_from_the_start_itself() -> None:
    one = sd.minimize(two_wells, 0.9, method=sd.Restarts(sd.LBFGS(), 1))
    assert float(one.params["x"]) == pytest.approx(float(sd.minimize(two_wells, 0.9).params["x"]), abs=1e-9)
    assert one.state["starts"].tolist() == [[0.9]]
    assert one.outcome.name == "converged"


def test_a_run_in_pieces_gives_the_same_bits() -> None:
    problem = sd.Problem.of_function(lambda p: two_wells(p["x"]), {"x": 0.9})
    for inner in (sd.LBFGS(), sd.Descent(sd.Adam(), 0.05), sd.RandomSearch()):
        method = sd.Restarts(inner, 6, steps=40)
        whole = sd.Run(problem, method, seed=2).finish()
        pieces = sd.Run(problem, method, seed=2)
        pieces.step()
        pieces.finish(2)
        pieces.finish()
        assert pieces.state["ends"].tobytes() == whole.state["ends"].tobytes()
        assert pieces.outcome == whole.outcome
        assert whole.steps_done == len(whole.history) == 6


def test_a_search_is_restarted_with_other_random_numbers() -> None:
    run = sd.minimize(lambda x: (x**2).sum(), [1.0, 1.0], method=sd.Restarts(sd.RandomSearch(), 3, steps=3))
    assert len({tuple(end) for end in run.state["ends"]}) == 3


def test_starts_are_drawn_within_the_bounds_of_the_method() -> None:
    run = sd.minimize(two_wells, 0.9, method=sd.Restarts(sd.RandomSearch(bounds=(0.5, 2.0)), 8, steps=2))
    assert run.state["starts"].min() >= 0.5
    assert run.state["starts"].max() <= 2.0


def test_threshold_ends_the_restarts() -> None:
    run = sd.minimize(two_wells, 0.9, method=sd.Restarts(sd.LBFGS(), 50, bounds=(-2, 2)), threshold=0.0)
    assert run.outcome.name == "threshold_reached"
    assert run.steps_done < 50
    assert run.loss <= 0.0


def test_descents_that_did_not_arrive_are_told() -> None:
    slow = sd.minimize(
        lambda x: (x**2).sum(), [1.0, 1.0], method=sd.Restarts(sd.Descent(learning_rate=1e-6), 3, steps=5)
    )
    assert slow.outcome.name == "stalled"
    assert "Not one of these had converged" in slow.outcome.message
    nothing = sd.minimize(lambda x: np.log(x), -2.0, method=sd.Restarts(sd.LBFGS(), 3, bounds=(-3, -1)))
    assert nothing.outcome.name == "non_finite"
    assert float(nothing.params["x"]) == -2.0


def test_levenberg_marquardt_from_several_starts() -> None:
    x = np.linspace(0, 6, 40)
    problem = sd.Problem(lambda p, x: np.sin(p["f"] * x), {"f": 5.0}, x, np.sin(2 * x))
    assert sd.Run(problem, sd.LevenbergMarquardt()).finish().loss > 0.1  # trapped
    run = sd.Run(problem, sd.Restarts(sd.LevenbergMarquardt(), 40, bounds=(0, 8))).finish()
    assert float(run.params["f"]) == pytest.approx(2.0, rel=1e-9)


@pytest.mark.parametrize("method", ["lbfgs", sd.LBFGS, sd.Adam(), None])
def test_what_is_no_method(method: Any) -> None:
    with pytest.raises(sd.ModelError, match="restarts are of a method"):
        sd.Restarts(method)


@pytest.mark.parametrize("options", [{"starts": 0}, {"steps": 0}, {"starts": 1.5}])
def test_numbers_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(sd.ModelError, match="whole number"):
        sd.Restarts(sd.LBFGS(), **options)
