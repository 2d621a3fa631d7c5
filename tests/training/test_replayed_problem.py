"""Replays have the bits of the graph, say what it says, and are for models that say what they are."""

import copy
import pickle

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import DataError
from steepest.nn.penalties import L1, L2
from steepest.training import replayed_problem
from steepest.training.problem import Problem
from steepest.training.replayed_problem import FIRST, MOST_ROWS, ReplayedProblem, can_be_replayed
from steepest.training.run import Run

RNG = np.random.default_rng(1)


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(replayed_problem, "_known", replayed_problem._known.__class__())


def problem(loss="mse", rows=40, dtype=np.float64, weights=None, penalty=None, outputs=2, **options):
    net = sd.MLP(3, [4], outputs, "tanh")
    start = {name: x.astype(dtype) for name, x in net.init(sd.Key(3))[0].items()}
    x = RNG.normal(size=(rows, 3)).astype(dtype)
    labels = loss == "cross_entropy"
    y = np.arange(rows) % outputs if labels else RNG.normal(size=(rows, outputs)).astype(dtype)
    made = Problem(net, start, x, y, loss=loss, weights=weights, penalty=penalty, **options)
    made.recipe = ("test", outputs)
    return made


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", ["mse", "rmse", "huber", "log_cosh", "cross_entropy"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("penalty", "reduction"), [(None, "mean"), (L2(0.1), "sum"), (L1(0.1), "mean")])
def test_slopes_have_the_bits_of_the_graph(loss, dtype, weighted, penalty, reduction):
    weights = RNG.uniform(size=40) if weighted else None
    one = problem(loss, dtype=dtype, weights=weights, penalty=penalty, reduction=reduction)
    replayed = ReplayedProblem(one)
    points = [one.start.replaced(one.start.flat * k) for k in (1.0, 0.0, -3.0, 1e3, 1e30, np.nan, 0.5, 2.0)]
    for point in points * 2:
        (value, slope), (wanted, its_slope) = replayed.value_and_gradient(point), one.value_and_gradient(point)
        assert np.array_equal(value, wanted, equal_nan=True)
        assert slope.dtype == its_slope.dtype
        assert np.array_equal(slope, its_slope, equal_nan=True)
    assert replayed._ready is not None


def test_other_rows_share_a_recording_and_not_their_data():
    first, second = problem(), problem()
    for each in (first, second):
        replayed = ReplayedProblem(each)
        for _ in range(FIRST + 2):
            found = replayed.value_and_gradient(each.start)
        assert found[0] == each.value_and_gradient(each.start)[0]
    assert len(replayed_problem._known) == 1
    ReplayedProblem(problem(rows=41)).value_and_gradient(first.start)
    assert len(replayed_problem._known) == 1  # it is not recorded at the first slope


def test_labels_beyond_the_scores_are_named_by_a_known_recording():
    good = ReplayedProblem(problem("cross_entropy"))
    for _ in range(FIRST + 1):
        good.value_and_gradient(good.start)
    bad = problem("cross_entropy")
    bad.data.target[4] = 7
    with pytest.raises(DataError, match="row 5"):
        ReplayedProblem(bad).value_and_gradient(bad.start)


def test_runs_are_those_of_the_graph(monkeypatch):
    one = problem("cross_entropy", outputs=3, penalty=L2(1e-3))
    runs = [Run(one, sd.LBFGS(), steps=30, engine="numpy").finish() for _ in range(2)]
    assert replayed_problem._known
    monkeypatch.setattr(one, "recipe", None)
    runs.append(Run(one, sd.LBFGS(), steps=30, engine="numpy").finish())
    assert all(run.params == runs[-1].params and run.outcome == runs[-1].outcome for run in runs)
    assert runs[0].history["loss"].tolist() == runs[-1].history["loss"].tolist()
    assert type(runs[0].evaluated) is Problem


def test_only_models_that_say_what_they_are():
    assert can_be_replayed(problem())
    assert not can_be_replayed(problem(rows=MOST_ROWS + 1))
    assert not can_be_replayed(problem(penalty=lambda p: 0.0))
    assert not can_be_replayed(problem(penalty=L2(1.0, on=["0.weight"])))  # a list cannot be a key
    remembers = problem()
    remembers.initial_state = {"mean": np.zeros(3)}
    assert not can_be_replayed(remembers)
    unnamed = problem()
    unnamed.recipe = None
    assert not can_be_replayed(unnamed)


def test_large_buffers_are_not_kept(monkeypatch):
    monkeypatch.setattr(replayed_problem, "MOST_BYTES", 100)
    replayed = ReplayedProblem(problem())
    for _ in range(FIRST + 2):
        replayed.value_and_gradient(replayed.start)
    assert list(replayed_problem._known.values()) == [None]


def test_a_model_that_looks_at_its_rows_stays_with_the_graph():
    def model(params, inputs):
        return inputs * params["a"] if inputs[1] > 0 else inputs - params["a"]

    x = np.arange(4.0)
    one = Problem(model, {"a": 1.0}, x, x)
    one.recipe = "looks"
    replayed = ReplayedProblem(one)
    for _ in range(FIRST + 3):
        assert replayed.value_and_gradient(one.start) == one.value_and_gradient(one.start)
    assert list(replayed_problem._known.values()) == [None]


def test_a_copy_with_other_rows_is_of_those():
    one = problem()
    replayed = ReplayedProblem(one)
    for _ in range(FIRST + 1):
        replayed.value_and_gradient(one.start)
    for part, wanted in zip(replayed.split(0.5), one.split(0.5), strict=True):
        for _ in range(FIRST + 2):
            assert part.value_and_gradient(one.start)[0] == wanted.value_and_gradient(one.start)[0]


def test_copies_and_pickles_are_problems():
    replayed = ReplayedProblem(problem("cross_entropy"))
    for _ in range(FIRST + 1):
        wanted = replayed.value_and_gradient(replayed.start)
    again = pickle.loads(pickle.dumps(replayed))
    assert again.value_and_gradient(again.start)[0] == wanted[0]
    assert copy.copy(replayed).value_and_gradient(replayed.start)[0] == wanted[0]
    assert type(replayed.plain) is Problem
