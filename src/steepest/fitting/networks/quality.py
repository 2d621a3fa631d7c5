"""Quality: how well a network does on some rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from steepest.base.params import Array
from steepest.fitting.networks.target import Classes, Units
from steepest.fitting.quality import r_squared
from steepest.nn.losses import Loss


@dataclass(frozen=True)
class Quality:
    """How well a network does on some rows, each counted by its weight.

    Attributes
    ----------
    rows : int
    loss : float
        In the user's units.
    accuracy, usual : float
        Of classes: the share of rows that are predicted right, and that would be by always saying the class that is most frequent
        among the rows trained with. NaN for numbers.
    rmse, r_squared : float
        Of numbers: the root of the mean squared error in the target's unit, and its square's share of the variance, taken from 1.
        NaN for classes.
    """

    rows: int
    loss: float
    accuracy: float = math.nan
    usual: float = math.nan
    rmse: float = math.nan
    r_squared: float = math.nan


def quality_of_classes(loss: Loss, outputs: Array, codes: Array, weights: Array | None, usual: int) -> Quality:
    """Of scores (n, classes) against the number of each row's class."""
    right = np.argmax(outputs, axis=1) == codes
    return Quality(
        len(codes),
        float(loss(outputs.astype(np.float64), codes, weights)),
        accuracy=float(np.average(right, weights=weights)) if np.isfinite(outputs).all() else math.nan,
        usual=float(np.average(codes == usual, weights=weights)),
    )


def quality_of_numbers(loss: Loss, target: Units, outputs: Array, observed: Array, weights: Array | None) -> Quality:
    """Of numbers in the target's units against those that were observed."""
    predicted = target.values(outputs)
    residuals = observed - predicted
    with np.errstate(all="ignore"):
        scaled = residuals / target.width  # squares of large numbers are no numbers
        rmse = target.width * math.sqrt(float(np.average(scaled**2, weights=weights)))
        found = float(loss(predicted, observed, weights))
    return Quality(len(observed), found, rmse=rmse, r_squared=r_squared(residuals, observed, weights))


def most_frequent(target: Classes, codes: Array, weights: Array | None) -> int:
    """The class of the largest total weight."""
    return int(np.argmax(np.bincount(codes, weights=weights, minlength=len(target.labels))))
