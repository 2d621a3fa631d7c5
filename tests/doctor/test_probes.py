"""Probes against backpropagation by hand in NumPy, and the settings that they replay."""

from __future__ import annotations

import numpy as np
import pytest
from tests.doctor.trained import regression, sequences, train

import steepest as sd
from steepest.doctor.probes import measure, network_of, setting_of, update_ratios
from steepest.nn import Sequential


def test_norms_and_sizes_are_those_of_backpropagation_by_hand():
    x, y = regression(rows=20)
    run = train(sd.MLP(6, [5], 1, "tanh"), x, y, steps=4)
    p = run.params
    h = np.tanh(x @ p["0.weight"].T + p["0.bias"])
    out = h @ p["2.weight"].T + p["2.bias"]
    g_out = 2 * (out - y) / 20
    g_h = g_out @ p["2.weight"]
    g_first = g_h * (1 - h**2)
    probe = measure(run, p, None, 4)
    assert probe.paths == ("0", "1", "2")
    assert [type(m).__name__ for m in probe.layers] == ["Linear", "Tanh", "Linear"]
    np.testing.assert_allclose(probe.gradient_norm, [np.linalg.norm(g) for g in (g_first, g_h, g_out)], rtol=1e-12)
    first = x @ p["0.weight"].T + p["0.bias"]
    np.testing.assert_allclose(probe.activation_size, [np.sqrt(np.mean(a**2)) for a in (first, h, out)], rtol=1e-12)
    assert probe.loss == pytest.approx(np.mean((out - y) ** 2), rel=1e-12)


def test_time_steps_are_those_of_backpropagation_through_time_by_hand():
    x, y = sequences(rows=10, length=7)
    run = train(Sequential(sd.RNN(2, 4, last=True), sd.Linear(4, 1)), x, y, steps=2)
    p = run.params
    h, states = np.zeros((10, 4)), []
    for t in range(7):
        h = np.tanh(x[:, t] @ p["0.weight_ih_l0"].T + p["0.bias_ih_l0"] + h @ p["0.weight_hh_l0"].T + p["0.bias_hh_l0"])
        states.append(h)
    g = 2 * (h @ p["1.weight"].T + p["1.bias"] - y) / 10 @ p["1.weight"]
    norms = []
    for h in reversed(states):
        norms.append(np.linalg.norm(g))
        g = g * (1 - h**2) @ p["0.weight_hh_l0"]
    probe = measure(run, p, None, 2)
    assert list(probe.over_time) == ["0.l0"]
    np.testing.assert_allclose(probe.over_time["0.l0"], norms[::-1], rtol=1e-12)
    assert probe.paths == ("0", "1")  # the layer's output is its last time step's: not counted twice


def test_a_probe_sees_the_loss_that_the_step_saw():
    x, y = regression()
    net = Sequential(sd.Linear(6, 8), sd.ReLU(), sd.Dropout(0.5), sd.Linear(8, 1))
    run = train(net, x, y, steps=7, batch=16)
    probe = measure(run, run.last.before, run.state["model"], run.last.number)
    assert probe.loss == run.last.loss


def test_many_rows_are_thinned():
    x, y = regression(rows=1000)
    run = train(sd.MLP(6, [5], 1, "tanh"), x, y, steps=1)
    assert measure(run, run.params, None, 0, rows=None).loss == pytest.approx(run.loss, rel=1e-12)
    few = measure(run, run.params, None, 0, rows=50)
    chosen = np.linspace(0, 999, 50).astype(int)
    assert few.loss == pytest.approx(np.mean((run.predict(x[chosen]) - y[chosen]) ** 2), rel=1e-12)


def test_the_short_end_of_an_epoch_is_not_probed():
    x, y = regression(rows=66)
    net = Sequential(sd.Linear(6, 8), sd.BatchNorm(8), sd.Tanh(), sd.Linear(8, 1))
    run = train(net, x, y, steps=3, batch=32)  # batches of 32, 32 and 2 rows
    short = measure(run, run.params, run.state["model"], 2)
    assert short.loss == measure(run, run.params, run.state["model"], 1).loss


def test_containers_and_layers_that_pass_on_what_they_get_count_once():
    x, y = regression()
    net = Sequential(sd.Flatten(), sd.MLP(6, [4], 3, "tanh"), sd.Identity(), sd.Linear(3, 1))
    run = train(net, x, y, steps=1)
    assert measure(run, run.params, None, 0).paths == ("1.0", "1.1", "1.2", "3")


def test_settings_are_the_loops():
    x, y = regression(rows=50)
    params, state = (net := sd.MLP(6, [4], 1)).init(0)
    method = sd.Descent(sd.SGD(), 0.1, sd.Batches(20, parts=2))
    run = sd.Run(sd.Problem(net, params, x, y, state=state), method, steps=4, seed=3)
    key, places, training = setting_of(run, 4)
    assert (key, training) == (sd.Key(3, 1, 8), True)
    np.testing.assert_array_equal(places, method.batches.at(50, 3, 4)[1][:10])
    run = sd.Run(run.problem, sd.LBFGS(), steps=1)
    assert setting_of(run, 0).training is False


def test_models_that_are_no_networks_have_no_probes():
    run = sd.minimize(lambda x: x**2, 1.0, method="gradient_descent", learning_rate=0.1, steps=2)
    assert network_of(run) is None
    assert measure(run, run.params, None, 0) is None


def test_update_ratios_by_hand():
    before = sd.Params({"0.weight": [[3.0, 4.0]], "0.bias": [0.0], "2.weight": [[0.0]], "2.bias": [0.0]})
    after = sd.Params({"0.weight": [[3.0, 4.3]], "0.bias": [0.4], "2.weight": [[1.0]], "2.bias": [0.0]})
    ratios = update_ratios(("0", "1", "2"), before, after)
    assert ratios[0] == pytest.approx(0.5 / 5)
    assert np.isnan(ratios[1:]).all()  # no parameters; all of them 0


def test_updates_too_large_to_square():
    ratios = update_ratios(("",), sd.Params({"w": [1e-200, 1e-200]}), sd.Params({"w": [1e200, 1e200]}))
    assert ratios[0] == np.inf or ratios[0] > 1e300
