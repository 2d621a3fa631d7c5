"""Pictures of landscapes: what is drawn, what is written, and that nothing is cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.patches import Patch

import steepest as sd
from steepest.views.landscapes.landscape_picture import colour_of, followed, mark_of
from steepest.views.style import DARK, LIGHT
from views.judged import judge


def bowl(p: Any) -> Any:
    return p["a"] ** 2 + 10 * (p["b"] - 1) ** 2


def descended(f: Any = bowl, start: Any = None, rate: float = 0.04, steps: int = 30, method: str = "gd") -> sd.Run:
    return sd.minimize(f, start or {"a": 4.0, "b": 0.0}, method=method, learning_rate=rate, steps=steps)


def logarithm(p: Any) -> Any:
    return np.log(p["a"]) ** 2 + (p["b"] - 1) ** 2


def rosenbrock(p: Any) -> Any:
    return (1 - p["a"]) ** 2 + 100 * (p["b"] - p["a"] ** 2) ** 2


CASES: dict[str, Any] = {
    "bowl": descended,
    "several": lambda: [descended(rosenbrock, method=m, rate=1e-4) for m in ("gd", "momentum", "adam", "rmsprop")],
    "diverged": lambda: descended(rate=0.2, steps=3000),
    "not finite": lambda: descended(logarithm, {"a": 3.0, "b": 0.0}, 0.3),
    "never finite": lambda: descended(lambda p: np.log(p["a"] - 100) + p["b"]),
    "flat": lambda: descended(lambda p: 0 * p["a"] + 0 * p["b"] + 3),
    "one step": lambda: descended(steps=1),
    "no step": lambda: descended(steps=0),
    "a problem": lambda: sd.Problem.of_function(bowl, {"a": 1.0, "b": 1.0}),
    "the path's plane": lambda: descended(lambda p: (np.arange(1.0, 6) * p["w"] ** 2).sum(), {"w": np.ones(5)}),
    "huge": lambda: descended(lambda p: 1e300 * bowl(p), rate=1e-301),
    "small": lambda: descended(lambda p: 1e-12 * bowl(p), rate=1e9),
    "units": lambda: sd.minimize(lambda p: (p["a"] / 1e9 - 1) ** 2 + (p["b"] * 1e9 - 2) ** 2, {"a": 3e9, "b": 5e-9}),
    "long names": lambda: descended(
        lambda p: p["the $first$ of two_parameters whose names are long"] ** 2 + p["b\n"] ** 2,
        {"the $first$ of two_parameters whose names are long": 1.0, "b\n": 2.0},
    ),
}


SURFACES = ("bowl", "several", "never finite", "the path's plane", "long names")


@pytest.mark.parametrize(("name", "kind"), [*((n, "landscape") for n in CASES), *((n, "surface") for n in SURFACES)])
def test_nothing_is_cut_off(name: str, kind: str) -> None:
    picture = getattr(sd.plot, kind)(CASES[name](), points=7)
    judge(picture)
    for legend in picture.legends:
        assert not legend.get_window_extent().overlaps(picture.axes[0].xaxis.label.get_window_extent())


def written(picture: Any) -> set[str]:
    return {text.get_text() for legend in picture.legends for text in legend.get_texts() if text.get_text()}


def test_start_end_and_minimum_are_marked() -> None:
    picture = sd.plot.landscape(descended(), points=9)
    assert written(picture) == {"gradient descent, 30 steps", "start", "end", "minimum, loss 0"}
    axes = picture.axes[0]
    marks = {line.get_marker(): line.get_xydata()[0] for line in axes.lines if len(line.get_xydata()) == 1}
    np.testing.assert_allclose(marks["o"], (4, 0))
    np.testing.assert_allclose(marks["s"], (4 * 0.92**30, 1 - 0.2**30))
    np.testing.assert_allclose(marks["*"], (0, 1), atol=1e-6)
    path = next(line for line in axes.lines if line.get_label() == "gradient descent")
    np.testing.assert_allclose(path.get_xdata(), 4 * 0.92 ** np.arange(31), rtol=1e-12)


def test_several_paths_have_colours_and_signs_of_their_own() -> None:
    picture = sd.plot.landscape(CASES["several"](), points=5)
    lines = picture.legends[0].get_lines()[:8]
    paths = [line for line in lines if line.get_linestyle() == "-"]
    assert len({line.get_color() for line in paths}) == len({line.get_marker() for line in paths}) == 4
    for style in (LIGHT, DARK):
        assert len({colour_of(k, style) for k in range(6)}) == 6
    assert len({mark_of(k, 6) for k in range(6)}) == 6


def test_ground_without_a_finite_loss_is_grey_hatched_and_said() -> None:
    picture = sd.plot.landscape(CASES["not finite"](), points=31, x=(-1, 4))
    (said,) = [text for text in written(picture) if "finite" in text]
    assert said == "loss not finite (23 % of the window)"  # a <= 0 in 7 of 31 columns
    assert picture.axes[0].patch.get_hatch() == "////"
    assert matplotlib.colors.to_hex(picture.axes[0].get_facecolor()) == LIGHT.faint
    handles = picture.legends[0].legend_handles
    assert any(isinstance(handle, Patch) and handle.get_hatch() for handle in handles)


@pytest.mark.parametrize(
    ("name", "said"),
    [("never finite", "the loss is nowhere finite here"), ("flat", "the loss is the same everywhere, 3")],
)
def test_nothing_to_tell_apart_is_said(name: str, said: str) -> None:
    assert said in {text.get_text() for text in sd.plot.landscape(CASES[name](), points=5).axes[0].texts}
    assert said in {text.get_text() for text in sd.plot.surface(CASES[name](), points=5).axes[0].texts}


def test_a_path_that_leaves_is_followed_out_and_no_further() -> None:
    picture = sd.plot.landscape(CASES["diverged"](), points=9)
    axes = picture.axes[0]
    assert "is outside of the picture from step 3 on" in axes.get_title()
    path = next(line for line in axes.lines if line.get_label() == "gradient descent")
    assert np.isfinite(path.get_ydata()).sum() == 4  # three inside, and where it goes
    assert "end" not in written(picture)
    np.testing.assert_array_equal(
        followed(
            np.array([0.0, 1, 9e300, np.nan, 1e9]), np.array([0.0, 2]), np.array([True, True, False, False, False])
        ),
        [0, 1, 4, np.nan, np.nan],
    )


def test_the_surface_stands_at_the_loss_and_the_path_on_it() -> None:
    picture = sd.plot.surface(descended(), points=9)
    axes: Any = picture.axes[0]
    path = max((line for line in axes.lines), key=lambda line: len(line.get_data_3d()[0]))
    x, y, height = path.get_data_3d()
    loss = x**2 + 10 * (y - 1) ** 2
    np.testing.assert_allclose(np.argsort(height[:10]), np.argsort(loss[:10]))
    assert axes.get_zlim() == (0, 1)
    assert axes.get_zlabel() == "loss"


def test_colour_bar_writes_losses() -> None:
    picture = sd.plot.landscape(descended(rosenbrock, rate=1e-4), points=41)
    bar = picture.axes[1]
    labels = [float(label.get_text().replace(",", "").replace("−", "-")) for label in bar.get_yticklabels()]
    assert labels == sorted(labels)
    assert all(round(np.log10(v) % 1, 3) in (0.0, 0.301, 0.477, 0.699, 1.0) for v in labels)


def test_themes_files_and_no_trace_left_behind(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    run = descended()
    run.plot.landscape(tmp_path / "light.png", points=5)
    run.plot.landscape(tmp_path / "dark.png", theme="dark", points=5)
    run.plot.surface(tmp_path / "dark.svg", theme="dark", points=5)
    assert len({file.read_bytes() for file in tmp_path.iterdir()}) == 3
    assert dict(matplotlib.rcParams) == before
    with pytest.raises(sd.SteepestError, match=r"End its name in"):
        run.plot.landscape(tmp_path / "a.gif", points=5)


def test_a_landscape_is_drawn_as_it_is() -> None:
    seen = sd.landscape(descended(), points=6)
    picture = sd.plot.landscape(seen, theme="dark")
    assert picture.axes[0].get_xlim() == (seen.x[0], seen.x[-1])
