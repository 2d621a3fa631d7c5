"""Dropout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steepest.autodiff import ops
from steepest.base.errors import ModelError
from steepest.nn.module import Module, State
from steepest.nn.place import as_place


class Dropout(Module):
    """In training each number becomes 0 with probability `rate`, and x / (1 - rate) otherwise; else x itself.

    Srivastava et al., JMLR 15, 2014, with the division moved from prediction to training. What is dropped is a function of the
    key's (seed, epoch, step) and of the layer's place in the network.

    Parameters
    ----------
    rate : float
        At least 0, below 1; PyTorch's ``p``.

    Raises
    ------
    ModelError
        `rate` is not a probability below 1.

    Examples
    --------
    >>> import numpy as np
    >>> out = Dropout(0.5).forward(np.ones((1, 8)), training=True, key=3)
    >>> sorted(set(out.ravel().tolist()))
    [0.0, 2.0]
    """

    looked_through = True

    def __init__(self, rate: float = 0.5) -> None:
        if not 0 <= rate < 1:
            raise ModelError(f"the dropout rate is a probability, at least 0 and below 1, not {rate!r}.")
        self.rate = float(rate)

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        if not training or self.rate == 0:
            return x, state
        kept = as_place(key).generator("dropout").random(ops.shape(x)) >= self.rate
        return ops.where(kept, x * (1.0 / (1.0 - self.rate)), 0.0), state

    def features_after(self, features: int | None) -> int | None:
        return features

    def __repr__(self) -> str:
        return f"Dropout({self.rate:g})"
