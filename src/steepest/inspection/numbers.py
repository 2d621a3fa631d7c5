"""What is told of an array where there is no room for all of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.params import Array

_FEW = 3  # elements that are shown one by one
_ROUNDING = 1e-15  # a mean below this share of the norm is 0 but for rounding


@dataclass(frozen=True)
class Numbers:
    """An array in short: its shape, and all of it, or its mean and norm.

    Attributes
    ----------
    shape : tuple of int
    elements : tuple of float or None
        All elements in order, where there are at most 3.
    mean, norm : float
        Arithmetic mean and Euclidean norm; NaN where an element is.
    not_finite : int
        How many elements are NaN or infinite.

    Examples
    --------
    >>> str(Numbers.of(np.array(0.731059)))
    '0.7311'
    >>> str(Numbers.of(np.array([[3.0, 4.0, 0.0, 0.0]])))
    '1×4, mean 1.75, norm 5'
    """

    shape: tuple[int, ...]
    elements: tuple[float, ...] | None
    mean: float
    norm: float
    not_finite: int

    @classmethod
    def of(cls, array: Array) -> Numbers:
        """The numbers of an array as it is now; nothing of it is kept."""
        if array.size == 1:
            number = float(array.reshape(-1)[0])
            return cls(array.shape, (number,), number, abs(number), int(not math.isfinite(number)))
        exact = np.asarray(array, dtype=np.float64)
        flat = exact.reshape(-1)
        with np.errstate(all="ignore"):
            mean = float(flat.mean()) if flat.size else 0.0
            norm = _norm(flat)
        elements = tuple(flat.tolist()) if flat.size <= _FEW else None
        return cls(exact.shape, elements, mean, norm, int(flat.size - np.isfinite(flat).sum()))

    @property
    def size(self) -> int:
        """How many elements there are."""
        return int(np.prod(self.shape))

    def __str__(self) -> str:
        if self.shape == () or self.elements is not None:
            return self.without_shape
        return f"{'×'.join(map(str, self.shape))}, {self.without_shape}"

    @property
    def without_shape(self) -> str:
        """The elements, or their mean and norm."""
        if self.elements is not None:
            shown = ", ".join(map(short, self.elements))
            return shown if self.shape == () else f"[{shown}]"
        if self.not_finite:
            return f"{self.not_finite} of {self.size} not finite"
        mean = 0.0 if abs(self.mean) < _ROUNDING * self.norm else self.mean
        return f"mean {short(mean)}, norm {short(self.norm)}"

    def as_object(self) -> Any:
        """For JSON: the number, or an array's shape, mean and norm, and its elements where they are few."""
        if self.shape == () and self.elements is not None:
            return self.elements[0]
        told = {"shape": list(self.shape), "mean": self.mean, "norm": self.norm, "not_finite": self.not_finite}
        return told | ({} if self.elements is None else {"elements": list(self.elements)})


def _norm(flat: Array) -> float:
    """The Euclidean norm, without overflow."""
    largest = float(np.max(np.abs(flat))) if flat.size else 0.0
    if largest == 0 or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.sum(np.square(flat / largest))))


def short(value: float) -> str:
    """A number to four digits.

    Examples
    --------
    >>> short(0.123456), short(-3.0), short(float("nan")), short(-0.0)
    ('0.1235', '-3', 'NaN', '0')
    """
    if np.isnan(value):
        return "NaN"
    text = f"{value:.4g}"
    return "0" if text == "-0" else text
