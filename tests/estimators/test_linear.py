"""LinearRegressor and LogisticClassifier."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_classification
from sklearn.linear_model import HuberRegressor, LinearRegression, LogisticRegression

import steepest as sd
from steepest.estimators import LinearRegressor, LogisticClassifier

DIABETES = load_diabetes()
IRIS = load_iris()


def test_least_squares_are_those_of_scikit_learn():
    theirs = LinearRegression().fit(DIABETES.data, DIABETES.target)
    ours = LinearRegressor().fit(DIABETES.data, DIABETES.target)
    assert ours.coef_ == pytest.approx(theirs.coef_, rel=1e-3)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-6)
    assert ours.predict(DIABETES.data) == pytest.approx(DIABETES.data @ ours.coef_ + ours.intercept_)


def test_of_many_minima_it_is_the_one_of_the_smallest_coefficients():
    x = np.random.default_rng(0).standard_normal((10, 30))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    theirs = LinearRegression().fit(x, x[:, 0])
    assert LinearRegressor().fit(x, x[:, 0]).coef_ == pytest.approx(theirs.coef_, abs=1e-6)


def test_several_targets_and_weights():
    y, weights = np.column_stack([DIABETES.target, DIABETES.data[:, 2]]), np.random.default_rng(0).uniform(0, 1, 442)
    theirs = LinearRegression().fit(DIABETES.data, y, weights)
    ours = LinearRegressor().fit(DIABETES.data, y, weights)
    assert ours.coef_.shape == (2, 10)
    assert ours.predict(DIABETES.data) == pytest.approx(theirs.predict(DIABETES.data), rel=1e-3, abs=1e-3)


def test_a_robust_loss():
    x = np.random.default_rng(0).standard_normal((200, 2))
    y = x @ [2.0, -1.0] + 3
    y[:20] += 100
    ours = LinearRegressor(loss="huber(0.01)").fit(x, y)
    assert ours.coef_ == pytest.approx([2, -1], abs=0.02)
    assert ours.coef_ == pytest.approx(HuberRegressor().fit(x, y).coef_, abs=0.02)


def test_logistic_regression_arrives_where_scikit_learns_does():
    z = (IRIS.data - IRIS.data.mean(axis=0)) / IRIS.data.std(axis=0)
    # Its objective is the sum of the rows' losses and |w|² / (2 C).
    theirs = LogisticRegression(C=1 / (2 * 0.01 * 150), tol=1e-10).fit(z, IRIS.target)
    ours = LogisticClassifier(penalty=0.01, epochs=500).fit(IRIS.data, IRIS.target)
    assert ours.outcome_.name == "converged"
    assert ours.predict_proba(IRIS.data) == pytest.approx(theirs.predict_proba(z), abs=1e-5)


def test_scores_are_linear_in_the_users_units():
    two, three = load_breast_cancer(), IRIS
    for data in (two, three):
        model = LogisticClassifier().fit(data.data, data.target)
        scores = data.data @ model.coef_.T + model.intercept_
        assert model.decision_function(data.data) == pytest.approx(np.squeeze(scores), rel=1e-6, abs=1e-6)
        assert model.score(data.data, data.target) > 0.95


def test_many_rows_go_through_in_batches():
    x, y = make_classification(12_000, 20, random_state=0)
    model = LogisticClassifier(epochs=3, random_state=0).fit(x, y)
    assert len(model.history_) == 3 * 60
    assert model.score(x, y) == pytest.approx(LogisticRegression().fit(x, y).score(x, y), abs=0.005)


def test_a_rate_or_a_method_makes_it_a_descent():
    model = LogisticClassifier(learning_rate=0.1, epochs=5, random_state=0).fit(IRIS.data, IRIS.target)
    assert model.history_["rate"][0] == 0.1
    model = LogisticClassifier(method=sd.SGD(momentum=0.9), learning_rate=0.1, epochs=100).fit(IRIS.data, IRIS.target)
    assert model.score(IRIS.data, IRIS.target) > 0.9
    assert LogisticClassifier().partial_fit(IRIS.data, IRIS.target, [0, 1, 2]).n_iter_ == 1


def test_pickled():
    model = pickle.loads(pickle.dumps(LogisticClassifier().fit(IRIS.data, IRIS.target)))
    assert model.coef_.shape == (3, 4)
    assert "hidden" not in model.get_params()
