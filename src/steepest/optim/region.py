"""Region: where a search looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.choices import unknown
from steepest.base.errors import ModelError
from steepest.base.params import Array, Params

REACH = 3.0  # half the width of a region that is chosen, in natural magnitudes of the parameter


@dataclass(frozen=True)
class Region:
    """A box of parameters; a search works in its units, from 0 to 1 in each.

    Attributes
    ----------
    low, high : ndarray, shape (n,)
        Where to begin.
    lowest, highest : ndarray, shape (n,)
        What is never left: the bounds that were given and those of the problem; infinite where there are none.
    """

    low: Array
    high: Array
    lowest: Array
    highest: Array

    @classmethod
    def of(cls, problem: Any, start: Params, bounds: Any = None) -> Region:
        """The given bounds; without them 3 natural magnitudes of each parameter to both sides of the start.

        Bounds of the problem are kept in any case. The magnitude is ``problem.scale`` where there is one, and never below that of
        the start; without a scale it is at least 1.

        Parameters
        ----------
        problem : Problem
        start : Params
        bounds : pair of numbers, mapping of str to pair, or sequence of pairs, optional
            For all parameters; by name (for a parameter that is an array, each of its elements), those left out having none; or
            one for each element.

        Raises
        ------
        ModelError
            A bound is not finite or not below its partner, or the start lies outside.

        Examples
        --------
        >>> region = Region.of(None, Params({"a": 1.0, "b": 0.0}), {"a": (0, 2), "b": (-1, 1)})
        >>> region.unit(np.array([1.0, 0.5])), region.highest
        (array([0.5 , 0.75]), array([2., 1.]))
        """
        flat = np.asarray(start.flat, dtype=np.float64)
        if not np.isfinite(flat).all():
            raise ModelError("the start must be finite, to look around it.")
        lowest, highest = np.full_like(flat, -np.inf), np.full_like(flat, np.inf)
        scale = np.asarray(1.0 if getattr(problem, "scale", None) is None else problem.scale, dtype=np.float64)
        reach = REACH * np.maximum(np.abs(flat), scale)
        low, high = flat - reach, flat + reach
        if bounds is not None:
            pairs = _checked(bounds, start)
            given = ~np.isnan(pairs).any(axis=1)
            low[given], high[given] = lowest[given], highest[given] = pairs[given].T
            outside = np.flatnonzero((flat < lowest) | (flat > highest))
            if outside.size:
                k = int(outside[0])
                raise ModelError(
                    f"the start {start.element_names()[k]} = {flat[k]:.6g} lies outside its bounds {low[k]:g} to {high[k]:g}."
                )
        box = getattr(problem, "bounds", None)
        if box is not None:
            low, lowest = np.maximum(low, box.lower), np.maximum(lowest, box.lower)
            high, highest = np.minimum(high, box.upper), np.minimum(highest, box.upper)
        return cls(low, high, lowest, highest)

    @property
    def scale(self) -> Array:
        """The least magnitude of each parameter that counts here."""
        return np.asarray((self.high - self.low) / (2.0 * REACH))

    def unit(self, flat: Array) -> Array:
        """Parameters in the units of the region."""
        return np.asarray((flat - self.low) / (self.high - self.low))

    def point(self, unit: Array) -> Array:
        """The parameters at a place in the units of the region, within all bounds."""
        return np.asarray(np.clip(self.low + unit * (self.high - self.low), self.lowest, self.highest))

    def inside(self, unit: Array) -> Array:
        """The nearest place within all bounds, both in the units of the region."""
        return np.asarray(np.clip(unit, self.unit(self.lowest), self.unit(self.highest)))

    def as_state(self) -> dict[str, Array]:
        """What a method's state keeps of it."""
        return {"low": self.low, "high": self.high, "lowest": self.lowest, "highest": self.highest}

    @classmethod
    def from_state(cls, state: Mapping[str, Array]) -> Region:
        """The region that a method's state keeps."""
        return cls(state["low"], state["high"], state["lowest"], state["highest"])


def _checked(bounds: Any, start: Params) -> Array:
    """Low and high for each element, (n, 2); NaN for those without."""
    names = start.element_names()
    if isinstance(bounds, Mapping):
        for name in bounds:
            if name not in start:
                raise unknown("parameter in bounds", str(name), start, start)
        places = start.places().items()
        pairs = [bounds.get(name, (np.nan, np.nan)) for name, place in places for _ in range(place.stop - place.start)]
        left_out = [name not in bounds for name, place in places for _ in range(place.stop - place.start)]
    else:
        pairs = list(bounds) if isinstance(bounds, (list, tuple, np.ndarray)) else []
        if len(pairs) == 2 and all(np.ndim(bound) == 0 for bound in pairs):
            pairs = [pairs] * len(names)
        left_out = [False] * len(names)
    try:
        box = np.array(pairs, dtype=np.float64)
    except (TypeError, ValueError):
        box = np.array([])
    if box.shape != (len(names), 2):
        raise ModelError(
            "bounds are a pair (low, high) for all parameters, a dict of name to pair, or a list with one pair for each of the "
            f"{len(names)} number{'s' * (len(names) != 1)}, not {bounds!r}."
        )
    with np.errstate(all="ignore"):
        good = np.isfinite(box).all(axis=1) & (box[:, 0] < box[:, 1]) & np.isfinite(box[:, 1] - box[:, 0])
    bad = np.flatnonzero(~(good | left_out))
    if bad.size:
        low, high = box[bad[0]]
        raise ModelError(
            f"the bounds of {names[bad[0]]} must be finite, the lower below the upper; they are {low:g} and {high:g}."
        )
    return box
