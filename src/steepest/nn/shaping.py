"""Flatten: many axes become one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from steepest.autodiff import ops
from steepest.nn.module import Module, State
from steepest.nn.place import LayerShapeError


class Flatten(Module):
    """All axes but the first become one: (rows, 28, 28) to (rows, 784), and (rows,) to (rows, 1).

    Examples
    --------
    >>> import numpy as np
    >>> Flatten().forward(np.ones((2, 28, 28))).shape
    (2, 784)
    """

    looked_through = True

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        shape = ops.shape(x)
        if not shape:
            raise LayerShapeError("Flatten", "an input with rows", shape)
        return ops.reshape(x, (shape[0], math.prod(shape[1:]))), state

    def __repr__(self) -> str:
        return "Flatten()"
