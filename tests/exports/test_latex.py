"""LaTeX of formulas with names and values, and of networks."""

from __future__ import annotations

import io

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import steepest as sd
from steepest.exports.latex import value_latex

LINE = {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 2.9, 5.1, 7.0]}


def typeset(latex):
    """Matplotlib's typesetter, which is strict, reads it."""
    figure = Figure()
    figure.text(0, 0, f"${latex}$")
    with matplotlib.rc_context({"text.usetex": False}):
        figure.savefig(io.BytesIO(), format="svg")


def test_names_stay_unless_values_are_asked_for():
    fit = sd.fit("y ~ a + b*x", LINE)
    assert fit.to_latex() == "y = a + b x" == sd.Formula("y ~ a + b*x").to_latex()


def test_values_have_the_digits_that_their_errors_support():
    # by hand: Sxx = 5, sum of squares 0.018, s² = 0.009; errors sqrt(0.009 (1/4 + 2.25/5)) and sqrt(0.009/5)
    fit = sd.fit("y ~ a + b*x", LINE)
    assert fit.to_latex(values="parentheses") == r"y = 0.970(79) + 2.020(42) \cdot x"
    assert fit.to_latex(values="plus_minus") == (
        r"y = \left(0.970 \pm 0.079\right) + \left(2.020 \pm 0.042\right) \cdot x"
    )
    assert fit.to_latex(values="plain") == r"y = 0.970 + 2.020 \cdot x"


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (12.3456, 1.2, "12.3(12)"),
        (1234.5, 130.0, "1230(130)"),
        (-0.00123, 0.00045, "-0.00123(45)"),
        (6.02e23, 1.2e21, r"6.020(12) \times 10^{23}"),
        (5.0, 0.0, "5"),
        (5.0, np.inf, "5"),
        (5.0, np.nan, "5"),
        (1.5e-7, None, r"1.5 \times 10^{-7}"),
    ],
)
def test_parentheses(value, error, expected):
    assert value_latex(value, error, "parentheses") == expected


def test_negative_values_powers_and_exponents_stay_unambiguous():
    x = np.linspace(1, 3, 20)
    fit = sd.fit(
        "y ~ a*x - b*c**x",
        {"x": x, "y": -3e-9 * x + 2e-9 * 1.7**x + 1e-12 * np.sin(9 * x)},
        start={"a": -3e-9, "b": -2e-9, "c": 1.7},
    )
    text = fit.to_latex(values="parentheses")
    assert r"\left(-3." in text
    assert r"\left(-2." in text
    assert r"\left(1.7" in text
    for values in (None, "plain", "parentheses", "plus_minus"):
        typeset(fit.to_latex(values=values))


def test_a_saved_fit_and_a_file(tmp_path):
    fit = sd.fit("y ~ a + b*x", LINE)
    fit.save(tmp_path / "model.json")
    text = sd.load(tmp_path / "model.json").to_latex(tmp_path / "model.tex", values="plus_minus")
    assert (tmp_path / "model.tex").read_text() == text + "\n"
    assert text == fit.to_latex(values="plus_minus")


def test_networks_have_an_equation_a_layer():
    net = sd.nn.Sequential(
        sd.Linear(3, 8, bias=False), sd.BatchNorm(8), sd.GELU(), sd.Dropout(), sd.MLP(8, [4], 2, "relu"), sd.Softmax()
    )
    lines = net.to_latex().splitlines()
    assert lines[1:-1] == [
        r"h_{1} &= W_{1} x, & W_{1} &\in \mathbb{R}^{8 \times 3} \\",
        r"h_{2} &= \mathrm{GELU}\left(\mathrm{BatchNorm}\left(h_{1}\right)\right) \\",
        r"h_{3} &= \mathrm{relu}\left(W_{2} h_{2} + b_{2}\right), & W_{2} &\in \mathbb{R}^{4 \times 8} \\",
        r"y &= \mathrm{softmax}\left(W_{3} h_{3} + b_{3}\right), & W_{3} &\in \mathbb{R}^{2 \times 4}",
    ]
    assert sd.nn.Identity().to_latex().splitlines()[1] == "y &= x"


def test_what_has_no_values_says_so():
    with pytest.raises(sd.ModelError, match="give the fit"):
        sd.to_latex("y ~ a*x", values="plain")
    with pytest.raises(sd.ModelError, match="too many numbers"):
        sd.MLP(1, [2], 1).to_latex(values="plain")
    with pytest.raises(sd.ModelError, match="unknown notation of values 'brackets'"):
        sd.fit("y ~ a + b*x", LINE).to_latex(values="brackets")
