"""Remarks on fits: each fires on a case made for it, says what is true, and is silent on healthy fits."""

from __future__ import annotations

import re

import numpy as np
import pytest

import steepest as sd

HEALTHY = {
    "y ~ a + b*x": lambda x: 1 + 2 * x,
    "y ~ a + b*x + c*(x - 2)**2": lambda x: 1 - x + (x - 2) ** 2,
    "y ~ a*exp(-b*x)": lambda x: 6 * np.exp(-0.6 * x),
    "y ~ a*sin(b*x + c)": lambda x: 2 * np.sin(3 * x + 1),
    "y ~ a*exp(-(x - m)**2/(2*s**2))": lambda x: 5 * np.exp(-((x - 2) ** 2) / 0.5),
    "log(z) ~ a + b*x": lambda x: 1 - x,
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("formula", HEALTHY)
def test_silence_on_healthy_fits(formula, seed):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, 4, 90))
    y = HEALTHY[formula](x) + 0.2 * rng.standard_normal(90)
    fit = sd.fit(formula, {"x": x, "y": y, "z": np.exp(y)})
    assert fit.outcome.name == "converged"
    assert fit.remarks == []


def noise(n=60, seed=1):
    return np.random.default_rng(seed).standard_normal(n)


def test_a_curve_that_explains_nothing():
    x = np.linspace(0, 10, 60)
    fit = sd.fit("y ~ a + b*exp(-(x - m)**2/2)", {"x": x, "y": noise()}, start={"m": 4.0})
    assert any("no better than a constant would" in remark for remark in fit.remarks)


def test_a_curve_worse_than_a_constant():
    x = np.linspace(1, 10, 60)
    fit = sd.fit("y ~ a*exp(-b*x)", {"x": x, "y": 100 + x}, start={"a": 1.0, "b": 50.0}, steps=1)
    assert any("worse than a constant would (R² -" in remark for remark in fit.remarks)


def test_a_line_through_noise_says_what_there_is_to_say():
    """A linear fit has one minimum: that it explains nothing is the data's answer, not a failure."""
    assert sd.fit("y ~ a + b*x", {"x": np.linspace(0, 10, 60), "y": noise()}).remarks == []


def test_one_parameter_without_effect():
    x = np.linspace(0, 1, 30)
    fit = sd.fit("y ~ a*x + 0*b", {"x": x, "y": 2 * x + 0.1 * noise(30)})
    assert any("do not determine b: changing it changes no prediction" in remark for remark in fit.remarks)


def test_a_constant_column_is_named_as_the_reason():
    fit = sd.fit("y ~ a + b*x", {"x": np.full(30, 2.5), "y": noise(30)})
    (remark,) = [text for text in fit.remarks if "do not determine" in text]
    assert "a and b separately (column 'x' is 2.5 in every row)" in remark


def test_many_pairs_are_counted_not_listed():
    x = np.linspace(100, 101, 60)
    fit = sd.fit("y ~ a + b*x + c*x**2 + d*x**3", {"x": x, "y": x + 0.01 * noise()})
    assert sum("move together" in remark for remark in fit.remarks) == 4
    assert any("3 more pairs of parameters move together" in remark for remark in fit.remarks)


def test_residuals_in_no_order_are_judged_in_the_order_of_the_column():
    rng = np.random.default_rng(0)
    x = rng.permutation(np.linspace(0, 10, 200))
    fit = sd.fit("y ~ a + b*x", {"x": x, "y": np.sin(x)})
    (remark,) = [text for text in fit.remarks if "not random" in text]
    changes = int(re.search(r"change sign (\d+) times", remark).group(1))
    signs = np.sign(fit.residuals[np.argsort(x)])
    assert changes == np.count_nonzero(signs[1:] != signs[:-1])


def test_rows_that_do_not_count_have_no_part_in_a_pattern():
    x = np.linspace(0, 10, 120)
    counts = np.arange(120) % 2 == 0
    y = np.where(counts, 1 + x + 0.1 * noise(120), 1 + x + np.sin(x))
    assert sd.fit("y ~ a + b*x", {"x": x, "y": y}, weights=counts).remarks == []


@pytest.mark.parametrize("n", [3, 19])
def test_few_rows_say_nothing_about_a_pattern(n):
    x = np.linspace(0, 10, n)
    assert not any("not random" in text for text in sd.fit("y ~ a + b*x", {"x": x, "y": np.sin(x)}).remarks)


def test_no_remark_has_digits_nobody_needs():
    x = np.linspace(0, 10, 60)
    cases = [
        sd.fit("y ~ a + b*x", {"x": x, "y": np.sin(x) / 3}),
        sd.fit("y ~ a + b*x + c*x**2 + d*x**3", {"x": x + 100, "y": x + 0.01 * noise()}),
        sd.fit("y ~ a*x + b", {"x": x, "y": np.pi * x}, method="gradient_descent", learning_rate=1 / 3e3, steps=20),
        sd.fit("y ~ a*x + b", {"x": x, "y": np.pi * x}, method="gradient_descent", learning_rate=1 / 3),
    ]
    for fit in cases:
        assert fit.remarks
        for remark in fit.remarks:
            assert remark.endswith((".", "?"))
            for number in re.findall(r"\d[\d.]*(?:e[+-]\d+)?", remark):
                assert len(re.sub(r"e.*|\D", "", number).strip("0")) <= 4, remark


def test_a_minimum_that_was_hardly_met_is_told():
    """Noise fitted by four peaks that nothing holds: there are almost as many minima as descents."""
    y = np.random.default_rng(0).standard_normal(80)
    data = {"x": np.linspace(0, 10, 80), "y": y}
    peaks = " + ".join(f"a{i}*exp(-b{i}*(x - m{i})**2)" for i in range(4))
    fit = sd.fit(f"y ~ {peaks}", data)
    assert fit.starts.doubtful
    assert sum("descents ended in this minimum" in remark for remark in fit.remarks) == 1
    one = sd.fit("y ~ a + b*x", data)
    assert not one.starts.doubtful


@pytest.mark.parametrize("seed", range(5))
def test_a_power_law_that_is_well_known_moves_together_without_a_word(seed):
    rng = np.random.default_rng(seed)
    x = np.linspace(1, 10, 150)
    fit = sd.fit("y ~ a*x**b", {"x": x, "y": 2 * x**1.8 + rng.standard_normal(150)})
    assert fit.uncertainty.correlation[0, 1] < -0.98
    assert fit.remarks == []


def test_a_good_fit_of_few_rows_is_not_called_a_wrong_valley():
    fit = sd.fit("y ~ a*exp(-b*x) + c", {"x": [0.0, 1.0, 2.0, 3.0], "y": [3.6, 2.0, 1.23, 0.87]})
    assert not any("constant would" in remark for remark in fit.remarks)


def test_a_constant_target_is_told():
    fit = sd.fit("y ~ a*exp(-b*x) + c", {"x": np.arange(20.0), "y": np.full(20, 2.0)})
    assert "y is 2 in every row" in fit.remarks[0]
