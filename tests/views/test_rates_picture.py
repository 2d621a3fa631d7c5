"""Learning rates side by side: the picture and the words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.views.pictures.rates_picture import plot_rates
from steepest.views.pictures.regimes import Limit, percent, regimes
from views.judged import judge, legend_of


def squared(x: Any) -> Any:
    return x**2


def words_of(axes: Any) -> str:
    return axes.get_xlabel().split("\n\n")[1].replace("\n", " ").replace("\u00a0", " ")


def test_the_three_regimes_of_the_tutorial() -> None:
    picture = plot_rates(squared, at=-1.5, rates=[0.01, 0.9, 1.1])
    assert picture.get_suptitle() == "the limit: 2 / curvature = 1 at the minimum x = 0"
    assert [axes.get_title() for axes in picture.axes] == ["rate 0.01: slow", "rate 0.9: bounces", "rate 1.1: diverges"]
    # Each step multiplies x by 1 - 2 rate: 0.98, -0.8, -1.2; the loss goes with the square.
    slow, bounces, diverges = map(words_of, picture.axes)
    assert slow == f"1 % of the limit: slow; {100 * 0.98**40:.0f} % of the way down is left after 20 steps."
    assert bounces.startswith(
        "90 % of the limit: bounces from side to side, but comes down; 0.013 % of the way down is left"
    )
    assert diverges == f"110 % of the limit: diverges; the loss went from 2.25 to {2.25 * 1.2**40:.4g} in 20 steps."
    for axes, factor in zip(picture.axes, (0.98, -0.8, -1.2)):
        points = next(each for each in axes.get_lines() if each.get_linestyle() == "None")
        np.testing.assert_allclose(points.get_xdata(), -1.5 * factor ** np.arange(21))
    judge(picture)


def test_what_flies_away_is_followed_a_little() -> None:
    calm, _, wild = plot_rates(squared, at=-1.5, rates=[0.01, 0.9, 1.1]).axes
    assert np.ptp(calm.get_xlim()) < np.ptp(wild.get_xlim()) <= 3.01 * np.ptp(calm.get_xlim())


def test_rates_left_out_are_parts_of_the_limit() -> None:
    titles = [axes.get_title() for axes in plot_rates(squared, at=-1.5).axes]
    assert titles == ["rate 0.01: slow", "rate 0.9: bounces", "rate 1.1: diverges"]


@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_up_to_six_rates(count: int) -> None:
    picture = plot_rates(lambda x: np.sin(3 * x) + x**2 / 4, at=2.2, rates=np.geomspace(0.01, 0.5, count).tolist())
    assert len(picture.axes) == count
    assert picture.get_size_inches()[0] <= 9.01
    if count in (1, 4):
        judge(picture)


def quadratic() -> sd.Problem:
    """The tutorial's fit: its rate limit is 3.5e-5."""
    t = np.arange(20.0)
    start = {"a": 0.0121, "b": -0.6397, "c": 0.6416}
    return sd.Problem(lambda p, t: p["a"] * t**2 + p["b"] * t + p["c"], start, t, 0.5 * (t - 9.5) ** 2 + 1)


def test_several_parameters_have_loss_curves() -> None:
    picture = plot_rates(quadratic(), steps=60, rates=[1e-6, 3e-5, 4e-5])
    assert picture.get_suptitle() == "the limit: 2 / curvature = 3.54e-05 at the minimum"
    t = np.arange(20.0)
    design = np.column_stack([t**2, t, t**0])
    assert Limit.of(quadratic()).rate == pytest.approx(2 / np.linalg.eigvalsh(2 * design.T @ design / 20)[-1], rel=1e-6)
    axes = picture.axes[0]
    # Loss by hand: descent on a quadratic in the eigenvectors of its Hessian.
    residual = design @ [0.0121, -0.6397, 0.6416] - (0.5 * (t - 9.5) ** 2 + 1)
    assert axes.get_lines()[0].get_ydata()[0] == pytest.approx(np.mean(residual**2))
    labels = [label.replace("\n", " ").replace("\u00a0", " ") for label in legend_of(axes)]
    assert labels[1].startswith("rate 3e-05, 85 % of the limit: slow; ")
    assert "diverges" in labels[2]
    judge(picture)


def test_a_minimum_of_its_own_is_not_called_slow() -> None:
    wavy = sd.minimize(
        lambda x: np.sin(3 * x) + x**2 / 4, 2.2, method="gradient_descent", learning_rate=1.0, steps=0
    ).problem
    found = regimes(wavy, [0.05], Limit(0.2, "", floor=-0.94), 40)[0]
    assert found.name == "straight down"
    assert "it ends in a minimum of its own" in found.words


def test_up_and_down() -> None:
    # Two parameters, of which one bounces so little that most steps go on, and a ridge in the way.
    problem = sd.Problem.of_function(lambda p: np.sin(4 * p["x"]) + 0.1 * p["y"] ** 2 - p["x"], {"x": 0.0, "y": 1.0})
    found = regimes(problem, [0.3], Limit(np.inf, ""), 12)[0]
    assert np.any(np.diff(found.path.losses) > 0)
    assert found.name in ("up and down", "bounces", "diverges")
    assert "the limit" not in found.words


def test_a_start_at_the_minimum_is_not_called_a_divergence() -> None:
    t = np.arange(6.0)
    fit = sd.fit("y ~ a + b*t", {"t": t, "y": t + np.cos(t)})
    labels = legend_of(plot_rates(fit).axes[0])
    assert all("the start is the minimum already" in label.replace("\n", " ") for label in labels)


def test_where_nothing_curves_there_is_no_limit() -> None:
    assert (
        plot_rates(lambda x: 3 * x, at=1.0, rates=[0.1]).get_suptitle()
        == "no limit: nothing curves upwards at the start"
    )
    with pytest.raises(sd.SteepestError, match=r"there is no limit to choose rates by .* give some: rates="):
        plot_rates(lambda x: 3 * x, at=1.0)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"at": 1.0, "rates": [-1]}, "a learning rate must be a positive number, not -1"),
        ({"at": 1.0, "rates": []}, "there are no rates to compare"),
        ({"at": 1.0, "rates": [0.1] * 7}, "give up to 6"),
        ({"at": 1.0, "steps": 0}, "steps must be a whole number, at least 1"),
        ({}, "needs a place to start from"),
    ],
)
def test_refusals(how: dict[str, Any], words: str) -> None:
    with pytest.raises(sd.SteepestError, match=words):
        plot_rates(squared, **how)


def test_a_start_that_is_not_finite_is_refused() -> None:
    with pytest.raises(sd.SteepestError, match="the loss is not finite at the start"):
        plot_rates(lambda x: np.log(x), at=-1.0)


def test_percentages_do_not_break() -> None:
    assert percent(0.45) == "45\u00a0%"
