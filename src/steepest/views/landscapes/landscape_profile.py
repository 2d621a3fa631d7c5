"""The profile of a loss: over two parameters, with all the others at their best at each point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steepest.base.bounds import Bounds
from steepest.base.errors import ModelError
from steepest.base.params import Array, Params
from steepest.optim.lbfgs import LBFGS
from steepest.optim.stopping import Stopping
from steepest.training.problem import Problem
from steepest.views.landscapes.landscape_plane import Plane
from steepest.views.progress import Tell, counted

_STEPS = 100  # of L-BFGS-B at each point, from the neighbour's answer


@dataclass
class _Others:
    """A problem of all parameters but two, which stay as they are."""

    problem: Problem
    at: Params
    free: Array  # of bool
    scale: Array | None
    bounds: Bounds | None

    def value_and_gradient(self, params: Params) -> tuple[float, Array]:
        loss, gradient = self.problem.value_and_gradient(self.whole(params))
        return loss, gradient[self.free]

    def whole(self, params: Params) -> Params:
        flat = self.at.flat.copy()
        flat[self.free] = params.flat
        return self.at.replaced(flat)


def profile_values(problem: Problem, plane: Plane, x: Array, y: Array, progress: Tell | None = None) -> Array:
    """The smallest loss that the other parameters can reach at each point of a grid over two of them.

    Each point starts from its neighbour's answer, from the centre outwards, and ends in the minimum that this leads to.

    Parameters
    ----------
    problem : Problem
    plane : Plane
        Over two parameters.
    x, y : ndarray, shape (nx,), (ny,)
    progress : callable, optional

    Returns
    -------
    ndarray, shape (ny, nx)

    Raises
    ------
    ModelError
        The plane is not over two parameters.

    Examples
    --------
    >>> import steepest as sd
    >>> from steepest.views.landscapes.landscape_plane import plane_of
    >>> problem = sd.Problem.of_function(lambda p: (p["a"] - p["c"]) ** 2 + p["b"] ** 2, {"a": 1.0, "b": 1.0, "c": 0.0})
    >>> plane = plane_of(problem.start, ("a", "b"))
    >>> profile_values(problem, plane, np.array([1.0, 2.0]), np.array([3.0])).round(6)
    array([[9., 9.]])
    """
    if plane.elements is None:
        raise ModelError("a profile is over two parameters; random directions and the plane of a path have no others.")
    free = np.ones(plane.centre.count, dtype=bool)
    free[list(plane.elements)] = False
    if not free.any():
        return np.array([[problem.value(plane.at(a, b)) for a in x] for b in y])
    centre = plane.centre.flat[list(plane.elements)]
    column, row = int(np.argmin(np.abs(x - centre[0]))), int(np.argmin(np.abs(y - centre[1])))
    loss = np.empty((y.size, x.size))
    answers: dict[tuple[int, int], Array] = {}
    rows = sorted(range(y.size), key=lambda i: abs(i - row))
    for i in counted(rows, "minimising over the other parameters", progress):
        for j in sorted(range(x.size), key=lambda j: abs(j - column)):
            before = (i, j - np.sign(j - column)) if j != column else (i - np.sign(i - row), j)
            start = answers.get(before, plane.centre.flat[free])
            loss[i, j], answers[i, j] = _minimised(problem, plane.at(x[j], y[i]), free, start)
    return loss


def _minimised(problem: Problem, at: Params, free: Array, start: Array) -> tuple[float, Array]:
    scale = None if problem.scale is None else problem.scale[free]
    box = problem.bounds
    others = _Others(problem, at, free, scale, None if box is None else Bounds(box.lower[free], box.upper[free]))
    method, params = LBFGS(), Params({"others": start})
    done = method.advance(others, params, method.init(others, params, 0), _STEPS, Stopping())
    return others.problem.value(others.whole(done.params)), done.params.flat
