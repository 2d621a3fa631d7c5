"""The picture of numerical differentiation: the error against the step, and secants that turn into the tangent."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator
from numpy.typing import NDArray

from steepest.differentiation.numerical import CENTRAL, COMPLEX, EPSILON, ONE_SIDED, Curve, accuracy
from steepest.views.style import Picture, Style, drawing, literal, say
from steepest.views.tables.words import one_line

if TYPE_CHECKING:
    from steepest.differentiation.ways import Ways

_SIZE = (11.0, 4.8)
_SECANTS = (1.0, 0.5, 0.25, 0.125)  # widths, relative to the widest
_LOWEST = 1e-20  # steps below this are not drawn: nothing changes there any more
_CEILING = 1e6  # errors above this are all the same
_WIDE = 100.0  # range of quotients from which their axis is logarithmic
_FLOOR = EPSILON / 8  # where an error of exactly 0 is drawn
_REACH = 30.0  # how wide the widest secant may be, relative to the argument

Array = NDArray[np.float64]


def plot_ways(
    ways: Ways, path: str | os.PathLike[str] | None = None, *, element: str | int = 0, theme: str = "light"
) -> Picture:
    """Draw how numerical differentiation errs with its step h, and how secants turn into the tangent as h goes to 0.

    Left, on logarithmic axes, the relative error of each scheme: it falls with h (slope 1 for one-sided, 2 for central
    differences) until the rounding of the function, 2 ε |f| / (h |f'|), makes it rise again; the best step is marked.
    Right, the function, its tangent, and secants through a and a + h with the slope (f(a + h) - f(a))/h.

    Parameters
    ----------
    ways : Ways
        What `sd.ways` returns.
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    element : str or int
        The parameter, by name or number.
    theme : {"light", "dark"}

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`.

    Raises
    ------
    ModelError
        There is no such parameter.
    SteepestError
        The file cannot be written, or its ending is unknown.

    Examples
    --------
    >>> import steepest as sd
    >>> picture = plot_ways(sd.ways("sin(x)", 1.0))
    >>> [axes.get_xlabel() for axes in picture.axes]
    ['step h', 'x']
    """
    i = ways.place(element)
    with drawing(_SIZE, theme, path) as picture:
        left, right = picture.add_subplot(1, 2, 1), picture.add_subplot(1, 2, 2)
        literal(picture.suptitle(f"{one_line(ways.subject.title, 70)}   at {ways.subject.described()}", fontsize=11))
        _draw_errors(left, ways, i, picture.style)
        _draw_limit(right, ways, i, picture.style)
    return picture


# ---- the errors
def _draw_errors(axes: Axes, ways: Ways, i: int, style: Style) -> None:
    true = float(ways.reference.gradient[i])
    axes.set_xscale("log")
    axes.set_xlabel("step h")
    if not math.isfinite(true):
        _draw_quotients(axes, ways, i, style)
        return
    axes.set_title("error against step size")
    axes.set_ylabel("relative error" if true else "error")
    axes.set_yscale("log")
    curves = ways.curves(i)
    top = max([1.0, *(float(curve.errors[np.isfinite(curve.errors)].max(initial=0.0)) for curve in curves)])
    top = min(top, _CEILING)
    for curve, colour in zip(curves, style.series):
        _draw_curve(axes, curve, colour, top, style)
    _draw_theory(axes, ways, i, style)
    axes.set_ylim(_FLOOR / 4, top * 10)
    _falling_steps(axes, curves[0].steps)
    axes.yaxis.set_major_locator(LogLocator(numticks=9))
    axes.minorticks_off()
    axes.legend(loc="upper center", fontsize=8, ncols=2)


def _draw_quotients(axes: Axes, ways: Ways, i: int, style: Style) -> None:
    """Where there is no derivative: what the schemes give."""
    axes.set_title("no derivative here: what differences give")
    axes.set_ylabel("difference quotient")
    subject = ways.subject
    size = abs(float(subject.vector[i])) or 1.0
    steps = size * 10.0 ** np.arange(0, -12.01, -0.25)
    shown = []
    for scheme, sign, words in (
        (ONE_SIDED, 1, "one-sided, h > 0"),
        (ONE_SIDED, -1, "one-sided, h < 0"),
        (CENTRAL, 1, "central"),
    ):
        values = np.array([scheme.quotient(subject.at, subject.vector, i, sign * h, subject.value) for h in steps])
        finite = np.isfinite(values)
        if finite.any():
            shown.append(values[finite])
            colour = style.series[len(shown) - 1]
            axes.plot(steps[finite], values[finite], color=colour, label=words, linewidth=1.6, marker=".", markersize=4)
    if not shown:
        say(axes, "the function is not finite\nbeside this point")
        return
    every = np.concatenate(shown)
    if np.abs(every).max() > _WIDE * (np.abs(every).min() + 1.0):
        axes.set_yscale("symlog", linthresh=1.0)
    axes.margins(y=0.3)
    _falling_steps(axes, steps)
    axes.legend(loc="best", fontsize=8)


def _falling_steps(axes: Axes, steps: Array) -> None:
    """The axis of the steps: they go to 0 to the right."""
    axes.set_xlim(float(steps[0]) * 1.6, max(float(steps.min()), _LOWEST * float(steps[0])) / 3)
    axes.xaxis.set_major_locator(LogLocator(numticks=9))
    axes.minorticks_off()


def _draw_curve(axes: Axes, curve: Curve, colour: str, top: float, style: Style) -> None:
    shown = np.isfinite(curve.errors)
    errors = np.clip(curve.errors[shown], _FLOOR, top)
    axes.plot(curve.steps[shown], errors, color=colour, linewidth=1.4, label=curve.scheme.name)
    if math.isnan(curve.best):
        return
    height = min(max(curve.best_error, _FLOOR), top)
    axes.plot([curve.best], [height], "o", color=colour, markersize=7, zorder=5)
    words = f"{curve.best:.0e}{' or less' if curve.scheme is COMPLEX else ''}: {accuracy(curve.best_error):.0f} digits"
    # Beside the V of its curve: above it, to the right below it, or above the floor.
    central = (8, -16 if curve.best < curve.steps[0] else 24)
    (x, y), side = {"one-sided": ((0, 14), "center"), "central": (central, "left")}.get(
        curve.scheme.name, ((0, 8), "left")
    )
    if curve.best < 1e-11 * float(curve.steps[0]):  # near the right edge
        side = "right"
    axes.annotate(
        words, (curve.best, height), (x, y), textcoords="offset points", color=colour, fontsize=8.5, ha=side, zorder=6,
        bbox=style.behind,
    )  # fmt: skip


def _draw_theory(axes: Axes, ways: Ways, i: int, style: Style) -> None:
    """What theory says the errors are: h |f''/2f'| and h² |f'''/6f'| for what is left out, 2 ε |f/f'|/h and half for rounding."""
    if not ways.reference.limits:
        return
    limit, size = ways.reference.limits[i], abs(ways.subject.value)
    slope = abs(limit.value) or 1.0
    labelled = False
    for curve, colour in zip(ways.curves(i), style.series):
        h = curve.steps
        if curve.scheme is COMPLEX:
            continue
        derivative, share = (limit.curvature, h / 2) if curve.scheme is ONE_SIDED else (limit.third, h**2 / 6)
        if not (math.isfinite(derivative) and 1e-100 < abs(derivative) < 1e100):
            continue
        rounding = (2 if curve.scheme is ONE_SIDED else 1) * EPSILON * size / h / slope
        total = share * abs(derivative) / slope + rounding
        axes.plot(
            h, total, color=colour, linewidth=1.0, linestyle=(0, (2, 2)), alpha=0.8,
            label=None if labelled else "theory: left out + rounding",
        )  # fmt: skip
        labelled = True


# ---- the limit
def _draw_limit(axes: Axes, ways: Ways, i: int, style: Style) -> None:
    name = ways.subject.elements[i]
    axes.set_title("(f(a + h) - f(a))/h as h goes to 0")
    literal(axes.xaxis.label)
    axes.set_xlabel(one_line(name, 40))
    a, value, slope = float(ways.subject.vector[i]), ways.subject.value, float(ways.reference.gradient[i])
    widest = _widest(ways, i)
    if widest == 0:
        say(axes, "the function is not finite\nbeside this point")
        return
    sides = [side for side in (1.0, -1.0) if math.isfinite(_moved(ways, i, a + side * widest))]
    sides = sides[:1] if math.isfinite(slope) else sides
    low, high = a - (0.6 if math.isfinite(slope) else 1.25) * widest, a + 1.25 * widest
    x = np.linspace(low, high, 400)
    y = np.array([_moved(ways, i, each) for each in x])
    ends = np.array([low, high])
    for side in sides:
        widths = [side * widest * part for part in (_SECANTS if len(sides) == 1 else _SECANTS[::2])]
        colours = style.shades(style.series[3 if side > 0 else 1], len(widths))
        for h, colour in zip(widths, colours):
            there = _moved(ways, i, a + h)
            if not math.isfinite(there):
                continue
            rise = (there - value) / h
            reach = ends if math.isfinite(slope) else np.array([a, a + side * 1.25 * widest])
            axes.plot(
                reach, value + rise * (reach - a), color=colour, linewidth=1.2, label=f"h = {h:.3g}: slope {rise:.5g}"
            )
            axes.plot([a + h], [there], "o", color=colour, markersize=4.5)
    if math.isfinite(slope):
        axes.plot(ends, value + slope * (ends - a), color=style.ink, linewidth=2.0, linestyle=(0, (5, 2)),
                  label=f"tangent: slope {slope:.5g}")  # fmt: skip
    axes.plot(x, y, color=style.series[0], linewidth=2.2, zorder=4)
    axes.plot([a], [value], "o", color=style.ink, markersize=7, zorder=6)
    finite = y[np.isfinite(y)]
    room = 0.25 * float(np.ptp(finite)) or 0.5 * abs(value) or 1.0
    axes.set_ylim(float(finite.min()) - room, float(finite.max()) + room)
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.legend(loc="best", fontsize=8)


def _moved(ways: Ways, i: int, x: float) -> float:
    vector = ways.subject.vector.copy()
    vector[i] = x
    return float(ways.subject.at(vector))


def _ratio(above: float, below: float) -> float:
    return above / below if below and math.isfinite(above / below) else 0.0


def _widest(ways: Ways, i: int) -> float:
    """The width of the widest secant: where the slope changes by about itself, and the function is finite; 0 if nowhere."""
    a = float(ways.subject.vector[i])
    size = abs(a) or 1.0
    width = size
    if ways.reference.limits:
        limit = ways.reference.limits[i]
        first, second, third = abs(limit.value), abs(limit.curvature), abs(limit.third)
        # Where the second term of Taylor's series is as large as the first, and the third.
        turns = (
            [_ratio(first, second), math.sqrt(_ratio(first, third))]
            if first > 1e-6 * second * size
            else [_ratio(second, third)]
        )
        turning = [turn for turn in turns if 1e-12 * size < turn < _REACH * size]
        width = min(turning, default=size)
    width = float(f"{width:.0e}")
    for _ in range(60):
        if all(math.isfinite(_moved(ways, i, a + width * part)) for part in (*_SECANTS, -0.5)):
            return width
        width /= 2
    right = size
    for _ in range(60):  # at the end of its domain it may be finite on one side only
        if all(math.isfinite(_moved(ways, i, a + right * part)) for part in _SECANTS):
            return right
        right /= 2
    return 0.0
