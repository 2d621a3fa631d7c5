"""Fits with networks in their formulas, exported with everything that a prediction needs."""

from __future__ import annotations

import re

import numpy as np
import pytest

import steepest as sd
from exports.isolated import functions_of, run_isolated

RNG = np.random.default_rng(3)
N = 90
X = RNG.normal(size=N)
T = np.linspace(0.5, 5, N)
KIND = np.array(["red", "green", "dark blue"], dtype=object)[RNG.integers(0, 3, N)]
CODE = RNG.integers(1, 4, N)
DATA = {
    "x": X, "t": T, "kind": KIND, "code": CODE, "flag": X > 0,
    "side": np.where(X + (KIND == "red") > 0.4, "yes", "no"),
    "grade": CODE + (X > 0),
    "z": 2 * T + np.sin(2 * X) + (KIND == "red"),
}  # fmt: skip

FORMULAS = {
    "classes": "side ~ mlp(x, exp(x), kind, 5)",
    "number": "z ~ mlp(x, t, category(code), kind, 6, activation=gelu, dropout=0.1)",
    "numbers as classes": "category(grade) ~ mlp(x, code, flag, 4)",
    "transformed": "log(z + 3) ~ mlp(x, t, 4)",
    "law": "z ~ a*t**b + mlp(x, kind, 6, activation=tanh)",
    "two": "z ~ a + b*mlp(x, 4)*t + mlp(t, kind, 3)",
}


@pytest.fixture(scope="module")
def fits():
    return {name: sd.fit(formula, DATA, epochs=8) for name, formula in FORMULAS.items()}


def given(model):
    return {name: DATA[name] for name in model.columns}


def close(found, expected):
    """To the last bits of what is largest."""
    expected = np.asarray(expected)
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-15, atol=4e-15 * np.abs(expected).max())


@pytest.mark.parametrize("name", FORMULAS)
def test_python_predicts_the_same(fits, name, tmp_path):
    fit = fits[name]
    space = functions_of(fit.to_python())
    columns = given(fit.network)
    close(space["predict"](**columns), fit.predict())
    if fit.classes is not None:
        close(space["probabilities"](**columns), fit.predict_probabilities())
    fit.save(tmp_path / "model.json")
    saved = functions_of(sd.load(tmp_path / "model.json").to_python())
    close(saved["predict"](**columns), fit.predict())
    one = {key: column[0] for key, column in columns.items()}
    close(space["predict"](**one), fit.predict()[:1])


def test_python_runs_where_steepest_is_not(fits, tmp_path):
    fit = fits["law"]
    fit.to_python(tmp_path / "law.py")
    kinds = KIND.astype(str)
    by_name = {"t": T, "x": X, "kind": kinds}
    close(run_isolated(tmp_path / "law.py", *(by_name[name] for name in fit.network.columns)), fit.predict())


def test_python_refuses_levels_that_were_not_learned(fits):
    predict = functions_of(fits["classes"].to_python())["predict"]
    with pytest.raises(ValueError, match="'purple' is not among the levels"):
        predict(x=[0.0, 1.0], kind=["red", "purple"])


def test_float32_weights(tmp_path):
    x = RNG.normal(size=(40, 2))
    fit = sd.fit("y ~ mlp(x0, x1, 3)", {"x0": x[:, 0], "x1": x[:, 1], "y": x[:, 0] ** 2}, epochs=2)
    fit.save(tmp_path / "m.json")
    saved = sd.load(tmp_path / "m.json")
    saved.weights.update({name: w.astype(np.float32) for name, w in saved.weights.items()})
    space = functions_of(saved.to_python())
    assert space["WEIGHTS"]["0.weight"].dtype == np.float32
    np.testing.assert_allclose(space["predict"](*x.T), saved.predict({"x0": x[:, 0], "x1": x[:, 1]}), rtol=1e-6)


@pytest.mark.parametrize("name", FORMULAS)
def test_onnx_predicts_the_same(fits, name, tmp_path):
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    fit = fits[name]
    fit.to_onnx(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    columns = {k: v if v.dtype == object else v.astype(float) for k, v in given(fit.network).items()}
    columns = {
        k: v.astype(object) if fit.network.kinds[k] == "category" and k == "kind" else v for k, v in columns.items()
    }
    found = dict(zip((o.name for o in session.get_outputs()), session.run(None, columns), strict=True))
    said = found[fit.target_text]
    if fit.classes is None:
        np.testing.assert_allclose(said, fit.predict(), rtol=1e-10)
        return
    np.testing.assert_array_equal(said, fit.predict())
    np.testing.assert_allclose(found["probabilities"], fit.predict_probabilities(), rtol=1e-10)
    if "kind" in columns:
        columns["kind"] = np.array(["purple", *KIND[1:]], dtype=object)
        found = dict(zip((o.name for o in session.get_outputs()), session.run(None, columns), strict=True))
        assert np.isnan(found["probabilities"][0]).all()
        assert found[fit.target_text][0] == ""
        np.testing.assert_array_equal(found[fit.target_text][1:], fit.predict()[1:])


def test_latex_names_what_networks_read(fits):
    assert fits["two"].to_latex() == (
        r"z = a + b \mathrm{mlp1}\left(x\right) t + \mathrm{mlp2}\left(t, \mathrm{kind}\right)"
    )
    assert fits["classes"].to_latex() == r"\mathrm{side} = \mathrm{mlp}\left(x, e^{x}, \mathrm{kind}\right)"
    with pytest.raises(sd.ModelError, match="too many numbers"):
        fits["classes"].to_latex(values="plain")


def test_a_column_of_the_name_of_something_in_the_file():
    data = {"features": X, "outputs": KIND, "WEIGHTS": X**2 + 0.1 * T}
    fit = sd.fit("WEIGHTS ~ mlp(features, outputs, 3)", data, epochs=2)
    source = fit.to_python()
    assert re.search(r"def predict\(features_, outputs_\)", source)
    close(functions_of(source)["predict"](X, KIND), fit.predict())
