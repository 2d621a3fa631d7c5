"""Remarks on a fit: what the data leave open, and what the residuals say."""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.base.params import Array
from steepest.doctor.answer_remarks import hardly_known, lower_elsewhere, outliers, unmoved
from steepest.doctor.finding import listed as in_words
from steepest.doctor.redundancy import combination, components
from steepest.doctor.run_remarks import run_remarks
from steepest.formula.structure import linear_parameters

TOGETHER = 0.99  # correlation of two estimates from which neither is known well by itself
VAGUE = 0.1  # of a parameter, an error of which is worth a remark
MOST_PAIRS = 3
FEWEST_ROWS = 20  # below, a runs test says little
RUNS_P = 1e-4
CHANCE = 1e-3
HALF = 0.5  # of the scatter explained, above which no model is called no better than a constant


def fit_remarks(fit: Any) -> list[str]:
    """Plain words about a fit, most important first; empty for a healthy one.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> x = np.array([1.0, 2.0, 4.0, 7.0])
    >>> fit_remarks(sd.fit("y ~ a*b*x", {"x": x, "y": 3 * x + [0.1, -0.2, 0.1, 0.0]}))[0].split(":")[0]
    'The data do not determine a and b separately'
    """
    return [
        *_rows(fit),
        *_slips(fit),
        *_constant_target(fit),
        *run_remarks(fit.run, fit.data.place),
        *unmoved(fit),
        *_hardly_better(fit),
        *lower_elsewhere(fit),
        *_rarely_reached(fit),
        *_at_bounds(fit),
        *_undetermined(fit),
        *hardly_known(fit),
        *_together(fit),
        *_no_errors(fit),
        *_pattern(fit),
        *outliers(fit),
    ]


def _rarely_reached(fit: Any) -> list[str]:
    """A search for a start that met the lowest minimum too seldom to trust that there is no lower one."""
    starts = fit.starts
    if starts is None or not starts.doubtful:
        return []
    return [
        f"Only {starts.reached} of {starts.descended:,} descents ended in this minimum, so there may be a lower one. Try another "
        f"seed= (--seed), or give start= (--start)."
    ]


def _rows(fit: Any) -> list[str]:
    n = fit.rows_dropped
    return [f"{n} row{'s were' if n > 1 else ' was'} left out because a value was missing or infinite."] if n else []


def _constant_target(fit: Any) -> list[str]:
    target = np.ravel(fit.observed if fit.data.weights is None else fit.observed[fit.data.weights > 0])
    if fit.rows < 2 or np.ptp(target):
        return []
    return [f"{fit.target_text} is {target[0]:g} in every row, so the data say nothing of what it depends on."]


def _slips(fit: Any) -> list[str]:
    bound = getattr(fit.model, "bound", None)
    return [
        f"{name!r} was taken for a parameter, though the data have a column {column!r}: a slip of the pen?"
        for name, column in (bound.suspicious if bound is not None else ())
    ]


def _hardly_better(fit: Any) -> list[str]:
    """An F test of the model against a constant (Draper and Smith, Applied Regression Analysis, 1.3), where it can be wrong.

    A model that is linear in its parameters has one minimum, so that its poor fit says something about the data alone.
    """
    bound = getattr(fit.model, "bound", None)
    count, free = fit.run.params.flat.size, fit.degrees_of_freedom
    if bound is not None and len(linear_parameters(bound.formula.tree, bound.parameters)) == count:
        return []
    explained = fit.r_squared
    if not fit.problem.loss_function.squared or count < 2 or free < 1 or not np.isfinite(explained):
        return []
    if explained > HALF:
        return []  # with few rows chance cannot be told from a good fit
    if explained < 0:
        said = "worse than a constant would"
    elif _chance(explained / (count - 1), (1.0 - explained) / free, count - 1, free) > CHANCE:
        said = "no better than a constant would, but for chance"
    else:
        return []
    return [
        f"The model fits {said} (R² {explained:.2g}). If the data do follow it, the descent ended in the wrong valley: give "
        f"other starts with start= (--start)."
    ]


def _chance(explained: float, left: float, parameters: int, free: int) -> float:
    """The probability that noise alone explains so much."""
    from scipy.special import fdtrc  # imported when used

    return float(fdtrc(parameters, free, explained / left)) if left > 0 else 0.0


def _at_bounds(fit: Any) -> list[str]:
    remarks = []
    slope = fit.problem.value_and_gradient(fit.run.params)[1]
    names = fit.run.params.element_names()
    for name, bound in fit.at_bounds.items():
        further = "lower" if slope[names.index(name)] > 0 else "higher"
        remarks.append(
            f"{name} is at its bound {bound:g}: the data would have it {further}. It has no error, and the errors of the "
            f"others hold for {name} = {bound:g}."
        )
    return remarks


def _undetermined(fit: Any) -> list[str]:
    if not fit.uncertainty.reached:
        return []  # it would describe a place that is not the answer
    names = fit.run.params.element_names()
    remarks = []
    constant = [
        f"column {name!r} is {column.flat[0]:g} in every row"
        for name, column in fit.columns.items()
        if column.size and np.ptp(column) == 0
    ]
    why = f" ({' and '.join(constant)})" if constant else ""
    for group in components(fit.uncertainty.undetermined):
        listed = [names[i] for i in group]
        if len(listed) == 1:
            remarks.append(f"The data do not determine {listed[0]}: changing it changes no prediction{why}.")
        else:
            matters = combination(fit, group)
            said = (
                f"only {matters} matter{'' if ' and ' in matters else 's'}"
                if matters
                else "they can change together without changing any prediction"
            )
            remarks.append(
                f"The data do not determine {in_words(listed)} separately{why}: {said}. Write the formula with fewer parameters, "
                f"or give more varied data."
            )
    return list(dict.fromkeys(remarks))


def _together(fit: Any) -> list[str]:
    correlation, errors = fit.uncertainty.correlation, fit.uncertainty.standard_errors
    if correlation is None or errors is None:
        return []
    names, values = fit.run.params.element_names(), np.abs(fit.run.params.flat)
    vague = errors > VAGUE * values  # two that are well known each may move together as they like
    pairs = [
        (abs(correlation[i, j]), names[i], names[j], correlation[i, j])
        for i in range(len(names))
        for j in range(i)
        if abs(correlation[i, j]) > TOGETHER and (vague[i] or vague[j])
    ]
    pairs.sort(key=lambda pair: -pair[0])
    remarks = [
        f"{second} and {first} move together (correlation {value:.4f}): the data tell their combination far better than either."
        for _, first, second, value in pairs[:MOST_PAIRS]
    ]
    if len(pairs) > MOST_PAIRS:
        remarks.append(f"{len(pairs) - MOST_PAIRS} more pairs of parameters move together.")
    return remarks


def _no_errors(fit: Any) -> list[str]:
    reason = fit.uncertainty.reason
    return [f"There are no standard errors: {reason}."] if reason else []


def _pattern(fit: Any) -> list[str]:
    """Wald and Wolfowitz's runs test (Ann. Math. Statist. 11, 1940) on the signs of the residuals along the first column."""
    residuals = fit.residuals
    if not fit.uncertainty.reached or not fit.has_residuals:
        return []  # a descent that has not arrived leaves a pattern of its own
    if residuals.ndim != 1 or not np.isfinite(residuals).all():
        return []
    scale = float(np.max(np.abs(fit.observed), initial=0.0))
    if float(np.max(np.abs(residuals), initial=0.0)) <= 1e-12 * scale:
        return []  # an exact fit: what is left is rounding
    along, weights = "", fit.data.weights
    for name, column in fit.columns.items():
        order = np.argsort(column, kind="stable") if column.ndim == 1 else np.zeros(0, dtype=int)
        if _distinct(column, order) > len(column) // 2:  # repeated values have no order among them
            along, residuals = f" along {name}", residuals[order]
            weights = None if weights is None else weights[order]
            break
    if weights is not None:  # a row that does not count may lie anywhere
        residuals = residuals[weights > 0]
    signs = residuals[residuals != 0] > 0
    above, below = int(signs.sum()), int((~signs).sum())
    if above + below < FEWEST_ROWS or min(above, below) < 5:
        return []
    runs = 1 + int(np.count_nonzero(signs[1:] != signs[:-1]))
    expected, p = _runs_test(runs, above, below)
    if p > RUNS_P:
        return []
    if runs < expected:
        neighbours = _lag_one(residuals)
        return [
            f"The residuals are not random{along}: they change sign {runs - 1} times where chance gives about {expected - 1:.0f} "
            f"(neighbours correlate by {neighbours:.2f}). The model misses a pattern, and the standard errors are too small."
        ]
    return [
        f"The residuals are not random{along}: they change sign {runs - 1} times where chance gives about {expected - 1:.0f}. "
        f"Neighbouring rows pull in opposite directions."
    ]


def _distinct(column: Array, order: Array) -> int:
    """How many different values there are, in this order."""
    arranged = column[order]
    return int(len(arranged) > 0) + int(np.count_nonzero(arranged[1:] != arranged[:-1]))


def _runs_test(runs: int, above: int, below: int) -> tuple[float, float]:
    """Expected number of runs and the two-sided p-value of the observed one."""
    from scipy.special import ndtr  # imported when used

    n = above + below
    expected = 1 + 2 * above * below / n
    variance = (expected - 1) * (expected - 2) / (n - 1)
    z = (runs - expected) / np.sqrt(variance) if variance > 0 else 0.0
    return expected, float(2 * ndtr(-abs(z)))


def _lag_one(residuals: Array) -> float:
    centred = residuals - residuals.mean()
    return float(centred[1:] @ centred[:-1] / (centred @ centred))
