"""The window of a landscape: which points it must show, and how far it reaches."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from steepest.base.checks import is_number
from steepest.base.errors import ModelError, SteepestError
from steepest.base.params import Array, Params
from steepest.optim.lbfgs import LBFGS
from steepest.training.problem import Problem
from steepest.training.run import Run
from steepest.views.landscapes.descent_path import DescentPath
from steepest.views.landscapes.landscape_plane import Plane

_MARGIN = 0.15  # of what must be seen, left free at each edge
_RISE = 100.0  # times the way down that a path's loss may rise above its start and still be in the window
_AROUND = 0.4  # of the way to a minimum: what must be seen behind it
_FAR = 5.0  # times the extent of the paths: a minimum that was looked for and lies further away is not shown
_MOST_STEPS = 200
_ROUNDING = 1e-8  # of the largest curvature: what counts as none
_STRAIGHT = 1e-6  # of a path's length: what it leaves a straight line by is not looked at closer
_ONE_PLACE = 1e-3  # of their size: minima that are nearer to each other are one
_STILL = 1e-12  # of its size: a parameter that changes by less does not move


class Point(NamedTuple):
    """A point of a landscape."""

    x: float
    y: float
    loss: float


class Window(NamedTuple):
    """From where to where a landscape reaches."""

    x: tuple[float, float]
    y: tuple[float, float]

    def holds(self, x: Any, y: Any) -> Any:
        """Whether points lie in it; NaN does not."""
        return (self.x[0] <= x) & (x <= self.x[1]) & (self.y[0] <= y) & (y <= self.y[1])


def near_points(path: DescentPath) -> Array:
    """Which points belong in the picture: all, unless the descent has run away."""
    loss = path.losses
    finite = np.isfinite(loss) & np.isfinite(path.flat).all(axis=1)
    if not finite.any():
        return finite
    low, first = loss[finite].min(), loss[finite][0]
    with np.errstate(over="ignore"):
        room = _RISE * ((first - low) or abs(first))
        high = first + room
    if not loss[finite].max() > high:
        return finite
    return np.asarray(finite & (np.arange(loss.size) < int(np.argmax(~finite | (loss > high)))))


def known_minima(problem: Problem, plane: Plane, minimum: Any, model: Any, ends: Sequence[Params] = ()) -> list[Point]:
    """The minima that the caller knows, or those that a problem of two parameters has near the centre and the ends.

    Raises
    ------
    ModelError
        A given one lacks a parameter.
    """
    if minimum is not None:
        given = [minimum] if isinstance(minimum, Mapping) else list(minimum)
        found = [_as_params(plane.centre, each) for each in given]
    else:
        places = [plane.centre, *ends] if plane.centre.count == 2 else []
        found = [params for place in places for params in _looked_for(problem, place)]
    points: list[Point] = []
    for params in found:
        x, y = plane.coordinates(np.asarray(params.flat, dtype=np.float64)[None, :])
        point = Point(float(x[0]), float(y[0]), problem.value(params, model))
        if not any(_same(point, other, plane) for other in points):
            points.append(point)
    return points


def _same(first: Point, second: Point, plane: Plane) -> bool:
    steps = (abs(a - b) / max(abs(a), abs(b), scale) for a, b, scale in zip(first[:2], second[:2], plane.scale))
    return max(steps) < _ONE_PLACE


def _as_params(like: Params, values: Any) -> Params:
    if not isinstance(values, Mapping) or set(values) != set(like):
        raise ModelError(f"a minimum is given by the values of all parameters, {', '.join(like)}: such as "
                         f"minimum={{'{next(iter(like))}': 0.0, ...}}, not {values!r}.")  # fmt: skip
    parts = [np.broadcast_to(np.asarray(values[name], dtype=np.float64), like[name].shape) for name in like]
    return like.replaced(np.concatenate([np.ravel(part) for part in parts]))


def _looked_for(problem: Problem, place: Params) -> list[Params]:
    """Where L-BFGS-B ends from a place; nothing unless that is a minimum: level, with no curvature downwards."""
    nearby = copy.copy(problem)
    nearby.start = place
    try:
        params = Run(nearby, LBFGS(), steps=_MOST_STEPS).finish().params
        value, gradient = problem.value_and_gradient(params)
        hessian = problem.hessian(params)
    except SteepestError:  # no second derivative
        return []
    natural = 0.0 if problem.scale is None else problem.scale
    unit = np.max([np.abs(params.flat), np.abs(problem.start.flat), natural * np.ones(params.count)], axis=0)
    unit = np.where(unit > 0, unit, 1.0)
    with np.errstate(all="ignore"):  # on the way to minus infinity
        gradient, hessian = gradient * unit, hessian * np.outer(unit, unit)
    if not (math.isfinite(value) and np.isfinite(gradient).all() and np.isfinite(hessian).all()):
        return []
    curvatures = np.linalg.eigvalsh(hessian)
    if not curvatures.max() > 0 or curvatures.min() < -_ROUNDING * curvatures.max():
        return []
    way = np.linalg.lstsq(hessian, gradient, rcond=_ROUNDING)[0]  # Newton's step, in units
    return [params] if np.abs(way).max() < _ONE_PLACE else []


def window_of(
    plane: Plane, shown: Sequence[Point], minima: Sequence[Point], x: Any = None, y: Any = None, given: bool = False
) -> Window:
    """The window that shows the points and the minima, unless the caller says which.

    Parameters
    ----------
    plane : Plane
    shown, minima : sequence of Point
    x, y : pair of float, optional
    given : bool
        Whether the minima are the caller's own, and must be seen however far away they are.

    Raises
    ------
    ModelError
        A window is not two finite numbers, the smaller first.
    """
    centre = plane.coordinates(np.asarray(plane.centre.flat, dtype=np.float64)[None, :])
    points = _finite([*((p.x, p.y) for p in shown), (float(centre[0][0]), float(centre[1][0]))])
    at = _finite([(m.x, m.y) for m in minima])
    if not given:
        low, high = points.min(axis=0), points.max(axis=0)
        reach = _FAR * np.maximum(np.max(high - low), plane.scale) if len(shown) else np.inf
        at = at[((at >= low - reach) & (at <= high + reach)).all(axis=1)]
    # A minimum has slopes all around: the window goes beyond it by a part of the way that leads to it.
    beyond = at[:, None, :] + _AROUND * (at[:, None, :] - points[None, :, :])
    points = np.concatenate([points, at, beyond.reshape(-1, 2)])
    sides = [
        checked_side("xy"[axis], side) if side is not None else _side(plane, axis, points[:, axis])
        for axis, side in enumerate((x, y))
    ]
    return Window(sides[0], sides[1])


def _finite(points: list[tuple[float, float]]) -> Array:
    array = np.array(points, dtype=np.float64).reshape(-1, 2)
    return np.asarray(array[np.isfinite(array).all(axis=1)])


def _side(plane: Plane, axis: int, values: Array) -> tuple[float, float]:
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if plane.elements is None and plane.share is None:  # random directions are as long as the parameters
        return min(-1.0, low), max(1.0, high)
    still = _STILL if plane.elements is not None else _STRAIGHT
    if high - low <= still * max(abs(low), abs(high), plane.scale[axis]):
        return low - plane.scale[axis], high + plane.scale[axis]
    room = _MARGIN * (high - low)
    return low - room, high + room


def checked_side(axis: str, window: Any) -> tuple[float, float]:
    """One side of a window that the caller gives.

    Raises
    ------
    ModelError
        It is not two finite numbers, the smaller first.
    """
    pair = tuple(window) if isinstance(window, Sequence | np.ndarray) and len(window) == 2 else (math.nan, math.nan)
    if not all(is_number(v) and math.isfinite(v) for v in pair) or not pair[0] < pair[1]:
        raise ModelError(f"the window along {axis} must be two numbers, the smaller first, not {window!r}.")
    return float(pair[0]), float(pair[1])
