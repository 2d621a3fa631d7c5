"""Remarks on an answer: parameters that did not move or are hardly known, a lower minimum elsewhere, rows that stand out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from steepest.base.params import Array
from steepest.doctor.finding import listed as in_words
from steepest.optim.linearised import Linearised
from steepest.training import outcome as outcomes

UNMOVED = 1e-12  # relative
WIDE = 10.0  # standard errors, by the parameter's own size or its natural one, from which a value says nothing
STANDS_OUT = 0.01  # probability that the largest of so many residuals is as large by chance
MOST_ROWS = 3
MOST_REFITTED = 100_000  # rows up to which another fit is worth its time
LOWER = 0.999  # of the loss: another minimum, not rounding

_STOPPED_SHORT = {outcomes.STALLED, outcomes.NON_FINITE, outcomes.DIVERGED}


def unmoved(fit: Any) -> list[str]:
    """Parameters that are where they started, though the fit does not say that the start was the answer."""
    start, end = fit.problem.start.flat, fit.run.params.flat
    names = fit.run.params.element_names()
    still = np.abs(end - start) <= UNMOVED * np.abs(start)
    if fit.outcome.name not in _STOPPED_SHORT or not still.any():
        return []
    listed = [names[i] for i in np.flatnonzero(still)[:5]]
    if still.all():
        return ["No parameter has moved: these values are the start, not an answer."]
    verb = "has" if len(listed) == 1 else "have"
    return [f"{in_words(listed)} {verb} not moved from the start: what is shown is not an answer. Give another start."]


def hardly_known(fit: Any) -> list[str]:
    """Parameters whose error is far larger than anything that they could sensibly be."""
    errors = fit.uncertainty.standard_errors
    if errors is None:
        return []
    values, names = np.abs(fit.run.params.flat), fit.run.params.element_names()
    natural = np.zeros_like(values) if fit.problem.scale is None else np.abs(fit.problem.scale)
    size = np.maximum(values, natural)
    return [
        f"{names[i]} is hardly known: its standard error {errors[i]:.2g} is {errors[i] / size[i]:.3g} times its size, so that "
        f"the value {fit.run.params.flat[i]:.3g} means nothing. Fix it, or fit a model without it."
        for i in np.flatnonzero(np.isfinite(errors) & (errors > WIDE * size) & (size > 0))[:MOST_ROWS]
    ]


def lower_elsewhere(fit: Any) -> list[str]:
    """A fit from a start that was given, against one from a start that is found."""
    if not fit.uncertainty.reached or len(fit.observed) > MOST_REFITTED:
        return []
    other = fit.from_found_start()
    if other is None or not other.loss < LOWER * fit.loss:
        return []
    where = ", ".join(f"{name} = {value:.4g}" for name, value in other.params.items() if np.ndim(value) == 0)
    return [
        f"This is a local minimum: with {where} the loss is {other.loss:.4g}, not {fit.loss:.4g}. Leave the start out to get "
        f"there."
    ]


def outliers(fit: Any) -> list[str]:
    """Rows whose externally studentised residual is too large for chance, Bonferroni's bound over all rows.

    ``t = r / (s_without sqrt(1 - h))`` with h the leverage (Cook and Weisberg, Residuals and Influence in Regression, 1982,
    2.2.1).
    """
    found = studentised(fit)
    if found is None:
        return []
    from scipy.special import stdtrit  # imported when used

    t, rows = found, fit.rows
    size = np.abs(t)
    far = np.flatnonzero(size > -stdtrit(fit.degrees_of_freedom - 1, STANDS_OUT / (2 * rows)))
    if not 0 < len(far) <= max(MOST_ROWS, rows // 10):  # many of them are no outliers but another distribution
        return []
    far = far[np.argsort(-size[far])]
    shown = [f"{fit.data.place(int(i))} (residual {fit.residuals[i]:.3g}, {size[i]:.1f} standard deviations)"
             for i in far[:MOST_ROWS]]  # fmt: skip
    more = f" and {len(far) - MOST_ROWS} more" if len(far) > MOST_ROWS else ""
    verb = "stands" if len(far) == 1 else "stand"
    return [
        f"{in_words(shown) if not more else ', '.join(shown) + more} {verb} out from the others. If a row is wrong, correct it; "
        f"if such rows belong to the data, fit with loss='huber' or 'log_cosh'."
    ]


def studentised(fit: Any) -> Array | None:
    """Externally studentised residuals, NaN for rows that do not count; None where there are none to tell."""
    loss, free = fit.problem.loss_function, fit.degrees_of_freedom
    if not loss.squared or fit.residuals.ndim != 1 or free < 5 or not fit.uncertainty.reached:
        return None
    point = Linearised.at(fit.problem, fit.run.params)
    if point is None or point.exact or not point.residual_norm > 0:
        return None
    t = np.empty_like(point.residual)
    inverse = point.column_scale[:, None] * point.right[point.determined].T / point.singular[point.determined]
    for rows in point.stretches():
        root = np.sqrt(rows.weights)
        leverage = np.zeros_like(root)
        for direction in inverse.T:
            leverage += (root * (rows.jacobian @ direction)) ** 2
        with np.errstate(all="ignore"):  # r / (s sqrt(1 - h)), with s**2 = |r|**2 / free
            inner = root * rows.residual / point.residual_norm / np.sqrt(np.maximum(1.0 - leverage, 0.0) / free)
            inner[leverage > 1 - 1e-9] = math.nan  # the model goes through this row whatever it says
            inner[rows.weights == 0] = math.nan
            t[rows.numbers] = inner * np.sqrt(np.maximum(free - 1, 0) / np.maximum(free - inner**2, 0.0))
    return t
