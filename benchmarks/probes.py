"""What watching a network costs: probes against the training itself, and a whole run with `sd.Watch` against one without."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

import steepest as sd
from steepest.nn import Module, Sequential

MNIST = Path(__file__).parents[1] / "examples" / "data" / "mnist-small"
ROUNDS = 5

Setup = tuple[Module, Any, Any, str, sd.Descent, int]


def toy() -> Setup:
    rng = np.random.default_rng(0)
    x = np.sort(rng.standard_normal((128, 1)), axis=0)
    y = np.sin(np.pi * x / 2) + 0.3 * rng.standard_normal((128, 1))
    return sd.MLP(1, [20, 20], 1, "tanh"), x, y, "mse", sd.Descent(sd.SGD(), 0.075), 2000


def digits() -> Setup:
    data = sd.data.mnist(MNIST)
    net = sd.MLP(784, [128], 10, "relu")
    return (
        net,
        data.train_images,
        data.train_labels,
        "cross_entropy",
        sd.Descent(sd.Adam(), 0.001, sd.Batches(100)),
        400,
    )


def deep() -> Setup:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((512, 10))
    return sd.MLP(10, [64] * 20, 1, "relu"), x, x[:, :1] ** 2, "mse", sd.Descent(sd.Adam(), 0.001, sd.Batches(64)), 300


def recurrent() -> Setup:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (200, 100, 2))
    net = Sequential(sd.RNN(2, 32, last=True), sd.Linear(32, 1))
    return net, x, x[:, -5:, 0].sum(axis=1)[:, None], "mse", sd.Descent(sd.Adam(), 0.001, sd.Batches(20)), 120


SETUPS: dict[str, Callable[[], Setup]] = {
    "1-20-20-1, 128 rows": toy, "784-128-10, batches of 100": digits, "20 layers of 64, batches of 64": deep,
    "RNN of 100 time steps": recurrent,
}  # fmt: skip


def seconds(setup: Setup, hooks: list[Any]) -> tuple[float, float]:
    """The processor's time of a whole run, which other programs do not disturb, and the clock's of its descent."""
    net, x, y, loss, method, steps = setup
    params, state = net.init(0)
    problem = sd.Problem(net, params, x, y, loss=loss, state=state)
    began = process_time()
    run = sd.Run(problem, method, steps=steps, hooks=hooks, engine="numpy").finish()
    return process_time() - began, run.elapsed


def main() -> None:
    print(f"{'':32}{'steps':>6}{'ms a step':>11}{'probes':>8}{'probes / descent':>18}{'with / without':>16}")
    for name, make in SETUPS.items():
        setup, shares, ratios, probes, a_step = make(), [], [], 0, 0.0
        seconds(setup, [])  # the first one warms up
        for _ in range(ROUNDS):  # in turn, so that the ratios hold when the machine's speed drifts
            without, descent = seconds(setup, [])
            watch = sd.Watch(say=None)
            within, watched = seconds(setup, [watch])
            shares.append(watch.seconds / watched)
            ratios.append(within / without)
            probes, a_step = len(watch.history), descent / setup[-1] * 1e3
        print(f"{name:32}{setup[-1]:6}{a_step:11.2f}{probes:8}{statistics.median(shares):18.1%}"
              f"{statistics.median(ratios):16.3f}")  # fmt: skip
