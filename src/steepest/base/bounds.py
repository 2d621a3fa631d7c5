"""Bounds: a box that parameters stay in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.choices import suggestion
from steepest.base.errors import ModelError
from steepest.base.params import Array, Params


@dataclass(frozen=True, eq=False)
class Bounds:
    """Lowest and highest values of each element of the flat parameters; infinite where there is no bound.

    Attributes
    ----------
    lower, upper : ndarray, shape (n,)

    Examples
    --------
    >>> box = Bounds.of(Params({"a": 1.0, "b": 2.0}), {"b": (0, None)})
    >>> box.lower, box.clip(np.array([-1.0, -1.0]))
    (array([-inf,   0.]), array([-1.,  0.]))
    """

    lower: Array
    upper: Array

    @classmethod
    def of(cls, params: Params, bounds: Mapping[str, tuple[Any, Any]]) -> Bounds:
        """The box of these names; ``None`` is no bound, a number goes for all elements of an array.

        Raises
        ------
        ModelError
            A name is not there, bounds are no pair of numbers, the lower is not below the upper, or `params` lie outside.
        """
        lower = np.full_like(params.flat, -math.inf)
        upper = np.full_like(params.flat, math.inf)
        places = params.places()
        for name, pair in bounds.items():
            if name not in places:
                raise ModelError(
                    f"bounds name {name!r}, which is not a parameter to fit.{suggestion(name, places)} "
                    f"There are {', '.join(places)}."
                )
            low, high = _pair(name, pair, np.shape(params[name]))
            lower[places[name]], upper[places[name]] = np.ravel(low), np.ravel(high)
        box = cls(lower, upper)
        outside = np.flatnonzero((params.flat < lower) | (params.flat > upper))
        if outside.size:
            i = int(outside[0])
            raise ModelError(
                f"the start {params.flat[i]:g} of {params.element_names()[i]} is outside of its bounds, "
                f"{lower[i]:g} to {upper[i]:g}."
            )
        return box

    def clip(self, flat: Array) -> Array:
        """The nearest place inside; NaN stays."""
        return np.clip(flat, self.lower, self.upper)

    def held(self, flat: Array, slope: Array) -> Array:
        """Which elements stand at a bound that the descent would push them through."""
        return ((flat <= self.lower) & (slope > 0)) | ((flat >= self.upper) & (slope < 0))


def _pair(name: str, pair: Any, shape: tuple[int, ...]) -> tuple[Array, Array]:
    try:
        low, high = pair
        low = np.broadcast_to(np.asarray(-math.inf if low is None else low, np.float64), shape)
        high = np.broadcast_to(np.asarray(math.inf if high is None else high, np.float64), shape)
    except (TypeError, ValueError):
        raise ModelError(
            f"the bounds of {name!r} are a pair of numbers, None for no bound, such as (0, None), not {pair!r}."
        ) from None
    if not (low < high).all():  # NaN too
        raise ModelError(f"the lower bound of {name!r} must be below the upper one, not {pair!r}.")
    return low, high
