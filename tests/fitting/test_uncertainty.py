"""Standard errors and intervals against tables, textbook formulas and simulation."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest.fitting.uncertainty import t_quantile


@pytest.mark.parametrize(
    ("level", "degrees", "t"),
    [  # any table of Student's t
        (0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 5, 2.571), (0.95, 10, 2.228), (0.95, 30, 2.042), (0.95, 120, 1.980),
        (0.90, 5, 2.015), (0.99, 5, 4.032), (0.99, 60, 2.660), (0.98, 10, 2.764),
    ],
)  # fmt: skip
def test_the_table_of_student(level, degrees, t):
    assert t_quantile(level, degrees) == pytest.approx(t, abs=6e-4)


@pytest.mark.parametrize("level", [0, 1, 1.5, -1, np.nan])
def test_levels_that_make_no_sense(level):
    fit = sd.fit("y ~ a*x", {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.5, 2.9]})
    with pytest.raises(sd.ModelError, match="between 0 and 1"):
        fit.confidence_intervals(level)


def test_a_polynomial_has_the_textbook_covariance():
    x = np.linspace(-1, 3, 17)
    y = 1 - x + 0.5 * x**2 + 0.1 * np.cos(11 * x)
    fit = sd.fit("y ~ a*x**2 + b*x + c", {"x": x, "y": y})
    coefficients, covariance = np.polyfit(x, y, 2, cov=True)
    np.testing.assert_allclose(list(fit.params.values()), coefficients, rtol=1e-10)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-9)


def test_an_interval_of_95_percent_covers_in_95_percent():
    rng = np.random.default_rng(17)
    x = np.linspace(0, 4, 15)
    truth = {"a": 5.0, "b": 0.7}
    covered = 0
    for _ in range(200):
        y = truth["a"] * np.exp(-truth["b"] * x) + 0.1 * rng.standard_normal(15)
        low, high = sd.fit("y ~ a*exp(-b*x)", {"x": x, "y": y}, start=truth).confidence_intervals()["b"]
        covered += low <= truth["b"] <= high
    assert 0.90 * 200 <= covered <= 0.99 * 200  # more than three standard deviations of the count on both sides


@pytest.mark.parametrize("loss", ["huber", "log_cosh"])
def test_sandwich_errors_agree_with_a_simulation(loss):
    """Residuals from Student's t with 3 degrees of freedom, where the errors of least squares would be too large."""
    rng = np.random.default_rng(5)
    x = np.linspace(-1, 1, 80)
    slopes, claimed = [], []
    for _ in range(100):
        fit = sd.fit("y ~ a + b*x", {"x": x, "y": 1 + 2 * x + rng.standard_t(3, 80)}, loss=loss)
        slopes.append(fit.params["b"])
        claimed.append(fit.standard_errors["b"])
    assert np.mean(claimed) == pytest.approx(
        np.std(slopes), rel=0.25
    )  # 3.5 standard deviations of a standard deviation


@pytest.mark.parametrize("loss", ["huber", "log_cosh"])
def test_weights_of_a_robust_fit_are_relative(loss):
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=40), rng.uniform(1, 3, 40)
    data = {"x": x, "y": x + rng.normal(size=40)}
    one, other = (sd.fit("y ~ a + b*x", data, weights=w * unit, loss=loss) for unit in (1, 1e6))
    np.testing.assert_allclose(one.covariance, other.covariance, rtol=1e-6)


def test_a_robust_loss_that_is_flat_at_every_residual_says_so():
    y = np.array([-30.0, -20.0, 25.0, 30.0, 0.0, 0.0])
    fit = sd.fit("y ~ c", {"y": np.delete(y, [4, 5])}, loss="huber(1)")
    assert fit.standard_errors is None
    assert fit.confidence_intervals() is None
    assert any("too few residuals lie where huber is curved" in remark for remark in fit.remarks)


def test_no_degrees_of_freedom():
    fit = sd.fit("y ~ a + b*x", {"x": [1.0, 2.0], "y": [1.0, 2.5]})
    assert fit.params == pytest.approx({"a": -0.5, "b": 1.5})
    assert fit.standard_errors is None
    assert fit.covariance is None
    assert np.isnan(fit.residual_standard_deviation)
    assert any("no more rows than parameters" in remark for remark in fit.remarks)


def test_a_descent_that_did_not_arrive_claims_no_errors():
    x = np.linspace(0, 10, 30)
    data = {"x": x, "y": 1 + 3 * x + np.sin(9 * x)}
    fit = sd.fit("y ~ a + b*x", data, method="gradient_descent", learning_rate=1e-4, steps=3)
    assert fit.standard_errors is None
    assert any("has not reached the minimum" in remark for remark in fit.remarks)


def test_every_method_that_arrives_gives_the_same_errors():
    x = np.linspace(0, 1, 30)
    data = {"x": x, "y": 1 + 3 * x + 0.1 * np.sin(29 * x)}
    expected = sd.fit("y ~ a + b*x", data).covariance
    for options in ({"method": "lbfgs"}, {"method": "gradient_descent"}, {"loss": "rmse"}):
        np.testing.assert_allclose(sd.fit("y ~ a + b*x", data, **options).covariance, expected, rtol=1e-4)


def test_an_exact_fit_has_errors_of_rounding_size():
    x = np.linspace(0, 3, 12)
    fit = sd.fit("y ~ a*exp(-b*x)", {"x": x, "y": 4 * np.exp(-0.3 * x)})
    assert fit.outcome.name == "converged"
    assert fit.params == pytest.approx({"a": 4, "b": 0.3}, rel=1e-12)
    assert all(error < 1e-12 for error in fit.standard_errors.values())
    assert fit.remarks == []


def test_a_constant_target_has_no_r_squared():
    x = np.linspace(0, 1, 7)
    fit = sd.fit("y ~ a + b*x", {"x": x, "y": np.full(7, 0.1)})
    assert np.isnan(fit.r_squared)
    assert fit.params["a"] == pytest.approx(0.1)
    assert fit.params["b"] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("unit", [1e-290, 1e-170, 1e-8, 1e150])
def test_quality_does_not_feel_the_unit(unit):
    x = np.linspace(1, 2, 12)
    y = 3 + 2 * x + 0.1 * np.cos(30 * x)
    plain, scaled = (sd.fit("y ~ a + b*x", {"x": x, "y": y * u}) for u in (1.0, unit))
    assert scaled.r_squared == pytest.approx(plain.r_squared, rel=1e-9)
    assert scaled.residual_standard_deviation / unit == pytest.approx(plain.residual_standard_deviation, rel=1e-9)


def test_r_squared_is_about_the_mean_even_without_a_constant_term():
    x, y = np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.5, 5.0])
    fit = sd.fit("y ~ a*x", {"x": x, "y": y})
    a = x @ y / (x @ x)
    assert fit.r_squared == pytest.approx(1 - np.sum((y - a * x) ** 2) / np.sum((y - y.mean()) ** 2), rel=1e-12)
    assert fit.r_squared < 0


def test_what_the_data_leave_open_is_infinite_and_spares_the_rest():
    x = np.linspace(0, 1, 20)
    y = 2 + 3 * x + 0.1 * np.sin(40 * x)
    fit = sd.fit("y ~ a + b + c*x", {"x": x, "y": y})
    plain = sd.fit("y ~ a + c*x", {"x": x, "y": y})
    assert fit.standard_errors["a"] == fit.standard_errors["b"] == np.inf
    assert fit.standard_errors["c"] > 0
    assert fit.params["c"] == pytest.approx(plain.params["c"], rel=1e-9)
    assert fit.params["a"] + fit.params["b"] == pytest.approx(plain.params["a"], rel=1e-9)
    assert fit.confidence_intervals()["a"] == (-np.inf, np.inf)


@pytest.mark.parametrize("unit", [1.0, 2.0, 0.7, 1.9])
@pytest.mark.parametrize("decimals", [12, 13, 14])
def test_residuals_of_rounding_size_have_errors(unit, decimals):
    """As in NIST's Lanczos1: the data are the curve itself, rounded, and rounding hides where exactly the minimum is."""
    x = np.arange(24) * 0.05
    y = np.round(0.0951 * np.exp(-x) + 0.8607 * np.exp(-3 * x) + 1.5576 * np.exp(-5 * x), decimals)
    start = {"a": 0.1, "b": 1.2 / unit, "c": 0.8, "d": 3.3 / unit, "e": 1.5, "f": 5.2 / unit}
    fit = sd.fit("y ~ a*exp(-b*x) + c*exp(-d*x) + e*exp(-f*x)", {"x": x * unit, "y": y}, start=start)
    assert fit.outcome.name == "converged"
    assert abs(fit.params["b"] * unit - 1) < 10 * fit.standard_errors["b"] * unit
