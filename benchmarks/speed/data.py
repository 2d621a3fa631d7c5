"""The workloads: data and first parameters, the same for all who are compared; NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True)
class Workload:
    """What is measured.

    Attributes
    ----------
    title : str
    unit : str
        Of a figure: ``us`` for microseconds a step, ``ms`` for milliseconds of the whole.
    """

    title: str
    unit: str = "us"


WORKLOADS = {
    "quadratic": Workload("quadratic, 20 points, 3 parameters, float64"),
    "toy64": Workload("1-20-20-1 tanh, 128 points, float64"),
    "toy32": Workload("the same, float32"),
    "mnist64": Workload("784-128-10 ReLU, batch 64, float32"),
    "mnist512": Workload("the same, batch 512"),
    "logistic": Workload("logistic regression, 1,000,000 x 30, float32, batch 256, an epoch", "ms"),
    "gru": Workload("GRU, length 50, hidden 32, batch 32, float32"),
    "curve": Workload("curve fit, 1,000,000 points, 4 parameters", "ms"),
}
RATES = {
    "quadratic": 1e-5,
    "toy64": 0.05,
    "toy32": 0.05,
    "mnist64": 0.05,
    "mnist512": 0.05,
    "logistic": 0.1,
    "gru": 0.01,
}
BATCH = {"mnist64": 64, "mnist512": 512, "logistic": 256}
SIZES = {"mnist64": (784, 128, 10), "mnist512": (784, 128, 10)}


def quadratic() -> tuple[Array, Array]:
    """t and y of ``y ~ a t**2 + b t + c``; the parameters start at 0."""
    t = np.arange(20.0)
    return t, 0.5 * (t - 9.5) ** 2 + 1


def toy(dtype: Any) -> tuple[Array, Array, list[Array]]:
    """x, y (128, 1), and weights (out, in) and biases of each layer."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.standard_normal(128))[:, None]
    y = np.sin(np.pi * x / 2) + 0.3 * rng.standard_normal((128, 1))
    sizes = [(20, 1), (20,), (20, 20), (20,), (1, 20), (1,)]
    return x.astype(dtype), y.astype(dtype), [(0.3 * rng.standard_normal(s)).astype(dtype) for s in sizes]


def digits(
    rows: int = 60_000, folder: str = "", sizes: tuple[int, ...] = (784, 128, 10)
) -> tuple[Array, Array, list[Array]]:
    """Images (rows, 784) and labels, of MNIST's shape or from its files, and weights (out, in) and biases of each layer."""
    rng = np.random.default_rng(0)
    if folder:
        import steepest as sd

        found = sd.data.mnist(folder)
        x, labels = found.train_images.astype(np.float32), np.asarray(found.train_labels)
    else:
        x = rng.random((rows, sizes[0]), np.float32)
        labels = np.argmax(x[:, : sizes[-1]], axis=1)
    params: list[Array] = []
    for before, after in pairwise(sizes):
        bound = before**-0.5
        params += [rng.uniform(-bound, bound, shape).astype(np.float32) for shape in ((after, before), (after,))]
    return x, labels, params


def asked(workload: str) -> dict[str, int]:
    """The numbers of a network that `benchmarks.scaling` asks for: ``net:rows=100,batch=0,width=8,depth=1``."""
    return {name: int(value) for name, _, value in (part.partition("=") for part in workload[4:].split(","))}


def few_steps(workload: str) -> int:
    """So many steps of such a network as take some hundredths of a second."""
    numbers = asked(workload)
    rows = numbers["batch"] or numbers["rows"]
    work = rows * (20 * numbers["width"] + numbers["depth"] * numbers["width"] ** 2) * 6
    return int(min(1000, max(2, 1e9 // work)))


def network(workload: str) -> tuple[Array, Array, list[Array], int | None]:
    """x (rows, 20), y (rows, 1), weights and biases of each layer, and the batch."""
    numbers, rng = asked(workload), np.random.default_rng(0)
    x = rng.standard_normal((numbers["rows"], 20), np.float32)
    y = np.sin(x[:, :1]) + 0.1 * rng.standard_normal((len(x), 1), np.float32)
    sizes = [20, *[numbers["width"]] * numbers["depth"], 1]
    params: list[Array] = []
    for before, after in pairwise(sizes):
        bound = before**-0.5
        params += [rng.uniform(-bound, bound, shape).astype(np.float32) for shape in ((after, before), (after,))]
    return x, y, params, numbers["batch"] or None


def logistic() -> tuple[Array, Array]:
    """x (1,000,000, 30) and labels 0 and 1; weights and bias start at 0."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1_000_000, 30), np.float32)
    score = x @ np.linspace(-1, 1, 30, dtype=np.float32) + rng.logistic(size=len(x)).astype(np.float32)
    return x, (score > 0).astype(np.float32)


HIDDEN, FEATURES, LENGTH, ROWS = 32, 8, 50, 32


def gru() -> tuple[Array, Array, list[Array]]:
    """Sequences (32, 50, 8), targets (32, 1), and the parameters in PyTorch's order, those of a linear layer last."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, LENGTH, FEATURES)).astype(np.float32)
    y = rng.standard_normal((ROWS, 1)).astype(np.float32)
    shapes = [(3 * HIDDEN, FEATURES), (3 * HIDDEN, HIDDEN), (3 * HIDDEN,), (3 * HIDDEN,), (1, HIDDEN), (1,)]
    return x, y, [(rng.uniform(-1, 1, shape) / HIDDEN**0.5).astype(np.float32) for shape in shapes]


FORMULA = "y ~ a*exp(-b*t) + c + d*t"


def curve(rows: int = 1_000_000) -> tuple[Array, Array]:
    """t and y of the formula, with noise; all parameters start at 1."""
    rng = np.random.default_rng(0)
    t = rng.uniform(0.0, 10.0, rows)
    return t, 3.0 * np.exp(-0.7 * t) + 1.0 + 0.2 * t + rng.normal(0.0, 0.1, rows)


def shuffled(rows: int, batch: int, steps: int, seed: int = 0) -> Array:
    """Places of the rows of some batches, (steps, batch): epochs in random order, without a short last batch."""
    rng = np.random.default_rng(seed)
    whole = rows // batch * batch
    epochs = -(-steps * batch // whole)
    places = np.concatenate([rng.permutation(rows)[:whole] for _ in range(epochs)])
    return places[: steps * batch].reshape(steps, batch)
