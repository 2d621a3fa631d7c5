"""Residuals from four sides, and range tests."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest.views.pictures.range_test_picture import plot_range_test
from steepest.views.pictures.residuals_picture import plot_residuals
from views.judged import judge, legend_of

X = np.linspace(0, 1, 101)
NOISE = np.random.default_rng(5).normal(size=101)


def test_four_sides() -> None:
    fit = sd.fit("y ~ a + b*x", {"x": X, "y": 3 * X + NOISE})
    picture = plot_residuals(fit)
    by_prediction, histogram, normal, by_row = picture.axes
    dots = next(each for each in by_prediction.get_lines() if each.get_linestyle() == "None")
    np.testing.assert_array_equal(dots.get_xydata(), np.column_stack([fit.predicted, fit.residuals]))
    assert sum(bar.get_height() for bar in histogram.patches) == 101
    # Blom's plotting positions of 101 rows: the largest at (101 - 0.375) / 101.25, 2.5009 standard deviations out.
    quantiles, ordered = next(each for each in normal.get_lines() if each.get_linestyle() == "None").get_data()
    assert quantiles[-1] == pytest.approx(2.5009, abs=2e-3)
    np.testing.assert_array_equal(ordered, np.sort(fit.residuals))
    reference = next(each for each in normal.get_lines() if each.get_linestyle() == "-").get_data()
    assert np.ptp(reference[1]) / np.ptp(reference[0]) == pytest.approx(fit.residuals.std())
    assert by_row.get_xlabel() == "row"
    assert legend_of(by_row) == ["mean of 7 rows"]
    judge(picture)


def test_a_pattern_is_seen_in_the_running_mean() -> None:
    fit = sd.fit("y ~ a + b*x", {"x": X, "y": 10 * (X - 0.5) ** 2})
    mean = plot_residuals(fit).axes[0].get_lines()[-1].get_ydata()
    assert mean[0] > 0.5
    assert mean[len(mean) // 2] < -0.5
    assert mean[-1] > 0.5


def test_few_equal_and_missing_residuals() -> None:
    exact = plot_residuals(sd.fit("y ~ a + b*x", {"x": [0.0, 1.0], "y": [1.0, 2.0]}))
    judge(exact)
    model = lambda p, x: np.sqrt(x - p["a"])
    run = sd.Run(sd.Problem(model, {"a": 0.5}, X, X), sd.Descent(learning_rate=0.1), steps=1).finish()
    assert plot_residuals(run).get_suptitle() == "50 of 101 residuals are not finite and are left out"
    none = sd.Run(sd.Problem(model, {"a": 2.0}, X, X), sd.Descent(learning_rate=0.1), steps=1).finish()
    with pytest.raises(sd.SteepestError, match="no residual is a finite number"):
        plot_residuals(none)


def test_a_range_test() -> None:
    found = sd.range_test(sd.Problem.of_function(lambda p: p["x"] ** 2, {"x": 1.0}))
    picture = plot_range_test(found)
    axes = picture.axes[0]
    assert legend_of(axes) == [f"suggestion: {found.suggestion:.3g}", f"the loss turned up: {found.diverged_at:.3g}",
                               "2 / curvature at the start: 1"]  # fmt: skip
    curve, suggestion, *_ = axes.get_lines()
    np.testing.assert_array_equal(curve.get_xdata(), found.rates)
    assert suggestion.get_xdata()[0] == found.suggestion
    assert axes.get_title().replace("\n", " ") == found.why
    judge(picture)


def test_a_range_test_that_tried_nothing() -> None:
    picture = plot_range_test(sd.range_test(sd.Problem.of_function(lambda p: 0 * p["x"], {"x": 1.0})))
    assert picture.axes[0].texts[0].get_text() == "no rate was tried"
    judge(picture)
    with pytest.raises(sd.SteepestError, match="not of int"):
        plot_range_test(3)  # type: ignore[arg-type]
