"""Ranking of formulas: criteria by hand, verdicts, and what cannot be ranked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import ModelError, SteepestError

RNG = np.random.default_rng(11)
X = np.linspace(0.1, 4, 40)
LINE = {"x": X, "y": 1 + 2 * X + 0.2 * RNG.standard_normal(40), "s": np.full(40, 0.2)}


def test_criteria_by_hand() -> None:
    ranking = sd.rank(["y ~ a + b*x", "y ~ a"], LINE)
    coefficients, residual, *_ = np.polyfit(X, LINE["y"], 1, full=True)
    n, k = 40, 3  # two parameters and the variance
    deviance = n * math.log(residual[0] / n)
    best = ranking.rows[0]
    assert best.fit.params["b"] == pytest.approx(coefficients[0])
    assert best.aicc == pytest.approx(deviance + 2 * k + 2 * k * (k + 1) / (n - k - 1))
    assert best.bic == pytest.approx(deviance + k * math.log(n))
    weights = [math.exp(-(row.aicc - best.aicc) / 2) for row in ranking.rows]
    assert [row.weight for row in ranking.rows] == pytest.approx([w / sum(weights) for w in weights])
    assert "more than 1,000 times" in ranking.verdict


def test_known_errors_and_absolute_differences() -> None:
    best = sd.rank(["y ~ a + b*x", "y ~ a"], LINE, sigma="s").rows[0]
    assert best.bic == pytest.approx(best.fit.residual_sum_of_squares + 2 * math.log(40))
    best = sd.rank(["y ~ a + b*x", "y ~ a"], LINE, loss="mae").rows[0]
    assert best.bic == pytest.approx(80 * math.log(best.fit.loss) + 3 * math.log(40))


def test_a_simpler_model_that_does_as_well_is_named() -> None:
    ranking = sd.rank(["y ~ a + b*x + c*x**2", "y ~ a + b*x"], LINE)
    assert ranking.rows[1].aicc - ranking.rows[0].aicc == pytest.approx(0.5, abs=0.1)  # by these data, as good
    assert ranking.best.formula_text == "y ~ a + b*x + c*x**2"
    assert ranking.preferred.formula_text == "y ~ a + b*x"
    assert "does as well with 1 parameter less" in ranking.verdict


def test_as_good_as_each_other() -> None:
    ranking = sd.rank(["y ~ a + b*x", "y ~ c + d*x"], LINE)
    assert "do not tell" in ranking.verdict
    assert ranking.rows[0].weight == pytest.approx(0.5)
    assert "weight" in str(ranking)


def test_options_go_to_the_formulas_that_have_their_names() -> None:
    ranking = sd.rank(
        ["y ~ a + b*x", "y ~ c*x**p"],
        LINE,
        start={"p": 0.9},
        bounds="a > 0, p < 2",
        fix={"b": 2},
        tie=["c = 3*p"],
    )
    fits = {row.fit.formula_text: row.fit for row in ranking.rows}
    assert fits["y ~ a + b*x"].params["b"] == 2
    assert fits["y ~ c*x**p"].params["c"] == pytest.approx(3 * fits["y ~ c*x**p"].params["p"])
    with pytest.raises(ModelError, match="'q', which is not a parameter"):
        sd.rank(["y ~ a + b*x", "y ~ c*x**p"], LINE, start={"q": 1})


@pytest.mark.parametrize(
    ("formulas", "options", "says"),
    [
        (["y ~ a"], {}, "at least two"),
        ("y ~ a", {}, "at least two"),
        (["y ~ a", "log(y) ~ a"], {}, "fit the same thing"),
        (["y ~ a", "y ~ b*x"], {"loss": "huber"}, "is none"),
    ],
)
def test_what_cannot_be_ranked(formulas: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(SteepestError, match=says):
        sd.rank(formulas, LINE, **options)


def test_rows_that_one_formula_drops() -> None:
    data = {"x": X, "z": np.where(X < 0.5, np.nan, X), "y": LINE["y"]}
    with pytest.raises(ModelError, match="see different data"):
        sd.rank(["y ~ a + b*x", "y ~ a + b*z"], data, drop_missing=True)


def test_exact_fits_are_as_good_as_each_other() -> None:
    exact = {"x": X, "y": 2 * X}
    ranking = sd.rank(["y ~ a + b*x + c*x**2", "y ~ a + b*x"], exact)
    assert ranking.preferred.formula_text == "y ~ a + b*x"


def test_too_few_rows_to_judge() -> None:
    few = {name: values[:4] for name, values in LINE.items()}
    assert "too few rows" in sd.rank(["y ~ a + b*x", "y ~ a*exp(b*x)"], few).verdict


def test_a_formula_that_cannot_be_fitted_is_named() -> None:
    few = {name: values[:2] for name, values in LINE.items()}
    with pytest.raises(SteepestError, match=r"of the formula y ~ a \+ b\*x \+ c\*x\*\*2: 2 rows cannot determine 3"):
        sd.rank(["y ~ a + b*x", "y ~ a + b*x + c*x**2"], few)
