"""Losses of residuals: recorded PyTorch values, hand values, reductions, shapes."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd
from steepest.base.errors import ModelError, ShapeError, SteepestError
from steepest.nn import losses
from steepest.nn.losses import loss_named

RECORDED = json.loads((Path(__file__).parents[1] / "reference" / "optim_torch.json").read_text())
RESIDUALS = np.array(RECORDED["residuals"])
ALL = [sd.mse, sd.rmse, sd.mae, sd.huber(), sd.huber(0.3), sd.log_cosh]


@pytest.mark.parametrize("name", RECORDED["losses"])
def test_values_and_slopes_are_pytorchs(name: str) -> None:
    loss, recorded = loss_named(name), RECORDED["losses"][name]
    zeros = np.zeros_like(RESIDUALS)
    assert loss.rows(RESIDUALS, zeros) == pytest.approx(recorded["values"], rel=1e-14)
    assert sd.grad(lambda p: loss(p, zeros, reduction="sum"))(RESIDUALS) == pytest.approx(recorded["slopes"], rel=1e-14)
    assert loss.slope is not None
    assert loss.slope(RESIDUALS) == pytest.approx(recorded["slopes"], rel=1e-14)


def test_hand_values() -> None:
    predictions, targets = [1.0, 2.0, 4.0], [1.0, 4.0, 1.0]  # residuals 0, -2, 3
    assert sd.mse(predictions, targets) == pytest.approx(13 / 3, rel=1e-15)
    assert sd.rmse(predictions, targets) == pytest.approx(math.sqrt(13 / 3), rel=1e-15)
    assert sd.mae(predictions, targets) == pytest.approx(5 / 3, rel=1e-15)
    assert sd.huber()(predictions, targets) == pytest.approx((1.5 + 2.5) / 3, rel=1e-15)
    # log cosh 2 and log cosh 3 by mpmath with 25 digits
    by_hand = (1.325002747357864430937751 + 2.309328504577785140113628) / 3
    assert sd.log_cosh(predictions, targets) == pytest.approx(by_hand, rel=1e-15)


def test_log_cosh_keeps_its_digits_at_both_ends() -> None:
    # log cosh r = r**2/2 - r**4/12 + ... for small r, |r| - log 2 + exp(-2|r|) for large
    for r in (1e-150, 1e-20, 1e-8, 1e-5, 1e-3):
        x = Fraction(r)
        series = float(x**2 / 2 - x**4 / 12 + x**6 / 45 - 17 * x**8 / 2520)
        assert sd.log_cosh([r], [0.0]) == pytest.approx(series, rel=1e-14)
        assert sd.log_cosh([-r], [0.0]) == sd.log_cosh([r], [0.0])
    for r in (30.0, 1e4, 1e100):
        assert sd.log_cosh([r], [0.0]) == pytest.approx(r - math.log(2.0), rel=1e-15)
        assert sd.log_cosh([-r], [0.0]) == pytest.approx(r - math.log(2.0), rel=1e-15)
    slopes = sd.grad(lambda p: sd.log_cosh(p, np.zeros(4), reduction="sum"))(np.array([-1e4, -1e-9, 1e-9, 1e4]))
    assert slopes == pytest.approx([-1.0, -1e-9, 1e-9, 1.0], rel=1e-15)


@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)
def test_slope_and_curvature_are_derivatives_of_the_loss(loss: Any) -> None:
    r = np.array([-7.0, -1.3, -0.2, 0.1, 0.9, 4.0])
    assert sd.grad(lambda q: np.sum(loss.of_residual(q)))(r) == pytest.approx(loss.slope(r), rel=1e-13)
    if loss.curvature is not None:
        second = np.diag(sd.hessian(lambda q: np.sum(loss.of_residual(q)))(r))
        assert second == pytest.approx(loss.curvature(r), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("loss", [loss for loss in ALL if not loss.root], ids=lambda loss: loss.name)
def test_a_batch_given_four_times_leaves_the_mean_gradient_and_makes_the_sums_four_times_larger(loss: Any) -> None:
    draws = np.random.default_rng(0)
    x, y = draws.standard_normal(32), draws.standard_normal(32)

    def gradient(repeats: int, reduction: str) -> Any:
        inputs, targets = np.tile(x, repeats), np.tile(y, repeats)
        return sd.grad(lambda w: loss(w[0] + w[1] * inputs, targets, reduction=reduction))(np.array([0.3, -0.7]))

    assert gradient(4, "mean") == pytest.approx(gradient(1, "mean"), rel=1e-12)  # 128 rows against 32
    assert gradient(4, "sum") == pytest.approx(4 * gradient(1, "sum"), rel=1e-12)
    assert gradient(1, "sum") == pytest.approx(32 * gradient(1, "mean"), rel=1e-12)


@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)
def test_whole_weights_count_rows_several_times(loss: Any) -> None:
    p, y, w = np.array([1.0, 2.0, -0.4]), np.array([0.0, 2.2, 5.0]), np.array([2, 0, 3])
    again = np.repeat(np.arange(3), w)
    for reduction in ("mean", "sum"):
        assert loss(p, y, w, reduction) == pytest.approx(loss(p[again], y[again], reduction=reduction), rel=1e-14)


@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)
def test_a_row_against_a_column_is_refused_naming_both_shapes(loss: Any) -> None:
    with pytest.raises(ShapeError, match=r"\(5,\).*\(5, 1\)"):
        loss(np.zeros(5), np.zeros((5, 1)))
    with pytest.raises(ShapeError, match=r"\(5, 1\).*\(5,\)"):
        loss(sd.zeros(5, 1), np.zeros(5))
    with pytest.raises(ShapeError, match=r"\(3,\).*\(\)"):
        loss(np.zeros(3), 1.0)
    with pytest.raises(ShapeError, match=r"\(5, 1\).*\(5,\)"):
        loss(np.zeros(5), np.zeros(5), weights=np.ones((5, 1)))
    with pytest.raises(ShapeError, match="no rows"):
        loss([], [])


def test_what_cannot_be_reduced_is_refused() -> None:
    with pytest.raises(ModelError, match="average"):
        sd.mse([1.0], [2.0], reduction="average")
    with pytest.raises(ModelError, match="zero"):
        sd.mse([1.0, 2.0], [2.0, 2.0], weights=[0, 0])
    with pytest.raises(ModelError, match="negative"):
        sd.mse([1.0, 2.0], [2.0, 2.0], weights=[2, -1])


def test_unsigned_integers_do_not_wrap_around() -> None:
    assert sd.mse(np.array([3], np.uint8), np.array([5], np.uint8)) == 4.0
    assert sd.mae(np.array([False]), np.array([True])) == 1.0


def test_labelled_columns_are_compared_by_place_not_by_label() -> None:
    pandas = pytest.importorskip("pandas")
    a, b = pandas.Series([1.0, 2.0], index=[0, 1]), pandas.Series([1.0, 2.0], index=[1, 0])
    assert sd.mse(a, b) == 0.0


def test_further_axes_are_averaged_within_a_row() -> None:
    p, y = np.array([[1.0, 3.0], [0.0, 0.0]]), np.zeros((2, 2))
    assert sd.mse.rows(p, y).tolist() == [5.0, 0.0]
    assert sd.mse(p, y, weights=[3.0, 1.0]) == 3.75
    assert sd.mse(p, y, reduction="sum") == 5.0


def test_one_outlier_raises_rmse_more_than_l1() -> None:
    y = np.zeros(10)
    p = np.full(10, 0.5)
    spoilt = p.copy()
    spoilt[3] = 20.0
    assert sd.rmse(p, y) == sd.mae(p, y) == 0.5
    # (9 * 0.5 + 20) / 10 = 2.45; sqrt((9 * 0.25 + 400) / 10) = 6.342...
    assert sd.mae(spoilt, y) == pytest.approx(2.45)
    assert sd.rmse(spoilt, y) == pytest.approx(math.sqrt(40.225))


def test_losses_differ_in_what_they_estimate() -> None:
    y = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
    places = np.linspace(0, 100, 100_001)

    def best(loss: Any) -> float:
        values = [loss(np.full(5, c), y) for c in places[::100]]
        return float(places[::100][int(np.argmin(values))])

    assert best(sd.mse) == best(sd.rmse) == 22.0  # the mean
    assert best(sd.mae) == 3.0  # the median
    assert 2.5 <= best(sd.huber()) <= 3.5
    assert 2.5 <= best(sd.log_cosh) <= 3.5


def test_rmse_has_slope_zero_where_every_row_is_met() -> None:
    y = np.array([1.0, 2.0])
    assert sd.rmse(y, y) == 0.0
    assert sd.grad(lambda p: sd.rmse(p, y))(y).tolist() == [0.0, 0.0]
    assert math.isnan(sd.rmse([math.nan, 1.0], y))
    # d sqrt(mean r**2) / dr = r / (n rmse), here residuals 3 and 4
    assert sd.grad(lambda p: sd.rmse(p, y))(y + np.array([3.0, 4.0])) == pytest.approx(
        np.array([3.0, 4.0]) / (2 * math.sqrt(12.5))
    )


def test_huber_at_its_joint_and_beyond() -> None:
    delta = 0.7
    inside, outside = np.nextafter(delta, 0), np.nextafter(delta, 1)
    loss = sd.huber(delta)
    assert loss([inside], [0.0]) == pytest.approx(0.245, rel=1e-14)
    assert loss([delta], [0.0]) == pytest.approx(0.245, rel=1e-14)
    assert loss([outside], [0.0]) == pytest.approx(0.245, rel=1e-14)
    assert sd.grad(lambda p: loss(p, np.zeros(2)))(np.array([delta, -delta])) == pytest.approx([0.35, -0.35], rel=1e-15)
    assert loss([1e300], [0.0]) == pytest.approx(7e299, rel=1e-14)


@pytest.mark.parametrize("delta", [0.0, -1.0, math.nan, math.inf, "wide", [1.0, 2.0], None])
def test_huber_needs_a_positive_number(delta: Any) -> None:
    with pytest.raises(ModelError, match="delta"):
        sd.huber(delta)


@settings(deadline=None, max_examples=50)
@given(st.floats(1e-6, 1e6))
def test_the_name_of_a_huber_loss_holds_every_digit(delta: float) -> None:
    r = np.array([delta / 3, 3 * delta])
    name = sd.huber(delta).name
    assert loss_named(name)(r, np.zeros(2)) == sd.huber(delta)(r, np.zeros(2))


def test_losses_by_name() -> None:
    assert loss_named("L1") is sd.mae
    assert loss_named("l2") is sd.rmse
    assert loss_named("log-cosh") is loss_named("LOG_COSH") is sd.log_cosh
    assert loss_named(sd.mse) is sd.mse
    assert loss_named(sd.huber).name == "huber"
    with pytest.raises(ModelError, match="mae"):
        loss_named("mean")
    with pytest.raises(ModelError, match="huber"):
        loss_named("huber(-1)")
    with pytest.raises(ModelError, match="huber"):
        loss_named("huber(x)")


def test_docstrings_say_which_loss_when() -> None:
    assert losses.__doc__ is not None
    for word in ("mse", "rmse", "mae", "huber", "log_cosh", "outliers", "median"):
        assert word in losses.__doc__
    assert "Prefer it" in (sd.huber.__doc__ or "")
    assert "steepest.nn.losses" in (losses.Loss.__doc__ or "")


def test_dispersion() -> None:
    assert sd.dispersion([1.0, 2.0, 6.0]) == 2.0
    assert sd.dispersion([1.0, 2.0, 6.0], center=2.0) == pytest.approx(5 / 3)
    assert sd.dispersion([7.0]) == 0.0
    assert sd.dispersion(np.array([0, 255], np.uint8)) == 127.5
    with pytest.raises(SteepestError, match="no values"):
        sd.dispersion([])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.sampled_from(ALL))
def test_losses_are_never_negative_and_zero_only_where_met(values: list[float], loss: Any) -> None:
    p = np.array(values)
    assert loss(p, p) == 0.0
    assert loss(p, p + 1.0) > 0.0
