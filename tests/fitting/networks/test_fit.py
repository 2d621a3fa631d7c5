"""Fits of formulas with a network: what is learned, how it is measured, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import DataError, FormulaError, ModelError, ShapeError
from steepest.fitting.networks.result import NetworkFit

EXAMPLES = Path(__file__).parents[3] / "examples" / "data"
DRAWS = np.random.default_rng(5)
ROWS = 120
X = DRAWS.standard_normal(ROWS)
KIND = DRAWS.choice(["a", "b", "c"], ROWS)
Y = 100 + 20 * X + 30 * (KIND == "a")
DATA = {"x": X, "kind": KIND, "y": Y, "side": np.where(X > 0, "right", "left")}


def fitted(formula: str, data: Any = None, **options: Any) -> NetworkFit:
    found = sd.fit(formula, DATA if data is None else data, **{"epochs": 5, **options})
    assert isinstance(found, NetworkFit)
    return found


# ---- real data
def test_penguins_are_told_apart_by_text_and_numbers() -> None:
    fit = fitted("species ~ mlp(., 20)", EXAMPLES / "penguins.csv", drop_missing=True, epochs=100)
    assert fit.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert fit.rows_dropped == 11
    assert "island = Dream" in fit.network.encoders["mlp"].features
    assert fit.accuracy >= 0.98
    assert fit.confusion.sum() == len(fit.held_rows) == 50
    assert np.trace(fit.confusion) / 50 == fit.accuracy
    held = fit.observed[fit.held_rows]
    assert float(np.mean(fit.predicted[fit.held_rows] == held)) == fit.accuracy
    assert fit.validation is not None
    adelies = np.mean(held == "Adelie")  # the most frequent species of all
    assert fit.validation.usual == pytest.approx(adelies)


def test_digits_are_read() -> None:
    fit = fitted("digit ~ mlp(., 32)", EXAMPLES / "digits.parquet", epochs=12)
    assert fit.classes == tuple("0123456789")
    assert fit.accuracy > 0.93
    assert fit.confusion.shape == (10, 10)


def test_a_curve_is_learned_in_the_users_units() -> None:
    x = np.linspace(0, 2000, 200)
    data = {"x": x, "y": 5e6 + 1e6 * np.sin(x / 300)}
    fit = fitted("y ~ mlp(x, 12, activation=tanh)", data, epochs=None, method="lbfgs", steps=150)
    assert fit.r_squared > 0.995
    assert fit.rmse < 7e4
    at = fit.predict({"x": [300 * np.pi / 2]})
    assert at[0] == pytest.approx(6e6, abs=1e5)


# ---- what the numbers mean
def test_predictions_follow_from_weights_levels_and_units_by_hand() -> None:
    fit = fitted("y ~ mlp(x, kind, 4, activation=tanh)")
    learned = fit.training_rows
    column = (X - X[learned].mean()) / X[learned].std()
    features = np.column_stack([column, *(level == KIND for level in "abc")])
    hidden = np.tanh(features @ fit.params["0.weight"].T + fit.params["0.bias"])
    score = hidden @ fit.params["2.weight"][0] + fit.params["2.bias"]
    expected = Y[learned].mean() + Y[learned].std() * score
    np.testing.assert_allclose(fit.predicted, expected, rtol=1e-12)
    residuals = Y - expected
    assert fit.rmse == pytest.approx(np.sqrt(np.mean(residuals[fit.held_rows] ** 2)))
    assert (
        fit.training.rmse == fit.residual_standard_deviation == pytest.approx(np.sqrt(np.mean(residuals[learned] ** 2)))
    )
    assert fit.loss == pytest.approx(np.mean(residuals[learned] ** 2))
    np.testing.assert_allclose(fit.residuals, residuals, atol=1e-9)
    held = fit.held_rows
    expected_r2 = 1 - np.sum(residuals[held] ** 2) / np.sum((Y[held] - Y[held].mean()) ** 2)
    assert fit.r_squared == pytest.approx(expected_r2)


def test_probabilities_follow_from_scores() -> None:
    fit = fitted("kind ~ mlp(x, y, 4)")
    probabilities = fit.predict_probabilities({"x": X[:7], "y": Y[:7]})
    assert probabilities.shape == (7, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
    labels = np.array(fit.classes)[probabilities.argmax(axis=1)]
    assert fit.predict({"x": X[:7], "y": Y[:7]}).tolist() == labels.tolist()
    own = fit.predict_probabilities()[np.arange(ROWS), [list("abc").index(k) for k in KIND]]
    assert fit.loss == pytest.approx(-np.mean(np.log(own[fit.training_rows])))
    assert fit.validation is not None
    assert fit.validation.loss == pytest.approx(-np.mean(np.log(own[fit.held_rows])))


def test_rows_of_weight_zero_do_not_count() -> None:
    weights = np.where(np.arange(ROWS) < 80, 1.0, 0.0)
    spoilt = {**DATA, "y": np.where(weights > 0, Y, 1e9)}
    fit, short = (
        fitted("y ~ mlp(x, 4)", spoilt, weights=weights),
        fitted("y ~ mlp(x, 4)", {k: v[:80] for k, v in DATA.items()}),
    )
    assert fit.rows == 80
    np.testing.assert_array_equal(fit.predicted[:80], short.predicted)
    assert fit.training.rows + len(fit.held_rows) == 80
    strange = {**DATA, "kind": np.where(weights > 0, KIND, "d")}
    assert fitted("kind ~ mlp(x, 4)", strange, weights=weights).classes == ("a", "b", "c")


def test_twice_the_weight_is_the_row_twice_in_every_measure() -> None:
    weights = np.where(np.arange(ROWS) % 3 == 0, 2.0, 1.0)
    fit = fitted("kind ~ mlp(x, 4)", {**DATA, "w": weights}, weights="w")
    right = fit.predicted == KIND
    rows, w = fit.held_rows, weights[fit.held_rows]
    assert fit.accuracy == pytest.approx(np.sum(w * right[rows]) / np.sum(w))
    assert "w" not in fit.network.columns
    dotted = fitted("kind ~ mlp(., 4)", {**DATA, "w": weights}, weights="w")
    assert "w" not in dotted.network.columns
    errors = fitted("y ~ mlp(., 4)", {**DATA, "s": np.full(ROWS, 2.0)}, sigma="s")
    assert "s" not in errors.network.columns
    assert errors.data.weights is not None
    assert errors.data.weights.tolist() == [0.25] * ROWS


def test_the_left_side_may_be_a_function() -> None:
    fit = fitted("log(y) ~ mlp(x, kind, 4)", {**DATA, "y": np.exp(Y / 100)})
    assert fit.target_text == "log(y)"
    original = fit.predict_original({"x": X[:2], "kind": KIND[:2]})
    assert original is not None
    np.testing.assert_allclose(original, np.exp(fit.predicted[:2]))
    assert fitted("kind ~ mlp(x, 4)").predict_original({"x": [0.0]}) is None


def test_losses_have_the_users_unit() -> None:
    fit = fitted("y ~ mlp(x, 4)", loss="huber(5)")
    size = np.abs(fit.residuals[fit.training_rows])
    assert fit.loss == pytest.approx(np.mean(np.where(size <= 5, size**2 / 2, 5 * (size - 2.5))))
    assert fitted("y ~ mlp(x, 4)", loss="mae").loss_name == "mae"
    # In millimetres as in metres: the same network.
    small = fitted("y ~ mlp(x, 4)", {**DATA, "y": Y / 1024}, loss=f"huber({5 / 1024})")
    np.testing.assert_allclose(small.predicted * 1024, fit.predicted, rtol=1e-12)


# ---- how it is trained
def test_the_weights_of_the_best_epoch_are_kept() -> None:
    noisy = {**DATA, "y": DRAWS.standard_normal(ROWS)}
    fit = fitted("y ~ mlp(x, 40)", noisy, epochs=200, patience=20)
    hook = fit.validation_hook
    assert hook is not None
    assert hook.best is not None
    best = min(row["loss"] for row in hook.rows)
    assert hook.best["loss"] == best
    assert fit.validation is not None
    assert fit.validation.loss == pytest.approx(best * fit.network.target.width**2, rel=1e-9)  # type: ignore[union-attr]
    assert fit.outcome.name == "stopped_early"
    assert fit.epochs < 200


def test_the_seed_decides_everything() -> None:
    one, same, other = (fitted("kind ~ mlp(x, 4)", seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.predict_probabilities(), same.predict_probabilities())
    assert not np.array_equal(one.held_rows, other.held_rows)


def test_a_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = fitted("kind ~ mlp(x, 4)", epochs=30, batch_size=20)
    schedule = sd.CosineDecay(0.01, 30 * 6)
    method = sd.Descent(sd.AdamW(weight_decay=0.1), schedule, sd.Batches(20))
    fitted("kind ~ mlp(x, 4)", epochs=10, method=method, checkpoints=tmp_path)
    went_on = fitted("kind ~ mlp(x, 4)", epochs=30, method=method, checkpoints=tmp_path, resume=True)
    np.testing.assert_array_equal(went_on.predict_probabilities(), whole.predict_probabilities())


@pytest.mark.parametrize(
    ("options", "method", "steps"),
    [
        ({}, "AdamW", 5),
        ({"method": "adam", "batch_size": 50}, "Adam", 15),
        ({"method": sd.Momentum(0.5), "learning_rate": 0.01}, "momentum", 5),
        ({"method": "lbfgs", "epochs": None, "steps": 7}, "L-BFGS-B", 7),
        ({"epochs": None, "steps": 3}, "AdamW", 3),
        ({"validation": 0.5, "batch_size": 20}, "AdamW", 15),
    ],
)
def test_methods_and_budgets(options: dict[str, Any], method: str, steps: int) -> None:
    fit = fitted("y ~ mlp(x, 4)", **options)
    assert (fit.method, fit.steps) == (method, steps)
    assert fit.outcome.ok


def test_epochs_that_were_chosen_here_are_no_failure() -> None:
    fit = fitted("y ~ mlp(x, 3)", {"x": X[:30], "y": Y[:30]}, epochs=None)
    assert fit.outcome.ok
    assert fit.validation is None
    assert fit.measured is fit.training
    assert len(fit.held_rows) == 0


def test_dropout_and_activations_are_in_the_network() -> None:
    fit = fitted("y ~ mlp(x, 4, 3, activation=silu, dropout=0.3)")
    assert repr(fit.net) == (
        "Sequential(Linear(1, 4), SiLU(), Dropout(0.3), Linear(4, 3), SiLU(), Dropout(0.3), Linear(3, 1))"
    )
    assert np.array_equal(fit.predict(), fit.predict(DATA))  # nothing is dropped in predictions


def test_many_numbers_are_float32_and_answers_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    from steepest.fitting.networks import prepare

    monkeypatch.setattr(prepare, "MANY", 10)
    fit = fitted("y ~ mlp(x, 4)")
    assert fit.run.params.flat.dtype == np.float32
    assert fit.predict({"x": X}).dtype == np.float64
    np.testing.assert_allclose(fit.predict({"x": X}), fit.predicted, rtol=1e-6)


def test_ctrl_c_keeps_what_there_is() -> None:
    def interrupt(run: Any) -> None:
        if run.steps_done == 4:
            raise KeyboardInterrupt

    fit = fitted("y ~ mlp(x, 4)", epochs=50, hooks=[interrupt])
    assert fit.outcome.name == "interrupted"
    assert np.isfinite(fit.predicted).all()


# ---- what the dot is
def test_the_dot_is_every_other_column() -> None:
    data = {**DATA, "z": X**2}
    assert fitted("y ~ mlp(., 3)", data).network.columns == ("x", "kind", "side", "z")
    assert fitted("y ~ mlp(log(z), ., 3)", {**data, "z": X**2 + 1}).network.encoders["mlp"].features[0] == "log(z)"
    assert fitted("y ~ mlp(category(g), ., 3)", {"y": Y, "g": np.arange(ROWS) % 3, "x": X}).network.encoders["mlp"].features == [
        "g = 0", "g = 1", "g = 2", "x",
    ]  # fmt: skip
    assert fitted("x0 ~ mlp(., 3)", np.column_stack([Y, X])).network.columns == ("x1",)


# ---- what is refused
@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ mlp(xx, 3)", "no column 'xx'. Did you mean 'x'"),
        ("y ~ mlp(a*x, 3)", "no column 'a'"),
        ("yy ~ mlp(x, 3)", "no column 'yy'. Did you mean 'y'"),
        ("y ~ mlp(y, 3)", "would only have to copy it"),
        ("y ~ mlp(x, 3, activation=tahn)", "Did you mean 'tanh'"),
        ("y ~ `q`*mlp(x, 3)", "Backquotes mean a column"),
        ("1 ~ mlp(x, 3)", "names no column"),
        ("category(y) ~ a*x", "a network that stands alone"),
        ("y ~ a*x + mlp(category(x), 3)", "a category in one place and a number in another"),
    ],
)
def test_formulas_that_do_not_fit_the_data(formula: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message) as caught:
        fitted(formula)
    assert "^" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bounds": "a > 0"}, "keeps no bounds"),
        ({"fix": {"a": 1}}, "fix is for parameters"),
        ({"start": {"a": 1}}, "start is for parameters"),
        ({"intervals": "profile"}, "no profile intervals"),
        ({"steps": 3}, "steps or epochs, not both"),
        ({"method": "lm"}, "so it has no epochs"),
        ({"batch_size": 1000}, "larger than the data"),
        ({"validation": 0.0, "patience": 3}, "there are none"),
        ({"loss": "huber"}, r"such as huber\(0.5\)"),
        ({"loss": "cross_entropy"}, "not for a target of numbers"),
        ({"weights": np.zeros(ROWS)}, "all weights are zero"),
        ({"epochs": 0}, "epochs must be a whole number"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        fitted("y ~ mlp(x, 3)", **options)


def test_data_that_cannot_be_used() -> None:
    holes = np.where(np.arange(ROWS) == 3, np.nan, X)
    with pytest.raises(DataError, match=r"'x' is missing .* row 4 of the data; 1 of 120 rows.*--drop-missing"):
        fitted("y ~ mlp(x, 3)", {**DATA, "x": holes})
    assert fitted("y ~ mlp(x, 3)", {**DATA, "x": holes}, drop_missing=True).rows == ROWS - 1
    with pytest.raises(DataError, match=r"log\(y\) is nan in row"):
        fitted("log(y) ~ mlp(x, 3)", {**DATA, "y": X})
    with pytest.raises(DataError, match="no weights column 'w'"):
        fitted("y ~ mlp(x, 3)", weights="w")
    with pytest.raises(ShapeError, match="one number for each of the 120 rows"):
        fitted("y ~ mlp(x, 3)", weights=np.ones(3))
    with pytest.raises(DataError, match="weights must not be negative"):
        fitted("y ~ mlp(x, 3)", weights=-np.ones(ROWS))
    with pytest.raises(DataError, match="a formula needs data"):
        sd.fit("y ~ mlp(x, 3)")
    with pytest.raises(ModelError, match="epochs is for formulas with a network"):
        sd.fit("y ~ a*x", DATA, epochs=3)
    with pytest.raises(ModelError, match="which says nothing of a network"):
        sd.rank(["y ~ mlp(x, 3)", "y ~ a*x"], DATA)


def test_new_rows_that_the_network_cannot_read() -> None:
    fit = fitted("y ~ mlp(x, kind, 3)")
    with pytest.raises(DataError, match=r"'kind' has 'd' on row 2 of the data.*it knows 'a', 'b', 'c'"):
        fit.predict({"x": [1.0, 2.0], "kind": ["a", "d"]})
    with pytest.raises(DataError, match="'kind' is not in"):
        fit.predict({"x": [1.0]})
    with pytest.raises(DataError, match="missing"):
        fit.predict({"x": [np.nan], "kind": ["a"]})


def test_what_makes_no_sense_for_a_network_says_so() -> None:
    fit, classes = fitted("y ~ mlp(x, 3)"), fitted("kind ~ mlp(x, 3)")
    assert fit.standard_errors is None
    assert fit.covariance is None
    assert fit.confidence_intervals() is None
    for ask in (lambda: fit.profile("0.bias"), fit.bootstrap, fit.band, lambda: fit.predict(DATA, interval=0.95)):
        with pytest.raises(ModelError, match="no standard errors"):
            ask()
    with pytest.raises(ModelError, match="no degrees of freedom"):
        _ = fit.degrees_of_freedom
    with pytest.raises(ModelError, match=r"category\(y\)"):
        fit.predict_probabilities()
    with pytest.raises(ModelError, match=r"category\(y\)"):
        _ = fit.confusion
    with pytest.raises(ModelError, match=r"see fit.confusion"):
        _ = classes.residuals
    assert np.isnan(classes.r_squared)
    assert np.isnan(fit.accuracy)


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_numbers_of_any_size(scale: float) -> None:
    usual, extreme = fitted("y ~ mlp(x, 3)"), fitted("y ~ mlp(x, 3)", {"x": X * scale, "y": Y / 200 * scale})
    np.testing.assert_allclose(extreme.predicted / scale * 200, usual.predicted, rtol=1e-9)
    assert extreme.r_squared == pytest.approx(usual.r_squared)


def test_shapes_and_kinds_of_arrays_do_not_matter() -> None:
    usual = fitted("y ~ mlp(x, 3)")
    locked = X.copy()
    locked.flags.writeable = False
    for data in ({"x": X[:, None], "y": Y[:, None]}, {"x": np.repeat(X, 2)[::2], "y": Y}, {"x": locked, "y": Y}):
        assert np.array_equal(fitted("y ~ mlp(x, 3)", data).predicted, usual.predicted)
    fitted("y ~ mlp(x, 3)", {"x": X[:1], "y": Y[:1]})
    assert np.isnan(fitted("number(y) ~ mlp(x, 3)", {"x": X, "y": np.full(ROWS, 3.0)}).r_squared)
