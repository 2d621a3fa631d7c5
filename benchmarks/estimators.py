"""Estimators against scikit-learn's own: `python -m benchmarks estimators`, with MNIST's files in a folder too.

All get the same rows, one thread of BLAS, and turns in one process; times are processor seconds of `fit`, the least of some.
Columns are standardised by all (a regression's target too): inside steepest's, by a StandardScaler in front of scikit-learn's,
whose time counts. Settings of steepest's were chosen on other splits (seeds 100 to 107).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from time import process_time
from typing import Any, NamedTuple

import numpy as np

import steepest as sd
from steepest.program.native.machine import machine_of

NAMES = ("iris", "wine", "breast_cancer", "diabetes", "digits")
SEEDS = range(5)
OTHER_SEEDS = range(100, 108)
ROUNDS = 3
Make = Callable[[int], Any]


class Rows(NamedTuple):
    """Rows to train with, and rows to test with."""

    x: Any
    y: Any
    test_x: Any
    test_y: Any


def split(name: str, seed: int) -> Rows:
    """Three quarters of the rows to train with; of each class where there are classes."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    data = getattr(datasets, f"load_{name}")()
    classes = data.target if hasattr(data, "target_names") else None
    x, test_x, y, test_y = train_test_split(data.data, data.target, test_size=0.25, random_state=seed, stratify=classes)
    return Rows(x, y, test_x, test_y)


def standardised(model: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), model)


def their_network(seed: int, regression: bool, **options: Any) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler

    if regression:
        network = standardised(MLPRegressor(random_state=seed, **options))
        return TransformedTargetRegressor(network, transformer=StandardScaler())
    return standardised(MLPClassifier(random_state=seed, **options))


def our_network(seed: int, regression: bool, **options: Any) -> Any:
    return (sd.NetworkRegressor if regression else sd.NetworkClassifier)(random_state=seed, **options)


def their_line(seed: int, regression: bool) -> Any:
    from sklearn.linear_model import SGDClassifier

    return standardised(SGDClassifier(random_state=seed))


def our_line(seed: int, regression: bool, **options: Any) -> Any:
    return sd.LogisticClassifier(random_state=seed, **options)


def fewest_steps(name: str) -> int:
    """How many steps our line needs to be as often right as theirs, on other splits than those measured."""
    splits = [(seed, split(name, seed)) for seed in OTHER_SEEDS]

    def score(model: Callable[[int], Any]) -> float:
        return float(np.mean([model(seed).fit(r.x, r.y).score(r.test_x, r.test_y) for seed, r in splits]))

    wanted = score(lambda seed: their_line(seed, False))
    return next(k for k in range(1, 100) if score(lambda seed: our_line(seed, False, epochs=k)) >= wanted)  # noqa: B023


def seconds(model: Any, rows: Rows) -> float:
    began = process_time()
    model.fit(rows.x, rows.y)
    return process_time() - began


class Line(NamedTuple):
    """Scores and seconds, means over splits; `first` is a fit for which nothing has been compiled before."""

    score: float
    spread: float
    first: float
    again: float
    their_score: float
    their_spread: float
    theirs: float


def compared(name: str, ours: Callable[..., Any], theirs: Callable[..., Any], **options: dict[str, Any]) -> Line:
    rows_of = []
    for seed in SEEDS:
        rows, regression = split(name, seed), name == "diabetes"
        mine = ours(seed, regression, **options.get("our_options", {}))
        other = theirs(seed, regression, **options.get("their_options", {}))
        machine_of.cache_clear()
        first, again, their = seconds(mine, rows), [], []
        for _ in range(ROUNDS):
            again.append(seconds(mine, rows))
            their.append(seconds(other, rows))
        rows_of.append(
            (mine.score(rows.test_x, rows.test_y), first, min(again), other.score(rows.test_x, rows.test_y), min(their))
        )
    means, spreads = np.mean(rows_of, axis=0), np.std(rows_of, axis=0, ddof=1)
    return Line(means[0], spreads[0], means[1], means[2], means[3], spreads[3], means[4])


def table(title: str, names: tuple[str, ...], ours: Any, theirs: Any, **options: dict[str, Any]) -> None:
    print(f"\n{title}")
    print(f"| {'data':14} | steepest        | scikit-learn    | first fit | next fits | scikit-learn | ratio       |")
    print("|----------------|-----------------|-----------------|-----------|-----------|--------------|-------------|")
    for name in names:
        line = compared(name, ours, theirs, **options)
        mine, their = (f"{score:.4f} ± {spread:.4f}" for score, spread in ((line.score, line.spread), line[4:6]))
        times = f"{1e3 * line.first:6.0f} ms | {1e3 * line.again:6.1f} ms | {1e3 * line.theirs:9.1f} ms"
        ratios = f"{line.first / line.theirs:4.2f}, {line.again / line.theirs:4.2f}"
        print(f"| {name.replace('_', ' '):14} | {mine} | {their} | {times} | {ratios}  |", flush=True)


def mnist(folder: str) -> None:
    """A network with 100 hidden units and a linear model, float32, on all of MNIST."""
    from sklearn.linear_model import SGDClassifier
    from sklearn.neural_network import MLPClassifier

    data = sd.data.mnist(folder)
    x, test_x = (np.asarray(a, np.float32).reshape(len(a), -1) for a in (data.train_images, data.test_images))
    rows = Rows(x, data.train_labels.astype(int), test_x, data.test_labels.astype(int))

    print("\nMNIST, 60,000 images, float32")
    print(f"| {'estimator':44} | epochs | test accuracy | seconds |")
    print("|----------------------------------------------|--------|---------------|---------|")

    def show(name: str, epochs: Any, score: float, spent: float) -> None:
        print(f"| {name:44} | {epochs:>6} | {100 * score:11.2f} % | {spent:7.1f} |", flush=True)

    def whole(name: str, model: Any) -> None:
        machine_of.cache_clear()
        spent = seconds(model, rows)
        show(name, model.n_iter_, model.score(rows.test_x, rows.test_y), spent)

    ours = sd.NetworkClassifier(epochs=3, dtype="float32", random_state=0)
    whole("NetworkClassifier()", ours)
    wanted = ours.score(rows.test_x, rows.test_y)
    whole("NetworkClassifier()", ours.set_params(epochs=10))
    theirs, spent, epochs, score = MLPClassifier(random_state=0), 0.0, 0, 0.0
    shown = set()
    while epochs < 30 and not (score >= wanted and epochs >= 10):
        began = process_time()
        theirs.partial_fit(rows.x, rows.y, classes=np.arange(10))
        spent, epochs = spent + process_time() - began, epochs + 1
        score = theirs.score(rows.test_x, rows.test_y)
        if epochs in (3, 10) or (score >= wanted and "reached" not in shown):
            shown |= {"reached"} if score >= wanted else set()
            show("MLPClassifier()", epochs, score, spent)
    whole("LogisticClassifier(epochs=3)", sd.LogisticClassifier(epochs=3, dtype="float32", random_state=0))
    whole("SGDClassifier()", SGDClassifier(random_state=0))


def main(folder: str | None = None) -> None:
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # all their epochs are used
        print(f"Means over {len(SEEDS)} splits and their standard deviations; R² for diabetes, else accuracy.")
        our_line(0, False).fit(*split("iris", 0)[:2]), our_network(0, False, engine="llvm").fit(*split("iris", 0)[:2])
        table(
            "A network with 100 hidden units, as it comes: 100 epochs, and up to 200", NAMES, our_network, their_network
        )
        same = {"our_options": {"epochs": 200}, "their_options": {"n_iter_no_change": 200}}
        table("The same, 200 epochs each", NAMES, our_network, their_network, **same)
        classes = tuple(name for name in NAMES if name != "diabetes")
        table("LogisticClassifier and SGDClassifier, as they come", classes, our_line, their_line)
        print("\nThe same, with as few steps as reach the accuracy of SGDClassifier on other splits", end="")
        for name in classes:
            steps = fewest_steps(name)
            table(f"{steps} steps:", (name,), our_line, their_line, our_options={"epochs": steps})
        if folder is not None:
            mnist(folder)


if __name__ == "__main__":
    main()
