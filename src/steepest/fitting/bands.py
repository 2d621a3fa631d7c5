"""Bands: how well a fit knows what it predicts, and how far a new observation may lie from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.autodiff.transforms import jacobian
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.fitting.uncertainty import t_quantile

REACH = 1e-6  # share of a prediction's slope that may lie in an open direction and still be rounding


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predictions with bands, in the unit of the left side; ``np.asarray`` of it is `value`.

    Attributes
    ----------
    value : ndarray, shape (n,)
    low, high : ndarray, shape (n,)
        Where the mean of many observations would lie.
    new_low, new_high : ndarray, shape (n,)
        Where one new observation would lie; NaN where the loss is not a square or the error of a new row is not known.
    level : float
        The probability of each, row by row.
    """

    value: Array
    low: Array
    high: Array
    new_low: Array
    new_high: Array
    level: float

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.value, dtype=dtype)

    def __len__(self) -> int:
        return len(self.value)


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What bands need of a fit: where it ended and how well that is known.

    Attributes
    ----------
    params : mapping of str to array
        What was fitted.
    covariance : ndarray, shape (n, n)
        Within the determined directions.
    open : ndarray, shape (n, m)
        Directions that the data leave open.
    variance : float
        Of a residual of weight 1; NaN where there is none.
    degrees_of_freedom : float
        Infinite where the rows' errors are known.
    """

    params: Mapping[str, Any]
    covariance: Array
    open: Array
    variance: float
    degrees_of_freedom: float

    def band(self, predict: Callable[[Any], Any], level: float, weights: Any = 1.0) -> Prediction:
        """Predictions ``predict(params)`` with their bands to first order in the parameters (the delta method).

        With g the slope of a prediction by the parameters and C their covariance, the mean lies within t sqrt(g' C g) and a new
        observation of weight w within t sqrt(g' C g + s**2 / w) (Bates and Watts, Nonlinear Regression Analysis, 1988, 2.3.2);
        t is Student's. A prediction that depends on an open direction is not known at all: its band is infinite.

        Raises
        ------
        ModelError
            `level` is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise ModelError(f"the level of an interval lies between 0 and 1, for example 0.95, not {level!r}.")
        with np.errstate(all="ignore"):
            value = np.asarray(predict(dict(self.params)), dtype=np.float64)
            slopes = jacobian(lambda p: ops.reshape(predict(p), (-1,)))(dict(self.params))
            slope = np.concatenate([np.reshape(x, (value.size, -1)) for x in slopes.values()], axis=1)
            size = np.abs(slope) @ np.abs(self.open)
            lost = (
                (np.abs(slope @ self.open) > REACH * size).any(axis=1) if self.open.size else np.zeros(value.size, bool)
            )
            mean = np.where(lost, math.inf, np.maximum(np.einsum("ij,jk,ik->i", slope, self.covariance, slope), 0.0))
            new = mean + self.variance / np.broadcast_to(weights, mean.shape)
            t = t_quantile(level, self.degrees_of_freedom)
            about = (t * np.sqrt(mean).reshape(value.shape), t * np.sqrt(new).reshape(value.shape))
        return Prediction(value, value - about[0], value + about[0], value - about[1], value + about[1], level)
