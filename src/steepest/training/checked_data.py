"""Data of a problem: checked, and made ready for arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from steepest.autodiff.tensor import Tensor
from steepest.autodiff.tree import flatten
from steepest.base.errors import DataError, ModelError, ShapeError
from steepest.base.params import Array


def checked_data(inputs: Any, target: Any, weights: Any) -> tuple[Any, Array, Array | None]:
    """Inputs, target and weights as contiguous arrays of finite numbers with a row for each row of data.

    Raises
    ------
    ShapeError, ModelError, DataError
        They are not; says where.
    """
    target = _as_data(target, "target")
    leaves, rebuild = flatten(inputs)
    arrays = [_as_data(x, "inputs") for x in leaves]
    for x in arrays:
        if len(x) != len(target):
            raise ShapeError(
                f"inputs of shape {x.shape} and a target of shape {target.shape} have not the same number of rows."
            )
    if len(target) == 0:
        raise ShapeError("there are no rows of data.")
    names = [f"inputs '{name}'" for name in inputs] if isinstance(inputs, Mapping) else ["inputs"] * len(arrays)
    for what, x in (*zip(names, arrays), ("target", target)):
        _check_finite(what, x)
    if weights is not None:
        weights = _as_data(weights, "weights").astype(np.float64)
        if weights.shape != (len(target),):
            raise ShapeError(f"weights must have shape ({len(target)},), one a row, not {weights.shape}.")
        bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
        if bad.size:
            raise ModelError(f"weights must be finite and not negative; row {bad[0] + 1} has {weights[bad[0]]}.")
        if not weights.any():
            raise ModelError("all weights are zero: no row counts.")
    return rebuild(arrays), target, weights


def _as_data(x: Any, what: str) -> Array:
    """Native byte order, contiguous, numbers."""
    array = np.asarray(x._data if isinstance(x, Tensor) else x)
    if array.ndim == 0:  # before the conversion below, which would make it one row
        raise ShapeError(f"{what} must have one row for each row of data; got a single number.")
    if array.dtype.kind in "iub" and what != "inputs":
        array = array.astype(np.float64)
    if array.dtype.kind not in "fiub":
        hint = "; number the classes from 0" if what == "target" and array.dtype.kind in "OSU" else ""
        raise ModelError(f"{what} must hold real numbers, not {array.dtype}{hint}.")
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))


def _check_finite(what: str, x: Array) -> None:
    bad = ~np.isfinite(x)
    if bad.any():
        place = np.argwhere(bad)[0]
        column = f", column {', '.join(str(k + 1) for k in place[1:])}" if x.ndim > 1 else ""
        count = int(np.count_nonzero(bad))
        raise DataError(
            f"{what} must be finite: row {place[0] + 1}{column} has {x[tuple(place)]:g} "
            f"({count} such value{'s' * (count != 1)} of {x.size}). Drop such rows, or fill the values in."
        )
