"""Fixed, tied and bounded parameters, and known errors of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import curve_fit, lsq_linear

import steepest as sd
from steepest.base.errors import SteepestError
from steepest.fitting.constraints import Constraints

RNG = np.random.default_rng(7)
T = np.linspace(0.0, 5.0, 40)
Y = 3 * np.exp(-0.7 * T) + 0.2 + 0.05 * RNG.standard_normal(40)
DATA = {"t": T, "y": Y, "s": np.linspace(0.02, 0.09, 40)}
DECAY = "y ~ a*exp(-b*t) + c"


def decay(t: Any, a: Any, b: Any, c: Any) -> Any:
    return a * np.exp(-b * t) + c


# ---- the same answers as SciPy, which has the bounds and the known errors too
@pytest.mark.parametrize("method", ["levenberg_marquardt", "lbfgs"])
@pytest.mark.parametrize(
    ("bounds", "box"),
    [
        ("c >= 0.5", ([-np.inf, -np.inf, 0.5], [np.inf, np.inf, np.inf])),
        ("0 < b <= 0.3, c < 0", ([-np.inf, 0, -np.inf], [np.inf, 0.3, 0])),
        ("0.1 < c < 2", ([-np.inf, -np.inf, 0.1], [np.inf, np.inf, 2])),
        ("2 > a > -pi", ([-np.pi, -np.inf, -np.inf], [2, np.inf, np.inf])),
    ],
)
def test_bounds(method: str, bounds: str, box: Any) -> None:
    fit = sd.fit(DECAY, DATA, bounds=bounds, method=method)
    start = np.clip([2.0, 0.25, 0.15], np.array(box[0]) + 1e-3, np.array(box[1]) - 1e-3)
    expected, _ = curve_fit(decay, T, Y, p0=start, bounds=box, xtol=1e-12, ftol=1e-12, gtol=1e-12)
    best = float(np.mean((decay(T, *expected) - Y) ** 2))
    assert fit.loss <= best * (1 + 1e-9)
    assert all(low <= value <= high for value, low, high in zip(fit.params.values(), *box))


def test_many_bounds_of_a_linear_model() -> None:
    x = RNG.standard_normal((60, 4))
    y = x @ [1.0, -2.0, 0.5, 3.0] + 0.1 * RNG.standard_normal(60)
    expected = lsq_linear(x, y, (0, 2), tol=1e-14)
    columns = {f"x{k}": x[:, k] for k in range(4)} | {"y": y}
    fit = sd.fit("y ~ a*x0 + b*x1 + c*x2 + d*x3", columns, bounds=dict.fromkeys("abcd", (0, 2)))
    assert list(fit.params.values()) == pytest.approx(expected.x, abs=1e-8)
    assert fit.at_bounds == {"b": 0.0, "d": 2.0}
    assert fit.standard_errors is not None
    assert np.isnan(fit.standard_errors["b"])
    free = sd.fit("y ~ a*x0 + 0*x1 + c*x2 + 2*x3", columns)  # what is at a bound is as good as fixed there
    assert free.standard_errors is not None
    scale = np.sqrt(fit.degrees_of_freedom / free.degrees_of_freedom)
    assert fit.standard_errors["a"] * scale == pytest.approx(free.standard_errors["a"])
    assert sum("at its bound" in remark for remark in fit.remarks) == 2


@pytest.mark.parametrize("method", [sd.GradientDescent(), sd.Momentum(), sd.Adam()])
def test_descent_rules_stay_within_and_converge_there(method: Any) -> None:
    run = sd.Run(
        sd.Problem.of_function(
            lambda p: (p["x"] - 3) ** 2 + (p["y"] + 1) ** 2, {"x": 0, "y": 0}, bounds={"x": (-1, 2)}
        ),
        sd.Descent(method, 0.05),
        steps=3000,
        snapshots=1,
    ).finish()
    assert run.outcome is not None
    assert run.params["x"] == 2.0
    assert run.params["y"] == pytest.approx(-1.0, abs=1e-3)
    assert max(float(kept["x"]) for kept in run.history.snapshots.values()) <= 2.0


def test_fixed_and_tied_are_the_formula_with_them_written_in() -> None:
    fit = sd.fit(DECAY, DATA, fix={"c": 0.2}, tie="b = a/4")
    alone = sd.fit("y ~ a*exp(-(a/4)*t) + 0.2", DATA)
    assert fit.params == pytest.approx({"a": alone.params["a"], "b": alone.params["a"] / 4, "c": 0.2})
    assert fit.loss == pytest.approx(alone.loss)
    assert fit.standard_errors is not None
    assert alone.standard_errors is not None
    error = alone.standard_errors["a"]
    assert fit.standard_errors == pytest.approx({"a": error, "b": error / 4, "c": 0.0})
    assert fit.degrees_of_freedom == 39
    assert fit.predict({"t": [1.0]}) == pytest.approx(alone.predict({"t": [1.0]}))
    assert "b = a/4" in fit.summary()
    assert "fixed" in fit.summary()


def test_a_tied_error_follows_from_all_covariances() -> None:
    fit = sd.fit(DECAY + " + d*t", DATA, tie="d = a*b/1000", start={"a": 3, "b": 0.7, "c": 0.2})
    a, b = fit.params["a"], fit.params["b"]
    slope = np.array([b, a, 0.0]) / 1000  # d(a b / 1000) by a, b, c
    assert fit.covariance is not None
    assert fit.standard_errors is not None
    assert fit.standard_errors["d"] == pytest.approx(np.sqrt(slope @ fit.covariance @ slope))


def test_functions_too() -> None:
    by_formula = sd.fit(DECAY, DATA, tie="c = a/15", bounds="b < 0.5")
    by_function = sd.fit(decay, (T,), Y, tie="c = a/15", bounds="b < 0.5", start={"a": 2.0, "b": 0.4})
    assert by_function.params == pytest.approx(by_formula.params, rel=1e-6)


def test_known_errors_of_the_rows() -> None:
    fit = sd.fit(DECAY, DATA, sigma="s")
    expected, covariance = curve_fit(decay, T, Y, p0=[3, 0.7, 0.2], sigma=DATA["s"], absolute_sigma=True)
    assert list(fit.params.values()) == pytest.approx(expected, rel=1e-5)
    assert fit.standard_errors is not None
    assert list(fit.standard_errors.values()) == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-4)
    intervals = fit.confidence_intervals()
    assert intervals is not None
    half = intervals["a"][1] - fit.params["a"]
    assert half / fit.standard_errors["a"] == pytest.approx(1.959964, rel=1e-6)  # the normal quantile
    assert "reduced chi-squared" in fit.summary()


def test_saved_and_read_again(tmp_path: Any) -> None:
    fit = sd.fit(DECAY, DATA, fix={"c": 0.2}, tie="b = a/4")
    again = sd.load(fit.save(tmp_path / "fit.json"))
    assert again.params == fit.params
    assert again.predict({"t": [2.0]}) == pytest.approx(fit.predict({"t": [2.0]}))


def test_ties_in_a_row_are_put_in_order() -> None:
    told = Constraints.read(tie=["c = b + 1", "b = 2*a"], parameters=["a", "b", "c"])
    assert list(told.ties) == ["b", "c"]
    assert told.expanded({"a": 1.0}) == {"a": 1.0, "b": 2.0, "c": 3.0}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"fix": {"q": 1}}, "fix names 'q', which is not a parameter"),
        ({"fix": {"a": "x"}}, "fixed value of 'a' must be one number"),
        ({"fix": {"a": np.inf}}, "must be finite"),
        ({"fix": {"a": 1, "b": 1, "c": 1}}, "nothing left to fit"),
        ({"tie": "c = t"}, "a column of the data"),
        ({"tie": "c = d"}, "names 'd'"),
        ({"tie": "c + b"}, "written like d = 2"),
        ({"tie": ["c = b", "b = c"]}, "go in a circle"),
        ({"tie": "c = c"}, "go in a circle"),
        ({"tie": ["c = b", "c = a"]}, "tied twice"),
        ({"tie": "c = b", "fix": {"c": 1}}, "both fixed and tied"),
        ({"tie": "c = b", "bounds": "c > 0"}, "tied, so it takes no bounds"),
        ({"bounds": "c < b"}, "written like"),
        ({"bounds": "0 < c > 1"}, "written like"),
        ({"bounds": ""}, "written like"),
        ({"bounds": "c > 2, c > 3"}, "same side twice"),
        ({"bounds": "c > __import__"}, "written like"),
        ({"bounds": "c > f(1)"}, "a bound is a number"),
        ({"bounds": "1 < c < 0"}, "below the upper"),
        ({"bounds": {"c": 3}}, "pair of numbers"),
        ({"bounds": {"k": (0, 1)}}, "bounds names 'k'"),
        ({"bounds": "c > 1", "start": {"c": 0}}, "outside of its bounds"),
        ({"fix": {"c": 1}, "start": {"c": 0}}, "not fitted"),
        ({"sigma": np.zeros(40)}, "sigma must be positive"),
        ({"sigma": "z"}, "z"),
        ({"sigma": "s", "weights": "s"}, "not both"),
        ({"sigma": np.full(40, 1e-200)}, "another unit"),
    ],
)
def test_what_makes_no_sense_is_told(options: dict[str, Any], says: str) -> None:
    with pytest.raises(SteepestError, match=says):
        sd.fit(DECAY, DATA, **options)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"b": (np.inf, np.inf)}, "must be numbers"),
        ({"b": (None, -np.inf)}, "must be numbers"),
        ({"b": (0.7, 0.7)}, "fix it instead"),
        ("0.7 <= b <= 0.7", "fix it instead"),
        ("1 < b < 0", "must be below"),
    ],
)
def test_bounds_that_make_no_sense(bounds: Any, said: str) -> None:
    with pytest.raises(SteepestError, match=said):
        sd.fit(DECAY, DATA, bounds=bounds)


def test_infinite_bounds_are_none() -> None:
    told = Constraints.read(parameters=["b", "c"], bounds="-inf < b < inf, 0 < c < inf")
    assert told.bounds == {"b": (None, None), "c": (0.0, None)}


def test_sigma_is_called_sigma() -> None:
    with pytest.raises(SteepestError, match=r"sigma must not be negative; row 1 of the data has -0\.1"):
        sd.fit(DECAY, DATA, sigma=np.full(40, -0.1))
    with pytest.raises(SteepestError, match="sigma must have one number for each of the 40 rows"):
        sd.fit(DECAY, DATA, sigma=np.ones(3))
    with pytest.raises(SteepestError, match="there is no sigma column 'error'"):
        sd.fit(DECAY, DATA, sigma="error")


@pytest.mark.parametrize("bounds", ["b > 0", "0 < b < 1", "b > 0, a > 0, c > 0", "b < 1"])
@pytest.mark.parametrize("method", [None, "lbfgs"])
@pytest.mark.parametrize("unit", [1e9, 1.0, 1e-9])
def test_a_bound_that_the_answer_does_not_touch_changes_nothing_in_any_unit(
    bounds: str, method: str | None, unit: float
) -> None:
    data = {"t": T * unit, "y": Y}
    free = sd.fit(DECAY, data)
    fit = sd.fit(DECAY, data, bounds=bounds.replace("< 1", f"< {1e3 / unit:g}"), method=method)
    assert fit.params == pytest.approx(free.params, rel=1e-5)
    assert fit.at_bounds == {}


def test_starts_at_a_bound_are_moved_by_the_parameters_own_size() -> None:
    told = Constraints.read(bounds="a > 0, 0 < b < 1, c < -5", parameters=["a", "b", "c"])
    moved = told.within({"a": 0.0, "b": 0.5, "c": 3.0}, {"a": 1e-9})
    assert moved == pytest.approx({"a": 1e-12, "b": 0.5, "c": -5.005})
