"""Clipping: bounds on the gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steepest.base import checks
from steepest.base.errors import ModelError
from steepest.base.params import Array, Params
from steepest.optim.chain import Transformation
from steepest.optim.rules import RuleState


def shortened(vector: Array, limit: float) -> Array:
    """`vector`, or one of the same direction and norm `limit` if it is longer; untouched if it is not finite."""
    if not vector.size:
        return vector
    with np.errstate(all="ignore"):
        size = np.abs(vector).max()
        unit = vector / size  # squares of its elements neither overflow nor underflow
        length = np.sqrt((unit * unit).sum())  # NaN where `vector` is 0 or not finite, and then not above the limit
        return np.where(size * length > limit, unit * (limit / length), vector)


@dataclass(frozen=True)
class ClipGlobalNorm(Transformation):
    """Shorten gradients that are longer than a limit, all parameters together (Pascanu, Mikolov and Bengio, ICML 2013).

    g <- g * limit / |g| where |g| > limit; the direction stays, and shorter gradients are untouched.

    Clipping cures exploding gradients; it does not cure vanishing ones, which are short already.

    Parameters
    ----------
    limit : float
        Largest Euclidean norm, in the unit of the gradient; 5 is common. Better is one from the run: a few times the median norm.

    Notes
    -----
    A gradient with NaN or infinity passes unchanged, so that the run ends and says so. PyTorch's ``clip_grad_norm_`` divides by
    |g| + 1e-6 and comes out a little short of the limit.

    Examples
    --------
    >>> ClipGlobalNorm(5.0).update(np.array([30.0, 40.0]), {}, np.zeros(2), 0.1, 0)[0]
    array([3., 4.])
    """

    limit: float

    def __post_init__(self) -> None:
        checks.positive("ClipGlobalNorm's limit", self.limit)

    @property
    def phrase(self) -> str:
        return f"norm clipped at {self.limit:g}"

    def update(self, vector: Array, state: RuleState, params: Array, rate: float, step: int) -> tuple[Array, RuleState]:
        return shortened(vector, self.limit), state


@dataclass(frozen=True)
class ClipValue(Transformation):
    """Clip each element of the gradient to [-limit, limit].

    This changes the direction, unlike `ClipGlobalNorm`. It cures exploding gradients, not vanishing ones. NaN and infinity
    pass unchanged, so that they are found.

    Parameters
    ----------
    limit : float
        In the unit of the gradient.

    Examples
    --------
    >>> ClipValue(1.0).update(np.array([30.0, -0.5]), {}, np.zeros(2), 0.1, 0)[0]
    array([ 1. , -0.5])
    """

    limit: float

    def __post_init__(self) -> None:
        checks.positive("ClipValue's limit", self.limit)

    @property
    def phrase(self) -> str:
        return f"elements clipped at {self.limit:g}"

    def update(self, vector: Array, state: RuleState, params: Array, rate: float, step: int) -> tuple[Array, RuleState]:
        return np.where(np.isfinite(vector), np.clip(vector, -self.limit, self.limit), vector), state


@dataclass(frozen=True)
class ClipPerLayer(Transformation):
    """Shorten the gradient of each layer that is longer than a limit, layer by layer.

    A layer is a run of neighbouring parameters whose names agree up to the last dot (``layers.0.weight``, ``layers.0.bias``); a
    parameter without a dot is one by itself. One exploding layer then does not shorten the steps of the others; the direction
    of the whole changes. It cures exploding gradients, not vanishing ones.

    Parameters
    ----------
    limit : float
        Largest Euclidean norm of a layer's gradient.

    Examples
    --------
    >>> clip = ClipPerLayer(5.0)
    >>> state = clip.init_layers(Params({"in.weight": [0.0], "in.bias": [0.0], "out.weight": [0.0]}))
    >>> clip.update(np.array([30.0, 40.0, 1.0]), state, np.zeros(3), 0.1, 0)[0]
    array([3., 4., 1.])
    """

    limit: float

    def __post_init__(self) -> None:
        checks.positive("ClipPerLayer's limit", self.limit)

    @property
    def phrase(self) -> str:
        return f"norm of each layer clipped at {self.limit:g}"

    def init(self, params: Array) -> RuleState:
        raise ModelError(
            "ClipPerLayer must know where the layers begin and end, and a vector does not say it: begin with "
            "state_for(rule, params), where params are Params."
        )

    def init_layers(self, params: Params) -> RuleState:
        """The place behind each layer's last element."""
        ends: dict[int, int] = {}
        layer, before = -1, None
        for name, place in params.places().items():
            owner = name.rpartition(".")[0] or None
            if owner is None or owner != before:
                layer, before = layer + 1, owner
            ends[layer] = place.stop
        return {"ends": np.array(list(ends.values()), dtype=np.int64)}

    def update(self, vector: Array, state: RuleState, params: Array, rate: float, step: int) -> tuple[Array, RuleState]:
        layers = np.split(vector, state["ends"][:-1])
        return np.concatenate([shortened(layer, self.limit) for layer in layers]), state
