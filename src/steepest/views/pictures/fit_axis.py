"""Against what a fit is drawn: one column, the prediction, or the row; and the curve that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from steepest.fitting.uncertainty import t_quantile

if TYPE_CHECKING:
    from steepest.fitting.result import Fit

_GRID = 1500
_MOST_BANDED = 60  # parameters up to which bands are worth their time
_DECADES = 1000.0  # largest over smallest value from which a column of positive numbers may be drawn logarithmically

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FitAxis:
    """The horizontal axis of a fit's picture.

    Attributes
    ----------
    values : ndarray, shape (n,)
        Where each row stands.
    label : str
        What the axis shows.
    logarithmic : bool
        Whether the values are spread over decades.
    curve_x, curve_y : ndarray, shape (m,)
        The line to draw over the data; the y may be NaN.
    curve_label : str
        What the line is.
    mean, row : ndarray, shape (m,), or None
        Half the width of the band of the mean and of a new row about the curve, where they were asked for and are known.
    """

    values: Array
    label: str
    logarithmic: bool
    curve_x: Array
    curve_y: Array
    curve_label: str
    mean: Array | None = None
    row: Array | None = None


def fit_axis(fit: Fit, level: float | None = None) -> FitAxis:
    """Choose the axis: the column if there is one, the prediction if there are several, the row if there is none.

    A target of several numbers a row is taken as so many rows. With a `level` there are bands, where the fit has them.
    """
    predicted = np.ravel(fit.predicted).astype(np.float64, copy=False)
    vectors = [name for name, column in fit.columns.items() if np.shape(column) == predicted.shape and _numeric(column)]
    if len(vectors) == len(fit.columns) == 1:
        (name,) = vectors
        values = np.asarray(fit.columns[name], dtype=np.float64)
        logarithmic = _spread_over_decades(values)
        curve_x, curve_y, at = _curve(fit, name, values, predicted, logarithmic)
        mean, row = _bands(fit, level, {name: curve_x} if at is None else None, at)
        return FitAxis(values, name, logarithmic, curve_x, curve_y, "fit", mean, row)
    finite = predicted[np.isfinite(predicted)]
    if fit.columns and finite.size:
        ends = np.array([finite.min(), finite.max()])
        row = None
        if _banded(fit, level) and fit.problem.loss_function.squared and not (_weighted(fit) or fit.data.absolute):
            spread = t_quantile(level or 0.0, fit.degrees_of_freedom) * fit.residual_standard_deviation
            row = np.full(2, spread)  # about: a new row's own band is a little wider
        return FitAxis(predicted, f"predicted {fit.target_text}", False, ends, ends, "prediction = data", None, row)
    rows = np.arange(1.0, predicted.size + 1)
    mean, row = _bands(fit, level, None, slice(None))
    return FitAxis(rows, "row", False, rows, predicted, "fit", mean, row)


def _numeric(column: Any) -> bool:
    return np.asarray(column).dtype.kind in "fiub"


def _curve(
    fit: Fit, name: str, values: Array, predicted: Array, logarithmic: bool
) -> tuple[Array, Array, NDArray[np.intp] | None]:
    """The prediction on a fine grid and at the data; or at the data alone, and at which rows of them, where the model cannot
    be asked elsewhere."""
    known = np.unique(values)
    if known.size < 2:
        return _at_rows(values, predicted)
    space = np.geomspace if logarithmic else np.linspace
    # Where a curve swings faster than the grid, the rows themselves still lie on it.
    grid = np.union1d(space(known[0], known[-1], _GRID), known if known.size <= 2 * _GRID else known[:0])
    try:
        curve = np.asarray(fit.predict({name: grid}), dtype=np.float64)
    except Exception:  # a user's own function may raise anything where it is given other rows than it was fitted to
        return _at_rows(values, predicted)
    return (grid, curve, None) if curve.shape == grid.shape else _at_rows(values, predicted)


def _at_rows(values: Array, predicted: Array) -> tuple[Array, Array, NDArray[np.intp]]:
    known, at = np.unique(values, return_index=True)
    return known, predicted[at], at


def _bands(fit: Fit, level: float | None, data: Any, at: Any) -> tuple[Array | None, Array | None]:
    """Half the widths of the bands for some data, or at some of the fit's own rows; None where there are none."""
    if not _banded(fit, level):
        return None, None
    try:
        seen = fit.band(data, level or 0.0)
    except Exception:  # as above: the curve is there all the same
        return None, None
    value, high, new_high = (
        np.ravel(each)[slice(None) if at is None else at] for each in (seen.value, seen.high, seen.new_high)
    )
    mean, row = high - value, new_high - value
    return (
        mean if np.isfinite(mean).any() else None,
        row if np.isfinite(row).any() and not _weighted(fit) else None,
    )


def _banded(fit: Fit, level: float | None) -> bool:
    return level is not None and fit.run.params.flat.size <= _MOST_BANDED and fit.covariance is not None


def _weighted(fit: Fit) -> bool:
    """Whether rows count differently, so that there is no one spread for a new one."""
    weights = fit.data.weights
    return weights is not None and float(np.ptp(weights)) > 0


def _spread_over_decades(values: Array) -> bool:
    """Positive numbers most of which would crowd at the left end of a linear axis."""
    low, high = float(values.min()), float(values.max())
    return low > 0 and high > _DECADES * low and float(np.median(values)) < 0.05 * high
