"""Network: a network that reads features by name as they are, and answers in the target's unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steepest.autodiff import ops
from steepest.fitting.networks.encoder import Encoder
from steepest.fitting.networks.target import Classes, Units
from steepest.nn.module import State
from steepest.nn.sequential import Sequential


class Network(Sequential):
    """A network with the units of its data inside, so that losses and predictions are those of a person.

    ``output = middle + width * network((features - m) / d)``, one number a row; or for classes the scores of the network.
    Parameters have the names and shapes of the network.

    Parameters
    ----------
    network : Sequential
    encoder : Encoder
        Whose m and d are used, and whose features are the inputs, by name.
    target : Units or Classes

    Attributes
    ----------
    columns : tuple of str
        The features.
    target : Units or Classes

    Examples
    --------
    >>> import numpy as np
    >>> from steepest.fitting.networks.encoder import Numbers
    >>> from steepest.nn.mlp import MLP
    >>> encoder = Encoder((Numbers("x"),), np.array([1.0]), np.array([2.0]))
    >>> net = Network(MLP(1, 4, 1), encoder, Units(20.0, 8.0))
    >>> net(*net.init(0), {"x": np.array([0.0, 1.0, 2.0])}, 0, False)[0].shape
    (3,)
    """

    def __init__(self, network: Sequential, encoder: Encoder, target: Units | Classes) -> None:
        super().__init__(*network.modules)
        self.columns = tuple(encoder.features)
        self._middle, self._width, self.target = encoder.middle, encoder.width, target

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        features = (ops.stack([x[name] for name in self.columns], axis=1) - self._middle) / self._width
        outputs, state = super().apply(params, state, features, key, training)
        if isinstance(self.target, Units):
            outputs = self.target.middle + self.target.width * outputs[:, 0]
        return outputs, state
