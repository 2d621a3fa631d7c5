"""Laws with a learned remainder."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import DataError, ModelError
from steepest.fitting.networks.law import Law
from steepest.fitting.networks.result import NetworkFit

DRAWS = np.random.default_rng(8)
ROWS = 300
T = DRAWS.uniform(1990, 2020, ROWS)
X = DRAWS.uniform(-2, 2, ROWS)
Z = DRAWS.uniform(-2, 2, ROWS)
REMAINDER = 40 * np.tanh(X) * Z
Y = 5000 + 1.7 * T + REMAINDER + DRAWS.standard_normal(ROWS)
DATA = {"t": T, "x": X, "z": Z, "y": Y}


def fitted(formula: str, data: object = None, **options: object) -> NetworkFit:
    found = sd.fit(formula, DATA if data is None else data, **options)  # type: ignore[arg-type]
    assert isinstance(found, NetworkFit)
    return found


def test_a_known_law_and_a_learned_remainder() -> None:
    fit = fitted("y ~ a*t + mlp(x, z, 16, activation=tanh)", epochs=600)
    # Known to 1/(8.7*sqrt(255)) = 0.007 by the rows learned from if the remainder were known; it is learned to about 2.
    assert fit.law["a"] == pytest.approx(1.7, abs=0.05)
    assert fit.rmse < 4
    without = sd.fit("y ~ a*t + b", DATA)
    assert fit.rmse < 0.15 * without.residual_standard_deviation
    assert fit.params["a"] == fit.law["a"]
    assert fit.params["mlp.0.weight"].shape == (16, 2)
    assert "law" not in fit.params
    assert fit.remarks == []


def test_it_begins_as_the_formula_fits_with_a_constant() -> None:
    fit = fitted("y ~ a*t + mlp(x, 4)", epochs=None, steps=0, validation=0.0)
    plain = sd.fit("y ~ a*t + b", DATA)
    assert fit.law["a"] == pytest.approx(plain.params["a"], rel=1e-9)
    np.testing.assert_allclose(fit.predicted, plain.predicted, rtol=1e-12)


def test_predictions_follow_from_parameters_by_hand() -> None:
    fit = fitted("y ~ exp(-b*(t - 1990)/30)*mlp(x, 3, activation=tanh) + 8*t", epochs=3)
    law = fit.net
    assert isinstance(law, Law)
    learned = fit.training_rows
    hidden = np.tanh(
        ((X - X[learned].mean()) / X[learned].std())[:, None] @ fit.params["mlp.0.weight"].T + fit.params["mlp.0.bias"]
    )
    constant = law.values(fit.run.params)["mlp"]
    network = constant + law.units["mlp"] * (hidden @ fit.params["mlp.2.weight"][0] + fit.params["mlp.2.bias"])
    np.testing.assert_allclose(fit.predicted, np.exp(-fit.law["b"] * (T - 1990) / 30) * network + 8 * T, rtol=1e-12)


def test_the_units_of_the_data_do_not_matter() -> None:
    usual = fitted("y ~ a*t + mlp(x, 4)", epochs=20)
    other = fitted("y ~ a*t + mlp(x, 4)", {"t": T / 1024, "x": X * 64, "y": Y * 4096}, epochs=20)
    assert other.law["a"] == pytest.approx(usual.law["a"] * 4096 * 1024, rel=1e-6)
    np.testing.assert_allclose(other.predicted, usual.predicted * 4096, rtol=1e-6)


def test_fixed_and_tied_parameters() -> None:
    fit = fitted("y ~ a*t + b*x + mlp(z, 4)", epochs=3, fix={"b": 2.0})
    assert fit.law["b"] == 2.0
    assert fit.constraints.word("b")
    tied = fitted("y ~ a*t + b*x + mlp(z, 4)", epochs=3, tie="b = 3*a")
    assert tied.law["b"] == pytest.approx(3 * tied.law["a"])
    everything = fitted("y ~ a*t + mlp(z, 4)", epochs=3, fix={"a": 1.7})
    assert everything.law == {"a": 1.7}
    with pytest.raises(ModelError, match="'mlp', which is a network"):
        fitted("y ~ a*t + mlp(z, 4)", fix={"mlp": 1.0})
    with pytest.raises(ModelError, match="fix names 'q', which is not a parameter"):
        fitted("y ~ a*t + mlp(z, 4)", fix={"q": 1.0})


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("y ~ mlp(x, 3)*mlp(z, 3) + a*t", ["mlp1", "mlp2"]),
        ("y ~ mlp*t + mlp(x, 3)", ["mlp_"]),
        ("y ~ exp(mlp(x, 3))", ["mlp"]),
        ("y ~ where(t > 2000, a, mlp(x, 3))", ["mlp"]),
        ("y ~ t + mlp(x, 3)", ["mlp"]),
    ],
)
def test_networks_anywhere_in_a_formula(formula: str, names: list[str]) -> None:
    fit = fitted(formula, epochs=3)
    assert list(fit.network.encoders) == names
    assert np.isfinite(fit.predicted).all()
    assert np.array_equal(fit.predict(DATA), fit.predicted)


def test_what_the_data_do_not_tell_apart_is_remarked() -> None:
    level = fitted("y ~ a + b*t + mlp(x, 3)", epochs=30)
    assert any("What the data say of a depends on the level of the network" in remark for remark in level.remarks)
    shared = fitted("y ~ b*x + mlp(x, z, 3)", epochs=30)
    assert any("The network reads x, too" in remark for remark in shared.remarks)


def test_text_columns_and_missing_cells_in_a_law() -> None:
    data = {**DATA, "place": np.where(X > 0, "here", "there")}
    fit = fitted("y ~ a*t + mlp(place, z, 3)", data, epochs=3)
    assert fit.network.kinds == {"t": "number", "place": "category", "z": "number"}
    with pytest.raises(DataError, match="'place' is missing"):
        fitted("y ~ a*t + mlp(place, 3)", {**data, "place": [None, *data["place"][1:]]})
    with pytest.raises(DataError, match="where a number belongs"):
        fitted("y ~ a*place + mlp(x, 3)", data)
