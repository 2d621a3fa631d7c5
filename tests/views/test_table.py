from __future__ import annotations

import math
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.training.outcome import Outcome
from steepest.views.tables.table import parameter_rows, summary_html, summary_text
from views.altered import Altered

# Norris, NIST StRD: the certified values of a straight line through 36 observations.
X = [0.2, 337.4, 118.2, 884.6, 10.1, 226.5, 666.3, 996.3, 448.6, 777.0, 558.2, 0.4, 0.6, 775.5, 666.9, 338.0, 447.5,
     11.6, 556.0, 228.1, 995.8, 887.6, 120.2, 0.3, 0.3, 556.8, 339.1, 887.2,
     999.0, 779.0, 11.1, 118.3, 229.2, 669.1, 448.9, 0.5]  # fmt: skip
Y = [0.1, 338.8, 118.1, 888.0, 9.2, 228.1, 668.5, 998.5, 449.1, 778.9, 559.2, 0.3, 0.1, 778.1, 668.8, 339.3, 448.9,
     10.8, 557.7, 228.3, 998.0, 888.8, 119.6, 0.3, 0.6, 557.6, 339.3, 888.0,
     998.5, 778.9, 10.2, 117.6, 228.9, 668.4, 449.2, 0.2]  # fmt: skip


@pytest.fixture(scope="module")
def norris() -> Any:
    return sd.fit("y ~ b0 + b1*x", {"x": X, "y": Y})


def test_certified_values_to_the_digits_that_their_errors_support(norris: Any) -> None:
    # Certified: b0 -0.262323073774029 (0.232818234301152), b1 1.00211681802045 (0.429796848199937E-03),
    # residual standard deviation 0.884796396144373, R-squared 0.999993745883712; t quantile for 34 degrees 2.0322445.
    text = summary_text(norris)
    lines = [line.split() for line in text.splitlines()]
    assert ["b0", "-0.26", "0.23", "-0.74", "to", "0.21"] in lines
    assert ["b1", "1.00212", "0.00043", "1.00124", "to", "1.00299"] in lines
    assert ["residual", "standard", "deviation", "0.8848"] in lines
    assert ["R²", "0.9999937"] in lines
    assert ["degrees", "of", "freedom", "34"] in lines
    assert lines[0] == ["y", "~", "b0", "+", "b1*x"]


def test_plain_text_is_plain(norris: Any) -> None:
    text = summary_text(norris)
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert all(len(line) <= 80 and line == line.rstrip() for line in text.splitlines())


def test_outcome_remedy_and_remarks_are_wrapped() -> None:
    fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1, 2], "y": [1.0, 2.9, 5.1]})
    words = "b and c move together, and the data hardly tell them apart: [fix] one of them, or give more varied data."
    text = summary_text(
        Altered(fit, remarks=[words], outcome=Outcome("diverged", "the loss grew.", "Lower the rate.")), width=40
    )
    assert "the loss grew.\nLower the rate.\n" in text
    assert "- b and c move together, and the data" in text
    assert "  hardly tell them apart: [fix] one of" in text
    assert max(map(len, text.split("Remarks")[1].splitlines())) <= 40


def test_numbers_are_never_cut(norris: Any) -> None:
    assert "-0.74 to 0.21" in summary_text(norris, width=20)


def test_without_standard_errors_there_are_two_columns(norris: Any) -> None:
    fit = Altered(norris, standard_errors=None, confidence_intervals=lambda: None)
    head, rows = parameter_rows(fit)
    assert head == ("parameter", "value")
    assert rows == [("b0", "-0.262323"), ("b1", "1.00212")]


def test_undetermined_parameters_have_no_interval() -> None:
    _, rows = parameter_rows(sd.fit("y ~ a*b*x", {"x": [1.0, 2, 3], "y": [2.0, 4.1, 5.9]}))
    assert [row[2:] for row in rows] == [("–", "–")] * 2


def test_constant_target_has_no_r_squared() -> None:
    assert "R²                           not defined" in summary_text(sd.fit("y ~ a", {"y": [7.0, 7, 7]}))


def test_arrays_have_a_row_an_element_and_thousands_are_cut_short() -> None:
    x = np.random.default_rng(0).normal(size=(200, 70))
    fit = sd.fit(lambda x, w, c: x @ w + c, (x,), x @ np.arange(70.0), start={"w": np.zeros(70)})
    _, rows = parameter_rows(fit)
    assert rows[0][0] == "w[0]"
    assert float(rows[7][1]) == pytest.approx(7.0)
    assert rows[-1][0] == "and 11 more"
    assert len(rows) == 61


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] in ("td", "th"):
            self.cells[-1] += data


def test_html_has_the_same_cells_and_is_escaped(norris: Any) -> None:
    page = Cells()
    page.feed(summary_html(norris))
    assert page.open == []
    assert page.cells[:8] == [
        "parameter",
        "value",
        "standard error",
        "95 % interval",
        "b0",
        "-0.26",
        "0.23",
        "-0.74 to 0.21",
    ]
    hostile = Altered(norris, formula_text="y ~ `<script>` + a", remarks=["<b>&"])
    assert "<script>" not in summary_html(hostile)
    assert "<b>&<" not in summary_html(hostile)
    assert "&lt;b&gt;&amp;" in summary_html(hostile)


def test_values_that_are_not_finite_are_said_to_be_so(norris: Any) -> None:
    fit = Altered(norris, params={"b0": math.nan, "b1": 1e300}, loss=math.inf, r_squared=math.nan)
    text = summary_text(fit)
    assert "loss (mse)                   inf" in text
    assert text.splitlines()[4].split()[:2] == ["b0", "–"]
