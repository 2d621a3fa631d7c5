"""The adding problem, which needs memory: `python -m benchmarks.results.adding`.

A sequence has two numbers at each step: a value from 0 to 1, and a mark, which is 1 at one step of each half and 0 elsewhere. The
target is the sum of the two marked values (Hochreiter and Schmidhuber, Neural Computation 9, 1997). Whoever always says 1 has a
mean squared error of 1/6 = 0.167.

The plain recurrent net has ReLU and starts from the identity between time steps (Le, Jaitly and Hinton, arXiv:1504.00941), so
that it remembers all it has seen. It is trained twice from the same seed, alike but for the clipping.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import steepest as sd
from steepest.nn import Initialiser

LENGTH = 50
HIDDEN = 32
ROWS = 100  # a batch
SEEDS = range(2)
IDENTITY = Initialiser("identity", lambda generator, shape, fan_in, fan_out: np.eye(*shape))


def sequences(count: int, length: int, seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Inputs (count, length, 2) and targets (count, 1)."""
    rng = np.random.default_rng(seed)
    values, marks = rng.uniform(size=(count, length)), np.zeros((count, length))
    rows = np.arange(count)
    marks[rows, rng.integers(0, length // 2, count)] = 1.0
    marks[rows, rng.integers(length // 2, length, count)] = 1.0
    x = np.stack([values, marks], axis=2)
    return x.astype(np.float32), (values * marks).sum(axis=1, keepdims=True).astype(np.float32)


def plain() -> sd.Module:
    return sd.RNN(2, HIDDEN, nonlinearity="relu", recurrent_init=IDENTITY, last=True)


def gated() -> sd.Module:
    return sd.GRU(2, HIDDEN, last=True)


def train(cell: sd.Module, rule: Any, rate: float, steps: int, seed: int) -> tuple[sd.Run, float]:
    """A run on 20,000 sequences, and the mean squared error on 2,000 others."""
    net = sd.Sequential(cell, sd.Linear(HIDDEN, 1))
    params, state = net.init(sd.Key(seed))
    start = {name: x.astype(np.float32) for name, x in params.items()}
    problem = sd.Problem(net, start, *sequences(20_000, LENGTH, 2 * seed), state=state)
    method = sd.Descent(rule, sd.CosineDecay(rate, steps), sd.Batches(ROWS))
    run = sd.Run(problem, method, steps=steps, seed=seed).finish()
    x, y = sequences(2_000, LENGTH, 2 * seed + 1)
    return run, float(np.mean((run.predict(x) - y) ** 2))


def main() -> None:
    momentum = sd.Momentum(0.9)
    settings = {
        "GRU, Adam at 0.01": (gated, sd.Adam(), 0.01, 1_000),
        "plain, momentum at 0.01": (plain, momentum, 0.01, 4_000),
        "the same, clipped": (plain, sd.chain(sd.ClipGlobalNorm(1.0), momentum), 0.01, 4_000),
    }
    print(f"Adding problem of length {LENGTH}: mean squared error on other sequences (always 1: 0.167)")
    print(f"{'':26}{'seed':>5}{'MSE':>10}{'steps':>7}  outcome")
    for name, (cell, rule, rate, steps) in settings.items():
        for seed in SEEDS:
            run, error = train(cell(), rule, rate, steps, seed)
            assert run.outcome is not None
            ended = run.outcome.message.split(";")[0] if run.outcome.ok else run.outcome.message.split(". ")[0]
            print(f"{name:26}{seed:5}{error:10.5f}{run.steps_done:7}  {ended.rstrip('.')}", flush=True)


if __name__ == "__main__":
    main()
