"""Variable projection against plain least squares and finite differences; many descents side by side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.base.bounds import Bounds
from steepest.fitting.model import FormulaModel
from steepest.fitting.multistart import Minimum, _reflected, distinct, minima, upright
from steepest.fitting.projection import Projection
from steepest.nn.losses import loss_named

X = np.linspace(0.1, 5, 40)
Y = 2 * np.exp(-0.7 * X) + 0.3 * np.sin(9 * X) + 1
WEIGHTS = np.linspace(1, 3, 40)


def projection(
    formula="a*exp(-b*x) + c", curved=("b",), linear=("a", "c"), y=Y, loss="mse", weights=WEIGHTS, fixed=None
):
    model, rows = FormulaModel.read(f"y ~ {formula}", {"x": X, "y": y}, weights, False)
    return Projection(model, rows, list(curved), list(linear), fixed or {}, loss_named(loss))


def test_linear_parameters_are_the_weighted_least_squares_ones():
    places = np.array([[0.3], [1.0], [4.0]])
    solved = projection().solve(places)
    for b, linear, residual, loss in zip(places[:, 0], solved.linear, solved.residual, solved.loss):
        design = np.stack([np.exp(-b * X), np.ones_like(X)], axis=1)
        root = np.sqrt(WEIGHTS)
        right = np.linalg.lstsq(design * root[:, None], Y * root, rcond=None)[0]
        np.testing.assert_allclose(linear, right, rtol=1e-10)
        np.testing.assert_allclose(residual * np.max(np.abs(Y)), design @ right - Y, atol=1e-13)
        assert loss == pytest.approx(WEIGHTS @ (design @ right - Y) ** 2 / (WEIGHTS @ Y**2), rel=1e-10)


def test_a_parameter_of_size_1e200_and_one_that_does_nothing():
    solved = projection("a*1e-200*exp(-b*x) + c*0*x", linear=("a", "c")).solve(np.array([[0.5]]))
    assert np.isfinite(solved.linear).all()
    assert solved.linear[0, 1] == 0


def test_places_that_are_not_finite_are_infinitely_bad_and_leave_the_others_alone():
    fine = projection("a*x**b + c").solve(np.array([[0.5], [2.0]]))
    mixed = projection("a*x**b + c").solve(np.array([[0.5], [np.nan], [1e5], [2.0]]))
    assert np.isinf(mixed.loss[1])
    np.testing.assert_allclose(mixed.loss[[0, 3]], fine.loss, rtol=1e-12)


def test_given_parameters_stay():
    solver = projection(linear=("a",), fixed={"c": 1.0})
    solved = solver.solve(np.array([[0.7]]))
    found = solver.named(solved.curved[0], solved.linear[0])
    assert found == pytest.approx({"a": found["a"], "b": 0.7, "c": 1.0})


def test_the_gradient_of_the_projected_loss():
    """Kaufman's Jacobian leaves a term out, but none that the gradient would have: compared with central differences."""
    solver = projection("a*exp(-b*x)*x**n + c", curved=("b", "n"))
    at = solver.solve(np.array([[0.6, 0.3], [1.5, -0.2]]))
    gradient = 2 * ((solver.slopes(at).swapaxes(1, 2) @ (at.root * at.residual)[..., None])[..., 0])
    for j, h in enumerate((1e-5, 1e-5)):
        sums = []
        for sign in (1, -1):
            moved = at.curved.copy()
            moved[:, j] += sign * h
            there = solver.solve(moved)
            sums.append(np.sum((there.root * there.residual) ** 2, axis=1))
        np.testing.assert_allclose(gradient[:, j], (sums[0] - sums[1]) / (2 * h), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("loss", ["mae", "huber", "log_cosh"])
def test_robust_losses_are_lower_than_at_the_least_squares_answer(loss):
    y = 20 * Y
    y[::5] += 100.0
    places = np.array([[0.7]])
    plain = projection(y=y).solve(places)
    rho = loss_named(loss).of_residual
    at_squares = WEIGHTS @ np.asarray(rho(plain.residual[0] * np.max(np.abs(y))))
    robust = projection(y=y, loss=loss).solve(places)
    assert WEIGHTS @ np.asarray(rho(robust.residual[0] * np.max(np.abs(y)))) < 0.8 * at_squares
    assert abs(robust.linear[0, 1] / 20 - 1) < 0.3  # the level, which outliers lift for squares


def test_many_descents_end_in_the_minimum():
    found, started = minima(projection(), np.linspace(0.01, 30, 50)[:, None])
    assert started == 50
    assert found[0].descents > 10
    grid = projection().solve(np.linspace(0.3, 1.5, 5000)[:, None])
    assert found[0].loss <= np.min(grid.loss) * (1 + 1e-9)
    assert found[0].curved[0] == pytest.approx(grid.curved[np.argmin(grid.loss), 0], abs=1e-3)


def test_a_parameter_that_a_linear_one_undoes_stays_where_it_is():
    solver = projection("c + a*exp((m - x)/t)", curved=("m", "t"))
    at = solver.solve(np.array([[0.3, 1.0], [2.0, 3.0]]))
    assert not solver.slopes(at)[..., 0].any()
    assert solver.slopes(at)[..., 1].any()


def test_descents_stay_in_their_box():
    box = Bounds(np.array([1.5]), np.array([4.0]))
    found, _ = minima(projection(), np.linspace(0.01, 30, 50)[:, None], box)
    assert [place.curved[0] for place in found] == [1.5]


def test_nothing_finite():
    assert minima(projection("a*x**b + c"), np.full((5, 1), np.nan)) == ([], 0)


def test_minima_are_told_apart_by_their_loss():
    spots = [Minimum(np.zeros(1), np.zeros(0), loss, n) for loss, n in ((2.0, 1), (1.00001, 2), (1.0, 3), (1e-30, 1))]
    assert [(place.loss, place.descents) for place in distinct(spots)] == [(1e-30, 1), (1.0, 5), (2.0, 1)]


def test_signs_that_make_no_difference_are_positive():
    solver = projection("a*exp(-x**2/s**2)*sin(w*x) + c*exp(-b*x)", curved=("s", "w", "b"))
    at = solver.solve(np.array([[-2.0, -3.0, -0.2]]))
    minimum = upright(solver, Minimum(at.curved[0], at.linear[0], float(at.loss[0]), 1), None)
    assert minimum.curved.tolist() == [2.0, 3.0, -0.2]
    np.testing.assert_allclose(minimum.linear, at.linear[0] * [-1, 1], rtol=1e-12)
    box = Bounds(np.array([-9.0, -9.0, -9.0]), np.array([0.0, 9.0, 9.0]))
    assert upright(solver, Minimum(at.curved[0], at.linear[0], float(at.loss[0]), 1), box).curved[0] == -2.0


@given(st.floats(-1e6, 1e6), st.sampled_from([(0, 1), (-3, np.inf), (-np.inf, 2), (-np.inf, np.inf)]))
def test_a_mirror_at_the_bounds(value, pair):
    low, high = (np.array([bound], dtype=float) for bound in pair)
    inside = float(_reflected(np.array([[value]]), Bounds(low, high))[0, 0])
    assert low[0] <= inside <= high[0]
    if low[0] <= value <= high[0]:
        assert inside == pytest.approx(value, abs=1e-9)
