"""Tensors made from nothing, under PyTorch's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.autodiff.tensor import Tensor
from steepest.base.random import generator


class _Draws:
    """The stream behind `randn` and `rand`: each call draws from a new counter of the same seed."""

    seed = 0
    count = 0

    @classmethod
    def next(cls) -> np.random.Generator:
        cls.count += 1
        return generator(cls.seed, "tensor", step=cls.count)


def manual_seed(seed: int) -> None:
    """Start the numbers of `randn` and `rand` anew from `seed` (0 when a program starts).

    Examples
    --------
    >>> import steepest as sd
    >>> sd.manual_seed(1); first = sd.randn(3)
    >>> sd.manual_seed(1); bool((first == sd.randn(3)).all())
    True
    """
    _Draws.seed, _Draws.count = seed, 0


def randn(*shape: int) -> Tensor:
    """Standard normal numbers of the given shape, float64."""
    return Tensor(np.asarray(_Draws.next().standard_normal(shape)))


def rand(*shape: int) -> Tensor:
    """Numbers uniform in [0, 1) of the given shape, float64."""
    return Tensor(np.asarray(_Draws.next().random(shape)))


def arange(*args: Any, dtype: Any = None) -> Tensor:
    """As `numpy.arange`.

    Examples
    --------
    >>> import steepest as sd
    >>> sd.arange(0, 3).double()
    tensor([0., 1., 2.])
    """
    return Tensor(np.arange(*args, dtype=dtype))


def linspace(start: float, stop: float, steps: int = 50) -> Tensor:
    """`steps` evenly spaced numbers from `start` to `stop`, both included."""
    return Tensor(np.linspace(start, stop, steps))


def zeros(*shape: int, dtype: Any = np.float64) -> Tensor:
    """Zeros of the given shape."""
    return Tensor(np.zeros(shape, dtype))


def ones(*shape: int, dtype: Any = np.float64) -> Tensor:
    """Ones of the given shape."""
    return Tensor(np.ones(shape, dtype))


def full(shape: int | tuple[int, ...], value: float) -> Tensor:
    """An array filled with `value`."""
    return Tensor(np.full(shape, value))


def eye(n: int) -> Tensor:
    """The n x n unit matrix."""
    return Tensor(np.eye(n))
