"""A function with a point, its tangent, secants that turn into it, and the steps down."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from steepest.base.checks import is_number, whole
from steepest.base.errors import ModelError
from steepest.optim.stopping import Stopping
from steepest.training.descent import Descent
from steepest.training.problem import Problem
from steepest.training.run import Run
from steepest.views.landscapes.descent_path import path_of
from steepest.views.pictures.one_parameter import OneParameter, draw_curve, draw_steps, problem_of
from steepest.views.style import Picture, Style, drawing, literal
from steepest.views.tables.words import one_line

_SIZE = (6.4, 4.4)
_MOST_STEPS = 1000  # drawn of a run
_SECANTS = (1.0, 0.5, 0.25)  # of a third of the window

Array = NDArray[np.float64]


def plot_tangent(
    subject: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    at: float | None = None,
    secants: Sequence[float] | None = None,
    learning_rate: float | None = None,
    steps: int | None = None,
    window: tuple[float, float] | None = None,
    theme: str = "light",
) -> Picture:
    """Draw a function of one number with a point, its tangent there, secants, and the steps of a descent from there.

    The tangent at a is ``f(a) + f'(a) (x - a)``; the secant of width h goes through a and a + h, with the slope
    ``(f(a + h) - f(a)) / h``, which tends to f'(a) as h goes to 0.

    Parameters
    ----------
    subject : callable, Problem, Run or Fit
        ``f(x) -> number``, or something with one parameter. A run shows its own steps.
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    at : float, optional
        The point; a problem's or run's start unless given.
    secants : sequence of float, optional
        Widths h; three of them unless given or there are steps to see.
    learning_rate : float, optional
        Draw gradient descent at this rate: a <- a - rate * f'(a).
    steps : int, optional
        How many; 10 for a rate, and all of a run up to 1,000.
    window : (float, float), optional
        The stretch of x to draw.
    theme : {"light", "dark"}

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`.

    Raises
    ------
    ModelError
        There is more than one parameter, no point, or the function is not finite there.

    Examples
    --------
    >>> picture = plot_tangent(lambda x: x**2, at=-1.5, learning_rate=0.1, steps=10)
    >>> picture.axes[0].get_legend().get_texts()[1].get_text()
    'tangent at x = -1.5: slope -3'
    """
    run = getattr(subject, "run", subject)
    run = run if isinstance(run, Run) else None
    one = OneParameter(problem_of(subject, at, "a tangent"))
    here, value, slope = one.start, one.value(one.start), one.slope(one.start)
    if not np.isfinite([here, value, slope]).all():
        raise ModelError(
            f"there is no tangent at {one.name} = {here:g}, where the value is {value:g} and the slope {slope:g}."
        )
    if learning_rate is not None:
        run = _descent(one.problem, learning_rate, 10 if steps is None else whole("steps", steps, 0))
    elif at is not None:
        run = None  # its steps start elsewhere
    visited = np.array([here])
    if run is not None:
        last = min(run.steps_done, _MOST_STEPS if steps is None else whole("steps", steps, 0))
        visited = path_of(run, frames=range(last + 1)).flat[:, 0]
    if window is not None and not (np.isfinite(window).all() and window[0] < window[1]):
        raise ModelError(f"a window is two numbers, the smaller one first, not {window!r}.")
    widths = _widths(secants, len(visited) > 1, one, window or one.window(visited), here)
    if window is None:
        window = one.window(np.concatenate([visited, here + np.array(widths)]) if widths else visited)
    with drawing(_SIZE, theme, path) as picture:
        axes, style = picture.add_subplot(), picture.style
        draw_curve(axes, one, window, style)
        _draw_line(
            axes,
            here,
            value,
            slope,
            window,
            style.ink,
            f"tangent at {one_line(one.name, 20)} = {here:.6g}: slope {slope:.4g}",
            "-",
        )
        for h, colour in zip(widths, style.shades(style.series[3], len(widths))):
            _draw_secant(axes, one, here, value, h, window, colour, style)
        if len(visited) > 1:
            assert run is not None
            draw_steps(axes, visited, one.values(visited), style, _steps_label(run, one, visited))
        axes.plot([here], [value], "o", color=style.ink, markersize=8, zorder=6, label=f"({here:.6g}, {value:.6g})")
        for text in axes.legend(loc="best").get_texts():
            literal(text)
    return picture


def _descent(problem: Problem, rate: float, steps: int) -> Run:
    return Run(problem, Descent(learning_rate=rate), steps=steps, stopping=Stopping(tolerance=0.0)).finish()


def _widths(
    given: Sequence[float] | None, with_steps: bool, one: OneParameter, window: tuple[float, float], here: float
) -> list[float]:
    """The widths of the secants: those given, or some that go from a third of the window towards 0, to one digit."""
    if given is not None:
        bad = [h for h in given if not (is_number(h) and np.isfinite(h) and h != 0)]
        if bad:
            raise ModelError(f"a secant's width must be a number other than 0, not {bad[0]!r}.")
        return [float(h) for h in given]
    if with_steps:
        return []
    third = (window[1] - window[0]) / 3
    sign = 1.0 if here <= (window[0] + window[1]) / 2 else -1.0
    widest = float(f"{third:.0e}")
    return [sign * widest * part for part in _SECANTS if np.isfinite(one.value(here + sign * widest * part))]


def _draw_line(
    axes: Axes, here: float, value: float, slope: float, window: tuple[float, float], colour: Any, label: str, dash: Any
) -> None:
    ends = np.array(window)
    axes.plot(ends, value + slope * (ends - here), color=colour, linewidth=1.5, linestyle=dash, label=label, zorder=3)


def _draw_secant(
    axes: Axes,
    one: OneParameter,
    here: float,
    value: float,
    h: float,
    window: tuple[float, float],
    colour: Any,
    style: Style,
) -> None:
    there = one.value(here + h)
    if not np.isfinite(there):
        return
    slope = (there - value) / h
    _draw_line(axes, here, value, slope, window, colour, f"secant, h = {h:.4g}: slope {slope:.4g}", (0, (5, 2)))
    axes.plot([here + h], [there], "s", color=colour, markeredgecolor=style.paper, markersize=6, zorder=5)


def _steps_label(run: Run, one: OneParameter, visited: Array) -> str:
    count = len(visited) - 1
    rates = run.history["rate"][:count]
    rate = ""
    if len(rates) and np.ptp(rates) == 0 and hasattr(run.method, "learning_rate"):
        rate = f", rate {rates[0]:.4g}"
    name = one_line(one.name, 20)
    return f"{count:,} step{'s' * (count != 1)} of {run.method.name}{rate}, to {name} = {visited[-1]:.4g}"
