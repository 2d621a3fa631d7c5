"""Digits of certified fits: NIST's nonlinear regression problems, by steepest, SciPy's curve_fit and lmfit.

`python -m benchmarks nist [FOLDER]`: the six problems in the tests, or all those in a folder of NIST's files.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

import steepest as sd
from benchmarks.nist_problems import FOLDER, Certified, digits, read
from steepest.formula.formula import Formula

SOLVED = 4  # digits from which a run counts
SAME_MINIMUM = (
    1e-6  # relative difference of the residual sums of squares, without a start: equal terms may change places
)

Answer = tuple[np.ndarray, np.ndarray]  # parameters and their standard errors


def by_steepest(problem: Certified, start: dict[str, float]) -> Answer:
    fit = sd.fit(problem.formula, problem.columns, start=start)
    errors = fit.standard_errors or dict.fromkeys(problem.parameters, np.nan)
    return _array(problem, fit.params), _array(problem, errors)


def by_curve_fit(problem: Certified, start: dict[str, float]) -> Answer:
    from scipy.optimize import curve_fit

    model, observed = _as_function(problem)
    first = [start[name] for name in problem.parameters]
    most = 2000 * (len(first) + 1)  # evaluations: as many as lmfit allows itself
    found, covariance = curve_fit(
        lambda _, *b: model(dict(zip(problem.parameters, b))), None, observed, p0=first, maxfev=most
    )
    return found, np.sqrt(np.diag(covariance))


def by_lmfit(problem: Certified, start: dict[str, float]) -> Answer:
    import lmfit

    model, observed = _as_function(problem)
    first = lmfit.Parameters()
    for name in problem.parameters:
        first.add(name, value=start[name])
    result = lmfit.minimize(lambda p: model(p.valuesdict()) - observed, first)
    errors = {name: np.nan if p.stderr is None else p.stderr for name, p in result.params.items()}
    return _array(problem, result.params.valuesdict()), _array(problem, errors)


def _as_function(problem: Certified) -> tuple[Callable[[dict[str, Any]], np.ndarray], np.ndarray]:
    bound = Formula(problem.formula).bind(list(problem.columns))
    return lambda params: np.asarray(bound.predict(params, problem.columns)), np.asarray(
        bound.observed(problem.columns)
    )


def _array(problem: Certified, values: dict[str, Any]) -> np.ndarray:
    return np.array([values[name] for name in problem.parameters])


def _digits(by: Callable[..., Answer], problem: Certified, start: dict[str, float]) -> tuple[float, float]:
    """Of the worst parameter and of the worst standard error; 0 where there is no answer."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found, errors = by(problem, start)
        except Exception:  # overflow, no convergence: whatever the library calls it, there is no answer
            return 0.0, 0.0
    return digits(found, problem.values), digits(errors, problem.standard_errors)


def _without_start(problem: Certified) -> tuple[bool, float]:
    """Whether the certified minimum is found from no start, and the seconds that takes."""
    began = process_time()
    found = sd.fit(problem.formula, problem.columns).residual_sum_of_squares
    return found <= (1.0 + SAME_MINIMUM) * problem.residual_sum_of_squares, process_time() - began


LIBRARIES = {"steepest": by_steepest, "curve_fit": by_curve_fit, "lmfit": by_lmfit}


def main(folder: str = str(FOLDER)) -> None:
    files = sorted(Path(folder).glob("*.dat"))
    print("digits of the worst parameter / of the worst standard error, from NIST's start 1 and start 2")
    print(f"{'':10}" + "".join(f"{name:>22}" for name in LIBRARIES) + f"{'no start':>12}{'CPU s':>8}")
    scores: dict[str, list[tuple[float, float]]] = {name: [] for name in LIBRARIES}
    solved = []
    for file in files:
        problem = read(file)
        cells = ""
        for name, by in LIBRARIES.items():
            pairs = [_digits(by, problem, start) for start in problem.starts]
            scores[name] += pairs
            cells += f"{'  '.join(f'{p:4.1f}/{e:4.1f}' for p, e in pairs):>22}"
        good, seconds = _without_start(problem)
        solved.append(good)
        print(f"{problem.name:10}{cells}{'solved' if good else 'no':>12}{seconds:8.2f}", flush=True)
    for name, pairs in scores.items():
        p, e = np.array(pairs).T
        print(
            f"{name:10}{np.count_nonzero(p >= SOLVED)} of {len(p)} runs with {SOLVED} digits or more; "
            f"mean {p.mean():.1f}, least {p.min():.1f} (standard errors {e.min():.1f})"
        )
    print(f"no start: {sum(solved)} of {len(solved)} problems solved")
