"""Network: a multilayer perceptron of named columns, which are standardised inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.base.params import Array
from steepest.nn.mlp import MLP
from steepest.nn.module import State


class Network(MLP):
    """A multilayer perceptron that reads columns by name and predicts one number a row, in the target's unit.

    ``output = m + s * mlp((x - mean) / deviation)``, with means and standard deviations of the rows it was made for. Parameters
    have the names and shapes of the `MLP` inside.

    Parameters
    ----------
    columns : mapping of str to array, shape (n,)
        The inputs, in the order in which the network reads them.
    target : array, shape (n,)
    hidden : sequence of int
    activation : str

    Attributes
    ----------
    columns : tuple of str

    Examples
    --------
    >>> net = Network({"x": np.array([0.0, 2.0])}, np.array([10.0, 30.0]), [4], "tanh")
    >>> params, state = net.init(0)
    >>> net(params, state, {"x": np.array([0.0, 1.0, 2.0])}, 0, False)[0].shape
    (3,)
    """

    def __init__(self, columns: Mapping[str, Array], target: Array, hidden: Sequence[int], activation: str) -> None:
        super().__init__(len(columns), hidden, 1, activation)
        self.columns = tuple(columns)
        self._middle, self._width = _measures(np.stack(list(columns.values()), axis=1))
        self._target_middle, self._target_width = _measures(target)

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        inputs = (ops.stack([x[name] for name in self.columns], axis=1) - self._middle) / self._width
        outputs, state = super().apply(params, state, inputs, key, training)
        return self._target_middle + self._target_width * outputs[:, 0], state


def _measures(values: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each column; those of a constant one are itself and 1."""
    width = np.asarray(values.std(axis=0))
    return np.asarray(values.mean(axis=0)), np.where(width > 0, width, 1.0)
