"""Training a network in one call: the same as by hand, and what cannot work is told before the first step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import SteepestError

RNG = np.random.default_rng(8)
X = RNG.standard_normal((60, 3))
LABELS = (X[:, 0] * X[:, 1] > 0).astype(int)
Y = X[:, :1] ** 2


def net(outputs: int = 1) -> sd.MLP:
    return sd.MLP(3, [6], outputs, "tanh")


def test_it_is_the_run_that_problem_and_descent_make() -> None:
    params, state = net(2).init(sd.Key(4))
    problem = sd.Problem(net(2), params, X, LABELS, loss="cross_entropy", state=state)
    descent = sd.Descent(sd.Adam(), sd.CosineDecay(0.01, 50), sd.Batches(32))
    by_hand = sd.Run(problem, descent, steps=50, seed=4).finish()
    run = sd.train(net(2), X, LABELS, loss="cross_entropy", steps=50, seed=4)
    assert np.array_equal(run.params.flat, by_hand.params.flat)


def test_a_tuple_of_one_array_is_that_array() -> None:
    assert sd.train(net(), (X,), Y, steps=3).params == sd.train(net(), X, Y, steps=3).params


def test_the_method_is_the_one_named() -> None:
    assert sd.train(net(), X, Y, method="lbfgs", steps=5).method.name == "L-BFGS-B"
    given = sd.train(net(), X, Y, learning_rate=0.02, batch_size=7, steps=3)
    assert given.history["rate"].tolist() == [0.02] * 3
    assert given.steps_per_epoch == 9


@pytest.mark.parametrize("rows", [1, 2, 3, 32, 33, 60])
def test_no_batch_of_a_single_row_unless_there_is_but_one(rows: int) -> None:
    run = sd.train(net(), X[:rows], Y[:rows], steps=5)
    assert run.method.batches.size is not None  # type: ignore[attr-defined]
    assert rows == 1 or rows % run.method.batches.size != 1  # type: ignore[attr-defined]


def test_it_learns_what_is_no_straight_line() -> None:
    run = sd.train(net(2), X, LABELS, loss="cross_entropy", steps=1500)
    assert sd.accuracy(run.predict(), LABELS) > 0.95
    assert run.history["rate"][-1] < 1e-6


def test_it_goes_on_from_where_another_run_ended() -> None:
    first = sd.train(net(), X, Y, steps=20)
    again = sd.train(net(), X, Y, steps=0, start=first.params)
    assert again.params == first.params


@pytest.mark.parametrize("dtype", ["<f4", ">f4"])
def test_single_precision_stays(dtype: str) -> None:
    stack = sd.Sequential(sd.Linear(3, 4), sd.BatchNorm(4), sd.Tanh(), sd.Linear(4, 1))
    run = sd.train(stack, X.astype(dtype), Y.astype(dtype), steps=5, weights=np.arange(60.0), penalty=sd.L2(1e-3))
    assert run.params.flat.dtype == np.float32
    assert run.predict(X[:2].astype(dtype)).dtype == np.float32
    assert run.state["model"]["1.running_var"].dtype == np.float32


def test_resumed_it_gives_the_same_bits(tmp_path: Path) -> None:
    whole = sd.train(net(), X, Y, steps=40)
    stop = sd.Hook(lambda run: "enough" if run.steps_done == 17 else None)
    cut = sd.train(net(), X, Y, steps=40, checkpoints=tmp_path, hooks=[stop])
    assert cut.steps_done == 17
    rest = sd.train(net(), X, Y, steps=40, checkpoints=tmp_path, resume=True, hooks=[lambda run: None])
    assert np.array_equal(rest.params.flat, whole.params.flat)


@pytest.mark.parametrize("parts", [1, 3])
def test_a_batch_of_rows_that_do_not_count_adds_nothing(parts: int) -> None:
    weights = np.r_[np.zeros(59), 1.0]
    method = sd.Descent(sd.SGD(), 0.1, sd.Batches(6, "sequence", parts))
    run = sd.train(net(), X, Y, method=method, weights=weights, steps=10)
    assert run.outcome.name == "out_of_steps"
    assert run.history["loss"][:9].tolist() == [0.0] * 9
    assert run.history["loss"][9] > 0


BAD = {
    "no network": (lambda: sd.train(sd.MLP, X, Y), "takes a network, such as"),
    "a path": (lambda: sd.train(net(), "data.csv", Y), "train takes arrays"),
    "no target": (lambda: sd.train(net(), X, None), "train takes arrays"),
    "a flat target": (lambda: sd.train(net(), X, Y[:, 0]), r"shape \(60, 1\) for a target of shape \(60,\)"),
    "labels from 1": (lambda: sd.train(net(2), X, LABELS + 1, loss="cross_entropy"), "Labels start at 0"),
    "labels in words": (
        lambda: sd.train(net(2), X, np.where(LABELS, "yes", "no"), loss="cross_entropy"),
        "number the classes from 0",
    ),
    "values too large": (
        lambda: sd.train(sd.MLP(3, [6], 1), X * 1e300, Y),
        "not finite: give inputs and a target of size 1",
    ),
    "too few columns": (lambda: sd.train(net(), X[:, :2], Y), "Linear 0 expects 3 features"),
    "a large batch": (lambda: sd.train(net(), X, Y, batch_size=61), "batch size 61 is larger than the data"),
    "weights of another": (lambda: sd.train(net(), X, Y, start=sd.MLP(3, [7], 1).init(0)[0]), "of another model"),
    "steps below 0": (lambda: sd.train(net(), X, Y, steps=-1), "steps must be a whole number, at least 0"),
    "a number as penalty": (lambda: sd.train(net(), X, Y, penalty=0.1), r"such as sd.L2\(1e-4\), not 0.1"),
    "nowhere to resume": (lambda: sd.train(net(), X, Y, resume=True), "say where the checkpoints are"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_told(what: str) -> None:
    call, message = BAD[what]
    with pytest.raises(SteepestError, match=message):
        call()


def test_fit_sends_networks_here() -> None:
    with pytest.raises(sd.ModelError, match=r"Use train\(net, x, y\)"):
        sd.fit(net(), (X,), Y)
    params, state = net(2).init(0)
    problem = sd.Problem(net(2), params, X, LABELS, loss="cross_entropy", state=state)
    with pytest.raises(sd.ModelError, match=r"loss='cross_entropy'\) for a network"):
        sd.fit(problem, "adam")


def test_a_fit_of_a_network_with_running_statistics_predicts_with_those_of_the_end() -> None:
    stack = sd.Sequential(sd.Linear(1, 4), sd.BatchNorm(4), sd.Tanh(), sd.Linear(4, 1))
    x = np.linspace(2, 8, 50)[:, None]
    params, state = stack.init(0)
    fit = sd.fit(sd.Problem(stack, params, x, np.sin(x), state=state), "adam", batch_size=25, steps=300)
    assert fit.loss == pytest.approx(float(np.mean(fit.residuals**2)), rel=1e-12)
    assert fit.r_squared > 0.9
