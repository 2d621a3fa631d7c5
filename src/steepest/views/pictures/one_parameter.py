"""A loss of one number, as a curve: what a picture of a tangent or of rates is drawn on."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from numpy.typing import NDArray

from steepest.base.errors import ModelError
from steepest.training.minimize import minimize
from steepest.training.problem import Problem
from steepest.views.style import Style, literal
from steepest.views.tables.words import one_line

_GRID = 401

Array = NDArray[np.float64]


def problem_of(subject: Any, at: Any, picture: str) -> Problem:
    """The problem of a function with a start, of a problem, of a run or of a fit; its start is `at` where that is given.

    Raises
    ------
    ModelError
        There is no start, or nothing that could be drawn.
    """
    problem = getattr(getattr(subject, "run", subject), "problem", subject)
    if callable(problem) and not isinstance(problem, Problem):
        if at is None:
            raise ModelError(f"{picture} of a function needs a place to start from: at=-1.5.")
        return minimize(problem, at, method="gradient_descent", learning_rate=1.0, steps=0).problem
    if not isinstance(problem, Problem):
        raise ModelError(
            f"{picture} is drawn from a function and a place, a Problem, a run or a fit, not from {type(subject).__name__}."
        )
    if at is None:
        return problem
    if problem.start.flat.size != 1:
        raise ModelError(
            f"{picture}: `at` is one number, and this problem has {problem.start.flat.size} parameters; leave it out."
        )
    moved = copy.copy(problem)
    moved.start = problem.start.replaced(np.array([float(at)], dtype=problem.start.flat.dtype))
    return moved


@dataclass(frozen=True, eq=False)
class OneParameter:
    """The objective of a problem with one parameter of one element.

    Attributes
    ----------
    problem : Problem
    name : str
        The parameter's.
    """

    problem: Problem
    name: str = field(init=False)

    def __post_init__(self) -> None:
        count = self.problem.start.flat.size
        if count != 1:
            raise ModelError(
                f"a curve is drawn over one parameter, and there are {count}; sd.plot.landscape draws the loss over two of many."
            )
        object.__setattr__(self, "name", next(iter(self.problem.start)))

    @property
    def start(self) -> float:
        return float(self.problem.start.flat[0])

    @property
    def value_label(self) -> str:
        """What the curve shows."""
        loss = self.problem.loss_function.name
        return f"loss ({one_line(loss, 20)})" if self.problem.has_data else f"f({one_line(self.name, 20)})"

    def value(self, x: float) -> float:
        return self.problem.value(self._at(x))

    def values(self, x: Any) -> Array:
        """At each of x; NaN where the function is not defined."""
        return np.array([self.value(float(each)) for each in np.ravel(x)])

    def slope(self, x: float) -> float:
        return float(self.problem.value_and_gradient(self._at(x))[1][0])

    def curvature(self, x: float) -> float:
        """The second derivative."""
        return float(self.problem.hessian_times(self._at(x), np.ones(1))[0])

    def _at(self, x: float) -> Any:
        return self.problem.start.replaced(np.array([x], dtype=self.problem.start.flat.dtype))

    def window(self, visited: Array) -> tuple[float, float]:
        """The stretch to draw: about the lowest place visited, wide enough for all; about a valley's floor where it is one."""
        visited = visited[np.isfinite(visited)]
        values = self.values(visited)
        centre = float(visited[int(np.nanargmin(values))]) if np.isfinite(values).any() else float(visited[0])
        half = 1.25 * float(np.max(np.abs(visited - centre)))
        with np.errstate(all="ignore"):
            to_floor = np.float64(-self.slope(centre)) / self.curvature(centre)  # Newton's step
        if np.isfinite(to_floor) and self.curvature(centre) > 0 and abs(to_floor) < 20 * max(1.0, abs(centre), half):
            centre += to_floor
            half = 1.25 * float(np.max(np.abs(visited - centre)))
        if half <= 1e-12 * abs(centre) or half == 0:
            half = abs(centre) or 1.0
        return centre - half, centre + half


def draw_curve(axes: Axes, one: OneParameter, window: tuple[float, float], style: Style) -> tuple[float, float]:
    """Draw the function over a window; returns the limits of y that show it."""
    x = np.linspace(*window, _GRID)
    y = one.values(x)
    axes.plot(x, y, color=style.data, linewidth=2.0, label=one.value_label, zorder=2)
    literal(axes.xaxis.label)
    literal(axes.yaxis.label)
    axes.set_xlabel(one_line(one.name, 40))
    axes.set_ylabel(one.value_label)
    seen = y[np.isfinite(y)]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
    # A wall (log near 0, say) would press the rest to the ground.
    if seen.size and high - low > 12 * (np.percentile(seen, 95) - low) > 0:
        high = low + 3 * float(np.percentile(seen, 95) - low)
    room = 0.08 * (high - low) or max(1.0, abs(low)) * 0.1
    limits = low - room, high + room
    axes.set_xlim(*window)
    axes.set_ylim(*limits)
    return limits


def draw_steps(axes: Axes, x: Array, y: Array, style: Style, label: str = "", most_arrows: int = 40) -> None:
    """The places visited, on the curve, with arrows from each to the next; places that are not finite are left out."""
    keep = np.isfinite(x) & np.isfinite(y)
    x, y = x[keep], y[keep]
    axes.plot(x, y, "o", color=style.fit, markersize=4.5, zorder=4, label=label)
    if len(x) > most_arrows:
        axes.plot(x, y, color=style.fit, linewidth=0.9, zorder=3)
        return
    for k in range(len(x) - 1):
        arrow = FancyArrowPatch(
            (x[k], y[k]), (x[k + 1], y[k + 1]), arrowstyle="-|>", color=style.fit, linewidth=1.1, shrinkA=2, shrinkB=2,
            mutation_scale=9, zorder=3,
        )  # fmt: skip
        axes.add_patch(arrow)
