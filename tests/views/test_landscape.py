"""Landscapes in numbers: planes, windows, losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd
from steepest.views.landscapes.landscape import landscape
from steepest.views.landscapes.landscape_plane import element_of, plane_of
from steepest.views.landscapes.loss_levels import loss_levels

RANDOM = np.random.default_rng(4)


def bowl(p: Any) -> Any:
    return p["a"] ** 2 + 10 * (p["b"] - 1) ** 2


def descended(f: Any = bowl, start: Any = None, rate: float = 0.04, steps: int = 30, **options: Any) -> sd.Run:
    start = {"a": 4.0, "b": 0.0} if start is None else start
    return sd.minimize(f, start, method="gradient_descent", learning_rate=rate, steps=steps, **options)


def five(p: Any) -> Any:
    """An ellipsoid: sum of k w_k**2."""
    return (np.arange(1.0, 6.0) * p["w"] ** 2).sum()


ELLIPSOID = {"start": {"w": np.ones(5)}, "rate": 0.05, "steps": 40}


# ---- losses
def test_losses_are_those_of_the_function() -> None:
    seen = landscape(descended(), points=7)
    np.testing.assert_allclose(seen.loss, seen.x[None, :] ** 2 + 10 * (seen.y[:, None] - 1) ** 2, rtol=1e-13)
    assert seen.plane.labels == ("a", "b")


def test_over_elements_of_arrays_and_the_others_stay_at_their_end() -> None:
    run = descended(five, **ELLIPSOID)
    seen = landscape(run, over=("w[4]", "w[1]"), points=5)
    rest = run.params["w"][[0, 2, 3]]
    by_hand = 5 * seen.x[None, :] ** 2 + 2 * seen.y[:, None] ** 2 + np.sum(rest**2 * [1, 3, 4])
    np.testing.assert_allclose(seen.loss, by_hand, rtol=1e-12)
    assert "the other 3 parameters have their final values" in seen.note
    np.testing.assert_allclose(seen.tracks[0].loss, [five({"w": w}) for w in path_points(run)], rtol=1e-12)
    assert (seen.tracks[0].ground <= seen.tracks[0].loss + 1e-12).all()


def path_points(run: sd.Run) -> Any:
    k = np.arange(1.0, 6.0)
    return (1 - 0.1 * k) ** np.arange(run.steps_done + 1)[:, None]  # w <- w - 0.05 * 2 k w


def test_bowl_of_a_line_fit_has_its_minimum_where_polyfit_says() -> None:
    x = np.arange(10.0)
    y = x + RANDOM.normal(size=10)
    problem = sd.Problem(lambda p, x: p["slope"] * x + p["intercept"], {"slope": 0.0, "intercept": 0.0}, x, y)
    seen = landscape(sd.Run(problem, sd.Descent(learning_rate=0.01), steps=50).finish(), points=21)
    slope, intercept = np.polyfit(x, y, 1)
    (minimum,) = seen.minima
    np.testing.assert_allclose(minimum[:2], (slope, intercept), atol=1e-6)
    assert minimum.loss == pytest.approx(np.mean((y - slope * x - intercept) ** 2), rel=1e-9)
    by_hand = [[np.mean((y - a * x - b) ** 2) for a in seen.x] for b in seen.y]
    np.testing.assert_allclose(seen.loss, by_hand, rtol=1e-12)
    assert seen.loss_name == "mse"
    assert seen.tracks[0].inside.all()


def test_profile_against_the_answer_by_hand() -> None:
    # (a - c)**2 + (b + c)**2 + c**2 is least at c = (a - b) / 3, with (a**2 + b**2 + (a + b)**2) / 3.
    def f(p: Any) -> Any:
        return (p["a"] - p["c"]) ** 2 + (p["b"] + p["c"]) ** 2 + p["c"] ** 2

    run = descended(f, {"a": 1.0, "b": 2.0, "c": -1.0}, 0.1, 5)
    seen = landscape(run, over=("a", "b"), profile=True, points=5)
    a, b = np.meshgrid(seen.x, seen.y)
    np.testing.assert_allclose(seen.loss, (a**2 + b**2 + (a + b) ** 2) / 3, rtol=1e-8, atol=1e-10)
    assert seen.note == "the others minimised at each point"
    with pytest.raises(sd.SteepestError, match="a profile is over two parameters"):
        landscape(run, over="random", profile=True)


def test_all_rows_count_though_the_run_was_on_batches() -> None:
    x = np.arange(20.0)
    problem = sd.Problem(lambda p, x: p["a"] * x + p["b"], {"a": 0.0, "b": 0.0}, x, x + 1)
    run = sd.Run(problem, sd.Descent(learning_rate=0.001, batches=sd.Batches(4)), steps=10).finish()
    seen = landscape(run, points=3)
    assert seen.loss[0, 0] == pytest.approx(np.mean((seen.x[0] * x + seen.y[0] - x - 1) ** 2))


# ---- planes
def test_random_directions_are_as_long_as_the_filters() -> None:
    params, _ = sd.MLP(3, [5], 2).init(0)
    plane = plane_of(sd.Params(params), "random", seed=1)
    for direction in plane.directions:
        parts = sd.Params(params).view(direction)
        for name in ("0.weight", "2.weight"):
            np.testing.assert_allclose(np.linalg.norm(parts[name], axis=1), np.linalg.norm(params[name], axis=1))
        assert not parts["0.bias"].any()
        assert not parts["2.bias"].any()
    again, other = (plane_of(sd.Params(params), "random", seed=seed).directions for seed in (1, 2))
    assert np.array_equal(again, plane.directions)
    assert not np.array_equal(other, plane.directions)


def test_random_directions_of_single_numbers_have_their_magnitude() -> None:
    many = [plane_of(sd.Params({"a": 1e9, "b": 1e-9}), "random", seed=k).directions for k in range(200)]
    size = np.sqrt(np.mean(np.square(np.concatenate(many)), axis=0))
    np.testing.assert_allclose(size, [1e9, 1e-9], rtol=0.2)
    with pytest.raises(sd.SteepestError, match="all parameters are 0"):
        plane_of(sd.Params({"a": 0.0, "b": 0.0}), "random")


def test_plane_of_a_path_against_the_eigenvectors_of_its_covariance() -> None:
    path = RANDOM.normal(size=(40, 6)) * [5, 1, 3, 0.1, 0.2, 0.1]
    plane = plane_of(sd.Params({"w": path[-1]}), "path", path)
    values, vectors = np.linalg.eigh(np.cov(path.T))
    assert plane.share == pytest.approx(values[-2:].sum() / values.sum(), rel=1e-12)
    for direction, vector in zip(plane.directions, vectors.T[::-1]):
        assert abs(direction @ vector) == pytest.approx(1, rel=1e-12)
    x, y = plane.coordinates(path)
    assert (abs(x[-1]) < 1e-12) & (abs(y[-1]) < 1e-12)
    np.testing.assert_allclose(np.var(x), np.var((path - path[-1]) @ vectors[:, -1]), rtol=1e-10)


def test_the_share_is_written_on_it() -> None:
    seen = landscape(descended(five, **ELLIPSOID), points=3)
    assert f"with {seen.plane.share:.1%} of the path's variance".replace("%", " %") in seen.note
    assert seen.plane.labels[0].startswith("component 1 (")


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9), st.integers(0, 1000))
def test_coordinates_and_points_belong_together(first: float, second: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    unit = np.array([first, second, 1.0, 1.0])
    path = random.normal(size=(10, 4)) * unit
    for over in (("w[0]", "w[1]"), "random", "path"):
        plane = plane_of(sd.Params({"w": path[-1]}), over, path, unit, seed)
        x, y = random.normal(size=2) * plane.scale
        back_x, back_y = plane.coordinates(plane.at(x, y).flat[None, :])
        np.testing.assert_allclose((back_x[0], back_y[0]), (x, y), rtol=1e-6, atol=1e-6 * min(plane.scale))


def test_a_straight_path_has_a_random_direction_beside_it() -> None:
    run = descended(lambda p: (p["w"] ** 2).sum(), {"w": np.ones(5)}, 0.1, 10)
    seen = landscape(run, points=3)
    assert seen.plane.labels == ("component 1 (100.0 %)", "random direction (the path is straight)")
    assert abs(seen.plane.directions[0] @ seen.plane.directions[1]) < 1e-12
    assert np.ptp(seen.y) == pytest.approx(np.ptp(seen.tracks[0].x), rel=0.5)


def test_without_a_path_the_plane_is_random() -> None:
    still = descended(lambda p: (p["w"] ** 2).sum(), {"w": np.ones(5)}, 0.1, 0)
    assert landscape(still, points=3).plane.labels == ("first random direction", "second random direction")
    with pytest.raises(sd.SteepestError, match="the path does not move"):
        landscape(still, over="path")


@pytest.mark.parametrize(
    ("over", "said"),
    [
        (("w[0,1]", "w[0, 1]"), "two different parameters, and both are 'w[0,1]'"),
        (("w", "b"), r"'w' is an array of shape (2, 3): name one of its elements, such as 'w[0,0]'"),
        (("w[2,0]", "b"), r"'w[2,0]' is not an element of 'w', whose shape is (2, 3); its elements go from 0 to 'w[1,2]'"),
        (("w[0]", "b"), "'w[0]' is not an element of 'w'"),
        (("b[0]", "w[0,0]"), "it is one number: write 'b'"),
        (("wieght", "b"), "there is no parameter 'wieght'. Did you mean 'weight'? There are w, b, weight."),
        (("w[0,0]",), "such as ('w[0,0]', 'w[0,1]')"),
        ("rendom", "or over 'random' or 'path', not 'rendom'"),
        ([0, 1], "not [0, 1]"),
        (3, "not 3"),
    ],
)  # fmt: skip
def test_parameters_that_are_not_there(over: Any, said: str) -> None:
    params = sd.Params({"w": np.ones((2, 3)), "b": 1.0, "weight": 2.0})
    with pytest.raises(sd.SteepestError) as caught:
        plane_of(params, over)
    assert said in str(caught.value)


def test_elements_by_name() -> None:
    params = sd.Params({"0.weight": np.ones((2, 3)), "a[1]": 1.0, "one": [[5.0]]})
    names = params.element_names()
    assert [element_of(params, name) for name in names] == list(range(8))
    assert element_of(params, "0.weight[ 1, 2 ]") == 5
    assert element_of(params, "one") == 7  # an array of one number needs no index


def test_one_parameter_is_no_landscape() -> None:
    for subject in (
        sd.minimize(lambda x: x**2, 1.0, steps=2),
        sd.Problem.of_function(lambda p: p["x"] ** 2, {"x": 1.0}),
    ):
        with pytest.raises(
            sd.SteepestError, match=r"one parameter, 'x', and a landscape takes two.*sd\.animate\.curve"
        ):
            landscape(subject)


# ---- windows and paths
def test_window_holds_the_paths_and_the_minimum() -> None:
    rosenbrock = lambda p: (1 - p["x"]) ** 2 + 100 * (p["y"] - p["x"] ** 2) ** 2
    start = {"x": -1.2, "y": 1.0}
    runs = {name: sd.minimize(rosenbrock, start, method=name, learning_rate=rate, steps=100)
            for name, rate in (("adam", 0.05), ("momentum", 1e-3))}  # fmt: skip
    seen = landscape(runs, points=5)
    assert [track.name for track in seen.tracks] == ["adam", "momentum"]
    assert all(track.inside.all() for track in seen.tracks)
    np.testing.assert_allclose(seen.minima[0], (1, 1, 0), atol=1e-6)


def test_known_minima_are_shown_however_far() -> None:
    seen = landscape(descended(), points=3, minimum=[{"a": 0.0, "b": 1.0}, {"a": 900.0, "b": 1.0}])
    assert [m.x for m in seen.minima] == [0.0, 900.0]
    assert seen.x[-1] > 900
    assert landscape(descended(), points=3, minimum=()).minima == ()
    with pytest.raises(sd.SteepestError, match="values of all parameters, a, b"):
        landscape(descended(), minimum={"a": 0.0})


def test_every_run_ends_near_a_minimum_of_its_own() -> None:
    himmelblau = lambda p: (p["x"] ** 2 + p["y"] - 11) ** 2 + (p["x"] + p["y"] ** 2 - 7) ** 2
    starts = [(4.0, 3.0), (-3.0, 3.5), (-4.0, -3.0), (3.5, -1.0), (2.5, 2.5)]
    runs = {str(at): sd.minimize(himmelblau, dict(zip("xy", at)), method="gd", learning_rate=0.005, steps=100)
            for at in starts}  # fmt: skip
    found = sorted(tuple(np.round(m[:2], 3)) for m in landscape(runs, points=3).minima)
    # Himmelblau, "Applied nonlinear programming" (1972), p. 428: four minima of value 0.
    np.testing.assert_allclose(found, [(-3.779, -3.283), (-2.805, 3.131), (3, 2), (3.584, -1.848)], atol=1.1e-3)


def test_saddles_and_slopes_are_no_minima() -> None:
    assert landscape(descended(lambda p: p["a"] ** 2 - p["b"] ** 2), points=3).minima == ()
    assert landscape(descended(lambda p: p["a"] ** 2 - p["b"] ** 2, {"a": 0.0, "b": 0.0}), points=3).minima == ()
    off_the_saddle = descended(lambda p: p["a"] ** 2 - p["b"] ** 2, {"a": 1.0, "b": 1e-3}, 0.1, 40)
    assert landscape(off_the_saddle, points=3).minima == ()  # L-BFGS-B goes on to where squares overflow


def test_a_diverged_path_is_followed_until_it_has_run_away() -> None:
    run = descended(rate=0.2, steps=3000)
    assert run.outcome.name == "diverged"
    seen = landscape(run, points=5)
    (track,) = seen.tracks
    assert track.ending == "diverged"
    assert track.inside[0]
    assert not track.inside[-1]
    assert np.ptp(seen.y) < 1000
    assert "gradient descent is outside of the picture from step" in seen.note
    shown = track.loss[track.inside]
    assert shown.max() <= 101 * track.loss[0]


def test_a_window_of_ones_own() -> None:
    seen = landscape(descended(), x=(0, 1), y=(-3, 3), points=4)
    assert (seen.x[0], seen.x[-1], seen.y[0], seen.y[-1]) == (0, 1, -3, 3)
    assert "gradient descent is outside of the picture at some steps" in seen.note
    for bad in ((1, 1), (2, 1), (0, np.nan), (0, np.inf), 3, "ab", (1, 2, 3)):
        with pytest.raises(sd.SteepestError, match="window along x must be two numbers"):
            landscape(descended(), x=bad)


@pytest.mark.parametrize("size", [1e-9, 1e9, 1e-150, 1e150])
def test_sizes_of_parameters(size: float) -> None:
    run = sd.minimize(lambda p: (p["a"] / size - 1) ** 2 + (p["b"] * size - 2) ** 2, {"a": 3 * size, "b": 5 / size})
    seen = landscape(run, points=9)
    assert np.isfinite(seen.loss).all()
    np.testing.assert_allclose(seen.loss, [[(a / size - 1) ** 2 + (b * size - 2) ** 2 for a in seen.x] for b in seen.y])


def test_no_step_and_nothing_finite() -> None:
    seen = landscape(descended(steps=0), points=5)
    assert seen.tracks[0].steps.tolist() == [0]
    assert seen.x[0] < 0 < 4 < seen.x[-1] + 1e-12
    nowhere = sd.Problem.of_function(lambda p: np.log(p["a"] - 100) + p["b"], {"a": 1.0, "b": 1.0})
    seen = landscape(sd.Run(nowhere, sd.Descent(learning_rate=0.1), steps=3).finish(), points=5)
    assert not np.isfinite(seen.loss).any()
    assert repr(seen) == "Landscape(5x5 over a and b, no finite loss)"


def test_runs_must_be_of_one_problem() -> None:
    other = descended(lambda p: bowl(p) + 1)
    with pytest.raises(sd.SteepestError, match=r"different problems: at the same parameters one has the loss"):
        landscape([descended(), other])
    with pytest.raises(sd.SteepestError, match=r"different problems: 'gradient descent, rate 0.05' has the parameters"):
        landscape([descended(), descended(five, **ELLIPSOID)])
    landscape([descended(), descended(lambda p: bowl(p))], points=3)  # the same function, though another object


def test_a_problem_alone_and_a_fit() -> None:
    seen = landscape(sd.Problem.of_function(bowl, {"a": 1.0, "b": 1.0}), points=3)
    assert seen.tracks == ()
    fit = sd.fit("y ~ a*exp(b*x)", {"x": [0.0, 1, 2, 3], "y": [1.0, 2, 4.1, 7.9]})
    np.testing.assert_allclose(landscape(fit, points=3).minima[0][:2], list(fit.params.values()), rtol=1e-4)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    landscape(sd.Problem.of_function(bowl, {"a": 1.0, "b": 1.0}), points=4, progress=lambda *now: told.append(now))
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


# ---- levels
def test_levels_span_decades_where_most_of_the_window_is_low() -> None:
    levels = loss_levels(np.geomspace(1e-2, 1e6, 500), np.array([0.0]))
    assert levels is not None
    assert levels.logarithmic
    assert levels.steep
    assert 6 <= levels.losses.size <= 16
    np.testing.assert_allclose(np.diff(levels.tone(levels.losses)), np.diff(levels.tone(levels.losses))[0], rtol=0.6)
    assert loss_levels(np.linspace(0, 1, 100)).logarithmic is False


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1.0, 1e9, 1e300])
@pytest.mark.parametrize("shift", [0.0, -3.0, 1000.0])
def test_levels_of_any_size(scale: float, shift: float) -> None:
    x = np.linspace(-1, 1, 41)
    loss = scale * (x[:, None] ** 2 + x[None, :] ** 2 + shift)
    levels = loss_levels(loss)
    assert levels is not None
    assert 3 <= levels.losses.size <= 16
    for values in (levels.tone(loss), levels.height(loss)):
        assert -1e-9 <= values.min() <= 0.01
        assert values.max() == pytest.approx(1)
    places, labels = levels.tone_ticks(8)
    assert len(places) == len(labels) == len(set(labels)) <= 8


def test_levels_of_nothing() -> None:
    assert loss_levels(np.full((3, 3), np.nan)) is None
    assert loss_levels(np.full((3, 3), 7.0)) is None
    assert loss_levels(np.array([1e308, -1e308])) is not None


def test_late_digits_are_written_from_the_lowest_loss() -> None:
    levels = loss_levels(1e6 + np.linspace(0, 1, 100))
    assert levels is not None
    assert levels.offset(False) == 1e6
    assert levels.tone_ticks(4)[1][0] == "0"
