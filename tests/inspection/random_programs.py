"""Random small programs of arrays, for comparing ways to take their derivatives apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import steepest as sd

OPERATIONS: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: np.sin(a),
    lambda a, b: a @ b,
    lambda a, b: sd.ops.relu(a),
    lambda a, b: np.where(a > b, a, b),
    lambda a, b: a.T,
    lambda a, b: a - b.mean(axis=0),
    lambda a, b: np.maximum(a, 0.1 * b),
    lambda a, b: np.concatenate([a[:1], b[1:]]),
]


def random_program(seed: int, steps: int) -> tuple[Any, Any]:
    """A loss and one of its parameters, of shape (2, 2): values are reused, broadcast, reduced, multiplied, chosen."""
    random = np.random.default_rng(seed)
    w = sd.tensor(random.normal(size=(2, 2)), requires_grad=True)
    v = sd.tensor(random.normal(size=2), requires_grad=True)
    pool: list[Any] = [w, w * 1.5, v + w]
    for _ in range(steps):
        a, b = (pool[random.integers(len(pool))] for _ in range(2))
        pool.append(OPERATIONS[random.integers(len(OPERATIONS))](a, b))
    return (pool[-1] * pool[-2]).sum(), w
