"""Unstable gradients are told from real runs, with their first cause; healthy runs of all kinds are silent."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tests.doctor.trained import regression, sequences, times_as_large, train

import steepest as sd
from steepest.doctor.network_remarks import network_findings
from steepest.nn import Sequential
from steepest.nn.initialisers import Initialiser

MNIST = Path(__file__).parents[2] / "examples" / "data" / "mnist-small"


def deep(activation, layers, factor=1.0, initialiser=None, width=24):
    weights = times_as_large(factor, initialiser) if initialiser else None
    return sd.MLP(6, [width] * layers, 1, activation, weight_init=weights)


def rnn(factor, nonlinearity="tanh", hidden=12):
    weights = times_as_large(factor, "orthogonal")
    return Sequential(
        sd.RNN(2, hidden, last=True, nonlinearity=nonlinearity, recurrent_init=weights), sd.Linear(hidden, 1)
    )


# ---- what must be told
FADING = {
    "sigmoid 10": lambda: deep("sigmoid", 10),
    "sigmoid 20": lambda: deep("sigmoid", 20),
    "tanh 10, half": lambda: deep("tanh", 10, 0.5, "glorot_uniform"),
    "tanh 20, PyTorch's": lambda: sd.MLP(6, [24] * 20, 1, "tanh", weight_init="torch_default"),
    "relu 12, a third": lambda: deep("relu", 12, 0.33, "he_uniform"),
}
GROWING = {
    "relu 12, three times": lambda: deep("relu", 12, 3.0, "he_uniform"),
    "tanh 12, thirty times": lambda: deep("tanh", 12, 30.0, "glorot_uniform"),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", FADING)
def test_deep_networks_whose_gradients_fade(name, seed):
    x, y = regression(seed)
    found = network_findings(train(FADING[name](), x, y, seed=seed, steps=15))
    assert found[0].symptom == "gradients fade"
    assert found[0].step == 0
    assert "Clipping does not help" in found[0].remedy
    assert ("Sigmoid lets" in found[0].evidence) == name.startswith("sigmoid")
    assert ("'he_uniform'" in found[0].remedy) == name.startswith("relu")
    assert ("weight_init='glorot_uniform'" in found[0].remedy) == name.startswith("tanh")


@pytest.mark.parametrize("rule", [sd.SGD(), sd.Adam()])
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", GROWING)
def test_deep_networks_whose_gradients_grow(name, seed, rule):
    x, y = regression(seed)
    rate = 0.05 if isinstance(rule, sd.SGD) else 0.001
    found = network_findings(train(GROWING[name](), x, y, rule, rate, seed=seed, steps=15))
    assert found[0].symptom == "gradients grow"
    assert "all above 1" in found[0].evidence
    assert "weight_init=" in found[0].remedy


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("factor", [0.5, 0.9])
def test_plain_recurrent_nets_that_forget(factor, seed):
    run = train(rnn(factor), *sequences(seed), rate=0.02, steps=6, batch=20, seed=seed)
    (found,) = network_findings(run)
    assert found.symptom == "gradients fade in time"
    assert found.where == "RNN 0"
    assert "sd.GRU or sd.LSTM" in found.remedy
    assert "Clipping does not help" in found.remedy
    size = np.linalg.norm(run.last.before["0.weight_hh_l0"], 2)
    assert f"largest singular value {size:.2g}, below 1" in found.evidence
    kept = int(re.search(r"1 % is left after (\d+) of 100 time steps", found.evidence)[1])
    assert 1 <= kept < 50


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("factor", "nonlinearity"), [(2.5, "tanh"), (2.5, "relu")])
def test_plain_recurrent_nets_that_explode(factor, nonlinearity, seed):
    run = train(rnn(factor, nonlinearity), *sequences(seed), rate=0.05, steps=10, batch=20, seed=seed)
    found = network_findings(run)
    assert found[0].symptom == "gradients grow in time"
    assert "above 1" in found[0].evidence
    assert "sd.chain(sd.ClipGlobalNorm(" in found[0].remedy


@pytest.mark.parametrize("seed", range(2))
def test_a_rate_above_the_limit(seed):
    x, y = regression(seed)
    run = train(sd.MLP(6, [32, 32], 1, "relu"), x, y, rate=20.0, seed=seed)
    assert run.outcome.name in ("diverged", "non_finite")
    first = network_findings(run)[0]
    assert first.symptom == "large steps"
    limit = float(re.search(r"above the limit (\S+)", first.evidence)[1])
    at_start = sd.Run(run.problem, run.method, steps=0).rate_limit()
    assert limit == pytest.approx(at_start, rel=0.05)


def test_steps_that_an_adaptive_rule_makes_too_large():
    x, y = regression()
    run = train(sd.MLP(6, [32, 32], 1, "relu"), x, y, sd.Adam(), 3.0, steps=60)
    assert "The steps are too large for the weights. Step 0 changed" in run.remarks[0]
    size = float(re.search(r"changed Linear 4 by (\S+) times", run.remarks[0])[1])
    weights = run.problem.start["4.weight"]  # Adam's first step changes each of them, and the bias, by the rate
    assert size == pytest.approx(3.0 * np.sqrt(weights.size + 1) / np.linalg.norm(weights), rel=0.05)


def test_a_jump_after_healthy_steps():
    x, y = regression()
    run = train(sd.MLP(6, [8], 1, "relu"), x, y, sd.Momentum(0.99), 0.3, steps=300)
    assert run.outcome.name == "diverged"
    first = network_findings(run)[0]
    assert first.symptom == "gradient jumps"
    norms = run.history["gradient_norm"]
    assert norms[first.step] > 100 * np.median(norms[: first.step][-50:])
    assert "sd.chain(sd.ClipGlobalNorm(" in first.remedy


def test_a_layer_that_lets_nothing_through():
    x, y = regression()
    net = sd.MLP(6, [8, 8], 1, "relu")
    params, state = net.init(0)
    params["2.bias"] = np.full(8, -1e3)  # every unit is off
    run = sd.Run(sd.Problem(net, params, x, y, state=state), sd.Descent(sd.SGD(), 0.05), steps=20).finish()
    (found,) = network_findings(run)
    assert (found.symptom, found.where) == ("no gradient", "ReLU 3")
    assert "Linear 0 to Linear 2 do not learn" in found.evidence
    assert "leaky_relu" in found.remedy


def test_weights_that_are_all_0():
    x, y = regression()
    run = train(Sequential(sd.Linear(6, 8, weight_init="zeros"), sd.ReLU(), sd.Linear(8, 1)), x, y, steps=5)
    assert "Begin with other weights" in run.remarks[0]


def test_data_far_from_size_1_are_named():
    x, y = regression()
    run = train(sd.MLP(6, [32], 1, "relu"), 1000 * x, y)
    assert "Bring the inputs (root mean square 1000)" in run.remarks[0]
    run = train(sd.MLP(6, [32], 1, "relu"), x, 1000 * y)
    assert "Bring the targets" in run.remarks[0]


# ---- the remedies help
def test_the_suggested_factor_of_the_weights_is_the_initialisers():
    x, y = regression()
    for factor in (0.33, 3.0):
        run = train(deep("relu", 12, factor, "he_uniform", width=48), x, y, sd.Adam(), 0.001, steps=5)
        told = float(re.search(r"weights (\S+) times as large", run.remarks[0])[1])
        assert told * factor == pytest.approx(1.0, rel=0.35)
    assert train(deep("relu", 12, width=48), x, y, sd.Adam(), 0.001, steps=5).remarks == []


def test_the_suggested_rate_trains():
    x, y = regression()
    run = train(sd.MLP(6, [32, 32], 1, "relu"), x, y, rate=20.0)
    rate = float(re.search(r"from 20 to (\S+?)\.? ", run.remarks[0] + " ")[1])
    cured = train(sd.MLP(6, [32, 32], 1, "relu"), x, y, rate=rate, steps=100)
    assert cured.loss < 0.5 * run.history["loss"][0]
    assert cured.remarks == []


def test_the_suggested_clipping_lets_a_recurrent_net_finish():
    x, y = sequences(length=60)
    identity = Initialiser("identity", lambda g, shape, i, o: np.eye(*shape))
    cells = sd.RNN(2, 12, last=True, nonlinearity="relu", recurrent_init=identity)
    net, steps = Sequential(cells, sd.Linear(12, 1)), 12
    run = train(net, x, y, rate=0.02, steps=steps, batch=20)
    assert run.outcome.name in ("diverged", "non_finite")
    limit = float(re.search(r"sd\.ClipGlobalNorm\((\S+?)\)", run.remarks[0])[1])
    cured = train(net, x, y, sd.chain(sd.ClipGlobalNorm(limit), sd.SGD()), 0.02, steps=steps, batch=20)
    assert cured.outcome.name == "out_of_steps"
    assert np.isfinite(cured.loss)


# ---- what must be silent
def toy(activation):
    rng = np.random.default_rng(1)
    x = np.sort(rng.standard_normal(128))[:, None]
    y = np.sin(np.pi * x / 2) + 0.3 * rng.standard_normal((128, 1))
    return lambda seed: train(
        sd.MLP(1, [20, 20], 1, activation), x, y, rate=lambda step: 0.075 * 0.998 ** (step + 1), steps=250, seed=seed
    )


def digits(rule, rate):
    def run(seed):
        data = sd.data.mnist(MNIST)
        net = sd.MLP(784, [30], 10, "relu")
        return train(net, data.train_images, data.train_labels, rule, rate, 40, 100, "cross_entropy", seed)

    return run


def line(seed):
    x, y = regression(seed)
    return train(sd.Linear(6, 1), x, y, rate=0.1, steps=100, seed=seed)


def converged(seed):
    x, _ = regression(seed)
    run = train(sd.Linear(6, 1), x, x[:, :1] - 2, rate=0.3, steps=2000, seed=seed)
    assert run.outcome.name == "converged"
    return run


def logistic(seed):
    x, y = regression(seed)
    return train(sd.Linear(6, 1), x, (y > 0).astype(float), rate=1.0, steps=100, loss="binary_cross_entropy", seed=seed)


def layers_of(*between, depth=3, rule=None, rate=0.02, batch=32):
    def run(seed):
        x, y = regression(seed)
        parts = [sd.Linear(6, 24)]
        for _ in range(depth):
            parts += [make() for make in between] + [sd.Linear(24, 24)]
        return train(Sequential(*parts, sd.ReLU(), sd.Linear(24, 1)), x, y, rule, rate, 40, batch, seed=seed)

    return run


def recurrent(layer, length, **options):
    def run(seed):
        x = np.random.default_rng(seed).uniform(0, 1, (60, length, 2))
        net = Sequential(layer(2, 10, last=True, **options), sd.Linear(10, 1))
        return train(net, x, x[:, -2:, 0].sum(axis=1)[:, None] - 1, sd.Adam(), 0.01, 15, 20, seed=seed)

    return run


def with_(method):
    def run(seed):
        x, y = regression(seed, rows=60)
        net = sd.MLP(6, [4], 1, "tanh")
        params, state = net.init(seed)
        return sd.Run(sd.Problem(net, params, x, y, state=state), method, steps=15, seed=seed).finish()

    return run


HEALTHY = {
    "linear regression": line,
    "converged": converged,
    "logistic regression": logistic,
    "toy network, relu": toy("relu"),
    "toy network, tanh": toy("tanh"),
    "digits, SGD": digits(sd.SGD(), 0.1),
    "digits, Adam": digits(sd.Adam(), 0.002),
    "batch normalisation": layers_of(lambda: sd.BatchNorm(24), sd.ReLU),
    "layer normalisation": layers_of(lambda: sd.LayerNorm(24), sd.Tanh),
    "dropout": layers_of(sd.ReLU, lambda: sd.Dropout(0.2)),
    "two sigmoid layers": layers_of(sd.Sigmoid, depth=1, rule=sd.Adam(), rate=0.01),
    "12 layers, relu, He": layers_of(sd.ReLU, depth=12, rule=sd.Adam(), rate=0.001),
    "20 layers, tanh, Glorot": layers_of(sd.Tanh, depth=20, rate=0.01, batch=None),
    "12 layers, gelu": layers_of(sd.GELU, depth=12, rule=sd.AdamW(), rate=0.001),
    "12 layers, batch normalisation": layers_of(
        lambda: sd.BatchNorm(24), sd.ReLU, depth=12, rule=sd.Adam(), rate=0.001
    ),
    "a short recurrent net": recurrent(sd.RNN, 12),
    "GRU": recurrent(sd.GRU, 12),
    "GRU of 60 time steps": recurrent(sd.GRU, 60),
    "LSTM of 60 time steps": recurrent(sd.LSTM, 60),
    "two layers of LSTM": recurrent(sd.LSTM, 8, layers=2),
    "Levenberg-Marquardt": with_(sd.LevenbergMarquardt()),
    "L-BFGS-B": with_(sd.LBFGS()),
}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", HEALTHY)
def test_silence_on_healthy_runs(name, seed):
    run = HEALTHY[name](seed)
    assert run.outcome.name not in ("diverged", "non_finite")
    assert network_findings(run) == []


def test_runs_at_their_start():
    x, y = regression()
    for steps in (0, 1, 2):
        assert train(sd.MLP(6, [8], 1), x, y, steps=steps).remarks == []
    params, state = (net := sd.MLP(6, [8], 1)).init(0)
    assert sd.Run(sd.Problem(net, params, x, y, state=state), sd.Descent(sd.SGD(), 0.1)).remarks == []


def test_a_search_uses_no_gradients_and_hears_nothing_of_them():
    x, y = regression()
    net = deep("sigmoid", 10, width=4)
    params, state = net.init(0)
    run = sd.Run(sd.Problem(net, params, x, y, state=state), sd.RandomSearch(), steps=3).finish()
    assert network_findings(run) == []


def test_a_schedule_that_begins_at_0_and_goes_too_far():
    x, y = regression()
    run = train(sd.MLP(6, [8], 1), x, y, rate=sd.LinearWarmUp(50.0, 10, 0.0))
    assert run.outcome.name == "diverged"
    (rate,) = re.findall(r"Lower the learning rate from (\S+) to", run.remarks[0])
    assert float(rate) == pytest.approx(np.max(run.history["rate"]), rel=0.01)
