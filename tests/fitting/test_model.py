"""Data in, predictions out: every form that is accepted, and refusals that name the argument, row or column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import steepest as sd

X = np.array([0.0, 1.0, 2.0, 3.0, 5.0])
Z = np.array([1.0, 0.0, 1.0, 0.5, 2.0])
Y = 1 + 2 * X - 3 * Z
NEW = {"z": np.array([0.0, 1.0]), "x": np.array([10.0, 20.0])}
EXPECTED = [21.0, 38.0]


def plane(x, z, a, b, c):
    return a + b * x + c * z


@pytest.fixture(scope="module", params=["formula", "function", "named function"])
def fitted(request) -> sd.Fit:
    data = {"z": Z, "x": X, "y": Y}
    if request.param == "formula":
        return sd.fit("y ~ a + b*x + c*z", data)
    return sd.fit(plane, (X, Z), Y) if request.param == "function" else sd.fit(plane, pd.DataFrame(data), "y")


@pytest.mark.parametrize(
    "form", [dict, pd.DataFrame, pl.DataFrame, pa.table], ids=["dict", "pandas", "Polars", "Arrow"]
)
def test_predict_by_name_from_every_form(fitted, form):
    np.testing.assert_allclose(fitted.predict(form(NEW)), EXPECTED, rtol=1e-12)


def test_predict_from_files(fitted, tmp_path):
    pd.DataFrame(NEW).to_csv(tmp_path / "new.csv", index=False)
    pd.DataFrame(NEW).to_parquet(tmp_path / "new.parquet")
    for path in (tmp_path / "new.csv", str(tmp_path / "new.parquet")):
        np.testing.assert_allclose(fitted.predict(path), EXPECTED, rtol=1e-12)


def test_predict_for_its_own_data(fitted):
    np.testing.assert_allclose(fitted.predict(), Y, atol=1e-12)
    np.testing.assert_allclose(fitted.residuals, 0, atol=1e-12)


@pytest.mark.parametrize("missing", [{"x": X}, pd.DataFrame({"x": X, "w": Z})], ids=["dict", "frame"])
def test_a_missing_input_is_named(fitted, missing):
    with pytest.raises(sd.SteepestError, match="'z'"):
        fitted.predict(missing)


def test_predict_from_arrays_in_order():
    fit = sd.fit(plane, (X, Z), Y)
    np.testing.assert_allclose(fit.predict((NEW["x"], NEW["z"])), EXPECTED, rtol=1e-12)
    np.testing.assert_allclose(fit.predict(([10, 20], [0, 1])), EXPECTED, rtol=1e-12)
    with pytest.raises(sd.DataError, match=r"2 of data \(x, z\), not 1"):
        fit.predict(NEW["x"])
    with pytest.raises(sd.DataError, match="not 3"):
        fit.predict((X, X, X))
    with pytest.raises(sd.DataError, match="differ in length: x has 2, z has 3"):
        fit.predict(([1, 2], [1, 2, 3]))
    with pytest.raises(sd.DataError, match="x must hold"):
        fit.predict((["a", "b"], [1, 2]))


@pytest.mark.parametrize(
    "form", [list, tuple, np.array, pd.Series, sd.tensor], ids=["list", "tuple", "array", "Series", "Tensor"]
)
def test_one_input_needs_no_tuple(form):
    fit = sd.fit(lambda t, a, b: a + b * t, X, 1 + 2 * X)
    given = (form([1.0, 4.0]),) if form is tuple else form([1.0, 4.0])
    np.testing.assert_allclose(fit.predict(given), [3, 9], rtol=1e-12)
    np.testing.assert_allclose(fit.predict(4.0), [9], rtol=1e-12)


def test_outputs_with_several_columns():
    y = np.stack([2 * X, X + 1], axis=1)
    fit = sd.fit(lambda x, a, b: np.stack([a * x, x + b], axis=1), (X,), y)
    assert fit.params == pytest.approx({"a": 2, "b": 1})
    assert fit.degrees_of_freedom == 8
    np.testing.assert_allclose(fit.predict(np.array([3.0])), [[6, 4]], rtol=1e-12)


def test_a_model_without_columns():
    fit = sd.fit("y ~ c", {"y": Y})
    assert fit.params["c"] == pytest.approx(Y.mean(), rel=1e-12)
    assert fit.standard_errors["c"] == pytest.approx(Y.std(ddof=1) / np.sqrt(5), rel=1e-10)
    assert fit.predict({"q": [1, 2, 3]}).shape == (3,)


# ---- weights and missing values
NOISY = Y + np.array([0.1, -0.2, 0.05, 0.0, 0.1])
WEIGHTS = np.array([1.0, 2.0, 0.0, 3.0, 1.0])


def weighted_line() -> np.ndarray:
    design = np.stack([np.ones(5), X], axis=1)
    return np.linalg.solve(design.T @ (WEIGHTS[:, None] * design), design.T @ (WEIGHTS * NOISY))


@pytest.mark.parametrize("by", ["array", "list", "column"])
@pytest.mark.parametrize("model", ["y ~ a + b*x", lambda x, a, b: a + b * x], ids=["formula", "function"])
def test_weights_in_every_form(model, by):
    weights = {"array": WEIGHTS, "list": WEIGHTS.tolist(), "column": "w"}[by]
    data = {"x": X, "y": NOISY, "w": WEIGHTS}
    fit = sd.fit(model, data, weights=weights) if isinstance(model, str) else sd.fit(model, data, "y", weights=weights)
    np.testing.assert_allclose([fit.params["a"], fit.params["b"]], weighted_line(), rtol=1e-10)
    assert fit.rows == 4
    assert fit.degrees_of_freedom == 2


def test_a_row_of_weight_zero_counts_for_nothing():
    keep = WEIGHTS > 0
    for loss in ("mse", "huber", "log_cosh"):
        with_zero = sd.fit("y ~ a + b*x", {"x": X, "y": NOISY * 3}, weights=WEIGHTS, loss=loss)
        without = sd.fit("y ~ a + b*x", {"x": X[keep], "y": NOISY[keep] * 3}, weights=WEIGHTS[keep], loss=loss)
        np.testing.assert_allclose(with_zero.covariance, without.covariance, rtol=1e-6)
        assert with_zero.r_squared == pytest.approx(without.r_squared, rel=1e-9)


HOLES = {"x": np.r_[X, np.nan, 7.0], "y": np.r_[NOISY, 1.0, np.inf], "w": np.r_[WEIGHTS, 5.0, 5.0]}


@pytest.mark.parametrize("weights", ["w", HOLES["w"]], ids=["column", "array"])
def test_missing_values_are_dropped_with_their_weights(weights):
    def f(x, a, b):
        return a + b * x

    fits = [
        sd.fit("y ~ a + b*x", HOLES, weights=weights, drop_missing=True),
        sd.fit(f, HOLES, "y", weights=weights, drop_missing=True),
        sd.fit(f, (HOLES["x"],), HOLES["y"], weights=HOLES["w"], drop_missing=True),
    ]
    for fit in fits:
        np.testing.assert_allclose([fit.params["a"], fit.params["b"]], weighted_line(), rtol=1e-10)
        assert fit.rows_dropped == 2
        assert "2 rows were left out" in fit.remarks[0]


REFUSED = {
    "row of a missing value": (lambda: sd.fit("y ~ a*x", HOLES), "row 6"),
    "row in arrays": (lambda: sd.fit(lambda x, a: a * x, (HOLES["x"],), HOLES["y"]), "x holds nan in row 6"),
    "infinite target": (lambda: sd.fit(lambda x, a: a * x, (np.ones(7),), HOLES["y"]), "the target holds inf in row 7"),
    "nothing left": (lambda: sd.fit(lambda x, a: a * x, (X * np.nan,), Y, drop_missing=True), "no row is left"),
    "squares beyond float64": (
        lambda: sd.fit("y ~ a*x", {"x": X, "y": NOISY * 1e200}),
        "Give the target in a larger unit",
    ),
    "weights column": (lambda: sd.fit("y ~ a*x", HOLES, weights="ww", drop_missing=True), "Did you mean 'w'"),
    "weights without names": (lambda: sd.fit(lambda x, a: a * x, (X,), Y, weights="w"), "only if the target names one"),
    "short weights": (lambda: sd.fit("y ~ a*x", {"x": X, "y": Y}, weights=[1, 2]), "one number for each of the 5 rows"),
    "text weights": (lambda: sd.fit("y ~ a*x", {"x": X, "y": Y}, weights=list("abcde")), "weights must hold"),
    "negative weight": (
        lambda: sd.fit("y ~ a*x", {"x": X, "y": Y}, weights=[1, 1, -2, 1, 1]),
        "row 3 of the data has -2",
    ),
    "weights all zero": (lambda: sd.fit("y ~ a*x", {"x": X, "y": Y}, weights=np.zeros(5)), "0 rows with a weight"),
    "list as start": (lambda: sd.fit("y ~ a*x", {"x": X, "y": Y}, start={"a": [1, 2]}), "must be one number"),
    "text as start": (lambda: sd.fit("y ~ a*x", {"x": X, "y": Y}, start={"a": "1 m"}), "must be a number"),
    "slip in a start": (lambda: sd.fit("y ~ amp*x", {"x": X, "y": Y}, start={"anp": 1}), "Did you mean 'amp'"),
    "target column": (lambda: sd.fit(plane, {"x": X, "z": Z, "height": Y}, "heigth"), "Did you mean 'height'"),
    "target and formula": (lambda: sd.fit("y ~ a*x", {"x": X, "y": Y}, "y"), "leave target out"),
    "no target": (lambda: sd.fit(plane, (X, Z)), "needs data and a target"),
    "no data": (lambda: sd.fit(plane, None, Y), "needs data and a target"),
    "too many inputs": (lambda: sd.fit(lambda x, a: a * x, (X, X), Y), "none is left to fit"),
    "unknown input": (lambda: sd.fit(plane, {"x": X, "q": Z}, Y), "no argument 'q'"),
    "all are data": (lambda: sd.fit(lambda x, y: x, {"x": X, "y": Y}, Y), "no argument left to fit"),
    "rows differ": (lambda: sd.fit(plane, (X, Z[:3]), Y), "z has 3 rows, the target has 5"),
    "star arguments": (lambda: sd.fit(lambda *p: p[0], (X,), Y), "name its arguments one by one"),
    "returns nothing": (lambda: sd.fit(lambda x, a: None, (X,), Y), "must return real numbers"),
    "returns a column": (lambda: sd.fit(lambda x, a: (a * x)[:, None], (X,), Y), r"\(5, 1\)"),
    "not a model": (lambda: sd.fit(3, {"x": X}, "x"), "a formula, a function or a Problem"),
    "problem and start": (
        lambda: sd.fit(sd.Problem(lambda p, x: p["a"] * x, {"a": 1}, X, Y), start={"a": 2}),
        "give start to",
    ),
    "problem without data": (lambda: sd.fit(sd.Problem.of_function(lambda p: p["a"], {"a": 1.0})), "use minimize"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_in_words(case):
    call, says = REFUSED[case]
    with pytest.raises(sd.SteepestError, match=says):
        call()


def test_a_problem_and_a_method():
    problem = sd.Problem(lambda p, x: p["a"] + p["b"] * x, {"a": 0.0, "b": 0.0}, X, NOISY)
    slope, intercept = np.polyfit(X, NOISY, 1)
    for method in (None, "lm", sd.LevenbergMarquardt(), "lbfgs"):
        fit = sd.fit(problem, method)
        assert fit.params == pytest.approx({"a": intercept, "b": slope}, rel=1e-5)
        np.testing.assert_allclose(fit.predict(np.array([7.0])), [intercept + 7 * slope], rtol=1e-5)


def test_the_function_sees_errors_of_its_own():
    def broken(x, a):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        sd.fit(broken, (X,), Y)
