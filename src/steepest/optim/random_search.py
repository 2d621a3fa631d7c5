"""Random search: keep a point only if it is lower than ever seen before."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from steepest.base.checks import between, positive, whole
from steepest.base.params import Array
from steepest.optim.method import State
from steepest.optim.search import Search, Space

RECHENBERG = 0.2  # share of points lower than the best at which the width is right


@dataclass(frozen=True)
class RandomSearch(Search):
    """Draw points, keep the one that is lower than ever seen before; a `Method`.

    A share of each generation is uniform over the region. The others are local,

        x = best + width * (high - low) * z,    z standard normal,

    and the width follows their success, w <- w * exp((s - 1/5) / (4/5)) with s the share of them that were lower: the one-fifth
    rule (Rechenberg, Evolutionsstrategie, 1973; Schumer and Steiglitz, IEEE Trans. Autom. Control 13, 1968).

    Parameters
    ----------
    points : int
        How many points a generation (one step) has.
    everywhere : float
        The share of them that is uniform over the region, from 0 to 1.
    start_width : float
        The first width of local steps, as a share of the region.
    bounds
        See `Search`.

    Raises
    ------
    ModelError
        An argument is out of its range.

    Examples
    --------
    >>> import steepest as sd
    >>> run = sd.minimize(lambda x: (x[0] - 1) ** 2 + (x[1] + 2) ** 2, [3.0, 2.0], method=RandomSearch(bounds=(-5, 5)), steps=200)
    >>> run.params["x"].round(3).tolist()
    [1.0, -2.0]
    """

    points: int = 20
    everywhere: float = 0.25
    start_width: float = 0.1
    name = "random search"

    def __post_init__(self) -> None:
        whole("the points of a generation", self.points)
        between("the share of points everywhere", self.everywhere, 0.0, 1.0)
        positive("the start width", self.start_width)

    def first(self, start: Array, loss: float) -> State:
        return {"best": start, "loss": loss, "width": self.start_width}

    def generation(self, state: State, space: Space, draws: np.random.Generator) -> State:
        best, loss, width = state["best"], state["loss"], state["width"]
        n = best.size
        count = round(self.everywhere * self.points)
        far = draws.random((count, n))
        near = best + width * draws.standard_normal((self.points - count, n))
        points = np.concatenate([far, space.region.inside(near)])
        losses = space.losses(points)
        if count < self.points and math.isfinite(loss):
            success = float(np.mean(losses[count:] < loss))
            width = min(width * math.exp((success - RECHENBERG) / (1.0 - RECHENBERG)), 1.0)
        k = int(np.argmin(losses))
        if losses[k] < loss:
            best, loss = points[k], float(losses[k])
        return {"best": best, "loss": loss, "width": width}

    @property
    def points_a_step(self) -> int:
        return self.points

    def width(self, state: State) -> Array:
        return np.full(state["best"].size, state["width"])
