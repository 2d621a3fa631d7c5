"""Profile, bootstrap and bands: against SciPy, textbooks and simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq, minimize_scalar

import steepest as sd
from steepest.base.errors import ModelError

# Biochemical oxygen demand: Bates and Watts, Nonlinear Regression Analysis, 1988, appendix A1.4.
BOD = {"x": np.array([1.0, 2, 3, 4, 5, 7]), "y": np.array([8.3, 10.3, 19.0, 16.0, 15.6, 19.8])}
RISE = "y ~ a*(1 - exp(-b*x))"
MISRA = "examples/data/misra1a.csv"


def best_a(b: float) -> float:
    """The sum of squares at b with a fitted again, in closed form."""
    shape = 1 - np.exp(-b * BOD["x"])
    a = shape @ BOD["y"] / (shape @ shape)
    return float(np.sum((BOD["y"] - a * shape) ** 2))


def best_b(a: float) -> float:
    """The sum of squares at a with b fitted again."""
    found = minimize_scalar(
        lambda b: float(np.sum((BOD["y"] - a * (1 - np.exp(-b * BOD["x"]))) ** 2)),
        bounds=(1e-6, 30),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return float(found.fun)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_profiles_of_a_bent_model(level: float) -> None:
    fit = sd.fit(RISE, BOD)
    least = fit.residual_sum_of_squares
    limit = least * (1 + stats.t.ppf(0.5 + level / 2, 4) ** 2 / 4)
    b = fit.profile("b", level)
    assert b.low == pytest.approx(brentq(lambda v: best_a(v) - limit, 0.01, fit.params["b"]), rel=1e-5)
    assert b.high == pytest.approx(brentq(lambda v: best_a(v) - limit, fit.params["b"], 20), rel=1e-5)
    a = fit.profile("a", level)
    assert a.low == pytest.approx(brentq(lambda v: best_b(v) - limit, 10, fit.params["a"]), rel=1e-5)
    assert a.high == pytest.approx(brentq(lambda v: best_b(v) - limit, fit.params["a"], 200), rel=1e-5)
    assert b.lower is None
    assert np.all(np.diff(b.tau) > 0)


def test_a_profile_that_never_closes_is_infinite() -> None:
    fit = sd.fit(RISE, BOD)
    assert fit.profile("b", 0.999).high == math.inf  # t is 8.6; at b = inf it is sqrt(12.5)
    assert sd.fit("y ~ a*b*x", BOD).profile("a").high == math.inf  # only a*b matters


def test_profiles_do_not_feel_how_a_parameter_is_written_and_respect_bounds() -> None:
    rate, time = sd.fit(RISE, BOD), sd.fit("y ~ a*(1 - exp(-x/tau))", BOD)
    b, tau = rate.profile("b"), time.profile("tau")
    assert [1 / tau.high, 1 / tau.low] == pytest.approx([b.low, b.high], rel=1e-4)
    bounded = sd.fit(RISE, BOD, bounds="b < 1").profile("b")
    assert (bounded.low, bounded.high) == (pytest.approx(b.low, rel=1e-5), 1.0)
    one = sd.fit("y ~ a*x", BOD)
    assert one.confidence_intervals(kind="profile")["a"] == pytest.approx(one.confidence_intervals()["a"], rel=1e-5)  # type: ignore[index]


def test_fixed_and_tied_have_their_place_among_profiles() -> None:
    fit = sd.fit(RISE, BOD, fix={"b": 0.5}, intervals="profile")
    intervals = fit.confidence_intervals()
    assert intervals is not None
    assert intervals["b"] == (0.5, 0.5)
    assert "(profile)" in fit.summary()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda f: f.profile("q"), "there is no parameter 'q'"),
        (lambda f: f.profile("a", 1.5), "between 0 and 1"),
        (lambda f: f.confidence_intervals(kind="profiles"), "Did you mean 'profile'"),
        (lambda f: f.bootstrap(5), "samples must be"),
        (lambda f: f.bootstrap(100, "pairs"), "resamples rows or residuals"),
        (lambda f: f.predict(interval=0), "between 0 and 1"),
        (lambda f: sd.fit(RISE, BOD, loss="huber").profile("a"), "profiles are for squares"),
        (lambda f: sd.fit(RISE, BOD, intervals="ttt"), "unknown kind of interval"),
    ],
)
def test_what_makes_no_sense_is_told(call: Any, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        call(sd.fit(RISE, BOD))


# ---- bootstrap
def test_the_bootstrap_of_a_mean() -> None:
    y = np.random.default_rng(3).exponential(size=60)
    fit = sd.fit("y ~ m", {"y": y})
    for kind in ("rows", "residuals"):
        again = fit.bootstrap(400, kind, seed=1)
        # By theory sd(y) / sqrt(n), with the divisor n for rows and n - 1 for the enlarged residuals.
        expected = y.std(ddof=int(kind == "residuals")) / np.sqrt(60)
        assert again.standard_errors["m"] == pytest.approx(expected, rel=0.1)
        low, high = again.intervals(0.9)["m"]
        assert (high - low) == pytest.approx(2 * 1.645 * expected, rel=0.15)


def test_the_bootstrap_is_seeded_counts_and_can_be_interrupted() -> None:
    fit = sd.fit(RISE, BOD)
    seen: list[tuple[int, int]] = []
    first = fit.bootstrap(30, seed=5, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (30, 30)
    assert first.params["a"].tolist() == fit.bootstrap(30, seed=5).params["a"].tolist()
    assert first.params["a"].tolist() != fit.bootstrap(30, seed=6).params["a"].tolist()

    def stop(done: int, total: int) -> None:
        if done == 25:
            raise KeyboardInterrupt

    assert 20 <= fit.bootstrap(1000, seed=5, progress=stop).samples <= 25


def test_the_bootstrap_of_weighted_rows_with_a_tie() -> None:
    weights = np.array([1.0, 2, 1, 0, 3, 1])
    again = sd.fit(RISE, BOD, tie="a = 40*b", weights=weights).bootstrap(40)
    assert again.params["a"] == pytest.approx(40 * again.params["b"])


# ---- bands
def test_bands_of_a_line_are_the_textbooks() -> None:
    """Draper and Smith, Applied Regression Analysis, 1.4: s sqrt(1/n + (x - mean)**2 / Sxx), and with 1 + for a new row."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 10, 25)
    y = 1 + 2 * x + rng.standard_normal(25)
    fit = sd.fit("y ~ a + b*x", {"x": x, "y": y})
    at = np.array([-3.0, 5.0, 30.0])
    band = fit.predict({"x": at}, interval=0.9)
    t, s = stats.t.ppf(0.95, 23), fit.residual_standard_deviation
    half = t * s * np.sqrt(1 / 25 + (at - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2))
    new = t * s * np.sqrt(1 + 1 / 25 + (at - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2))
    assert band.high - band.value == pytest.approx(half)
    assert band.value - band.new_low == pytest.approx(new)
    assert np.asarray(band) == pytest.approx(fit.predict({"x": at}))


def test_what_the_data_leave_open_has_an_infinite_band_only_where_it_matters() -> None:
    x = np.arange(6.0)
    fit = sd.fit("y ~ a + b*x + c*z", {"x": x, "z": np.ones(6), "y": 2 * x + np.sin(x)})  # a and c together
    band = fit.predict({"x": [1.0, 1.0], "z": [1.0, 2.0]}, interval=0.95)
    assert np.isfinite(band.high).tolist() == [True, False]
    product = sd.fit("y ~ a*b*x", {"x": x, "y": 2 * x + np.sin(x)})
    assert np.isfinite(product.predict({"x": [10.0]}, interval=0.95).high).all()


def test_weights_known_errors_and_robust_losses() -> None:
    x = np.arange(8.0)
    data = {"x": x, "y": x + np.cos(5 * x), "s": np.linspace(0.1, 1, 8), "w": np.linspace(1, 3, 8)}
    known = sd.fit("y ~ a + b*x", data, sigma="s").predict(interval=0.6827)
    assert ((known.new_high - known.value) > data["s"]).all()  # at least the row's own error
    assert np.isnan(sd.fit("y ~ a + b*x", data, sigma="s").predict({"x": [1.0]}, interval=0.9).new_high).all()
    weighted = sd.fit("y ~ a + b*x", data, weights="w").predict(interval=0.9)
    assert np.ptp((weighted.new_high - weighted.value) ** 2 - (weighted.high - weighted.value) ** 2) > 0
    robust = sd.fit("y ~ a + b*x", data, loss="huber").predict({"x": [1.0]}, interval=0.9)
    assert np.isfinite(robust.high).all()
    assert np.isnan(robust.new_high).all()


# ---- coverage: nominal 95 % by simulation, within three standard deviations of the binomial distribution
def coverage(rounds: int, kinds: tuple[str, ...]) -> dict[str, int]:
    x, truth, hits = np.linspace(0.5, 8, 14), {"a": 20.0, "b": 0.5}, dict.fromkeys([*kinds, "mean", "new"], 0)
    for k in range(rounds):
        rng = np.random.default_rng(k)
        clean = truth["a"] * (1 - np.exp(-truth["b"] * x))
        fit = sd.fit(RISE, {"x": x, "y": clean + 0.8 * rng.standard_normal(14)}, start={"a": 18, "b": 0.6})
        for kind in kinds:
            low, high = fit.confidence_intervals(kind=kind)["b"]  # type: ignore[index]
            hits[kind] += bool(low <= truth["b"] <= high)
        band = fit.predict({"x": [3.0]}, interval=0.95)
        centre = truth["a"] * (1 - np.exp(-truth["b"] * 3.0))
        hits["mean"] += bool(band.low[0] <= centre <= band.high[0])
        hits["new"] += bool(band.new_low[0] <= centre + 0.8 * rng.standard_normal() <= band.new_high[0])
    return hits


@pytest.mark.parametrize(
    ("rounds", "kinds"),
    [pytest.param(150, ("t",), id="quick"), pytest.param(2000, ("t", "profile"), id="long", marks=pytest.mark.slow)],
)
def test_coverage(rounds: int, kinds: tuple[str, ...]) -> None:
    spread = 3 * math.sqrt(rounds * 0.95 * 0.05)
    for kind, hits in coverage(rounds, kinds).items():
        assert abs(hits - 0.95 * rounds) <= spread, f"{kind}: {hits} of {rounds}"


def test_saved_fits_have_the_same_bands(tmp_path: Any) -> None:
    x = np.arange(8.0)
    data = {"x": x, "y": np.exp(0.3 * x + 0.1 * np.cos(7 * x)), "s": np.linspace(0.1, 0.3, 8)}
    for options in ({}, {"sigma": "s"}, {"tie": "b = a/3"}, {"bounds": "b < 0.2"}, {"loss": "huber"}):
        fit = sd.fit("log(y) ~ a + b*x", data, **options)
        again = sd.load(fit.save(tmp_path / "fit.json"))
        ours, theirs = fit.predict({"x": [9.0]}, interval=0.9), again.predict({"x": [9.0]}, interval=0.9)
        for side in ("value", "low", "high", "new_low", "new_high"):
            assert getattr(ours, side) == pytest.approx(getattr(theirs, side), nan_ok=True)


def test_the_bootstrap_says_nothing_of_what_the_data_do_not_determine() -> None:
    x = np.linspace(0, 5, 30)
    y = 1 + 2 * x + 0.1 * np.random.default_rng(0).standard_normal(30)
    ends = sd.fit("y ~ a*b*x + c", {"x": x, "y": y}).bootstrap(30).intervals()
    assert np.isnan([*ends["a"], *ends["b"]]).all()
    assert ends["c"][0] < 1 < ends["c"][1]


def test_as_many_rows_as_parameters_have_no_bootstrap() -> None:
    fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0], "y": [0.0, 1.0]})
    with pytest.raises(ModelError, match="nothing to resample"):
        fit.bootstrap(30)


def test_samples_of_too_few_rows_count_as_failed() -> None:
    # Of 4 rows drawn with replacement, 3 or more are distinct in 1 - (4 + 84) / 256 of all samples.
    x = np.array([0.0, 1.0, 2.0, 3.0])
    found = sd.fit("y ~ a + b*x + c*x**2", {"x": x, "y": [0.0, 1.1, 3.9, 9.2]}).bootstrap(400)
    assert found.failed / 400 == pytest.approx(88 / 256, abs=0.07)


def test_the_bootstrap_tells_that_it_was_interrupted() -> None:
    def stop(done: int, samples: int) -> None:
        if done == 50:
            raise KeyboardInterrupt

    found = sd.fit(RISE, BOD).bootstrap(200, progress=stop)
    assert found.interrupted
    assert found.samples + found.failed == 50


def test_profiles_of_an_exact_fit_are_as_narrow_as_its_errors() -> None:
    fit = sd.fit("y ~ a + b*x", {"x": np.arange(6.0), "y": 2 * np.arange(6.0)})
    found = fit.profile("b")
    assert found.low == pytest.approx(2, abs=1e-12)
    assert found.high == pytest.approx(2, abs=1e-12)


@pytest.mark.parametrize(("x_unit", "y_unit"), [(1e200, 1.0), (1e-200, 1.0), (1.0, 1e-200)])
def test_errors_beyond_float64_are_refused_not_shown_as_zero(x_unit: float, y_unit: float) -> None:
    x, y = BOD["x"] * x_unit, BOD["y"] * y_unit
    fit = sd.fit(RISE, {"x": x, "y": y})
    assert fit.standard_errors is None
    assert any("squares are beyond float64" in remark for remark in fit.remarks)


@pytest.mark.parametrize("what", ["bootstrap", "profile"])
def test_ctrl_c_within_a_refit_ends_the_whole(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    fit, calls = sd.fit(RISE, BOD), []
    advance = type(fit.run.method).advance

    def interrupting(self: Any, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return advance(self, *arguments)

    monkeypatch.setattr(type(fit.run.method), "advance", interrupting)
    with pytest.raises(KeyboardInterrupt):
        fit.bootstrap(200) if what == "bootstrap" else fit.profile("a")
