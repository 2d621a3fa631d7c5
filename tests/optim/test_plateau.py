from __future__ import annotations

import json
import math

import pytest

from optim.family import RECORDED
from steepest.base.errors import ModelError
from steepest.optim.plateau import ReduceOnPlateau
from steepest.optim.schedules import LinearWarmUp


def rates(schedule: ReduceOnPlateau, losses: list[float], epoch_length: int = 1) -> list[float]:
    state, seen = schedule.init(), []
    for step, loss in enumerate(losses):
        rate, state = schedule.update(state, step, step // epoch_length, loss)
        seen.append(rate)
    return seen


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("plain", ReduceOnPlateau(0.5, 0.5, 2)),
        ("impatient", ReduceOnPlateau(0.5, 0.1, 0, lowest=0.01)),
        ("cooldown", ReduceOnPlateau(0.5, 0.5, 1, 0.3, 3)),
    ],
)
def test_agrees_with_pytorch(name: str, schedule: ReduceOnPlateau) -> None:
    assert rates(schedule, RECORDED["plateau_losses"]) == pytest.approx(RECORDED["plateaus"][name], rel=1e-12)


def test_an_epoch_counts_by_its_mean() -> None:
    """Epochs of two steps with means 3, 2, 2, 2: the third and fourth are bad, patience 1, so the fifth is halved."""
    losses = [5.0, 1.0, 1.0, 3.0, 0.0, 4.0, 2.0, 2.0, 9.0, 9.0]
    assert rates(ReduceOnPlateau(1.0, 0.5, 1), losses, 2) == [1.0] * 8 + [0.5] * 2


def test_reduces_what_a_schedule_gives() -> None:
    schedule = ReduceOnPlateau(LinearWarmUp(1.0, 4, start=0.2), 0.5, 0)
    assert rates(schedule, [1.0] * 5) == pytest.approx([0.2, 0.4, 0.3, 0.2, 0.125])


def test_losses_below_zero() -> None:
    """Better is lower, by a fraction of the size: -1.05 improves on -1 by 5 %, -1.00005 by too little."""
    schedule = ReduceOnPlateau(1.0, 0.5, 0, threshold=1e-2)
    assert rates(schedule, [-1.0, -1.05, -1.05005, -1.2, -1.2]) == [1.0, 1.0, 1.0, 0.5, 0.5]


def test_nan_and_infinity_are_no_improvement() -> None:
    assert rates(ReduceOnPlateau(1.0, 0.5, 0), [math.nan, 1.0, math.inf, 0.5, 0.4]) == [1.0, 0.5, 0.5, 0.25, 0.25]


def test_not_below_the_lowest() -> None:
    assert rates(ReduceOnPlateau(1.0, 0.1, 0, lowest=0.05), [1.0] * 5) == [1.0, 1.0, 0.1, 0.05, 0.05]


def test_pure_and_resumable() -> None:
    """The state is left as it was, survives JSON, and going on from it gives the same bits."""
    schedule = ReduceOnPlateau(0.7, 0.3, 1)
    losses = [1 / (1 + k % 5) for k in range(40)]
    whole = rates(schedule, losses)
    state, seen = schedule.init(), []
    for step, loss in enumerate(losses):
        before = dict(state)
        rate, after = schedule.update(state, step, step, loss)
        assert state == before
        state = json.loads(json.dumps(after))
        seen.append(rate)
    assert seen == whole
    assert min(seen) < 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": -1}, "the rate that ReduceOnPlateau wraps must be a positive number or a schedule, not -1"),
        ({"rate": 1.0, "factor": 1.0}, "the factor of ReduceOnPlateau must be at least 0 and below 1, not 1.0"),
        ({"rate": 1.0, "factor": 0.0}, "the factor of ReduceOnPlateau must be a positive number"),
        ({"rate": 1.0, "patience": -1}, "the patience of ReduceOnPlateau must be a whole number, at least 0, not -1"),
        ({"rate": 1.0, "threshold": 1}, "the threshold of ReduceOnPlateau must be"),
        ({"rate": 1.0, "cooldown": 0.5}, "the cooldown of ReduceOnPlateau must be a whole number"),
        ({"rate": 1.0, "lowest": -1e-3}, "the lowest rate of ReduceOnPlateau must be a number, at least 0"),
    ],
)
def test_bad_arguments(options: dict, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        ReduceOnPlateau(**options)
