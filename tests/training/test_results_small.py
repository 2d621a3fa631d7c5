"""Small versions of `python -m benchmarks results`: digits, and a task that needs memory. The toy network is in tests/nn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.nn import Initialiser

MNIST = Path(__file__).parents[2] / "examples" / "data" / "mnist-small"


@pytest.fixture(scope="module")
def digits() -> sd.data.Digits:
    return sd.data.mnist(MNIST)


def trained(net: sd.Module, images: Any, labels: Any, rate: float, epochs: int = 10) -> sd.Run:
    """As benchmarks/results/mnist.py does it: float32, momentum, weight decay, a rate that falls along half a cosine."""
    params, state = net.init(sd.Key(0))
    start = {name: x.astype(np.float32) for name, x in params.items()}
    loss = "binary_cross_entropy" if labels.ndim == 2 else "cross_entropy"
    problem = sd.Problem(net, start, images, labels, loss=loss, state=state)
    batches = sd.Batches(50)
    steps = epochs * batches.per_epoch(problem.rows)
    rule = sd.chain(sd.WeightDecay(3e-4), sd.Momentum(0.9))
    return sd.Run(problem, sd.Descent(rule, sd.CosineDecay(rate, steps), batches), steps=steps).finish()


@pytest.mark.parametrize(
    ("net", "rate", "least"),
    [
        (sd.Linear(784, 10), 0.02, 0.84),
        (sd.MLP(784, [30], 10, activation="relu"), 0.05, 0.86),
        (sd.MLP(784, [128], 10, activation="relu"), 0.05, 0.87),
    ],
    ids=["linear", "30", "128"],
)
def test_digits(digits: sd.data.Digits, net: sd.Module, rate: float, least: float) -> None:
    run = trained(net, digits.train_images, digits.train_labels, rate)
    assert run.params.flat.dtype == np.float32
    assert sd.accuracy(run.predict(digits.test_images), digits.test_labels) > least


def test_three_against_seven(digits: sd.data.Digits) -> None:
    parts = []
    for images, labels in (digits[:2], digits[2:]):
        keep = (labels == 3) | (labels == 7)
        parts += [images[keep], (labels[keep] == 7).astype(np.int64)]
    images, labels, test_images, test_labels = parts
    run = trained(sd.MLP(784, [30], 1, activation="relu"), images, labels[:, None], 0.05)
    assert sd.accuracy(run.predict(test_images), test_labels) > 0.95


# ---- the adding problem: the sum of the two values that are marked, one in each half
LENGTH, HIDDEN = 10, 16
IDENTITY = Initialiser("identity", lambda generator, shape, fan_in, fan_out: np.eye(*shape))


def sequences(count: int, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values, marks = rng.uniform(size=(count, length)), np.zeros((count, length))
    rows = np.arange(count)
    marks[rows, rng.integers(0, length // 2, count)] = 1.0
    marks[rows, rng.integers(length // 2, length, count)] = 1.0
    x = np.stack([values, marks], axis=2)
    return x.astype(np.float32), (values * marks).sum(axis=1, keepdims=True).astype(np.float32)


def added(cell: sd.Module, rule: Any, rate: float, steps: int, length: int = LENGTH) -> tuple[sd.Run, float]:
    """The run, and the mean squared error on other sequences; 1/6 for whoever always says 1."""
    net = sd.Sequential(cell, sd.Linear(HIDDEN, 1))
    params, state = net.init(sd.Key(0))
    start = {name: x.astype(np.float32) for name, x in params.items()}
    problem = sd.Problem(net, start, *sequences(2000, length, 0), state=state)
    run = sd.Run(problem, sd.Descent(rule, sd.CosineDecay(rate, steps), sd.Batches(50)), steps=steps).finish()
    x, y = sequences(500, length, 1)
    return run, float(np.mean((run.predict(x) - y) ** 2))


def test_a_gated_cell_adds() -> None:
    _, error = added(sd.GRU(2, HIDDEN, last=True), sd.Adam(), 0.02, 200)
    assert error < 0.02


def test_a_plain_cell_needs_clipping() -> None:
    def cell() -> sd.Module:
        return sd.RNN(2, HIDDEN, nonlinearity="relu", recurrent_init=IDENTITY, last=True)

    run, _ = added(cell(), sd.Momentum(0.9), 0.1, 300)
    assert run.outcome is not None
    assert run.outcome.name in ("diverged", "non_finite")
    assert run.steps_done < 10
    clipped, error = added(cell(), sd.chain(sd.ClipGlobalNorm(0.3), sd.Momentum(0.9)), 0.1, 300)
    assert clipped.outcome is not None
    assert clipped.outcome.name == "out_of_steps"
    assert error < 0.04
    assert not any("diverge" in remark or "not finite" in remark for remark in clipped.remarks)


def test_a_plain_cell_over_fifty_steps_is_not_finite_at_once() -> None:
    cell = sd.RNN(2, HIDDEN, nonlinearity="relu", recurrent_init=IDENTITY, last=True)
    run, _ = added(cell, sd.Momentum(0.9), 0.1, 5, length=50)
    assert run.outcome is not None
    assert run.outcome.name == "non_finite"
    assert "became nan at step 1" in run.outcome.message
