"""The picture of errors and secants: what is drawn, and what is drawn where there is little to draw."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest import ModelError, SteepestError
from steepest.differentiation import ways as ways_module
from steepest.views.pictures.ways_picture import plot_ways


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways_module, "_SECONDS", 0.0)


def words(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_the_errors_and_the_secants(tmp_path: Path) -> None:
    ways = sd.ways("-log(sigmoid(w*x))", {"w": 0.5, "x": 2.0}, wrt="w")
    picture = ways.plot(tmp_path / "ways.png")
    assert (tmp_path / "ways.png").stat().st_size > 20_000
    errors, limit = picture.axes
    assert errors.get_xscale() == errors.get_yscale() == "log"
    assert errors.get_xlim()[0] > errors.get_xlim()[1]  # h goes to 0 to the right
    assert words(errors) == ["one-sided", "central", "complex-step", "theory: left out + rounding"]
    marks = [text.get_text() for text in errors.texts]
    assert len(marks) == 3
    assert all("digits" in mark for mark in marks)
    # the slopes of the secants are the quotients, and tend to the derivative -2/(1 + e)
    slopes = [float(text.split("slope ")[1]) for text in words(limit)]
    widths = [float(text.split("h = ")[1].split(":")[0]) for text in words(limit)[:-1]]
    f = lambda w: math.log(1 + math.exp(-2 * w))
    assert slopes[:-1] == pytest.approx([(f(0.5 + h) - f(0.5)) / h for h in widths], rel=1e-3)
    assert slopes[-1] == pytest.approx(-2 / (1 + math.e), rel=1e-4)
    gaps = np.abs(np.array(slopes[:-1]) - slopes[-1])
    assert (np.diff(gaps) < 0).all()


def test_the_errors_fall_with_slopes_1_and_2() -> None:
    lines = {line.get_label(): line for line in sd.ways("exp(x)", 1.0).plot().axes[0].get_lines()}
    for name, slope in (("one-sided", 1), ("central", 2), ("complex-step", 2)):
        h, off = lines[name].get_data()
        there = (h < 1e-2) & (h > 1e-4)
        assert np.polyfit(np.log(h[there]), np.log(off[there]), 1)[0] == pytest.approx(slope, rel=0.02)


@pytest.mark.parametrize(
    ("text", "at"),
    [("abs(x)", 0.0), ("sqrt(x)", 0.0), ("floor(x)", 1.0), ("x**2", 0.0), ("3*x", 1.0), ("exp(x*1e300)", 0.0), ("x**3", 1e-310),
     ("log(x)", 1e300), ("sin(x)", 1e5), ("5 + 0*x", 1.0), ("arcsin(x)", 1.0),
     ("x*1e-300", 1.0),
     ("x", 0.0), ("1/x", 1e-5)],
)  # fmt: skip
def test_every_case_can_be_drawn(text: str, at: float) -> None:
    assert sd.ways(text, at).plot(theme="dark" if at else "light").rendered(dpi=40)


def test_where_there_is_no_derivative_the_quotients_are_drawn() -> None:
    errors, limit = sd.ways("abs(x)", 0.0).plot().axes
    assert errors.get_title() == "no derivative here: what differences give"
    assert words(errors) == ["one-sided, h > 0", "one-sided, h < 0", "central"]
    for line, value in zip(errors.get_lines(), (1, -1, 0)):
        assert (line.get_ydata() == value).all()
    assert "tangent" not in " ".join(words(limit))


def test_functions_and_several_parameters() -> None:
    ways = sd.ways(lambda w: np.tanh(w).sum(), np.array([0.1, 0.9]))
    assert ways.plot(element="w[1]").axes[1].get_xlabel() == "w[1]"
    assert plot_ways(ways, element=1).axes[1].get_xlabel() == "w[1]"
    with pytest.raises(ModelError, match=r"there are w\[0\], w\[1\]"):
        ways.plot(element="x")
    assert sd.ways(lambda x: math.log(x), 0.5).plot().rendered(dpi=40)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SteepestError, match=r"\.png, \.svg or \.pdf"):
        sd.ways("x", 1.0).plot(tmp_path / "picture.txt")
    assert not list(tmp_path.iterdir())


def test_a_dollar_in_a_name_is_a_dollar() -> None:
    assert sd.ways("`cost $x$`**2", 2.0).plot().rendered(dpi=40)
