"""Models that draw random numbers or keep a state, as machine code: the loop's masks, and its running statistics."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest import nn, ops
from steepest.base.errors import CompilationWarning

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 6))
Y = np.tanh(X[:, :3].sum(axis=1, keepdims=True)) + 0.1 * RNG.standard_normal((50, 1))
BATCHES = [sd.Batches(), sd.Batches(16)]


def with_dropout():
    return nn.Sequential(
        nn.Linear(6, 20), nn.Tanh(), nn.Dropout(0.3), nn.Linear(20, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1)
    )


def with_statistics(momentum=0.1):
    return nn.Sequential(nn.Linear(6, 20), nn.BatchNorm(20, momentum=momentum), nn.ReLU(), nn.Linear(20, 1))


def problem_of(net, dtype=np.float64, **options):
    params, state = net.init(sd.Key(0))
    params = {name: w.astype(dtype) for name, w in params.items()}
    return sd.Problem(net, params, X.astype(dtype), Y.astype(dtype), state=state, **options)


def pair(make, method, steps=90, **options):
    runs = [sd.Run(make(), method, steps=steps, engine=engine, **options) for engine in ("numpy", "llvm")]
    assert [run.engine for run in runs] == ["numpy", "llvm"]
    return [run.finish() for run in runs]


def assert_same(slow, fast, rel):
    assert (slow.history["epoch"] == fast.history["epoch"]).all()
    assert fast.history["loss"] == pytest.approx(slow.history["loss"], rel=rel)
    assert fast.params.flat == pytest.approx(slow.params.flat, rel=rel, abs=rel)


@pytest.mark.parametrize("batches", BATCHES)
@pytest.mark.parametrize("seed", [0, 2**40 + 3])
def test_dropout_draws_the_masks_of_the_loop(batches, seed):
    slow, fast = pair(lambda: problem_of(with_dropout()), sd.Descent(sd.Adam(), 0.01, batches), seed=seed)
    assert_same(slow, fast, rel=1e-9)
    assert fast.last.prediction == pytest.approx(slow.last.prediction, rel=1e-9)
    assert len(set(fast.history["loss"])) == 90


def test_dropout_in_float32():
    slow, fast = pair(lambda: problem_of(with_dropout(), np.float32), sd.Descent(sd.Adam(), 0.01, sd.Batches(16)))
    assert fast.params.flat.dtype == np.float32
    assert_same(slow, fast, rel=2e-3)


@pytest.mark.parametrize("batches", BATCHES)
@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_running_statistics(batches, momentum, dtype):
    make = lambda: problem_of(with_statistics(momentum), dtype)
    slow, fast = pair(make, sd.Descent(sd.Momentum(), 0.01, batches))
    rel = 1e-9 if dtype == np.float64 else 1e-3
    assert_same(slow, fast, rel=rel)
    for name, value in slow.state["model"].items():
        assert np.asarray(fast.state["model"][name]).dtype == value.dtype
        assert fast.state["model"][name] == pytest.approx(value, rel=rel, abs=rel)
    assert fast.predict() == pytest.approx(slow.predict(), rel=rel, abs=rel)


@pytest.mark.parametrize("net", [with_dropout(), with_statistics()], ids=["dropout", "statistics"])
def test_pieces_and_checkpoints_give_the_bits_of_one_go(net, tmp_path):
    method = sd.Descent(sd.Adam(), 0.01, sd.Batches(16))
    whole = sd.Run(problem_of(net), method, steps=80, engine="llvm").finish()
    pieces = sd.Run(problem_of(net), method, steps=80, engine="llvm")
    for n in (1, 13, 1, 30):
        pieces.finish(n)
    sd.save(pieces, tmp_path)
    again = sd.resume(sd.Run(problem_of(net), method, steps=80), tmp_path)
    assert again.engine == "llvm"
    for run in (pieces, again):
        run.finish(80 - run.steps_done)
        assert (run.params.flat == whole.params.flat).all()
        assert (run.history["loss"] == whole.history["loss"]).all()


def test_a_model_of_ones_own_may_keep_numbers_and_draw():
    def model(params, state, inputs, key, training):
        noise = key.generator("noise").random(ops.shape(inputs)) - 0.5
        mean = 0.9 * state["mean"] + 0.1 / (1 + state["count"])
        outputs = inputs @ params["w"] + noise @ params["v"] * mean
        return outputs, {"mean": mean, "count": state["count"] + 1}

    def make():
        start = {"w": np.zeros((6, 1)), "v": np.ones((6, 1))}
        return sd.Problem(model, start, X, Y, state={"mean": np.asarray(0.5), "count": np.asarray(0)})

    slow, fast = pair(make, sd.Descent(sd.GradientDescent(), 0.01), steps=60)
    assert_same(slow, fast, rel=1e-9)
    assert int(fast.state["model"]["count"]) == 60


# ---- what stays with NumPy, and says why
def draws_normal(params, state, inputs, key, training):
    return inputs @ params["w"] + key.generator("noise").standard_normal((50, 1)), state


def asks_for_the_step(params, state, inputs, key, training):
    return inputs @ params["w"] * (2.0 if key.step > 3 else 1.0), state


def draws_elsewhere(params, state, inputs, key, training):
    return inputs @ params["w"] + GLOBAL.random((50, 1)), state


def counts_in_python(params, state, inputs, key, training):
    return inputs @ params["w"], {"count": state["count"] + 1}


GLOBAL = np.random.default_rng(3)


@pytest.mark.parametrize(
    ("model", "state", "why"),
    [
        (draws_normal, None, r"draws random numbers by standard_normal\(\)"),
        (asks_for_the_step, None, "test_native_models"),
        (draws_elsewhere, None, "not the same function at each step"),
        (counts_in_python, {"count": 1}, "the state of the model holds something that changes"),
    ],
)
def test_what_cannot_be_recorded(model, state, why):
    make = lambda: sd.Problem(model, {"w": np.zeros((6, 1))}, X, Y, state=state)
    with pytest.warns(CompilationWarning, match=why):
        run = sd.Run(make(), sd.Descent(sd.Adam(), 0.01), steps=12, engine="llvm")
    assert run.engine == "numpy"
    assert run.finish().steps_done == 12
