"""Metrics; expected values counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd
from steepest.base.errors import DataError, ShapeError
from steepest.nn import accuracy, confusion_matrix, precision_recall, r_squared

SCORES = np.array([[3.0, 1.0, 0.0], [0.0, 2.0, 1.0], [0.0, 1.0, 5.0], [9.0, 1.0, 0.0]])


def test_accuracy() -> None:
    assert accuracy(SCORES, [0, 1, 2, 2]) == 0.75
    assert accuracy(SCORES, np.array([0.0, 1.0, 2.0, 2.0])) == 0.75
    assert accuracy(sd.tensor(SCORES), sd.tensor([0, 1, 2, 2])) == 0.75
    assert accuracy(np.array([[0.5], [-0.5]]), [1, 0]) == 1.0
    assert accuracy([0.5, -0.5], [1, -1]) == 1.0
    assert accuracy(np.array([4, 7]), np.array([4, 6])) == 0.5
    assert accuracy([-1.0], [-1]) == 1.0


def test_confusion_matrix() -> None:
    matrix = confusion_matrix(SCORES, [0, 1, 2, 2])
    np.testing.assert_array_equal(matrix, [[1, 0, 0], [0, 1, 0], [1, 0, 1]])
    precision, recall = precision_recall(matrix)
    np.testing.assert_array_equal(precision, [0.5, 1, 1])
    np.testing.assert_array_equal(recall, [1, 1, 0.5])
    np.testing.assert_array_equal(confusion_matrix([0.5, 1.5], [0, 1]), [[0, 1], [0, 1]])
    np.testing.assert_array_equal(confusion_matrix(np.array([0]), [0], classes=3), np.diag([1, 0, 0]))
    assert np.isnan(precision_recall(np.diag([1, 0]))[0][1])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20))
def test_matrix_and_accuracy_agree(pairs: list[tuple[int, int]]) -> None:
    predicted, true = np.array(pairs).T
    matrix = confusion_matrix(predicted, true, classes=4)
    assert matrix.sum() == len(pairs)
    assert np.trace(matrix) / len(pairs) == pytest.approx(accuracy(predicted, true), abs=1e-15)


def test_r_squared() -> None:
    assert r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 1.0
    assert r_squared([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]) == 0.0
    assert r_squared([3.0, 2.0, 1.0], [1.0, 2.0, 3.0]) == -3.0
    assert r_squared([[1.0, 2.0], [3.0, 2.0]], [[1.0, 1.0], [3.0, 3.0]]) == 0.5  # 1 for one column, 0 for the other


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: accuracy(SCORES, [0, 1]), ShapeError, "do not go together"),
        (lambda: accuracy(SCORES, [[0], [1], [2], [2]]), ShapeError, "one number a row"),
        (lambda: accuracy(SCORES, [0, 1, 2, 3]), DataError, "label 3 in row 4 is out of range"),
        (lambda: accuracy(SCORES, [0, 1, 2, 0.5]), DataError, "row 4 has 0.5"),
        (lambda: accuracy([0.5, 0.5], [0, 2]), DataError, "label 2 in row 2"),
        (lambda: accuracy([], []), ShapeError, "no rows"),
        (lambda: accuracy(np.array([0, -1]), [0, 1]), DataError, "row 2 has -1"),
        (lambda: confusion_matrix(SCORES, [0, 1, 2, 2], classes=2), DataError, "label 2 in row 3"),
        (lambda: precision_recall(np.ones((2, 3))), ShapeError, "square"),
        (lambda: r_squared([1.0, 2.0], [[1.0], [2.0]]), ShapeError, r"(2,) against a target of shape (2, 1)"),
        (lambda: r_squared([], []), ShapeError, "(0,)"),
        (lambda: r_squared([1.0, 2.0], [3.0, 3.0]), DataError, "constant"),
    ],
)
def test_bad_input(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as error:
        call()
    assert message in str(error.value)


def test_what_is_not_a_number_is_no_class() -> None:
    assert np.isnan(sd.accuracy([[0.0, np.nan], [1.0, 0.0]], [0, 0]))
    assert np.isnan(sd.accuracy([np.nan, 1.0], [0, 1]))
    with pytest.raises(sd.DataError, match="outputs of row 2 are NaN"):
        sd.confusion_matrix([[0.0, 1.0], [np.nan, 1.0]], [0, 1])
