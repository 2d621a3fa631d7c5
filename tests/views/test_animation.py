"""Animations: the numbers they show, the files they write, and the runs that are hard to show."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import steepest as sd
from steepest.views.animations.animation import Animation, Curve, Panel, Trail
from steepest.views.style import DARK, LIGHT

X = np.arange(10.0)
Y = X + np.random.default_rng(0).normal(size=10)


def quadratic(**options: Any) -> sd.Run:
    options = {"learning_rate": 0.05, "steps": 50, **options}
    return sd.minimize(lambda z: z**2, -4.0, method="gradient_descent", **options)


def line(**options: Any) -> sd.Run:
    problem = sd.Problem(lambda p, x: p["slope"] * x + p["intercept"], {"slope": 0.0, "intercept": 0.0}, X, Y)
    return sd.Run(problem, sd.Descent(learning_rate=0.01), **{"steps": 40, **options}).finish()


def rosenbrock(p: Any) -> Any:
    return (1 - p["x"]) ** 2 + 100 * (p["y"] - p["x"] ** 2) ** 2


def data_of(page: str) -> Any:
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


# ---- what is shown
def test_fifty_frames_of_the_quadratic() -> None:
    run = quadratic()
    seen = sd.animate.curve(run, frames=range(50))
    trail = next(mover for mover in seen.panels[0].movers if isinstance(mover, Trail))
    z = -4 * 0.9 ** np.arange(50)
    assert seen.frames == 50
    np.testing.assert_allclose(trail.x, z, rtol=1e-12)
    np.testing.assert_allclose(trail.y, z**2, rtol=1e-12)
    assert float(run.params["z"]) == pytest.approx(-0.020615, abs=5e-7)
    tangent = next(mover for mover in seen.panels[0].movers if isinstance(mover, Curve))
    slopes = np.diff(tangent.y, axis=1)[:, 0] / np.diff(tangent.x, axis=1)[:, 0]
    np.testing.assert_allclose(slopes, 2 * z, rtol=1e-9)
    np.testing.assert_allclose(tangent.y.mean(axis=1), z**2, rtol=1e-9)
    assert seen.panels[0].captions[49].startswith("step 49    z = −0.02291    loss 0.0005247")


def test_line_fit_moves_to_polyfit() -> None:
    run = line(steps=3000)
    seen = sd.animate.fit(run, frames=[0, 10, run.steps_done])
    curve = seen.panels[0].movers[0]
    assert isinstance(curve, Curve)
    assert not curve.y[0].any()
    np.testing.assert_allclose(curve.y[2], np.polyval(np.polyfit(X, Y, 1), curve.x), atol=1e-4)
    losses = seen.panels[1].movers[0]
    assert isinstance(losses, Trail)
    np.testing.assert_allclose(losses.y[[0, 2]], [np.mean(Y**2), np.polyfit(X, Y, 1, full=True)[1][0] / 10], rtol=1e-6)


def test_two_activations_side_by_side() -> None:
    rng = np.random.default_rng(0)
    x = np.sort(rng.standard_normal(64))
    y = np.sin(np.pi * x / 2) + 0.3 * rng.standard_normal(64)
    runs = {}
    for activation in ("relu", "tanh"):
        net = sd.MLP("toy", 1, [20, 20], 1, activation)
        params, state = net.init(0)
        problem = sd.Problem(net, params, x[:, None], y[:, None], state=state)
        runs[activation] = sd.Run(problem, sd.Descent(learning_rate=lambda step: 0.075 * 0.998 ** (step + 1)), steps=40)
        runs[activation].finish()
    seen = sd.animate.fit(runs, frames=5)
    assert seen.title == "Fits to data: relu, tanh"
    assert [panel.captions[-1].split(",")[0] for panel in seen.panels[:2]] == ["relu", "tanh"]
    assert seen.steps.tolist() == [0, 10, 20, 30, 40]
    for panel, run in zip(seen.panels, runs.values()):
        curve = panel.movers[0]
        assert isinstance(curve, Curve)
        np.testing.assert_allclose(curve.y[-1], run.predict(curve.x[:, None])[:, 0], rtol=1e-12)
    assert len(seen.panels) == 3


def test_race_of_methods_of_different_lengths() -> None:
    start = {"x": -1.2, "y": 1.0}
    runs = {
        "slow": sd.minimize(rosenbrock, start, method="gd", learning_rate=1e-3, steps=60),
        "short": sd.minimize(rosenbrock, start, method="adam", learning_rate=0.05, steps=10),
        "lbfgs": sd.minimize(rosenbrock, start),
    }
    seen = sd.animate.surface(runs, frames=31, points=9)
    assert seen.title == "Race on a surface: slow, short, lbfgs"
    assert seen.steps.tolist() == list(range(0, 61, 2))
    slow, short, lbfgs = seen.panels[0].movers
    np.testing.assert_allclose([short.x[5], short.x[-1]], float(runs["short"].params["x"]))
    assert not np.allclose(short.x[4], short.x[5])
    np.testing.assert_allclose((lbfgs.x[-1], lbfgs.y[-1]), (1, 1), atol=1e-4)
    np.testing.assert_allclose(slow.x[0], -1.2)
    assert seen.panels[1].captions[-1] == "lowest: lbfgs"
    assert len({mover.mark for mover in seen.panels[0].movers}) == 3


def test_several_columns_are_drawn_against_the_prediction() -> None:
    u, v = np.random.default_rng(2).normal(size=(2, 50))
    target = 1 + u - v
    problem = sd.Problem(lambda p, x: p["a"] + x["u"] * p["b"] + x["v"] * p["c"], dict.fromkeys("abc", 0.0),
                         {"u": u, "v": v}, target)  # fmt: skip
    run = sd.Run(problem, sd.Descent(learning_rate=0.3), steps=60).finish()
    dots = sd.animate.fit(run, frames=4).panels[0].movers[0]
    assert isinstance(dots, Curve)
    assert dots.dots
    np.testing.assert_allclose(dots.x[-1], target, atol=1e-4)
    np.testing.assert_array_equal(dots.y[-1], target)


def test_the_most_telling_animation() -> None:
    assert quadratic().animate(frames=3).title.startswith("Descent on a curve")
    assert line().animate(frames=3).title.startswith("Fit to data")
    two = sd.minimize(rosenbrock, {"x": 0.0, "y": 0.0})
    assert two.animate(frames=3, points=5).title.startswith("Descent on a surface")
    fit = sd.fit("y ~ a + b*x", {"x": X, "y": Y})
    assert fit.animate(frames=3).title.startswith("Fit to data")
    assert dir(fit.animate) == dir(sd.animate) or set(dir(fit.animate)) == {"curve", "surface", "fit"}
    with pytest.raises(AttributeError, match="Did you mean 'surface'"):
        fit.animate.surfaces  # noqa: B018


# ---- files
def test_gif_has_its_frames_and_repeats(tmp_path: Path) -> None:
    quadratic().animate.curve(tmp_path / "a.gif", frames=range(50), fps=20)
    content = (tmp_path / "a.gif").read_bytes()
    assert len(content) < 1_000_000
    image = Image.open(io.BytesIO(content))
    assert (image.n_frames, image.info["loop"], image.info["duration"]) == (50, 0, 50)
    image.seek(49)
    assert image.info["duration"] == 1500
    assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_point_of_a_gif_is_where_it_should_be(theme: str) -> None:
    style = {"light": LIGHT, "dark": DARK}[theme]

    def draw(axes: Any, style: Any) -> None:
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_position([0.1, 0.1, 0.8, 0.8])
        axes.figure.set_layout_engine("none")

    trail = Trail(np.array([0.0, 0.25, 0.75]), np.array([0.0, 0.5, 0.25]), lambda style: style.fit)
    image = Image.open(io.BytesIO(Animation("it", [Panel(draw, [trail], "abc")], np.arange(3), theme).gif()))
    for frame, at in enumerate(((0, 0), (0.25, 0.5), (0.75, 0.25))):
        image.seek(frame)
        width, height = image.size
        place = round((0.1 + 0.8 * at[0]) * width), round(height - (0.1 + 0.8 * at[1]) * height)
        shown = "#{:02x}{:02x}{:02x}".format(*image.convert("RGB").getpixel(place))
        assert shown == style.fit, (frame, shown)


def test_page_holds_everything_itself() -> None:
    page = sd.animate.surface(line(), frames=10, points=9).html()
    assert len(page) < 1_000_000
    assert not re.search(r"https?://|src=|@import|url\((?!#)", page)
    data = data_of(page)
    assert len(data["steps"]) == 10
    assert [len(panel["captions"]) for panel in data["panels"]] == [10, 10]
    assert len(data["panels"][0]["movers"][0]["at"]) == 10
    pictures = re.findall(r"data:image/png;base64,([\w+/=]+)", page)
    assert len(pictures) == 4  # two panels, light and dark
    for picture in pictures:
        assert Image.open(io.BytesIO(base64.b64decode(picture))).size[0] > 300


def test_a_page_shows_data_where_the_picture_has_them() -> None:
    def draw(axes: Any, style: Any) -> None:
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)

    trail = Trail(np.array([0.0, 1.0, np.nan]), np.array([0.0, 1.0, 0.5]), lambda style: style.fit)
    page = Animation("it", [Panel(draw, [trail], "abc")], np.arange(3)).html()
    x, y, width, height = map(float, re.search(r'rect x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"', page).groups())
    (mover,) = data_of(page)["panels"][0]["movers"]
    np.testing.assert_allclose(mover["at"][:2], [[x, y + height], [x + width, y]], atol=0.2)
    assert mover["at"][2] is None
    assert mover["trail"][2] == ""


def test_names_cannot_break_the_page() -> None:
    name = "</script><script>alert(1)</script>{{data}} & $x$"
    page = sd.animate.fit({name: line(), "b": line()}, frames=3).html()
    assert page.count("<script") == page.count("</script") == 2
    assert data_of(page)["panels"][0]["captions"][0].startswith("</script><script>alert")


def test_bad_places_are_refused_before_anything_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steepest.views.animations.animation_panels.path_of", lambda *_: pytest.fail("drawn"))
    for animate in (sd.animate.curve, sd.animate.surface, sd.animate.fit):
        with pytest.raises(sd.SteepestError, match=r"End its name in \.gif or \.html"):
            animate(line(), tmp_path / "a.mp4")
    monkeypatch.undo()
    with pytest.raises(sd.SteepestError, match=r"the folder .* does not exist"):
        line().animate(tmp_path / "none" / "a.gif", frames=2)
    with pytest.raises(sd.SteepestError, match="unknown theme 'blue'"):
        line().animate(theme="blue")
    with pytest.raises(sd.SteepestError, match=r"fps .* must be a positive number"):
        line().animate(fps=0)


def test_progress_and_an_interruption_leave_no_half_file(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    seen = quadratic().animate(frames=6)
    seen.write(tmp_path / "a.gif", progress=lambda *now: told.append(now))
    assert told == [(k, 6) for k in range(7)]

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seen.write(tmp_path / "b.gif", progress=interrupt)
    assert [file.name for file in tmp_path.iterdir()] == ["a.gif"]


def test_a_notebook_shows_it() -> None:
    assert quadratic().animate(frames=2)._repr_html_().startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;')


# ---- hard runs
NOISE = np.random.default_rng(5).normal(size=10)
HARD: dict[str, Any] = {
    "diverged curve": lambda: quadratic(learning_rate=1.1, steps=3000).animate.curve,
    "bouncing curve": lambda: quadratic(learning_rate=0.9).animate.curve,
    "no step": lambda: quadratic(steps=0).animate.curve,
    "one step": lambda: quadratic(steps=1).animate.curve,
    "curve with a wall": lambda: sd.minimize(lambda z: z - np.log(z), 3.0, method="gd", learning_rate=0.5, steps=9).animate.curve,
    "diverged surface": lambda: line_at(5.0).animate.surface,
    "diverged fit": lambda: line_at(5.0).animate.fit,
    "nowhere finite": lambda: sd.Run(
        sd.Problem.of_function(lambda p: np.log(p["a"] - 100) + p["b"], {"a": 1.0, "b": 1.0}), sd.Descent(learning_rate=1.0),
        steps=3,
    ).finish().animate.surface,
    "units": lambda: sd.minimize(lambda z: (z / 1e9) ** 2, 3e9, method="gd", learning_rate=1e17, steps=9).animate.curve,
    "one row": lambda: fitted(lambda p, x: p["a"] * x, [1.0], [2.0]).animate.fit,
    "constant target": lambda: fitted(lambda p, x: p["a"] * x, X, 3 + 0 * X).animate.fit,
    "at its rows only": lambda: fitted(lambda p, x: p["a"] * x + NOISE, X, Y).animate.fit,
    "one number for all rows": lambda: sd.fit("y ~ c", {"y": Y}, method="gd", steps=3).animate.fit,
    "batches": lambda: line_at(0.001, sd.Batches(3)).animate.surface,
    "decades": lambda: sd.fit("y ~ a + b*log(x)", {"x": 10.0**X, "y": Y}, method="gd", steps=9).animate.fit,
}  # fmt: skip


def line_at(rate: float, batches: Any = None) -> sd.Run:
    return sd.Run(line().problem, sd.Descent(learning_rate=rate, batches=batches or sd.Batches()), steps=50).finish()


def fitted(model: Any, x: Any, y: Any) -> sd.Run:
    return sd.Run(sd.Problem(model, {"a": 0.0}, x, y), sd.Descent(learning_rate=0.01), steps=9).finish()


@pytest.mark.parametrize("name", HARD)
def test_hard_runs(name: str) -> None:
    animate: Any = HARD[name]()
    seen = animate(frames=6, **({"points": 7} if animate.func is sd.animate.surface else {}))
    image = Image.open(io.BytesIO(seen.gif()))
    assert image.n_frames <= seen.frames
    if name in ("diverged fit", "no step", "nowhere finite"):
        assert "NaN" not in json.dumps(data_of(seen.html()))
    for panel in seen.panels:
        assert len(panel.captions) == seen.frames


def test_runs_that_cannot_be_shown() -> None:
    nowhere = sd.Problem.of_function(lambda p: np.log(p["a"] - 100), {"a": 1.0})
    with pytest.raises(sd.SteepestError, match="not finite at any point of the path"):
        sd.animate.curve(sd.Run(nowhere, sd.Descent(learning_rate=1.0), steps=3).finish())
    with pytest.raises(
        sd.SteepestError, match=r"a curve has one parameter, and this problem has 2: use sd\.animate\.surface"
    ):
        sd.animate.curve(line())
    with pytest.raises(sd.SteepestError, match="one parameter, 'z', and a landscape takes two"):
        sd.animate.surface(quadratic())
    with pytest.raises(sd.SteepestError, match="an animated fit needs data"):
        sd.animate.fit(quadratic())
    with pytest.raises(sd.SteepestError, match="an animation shows a run, and a problem alone has none"):
        sd.animate.surface(line().problem)
    with pytest.raises(sd.SteepestError, match="step 99 cannot be shown: this run did 40 steps"):
        sd.animate.fit(line(), frames=[0, 99])
