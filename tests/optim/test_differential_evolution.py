"""Differential evolution: SciPy's, a generation at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd


def rastrigin(x: Any) -> Any:
    return 10 * x.size + (x**2 - 10 * np.cos(2 * np.pi * x)).sum()


def test_each_point_is_evaluated_once() -> None:
    calls = []
    run = sd.minimize(
        lambda x: calls.append(1) or rastrigin(x), [3.0, 2.0], method=sd.DifferentialEvolution(population=12), steps=5
    )
    # The start and 11 others, 12 trials in each of 4 generations, and the prediction of the last step.
    assert run.state["points"] == 12 + 4 * 12
    assert run.history["step"].size == 5


def test_members_and_losses_belong_together() -> None:
    run = sd.minimize(rastrigin, [3.0, 2.0], method=sd.DifferentialEvolution(bounds=(-5, 5)), steps=30)
    memory = run.state["memory"]
    losses = [float(rastrigin(-5 + 10 * m)) for m in memory["members"]]
    assert memory["losses"] == pytest.approx(losses, abs=1e-9)
    assert memory["losses"].min() == run.loss


def test_the_global_minimum_among_a_hundred() -> None:
    runs = [
        sd.minimize(rastrigin, [3.0, 2.0], method=sd.DifferentialEvolution(bounds=(-5.12, 5.12)), seed=seed)
        for seed in range(4)
    ]
    assert {run.outcome.name for run in runs} == {"converged"}
    assert sum(run.loss < 1e-8 for run in runs) >= 3  # SciPy's own finds it in 27 of 30 starts


def test_fifteen_members_a_parameter_up_to_a_hundred() -> None:
    for n, members in ((1, 15), (3, 45), (40, 100)):
        run = sd.minimize(lambda x: (x**2).sum(), np.ones(n), method="differential_evolution", steps=2)
        assert run.state["memory"]["members"].shape == (members, n)


@pytest.mark.parametrize("options", [{"population": 4}, {"recombination": 1.5}])
def test_arguments_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(sd.ModelError):
        sd.DifferentialEvolution(**options)
