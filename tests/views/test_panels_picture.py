"""The fit at successive steps: panels, and curves one over the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.views.pictures.earlier import runs_at
from steepest.views.pictures.panels_picture import plot_panels
from steepest.views.pictures.predictions_picture import plot_predictions
from views.judged import judge, legend_of, line

T = np.arange(20.0)
SPEED = 0.5 * (T - 9.5) ** 2 + 1 + np.random.default_rng(3).normal(size=20)
START = (1.1, -0.7, 0.6)


def quadratic(**options: Any) -> sd.Run:
    problem = sd.Problem(lambda p, t: p["a"] * t**2 + p["b"] * t + p["c"], dict(zip("abc", START)), T, SPEED)
    return sd.Run(problem, sd.Descent(learning_rate=1e-5), **{"steps": 10, **options}).finish()


def by_hand(steps: int) -> np.ndarray:
    """The tutorial's loop: params -= 1e-5 * gradient of the mean squared error."""
    design, params = np.column_stack([T**2, T, T**0]), np.array(START)
    for _ in range(steps):
        params = params - 1e-5 * 2 * design.T @ (design @ params - SPEED) / 20
    return params


def test_the_tutorials_four_panels() -> None:
    run = quadratic()
    picture = plot_panels(run, steps=range(4))
    assert len(picture.axes) == 4
    for k, axes in enumerate(picture.axes):
        x, y = line(axes, "fit").get_data()
        np.testing.assert_allclose(y, np.polyval(by_hand(k), x))
        np.testing.assert_array_equal(line(axes, "data").get_xydata(), np.column_stack([T, SPEED]))
        loss = np.mean((np.polyval(by_hand(k), T) - SPEED) ** 2)
        assert axes.get_title() == f"step {k}: loss {loss:.4g}"
    assert len({axes.get_ylim() for axes in picture.axes}) == 1
    judge(picture)


def test_steps_are_chosen_where_most_happens_and_wrap_into_rows() -> None:
    assert [axes.get_title().split(":")[0] for axes in quadratic().plot.panels().axes] == [
        "step 0",
        "step 1",
        "step 3",
        "step 10",
    ]
    picture = plot_panels(quadratic(), steps=range(7), columns=3)
    assert [axes.get_subplotspec().rowspan.start for axes in picture.axes] == [0, 0, 0, 1, 1, 1, 2]
    judge(picture)


def test_snapshots_and_a_second_run_give_the_same() -> None:
    kept, anew = (runs_at(run, [0, 2, 7]) for run in (quadratic(snapshots=[0, 2, 7]), quadratic()))
    for one, other in zip(kept, anew):
        np.testing.assert_array_equal(one.params.flat, other.params.flat)


def test_a_run_that_a_hook_changed_needs_snapshots() -> None:
    def meddle(run: Any) -> None:
        run.params = run.params.replaced(run.params.flat * 1.01)

    with pytest.raises(sd.SteepestError, match="snapshots="):
        plot_panels(quadratic(hooks=[meddle]))
    picture = plot_panels(quadratic(hooks=[meddle], snapshots=1), steps=[0, 3])
    assert len(picture.axes) == 2


def test_running_statistics_are_those_of_the_step() -> None:
    x = np.linspace(-3, 3, 50)[:, None]
    net = sd.Sequential(sd.Linear(1, 8), sd.BatchNorm(8), sd.Tanh(), sd.Linear(8, 1))
    params, state = net.init(0)
    run = sd.Run(sd.Problem(net, params, x, np.sin(x), state=state), sd.Descent(sd.Adam(), 0.02), steps=30).finish()
    early = sd.Run(run.problem, run.method, steps=10).finish()
    x10, y10 = line(plot_panels(run, steps=[0, 10]).axes[1], "fit").get_data()
    np.testing.assert_array_equal(y10, np.ravel(early.predict(x10[:, None])))


def test_formulas_with_several_columns_and_what_lies_outside() -> None:
    u, v = np.random.default_rng(0).normal(size=(2, 30))
    fit = sd.fit("y ~ a + b*u + c*v", {"u": u, "v": v, "y": 100 + u - v}, method="gradient_descent", steps=50)
    first, *_, last = plot_panels(fit).axes
    assert first.get_xlabel() == "predicted y"
    assert first.texts[0].get_text() == "outside: predictions\nfrom 0 to 0"
    assert not last.texts
    assert last.get_xlim() == last.get_ylim()


def test_a_place_on_a_curve() -> None:
    run = sd.minimize(lambda x: x**2, -1.5, method="gradient_descent", learning_rate=0.1, steps=4)
    picture = plot_panels(run, steps=[0, 1, 4])
    places = [axes.get_lines()[-1].get_xydata()[0] for axes in picture.axes]
    np.testing.assert_allclose(places, [[x, x**2] for x in -1.5 * 0.8 ** np.array([0, 1, 4])])


def test_a_method_that_cannot_stop_is_run_to_each_step() -> None:
    fit = sd.fit("y ~ a*exp(b*x)", {"x": T / 10, "y": np.exp(T / 10)}, method="lbfgs", start={"a": 2.0, "b": 0.1})
    losses = [float(axes.get_title().split("loss ")[1]) for axes in plot_panels(fit).axes]
    assert losses[0] > losses[1] > losses[-1]


def test_predictions_one_over_the_other() -> None:
    run = quadratic()
    picture = plot_predictions(run, steps=[0, 1, 5, 10])
    axes, bar = picture.axes
    curves = [each for each in axes.get_lines() if str(each.get_gid()).startswith("step ")]
    for curve, k in zip(curves, (0, 1, 5, 10)):
        assert curve.get_gid() == f"step {k}"
        np.testing.assert_allclose(curve.get_ydata(), np.polyval(by_hand(k), curve.get_xdata()))
    assert [text.get_text() for text in bar.get_yticklabels()] == ["0", "1", "5", "10"]
    # Later curves stand out more from white paper.
    greens = [curve.get_color()[1] for curve in curves]
    assert greens == sorted(greens, reverse=True)
    judge(picture)


@pytest.mark.parametrize("draw", [plot_panels, plot_predictions])
def test_refusals(draw: Any) -> None:
    run = quadratic()
    with pytest.raises(sd.SteepestError, match="step 11 cannot be shown: this run did 10 steps"):
        draw(run, steps=[11])
    with pytest.raises(sd.SteepestError, match="no steps to show"):
        draw(run, steps=[])
    with pytest.raises(sd.SteepestError, match="at least 0, not -1"):
        draw(run, steps=[-1])
    with pytest.raises(sd.SteepestError, match="too many"):
        draw(sd.Run(run.problem, run.method, steps=300).finish(), steps=range(250))
    with pytest.raises(sd.SteepestError, match=r"no data|needs data"):
        draw(sd.minimize(lambda x: x @ x, [1.0, 2.0]))
    net = sd.MLP(1, [], 2)
    problem = sd.Problem(net, net.init(0)[0], T[:, None], (T > 9).astype(int), loss="cross_entropy")
    scores = sd.Run(problem, sd.Descent(learning_rate=0.1), steps=2).finish()
    with pytest.raises(sd.SteepestError, match=r"loss cross_entropy is of scores; run\.plot\.confusion"):
        draw(scores)


def test_one_row_and_no_step_and_no_number() -> None:
    model = lambda p, x: np.log(p["a"]) * x
    for problem, rate in (
        (sd.Problem(model, {"a": 2.0}, T[1:2], SPEED[:1]), 0.1),
        (sd.Problem(model, {"a": -2.0}, T, SPEED), 0.1),
    ):
        run = sd.Run(problem, sd.Descent(learning_rate=rate), steps=2).finish()
        for draw in (plot_panels, plot_predictions):
            judge(draw(run))
    assert legend_of(plot_panels(quadratic(steps=0)).axes[0]) == ["data", "fit"]
