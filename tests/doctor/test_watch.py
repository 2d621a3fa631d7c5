"""Watch: says what is wrong while it trains, costs little, and changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from tests.doctor.trained import regression, sequences, times_as_large, train

import steepest as sd
from steepest.nn import Module, Sequential


def test_says_each_thing_once_while_it_trains():
    said = []
    x, y = regression()
    watch = sd.Watch(every=5, say=said.append)
    run = train(sd.MLP(6, [16] * 12, 1, "sigmoid"), x, y, steps=40, hooks=[watch])
    assert len(said) == 1
    assert said == watch.remarks
    assert "fades" in said[0]
    assert "at step 9" in said[0]  # the second probe is enough
    assert "at step 39" in run.remarks[0]


def test_prints_unless_told_otherwise(capsys):
    x, y = regression()
    train(sd.MLP(6, [16] * 12, 1, "sigmoid"), x, y, steps=12, hooks=[sd.Watch(every=5)])
    assert capsys.readouterr().out.startswith("The error gradient fades")
    train(sd.MLP(6, [16] * 12, 1, "sigmoid"), x, y, steps=12, hooks=[sd.Watch(every=5, say=None)])
    assert capsys.readouterr().out == ""


def test_says_why_a_run_ended_badly():
    said = []
    x, y = regression()
    run = train(sd.MLP(6, [16], 1), x, y, rate=50.0, hooks=[sd.Watch(say=said.append)])
    assert run.outcome.name in ("diverged", "non_finite")
    assert said == run.remarks
    assert "above the limit" in said[0]


def test_healthy_training_hears_nothing():
    said = []
    x, y = regression()
    train(sd.MLP(6, [16, 16], 1), x, y, steps=60, hooks=[sd.Watch(every=3, say=said.append)])
    assert said == []


@pytest.mark.parametrize("batch", [None, 16])
def test_nothing_changes(batch):
    x, y = regression()
    net = Sequential(sd.Linear(6, 8), sd.BatchNorm(8), sd.ReLU(), sd.Dropout(0.3), sd.Linear(8, 1))
    alone = train(net, x, y, sd.Adam(), 0.01, batch=batch)
    watched = train(net, x, y, sd.Adam(), 0.01, batch=batch, hooks=[sd.Watch(every=1, say=None)])
    assert watched.params == alone.params
    for name, value in alone.state["model"].items():
        np.testing.assert_array_equal(watched.state["model"][name], value)


def test_probes_are_rare_where_they_are_dear():
    x, y = regression()
    watch = sd.Watch(say=None)
    run = train(sd.MLP(6, [16, 16], 1), x, y, steps=300, hooks=[watch])
    steps = watch.history.steps
    assert steps[0] == 0
    assert 1 < len(steps) < 100
    assert (np.diff(steps) >= 1).all()
    # The clock decides, so only what follows from its own figures can be asserted: the budget was kept before the last probe.
    assert watch.seconds < 2 * 0.04 * run.elapsed + 0.1


def test_a_fixed_distance():
    x, y = regression()
    watch = sd.Watch(every=10, say=None)
    train(sd.MLP(6, [4], 1), x, y, steps=35, hooks=[watch])
    assert watch.history.steps.tolist() == [9, 19, 29]


def test_a_run_that_goes_on():
    x, y = regression()
    watch = sd.Watch(every=4, say=None)
    run = train(sd.MLP(6, [4], 1), x, y, steps=8, hooks=[watch])
    run.finish(8)
    assert watch.history.steps.tolist() == [3, 7, 11, 15]
    assert run.remarks == []


@pytest.mark.parametrize("method", [sd.LevenbergMarquardt(), sd.LBFGS()])
def test_methods_that_are_no_descents(method):
    x, y = regression(rows=40)
    params, state = (net := sd.MLP(6, [3], 1, "tanh")).init(0)
    watch = sd.Watch(every=2, say=None)
    run = sd.Run(sd.Problem(net, params, x, y, state=state), method, steps=8, hooks=[watch]).finish()
    assert len(watch.history) >= 1
    assert run.remarks == []


def test_models_without_layers():
    watch = sd.Watch(every=1)
    sd.minimize(lambda x: x**2, 1.0, method="gradient_descent", learning_rate=0.1, steps=3, hooks=[watch])
    assert len(watch.history) == 0


class Stubborn(Module):
    """Can be called a few times only."""

    left = 5

    def init(self, key, follower=None):
        return {"a": np.array(1.0)}, {}

    def apply(self, params, state, x, key, training):
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("no more")
        return params["a"] * x, state


def test_a_model_that_cannot_be_called_again_is_said_and_training_goes_on():
    said = []
    x, y = regression()
    net = Stubborn()
    params, state = net.init(0)
    problem = sd.Problem(net, params, x[:, :1], y, state=state)
    net.left = 3
    watch = sd.Watch(every=3, say=said.append)
    run = sd.Run(problem, sd.Descent(sd.SGD(), 0.01), steps=3, hooks=[watch], engine="numpy").finish()
    assert run.steps_done == 3
    assert said == ["The network cannot be watched: no more"]
    assert run.remarks == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"every": 0}, "cadence"),
        ({"share": 2.0}, "share"),
        ({"share": 0}, "share"),
        ({"rows": 0}, "rows"),
        ({"say": 3}, "say"),
    ],
)
def test_wrong_options(options, named):
    with pytest.raises(sd.ModelError, match=named):
        sd.Watch(**options)


def test_recurrent_nets_are_told_while_they_train():
    said = []
    weights = times_as_large(0.5, "orthogonal")
    net = Sequential(sd.RNN(2, 8, last=True, recurrent_init=weights), sd.Linear(8, 1))
    train(net, *sequences(), steps=4, batch=20, rate=0.01, hooks=[sd.Watch(every=2, say=said.append)])
    assert len(said) == 1
    assert "Going back in time through RNN 0" in said[0]
