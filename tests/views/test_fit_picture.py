"""Pictures are judged by their structure: what is drawn on which axis, and that nothing is cut off."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest

import steepest as sd
from steepest.training.outcome import Outcome
from steepest.views.pictures.fit_axis import fit_axis
from steepest.views.pictures.fit_picture import plot_fit
from steepest.views.style import DARK, LIGHT, Picture
from views.altered import Altered

RANDOM = np.random.default_rng(8)
X = np.linspace(-1, 2, 40)
Y = 1 - X + 2 * X**2 + RANDOM.normal(0, 0.2, 40)


def line(**options: Any) -> Any:
    return sd.fit("y ~ a + b*x", {"x": X, "y": Y}, **options)


def history(*losses: float) -> dict[str, np.ndarray]:
    return {"step": np.arange(len(losses)), "loss": np.array(losses, dtype=float)}


def two_columns() -> Any:
    u, v = RANDOM.normal(200, 14, 300), RANDOM.normal(44, 5, 300)
    return sd.fit(
        "log(mass) ~ a + b*flipper + c*bill", {"flipper": u, "bill": v, "mass": np.exp(7 + 0.006 * u + 0.002 * v)}
    )


def long_names() -> Any:
    name = "a very long name of a column with a $dollar$ and_an_underscore and \n a line end"
    formula = f"`{name.replace(chr(10), ' ')}` ~ " + " + ".join(
        f"coefficient_{i}*exp(-{i}*distance)" for i in range(12)
    )
    return sd.fit(formula, {name.replace("\n", " "): Y, "distance": X + 2})


CASES: dict[str, Any] = {
    "quadratic": lambda: sd.fit("height ~ a + b*x + c*x**2", {"x": X, "height": Y}),
    "one row more than parameters": lambda: sd.fit("y ~ a + b*x", {"x": X[:3], "y": Y[:3]}),
    "as many rows as parameters": lambda: sd.fit("y ~ a + b*x", {"x": X[:2], "y": Y[:2]}),
    "constant column": lambda: sd.fit("y ~ b*x", {"x": np.full(40, 3.0), "y": Y}),
    "two columns": two_columns,
    "no column": lambda: sd.fit("y ~ c", {"y": Y}),
    "many rows": lambda: sd.fit("y ~ a + b*x", {"x": (x := RANDOM.normal(size=60_000)), "y": x + RANDOM.normal(size=60_000)}),
    "long names": long_names,
    "huge": lambda: sd.fit("y ~ a + b*x", {"x": 1e9 * X, "y": 1e12 * Y}),
    "tiny": lambda: sd.fit("y ~ a + b*x", {"x": 1e-9 * X, "y": 1e-12 * Y}),
    "exact": lambda: sd.fit("y ~ a + b*x", {"x": X, "y": 1 + X}),
    "constant target": lambda: sd.fit("y ~ a", {"y": np.full(20, 7.0)}),
    "decades": lambda: sd.fit("y ~ a + b*log(dose)", {"dose": 10 ** (3 * X), "y": Y}),
    "no step": lambda: line(steps=0),
    "one step": lambda: Altered(line(), steps=1, history=history(300.0)),
    "negative losses": lambda: Altered(line(), steps=3, history=history(-1, -2, -3), loss=-3.5),
    "loss 0": lambda: Altered(line(), steps=3, history=history(4, 1e-3, 1e-9), loss=0.0),
    "zero residuals": lambda: Altered(line(), residuals=np.zeros(40), predicted=Y),
    "diverged": lambda: Altered(
        line(), steps=100, history=history(*10.0 ** np.arange(0, 300, 3)), loss=1e301,
        predicted=1e200 * Y, residuals=-1e200 * Y, outcome=Outcome("diverged", "the loss grew."),
    ),
    "not finite": lambda: Altered(
        line(), steps=3, history=history(3, 8, np.nan), loss=np.nan, predict=lambda data: np.full(len(data["x"]), np.nan),
        predicted=np.full(40, np.nan), residuals=np.full(40, np.nan), outcome=Outcome("non_finite", "log of -1."),
    ),
    "never finite": lambda: Altered(line(), steps=1, history=history(np.nan), loss=np.inf),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_cut_off(name: str) -> None:
    picture = plot_fit(CASES[name]())
    picture.canvas.draw()
    box = picture.get_tightbbox()
    width, height = picture.get_size_inches()
    assert (box.x0 >= 0) & (box.x1 <= width) & (box.y0 >= 0) & (box.y1 <= height), box
    title = picture.texts[0].get_window_extent()
    assert all(not title.overlaps(axes.bbox) for axes in picture.axes)
    for axes in picture.axes:
        assert axes.yaxis.label.get_window_extent().height <= 1.3 * axes.bbox.height


def labels(picture: Picture) -> list[tuple[str, str]]:
    return [(axes.get_xlabel(), axes.get_ylabel()) for axes in picture.axes]


def test_axes_are_named_after_columns() -> None:
    assert labels(plot_fit(line())) == [("", "y"), ("x", "residual"), ("step", "loss (mse)"), ("rows", "")]


def test_several_columns_are_drawn_against_the_prediction() -> None:
    picture = plot_fit(two_columns())
    assert labels(picture)[:2] == [("", "log(mass)"), ("predicted log(mass)", "residual")]
    diagonal = next(each for each in picture.axes[0].lines if each.get_label() == "prediction = data")
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())


def test_points_and_residuals_are_the_data() -> None:
    fit = line()
    data, residuals, *_ = plot_fit(fit).axes
    points = next(each for each in data.lines if each.get_label() == "data")
    np.testing.assert_array_equal(points.get_xydata(), np.column_stack([X, Y]))
    below = next(each for each in residuals.lines if len(np.asarray(each.get_xdata())) == 40)
    # The line through the parabola by hand: least squares of Y on (1, X).
    slope, level = np.polyfit(X, Y, 1)
    np.testing.assert_allclose(below.get_ydata(), Y - level - slope * X, atol=1e-9)
    assert data.get_shared_x_axes().joined(data, residuals)


def test_curve_is_smooth_between_few_points() -> None:
    axis = fit_axis(sd.fit("y ~ a*sin(w*t)", {"t": [0.0, 1, 2, 3], "y": [0.0, 2, 0, -2]}, start={"a": 2.0, "w": 1.5}))
    assert axis.curve_x.size > 1000
    np.testing.assert_allclose(axis.curve_y, 2 * np.sin(np.pi / 2 * axis.curve_x), atol=1e-6)


def test_curve_passes_through_every_row_however_fast_it_swings() -> None:
    t = np.linspace(0, 1, 2000)
    fit = sd.fit("y ~ a*sin(2*pi*700*t)", {"t": t, "y": np.sin(2 * np.pi * 700 * t)})
    axis = fit_axis(fit)
    assert np.isin(t, axis.curve_x).all()


def test_many_rows_are_drawn_as_a_density() -> None:
    picture = plot_fit(CASES["many rows"]())
    hexagons = [each for each in picture.axes[0].collections if "band" not in str(each.get_label())]
    assert len(hexagons) == 1
    assert max(len(np.asarray(each.get_xdata())) for each in picture.axes[0].lines) < 5000


def test_data_stay_in_view_where_the_curve_runs_away() -> None:
    low, high = plot_fit(CASES["diverged"]()).axes[0].get_ylim()
    assert Y.min() - 2 * np.ptp(Y) < low < Y.min() < Y.max() < high < Y.max() + 2 * np.ptp(Y)


def test_function_that_insists_on_its_rows_is_drawn_at_its_rows() -> None:
    noise = RANDOM.normal(size=40)
    axis = fit_axis(sd.fit(lambda x, a, b: a + b * x + noise, (X,), Y))
    np.testing.assert_array_equal(axis.curve_x, X)


def test_array_target_and_array_parameters() -> None:
    fit = sd.fit(lambda x, w: x @ w, (np.column_stack([X, X**2]),), Y, start={"w": [1.0, 1.0]})
    assert labels(plot_fit(fit))[1] == ("predicted target", "residual")


def test_loss_is_logarithmic_when_it_spans_decades() -> None:
    assert plot_fit(CASES["one step"]()).axes[2].get_yscale() == "log"
    assert plot_fit(CASES["negative losses"]()).axes[2].get_yscale() == "linear"
    assert plot_fit(line()).axes[0].get_xscale() == "linear"
    assert plot_fit(CASES["decades"]()).axes[0].get_xscale() == "log"


def test_rounding_errors_of_the_loss_are_not_magnified() -> None:
    fit = Altered(line(), steps=3, history=history(2.0, 2.0 + 4e-16, 2.0 - 4e-16), loss=2.0)
    low, high = plot_fit(fit).axes[2].get_ylim()
    assert low <= 1.9 < 2.1 <= high


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("diverged", "diverged after 100 steps"),
        ("not finite", "non-finite value after 3 steps"),
        ("no step", "budget spent after 0 steps"),
    ],
)
def test_outcome_is_named(name: str, title: str) -> None:
    fit = CASES[name]() if name != "no step" else line(steps=0, start={"a": 9.0, "b": 9.0})
    assert plot_fit(fit).axes[2].get_title() == title


def test_title_is_the_formula_as_it_stands() -> None:
    fit = sd.fit("`price in $` ~ a + b*x + `cost in $`*0", {"x": X, "price in $": Y, "cost in $": Y})
    picture = plot_fit(fit)
    assert picture.get_suptitle() == "`price in $` ~ a + b*x + `cost in $`*0"
    assert picture.axes[0].get_ylabel() == "price in $"
    picture.rendered("png")


def test_dark_and_light_and_no_trace_left_behind() -> None:
    before = dict(matplotlib.rcParams)
    light, dark = plot_fit(line()), plot_fit(line(), theme="dark")
    assert matplotlib.colors.to_hex(light.get_facecolor()) == LIGHT.paper
    assert matplotlib.colors.to_hex(dark.get_facecolor()) == DARK.paper
    assert dark.rendered() != light.rendered()
    assert dict(matplotlib.rcParams) == before


def contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2.1."""

    def luminance(colour: str) -> float:
        rgb = np.array(matplotlib.colors.to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted([luminance(first), luminance(second)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("style", [LIGHT, DARK])
def test_colours_stand_out_from_the_paper(style: Any) -> None:
    # WCAG 2.1: at least 4.5 for text, 3 for the parts of a graphic.
    assert contrast(style.ink, style.paper) >= 7
    assert contrast(style.warning, style.paper) >= 4.5
    assert min(contrast(colour, style.paper) for colour in (style.data, style.fit, style.loss)) >= 3


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_written_files_are_what_their_names_say_and_the_same_each_time(
    ending: str, start: bytes, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        plot_fit(line(), tmp_path / f"{name}.{ending}")
    one, two = (tmp_path / f"{name}.{ending}" for name in ("one", "two"))
    assert one.read_bytes().startswith(start)
    assert one.read_bytes() == two.read_bytes()
    assert len(one.read_bytes()) > 5000


def test_bad_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(sd.SteepestError, match=r"End its name in \.png, \.svg or \.pdf"):
        plot_fit(line(), tmp_path / "fit.bmp")
    with pytest.raises(sd.SteepestError, match="cannot write"):
        plot_fit(line(), tmp_path / "no such folder" / "fit.png")


def test_notebooks_show_it_and_no_window_is_needed() -> None:
    code = (
        "import sys, steepest as sd\n"
        "fit = sd.fit('y ~ a + b*x', {'x': [0.0, 1, 2], 'y': [1.0, 3, 6]})\n"
        "assert fit.plot()._repr_png_().startswith(b'\\x89PNG')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_letters_without_a_glyph_are_no_warning() -> None:
    plot_fit(sd.fit("`重さ` ~ a + b*x", {"x": X, "重さ": Y})).rendered()


def band_edges(picture: Picture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x of the curve, and half the widths of the inner band and of the dashed lines there."""
    axes = picture.axes[0]
    curve = next(each for each in axes.lines if each.get_label() == "fit")
    x, y = (np.asarray(each) for each in curve.get_data())
    upper = next(each for each in axes.lines if each.get_label() == "95 % of new rows")
    vertices = (
        next(each for each in axes.collections if each.get_label() == "95 % band of the mean").get_paths()[0].vertices
    )
    inner = np.array([vertices[np.isclose(vertices[:, 0], at)][:, 1].max() for at in x[:: x.size // 7]])
    return (
        x[:: x.size // 7],
        inner - y[:: x.size // 7],
        np.asarray(upper.get_ydata())[:: x.size // 7] - y[:: x.size // 7],
    )


def test_bands_of_a_straight_line_are_the_textbooks() -> None:
    # s t sqrt(1/n + (x - mean)² / Sxx), and with a 1 more under the root for a new row; t(0.975, 38) = 2.024394.
    x, mean, row = band_edges(plot_fit(line()))
    slope, level = np.polyfit(X, Y, 1)
    s = np.sqrt(np.sum((Y - level - slope * X) ** 2) / 38)
    leverage = 1 / 40 + (x - X.mean()) ** 2 / np.sum((X - X.mean()) ** 2)
    np.testing.assert_allclose(mean, 2.0243942 * s * np.sqrt(leverage), rtol=1e-6)
    np.testing.assert_allclose(row, 2.0243942 * s * np.sqrt(1 + leverage), rtol=1e-6)


def labels_of(picture: Picture) -> list[str]:
    return [text.get_text() for text in picture.axes[0].get_legend().get_texts()]


def test_bands_can_be_left_out_and_have_other_levels() -> None:
    assert labels_of(plot_fit(line(), level=None)) == ["data", "fit"]
    assert labels_of(plot_fit(line(), level=0.5))[1:3] == ["50 % band of the mean", "50 % of new rows"]
    with pytest.raises(sd.SteepestError, match="between 0 and 1"):
        plot_fit(line(), level=95)


def test_there_are_bands_only_where_they_mean_something() -> None:
    weighted = sd.fit("y ~ a + b*x", {"x": X, "y": Y, "w": 1 + np.arange(40)}, weights="w")
    assert labels_of(plot_fit(weighted)) == ["data", "95 % band of the mean", "fit"]
    assert labels_of(plot_fit(CASES["as many rows as parameters"]())) == ["data", "fit"]
    thin = sd.fit("y ~ a + b*x", {"x": X, "y": 1000 * X + Y})
    assert labels_of(plot_fit(thin)) == ["data", "fit (95 % bands thinner than the line)"]
    swings = sd.fit(
        "y ~ a*sin(60*x)",
        {"x": np.linspace(0, 3, 300), "y": np.sin(60 * np.linspace(0, 3, 300)) + np.cos(np.arange(300))},
    )
    assert labels_of(plot_fit(swings)) == ["data", "fit"]
    noisy = sd.fit("y ~ a + b*x + c*z", {"x": X, "z": np.cos(9 * X), "y": Y})
    assert labels_of(plot_fit(noisy)) == ["data", "95 % of new rows", "prediction = data"]


def test_a_run_is_drawn_like_a_fit() -> None:
    problem = sd.Problem(lambda p, c: p["a"] + p["b"] * c["time"], {"a": 0.0, "b": 0.0}, {"time": X}, Y)
    picture = plot_fit(sd.Run(problem, sd.LevenbergMarquardt()).finish())
    assert labels(picture)[:2] == [("", "target"), ("time", "residual")]
    for drawn, expected in zip(band_edges(picture), band_edges(plot_fit(line()))):
        np.testing.assert_allclose(drawn, expected, rtol=1e-6)


def test_a_network_has_a_curve_and_no_bands() -> None:
    net = sd.MLP(1, [20, 20], 1, "tanh")
    params, state = net.init(0)
    run = sd.Run(
        sd.Problem(net, params, X[:, None], Y[:, None], state=state), sd.Descent(sd.Adam(), 0.01), steps=5
    ).finish()
    picture = plot_fit(run)
    assert labels_of(picture) == ["data", "fit"]
    curve = next(each for each in picture.axes[0].lines if each.get_label() == "fit")
    np.testing.assert_allclose(curve.get_ydata(), np.ravel(run.predict(np.asarray(curve.get_xdata())[:, None])))
