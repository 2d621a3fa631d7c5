"""Fits against certified answers, textbook formulas and other libraries' recorded or derived values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd

DATA = Path(__file__).parents[2] / "examples" / "data"

# NIST StRD, https://www.itl.nist.gov/div898/strd/: certified parameters and standard deviations of the estimates.
CERTIFIED = {
    "misra1a": (
        "volume ~ b1*(1 - exp(-b2*pressure))",
        {"b1": (2.3894212918e02, 2.7070075241e00), "b2": (5.5015643181e-04, 7.2668688436e-06)},
        1.2455138894e-01,
        1.0187876330e-01,
    ),
    "chwirut2": (
        "response ~ exp(-b1*distance)/(b2 + b3*distance)",
        {
            "b1": (1.6657666537e-01, 3.8303286810e-02),
            "b2": (5.1653291286e-03, 6.6621605126e-04),
            "b3": (1.2150007096e-02, 1.5304234767e-03),
        },
        5.1304802941e02,
        3.1717133040e00,
    ),
    "thurber": (
        "mobility ~ (b1 + b2*log_density + b3*log_density**2 + b4*log_density**3)"
        " / (1 + b5*log_density + b6*log_density**2 + b7*log_density**3)",
        {
            "b1": (1.2881396800e03, 4.6647963344e00),
            "b2": (1.4910792535e03, 3.9571156086e01),
            "b3": (5.8323836877e02, 2.8698696102e01),
            "b4": (7.5416644291e01, 5.5675370270e00),
            "b5": (9.6629502864e-01, 3.1333340687e-02),
            "b6": (3.9797285797e-01, 1.4984928198e-02),
            "b7": (4.9727297349e-02, 6.5842344623e-03),
        },
        5.6427082397e03,
        1.3714600784e01,
    ),
}


@pytest.mark.parametrize("name", CERTIFIED)
def test_certified_without_a_start(name: str) -> None:
    formula, certified, rss, deviation = CERTIFIED[name]
    fit = sd.fit(formula, DATA / f"{name}.csv")
    assert fit.outcome.name == "converged"
    assert fit.standard_errors is not None
    for parameter, (value, error) in certified.items():
        assert fit.params[parameter] == pytest.approx(value, rel=1e-8)
        assert fit.standard_errors[parameter] == pytest.approx(error, rel=1e-6)
    assert fit.residual_sum_of_squares == pytest.approx(rss, rel=1e-9)
    assert fit.residual_standard_deviation == pytest.approx(deviation, rel=1e-9)


def line(n: int = 25, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 7, n)
    return x, 2.0 - 0.7 * x + rng.normal(size=n), rng.uniform(0.2, 3.0, n)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_line_has_the_textbook_covariance(weighted: bool) -> None:
    x, y, w = line()
    weights = w if weighted else np.ones_like(w)
    design = np.stack([np.ones_like(x), x], axis=1)
    normal = np.linalg.inv(design.T @ (weights[:, None] * design))
    beta = normal @ design.T @ (weights * y)
    rss = weights @ (y - design @ beta) ** 2
    fit = sd.fit("y ~ a + b*x", {"x": x, "y": y, "w": w}, weights="w" if weighted else None)
    np.testing.assert_allclose([fit.params["a"], fit.params["b"]], beta, rtol=1e-11)
    np.testing.assert_allclose(fit.covariance, normal * rss / 23, rtol=1e-9)
    assert fit.degrees_of_freedom == 23
    # Student's t with 23 degrees of freedom: 2.0687 (any table)
    intervals = fit.confidence_intervals()
    assert intervals is not None
    low, high = intervals["b"]
    assert (high - low) / 2 / np.sqrt(normal[1, 1] * rss / 23) == pytest.approx(2.0687, abs=5e-5)
    total = weights @ (y - np.average(y, weights=weights)) ** 2
    assert fit.r_squared == pytest.approx(1 - rss / total, rel=1e-12)


def test_every_form_of_data_gives_the_same_answer(tmp_path: Path) -> None:
    x, y, _ = line()
    columns = {"x": x, "y": y}
    pd.DataFrame(columns).to_csv(tmp_path / "d.csv", index=False)
    pl.DataFrame(columns).write_parquet(tmp_path / "d.parquet")
    forms = [
        columns,
        pd.DataFrame(columns),
        pl.DataFrame(columns),
        pa.table(columns),
        tmp_path / "d.csv",
        str(tmp_path / "d.parquet"),
    ]
    answers = [sd.fit("y ~ a + b*x", form).params for form in forms]
    for answer in answers:
        assert answer == pytest.approx({"a": answers[0]["a"], "b": answers[0]["b"]}, rel=1e-12)
    slope, intercept = np.polyfit(x, y, 1)
    assert answers[0] == pytest.approx({"a": intercept, "b": slope}, rel=1e-10)


def test_a_python_function_in_three_forms() -> None:
    t = np.arange(12.0)
    y = 0.3 * t**2 - 2 * t + 5 + np.cos(7 * t)
    expected = np.polyfit(t, y, 2)

    def f(t, a, b, c):  # type: ignore[no-untyped-def]
        return a * t**2 + b * t + c

    for fit in (sd.fit(f, (t,), y), sd.fit(f, {"t": t}, y), sd.fit(f, {"t": t, "y": y}, "y"), sd.fit(f, t, y)):
        np.testing.assert_allclose([fit.params[k] for k in "abc"], expected, rtol=1e-9)
        np.testing.assert_allclose(fit.predict((np.array([20.0]),)), np.polyval(expected, [20.0]), rtol=1e-9)


def test_numpy_functions_and_arrays_as_parameters() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 3))
    y = x @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=40)
    fit = sd.fit(lambda x, w: np.matmul(x, w), (x,), y, start={"w": np.zeros(3)})
    np.testing.assert_allclose(fit.params["w"], np.linalg.lstsq(x, y, rcond=None)[0], rtol=1e-9)
    assert fit.standard_errors is not None
    assert fit.standard_errors["w"].shape == (3,)


def test_a_transformed_left_side_says_what_it_predicts() -> None:
    x = np.linspace(0, 4, 30)
    y = np.exp(1.0 + 0.5 * x + 0.01 * np.sin(40 * x))
    fit = sd.fit("log(y) ~ a + b*x", {"x": x, "y": y})
    slope, intercept = np.polyfit(x, np.log(y), 1)
    assert fit.params == pytest.approx({"a": intercept, "b": slope}, rel=1e-9)
    assert fit.target_text == "log(y)"
    new = {"x": np.array([1.0, 10.0])}
    np.testing.assert_allclose(fit.predict(new), intercept + slope * new["x"], rtol=1e-9)
    original = fit.predict_original(new)
    assert original is not None
    np.testing.assert_allclose(original, np.exp(intercept + slope * new["x"]), rtol=1e-9)


FORMULAS = {
    "a + b*x + c*x**2": lambda x: 3 - 0.5 * x + 0.2 * x**2,
    "a*exp(-b*x) + c": lambda x: 5 * np.exp(-0.8 * x) + 1,
    "a/(1 + exp(-b*(x - c)))": lambda x: 4 / (1 + np.exp(-1.5 * (x - 2.5))),
    "a*x/(b + x)": lambda x: 7 * x / (1.3 + x),
    "a*x**b": lambda x: 2 * x**1.7,
}


@pytest.mark.parametrize("formula", FORMULAS)
@settings(deadline=None, max_examples=8)
@given(power_x=st.integers(-8, 8), power_y=st.integers(-8, 8))
def test_the_units_of_the_data_do_not_matter(formula: str, power_x: int, power_y: int) -> None:
    x = np.linspace(0.2, 5, 40)
    y = FORMULAS[formula](x) * (1 + 0.01 * np.sin(23 * x))
    plain = sd.fit(f"y ~ {formula}", {"x": x, "y": y})
    sx, sy = 10.0**power_x, 10.0**power_y
    scaled = sd.fit(f"y ~ {formula}", {"x": x * sx, "y": y * sy})
    assert scaled.outcome.name == "converged"
    np.testing.assert_allclose(scaled.predict(), plain.predict() * sy, rtol=1e-8)
    # How each parameter follows the units: the powers of x's and y's unit.
    powers = {
        "a + b*x + c*x**2": {"a": (0, 1), "b": (-1, 1), "c": (-2, 1)},
        "a*exp(-b*x) + c": {"a": (0, 1), "b": (-1, 0), "c": (0, 1)},
        "a/(1 + exp(-b*(x - c)))": {"a": (0, 1), "b": (-1, 0), "c": (1, 0)},
        "a*x/(b + x)": {"a": (0, 1), "b": (1, 0)},
        "a*x**b": {"b": (0, 0)},
    }[formula]
    for name, (px, py) in powers.items():
        assert scaled.params[name] == pytest.approx(plain.params[name] * sx**px * sy**py, rel=1e-8)


@pytest.mark.parametrize("loss", ["huber(1)", "log_cosh(1)"])
def test_robust_fits_and_their_sandwich_errors(loss: str) -> None:
    x, y, _ = line(60, seed=4)
    y[::10] += 25.0
    fit = sd.fit("y ~ a + b*x", {"x": x, "y": y}, loss=loss)
    assert fit.outcome.name == "converged"
    design = np.stack([np.ones_like(x), x], axis=1)
    r = design @ [fit.params["a"], fit.params["b"]] - y
    psi, slope = (np.clip(r, -1, 1), (abs(r) <= 1) * 1.0) if loss == "huber(1)" else (np.tanh(r), 1 - np.tanh(r) ** 2)
    np.testing.assert_allclose(design.T @ psi, 0, atol=1e-7)  # the estimating equations
    bread = np.linalg.inv(design.T @ (slope[:, None] * design))
    meat = design.T @ ((psi**2)[:, None] * design)
    np.testing.assert_allclose(fit.covariance, bread @ meat @ bread * 60 / 58, rtol=1e-6)
    assert abs(fit.params["b"] + 0.7) < 0.15  # squares are drawn off by the outliers
    plain = sd.fit("y ~ a + b*x", {"x": x, "y": y})
    assert abs(plain.params["a"] - 2.0) > abs(fit.params["a"] - 2.0)


@pytest.mark.parametrize("loss", ["huber", "log_cosh", "mae"])
@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e9])
def test_robust_fits_shrug_off_a_fifth_of_outliers_in_any_unit(loss: str, unit: float) -> None:
    x = np.linspace(0, 5, 60)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        y = 3 * np.exp(-0.7 * x) + 0.5 + 0.05 * rng.standard_normal(60)
        rows = rng.choice(60, 12, replace=False)
        y[rows] += rng.uniform(1, 5, 12) * rng.choice([-1, 1], 12)
        params = sd.fit("y ~ a*exp(-b*x) + c", {"x": x, "y": unit * y}, loss=loss).params
        assert [params["a"] / unit, params["b"], params["c"] / unit] == pytest.approx([3, 0.7, 0.5], rel=0.15)


@pytest.mark.parametrize(("loss", "deviations"), [("huber", 1.345), ("log_cosh", 1.205)])
def test_the_size_of_usual_errors_is_found(loss: str, deviations: float) -> None:
    x, y, _ = line(400, seed=4)
    scatter = float(np.std(y - np.polyval(np.polyfit(x, y, 1), x)))
    y[::10] += 25.0
    name = sd.fit("y ~ a + b*x", {"x": x, "y": y}, loss=loss).loss_name
    assert name.startswith(f"{loss}(")
    assert float(name.removeprefix(f"{loss}(").removesuffix(")")) == pytest.approx(deviations * scatter, rel=0.15)


def test_a_loss_without_residuals_has_no_squares_of_them() -> None:
    x = np.linspace(0, 2, 50)
    counts = np.random.default_rng(0).poisson(np.exp(0.5 + x)).astype(float)
    fit = sd.fit("y ~ a + b*x", {"x": x, "y": counts}, loss="poisson")  # the model is the logarithm of the rate
    assert [fit.params["a"], fit.params["b"]] == pytest.approx([0.5, 1.0], abs=0.3)
    assert np.isnan([fit.r_squared, fit.residual_standard_deviation, fit.residual_sum_of_squares]).all()
    assert "R²" not in fit.summary()
    assert not any("random" in remark or "constant" in remark for remark in fit.remarks)


def test_mae_is_the_median_and_has_no_standard_errors() -> None:
    y = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
    fit = sd.fit("y ~ c", {"y": y}, loss="mae")
    assert fit.params["c"] == pytest.approx(3.0, abs=1e-5)
    assert fit.standard_errors is None
    assert any("no standard errors" in remark for remark in fit.remarks)


def test_save_and_load_keep_every_bit(tmp_path: Path) -> None:
    fit = sd.fit(CERTIFIED["thurber"][0], DATA / "thurber.csv")
    path = fit.save(tmp_path / "model.json")
    back = sd.load(path)
    assert back.params == fit.params
    new = {"log_density": np.linspace(-3, 2, 50)}
    np.testing.assert_array_equal(back.predict(new), fit.predict(new))
    text = path.read_text()
    for damaged, says in (
        (text[: len(text) // 2], "cut off"),
        (text.replace("1288", "1289", 1), "damaged"),
        ("[]", "not a saved fit"),
    ):
        (tmp_path / "bad.json").write_text(damaged)
        with pytest.raises(sd.ModelError, match=says):
            sd.load(tmp_path / "bad.json")
    with pytest.raises(sd.ModelError, match="no model file"):
        sd.load(tmp_path / "none.json")
    with pytest.raises(sd.ModelError, match="Python function"):
        sd.fit(lambda t, a: a * t, (np.arange(3.0),), np.arange(3.0)).save(tmp_path / "f.json")


def test_what_cannot_be_fitted_says_why() -> None:
    x, y = np.arange(6.0), np.arange(6.0) ** 2
    data = {"x": x, "y": y}
    cases = {
        "rows cannot determine": lambda: sd.fit("y ~ a + b*x + c*x**2", {"x": x[:2], "y": y[:2]}),
        "nothing to fit": lambda: sd.fit("y ~ x", data),
        "no column 'z'": lambda: sd.fit("z ~ a*x", data),
        "log of -7 is nan": lambda: sd.fit("y ~ a*log(x - b)", data, start={"b": 7.0}),
        "not a parameter": lambda: sd.fit("y ~ a*x", data, start={"q": 1}),
        "must be finite": lambda: sd.fit("y ~ a*x", data, start={"a": np.inf}),
        "Did you mean": lambda: sd.fit("y ~ a*x", data, method="gradient_decent"),
        "no learning rate": lambda: sd.fit("y ~ a*x", data, method="lm", learning_rate=0.1),
        "larger than the data": lambda: sd.fit("y ~ a*x", data, batch_size=7),
        "left side": lambda: sd.fit("log(y) ~ a*x", data),
        "formula needs data": lambda: sd.fit("y ~ a*x"),
    }
    for says, call in cases.items():
        with pytest.raises(sd.SteepestError, match=says):
            call()


def test_redundant_and_constant_are_told_not_guessed() -> None:
    x, y, _ = line()
    fit = sd.fit("y ~ a*b*x + c", {"x": x, "y": y})
    assert fit.outcome.name == "converged"
    assert fit.standard_errors is not None
    assert fit.standard_errors["a"] == np.inf
    assert np.isfinite(fit.standard_errors["c"])
    assert fit.params["a"] * fit.params["b"] == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-9)
    assert any("a and b separately" in remark for remark in fit.remarks)
    fit = sd.fit("y ~ a + b*x", {"x": np.full(25, 3.0), "y": y})
    assert any("'x' is 3 in every row" in remark for remark in fit.remarks)


@pytest.mark.parametrize("seed", range(10))
def test_remarks_are_silent_on_healthy_fits(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    x = rng.uniform(0, 5, 80)
    formula, truth = [(f, t) for f, t in FORMULAS.items() if f != "a + b*x + c*x**2"][seed % 4]
    y = truth(x) + 0.2 * rng.normal(size=80)
    fit = sd.fit(f"y ~ {formula}", {"x": x, "y": y})
    assert fit.outcome.name == "converged"
    assert fit.remarks == []


def test_residuals_with_a_pattern_are_told() -> None:
    x = np.linspace(0, 10, 200)
    fit = sd.fit("y ~ a + b*x", {"x": x, "y": np.sin(x)})
    assert any("not random along x" in remark for remark in fit.remarks)


def test_magnitudes_at_the_edges_of_floating_point() -> None:
    x = np.linspace(1, 2, 12)
    for unit in (1e-150, 1e150, 1e-290):
        fit = sd.fit("y ~ a + b*x", {"x": x, "y": (3 + 2 * x + 0.01 * np.cos(30 * x)) * unit})
        assert fit.outcome.name == "converged"
        assert fit.params["b"] / unit == pytest.approx(2.0, abs=0.02)
        assert "a" in fit.summary()


def test_float32_big_endian_read_only_and_strided() -> None:
    x, y, _ = line(30)
    expected = sd.fit("y ~ a + b*x", {"x": x, "y": y}).params
    frozen = x.copy()
    frozen.flags.writeable = False
    forms = [(x.astype(">f8"), y.astype(">f8")), (frozen, np.repeat(y, 2)[::2]), (x[::-1][::-1], list(y))]
    for fx, fy in forms:
        assert sd.fit("y ~ a + b*x", {"x": fx, "y": fy}).params == pytest.approx(expected, rel=1e-12)
    single = sd.fit("y ~ a + b*x", {"x": x.astype(np.float32), "y": y.astype(np.float32)}).params
    assert single == pytest.approx(expected, rel=1e-5)


def test_the_table_and_the_picture_come_from_the_fit(tmp_path: Path) -> None:
    fit = sd.fit(CERTIFIED["misra1a"][0], DATA / "misra1a.csv")
    assert "238.9" in repr(fit)
    assert "<table" in fit._repr_html_()
    fit.plot(tmp_path / "fit.png")
    assert (tmp_path / "fit.png").read_bytes()[:4] == b"\x89PNG"
