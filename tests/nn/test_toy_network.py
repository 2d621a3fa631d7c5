"""The toy network: a noisy sine by 1-20-20-1, and a small classifier on real data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import steepest as sd
from steepest.nn import MLP, CrossEntropyLoss, accuracy, cross_entropy

PENGUINS = Path(__file__).parents[2] / "examples" / "data" / "penguins.csv"
MEASURES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("seed", range(4))
def test_toy_sine(activation: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.sort(rng.standard_normal(128))
    y = np.sin(np.pi * x / 2) + 0.3 * rng.standard_normal(128)
    net = MLP("toy", 1, [20, 20], 1, activation)
    params, state = net.init(seed)
    problem = sd.Problem(net, params, x[:, None], y[:, None], state=state)
    run = sd.Run(problem, sd.Descent(learning_rate=lambda step: 0.075 * 0.998 ** (step + 1)), steps=250)
    predictions = []
    for _ in range(250):
        step = run.step()
        predictions.append(problem.outputs(step.after)[:, 0])
    kept = np.array(predictions)
    assert kept.shape == (250, 128)
    assert step.rate == pytest.approx(0.045467, abs=5e-7)
    assert np.mean((kept[-1] - y) ** 2) < 0.15
    assert run.loss == pytest.approx(np.mean((kept[-1] - y) ** 2), rel=1e-12)


def penguins() -> tuple[np.ndarray, np.ndarray]:
    """Four measures (each at mean 0 and standard deviation 1), and Adelie (0) against Chinstrap (1)."""
    lines = [line.split(",") for line in PENGUINS.read_text().split()]
    head, rows = lines[0], [dict(zip(lines[0], line)) for line in lines[1:]]
    assert set(MEASURES) < set(head)
    rows = [row for row in rows if row["species"] != "Gentoo" and row[MEASURES[0]] not in ("", "NA")]
    x = np.array([[float(row[name]) for name in MEASURES] for row in rows])
    labels = np.array([int(row["species"] == "Chinstrap") for row in rows])
    return (x - x.mean(axis=0)) / x.std(axis=0), labels


def test_four_inputs_two_classes_layer_by_layer() -> None:
    x, labels = penguins()
    assert x.shape == (219, 4)
    net, loss = MLP(4, [8], 2, "tanh"), CrossEntropyLoss()
    first = loss.forward(net.forward(x), labels)
    for _ in range(200):
        loss.forward(net.forward(x), labels)
        net.backward(loss.backward())
        for name, p in net.params.items():
            p -= 0.5 * net.grads[name]
    assert loss.forward(net.forward(x), labels) < 0.2 * first
    assert accuracy(net.forward(x), labels) > 0.97


@pytest.mark.skipif(not hasattr(sd.Loss, "aligned"), reason="Problem asks outputs and target for one shape")
def test_four_inputs_two_classes_by_a_run() -> None:
    x, labels = penguins()
    net = MLP(4, [8], 2, "tanh")
    params, state = net.init(1)
    problem = sd.Problem(net, params, x, labels, loss=cross_entropy, state=state)
    run = sd.Run(problem, sd.Descent(learning_rate=0.5, batches=sd.Batches(32)), steps=200).finish()
    assert accuracy(run.predict(), labels) > 0.97
    assert accuracy(run.predict(x[:50]), labels[:50]) > 0.9
