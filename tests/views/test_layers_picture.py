"""Layers of a watched network over time."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.doctor.layer_history import LayerHistory
from steepest.doctor.probes import Probe
from steepest.views.pictures.layers_picture import plot_layers
from views.judged import judge, legend_of, line

X = np.random.default_rng(0).normal(size=(40, 4))


@cache
def watched(hidden: tuple[int, ...], activation: str = "tanh", every: int = 3) -> tuple[sd.Run, sd.Watch]:
    net = sd.MLP(4, list(hidden), 1, activation)
    params, state = net.init(0)
    watch = sd.Watch(every=every, say=None)
    problem = sd.Problem(net, params, X, X[:, :1], state=state)
    return sd.Run(problem, sd.Descent(sd.SGD(), 0.1), steps=18, hooks=[watch]).finish(), watch


def test_few_layers_are_lines_of_what_the_watch_saw() -> None:
    run, watch = watched((6,))
    gradients, activations, updates = plot_layers(run).axes
    seen = watch.history
    for k, name in enumerate(seen.layers):
        np.testing.assert_array_equal(
            line(gradients, name).get_xydata(), np.column_stack([seen.steps, seen.gradient_norm[k]])
        )
        np.testing.assert_array_equal(line(activations, name).get_ydata(), seen.activation_size[k])
    assert legend_of(updates) == ["Linear 0", "Linear 2"]
    np.testing.assert_array_equal(line(updates, "Linear 2").get_ydata(), seen.update_ratio[2])
    assert gradients.get_yscale() == "log"
    assert updates.get_xlabel() == "step"
    judge(plot_layers(watch))
    judge(plot_layers(seen, theme="dark"))


def test_many_layers_are_a_map_with_the_first_on_top() -> None:
    run, watch = watched((8,) * 6, "sigmoid")
    picture = plot_layers(run)
    gradients = picture.axes[0]
    mesh = gradients.collections[0]
    np.testing.assert_allclose(np.asarray(mesh.get_array()), watch.history.gradient_norm)
    low, high = gradients.get_ylim()
    assert low > high
    assert gradients.get_yticklabels()[0].get_text() == "Linear 0"
    judge(picture)


def test_time_steps_of_a_recurrent_layer() -> None:
    net = sd.Sequential(sd.RNN(2, 4, last=True), sd.Linear(4, 1))
    params, state = net.init(0)
    x = np.random.default_rng(1).normal(size=(12, 9, 2))
    watch = sd.Watch(every=2, say=None)
    sd.Run(sd.Problem(net, params, x, x[:, 0, :1], state=state), sd.Descent(sd.Adam()), steps=6, hooks=[watch]).finish()
    picture = plot_layers(watch)
    time = picture.axes[-1]
    assert time.get_xlabel() == "time step"
    ((_, seen),) = watch.history.over_time.items()
    assert legend_of(time) == ["step 1", "step 3", "step 5"]
    np.testing.assert_array_equal(line(time, "step 5").get_ydata(), seen[:, -1])
    judge(picture)


def history(values: Any, count: int = 3) -> LayerHistory:
    """Probes of a network that saw these gradient norms, layers by probes."""
    layers = tuple(sd.Linear(1, 1) for _ in values)
    made = LayerHistory()
    for k in range(np.shape(values)[1]):
        column = np.array(values, dtype=float)[:, k]
        made.append(Probe(k, 1.0, layers, tuple(map(str, range(len(layers)))), column, np.ones(len(layers)), {}))
    return made


@pytest.mark.parametrize("layers", [2, 12])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 1e300])
def test_values_of_all_kinds(value: float, layers: int) -> None:
    values = np.ones((layers, 4))
    values[1, 2:] = value
    judge(plot_layers(history(values)))


@pytest.mark.parametrize("value", [0.0, np.nan, 1e-300])
def test_a_single_probe(value: float) -> None:
    judge(plot_layers(history([[value]] * 2)))
    judge(plot_layers(history([[value]] * 12)))


def test_what_is_not_finite_is_named_in_a_map() -> None:
    values = np.ones((12, 4))
    values[3, 2] = np.nan
    assert "not finite" in legend_of(plot_layers(history(values)).axes[0])


def test_refusals() -> None:
    run = sd.minimize(lambda x: x**2, 1.0)
    with pytest.raises(sd.SteepestError, match="was not watched: give it hooks="):
        plot_layers(run)
    with pytest.raises(sd.SteepestError, match="not of int"):
        plot_layers(3)
    with pytest.raises(sd.SteepestError, match="has seen nothing"):
        plot_layers(sd.Watch())
