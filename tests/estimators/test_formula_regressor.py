"""FormulaRegressor: formulas as estimators."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import steepest as sd
from steepest.base.errors import DataError, FormulaError, ModelError
from steepest.estimators import FormulaRegressor

T = np.linspace(0, 5, 40)
COUNT = 3 * np.exp(-0.7 * T) + 0.2 + 0.05 * np.random.default_rng(0).standard_normal(40)
X = T[:, None]


def test_it_is_the_fit():
    model = FormulaRegressor("y ~ a*exp(-b*x0) + c").fit(X, COUNT)
    fit = sd.fit("count ~ a*exp(-b*t) + c", {"t": T, "count": COUNT})
    assert model.params_ == pytest.approx(fit.params, rel=1e-12)
    assert model.errors_ == pytest.approx(fit.standard_errors, rel=1e-9)
    assert model.predict([[6.0]]) == pytest.approx(fit.predict({"t": [6.0]}), rel=1e-12)
    assert model.outcome_.name == "converged"
    assert model.n_iter_ == len(model.history_) == model.fit_.steps
    assert model.score(X, COUNT) == pytest.approx(fit.r_squared, rel=1e-12)


def test_nist_misra1a():
    table = pd.read_csv("examples/data/misra1a.csv", comment="#")
    model = FormulaRegressor("volume ~ a*(1 - exp(-b*pressure))").fit(table[["pressure"]], table["volume"])
    assert f"{model.params_['a']:.8f}" == "238.94212918"


def test_what_is_known_beforehand():
    model = FormulaRegressor("y ~ a*exp(-b*x0) + c", fix={"c": 0.2}, tie="a = 4*b", bounds="b > 0").fit(X, COUNT)
    assert model.params_["c"] == 0.2
    assert model.params_["a"] == pytest.approx(4 * model.params_["b"], rel=1e-12)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_columns_of_a_data_frame_by_name(frame):
    data = frame({"other": T**2, "t": T})
    model = FormulaRegressor("y ~ a*exp(-b*t) + c").fit(data, COUNT)
    assert model.feature_names_in_.tolist() == ["other", "t"]
    assert model.predict(data) == pytest.approx(FormulaRegressor("y ~ a*exp(-b*x0) + c").fit(X, COUNT).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(data.rename({"t": "time"}) if frame is pl.DataFrame else data.rename(columns={"t": "time"}))


def test_where_names_are_used_x0_is_a_parameter():
    data = pd.DataFrame({"dose": T, "x1": T})
    y = 1 / (1 + np.exp(-2 * (T - 2.5)))
    model = FormulaRegressor("y ~ 1/(1 + exp(-k*(dose - x0)))").fit(data, y)
    assert model.params_ == pytest.approx({"k": 2.0, "x0": 2.5}, rel=1e-6)


def test_a_frame_none_of_whose_columns_is_named_goes_by_places():
    assert FormulaRegressor("y ~ a + b*x1").fit(
        pd.DataFrame({"p": T, "q": T**2}), 1 + 2 * T**2
    ).params_ == pytest.approx({"a": 1.0, "b": 2.0})


def test_the_left_side_is_undone():
    y = np.exp(1 + 0.5 * T)
    model = FormulaRegressor("log(y) ~ a + b*x0").fit(X, y)
    assert model.params_ == pytest.approx({"a": 1.0, "b": 0.5})
    assert model.predict(X) == pytest.approx(y)


def test_a_formula_without_columns():
    assert FormulaRegressor("y ~ c").fit(X, COUNT).predict(np.zeros((3, 1))) == pytest.approx([COUNT.mean()] * 3)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("y ~ a + b*x3", r"names x3, but X has 1 column, x0\. Give"),
        ("y ~ a*y", "names y on both sides"),
        ("y**2 ~ a + b*x0", "log"),
        ("y + z ~ a + b*x0", "must be the target"),
        ("a + b*x0", "A formula says what is fitted"),
        ("y ~ x0", "nothing to fit"),
        ("y ~ a + `b`*x0", "no column 'b'"),
    ],
)
def test_formulas_that_cannot_be_used(formula, words):
    with pytest.raises(FormulaError, match=words):
        FormulaRegressor(formula).fit(X, COUNT)


def test_other_errors_name_what_is_wrong():
    with pytest.raises(ModelError, match="fix names 'q'"):
        FormulaRegressor("y ~ a + b*x0", fix={"q": 1}).fit(X, COUNT)
    with pytest.raises(DataError, match="2 rows cannot determine 3 parameters"):
        FormulaRegressor("y ~ a + b*x0 + c*x0**2").fit(X[:2], COUNT[:2])
    with pytest.raises(ValueError, match="Input X contains NaN"):
        FormulaRegressor("y ~ a + b*x0").fit(np.full((5, 1), np.nan), np.ones(5))
    with pytest.raises(NotFittedError):
        FormulaRegressor("y ~ a + b*x0").predict(X)
    with pytest.warns(DataConversionWarning):
        FormulaRegressor("y ~ a + b*x0").fit(X, COUNT[:, None])


def test_a_descent_that_ends_badly_warns():
    model = FormulaRegressor("y ~ a + b*x0", method="gradient_descent", learning_rate=10.0)
    with pytest.warns(ConvergenceWarning, match="the loss grew"):
        model.fit(X, COUNT)
    assert model.outcome_.name == "diverged"


def test_rows_of_weight_zero_are_as_good_as_not_there():
    bad = np.append(COUNT, [1e6, np.pi])
    weighted = FormulaRegressor("y ~ a*exp(-b*x0) + c").fit(
        np.append(X, [[1.0], [2.0]], axis=0), bad, sample_weight=np.append(np.ones(40), [0, 0])
    )
    assert weighted.params_ == FormulaRegressor("y ~ a*exp(-b*x0) + c").fit(X, COUNT).params_


@pytest.mark.parametrize("size", [1e-300, 1.0, 1e308])
def test_weights_are_relative(size):
    weights = np.arange(1.0, 41.0) / 40
    one = FormulaRegressor("y ~ a + b*x0").fit(X, COUNT, weights).params_
    assert FormulaRegressor("y ~ a + b*x0").fit(X, COUNT, weights * size).params_ == pytest.approx(one, rel=1e-9)


@pytest.mark.parametrize("again", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
def test_pickled_without_its_data(again):
    x = np.linspace(0, 5, 20_000)[:, None]
    model = FormulaRegressor("y ~ a*exp(-b*x0) + c").fit(
        x, 3 * np.exp(-0.7 * x[:, 0]) + 0.2 + 0.01 * np.sin(99 * x[:, 0])
    )
    assert len(pickle.dumps(model)) < 20_000
    other = again(again(model))
    assert (other.predict(x) == model.predict(x)).all()
    assert other.params_ == model.params_
    here, there = (m.fit_.predict({"x0": [1.0]}, interval=0.95) for m in (model, other))
    assert there.low == pytest.approx(here.low, rel=1e-9)


def test_clone_forgets_the_fit():
    model = FormulaRegressor("y ~ a + b*x0", bounds={"b": (0, None)}).fit(X, COUNT)
    assert not hasattr(clone(model), "params_")
    assert clone(model).get_params() == model.get_params()


def test_pipelines_and_searches():
    scores = cross_val_score(FormulaRegressor("y ~ a*exp(-b*x0) + c"), X, COUNT, cv=4)
    assert len(scores) == 4
    formulas = ["y ~ a + b*x0", "y ~ a*exp(-b*x0) + c", "y ~ a + b*x0 + c*x0**2"]
    search = GridSearchCV(FormulaRegressor(formulas[0]), {"formula": formulas}, cv=4).fit(X, COUNT)
    assert search.best_params_ == {"formula": formulas[1]}
    for frame in ("pandas", "polars"):
        pipeline = make_pipeline(StandardScaler(), FormulaRegressor("y ~ a*exp(-b*t) + c")).set_output(transform=frame)
        pipeline.fit(pd.DataFrame({"t": T}), COUNT)
        assert pipeline[-1].feature_names_in_.tolist() == ["t"]
        assert pipeline.score(pd.DataFrame({"t": T}), COUNT) > 0.98
