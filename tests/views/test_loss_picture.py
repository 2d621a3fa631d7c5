"""The loss curve: what is drawn of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex

import steepest as sd
from steepest.views.pictures.loss_axis import block_means, thinned
from steepest.views.pictures.loss_picture import plot_loss
from steepest.views.style import LIGHT
from views.judged import judge, legend_of, line

X = np.linspace(-1, 1, 40)
Y = 1 + 2 * X + np.sin(9 * X) / 5


def model(p: Any, x: Any) -> Any:
    return p["a"] + p["b"] * x


def straight_line(**options: Any) -> sd.Problem:
    return sd.Problem(model, {"a": 0.0, "b": 0.0}, X, Y, **options)


def on_batches(steps: int = 60, **options: Any) -> sd.Run:
    return sd.Run(straight_line(), sd.Descent(sd.SGD(), 0.05, sd.Batches(10)), steps=steps, **options).finish()


def squared(x: Any) -> Any:
    return x**2


def descent(rate: Any = 0.25, steps: int = 5, f: Any = squared, start: float = -1.5) -> sd.Run:
    return sd.minimize(f, start, method="gradient_descent", learning_rate=rate, steps=steps)


def test_the_curve_is_the_loss_of_every_step_and_of_the_end() -> None:
    axes = plot_loss(descent()).axes[0]
    # x halves at each step, since x - 0.25 * 2 x = x / 2.
    np.testing.assert_allclose(line(axes, "training").get_ydata(), 2.25 * 0.25 ** np.arange(6))
    np.testing.assert_array_equal(line(axes, "training").get_xdata(), np.arange(6))
    assert "at the end: 0.002197" in legend_of(axes)


def test_batches_lie_behind_their_means() -> None:
    run = on_batches()
    axes = plot_loss(run).axes[0]
    raw, mean = line(axes, "single batches"), line(axes, "training, mean over an epoch")
    np.testing.assert_array_equal(raw.get_ydata(), run.history["loss"])
    np.testing.assert_allclose(mean.get_ydata(), run.history["loss"].reshape(-1, 4).mean(axis=1))
    np.testing.assert_allclose(mean.get_xdata(), np.arange(15) * 4 + 1.5)
    assert raw.get_linewidth() < mean.get_linewidth()
    assert f"all rows, at the end: {run.loss:.4g}" in legend_of(axes)
    assert axes.child_axes[0].get_xlabel() == "epoch"


def test_few_epochs_are_averaged_over_parts_of_the_run() -> None:
    x = np.linspace(0, 1, 400)
    run = sd.Run(
        sd.Problem(model, {"a": 0.0, "b": 0.0}, x, x), sd.Descent(sd.SGD(), 0.1, sd.Batches(1)), steps=400
    ).finish()
    assert "training, mean over 10 steps" in legend_of(plot_loss(run).axes[0])


def test_validation_its_metrics_and_the_parameters_that_were_restored() -> None:
    train, held = straight_line().split(0.3)
    # A rate that grows and grows: the loss falls, then rises, and patience ends the run.
    validation = sd.Validation(held, {"closeness": lambda out, target: -float(np.abs(out - target).mean())}, patience=3)
    run = sd.Run(train, sd.Descent(learning_rate=lambda k: 0.05 * 1.2**k), steps=200, hooks=[validation]).finish()
    assert run.outcome is not None
    assert run.outcome.name == "stopped_early"
    picture = plot_loss(run)
    loss, rate, metrics = picture.axes
    np.testing.assert_array_equal(line(loss, "validation").get_ydata(), validation.column("loss"))
    best = validation.best
    assert best is not None
    assert f"validation, best: {best['loss']:.4g}" in legend_of(loss)
    np.testing.assert_array_equal(line(loss, "kept: step").get_xdata(), [best["step"]])
    np.testing.assert_array_equal(rate.get_lines()[0].get_ydata(), run.history["rate"])
    assert rate.get_ylabel() == "learning\nrate"
    assert legend_of(metrics) == ["closeness"]
    assert picture.get_suptitle() == f"gradient descent: stopped early after {run.steps_done} steps"
    assert "has not got better" in loss.get_title().replace("\n", " ")
    judge(picture)


def test_a_constant_rate_is_named_and_has_no_panel() -> None:
    picture = plot_loss(descent())
    assert len(picture.axes) == 1
    assert picture.axes[0].get_xlabel() == "step (each at the learning rate 0.25)"


def test_methods_without_a_rate_have_none() -> None:
    assert plot_loss(sd.minimize(squared, 3.0)).axes[0].get_xlabel() == "step"
    fit = sd.fit("y ~ a*exp(b*x)", {"x": X, "y": np.exp(X)}, start={"a": 3.0, "b": -1.0})
    assert plot_loss(fit).axes[1].get_ylabel() == "damping"


def test_divergence_says_why_in_the_colour_of_warnings_and_marks_what_is_kept() -> None:
    picture = plot_loss(descent(1.1, 200))
    assert picture.get_suptitle().startswith("gradient descent: diverged after ")
    assert to_hex(picture._suptitle.get_color()) == LIGHT.warning
    words = picture.axes[0].get_title().replace("\n", " ")
    assert "The loss grew from 2.25 to " in words
    assert words.endswith("Lower the learning rate, or leave it out to have one chosen.")
    assert "kept: step 0, loss 2.25" in legend_of(picture.axes[0])
    assert picture.axes[0].get_yscale() == "log"


def test_where_the_loss_is_no_number_there_is_a_cross() -> None:
    picture = plot_loss(descent(0.3, 20, np.log, 1.0))
    assert "not finite: step 3" in legend_of(picture.axes[0])
    never = plot_loss(descent(0.3, 20, np.log, -1.0))
    assert [text.get_text() for text in never.axes[0].texts] == ["the loss was never a finite number"]


@pytest.mark.parametrize(
    "run",
    [descent(steps=0), descent(steps=1), descent(f=lambda x: 0 * x + 3), descent(f=lambda x: np.sin(x) - 5, steps=20)],
    ids=["no step", "one step", "constant", "negative"],
)
def test_short_and_level_runs(run: Any) -> None:
    picture = plot_loss(run)
    judge(picture)
    assert picture.axes[0].get_yscale() == "linear"
    low, high = picture.axes[0].get_ylim()
    assert low < run.loss < high


def test_a_run_that_goes_on_is_not_said_to_have_ended() -> None:
    run = descent(steps=0)
    run.step()
    picture = plot_loss(run)
    assert picture.get_suptitle() == "gradient descent: at step 1"
    assert picture.axes[0].get_title() == ""


def test_huge_losses_keep_their_numbers() -> None:
    low, high = plot_loss(descent(f=lambda x: 1e300 * x**2, rate=1e-302, steps=3)).axes[0].get_ylim()
    assert 1.9e300 < low < high < 2.4e300


def test_a_million_steps_are_thinned_and_keep_their_peaks() -> None:
    y = np.random.default_rng(0).normal(size=10**6)
    x, seen = thinned(np.arange(10.0**6), y)
    assert len(seen) <= 3000
    assert (seen.min(), seen.max()) == (y.min(), y.max())
    assert (np.diff(x) > 0).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=60), st.integers(1, 9))
def test_block_means(values: list[float], width: int) -> None:
    y = np.array(values)
    middle, means = block_means(np.arange(len(y)).astype(float), y, width)
    blocks = [y[k : k + width] for k in range(0, len(y), width)]
    expected = [np.nan if np.isnan(block).all() else np.nanmean(block) for block in blocks]
    np.testing.assert_allclose(means, expected, atol=1e-9)
    np.testing.assert_allclose(middle, [k + (len(b) - 1) / 2 for k, b in zip(range(0, len(y), width), blocks)])


def test_only_runs_have_a_loss_curve() -> None:
    with pytest.raises(sd.SteepestError, match="the loss curve is drawn from a run or a fit, not from an int"):
        plot_loss(3)
