"""Genetic algorithm: elitism, selection, crossover, mutation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd


def members(run: sd.Run) -> Any:
    return run.state["memory"]["members"]


def run_of(method: sd.GeneticAlgorithm, steps: int, f: Any = lambda x: ((x - 1) ** 2).sum()) -> sd.Run:
    return sd.minimize(f, [0.25, -0.5], method=method, steps=steps, seed=3)


def test_the_first_generation_is_the_start_and_points_over_the_region() -> None:
    run = run_of(sd.GeneticAlgorithm(population=200, bounds=(-1, 3)), 1)
    points = members(run)
    assert points.shape == (200, 2)
    assert (points == [0.3125, 0.125]).all(axis=1).any()  # the start, in units of the region
    assert points.min() >= 0
    assert points.max() <= 1
    assert points.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.06)  # uniform: 0.29 / sqrt(200) = 0.02
    assert points.std(axis=0) == pytest.approx([0.289, 0.289], abs=0.04)


def test_the_best_live_on() -> None:
    first = run_of(sd.GeneticAlgorithm(population=20, elitism=3), 1)
    then = run_of(sd.GeneticAlgorithm(population=20, elitism=3), 2)
    for member in members(first)[:3]:
        assert (members(then) == member).all(axis=1).any()
    losses = then.state["memory"]["losses"]
    assert (np.diff(losses) >= 0).all()


def test_without_crossover_and_mutation_children_are_copies() -> None:
    first = run_of(sd.GeneticAlgorithm(population=20, crossover=0.0, mutation=0.0), 1)
    then = run_of(sd.GeneticAlgorithm(population=20, crossover=0.0, mutation=0.0), 2)
    assert {tuple(m) for m in members(then)} < {tuple(m) for m in members(first)}


def test_crossover_alone_blends_each_parameter_between_and_around_the_parents() -> None:
    first = members(run_of(sd.GeneticAlgorithm(population=20, crossover=1.0, mutation=0.0), 1))
    then = members(run_of(sd.GeneticAlgorithm(population=20, crossover=1.0, mutation=0.0), 2))
    low, high = first.min(axis=0), first.max(axis=0)
    room = 0.5 * (high - low)
    assert (then >= low - room).all()
    assert (then <= high + room).all()
    assert len({tuple(m) for m in then}) >= 18  # a parent may be drawn twice


def test_mutation_changes_the_share_of_parameters_that_is_asked_for() -> None:
    options = {"population": 400, "crossover": 0.0, "tournament": 1, "elitism": 1}
    first = members(run_of(sd.GeneticAlgorithm(mutation=0.25, **options), 1))
    then = members(run_of(sd.GeneticAlgorithm(mutation=0.25, **options), 2))
    old = [set(first[:, k]) for k in range(2)]
    changed = np.mean([[value not in old[k] for k, value in enumerate(m)] for m in then])
    assert changed == pytest.approx(0.25, abs=0.05)  # sqrt(0.25 * 0.75 / 800) = 0.015


def test_larger_tournaments_select_harder() -> None:
    soft, hard = (
        run_of(sd.GeneticAlgorithm(population=200, tournament=t, crossover=0.0, mutation=0.0), 2).state["memory"][
            "losses"
        ]
        for t in (1, 8)
    )
    assert np.median(hard) < 0.5 * np.median(soft)


@pytest.mark.parametrize(
    "options",
    [
        {"population": 3},
        {"tournament": 0},
        {"crossover": 1.5},
        {"mutation": -0.1},
        {"elitism": 0},
        {"population": 5, "elitism": 5},
    ],
)
def test_arguments_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(sd.ModelError):
        sd.GeneticAlgorithm(**options)
