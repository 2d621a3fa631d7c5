"""Remarks on answers: what only matters together, what did not move, what is hardly known, lower minima, rows that stand out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import steepest as sd
from steepest.doctor.answer_remarks import studentised

RNG = np.random.default_rng(0)
X = np.linspace(0.5, 5, 30)
Y = 3 * np.exp(-0.5 * X) + 0.02 * RNG.standard_normal(30)
DATA = {"x": X, "y": Y}


def remarks(formula: Any, data: Any = DATA, **options: Any) -> str:
    return "\n".join(sd.fit(formula, data, **options).remarks)


@pytest.mark.parametrize(
    ("formula", "matters"),
    [
        ("y ~ a*b*exp(-c*x)", "only a*b matters"),
        ("y ~ a/b*exp(-c*x)", "only a/b matters"),
        ("y ~ exp(-c*x)/a/b", "only a*b matters"),
        ("y ~ b/a*exp(-c*x)", "only b/a matters"),
        ("y ~ (a + b)*exp(-c*x)", "only a + b matters"),
        ("y ~ (a - b)*exp(-c*x)", "only a - b matters"),
        ("y ~ (a + 2.5*b)*exp(-c*x)", "only a + 2.5*b matters"),
        ("y ~ a*exp(b - c*x)", "only a*exp(b) matters"),
        ("y ~ a*b*d*exp(-c*x)", "only a*b*d matters"),
        ("y ~ a**2*b*exp(-c*x)", "only a**2*b matters"),
        ("y ~ a*b*exp(-c*d*x)", "only a*b and c*d matter"),
        ("y ~ a*exp(-c*x) + 0*b", "changing it changes no prediction"),
    ],
)
def test_redundant_parameters_are_named_by_what_matters(formula: str, matters: str) -> None:
    assert f"{matters}." in remarks(formula) or f"{matters}:" in remarks(formula)


def test_a_constant_column() -> None:
    said = remarks("y ~ a + b*z + c*x", {**DATA, "z": np.full(30, 4.0)})
    assert "only a + 4*b matters" in said
    assert "column 'z' is 4 in every row" in said


def test_a_fit_that_returns_its_start_says_so() -> None:
    fit = sd.fit("y ~ a*exp(-c*x)", DATA, start={"a": 1, "c": 800})
    assert not fit.outcome.ok
    assert "No parameter has moved" in "\n".join(fit.remarks)
    assert "separately" not in "\n".join(fit.remarks)


def test_a_parameter_that_means_nothing() -> None:
    said = remarks("y ~ a*exp(-c*x) + d*exp(-f*x)")
    assert "is hardly known" in said


def test_a_local_minimum_is_told_with_the_lower_one() -> None:
    data = {"x": X, "y": np.sin(2 * X) + 0.05 * RNG.standard_normal(30)}
    said = remarks("y ~ a*sin(w*x)", data, start={"a": 1, "w": 6})
    assert "This is a local minimum" in said
    assert "w = 2." in said or "w = -2." in said
    assert "local minimum" not in remarks("y ~ a*sin(w*x)", data, start={"a": 1, "w": 2.1})
    assert "local minimum" not in remarks("y ~ a*sin(w*x)", data)


def test_rows_that_stand_out_by_the_textbook() -> None:
    """The externally studentised residual is the t of a dummy that is 1 in that row alone (Cook and Weisberg, 2.2.2)."""
    y = Y.copy()
    y[7] += 0.3
    fit = sd.fit("y ~ a + b*x", {"x": X, "y": y})
    found = studentised(fit)
    assert found is not None
    for row in (0, 7, 29):
        dummy = np.zeros(30)
        dummy[row] = 1.0
        alone = sd.fit("y ~ a + b*x + c*d", {"x": X, "y": y, "d": dummy})
        assert alone.standard_errors is not None
        assert -found[row] == pytest.approx(alone.params["c"] / alone.standard_errors["c"], rel=1e-6)
    said = remarks("y ~ a*exp(-c*x)", {"x": X, "y": y})
    assert "row 8 of the data (residual 0.3" in said
    assert "stands out" in said
    assert "stands out" not in remarks("y ~ a*exp(-c*x)")


def test_weighted_rows_stand_out_by_their_weight() -> None:
    y = Y.copy()
    y[7] += 0.3
    weights = np.ones(30)
    weights[7] = 0.0
    assert "stand" not in remarks("y ~ a*exp(-c*x)", {"x": X, "y": y}, weights=weights)


def test_clean_fits_are_silent_about_rows() -> None:
    """At 1 % a fit, at most 6 of 200 with a probability above 0.99 (binomial)."""
    count = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        fit = sd.fit("y ~ a + b*x", {"x": X, "y": 1 + X + rng.standard_normal(30)})
        count += "stand" in "\n".join(fit.remarks)
    assert count <= stats.binom.ppf(0.999, 200, 0.01)


def test_a_row_that_decides_a_parameter_alone_is_no_outlier() -> None:
    x = np.append(np.zeros(9), 1.0)
    fit = sd.fit("y ~ a + b*x", {"x": x, "y": np.append(RNG.standard_normal(9), 50.0)})
    assert "stand" not in "\n".join(fit.remarks)
