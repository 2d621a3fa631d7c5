"""MNIST from its four IDX files: `python -m benchmarks.results.mnist FOLDER` (FOLDER may be empty: the files are fetched)."""

from __future__ import annotations

import sys
from time import perf_counter

import numpy as np

import steepest as sd

SEEDS = (0,)


def train(net: sd.Module, digits: sd.data.Digits, epochs: int, rate: float, loss: str, seed: int) -> float:
    """Train with Adam and a cosine rate; the accuracy on the test images."""
    params, state = net.init(sd.Key(seed))
    start = {name: x.astype(np.float32) for name, x in params.items()}
    problem = sd.Problem(net, start, digits.train_images, digits.train_labels, loss=loss, state=state)
    batches = sd.Batches(100)
    steps = epochs * batches.per_epoch(problem.rows)

    def falling(step: int) -> float:
        return rate * 0.5 * (1 + np.cos(np.pi * step / steps))

    run = sd.Run(problem, sd.Descent(sd.Adam(), falling, batches), steps=steps, seed=seed).finish()
    return sd.accuracy(run.predict(digits.test_images), digits.test_labels)


def three_or_seven(digits: sd.data.Digits) -> sd.data.Digits:
    """The images of 3 (label 0) and 7 (label 1)."""
    parts = []
    for images, labels in (digits[:2], digits[2:]):
        keep = (labels == 3) | (labels == 7)
        parts += [images[keep], (labels[keep] == 7).astype(np.int64)]
    return sd.data.Digits(*parts)


def main(folder: str) -> None:
    digits = sd.data.mnist(folder, download=True)
    runs = {
        "linear softmax 784-10": (lambda: sd.Linear(784, 10), digits, 8, 2e-3, "cross_entropy"),
        "784-30-10": (lambda: sd.MLP(784, [30], 10, activation="relu"), digits, 10, 3e-3, "cross_entropy"),
        "784-128-10": (lambda: sd.MLP(784, [128], 10, activation="relu"), digits, 12, 2e-3, "cross_entropy"),
        "3 against 7, 784-30-2": (
            lambda: sd.MLP(784, [30], 2, activation="relu"), three_or_seven(digits), 10, 3e-3, "cross_entropy",
        ),
    }  # fmt: skip
    print(f"{'':24}{'test accuracy':>14}{'lowest':>10}{'seconds':>9}   ({len(SEEDS)} seeds)")
    for name, (net, data, epochs, rate, loss) in runs.items():
        began = perf_counter()
        accuracies = [train(net(), data, epochs, rate, loss, seed) for seed in SEEDS]
        seconds = (perf_counter() - began) / len(SEEDS)
        print(f"{name:24}{np.mean(accuracies):13.2%} {min(accuracies):9.2%}{seconds:9.1f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "mnist")
