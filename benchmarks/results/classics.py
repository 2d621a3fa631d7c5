"""Four small data sets against scikit-learn's networks: `python -m benchmarks.results.classics` (needs the extra `bench`).

Both get the same splits, the same standardised numbers and the same layers. scikit-learn's network is used as it comes; the
settings of steepest's, one for all four, were chosen on other splits (seeds 100 to 114).
"""

from __future__ import annotations

import warnings
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

import steepest as sd

NAMES = ("wine", "breast_cancer", "digits", "diabetes")
SEEDS = range(5)
HIDDEN = [100]  # with ReLU: scikit-learn's own choice
EPOCHS = 140  # scikit-learn gets 200, its own choice, and stops before where its training loss no longer falls
ROWS = 32  # a batch
RATE = 0.01
DECAY = 0.5


class Split(NamedTuple):
    """Rows to train with and rows to test with, standardised by the means and deviations of the former."""

    x: Any
    y: Any
    test_x: Any
    test_y: Any

    @property
    def classes(self) -> int:
        """How many; 0 for a regression."""
        return len(np.unique(self.y)) if self.y.dtype.kind == "i" else 0


def split(name: str, seed: int) -> Split:
    """Three quarters of the rows to train with; of each class where there are classes."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    data = getattr(datasets, f"load_{name}")()
    classes = data.target if hasattr(data, "target_names") else None
    x, test_x, y, test_y = train_test_split(data.data, data.target, test_size=0.25, random_state=seed, stratify=classes)
    centre, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1.0
    if classes is None:
        middle, deviation = y.mean(), y.std()
        y, test_y = (y - middle) / deviation, (test_y - middle) / deviation
    return Split((x - centre) / spread, y, (test_x - centre) / spread, test_y)


def theirs(data: Split, seed: int) -> tuple[float, float]:
    """Accuracy or R² on the test rows, and seconds, of scikit-learn's network as it comes."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    model = MLPClassifier if data.classes else MLPRegressor
    began = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # all its epochs are used
        net = model(hidden_layer_sizes=HIDDEN, random_state=seed).fit(data.x, data.y)
    seconds = perf_counter() - began
    return float(net.score(data.test_x, data.test_y)), seconds


def ours(data: Split, seed: int) -> tuple[float, float]:
    """The same of a steepest network of the same layers."""
    began = perf_counter()
    net = sd.MLP(data.x.shape[1], HIDDEN, data.classes or 1, activation="relu")
    params, state = net.init(sd.Key(seed))
    target = data.y if data.classes else data.y[:, None]
    problem = sd.Problem(net, params, data.x, target, loss="cross_entropy" if data.classes else "mse", state=state)
    batches = sd.Batches(ROWS)
    steps = EPOCHS * batches.per_epoch(problem.rows)
    method = sd.Descent(sd.AdamW(weight_decay=DECAY), sd.CosineDecay(RATE, steps), batches)
    run = sd.Run(problem, method, steps=steps, seed=seed).finish()
    seconds = perf_counter() - began
    outputs = run.predict(data.test_x)
    if data.classes:
        return sd.accuracy(outputs, data.test_y), seconds
    return float(sd.r_squared(outputs[:, 0], data.test_y)), seconds


def main() -> None:
    print(f"Against scikit-learn's networks with the same layers: means over {len(SEEDS)} splits")
    print(f"{'':16}{'':>9}{'steepest':>10}{'spread':>9}{'scikit-learn':>14}{'spread':>9}{'time':>8}")
    for name in NAMES:
        table = np.array([(*ours(data, seed), *theirs(data, seed)) for seed in SEEDS for data in [split(name, seed)]])
        (mine, seconds, other, other_seconds), deviations = table.mean(axis=0), table.std(axis=0, ddof=1)
        what = "R²" if name == "diabetes" else "accuracy"
        print(
            f"{name:16}{what:>9}{mine:10.4f}{deviations[0]:9.4f}{other:14.4f}{deviations[2]:9.4f}{seconds / other_seconds:7.1f}x",
            flush=True,
        )


if __name__ == "__main__":
    main()
