"""Losses layer by layer: forward(y, target) gives the loss, backward() the gradient with respect to y."""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.autodiff import graph
from steepest.autodiff.apply import linking
from steepest.autodiff.tensor import Tensor
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.nn.classification import cross_entropy
from steepest.nn.losses import Loss, loss_named
from steepest.nn.module import plain


class LossLayer:
    """The end of a network that is worked layer by layer.

    Parameters
    ----------
    loss : str or Loss

    Examples
    --------
    >>> from steepest.nn import Linear
    >>> layer, loss = Linear(2, 1), LossLayer("mse")
    >>> first = loss.forward(layer.forward([[1.0, 2.0]]), [[3.0]])
    >>> _ = layer.backward(loss.backward())
    >>> layer.W -= 0.1 * layer.dW
    >>> bool(loss.forward(layer.forward([[1.0, 2.0]]), [[3.0]]) < first)
    True
    """

    _trace: tuple[Any, Tensor] | None = None

    def __init__(self, loss: str | Loss) -> None:
        self.loss = loss_named(loss)

    def forward(self, y: Any, target: Any) -> float:
        """The mean loss of predictions `y` against `target`; what `backward` needs is kept.

        Raises
        ------
        ShapeError
            The shapes do not go together.
        """
        entry = Tensor(np.asarray(plain(y), dtype=np.float64), requires_grad=True)
        with linking():
            total = self.loss(entry, np.asarray(plain(target)))
        self._trace = (total, entry)
        return float(plain(total))

    def backward(self) -> Array:
        """The gradient of the last `forward` with respect to its `y`, of the shape of `y`.

        Raises
        ------
        ModelError
            `forward` was not called before.
        """
        if self._trace is None:
            raise ModelError(f"{type(self).__name__}.backward needs a forward(y, target) before it.")
        total, entry = self._trace
        return np.array(graph.pull_back(total, np.ones(()), [entry], False)[0])


class MSELoss(LossLayer):
    """The mean over all elements of (y - target)**2.

    Examples
    --------
    >>> loss = MSELoss()
    >>> loss.forward([[1.0], [2.0]], [[0.0], [4.0]]), loss.backward().tolist()
    (2.5, [[1.0], [-2.0]])
    """

    def __init__(self) -> None:
        super().__init__("mse")


class CrossEntropyLoss(LossLayer):
    """The mean of the softmax `cross_entropy` of scores (n, k) and whole-number labels (n,)."""

    def __init__(self) -> None:
        super().__init__(cross_entropy)
