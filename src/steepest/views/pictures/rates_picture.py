"""Learning rates too low, bouncing and diverging, side by side, with the limit 2 / curvature."""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from steepest.base.errors import ModelError
from steepest.views.pictures.loss_axis import scale_losses, thinned
from steepest.views.pictures.one_parameter import OneParameter, draw_curve, draw_steps, problem_of
from steepest.views.pictures.regimes import DIVERGES, Limit, Regime, rates_to_try, regimes
from steepest.views.style import Picture, Style, drawing
from steepest.views.tables.words import one_line

_PANEL = (3.0, 3.5)
_CURVES = (7.0, 4.6)
_MOST_PANELS, _MOST_CURVES = 6, 6
_WORDS_WIDTH = 36
_OUT = 3.0  # how far beyond the start, in distances from start to floor, a descent that flies away is followed
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)))

Array = NDArray[np.float64]


def plot_rates(
    subject: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    at: float | None = None,
    rates: Sequence[float] | None = None,
    steps: int = 20,
    theme: str = "light",
) -> Picture:
    """Draw gradient descent at several learning rates, with the largest rate that does not diverge, 2 / largest curvature.

    One parameter: a panel a rate, with the steps on the curve. Several: the losses by step. Each says in words what happened.

    Parameters
    ----------
    subject : callable, Problem, Run or Fit
        ``f(x) -> number``, or something with parameters, from whose start each descent begins.
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    at : float, optional
        Where to start; needed for a function.
    rates : sequence of float, optional
        Up to 6; 1 %, 90 % and 110 % of the limit unless given.
    steps : int
    theme : {"light", "dark"}

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`.

    Raises
    ------
    ModelError
        There is no start, a rate is not positive, or there is no limit to choose rates by.

    Examples
    --------
    >>> picture = plot_rates(lambda x: x**2, at=-1.5, rates=[0.01, 0.9, 1.1])
    >>> picture.get_suptitle()
    'the limit: 2 / curvature = 1 at the minimum x = 0'
    >>> [axes.get_title() for axes in picture.axes]
    ['rate 0.01: slow', 'rate 0.9: bounces', 'rate 1.1: diverges']
    """
    problem = problem_of(subject, at, "learning rates")
    if not np.isfinite(problem.value(problem.start)):
        raise ModelError(f"the loss is not finite at the start ({problem.start!r}); give another.")
    limit = Limit.of(problem)
    tried = rates_to_try(rates, limit)
    if len(tried) > _MOST_PANELS:
        raise ModelError(f"{len(tried)} rates are too many for one picture; give up to {_MOST_PANELS}.")
    found = regimes(problem, tried, limit, steps)
    single = problem.start.flat.size == 1
    across = (1, 2, 3, 2, 3, 3)[len(found) - 1]
    size = (max(5.4, _PANEL[0] * across), _PANEL[1] * math.ceil(len(found) / across)) if single else _CURVES
    with drawing(size, theme, path) as picture:
        picture.suptitle(_limit_text(limit), fontsize=11)
        if single:
            one = OneParameter(problem)
            for k, regime in enumerate(found):
                axes = picture.add_subplot(math.ceil(len(found) / across), across, k + 1)
                _draw_descent(axes, one, regime, found, picture.style)
                if k % across:
                    axes.set_ylabel("")
        else:
            _draw_losses(
                picture.add_subplot(), problem.loss_function.name if problem.has_data else "", found, picture.style
            )
    return picture


def _limit_text(limit: Limit) -> str:
    if np.isfinite(limit.rate):
        return f"the limit: {limit}"
    return f"no limit: {'nothing curves upwards' if limit.rate > 0 else 'the curvature is not finite'} {limit.where}"


def _draw_descent(axes: Axes, one: OneParameter, regime: Regime, all_of_them: list[Regime], style: Style) -> None:
    x = regime.path.flat[:, 0]
    calm = np.concatenate([each.path.flat[:, 0] for each in all_of_them if each.name != DIVERGES] or [x[:1]])
    window = one.window(calm)
    if regime.name == DIVERGES:
        centre, half = (window[0] + window[1]) / 2, (window[1] - window[0]) / 2
        out = min(_OUT * half, 1.15 * float(np.nanmax(np.abs(x - centre))))
        window = (centre - out, centre + out)
    draw_curve(axes, one, window, style)
    draw_steps(axes, x, one.values(x), style)
    axes.plot(x[:1], one.values(x[:1]), "o", color=style.ink, markersize=7, zorder=6)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    bad = regime.name == DIVERGES
    axes.set_title(f"rate {regime.rate:.4g}: {regime.name}", color=style.warning if bad else style.ink)
    words = "\n".join(textwrap.wrap(regime.words, _WORDS_WIDTH))
    axes.set_xlabel(f"{one_line(one.name, 40)}\n\n{words}", fontsize=9)


def _draw_losses(axes: Axes, loss_name: str, found: list[Regime], style: Style) -> None:
    losses = scale_losses(axes, *[each.path.losses for each in found])
    for k, (regime, values) in enumerate(zip(found, losses)):
        x, y = thinned(regime.path.steps.astype(np.float64), values)
        label = f"rate {regime.rate:.4g}, {regime.words}"
        axes.plot(
            x, y, color=style.series[k], linestyle=_DASHES[k], linewidth=1.8, label="\n".join(textwrap.wrap(label, 92))
        )
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("step")
    axes.set_ylabel(f"loss ({one_line(loss_name, 20)})" if loss_name else "loss")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), frameon=False)
