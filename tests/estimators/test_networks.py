"""NetworkRegressor and NetworkClassifier: networks as estimators."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import steepest as sd
from steepest.base.errors import DataError, ModelError
from steepest.estimators import NetworkClassifier, NetworkRegressor
from steepest.nn.place import as_place

RNG = np.random.default_rng(0)
X = RNG.uniform(-2, 2, (120, 2)) * [1.0, 50.0] + [3.0, -10.0]
Y = np.sin(X[:, 0]) + X[:, 1] / 40
IRIS = load_iris()
NAMES = IRIS.target_names[IRIS.target]


def regressor(**options):
    return NetworkRegressor(**{"hidden": (20,), "epochs": 50, "engine": "numpy", "random_state": 0, **options})


def classifier(**options):
    return NetworkClassifier(**{"hidden": (20,), "epochs": 50, "engine": "numpy", "random_state": 0, **options})


# ---- what is computed
def test_it_is_train_on_standardised_columns():
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    t = ((Y - Y.mean()) / Y.std())[:, None]
    steps = 50 * 2  # 120 rows in batches of 60
    run = sd.train(
        sd.MLP(2, [20], 1, "tanh"), z, t, method=sd.Adam(), learning_rate=sd.CosineDecay(0.01, steps), batch_size=60,
        steps=steps, seed=7,
    )  # fmt: skip
    model = regressor(activation="tanh", method=sd.Adam(), learning_rate=0.01, batch_size=60, random_state=7).fit(X, Y)
    assert {name: p.shape for name, p in model.params_.items()} == {name: p.shape for name, p in run.params.items()}
    for name, weights in run.params.items():
        assert model.params_[name] == pytest.approx(weights, rel=1e-6, abs=1e-9)
    predicted = run.predict(z)[:, 0] * Y.std() + Y.mean()
    assert model.predict(X) == pytest.approx(predicted, rel=1e-6, abs=1e-8)
    assert model.history_["loss"] == pytest.approx(run.history["loss"], rel=1e-6)
    assert model.n_iter_ == len(model.loss_curve_) == 50
    assert model.loss_curve_[3] == pytest.approx(run.history["loss"][6:8].mean(), rel=1e-6)
    assert model.outcome_.name == "out_of_steps"


def test_classes_too():
    z = (IRIS.data - IRIS.data.mean(axis=0)) / IRIS.data.std(axis=0)
    run = sd.train(
        sd.MLP(4, [20], 3), z, IRIS.target, loss="cross_entropy", method=sd.AdamW(weight_decay=0.4),
        learning_rate=sd.CosineDecay(0.02, 50), steps=50, seed=0,
    )  # fmt: skip
    model = classifier().fit(IRIS.data, NAMES)
    scores = run.predict(z)
    assert model.decision_function(IRIS.data) == pytest.approx(scores, rel=1e-6, abs=1e-8)
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert model.predict_proba(IRIS.data) == pytest.approx(chances, rel=1e-6)
    assert np.exp(model.predict_log_proba(IRIS.data)) == pytest.approx(chances, rel=1e-6)
    assert (model.predict(IRIS.data) == IRIS.target_names[scores.argmax(axis=1)]).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_both_engines_agree(dtype):
    slow, fast = (regressor(engine=engine, batch_size=50, dtype=dtype).fit(X, Y) for engine in ("numpy", "llvm"))
    assert fast.predict(X) == pytest.approx(slow.predict(X), rel=1e-6 if dtype == "float64" else 0.02, abs=1e-3)
    assert all(p.dtype == dtype for p in fast.params_.values())


def test_the_engine_that_pays_is_taken_in_silence(monkeypatch):
    monkeypatch.delenv("SD_ENGINE", raising=False)
    engines = []
    finish = sd.Run.finish
    monkeypatch.setattr(sd.Run, "finish", lambda run: (engines.append(run.engine), finish(run))[1])

    class Noisy(sd.Module):  # there is no machine code for draws of this kind
        def apply(self, params, state, x, key, training):
            return x + 0.01 * as_place(key).generator("noise").standard_normal(np.shape(x)[-1]), state

    regressor(engine=None, epochs=100).fit(X, Y)
    regressor(engine=None, epochs=101).fit(X, Y)
    regressor(engine="numpy", epochs=101).fit(X, Y)
    regressor(engine=None, epochs=101, activation=Noisy()).fit(X, Y)
    assert engines == ["numpy", "llvm", "numpy", "numpy"]
    monkeypatch.setenv("SD_ENGINE", "numpy")
    regressor(engine=None, epochs=101).fit(X, Y)
    assert engines[-1] == "numpy"


def test_units_of_columns_and_target_do_not_matter():
    one = regressor().fit(X, Y)
    other = regressor().fit(X * [1e6, 1e-6] + [0, 3], 1e5 * Y - 4)
    assert other.predict(X * [1e6, 1e-6] + [0, 3]) == pytest.approx(1e5 * one.predict(X) - 4, rel=1e-4)


def test_without_standardising():
    model = regressor(standardise=False, epochs=2).fit(X / 100, Y)
    net = sd.MLP(2, [20], 1)
    assert model.predict(X / 100) == pytest.approx(net(model.params_, {}, X / 100, 0, False)[0][:, 0])


def test_at_least_as_good_as_scikit_learns_network_in_half_the_epochs():
    # The scores of MLPRegressor and MLPClassifier with the same layer and 200 epochs are below 0.95 and 0.98 here.
    assert NetworkRegressor(engine="numpy", random_state=0).fit(X, Y).score(X, Y) > 0.99
    assert NetworkClassifier(engine="numpy", random_state=0).fit(IRIS.data, NAMES).score(IRIS.data, NAMES) > 0.97


# ---- rows and weights
@pytest.mark.parametrize("engine", ["llvm", "numpy"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rows_of_weight_zero_are_as_good_as_not_there(engine, dtype):
    rng = np.random.default_rng(0)
    places = rng.permutation(520)  # of 450 rows that count, in batches of 200, and of 70 that do not
    x = np.vstack([rng.standard_normal((450, 2)), rng.standard_normal((70, 2)) + 100])[places]
    y, weights = np.append(np.ones(450), np.full(70, 1e6))[places] + x[:, 0], np.repeat([2.0, 0.0], [450, 70])[places]
    counts = weights > 0
    alone = regressor(engine=engine, dtype=dtype, epochs=9).fit(x[counts], y[counts])
    assert (regressor(engine=engine, dtype=dtype, epochs=9).fit(x, y, weights).predict(x) == alone.predict(x)).all()


def test_a_class_that_does_not_count_is_no_class():
    weights = (IRIS.target < 2).astype(float)
    assert classifier().fit(IRIS.data, NAMES, weights).classes_.tolist() == ["setosa", "versicolor"]


def test_weights_pull():
    weights = np.where(Y > 0, 1000.0, 1.0)
    error = lambda model: np.abs(model.predict(X) - Y)[Y > 0].mean()
    assert error(regressor(hidden=(2,)).fit(X, Y, weights)) < error(regressor(hidden=(2,)).fit(X, Y))


@pytest.mark.parametrize("size", [1e-300, 1e308])
def test_weights_are_relative(size):
    weights = RNG.uniform(0.1, 1, 120)
    one = regressor(epochs=5).fit(X, Y, weights)
    assert regressor(epochs=5).fit(X, Y, weights * size).predict(X) == pytest.approx(one.predict(X), rel=1e-6)


def test_labels_of_any_kind():
    for labels in (NAMES.astype(object), IRIS.target.astype(float) - 1, IRIS.target > 0, pd.Series(NAMES)):
        model = classifier().fit(IRIS.data, labels)
        assert (model.classes_ == np.unique(labels)).all()
        assert model.score(IRIS.data, labels) > 0.8


def test_two_classes_have_one_score():
    model = classifier().fit(IRIS.data, IRIS.target == 0)
    scores = model.decision_function(IRIS.data)
    assert scores.shape == (150,)
    assert model.predict_proba(IRIS.data)[:, 1] == pytest.approx(1 / (1 + np.exp(-scores)))


def test_probabilities_of_far_away_rows_are_numbers():
    chances = classifier().fit(IRIS.data, NAMES).predict_proba(1e6 * IRIS.data)
    assert np.isfinite(chances).all()
    assert chances.sum(axis=1) == pytest.approx(1)


def test_several_targets():
    model = regressor().fit(X, np.column_stack([Y, -1000 * Y]))
    assert model.predict(X).shape == (120, 2)
    assert model.score(X, np.column_stack([Y, -1000 * Y])) > 0.9
    assert regressor(epochs=1).fit(X, Y[:, None]).predict(X).shape == (120, 1)


@pytest.mark.parametrize(("rows", "steps"), [(200, 1), (201, 2), (400, 2), (401, 3)])
def test_batches_have_at_most_200_rows_and_are_of_one_size(rows, steps):
    x = np.arange(rows, dtype=float)[:, None]
    model = regressor(epochs=1).fit(x, x[:, 0])
    assert len(model.history_) == steps
    assert len(regressor(epochs=1, batch_size=1000).fit(x, x[:, 0]).history_) == 1
    assert len(regressor(epochs=1, batch_size=100).fit(x, x[:, 0]).history_) == -(-rows // 100)


def test_many_rows_are_predicted_in_pieces():
    model = regressor(epochs=2).fit(X, Y)
    x = RNG.standard_normal((10_000, 2))
    assert model.predict(x)[[0, 4095, 4096, 9999]] == pytest.approx(model.predict(x[[0, 4095, 4096, 9999]]))


# ---- going on
def test_partial_fit_goes_on_where_it_was():
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    t = ((Y - Y.mean()) / Y.std())[:, None]
    rule, batches = sd.AdamW(weight_decay=0.4), sd.Batches(60)
    model = regressor(batch_size=60)
    for _ in range(3):
        model.partial_fit(X, Y)
    net = sd.MLP(2, [20], 1)
    problem = sd.Problem(net, net.init(sd.Key(0))[0], z, t, state={})
    run = sd.Run(problem, sd.Descent(rule, 0.02, batches), steps=6).finish()  # three epochs in one go
    for name, weights in run.params.items():
        assert model.params_[name] == pytest.approx(weights, rel=1e-6, abs=1e-9)
    assert model.n_iter_ == 3
    assert model.history_["step"].tolist() == list(range(6))


def test_partial_fit_learns_from_a_stream():
    model = classifier(hidden=(50,))
    for epoch in range(30):
        for part in np.array_split(np.random.default_rng(epoch).permutation(150), 7):
            model.partial_fit(IRIS.data[part], NAMES[part], classes=IRIS.target_names)
    assert model.score(IRIS.data, NAMES) > 0.95
    assert model.n_iter_ == 30 * 7
    assert classifier().partial_fit(IRIS.data[:1], NAMES[:1], IRIS.target_names).predict_proba(IRIS.data).shape == (
        150,
        3,
    )


def test_partial_fit_says_what_it_needs():
    with pytest.raises(ModelError, match="must name all classes"):
        classifier().partial_fit(IRIS.data, NAMES)
    with pytest.raises(DataError, match="y holds virginica, which is none of the classes setosa, versicolor"):
        classifier().partial_fit(IRIS.data, NAMES, ["setosa", "versicolor"])
    with pytest.raises(ModelError, match="the classes are setosa, versicolor, virginica since the first call"):
        classifier().fit(IRIS.data, NAMES).partial_fit(IRIS.data, NAMES, ["setosa", "virginica"])


def test_warm_start_goes_on():
    model = regressor(warm_start=True, epochs=5).fit(X, Y)
    before = model.history_["loss"][-1]
    assert model.fit(X, Y).history_["loss"][0] < before
    cold = regressor(epochs=5).fit(X, Y)
    assert (cold.fit(X, Y).predict(X) == regressor(epochs=5).fit(X, Y).predict(X)).all()


def test_patience_holds_rows_out_and_restores_the_best():
    noise = np.random.default_rng(1).standard_normal(120)
    model = regressor(hidden=(100,), epochs=2000, patience=10, validation_fraction=0.3).fit(X, noise)
    assert model.outcome_.name == "stopped_early"
    assert model.n_iter_ < 2000
    assert model.score(X, noise) < 0.5  # it did not learn the noise by heart


def test_methods_that_see_all_rows():
    model = NetworkRegressor((10,), activation="tanh", method="lbfgs", epochs=60, random_state=0).fit(X, Y)
    assert model.score(X, Y) > 0.99
    assert model.n_iter_ <= 60


# ---- scikit-learn's ways
def test_the_random_state_is_the_seed():
    assert (regressor(epochs=3).fit(X, Y).predict(X) == regressor(epochs=3).fit(X, Y).predict(X)).all()
    assert (regressor(epochs=3, random_state=1).fit(X, Y).predict(X) != regressor(epochs=3).fit(X, Y).predict(X)).any()
    states = [np.random.RandomState(5) for _ in range(2)]
    one, other = (regressor(epochs=3, random_state=state).fit(X, Y).predict(X) for state in states)
    assert (one == other).all()
    np.random.seed(3)
    one = regressor(epochs=3, random_state=None).fit(X, Y).predict(X)
    assert (one != regressor(epochs=3, random_state=None).fit(X, Y).predict(X)).any()


@pytest.mark.parametrize("again", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
def test_pickled_without_its_data(again):
    x = RNG.standard_normal((5000, 2))
    model = regressor(epochs=1).fit(x, x[:, 0])
    assert len(pickle.dumps(model)) < 20_000
    assert (again(model).predict(X) == model.predict(X)).all()
    assert again(model).partial_fit(X, Y).n_iter_ == 2


def test_pipelines_searches_and_frames():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), classifier(epochs=20)),
        {"networkclassifier__hidden": [(), (20,)], "networkclassifier__method": [sd.Adam(), "momentum"]},
        cv=2,
    ).fit(IRIS.data, NAMES)
    assert search.best_score_ > 0.9
    assert cross_val_score(regressor(), X, Y, cv=3).mean() > 0.8
    assert cross_val_predict(classifier(), IRIS.data, NAMES, method="predict_proba", cv=2).shape == (150, 3)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_data_frames(frame):
    data = frame({"p": X[:, 0], "q": X[:, 1]})
    model = regressor(epochs=3).fit(data, data["q"])
    assert model.feature_names_in_.tolist() == ["p", "q"]
    assert model.predict(data) == pytest.approx(regressor(epochs=3).fit(X, X[:, 1]).predict(X), rel=1e-9)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(data[["q", "p"]])
    name = "pandas" if frame is pd.DataFrame else "polars"
    pipeline = make_pipeline(StandardScaler(), regressor(epochs=3)).set_output(transform=name).fit(data, Y)
    assert pipeline[-1].feature_names_in_.tolist() == ["p", "q"]


def test_clone_and_parameters():
    model = regressor(method=sd.AdamW(weight_decay=0.3), penalty=sd.L1(1e-3), activation=sd.Tanh()).fit(X, Y)
    assert not hasattr(clone(model), "params_")
    assert (clone(model).fit(X, Y).predict(X) == model.predict(X)).all()
    assert repr(NetworkRegressor((5,), epochs=3)) == "NetworkRegressor(epochs=3, hidden=(5,))"


def test_it_goes_where_scikit_learns_own_goes():
    theirs = MLPClassifier((20,), max_iter=10, random_state=0)
    for model in (theirs, classifier(epochs=10)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = model.fit(IRIS.data, NAMES)
        assert fitted.n_iter_ == 10
        assert fitted.n_features_in_ == 4
        assert len(fitted.loss_curve_) == 10
        assert fitted.classes_.tolist() == sorted(set(NAMES))


# ---- what cannot be used
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"hidden": (3.5,)}, "hidden size must be a whole number"),
        ({"hidden": None}, "hidden size"),
        ({"activation": "rel"}, "Did you mean 'relu'"),
        ({"loss": "hubr"}, "Did you mean 'huber'"),
        ({"loss": "rmse", "batch_size": 20}, "rmse works on all rows at once"),
        ({"method": "admm"}, "Did you mean 'adam'"),
        ({"method": "lbfgs", "learning_rate": 0.1}, "lbfgs takes no learning rate"),
        ({"method": "lbfgs", "batch_size": 10}, "lbfgs takes no batch size"),
        ({"learning_rate": -1}, "learning rate"),
        ({"batch_size": 0}, "batch size"),
        ({"batch_size": "auto"}, "batch size"),
        ({"epochs": 0}, "epochs must be a whole number"),
        ({"epochs": None}, "epochs must be a whole number"),
        ({"penalty": -1}, "strength of L2"),
        ({"penalty": "x"}, "a penalty is a function"),
        ({"patience": 0}, "patience"),
        ({"patience": 2, "validation_fraction": 2}, "holds out a fraction"),
        ({"dtype": "float16"}, "unknown dtype 'float16'"),
        ({"engine": "gpu"}, "unknown engine"),
        ({"random_state": "x"}, "seed"),
    ],
)
def test_parameters_that_cannot_be_used(options, words):
    with pytest.raises(ValueError, match=words):
        regressor(**options).fit(X, Y)


def test_data_that_cannot_be_used():
    with pytest.raises(ValueError, match="Input X contains NaN"):
        regressor().fit(np.full((5, 1), np.nan), np.ones(5))
    with pytest.raises(DataError, match="only one class among the rows that count, a: nothing"):
        classifier().fit(X, np.full(120, "a"))
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        classifier().fit(X, Y)
    with pytest.raises(DataError, match=r"must not be negative; row 3 has -1"):
        regressor().fit(X, Y, np.where(np.arange(120) == 2, -1, 1))
    with pytest.raises(ValueError, match="zero"):
        regressor().fit(X, Y, np.zeros(120))
    with pytest.raises(TypeError, match="Sparse data was passed"):
        regressor().fit(csr_array(X), Y)
    with pytest.raises(NotFittedError):
        classifier().predict_proba(X)


def test_a_fit_that_failed_is_no_fit():
    model = regressor(loss="cross_entropy")
    with pytest.raises(DataError):
        model.fit(X, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_a_descent_that_ends_badly_warns():
    model = regressor(method="gradient_descent", learning_rate=1e6)
    with pytest.warns(ConvergenceWarning, match="Lower the learning rate"):
        model.fit(X, Y)
    assert model.outcome_.name in ("diverged", "non_finite")
    assert np.isfinite(model.predict(X)).all()
