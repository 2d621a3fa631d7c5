"""The table and the picture of a comparison, and the table of minima."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import steepest as sd
from steepest.views.pictures.race_picture import plot_race
from steepest.views.tables.race_table import race_html, race_rows, race_summary, race_text
from views.judged import judge


@pytest.fixture(scope="module")
def race() -> sd.Comparison:
    f = sd.functions.styblinski_tang
    return sd.compare(f.problem(), "lbfgs, adam, random_search", 250, seeds=3, bounds=f.bounds)


def test_a_line_for_each_method_that_never_rises(race: Any) -> None:
    picture = plot_race(race)
    axes = picture.axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    assert set(lines) >= {"L-BFGS-B", "Adam", "Random search"}
    for name in ("L-BFGS-B", "Adam", "Random search"):
        assert (np.diff(lines[name].get_ydata()) <= 0).all()
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_ylabel().startswith("loss above the lowest found, -78.33")
    assert axes.get_xlim()[1] == 250
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend[:3] == [entry.name for entry in race.ranking]
    colours = {lines[name].get_color() for name in legend[:3]}
    assert len(colours) == 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_cut_off_or_overlaps(race: Any, theme: str) -> None:
    judge(sd.plot.race(race, theme=theme))


def test_the_last_point_is_the_median_of_the_table(race: Any) -> None:
    picture = plot_race(race, theme="dark")
    line = next(x for x in picture.axes[0].lines if x.get_label() == "Adam")
    expected = race["adam"].median - race.lowest
    assert line.get_ydata()[-1] == pytest.approx(expected, rel=1e-9)


def test_it_is_written(race: Any, tmp_path: Any) -> None:
    for kind in ("png", "svg", "pdf"):
        race.plot(tmp_path / f"race.{kind}")
        assert (tmp_path / f"race.{kind}").stat().st_size > 1000
    with pytest.raises(sd.SteepestError, match=r"\.png"):
        race.plot(tmp_path / "race.gif")


def test_a_comparison_without_finite_losses_is_drawn(tmp_path: Any) -> None:
    problem = sd.Problem.of_function(lambda p: np.log(p["x"]), {"x": -5.0})
    none = sd.compare(problem, "lbfgs, genetic", 30, seeds=2, bounds=(-9, -1))
    none.plot(tmp_path / "none.png")
    assert "No method has found a finite loss" in race_text(none)


def test_equal_losses_and_one_start_are_drawn(tmp_path: Any) -> None:
    flat = sd.compare(sd.Problem.of_function(lambda p: 0 * p["x"] + 3, {"x": 1.0}), "lbfgs, random_search", 30, seeds=1)
    flat.plot(tmp_path / "flat.png")
    assert flat.best.median == 3.0
    assert repr(flat)


def test_the_table(race: Any) -> None:
    rows = race_rows(race)
    assert [row[0] for row in rows] == [entry.name for entry in race.ranking]
    assert all(len(row) == 7 for row in rows)
    text = race_text(race)
    assert "x[0] = -2.904, x[1] = -2.904   lowest found" in text
    assert all(len(line) <= 100 for line in race.advice.splitlines()) or "\n" not in race.advice
    assert "<td>Adam</td>" in race_html(race)
    assert "&" not in race_html(race).replace("&lt;", "").replace("&gt;", "").replace("&amp;", "").replace("&#x27;", "")


def test_where_races_ended_is_said_in_words_that_are_explained(race: Any) -> None:
    ended = {row[0]: row[-1] for row in race_rows(race)}
    assert all(cell.startswith(("A ", "B ", "C ", "D ", "higher ")) for cell in ended.values())
    cut_short = sd.compare(sd.functions.rosenbrock.problem(), "adam, lbfgs", 60, seeds=2)
    assert {row[0]: row[-1] for row in race_rows(cut_short)}["Adam"] == "A 2x; 2 unfinished"
    assert "unfinished: so many were still visibly above" in race_text(cut_short).replace("\n", " ")


@pytest.mark.parametrize("width", [40, 72, 200])
def test_narrow_terminals_leave_columns_out_rather_than_break_words(race: Any, width: int) -> None:
    stream = io.StringIO()
    Console(file=stream, width=width).print(race_summary(race, width))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    head = next(line for line in lines if line.startswith("method")).split()
    assert {"method", "median", "ended"} <= set(head)
    assert ("seconds" in head) == (width > 100)
    assert any("Random search" in line for line in lines)


def test_names_find_methods(race: Any) -> None:
    assert race["lbfgs"] is race["L-BFGS-B"]
    assert race["random_search"].name == "Random search"
    assert len(race) == 3
    with pytest.raises(KeyError, match="There are L-BFGS-B"):
        race["Random searsh"]
