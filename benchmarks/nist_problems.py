"""The nonlinear regression problems of NIST's StRD (https://www.itl.nist.gov/div898/strd/, public domain), from their files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "tests" / "optim" / "nist"  # six of the 27

_CUBIC = "(b1 + b2*x + b3*x**2 + b4*x**3)/(1 + b5*x + b6*x**2 + b7*x**3)"
_THREE = "b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x)"
_PEAKS = "b1*exp(-b2*x) + b3*exp(-(x - b4)**2/b5**2) + b6*exp(-(x - b7)**2/b8**2)"
FORMULAS = {
    "Bennett5": "y ~ b1*(b2 + x)**(-1/b3)",
    "BoxBOD": "y ~ b1*(1 - exp(-b2*x))",
    "Chwirut1": "y ~ exp(-b1*x)/(b2 + b3*x)",
    "Chwirut2": "y ~ exp(-b1*x)/(b2 + b3*x)",
    "DanWood": "y ~ b1*x**b2",
    "ENSO": "y ~ b1 + b2*cos(2*pi*x/12) + b3*sin(2*pi*x/12) + b5*cos(2*pi*x/b4) + b6*sin(2*pi*x/b4)"
    " + b8*cos(2*pi*x/b7) + b9*sin(2*pi*x/b7)",
    "Eckerle4": "y ~ (b1/b2)*exp(-0.5*((x - b3)/b2)**2)",
    "Gauss1": f"y ~ {_PEAKS}",
    "Gauss2": f"y ~ {_PEAKS}",
    "Gauss3": f"y ~ {_PEAKS}",
    "Hahn1": f"y ~ {_CUBIC}",
    "Kirby2": "y ~ (b1 + b2*x + b3*x**2)/(1 + b4*x + b5*x**2)",
    "Lanczos1": f"y ~ {_THREE}",
    "Lanczos2": f"y ~ {_THREE}",
    "Lanczos3": f"y ~ {_THREE}",
    "MGH09": "y ~ b1*(x**2 + x*b2)/(x**2 + x*b3 + b4)",
    "MGH10": "y ~ b1*exp(b2/(x + b3))",
    "MGH17": "y ~ b1 + b2*exp(-x*b4) + b3*exp(-x*b5)",
    "Misra1a": "y ~ b1*(1 - exp(-b2*x))",
    "Misra1b": "y ~ b1*(1 - (1 + b2*x/2)**(-2))",
    "Misra1c": "y ~ b1*(1 - (1 + 2*b2*x)**(-0.5))",
    "Misra1d": "y ~ b1*b2*x*((1 + b2*x)**(-1))",
    "Nelson": "log(y) ~ b1 - b2*x1*exp(-b3*x2)",
    "Rat42": "y ~ b1/(1 + exp(b2 - b3*x))",
    "Rat43": "y ~ b1/((1 + exp(b2 - b3*x))**(1/b4))",
    "Roszman1": "y ~ b1 - b2*x - arctan(b3/(x - b4))/pi",
    "Thurber": f"y ~ {_CUBIC}",
}


@dataclass(frozen=True)
class Certified:
    """One problem: the formula, its data, two starts and the certified answer."""

    name: str
    formula: str
    columns: dict[str, np.ndarray]
    starts: tuple[dict[str, float], dict[str, float]]
    values: np.ndarray
    standard_errors: np.ndarray
    residual_sum_of_squares: float

    @property
    def parameters(self) -> list[str]:
        return [f"b{i + 1}" for i in range(len(self.values))]


def read(path: Path) -> Certified:
    """One problem from its file, whose layout is NIST's."""
    lines = path.read_text().splitlines()
    table = np.array([[float(v) for v in line.split("=")[1].split()] for line in lines if re.match(r"\s*b\d+ =", line)])
    (squares,) = [float(line.split()[-1]) for line in lines if line.startswith("Residual Sum of Squares")]
    begin = max(i for i, line in enumerate(lines) if line.startswith("Data:"))
    data = np.array([[float(v) for v in line.split()] for line in lines[begin + 1 :] if line.strip()])
    columns = dict(zip(lines[begin].split()[1:], data.T, strict=True))
    names = [f"b{i + 1}" for i in range(len(table))]
    starts = (dict(zip(names, table[:, 0])), dict(zip(names, table[:, 1])))
    return Certified(path.stem, FORMULAS[path.stem], columns, starts, table[:, 2], table[:, 3], squares)


def digits(found: np.ndarray, certified: np.ndarray) -> float:
    """Correct digits of the worst element, from 0 to the 11 that NIST certifies."""
    if not np.isfinite(found).all():
        return 0.0
    relative = np.abs(found - certified) / np.abs(certified)
    return float(np.clip(-np.log10(np.maximum(relative, 1e-300)), 0.0, 11.0).min())
