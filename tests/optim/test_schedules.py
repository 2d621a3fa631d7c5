"""Schedules: tables by hand, PyTorch's schedulers as recorded (tests/reference/rules_torch.py), the conditions on the rates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optim.family import RECORDED
from steepest.base.errors import ModelError
from steepest.optim.schedules import (
    ConstantRate,
    CosineDecay,
    CosineRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LinearWarmUp,
    OneCycle,
    PolynomialDecay,
    StepDecay,
)

R2 = math.sqrt(0.5)
# (schedule, {step: rate}), by hand
TABLES = [
    (ConstantRate(0.3), {0: 0.3, 1: 0.3, 10**9: 0.3}),
    (StepDecay(0.8, every=3, factor=0.5), {0: 0.8, 2: 0.8, 3: 0.4, 5: 0.4, 6: 0.2, 9: 0.1}),
    (ExponentialDecay(0.8, 0.5), {0: 0.8, 1: 0.4, 3: 0.1, 10**7: 0.0}),
    (InverseTimeDecay(0.6, decay=0.5), {0: 0.6, 1: 0.4, 2: 0.3, 4: 0.2, 10: 0.1}),
    (InverseTimeDecay(0.6, decay=1.0, power=0.5), {0: 0.6, 3: 0.3, 8: 0.2}),
    (PolynomialDecay(0.9, steps=3, end=0.3), {0: 0.9, 1: 0.7, 2: 0.5, 3: 0.3, 100: 0.3}),
    (PolynomialDecay(1.0, steps=4, power=2.0), {0: 1.0, 1: 9 / 16, 2: 1 / 4, 3: 1 / 16, 4: 0.0, 5: 0.0}),
    (CosineDecay(1.0, steps=4), {0: 1.0, 1: (1 + R2) / 2, 2: 0.5, 3: (1 - R2) / 2, 4: 0.0, 7: 0.0}),
    (CosineDecay(1.0, steps=2, end=0.5), {0: 1.0, 1: 0.75, 2: 0.5}),
    (LinearWarmUp(0.8, steps=4, start=0.0), {0: 0.0, 1: 0.2, 2: 0.4, 3: 0.6, 4: 0.8, 99: 0.8}),
    (LinearWarmUp(ExponentialDecay(0.8, 0.5), 2, start=0.5), {0: 0.4, 1: 0.6, 2: 0.8, 3: 0.4, 4: 0.2}),
    (CosineRestarts(1.0, period=2), {0: 1.0, 1: 0.5, 2: 1.0, 3: 0.5, 10**12: 1.0}),
    (CosineRestarts(1.0, period=2, growth=2), {0: 1.0, 2: 1.0, 4: 0.5, 6: 1.0, 10: 0.5, 14: 1.0, 2 * (2**40 - 1): 1.0}),
    # Rise to step 4, fall to step 9: first 0.1, peak 1, last 0.1 / 10; halfway between on each side.
    (OneCycle(1.0, 10, rise=0.5, start_divisor=10, end_divisor=10), {0: 0.1, 2: 0.55, 4: 1.0, 9: 0.01, 50: 0.01}),
    (OneCycle(1.0, steps=1), {0: 1.0, 1: 1.0}),
    (OneCycle(1.0, steps=5, rise=0.0), {0: 1.0, 4: 0.04 / 1e4}),
    (OneCycle(1.0, steps=5, rise=1.0), {0: 0.04, 2: 0.52, 4: 1.0, 5: 1.0}),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "table"), TABLES, ids=lambda x: repr(x)[:60])
def test_tables(schedule, table: dict[int, float]) -> None:
    found = {step: schedule(step) for step in table}
    assert all(type(rate) is float for rate in found.values())
    assert found == pytest.approx(table, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("step", StepDecay(0.5, 4, 0.3)),
        ("exponential", ExponentialDecay(0.5, 0.9)),
        ("inverse_time", InverseTimeDecay(0.5, 0.2)),
        ("polynomial", PolynomialDecay(0.5, 10, power=2.0)),
        ("cosine", CosineDecay(0.5, 10, 0.05)),
        ("restarts", CosineRestarts(0.5, 4, end=0.01)),
        ("restarts_growing", CosineRestarts(0.5, 3, 2)),
        ("one_cycle", OneCycle(0.5, 20)),
        ("one_cycle_options", OneCycle(0.5, 20, 0.5, 10, 5)),
        ("warm_up", LinearWarmUp(CosineDecay(0.5, 12), 6, 0.25)),
    ],
)
def test_agrees_with_pytorch(name: str, schedule) -> None:
    theirs = RECORDED["schedules"][name]
    np.testing.assert_allclose([schedule(step) for step in range(len(theirs))], theirs, rtol=1e-12, atol=1e-16)


@settings(deadline=None, max_examples=50)
@given(step=st.integers(0, 10**9), steps=st.integers(1, 10**6), end=st.floats(0, 1), rise=st.floats(0, 1))
def test_rates_stay_between_their_ends(step: int, steps: int, end: float, rise: float) -> None:
    for schedule, low in [
        (PolynomialDecay(1.0, steps, end), end),
        (CosineDecay(1.0, steps, end), end),
        (CosineRestarts(1.0, steps, 3, end), end),
        (LinearWarmUp(1.0, steps, end), end),
        (OneCycle(1.0, steps, rise), 0.04 / 1e4),
        (InverseTimeDecay(1.0, end), 0.0),
    ]:
        assert low - 1e-15 <= schedule(step) <= 1.0 + 1e-15


def test_falling_rates_converge_where_a_constant_one_wanders() -> None:
    """Noisy slopes 2x + noise: with rates 1/t the error goes to zero, with a constant rate it stays about sqrt(rate)."""
    noise = np.random.default_rng(3).standard_normal((200, 4000))

    def end(schedule) -> float:
        x = np.ones(200)
        for step in range(4000):
            x = x - schedule(step) * (2 * x + noise[:, step])
        return float(np.sqrt(np.mean(x**2)))

    assert end(ConstantRate(0.1)) > 0.15
    assert end(InverseTimeDecay(0.5, 0.5)) < 0.02
    assert end(ExponentialDecay(0.1, 0.5)) > 0.5  # fell too fast to get there: the sum of the rates is finite


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConstantRate(0), "the rate of ConstantRate must be a positive number, not 0"),
        (lambda: ConstantRate("auto"), "the rate of ConstantRate must be a positive number, not 'auto'"),
        (lambda: StepDecay(0.1, 0), "every, the steps between two decays, must be a whole number, at least 1, not 0"),
        (lambda: StepDecay(0.1, 2.5), "must be a whole number, at least 1, not 2.5"),
        (
            lambda: StepDecay(0.1, 5, 1.1),
            "the factor of StepDecay must be at most 1, so that the rate does not grow, not 1.1",
        ),
        (lambda: ExponentialDecay(0.1, -0.5), "the factor of ExponentialDecay must be a positive number"),
        (lambda: InverseTimeDecay(0.1, -1), "the decay of InverseTimeDecay must be a number, at least 0"),
        (lambda: InverseTimeDecay(0.1, 1, 0), "the power of InverseTimeDecay must be a positive number"),
        (lambda: PolynomialDecay(0.1, 0), "the steps of PolynomialDecay must be a whole number"),
        (
            lambda: PolynomialDecay(0.1, 5, 0.2),
            "the end of PolynomialDecay, 0.2, is above its rate, 0.1: it would rise",
        ),
        (lambda: CosineDecay(0.1, 5, -0.1), "the end of CosineDecay must be a number, at least 0"),
        (lambda: CosineDecay(math.nan, 5), "the rate of CosineDecay must be a positive number, not nan"),
        (lambda: CosineRestarts(0.1, 0), "the period of CosineRestarts must be a whole number"),
        (lambda: CosineRestarts(0.1, 5, 1.5), "the growth of CosineRestarts must be a whole number"),
        (
            lambda: OneCycle(0.1, 10, rise=30),
            "the rise of OneCycle, a fraction of its steps, must be a number from 0 to 1",
        ),
        (lambda: OneCycle(0.1, 10, start_divisor=0), "the start_divisor of OneCycle must be a positive number"),
        (lambda: LinearWarmUp(0.1, 0), "the steps of LinearWarmUp must be a whole number"),
        (
            lambda: LinearWarmUp(-0.1, 5),
            "the rate that LinearWarmUp wraps must be a positive number or a schedule, not -0.1",
        ),
        (lambda: LinearWarmUp(0.1, 5, 2), "the start of LinearWarmUp, a fraction, must be a number from 0 to 1"),
    ],
)
def test_bad_arguments(make, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        make()
