"""Rows: what an estimator is given, checked by scikit-learn's own checks, without the rows that do not count."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, validate_data

from steepest.base.errors import DataError
from steepest.base.params import Array


class Rows(NamedTuple):
    """Rows that count.

    Attributes
    ----------
    x : ndarray, shape (rows, columns)
    y : ndarray, shape (rows,) or (rows, targets)
    weights : ndarray of float64, shape (rows,), or None
        The largest is 1; None where all are equal.
    """

    x: Array
    y: Array
    weights: Array | None

    @classmethod
    def given(cls, estimator: Any, X: Any, y: Any, sample_weight: Any, reset: bool = True, **checks: Any) -> Rows:
        """Read `X`, `y` and the weights, and leave out the rows whose weight is 0, so that they are as good as not there.

        Parameters
        ----------
        estimator : BaseEstimator
            Learns the number and the names of the columns, or is asked for them where `reset` is false.
        **checks
            For `sklearn.utils.validation.validate_data`.

        Raises
        ------
        ValueError
            What is given cannot be used; says why, in scikit-learn's words.
        DataError
            A weight is negative, or all are 0.
        """
        x, y = validate_data(estimator, X, y, reset=reset, **checks)
        if sample_weight is None:
            return cls(x, y, None)
        weights = _check_sample_weight(sample_weight, x, dtype=np.float64)
        if (weights < 0).any():
            row = int(np.flatnonzero(weights < 0)[0])
            raise DataError(f"sample_weight must not be negative; row {row + 1} has {weights[row]:g}.")
        counts = weights > 0
        if not counts.any():
            raise DataError("all weights of sample_weight are zero: no row counts.")
        x, y, weights = (part if counts.all() else part[counts] for part in (x, y, weights))
        weights = weights / weights.max()  # they are relative; sums of large ones would overflow
        return cls(x, y, None if (weights == 1.0).all() else weights)


def seed_from(random_state: Any) -> int:
    """The seed that a `random_state` means: the number itself, else one that is drawn from it, as scikit-learn does."""
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
