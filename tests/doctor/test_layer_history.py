"""LayerHistory: arrays of layers by probes."""

from __future__ import annotations

import numpy as np
from tests.doctor.trained import regression, sequences, train

import steepest as sd
from steepest.doctor.layer_history import LayerHistory
from steepest.nn import Sequential


def watched(net, x, y, **options):
    watch = sd.Watch(every=2, say=None)
    return watch, train(net, x, y, hooks=[watch], **options)


def test_shapes_and_names():
    watch, _ = watched(sd.MLP(6, [5, 4], 1, "tanh"), *regression(), steps=8)
    history = watch.history
    assert history.layers == ("Linear 0", "Tanh 1", "Linear 2", "Tanh 3", "Linear 4")
    assert history.paths == ("0", "1", "2", "3", "4")
    assert history.steps.tolist() == [1, 3, 5, 7]
    for name in ("gradient_norm", "activation_size", "update_ratio"):
        assert getattr(history, name).shape == (5, 4)
    assert history.loss.shape == (4,)
    assert np.isnan(history.update_ratio[[1, 3]]).all()
    assert (history.update_ratio[[0, 2, 4]] > 0).all()
    assert set(history.to_dict()) >= {"steps", "layers", "gradient_norm", "activation_size", "update_ratio"}
    assert "5 layers, 4 probes of steps 1 to 7" in repr(history)


def test_over_time():
    net = Sequential(sd.GRU(2, 5, layers=2), sd.Linear(5, 1))
    x, y = sequences(rows=20, length=6)
    watch, _ = watched(net, x, np.repeat(y[:, None], 6, axis=1), steps=4)
    assert {name: seen.shape for name, seen in watch.history.over_time.items()} == {"0.l0": (6, 2), "0.l1": (6, 2)}


def test_update_ratios_are_those_of_the_step():
    watch, run = watched(sd.MLP(6, [5], 1, "tanh"), *regression(), steps=4)
    before, after = run.last.before, run.last.after
    change = np.hypot(*(np.linalg.norm(after[n] - before[n]) for n in ("2.weight", "2.bias")))
    assert np.isclose(
        watch.history.update_ratio[2, -1],
        change / np.hypot(*(np.linalg.norm(before[n]) for n in ("2.weight", "2.bias"))),
    )


def test_an_empty_history():
    history = LayerHistory()
    assert len(history) == 0
    assert history.gradient_norm.shape == (0, 0)
    assert history.over_time == {}
    assert repr(history) == "LayerHistory(no probes)"


def test_steps_that_come_again_replace_what_was_seen():
    watch, _ = watched(sd.MLP(6, [5], 1, "tanh"), *regression(), steps=8)
    other = LayerHistory()
    other.extend(watch.history)
    other.extend(watch.history.latest(2))
    assert other.steps.tolist() == [1, 3, 5, 7]
    watch2, _ = watched(sd.MLP(6, [5, 5], 1, "tanh"), *regression(), steps=8)
    other.extend(watch2.history)  # other layers: no part of it
    assert other.gradient_norm.shape == (3, 4)
