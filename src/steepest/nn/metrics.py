"""Metrics: how good predictions are, in numbers that people read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from steepest.base.errors import DataError, ShapeError
from steepest.base.params import Array
from steepest.nn.classification import check_labels, first_bad_row
from steepest.nn.module import plain


def accuracy(outputs: Any, labels: Any) -> float:
    """The fraction of rows whose class is predicted right.

    Parameters
    ----------
    outputs : array
        Scores or probabilities (n, k), of which the largest is taken; or one score a row, (n,) or (n, 1), as
        `binary_cross_entropy` and `hinge` take it, where above 0 is class 1; or whole-number predictions (n,).
    labels : array of whole numbers, shape (n,)
        From 0; -1 and 1 go with one score a row too.

    Raises
    ------
    ShapeError
        Not one label a row, or no rows.
    DataError
        A label is out of range.

    Returns
    -------
    float
        NaN where an output is.

    Examples
    --------
    >>> accuracy([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 0, 0])
    0.6666666666666666
    >>> accuracy([-3.0, 2.5], [0, 1])
    1.0
    """
    predicted, true = _classes(outputs, labels)
    return math.nan if _not_numbers(outputs).any() else float(np.mean(predicted == true))


def confusion_matrix(outputs: Any, labels: Any, classes: int | None = None) -> Array:
    """Counts of rows by true class (row of the matrix) and predicted class (column).

    Parameters
    ----------
    outputs, labels
        As for `accuracy`.
    classes : int, optional
        Size of the matrix; as many as there are scores or, without scores, as the largest class needs.

    Returns
    -------
    ndarray of int, shape (k, k)

    Raises
    ------
    ShapeError, DataError
        As for `accuracy`; or an output is NaN.

    Examples
    --------
    >>> confusion_matrix(np.array([0, 1, 1, 0]), [0, 1, 0, 0])
    array([[2, 1],
           [0, 1]])
    """
    predicted, true = _classes(outputs, labels)
    if (bad := _not_numbers(outputs)).any():
        raise DataError(f"the outputs of row {first_bad_row(bad)} are NaN, which is no class.")
    shape = np.shape(plain(outputs))
    most = shape[1] if len(shape) == 2 and shape[1] > 1 else max(2, int(max(predicted.max(), true.max())) + 1)
    size = most if classes is None else classes
    for which in (true, predicted):
        check_labels(which, size)
    counts = np.bincount(true * size + predicted, minlength=size * size)
    return counts.reshape(size, size)


def precision_recall(matrix: Any) -> tuple[Array, Array]:
    """Precision and recall of each class, from a confusion matrix.

    Precision is right predictions over all predictions of the class, recall right predictions over all rows of the class;
    NaN where there are none.

    Examples
    --------
    >>> precision_recall([[2, 1], [0, 1]])
    (array([1. , 0.5]), array([0.66666667, 1.        ]))
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(f"a confusion matrix is square, not of shape {matrix.shape}.")
    right = np.diag(matrix)
    with np.errstate(invalid="ignore"):
        return right / matrix.sum(axis=0), right / matrix.sum(axis=1)


def r_squared(predictions: Any, target: Any) -> float:
    """1 - sum((y - prediction)**2) / sum((y - mean(y))**2): 1 is perfect, 0 as good as the mean of the target.

    Over further axes of the target the mean is taken.

    Raises
    ------
    ShapeError
        The shapes differ, or there are no rows.
    DataError
        The target is constant: there is no variation to explain.

    Examples
    --------
    >>> r_squared([1.0, 2.0, 4.0], [1.0, 2.0, 3.0])  # 1 - 1/2
    0.5
    """
    predictions, target = (np.asarray(plain(x), dtype=np.float64) for x in (predictions, target))
    if predictions.shape != target.shape or target.ndim == 0 or not len(target):
        raise ShapeError(
            f"r_squared: predictions of shape {predictions.shape} against a target of shape {target.shape}."
        )
    if (np.ptp(target, axis=0) == 0).any():
        raise DataError("r_squared: the target is constant, so there is no variation to explain.")
    total = np.sum(np.square(target - target.mean(axis=0)), axis=0)
    return float(np.mean(1.0 - np.sum(np.square(target - predictions), axis=0) / total))


def _not_numbers(outputs: Any) -> Array:
    return np.isnan(np.asarray(plain(outputs), dtype=np.float64))


def _classes(outputs: Any, labels: Any) -> tuple[Array, Array]:
    """Predicted and true classes, whole numbers (n,) each."""
    outputs, true = np.asarray(plain(outputs)), np.asarray(plain(labels))
    if true.ndim != 1 or outputs.ndim not in (1, 2) or len(outputs) != len(true):
        raise ShapeError(
            f"outputs of shape {outputs.shape} and labels of shape {true.shape} do not go together: labels are one number a row, "
            f"shape (n,), outputs (n, classes) or (n,)."
        )
    if not len(true):
        raise ShapeError("there are no rows to compare.")
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        check_labels(true, outputs.shape[1])
        return np.argmax(outputs, axis=1), true.astype(np.int64)
    outputs = outputs.reshape(-1)
    if outputs.dtype.kind in "iub":
        for which in (true, outputs):
            check_labels(which)
        return outputs.astype(np.int64), true.astype(np.int64)
    if np.isin(true, (-1, 1)).all():
        true = (true > 0).astype(np.int64)
    check_labels(true, 2)
    return (outputs > 0).astype(np.int64), true.astype(np.int64)
