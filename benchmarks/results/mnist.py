"""MNIST from its four IDX files: `python -m benchmarks.results.mnist FOLDER` (FOLDER may be empty: the files are fetched).

With `--held-out` 10,000 of the training images stand in for the test images. Rates, decays and epochs were chosen that way; the
test images were used for the figures alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import steepest as sd

SEEDS = range(3)


class Setting(NamedTuple):
    """A network, and how it is trained: momentum 0.9, a rate that falls along half a cosine, weight decay."""

    net: Callable[[], sd.Module]
    epochs: int
    rate: float = 0.1
    decay: float = 3e-4
    rows: int = 100  # a batch


SETTINGS = {
    "784-10, linear softmax": Setting(lambda: sd.Linear(784, 10), 20, rate=0.05, decay=1e-4),
    "784-30-10": Setting(lambda: sd.MLP(784, [30], 10, activation="relu"), 20),
    "784-128-10": Setting(lambda: sd.MLP(784, [128], 10, activation="relu"), 30),
    "784-30-1, 3 against 7": Setting(lambda: sd.MLP(784, [30], 1, activation="relu"), 20),
}


def three_or_seven(digits: sd.data.Digits) -> sd.data.Digits:
    """The images of 3 (label 0) and of 7 (label 1)."""
    parts = []
    for images, labels in (digits[:2], digits[2:]):
        keep = (labels == 3) | (labels == 7)
        parts += [images[keep], (labels[keep] == 7).astype(np.int64)]
    return sd.data.Digits(*parts)


def held_out(digits: sd.data.Digits) -> sd.data.Digits:
    """The last 10,000 training images in place of the test images."""
    images, labels = digits[:2]
    return sd.data.Digits(images[:-10_000], labels[:-10_000], images[-10_000:], labels[-10_000:])


def train(setting: Setting, digits: sd.data.Digits, seed: int) -> float:
    """Train in float32; the accuracy on the test images."""
    net = setting.net()
    params, state = net.init(sd.Key(seed))
    start = {name: x.astype(np.float32) for name, x in params.items()}
    scores = net.features_after(784)
    target = digits.train_labels[:, None] if scores == 1 else digits.train_labels
    loss = "binary_cross_entropy" if scores == 1 else "cross_entropy"
    problem = sd.Problem(net, start, digits.train_images, target, loss=loss, state=state)
    batches = sd.Batches(setting.rows)
    steps = setting.epochs * batches.per_epoch(problem.rows)
    rule = sd.chain(sd.WeightDecay(setting.decay), sd.Momentum(0.9))
    method = sd.Descent(rule, sd.CosineDecay(setting.rate, steps), batches)
    run = sd.Run(problem, method, steps=steps, seed=seed).finish()
    return sd.accuracy(run.predict(digits.test_images), digits.test_labels)


def main(folder: str, choosing: bool = False) -> None:
    digits = sd.data.mnist(folder, download=True)
    if choosing:
        digits = held_out(digits)
    print(f"MNIST: accuracy on {'held-out training' if choosing else 'the test'} images, {len(SEEDS)} seeds")
    print(f"{'':24}{'mean':>9}{'spread':>9}{'lowest':>9}{'images':>9}{'epochs':>9}")
    for name, setting in SETTINGS.items():
        data = three_or_seven(digits) if "3 against 7" in name else digits
        found = [train(setting, data, seed) for seed in SEEDS]
        figures = f"{np.mean(found):9.2%}{np.std(found, ddof=1):9.2%}{min(found):9.2%}"
        print(f"{name:24}{figures}{len(data.test_labels):9,}{setting.epochs:9}", flush=True)


if __name__ == "__main__":
    places = [argument for argument in sys.argv[1:] if argument != "--held-out"]
    if len(places) != 1:
        sys.exit(
            "python -m benchmarks.results.mnist FOLDER [--held-out]: FOLDER has the four files of MNIST, or is to get them"
        )
    main(places[0], "--held-out" in sys.argv)
