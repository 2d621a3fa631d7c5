"""The linearised problem against NumPy's own decompositions, and in stretches of rows against the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd
from optim.nist_problems import MODELS, certified, digits
from steepest.fitting.uncertainty import estimate
from steepest.optim.damped import Damped
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.optim.linearised import Linearised, _triangle
from steepest.training import blocks
from steepest.training.run import Run

RNG = np.random.default_rng(11)
X = RNG.uniform(0.0, 3.0, 40)
Y = 2.0 * np.exp(-X) + 0.5 + 0.05 * RNG.standard_normal(40)
WEIGHTS = np.where(np.arange(40) < 7, 0.0, RNG.uniform(0.5, 2.0, 40))
ROWS = pytest.mark.parametrize("rows", [1, 3, 7, 39])


def curve(p: Any, x: Any) -> Any:
    return p["a"] * np.exp(-p["b"] * x) + p["c"]


def problem(**options: Any) -> sd.Problem:
    return sd.Problem(curve, {"a": 1.0, "b": 0.5, "c": 0.2}, X, Y, **options)


def ones(residual: Any) -> Any:
    return np.ones_like(residual)


def at(made: sd.Problem) -> Linearised:
    point = Linearised.at(made, made.start, ones)
    assert point is not None
    return point


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, rows: int) -> int:
    """Blocks of so many rows."""
    monkeypatch.setattr(blocks, "ROWS", rows)
    return rows


# ---- what it holds, by NumPy
@pytest.mark.parametrize("rows", [3, 39, 1000])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_the_decomposition_is_that_of_the_weighted_jacobian(few: int, weights: Any) -> None:
    made = problem(weights=weights)
    point, root = at(made), np.sqrt(np.ones(40) if weights is None else weights)
    r, jacobian = made.residuals_and_jacobian(made.start)
    weighted = root[:, None] * jacobian
    lengths = np.linalg.norm(weighted, axis=0)
    np.testing.assert_allclose(point.lengths, lengths, rtol=1e-13)
    np.testing.assert_allclose(point.column_scale, 1 / lengths, rtol=1e-13)
    np.testing.assert_allclose(point.singular, np.linalg.svd(weighted / lengths)[1], rtol=1e-12)
    np.testing.assert_allclose(point.residual, r, rtol=1e-12)
    assert point.residual_norm == pytest.approx(np.linalg.norm(root * r), rel=1e-13)
    assert point.target_norm == pytest.approx(np.linalg.norm(root * Y), rel=1e-13)
    basis = np.linalg.qr(weighted)[0]
    assert point.offset == pytest.approx(np.linalg.norm(basis.T @ (root * r)) / np.linalg.norm(root * r), rel=1e-12)
    step = np.linalg.lstsq(weighted, -root * r)[0]
    np.testing.assert_allclose(point.gauss_newton(), step, rtol=1e-11)
    np.testing.assert_allclose(point.slope, jacobian.T @ (root**2 * 2 * r), rtol=1e-12)
    stretches = list(point.stretches())
    assert len(stretches) == -(-40 // few)
    np.testing.assert_allclose(np.concatenate([s.jacobian for s in stretches]), jacobian, rtol=1e-14)


@pytest.mark.parametrize("rows", [3, 1000])
@pytest.mark.parametrize("damping", [0.0, 1e-3, 10.0])
def test_damped_steps_solve_the_damped_problem(few: int, damping: float) -> None:
    made = problem(weights=WEIGHTS)
    point, root = at(made), np.sqrt(WEIGHTS)
    r, jacobian = made.residuals_and_jacobian(made.start)
    lengths = 2.0 * point.lengths
    path, other = Damped.at(point, lengths), RNG.standard_normal(40)

    def solved(v: Any) -> Any:
        table = np.concatenate([root[:, None] * jacobian, np.sqrt(damping) * np.diag(lengths)])
        return np.linalg.lstsq(table, -np.append(root * v, np.zeros(3)))[0]

    np.testing.assert_allclose(path.step(damping), solved(r), rtol=1e-10)
    np.testing.assert_allclose(path.against(jacobian.T @ (WEIGHTS * other), damping), solved(other), rtol=1e-9)


@ROWS
def test_a_parameter_at_a_bound_it_would_leave_has_no_say(few: int) -> None:
    made = sd.Problem(curve, {"a": 2.0, "b": 0.5, "c": 0.5}, X, Y, bounds={"b": (None, 0.5)})  # it would be 1
    point = at(made)
    assert point.held.tolist() == [False, True, False]
    _, jacobian = made.residuals_and_jacobian(made.start)
    expected = np.linalg.lstsq(jacobian[:, [0, 2]], -point.residual)[0]
    np.testing.assert_allclose(point.gauss_newton(), [expected[0], 0.0, expected[1]], rtol=1e-11, atol=1e-300)
    assert point.lengths[1] == 0.0


@ROWS
def test_what_is_not_finite_in_any_stretch_is_no_point(few: int) -> None:
    for place in (0, 20, 39):
        made = sd.Problem(lambda p, x, place=place: p["a"] / (x - X[place]), {"a": 1.0}, X, Y)
        assert Linearised.at(made, made.start, ones) is None


def test_fewer_rows_than_parameters() -> None:
    made = sd.Problem(curve, {"a": 1.0, "b": 0.5, "c": 0.2}, X[:2], Y[:2])
    point = at(made)
    assert point.triangle.shape == (2, 3)
    _, jacobian = made.residuals_and_jacobian(made.start)
    np.testing.assert_allclose(jacobian @ point.gauss_newton(), -point.residual, rtol=1e-10)


# ---- whole fits, in blocks of a few rows
@pytest.mark.parametrize("rows", [3])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("start", [1, 2])
def test_certified_digits_in_blocks_of_a_few_rows(few: int, name: str, start: int) -> None:
    right = certified(name)
    run = Run(right.problem(start), LevenbergMarquardt()).finish()
    assert len(list(run.problem.blocks())) == -(-len(right.y) // few)
    assert run.outcome is not None
    assert run.outcome.name == "converged"
    assert digits(run.params.flat, right.values) >= 10.0
    errors = estimate(run.problem, run.params, len(right.y) - len(right.values)).standard_errors
    assert errors is not None
    assert digits(errors, right.standard_errors) >= 8.0


FITS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weights": {"weights": WEIGHTS},
    "sigma": {"sigma": 1 / np.sqrt(1 + X)},
    "huber": {"loss": "huber(0.05)"},
    "log_cosh": {"loss": "log_cosh", "weights": WEIGHTS},
    "mae": {"loss": "mae"},
    "rmse": {"loss": "rmse"},
    "a bound": {"bounds": "b < 0.8"},
    "fixed": {"fix": {"c": 0.4}},
    "lbfgs": {"method": "lbfgs"},
}


@pytest.mark.parametrize("name", FITS)
def test_fits_in_blocks_are_those_of_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data, loose = {"x": X, "y": Y}, name in ("mae", "lbfgs")
    whole = sd.fit("y ~ a*exp(-b*x) + c", data, **FITS[name])
    before = (whole.params, whole.standard_errors, whole.loss, whole.r_squared, whole.remarks, whole.residuals)
    monkeypatch.setattr(blocks, "ROWS", 6)
    found = sd.fit("y ~ a*exp(-b*x) + c", data, **FITS[name])
    params, errors, loss, r_squared, remarks, residuals = before
    assert found.outcome.name == whole.outcome.name
    assert found.params == pytest.approx(params, rel=1e-5 if loose else 1e-9)
    assert found.loss == pytest.approx(loss, rel=1e-9)
    assert found.r_squared == pytest.approx(r_squared, rel=1e-9)
    assert found.remarks == remarks
    np.testing.assert_allclose(found.residuals, residuals, atol=1e-5 if loose else 1e-9)
    if errors is not None:
        assert found.standard_errors == pytest.approx(errors, rel=1e-5 if loose else 1e-8, nan_ok=True)


def test_what_data_leave_open_is_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "ROWS", 6)
    fit = sd.fit("y ~ a*b*exp(-x) + c", {"x": X, "y": Y})
    assert fit.uncertainty.undetermined == [[0, 1]]
    assert fit.standard_errors is not None
    assert np.isinf(fit.standard_errors["a"])
    design = np.stack([np.exp(-X), np.ones(40)], axis=1)
    expected = np.linalg.lstsq(design, Y)[0]
    assert fit.params["a"] * fit.params["b"] == pytest.approx(expected[0], rel=1e-9)
    assert fit.params["c"] == pytest.approx(expected[1], rel=1e-9)


def test_several_outputs_a_row_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    def model(t: Any, a: Any, b: Any) -> Any:
        return np.stack([a * np.exp(-b * t), a + b * t], axis=1)

    target = np.stack([Y, 2.0 + X], axis=1)
    whole = sd.fit(model, (X,), target)
    monkeypatch.setattr(blocks, "ROWS", 6)
    found = sd.fit(model, (X,), target)
    assert found.params == pytest.approx(whole.params, rel=1e-10)
    assert found.standard_errors == pytest.approx(whole.standard_errors, rel=1e-9)
    np.testing.assert_allclose(found.predicted, whole.predicted, rtol=1e-10)


def test_outliers_are_named_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    y = Y.copy()
    y[25] += 1.0
    monkeypatch.setattr(blocks, "ROWS", 6)
    assert "row 26 of the data" in "\n".join(sd.fit("y ~ a*exp(-b*x) + c", {"x": X, "y": y}).remarks)


@pytest.mark.parametrize("rows", [2047, 2048, 5000])
@pytest.mark.parametrize("width", [2, 200])
def test_triangles_of_many_rows_are_numpys(rows: int, width: int) -> None:
    table = RNG.standard_normal((rows, width)) * 10.0 ** RNG.uniform(-9, 9, width)
    found = _triangle(table)
    assert found.shape == (width, width)
    np.testing.assert_allclose(np.abs(found), np.abs(np.linalg.qr(table, mode="r")), rtol=1e-9)
    assert not np.tril(found, -1).any()
