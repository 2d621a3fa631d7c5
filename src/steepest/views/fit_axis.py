"""Against what a fit is drawn: one column, the prediction, or the row; and the curve that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from steepest.fitting.result import Fit

_GRID = 1500
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
    """

    values: Array
    label: str
    logarithmic: bool
    curve_x: Array
    curve_y: Array
    curve_label: str


def fit_axis(fit: Fit) -> FitAxis:
    """Choose the axis: the column if there is one, the prediction if there are several, the row if there is none.

    A target of several numbers a row is taken as so many rows.
    """
    predicted = np.ravel(fit.predicted).astype(np.float64)
    vectors = [name for name, column in fit.columns.items() if np.shape(column) == predicted.shape]
    if len(vectors) == len(fit.columns) == 1:
        (name,) = vectors
        values = np.asarray(fit.columns[name], dtype=np.float64)
        logarithmic = _spread_over_decades(values)
        curve_x, curve_y = _curve(fit, name, values, predicted, logarithmic)
        return FitAxis(values, name, logarithmic, curve_x, curve_y, "fit")
    finite = predicted[np.isfinite(predicted)]
    if fit.columns and finite.size:
        ends = np.array([finite.min(), finite.max()])
        return FitAxis(predicted, f"predicted {fit.target_text}", False, ends, ends, "prediction = data")
    rows = np.arange(1.0, predicted.size + 1)
    return FitAxis(rows, "row", False, rows, predicted, "fit")


def _curve(fit: Fit, name: str, values: Array, predicted: Array, logarithmic: bool) -> tuple[Array, Array]:
    """The prediction on a fine grid and at the data; at the data alone where the model cannot be asked elsewhere."""
    known, at = np.unique(values, return_index=True)
    if known.size < 2:
        return known, predicted[at]
    space = np.geomspace if logarithmic else np.linspace
    # Where a curve swings faster than the grid, the rows themselves still lie on it.
    grid = np.union1d(space(known[0], known[-1], _GRID), known if known.size <= 2 * _GRID else known[:0])
    try:
        curve = np.asarray(fit.predict({name: grid}), dtype=np.float64)
    except Exception:  # a user's own function may raise anything where it is given other rows than it was fitted to
        return known, predicted[at]
    return (grid, curve) if curve.shape == grid.shape else (known, predicted[at])


def _spread_over_decades(values: Array) -> bool:
    """Positive numbers most of which would crowd at the left end of a linear axis."""
    low, high = float(values.min()), float(values.max())
    return low > 0 and high > _DECADES * low and float(np.median(values)) < 0.05 * high
