"""Reads the NIST StRD nonlinear problems (https://www.itl.nist.gov/div898/strd/, public domain) in tests/optim/nist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from steepest.base.params import Array
from steepest.training.problem import Problem

FOLDER = Path(__file__).parent / "nist"

MODELS: dict[str, Any] = {
    "Misra1a": lambda x, b1, b2: b1 * (1 - np.exp(-b2 * x)),
    "BoxBOD": lambda x, b1, b2: b1 * (1 - np.exp(-b2 * x)),
    "Bennett5": lambda x, b1, b2, b3: b1 * (b2 + x) ** (-1 / b3),
    "MGH09": lambda x, b1, b2, b3, b4: b1 * (x**2 + x * b2) / (x**2 + x * b3 + b4),
    "MGH10": lambda x, b1, b2, b3: b1 * np.exp(b2 / (x + b3)),
    "Thurber": lambda x, b1, b2, b3, b4, b5, b6, b7: (
        (b1 + b2 * x + b3 * x**2 + b4 * x**3) / (1 + b5 * x + b6 * x**2 + b7 * x**3)
    ),
}


@dataclass(frozen=True)
class Certified:
    """One problem: two starts, the certified answer, and the data."""

    name: str
    starts: tuple[Array, Array]
    values: Array
    standard_errors: Array
    residual_sum_of_squares: float
    x: Array
    y: Array

    def problem(self, start: int) -> Problem:
        """The problem from start 1 or 2."""
        model = MODELS[self.name]
        names = [f"b{i + 1}" for i in range(len(self.values))]
        first = dict(zip(names, self.starts[start - 1]))
        return Problem(lambda p, x: model(x, *p.values()), first, self.x, self.y, reduction="sum")


def certified(name: str) -> Certified:
    lines = (FOLDER / f"{name}.dat").read_text().splitlines()
    table = np.array([[float(v) for v in line.split("=")[1].split()] for line in lines if re.match(r"\s*b\d+ =", line)])
    (rss,) = [float(line.split()[-1]) for line in lines if line.startswith("Residual Sum of Squares")]
    begin = max(i for i, line in enumerate(lines) if line.startswith("Data:")) + 1
    data = np.array([[float(v) for v in line.split()] for line in lines[begin:] if line.strip()])
    return Certified(name, (table[:, 0], table[:, 1]), table[:, 2], table[:, 3], rss, data[:, 1], data[:, 0])


def digits(found: Array, right: Array) -> float:
    """Of the worst element: -log10 of the relative error, at most 11, which is what NIST certifies."""
    with np.errstate(divide="ignore"):
        return float(np.min(np.clip(-np.log10(np.abs(found - right) / np.abs(right)), 0.0, 11.0)))
