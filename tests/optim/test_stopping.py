"""Stopping: each test triggers on a small descent and stays silent on healthy ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import ModelError
from steepest.optim.method import Halt
from steepest.optim.rules import Adam, GradientDescent, Momentum
from steepest.optim.stopping import Stopping


def descend(f: Any, start: Any, rate: float, rule: Any = None, **options: Any) -> sd.Run:
    return sd.minimize(f, start, method=sd.Descent(rule or GradientDescent(), rate), **options)


def outcome(run: sd.Run) -> str:
    assert run.outcome is not None
    return run.outcome.name


def square(x: Any) -> Any:
    return x**2


def watch(
    stopping: Stopping, losses: list[float], full: bool = True, steps_per_epoch: int = 1
) -> tuple[int, Halt | None]:
    """What a descent with these losses and slopes about as large would be told, and at which step."""
    memory = stopping.start()
    for step, loss in enumerate(losses):
        slope = max(1.0, abs(loss)) if math.isfinite(loss) else 1.0
        halt = stopping.over(memory, step, step // steps_per_epoch, loss, slope, slope, 0.1, full)
        if halt is not None:
            return step, halt
    return len(losses), None


# ---- row T5
def test_three_rates_on_a_parabola() -> None:
    slow = descend(square, -1.5, 0.01, steps=100)
    assert outcome(slow) == "out_of_steps"
    assert float(slow.params["x"]) == pytest.approx(-1.5 * 0.98**100, rel=1e-12)
    bouncing = descend(square, -1.5, 0.9)
    assert outcome(bouncing) == "converged"
    assert float(bouncing.params["x"]) == pytest.approx(0.0, abs=1e-7)
    signs = np.sign([descend(square, -1.5, 0.9, steps=k).params["x"] for k in range(4)])
    assert signs.tolist() == [-1, 1, -1, 1]
    away = descend(square, -1.5, 1.1)
    assert outcome(away) == "diverged"
    assert float(away.params["x"]) == -1.5  # the best parameters are kept


@pytest.mark.parametrize("rate", [1.001, 1.1, 3.0, 1e3, 1e30, 1e100])
def test_rates_above_the_limit_diverge(rate: float) -> None:
    assert outcome(descend(square, -1.5, rate, steps=20_000)) == "diverged"


@pytest.mark.parametrize("rate", [1e-3, 0.5, 0.99])
@pytest.mark.parametrize("factor", [1e-100, 1.0, 1e100])
def test_the_size_of_the_loss_does_not_matter(rate: float, factor: float) -> None:
    run, plain = (descend(lambda x, k=k: k * x**2, -1.5, rate / k, steps=3000) for k in (factor, 1.0))
    assert outcome(run) == outcome(plain)
    assert run.steps_done == plain.steps_done
    assert outcome(descend(lambda x: factor * x**2, -1.5, 1.1 / factor)) == "diverged"


# ---- healthy descents
@pytest.mark.parametrize("rule", [GradientDescent(), Momentum(), Adam()], ids=lambda rule: rule.name)
@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: (x - 1) ** 2 - 1, 0.0),  # 0 at the start
        (lambda x: x**2 - 4, 2.0),  # 0 at the start, negative at the end
        (lambda x: -np.exp(-(x**2)), 0.5),
        (lambda x: (x - 3) ** 2 - 1e6, 0.0),
        (lambda x: 1e-12 * (x - 3) ** 2, 0.0),
    ],
)
def test_no_false_alarm(f: Any, start: float, rule: Any) -> None:
    assert outcome(descend(f, start, 0.02, rule, steps=3000)) in ("converged", "out_of_steps", "stalled")


def test_adam_started_at_or_beside_the_optimum_does_not_diverge() -> None:
    at = descend(square, 0.0, 0.1, Adam())
    assert outcome(at) == "converged"
    assert at.steps_done == 0
    for start in (1e-15, 1e-9, 1e-4):
        assert outcome(descend(square, start, 0.1, Adam(), steps=500)) != "diverged"


def noisy_batches(first_row_met: bool) -> sd.Problem:
    x = np.linspace(-1, 1, 64)
    y = 2 * x + np.random.default_rng(0).standard_normal(64)
    if first_row_met:
        y[0] = -0.5 * x[0] + 0.25  # the start meets this row
    return sd.Problem(lambda p, x: p["a"] + p["b"] * x, {"a": 0.25, "b": -0.5}, x, y)


@pytest.mark.parametrize("first_row_met", [False, True])
@pytest.mark.parametrize("size", [1, 8])
def test_noise_of_batches_is_no_divergence_and_no_convergence(first_row_met: bool, size: int) -> None:
    for order in ("sequence", "random"):
        method = sd.Descent(GradientDescent(), 0.05, sd.Batches(size, order))
        run = sd.Run(noisy_batches(first_row_met), method, steps=500).finish()
        assert outcome(run) == "out_of_steps"


# ---- each test by itself
def test_converged_needs_a_slope_that_is_small_for_the_loss() -> None:
    stopping = Stopping(tolerance=1e-6)
    memory = stopping.start()
    assert stopping.over(memory, 0, 0, 1.0, 1.1e-6, 1.1e-6, 0.1, True) is None
    halt = stopping.over(memory, 1, 1, 1.0, 0.9e-6, 0.9e-6, 0.1, True)
    assert halt is not None
    assert halt.name == "converged"
    assert stopping.over(stopping.start(), 0, 0, 1.0, 0.9e-6, 0.9e-6, 0.1, False) is None  # a batch's
    assert stopping.over(stopping.start(), 0, 0, 1.0, 0.9e-6, 1.8e-6, 0.1, True) is None


def test_stalled_after_a_thousand_steps_without_progress() -> None:
    step, halt = watch(Stopping(), [1.0] * 1500)
    assert halt is not None
    assert (step, halt.name) == (1000, "stalled")
    assert "levenberg_marquardt" in halt.remedy
    assert watch(Stopping(), [1.0] * 1500, full=False)[1] is None
    assert watch(Stopping(), [1.0 - 1e-9 * k for k in range(3000)])[1] is None  # slow, but it goes
    assert watch(Stopping(), [-1.0 - 1e-9 * k for k in range(3000)])[1] is None
    bouncing = descend(lambda x: np.abs(x), 1.05, 0.1)
    assert outcome(bouncing) == "stalled"


@pytest.mark.parametrize("start", [1.0, 0.0, -5.0, 1e-200, 1e200])
def test_diverged_needs_growth_by_a_million(start: float) -> None:
    scale = max(abs(start), 1.0)
    grown = [start] * 20 + [start + 0.9e6 * scale]
    assert watch(Stopping(), grown)[1] is None
    step, halt = watch(Stopping(), [start] * 20 + [start + 1.1e6 * scale])
    assert halt is not None
    assert (step, halt.name) == (20, "diverged")


@pytest.mark.parametrize("full", [True, False])
def test_a_leap_at_the_first_step_does_not_set_the_measure(full: bool) -> None:
    step, halt = watch(Stopping(), [45.0, 8e46, 3e45, 9e45], full)
    assert halt is not None
    assert (step, halt.name) == (1, "diverged")
    assert watch(Stopping(), [1e-9, 1.0, 0.5, 1e-9, 2.0], False)[1] is None  # a batch that happened to be met


def test_non_finite_values_are_named() -> None:
    for bad in (math.nan, math.inf, -math.inf):
        step, halt = watch(Stopping(), [1.0, 0.9, bad])
        assert halt is not None
        assert (step, halt.name) == (2, "non_finite")
        assert str(bad) in halt.message
        assert "step 2" in halt.message
    halt = Stopping().finite(3, 1.0, math.inf)
    assert halt is not None
    assert "gradient" in halt.message
    step, halt = watch(Stopping(), [1.0, 1e100, math.inf])  # the cause, not its end
    assert halt is not None
    assert halt.name == "diverged"


def test_threshold_at_once_and_for_batches_by_the_mean_of_an_epoch() -> None:
    step, halt = watch(Stopping(threshold=0.5), [1.0, 0.6, 0.5, 0.4])
    assert halt is not None
    assert (step, halt.name) == (2, "threshold_reached")
    # batches of two steps an epoch: one low batch is luck; the second epoch's mean is 0.45
    losses = [0.1, 1.5, 0.4, 0.5, 0.3, 0.3]
    step, halt = watch(Stopping(threshold=0.5), losses, full=False, steps_per_epoch=2)
    assert halt is not None
    assert (step, halt.name) == (4, "threshold_reached")
    assert "0.45" in halt.message


def test_patience_counts_epochs_without_a_lower_loss() -> None:
    stopping = Stopping(patience=3)
    step, halt = watch(stopping, [5.0, 4.0, 4.5, 4.0, 4.1, 3.0, 2.0])
    assert halt is not None
    assert (step, halt.name) == (5, "stopped_early")
    assert "4" in halt.message
    assert watch(stopping, [5.0, 4.0, 4.5, 4.2, 3.9, 4.5, 4.2, 3.8, 4.0, 4.0])[1] is None
    # two steps an epoch: means 3, 2, 2.5, 2.2, 2.1
    losses = [4.0, 2.0, 3.0, 1.0, 2.5, 2.5, 2.2, 2.2, 2.1, 2.1, 0.0]
    step, halt = watch(stopping, losses, full=False, steps_per_epoch=2)
    assert halt is not None
    assert (step, halt.name) == (10, "stopped_early")


def test_what_is_no_test() -> None:
    for options in ({"tolerance": -1.0}, {"tolerance": math.nan}, {"patience": 0}, {"threshold": math.nan}):
        with pytest.raises(ModelError):
            Stopping(**options)


# ---- going on
@pytest.mark.parametrize("rule", [GradientDescent(), Momentum(nesterov=True), Adam()], ids=lambda rule: rule.name)
@pytest.mark.parametrize("size", [None, 7])
def test_one_step_at_a_time_gives_the_same_bits(rule: Any, size: int | None) -> None:
    def fresh() -> sd.Run:
        method = sd.Descent(rule, 0.03, sd.Batches(size))
        return sd.Run(noisy_batches(False), method, seed=3, stopping=Stopping(patience=1000))

    whole, parts = fresh().finish(50), fresh()
    for _ in range(50):
        parts.step()
        parts = parts.fork()
    assert parts.params.flat.tobytes() == whole.params.flat.tobytes()
    assert parts.history["loss"].tobytes() == whole.history["loss"].tobytes()
    assert parts.state["watch"] == whole.state["watch"]
