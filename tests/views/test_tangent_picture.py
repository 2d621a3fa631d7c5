"""Points, tangents, secants and steps on a curve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.views.pictures.tangent_picture import plot_tangent
from views.judged import judge, legend_of, line


def squared(x: Any) -> Any:
    return x**2


def test_the_tutorials_tangent() -> None:
    picture = plot_tangent(squared, at=-1.5)
    axes = picture.axes[0]
    x, y = line(axes, "tangent at x = -1.5: slope -3").get_data()
    np.testing.assert_allclose(y, 2.25 - 3 * (x + 1.5))
    x, y = line(axes, "f(x)").get_data()
    np.testing.assert_allclose(y, x**2)
    assert (x.min() < -1.5, x.max() > 0) == (True, True)
    np.testing.assert_array_equal(line(axes, "(-1.5, 2.25)").get_xydata(), [[-1.5, 2.25]])
    judge(picture)


def test_secants_turn_into_the_tangent() -> None:
    axes = plot_tangent(squared, at=-1.5, secants=[1.0, 0.5, 0.1]).axes[0]
    # ((x + h)² - x²) / h = 2 x + h
    assert legend_of(axes)[2:5] == [
        "secant, h = 1: slope -2",
        "secant, h = 0.5: slope -2.5",
        "secant, h = 0.1: slope -2.9",
    ]
    x, y = line(axes, "secant, h = 0.5").get_data()
    np.testing.assert_allclose(np.interp([-1.5, -1.0], x, y), [2.25, 1.0])
    assert sum(label.startswith("secant") for label in legend_of(plot_tangent(squared, at=-1.5).axes[0])) == 3


def test_steps_down() -> None:
    axes = plot_tangent(squared, at=-1.5, learning_rate=0.1, steps=10).axes[0]
    steps = line(axes, "10 steps of gradient descent, rate 0.1, to x = -0.1611")
    x = -1.5 * 0.8 ** np.arange(11)  # x - 0.1 * 2 x
    np.testing.assert_allclose(steps.get_xydata(), np.column_stack([x, x**2]))
    assert len(axes.patches) == 10
    assert not any(label.startswith("secant") for label in legend_of(axes))


def test_a_run_shows_its_own_steps() -> None:
    run = sd.minimize(lambda z: np.log(np.cosh(z)), 10.0, method="gradient_descent", learning_rate=0.5, steps=30)
    axes = run.plot.tangent().axes[0]
    z = [10.0]
    for _ in range(30):
        z.append(z[-1] - 0.5 * np.tanh(z[-1]))
    np.testing.assert_allclose(line(axes, "30 steps").get_xdata(), z)
    assert axes.get_xlabel() == "z"
    assert any(label.startswith("(5, ") for label in legend_of(run.plot.tangent(at=5.0).axes[0]))


def test_many_steps_are_a_line_without_arrows() -> None:
    axes = plot_tangent(squared, at=-1.5, learning_rate=0.01, steps=200).axes[0]
    assert len(axes.patches) == 0
    assert len(line(axes, "200 steps").get_xdata()) == 201


def test_data_with_one_parameter() -> None:
    t = np.arange(1.0, 5)
    run = sd.Run(
        sd.Problem(lambda p, t: p["a"] * t, {"a": 0.0}, t, 2 * t), sd.Descent(learning_rate=0.02), steps=3
    ).finish()
    axes = run.plot.tangent().axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "loss (mse)")
    # The loss is mean(t²) (a - 2)² = 7.5 (a - 2)², its slope at 0 is -30.
    assert "tangent at a = 0: slope -30" in legend_of(axes)


@pytest.mark.parametrize(
    ("f", "at"),
    [(lambda x: 0 * x + 3, 1.0), (lambda x: 2 * x, 1.0), (lambda x: np.log(x) + 1 / x, 0.2), (lambda x: 1e300 * x**2, 1.0),
     (lambda x: x**2, 1e-150), (lambda x: x**2, 0.0), (lambda x: np.exp(50 * x), 1.0)],
    ids=["level", "straight", "wall", "huge", "tiny", "floor", "steep"],
)  # fmt: skip
def test_curves_of_all_kinds(f: Any, at: float) -> None:
    picture = plot_tangent(f, at=at)
    judge(picture)
    low, high = picture.axes[0].get_xlim()
    assert low < at < high


def test_a_wall_does_not_press_the_rest_to_the_ground() -> None:
    _, high = plot_tangent(lambda x: 1 / x + x, at=1e-3, window=(1e-6, 3.0)).axes[0].get_ylim()
    assert high < 1e5


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({}, "needs a place to start from: at=-1.5"),
        ({"at": 1.0, "secants": [0]}, "a number other than 0"),
        ({"at": 1.0, "window": (3, 1)}, "the smaller one first"),
        ({"at": 1.0, "learning_rate": 0.1, "steps": 2.5}, "steps must be a whole number"),
        ({"at": "here"}, "start must be a number"),
    ],
)
def test_refusals(how: dict[str, Any], words: str) -> None:
    with pytest.raises(sd.SteepestError, match=words):
        plot_tangent(squared, **how)


def test_refusals_of_what_has_no_tangent() -> None:
    with pytest.raises(sd.SteepestError, match="there is no tangent at x = -1, where the value is nan"):
        plot_tangent(lambda x: np.log(x), at=-1.0)
    with pytest.raises(sd.SteepestError, match="a curve is drawn over one parameter, and there are 2"):
        sd.minimize(lambda x: x @ x, [1.0, 2.0]).plot.tangent()
    with pytest.raises(sd.SteepestError, match="is drawn from a function and a place"):
        plot_tangent("x**2", at=1.0)
