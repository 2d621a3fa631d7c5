"""summary(net, x)."""

from __future__ import annotations

import numpy as np
import pytest

from steepest.base.errors import ModelError, ShapeError
from steepest.nn import GRU, MLP, BatchNorm, Flatten, Linear, Sequential, summary


def test_rows_and_counts() -> None:
    table = summary(MLP(784, [30], 10), np.zeros((5, 784)))
    assert [(row.path, row.layer, row.shape, row.parameters) for row in table.rows] == [
        ("0", "Linear(784, 30)", (5, 30), 784 * 30 + 30),
        ("1", "ReLU()", (5, 30), 0),
        ("2", "Linear(30, 10)", (5, 10), 310),
    ]
    assert table.parameters == 23_860
    assert "23,860" in str(table)


def test_nested_and_recurrent() -> None:
    net = Sequential(Sequential(GRU(2, 4, 2), Flatten()), Linear(12, 3), BatchNorm(3))
    table = summary(net, (7, 3, 2))
    assert [(row.path, row.shape) for row in table.rows] == [
        ("0.0", (7, 3, 4)),
        ("0.1", (7, 12)),
        ("1", (7, 3)),
        ("2", (7, 3)),
    ]
    assert table.parameters == sum(row.parameters for row in table.rows)
    assert table.rows[0].parameters == 3 * (4 * 2 + 4 * 4 + 8) + 3 * (4 * 4 + 4 * 4 + 8)


def test_a_single_layer() -> None:
    assert [row.shape for row in summary(Linear(2, 3), (4, 2)).rows] == [(4, 3)]


def test_bad_shapes() -> None:
    with pytest.raises(ShapeError, match="Linear 0 expects 2 features"):
        summary(MLP(2, [3], 1), (4, 5))
    with pytest.raises(ShapeError, match="is no shape"):
        summary(MLP(2, [3], 1), (-1, 2))
    with pytest.raises(ModelError, match="a network"):
        summary("net", (1, 2))  # type: ignore[arg-type]
