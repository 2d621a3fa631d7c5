"""Penalties: what is added to the loss so that weights stay small."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steepest.autodiff import ops
from steepest.base.errors import ModelError

On = str | Sequence[str]


@dataclass(frozen=True)
class Penalty:
    """``penalty(params) -> number``, for ``Problem(penalty=...)``; see `L1` and `L2`.

    Parameters
    ----------
    strength : float
        At least 0.
    on : "weights", "all" or sequence of str
        "weights" are the parameters of two or more axes: no biases, and no scales of normalisations. Else names.

    Raises
    ------
    ModelError
        The strength is negative or not finite; when called: a name is not there, or nothing would be penalised.
    """

    strength: float
    on: On = "weights"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.strength) and self.strength >= 0):
            raise ModelError(f"the strength of {type(self).__name__} must be a number >= 0, not {self.strength!r}.")
        if isinstance(self.on, str) and self.on not in ("weights", "all"):
            object.__setattr__(self, "on", (self.on,))

    def __call__(self, params: Mapping[str, Any]) -> Any:
        terms = [self._of(params[name]) for name in self._chosen(params)]
        return self.strength * sum(terms[1:], start=terms[0])

    def _of(self, x: Any) -> Any:
        """The penalty of one parameter at strength 1."""
        raise NotImplementedError

    def _chosen(self, params: Mapping[str, Any]) -> list[str]:
        if self.on == "all":
            return list(params)
        if self.on != "weights":
            if unknown := [name for name in self.on if name not in params]:
                raise ModelError(
                    f"{type(self).__name__}: there is no parameter '{unknown[0]}'; there are {', '.join(params)}."
                )
            return list(self.on)
        chosen = [name for name, x in params.items() if ops.ndim(x) >= 2]
        if not chosen:
            raise ModelError(
                f"{type(self).__name__} acts on parameters of two or more axes, and there are none among {', '.join(params)}; "
                f"pass on='all' or names."
            )
        return chosen


class L1(Penalty):
    """strength * sum(|w|): drives weights to exactly 0; the derivative at 0 is 0. Tibshirani, J. R. Stat. Soc. B 58, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> L1(0.1)({"0.weight": np.array([[1.0, -2.0]]), "0.bias": np.array([7.0])})
    np.float64(0.30000000000000004)
    """

    def _of(self, x: Any) -> Any:
        return ops.sum(ops.abs(x))


class L2(Penalty):
    """strength * sum(w**2): ridge, or weight decay at the rate 2 * strength. Hoerl and Kennard, Technometrics 12, 1970.

    PyTorch's ``weight_decay=d`` is ``L2(d / 2, on="all")``.

    Examples
    --------
    >>> import numpy as np
    >>> L2(0.5)({"0.weight": np.array([[1.0, -2.0]]), "0.bias": np.array([7.0])})
    np.float64(2.5)
    """

    def _of(self, x: Any) -> Any:
        return ops.sum(ops.square(x))
