"""Remarks: each fires on a case made for it, and all are silent on healthy ones (tests/fitting has ten of those)."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd


def remarks(formula: str, data: dict[str, object], **options: object) -> str:
    return "\n".join(sd.fit(formula, data, **options).remarks)  # type: ignore[arg-type]


X = np.linspace(0.0, 4.0, 40)
NOISE = np.random.default_rng(8).normal(size=40)


def test_dropped_rows_are_counted() -> None:
    y = 1 + 2 * X + NOISE
    y[[3, 7]] = np.nan
    assert remarks("y ~ a + b*x", {"x": X, "y": y}, drop_missing=True).startswith("2 rows were left out")
    y = 1 + 2 * X + NOISE
    y[3] = np.inf
    assert remarks("y ~ a + b*x", {"x": X, "y": y}, drop_missing=True).startswith("1 row was left out")


def test_a_slip_of_the_pen() -> None:
    said = remarks("y ~ a + time*x", {"x": X, "y": 1 + 2 * X + NOISE, "tmie": X})
    assert "'time' was taken for a parameter" in said
    assert "'tmie'" in said


def test_parameters_that_move_together() -> None:
    # Over a short stretch far from 0 an intercept and a slope are nearly one parameter.
    x = 1000.0 + X
    assert "move together (correlation -" in remarks("y ~ a + b*x", {"x": x, "y": 2 * x + NOISE})


def test_alternating_residuals() -> None:
    y = 1 + 2 * X + 0.3 * (-1.0) ** np.arange(40)
    assert "pull in opposite directions" in remarks("y ~ a + b*x", {"x": X, "y": y})


def test_a_descent_that_did_not_arrive_says_why_and_nothing_of_patterns() -> None:
    t = np.arange(20.0)
    data = {"t": t, "y": 0.5 * (t - 9.5) ** 2 + 1}
    formula = "y ~ a*t**2 + b*t + c"
    crawl = remarks(formula, data, method="gradient_descent", learning_rate=1e-5, steps=20)
    assert "ill-conditioned" in crawl
    assert "not random" not in crawl
    assert "above the limit" in remarks(formula, data, method="gradient_descent", learning_rate=1e-3, start={"a": 1.0})
    lazy = remarks("y ~ a*x", {"x": X, "y": 3 * X + NOISE}, method="gradient_descent", learning_rate=1e-6, steps=20)
    assert "far below the limit" in lazy


def test_the_limit_of_what_is_not_finite_is_unknown() -> None:
    with np.errstate(all="ignore"):
        run = sd.minimize(lambda x: np.log(x), -1.0, method="gradient_descent", learning_rate=0.1, steps=1)
        assert np.isnan(run.rate_limit()) or run.rate_limit() == np.inf
    assert run.outcome is not None
    assert run.outcome.name == "non_finite"


@pytest.mark.parametrize("method", ["gradient_descent", "momentum", "adam"])
def test_a_descent_that_arrived_is_silent(method: str) -> None:
    z = (X - X.mean()) / X.std()
    rates = {"gradient_descent": 0.3, "momentum": 0.05, "adam": 0.05}
    fit = sd.fit("y ~ a + b*z", {"z": z, "y": 1 + 2 * z + NOISE}, method=method, learning_rate=rates[method])
    assert fit.outcome.name == "converged"
    assert fit.remarks == []
