"""Ranking: which of several formulas the data support, and by how much."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.errors import DataError, ModelError
from steepest.base.registry import provided
from steepest.base.reportable import Reportable
from steepest.fitting.constraints import read_bounds, read_ties
from steepest.fitting.fit import fit
from steepest.fitting.result import Fit
from steepest.formula.formula import Formula

AS_GOOD = 2.0  # difference of AICc below which data do not tell two models apart (Burnham and Anderson, 2.6)


@dataclass(frozen=True, eq=False)
class Ranked:
    """One formula among several.

    Attributes
    ----------
    fit : Fit
    aicc, bic : float
        Lower is better; NaN where the fit has no finite loss or too few rows.
    weight : float
        Its share of the evidence by AICc (Akaike weight).
    """

    fit: Fit
    aicc: float
    bic: float
    weight: float

    @property
    def parameters(self) -> int:
        return self.fit.run.params.flat.size


@dataclass(frozen=True, eq=False)
class Ranking(Reportable):
    """Several formulas, best first; made by `rank`.

    Attributes
    ----------
    rows : tuple of Ranked
    """

    rows: tuple[Ranked, ...]

    @property
    def best(self) -> Fit:
        return self.rows[0].fit

    @property
    def preferred(self) -> Fit:
        """The one with the fewest parameters among those that the data do not tell from the best."""
        good = [row for row in self.rows if row is self.rows[0] or row.aicc - self.rows[0].aicc < AS_GOOD]
        return min(good, key=lambda row: row.parameters).fit

    @property
    def verdict(self) -> str:
        """Which formula to use, in a sentence or two."""
        best, others = self.rows[0], self.rows[1:]
        if self.preferred is not best.fit:
            row = next(row for row in others if row.fit is self.preferred)
            less = best.parameters - row.parameters
            return (
                f"{row.fit.formula_text} does as well with {less} parameter{'s' * (less != 1)} less (its AICc is "
                f"{row.aicc - best.aicc:.1f} higher, where less than {AS_GOOD:g} tells nothing): prefer it."
            )
        close = [row.fit.formula_text for row in others if row.aicc - best.aicc < AS_GOOD]
        if close:
            return f"The data do not tell {best.fit.formula_text} from {' or '.join(map(str, close))}."
        if math.isnan(best.aicc):
            return "No formula can be preferred: there are too few rows, or no fit has a finite loss."
        if not others or math.isnan(others[0].aicc):
            return f"{best.fit.formula_text} is the only one that can be judged." if others else ""
        gap = others[0].aicc - best.aicc
        times = math.exp(min(gap, 100.0) / 2)
        said = f"{times:.3g} times" if times < 1000 else "more than 1,000 times"
        return f"{best.fit.formula_text} is {said} better supported by the data than the next, {others[0].fit.formula_text}."

    def __str__(self) -> str:
        return str(provided("Ranking", "summary")(self))

    __repr__ = __str__


def rank(formulas: Sequence[Any], data: Any, **options: Any) -> Ranking:
    """Fit several formulas to the same data and rank them by what they lose and what they cost.

    With n rows, k parameters (the residuals' variance included) and the maximised likelihood L:
    ``AICc = -2 log L + 2 k + 2 k (k + 1) / (n - k - 1)`` (Hurvich and Tsai, Biometrika 76, 1989) and
    ``BIC = -2 log L + k log n`` (Schwarz, Ann. Statist. 6, 1978). For squares ``-2 log L = n log(sum of squares / n)`` up to a
    constant, for ``mae`` ``2 n log(mean)``; with known errors (``sigma=``) it is the sum of squares itself.

    Parameters
    ----------
    formulas : sequence of str
        At least two, with the same left side.
    data
        As for `fit`.
    **options
        As for `fit`; of `start`, `fix`, `tie` and `bounds` each formula takes what names its parameters.

    Raises
    ------
    ModelError
        There are fewer than two, their left sides differ, one has a network in it, or the loss is no likelihood.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0, 1, 30)
    >>> y = 1 + 2 * x + 0.1 * np.cos(40 * x)
    >>> rank(["y ~ a + b*x", "y ~ a + b*x + c*x**2", "y ~ a"], {"x": x, "y": y}).best.formula_text
    'y ~ a + b*x'
    """
    if isinstance(formulas, str) or len(formulas) < 2:
        raise ModelError("ranking takes at least two formulas, such as rank(['y ~ a + b*x', 'y ~ a*x**b'], data).")
    read = [formula if isinstance(formula, Formula) else Formula(formula) for formula in formulas]
    if networks := [formula for formula in read if formula.has_network]:
        raise ModelError(
            "formulas are ranked by their likelihood and the number of their parameters, which says nothing of a network such as "
            f"that of {networks[0].text}. Fit each by itself: with the same seed the same rows are held out, on which they can "
            "be compared (fit.validation)."
        )
    fits = [_fitted(formula, data, _options_for(formula, read, options)) for formula in read]
    texts = {each.target_text for each in fits}
    if len(texts) > 1:
        raise ModelError(
            f"formulas can be ranked only if they fit the same thing; these fit {' and '.join(sorted(texts))}."
        )
    rows = {each.rows for each in fits}
    if len(rows) > 1:
        raise ModelError(
            "the formulas read columns with different missing rows, so they see different data. Leave the incomplete rows out "
            "of the data first."
        )
    criteria = [_criteria(each) for each in fits]
    aicc = np.array([a for a, _ in criteria])
    least = np.nanmin(aicc) if np.isfinite(aicc).any() else math.nan
    support = np.where(np.isfinite(aicc), np.exp(-(aicc - least) / 2), 0.0)
    weight = support / support.sum() if support.sum() > 0 else support
    ranked = [Ranked(f, a, b, float(w)) for f, (a, b), w in zip(fits, criteria, weight, strict=True)]
    return Ranking(tuple(sorted(ranked, key=lambda row: (math.isnan(row.aicc), row.aicc))))


def _fitted(formula: Formula, data: Any, options: Mapping[str, Any]) -> Fit:
    try:
        return fit(formula, data, **options)
    except (ModelError, DataError) as error:
        raise type(error)(f"of the formula {formula.text}: {error}") from None


def _options_for(formula: Formula, all_of_them: Sequence[Formula], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options, with what names other formulas' parameters left out of them."""
    chosen = dict(options)
    anywhere = {name for each in all_of_them for name in each.names}
    readers: dict[str, Callable[[Any], Any]] = {"start": dict, "fix": dict, "tie": read_ties, "bounds": read_bounds}
    for option, reader in readers.items():
        given = reader(options.get(option) or {})
        # A name that no formula has stays, so that the fit tells of it.
        chosen[option] = {n: v for n, v in given.items() if n in formula.names or n not in anywhere} or None
    return chosen


def _criteria(each: Fit) -> tuple[float, float]:
    n, k = each.rows, each.run.params.flat.size
    loss = each.problem.loss_function
    if each.data.absolute:
        deviance = each.residual_sum_of_squares
    elif loss.squared:
        k += 1
        deviance = n * math.log(max(each.residual_sum_of_squares, _rounding(each) ** 2 * _weight(each), 1e-300) / n)
    elif loss.name == "mae":
        k += 1
        deviance = 2 * n * math.log(max(each.loss, _rounding(each), 1e-300))
    else:
        raise ModelError(f"formulas are ranked by likelihood, and {loss.name} is none: use mse or mae, or sigma=.")
    if not math.isfinite(each.loss):
        return math.nan, math.nan
    correction = 2 * k * (k + 1) / (n - k - 1) if n > k + 1 else math.nan
    return deviance + 2 * k + correction, deviance + k * math.log(n)


def _rounding(each: Fit) -> float:
    """The size of residuals below which one exact fit is no better than another."""
    return 1e-13 * float(np.max(np.abs(each.observed), initial=0.0))


def _weight(each: Fit) -> float:
    """Of all rows together."""
    return float(each.rows if each.data.weights is None else np.sum(each.problem.row_weights))
