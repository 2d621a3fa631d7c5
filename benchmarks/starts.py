"""Fits that are given no start, by families of curves: how many of 100 are solved, and in what processor time.

Solved: the loss is at most 1.001 times that of a descent from the parameters that made the data. `python -m benchmarks starts
[SEEDS [LOSS]]`; with a robust loss, 20 % of the rows are outliers.
"""

from __future__ import annotations

from time import process_time

import numpy as np

import steepest as sd
from benchmarks.families import FAMILIES, Made, problems

TOLERANCE = 1.001
OUTLIERS = 0.2


def solved(made: Made, loss: str = "mse") -> tuple[bool, float]:
    """Whether the fit without a start is as good as that from the truth, and the seconds of processor time it took."""
    best = sd.fit(made.formula, made.data, loss=loss, start=made.truth).loss
    began = process_time()
    found = sd.fit(made.formula, made.data, loss=loss).loss
    return bool(found <= TOLERANCE * best), process_time() - began


def main(seeds: str = "100", loss: str = "mse", *families: str) -> None:
    with_outliers = "" if loss == "mse" else f", loss {loss}, {OUTLIERS:.0%} outliers"
    print(f"no start given, {seeds} seeds each{with_outliers}")
    print(f"{'':20}{'spellings':>10}{'solved':>8}{'median CPU s':>14}{'longest':>9}  seeds not solved")
    for family in families or FAMILIES:
        made = problems(family, range(int(seeds)), 0.0 if loss == "mse" else OUTLIERS)
        good, seconds = zip(*(solved(one, loss) for one in made), strict=True)
        lost = ", ".join(str(seed) for seed, found in enumerate(good) if not found)
        print(
            f"{family:20}{len(FAMILIES[family]):10}{sum(good):8}{np.median(seconds):14.2f}{max(seconds):9.2f}  {lost}",
            flush=True,
        )
