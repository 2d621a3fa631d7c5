"""Digits of the worst parameter on NIST problems in examples/data; steepest without a start, curve_fit from NIST's first."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

import steepest as sd

DATA = Path(__file__).parents[1] / "examples" / "data"
PROBLEMS = {
    "misra1a": (
        "volume ~ b1*(1 - exp(-b2*pressure))",
        [2.3894212918e2, 5.5015643181e-4],
        [500, 1e-4],
        lambda x, b1, b2: b1 * (1 - np.exp(-b2 * x)),
    ),
    "chwirut2": (
        "response ~ exp(-b1*distance)/(b2 + b3*distance)",
        [1.6657666537e-1, 5.1653291286e-3, 1.2150007096e-2],
        [0.1, 0.01, 0.02],
        lambda x, b1, b2, b3: np.exp(-b1 * x) / (b2 + b3 * x),
    ),
    "thurber": (
        "mobility ~ (b1 + b2*log_density + b3*log_density**2 + b4*log_density**3)"
        " / (1 + b5*log_density + b6*log_density**2 + b7*log_density**3)",
        [
            1.2881396800e3,
            1.4910792535e3,
            5.8323836877e2,
            7.5416644291e1,
            9.6629502864e-1,
            3.9797285797e-1,
            4.9727297349e-2,
        ],
        [1000, 1000, 400, 40, 0.7, 0.3, 0.03],
        lambda x, b1, b2, b3, b4, b5, b6, b7: (
            (b1 + b2 * x + b3 * x**2 + b4 * x**3) / (1 + b5 * x + b6 * x**2 + b7 * x**3)
        ),
    ),
}


def digits(found: np.ndarray, certified: list[float]) -> float:
    """Correct digits of the worst parameter, at most 11: what NIST certifies."""
    relative = np.abs(found - certified) / np.abs(certified)
    return float(np.clip(-np.log10(np.maximum(relative, 1e-300)), 0, 11).min())


def main() -> None:
    from scipy.optimize import curve_fit

    print(f"{'':12}{'steepest':>10}{'curve_fit':>11}   digits of the worst parameter")
    for name, (formula, certified, start, function) in PROBLEMS.items():
        fit = sd.fit(formula, DATA / f"{name}.csv")
        ours = digits(np.array([fit.params[p] for p in sorted(fit.params)]), certified)
        (x,) = fit.columns.values()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = digits(curve_fit(function, x, fit.observed, p0=start)[0], certified)
        print(f"{name:12}{ours:10.1f}{theirs:11.1f}")
