"""Residuals looked at from four sides."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from steepest.base.errors import ModelError
from steepest.views.pictures.data_axes import scatter
from steepest.views.pictures.loss_axis import block_means
from steepest.views.style import Picture, Style, drawing, literal, say
from steepest.views.subject import fit_of
from steepest.views.tables.words import one_line

_SIZE = (8.0, 6.0)
_TREND_FROM = 30  # rows from which a running mean says something
_MOST_QUANTILES = 2000

Array = NDArray[np.float64]


def plot_residuals(subject: Any, path: str | os.PathLike[str] | None = None, *, theme: str = "light") -> Picture:
    """Draw the residuals, observed minus predicted: by prediction, as a histogram, against a normal distribution, by row.

    A fit that says all there is to say leaves no pattern: a level band about 0, a bell, a straight line, no waves. The normal
    distribution is the one with the residuals' own mean and standard deviation; plotting positions are (i - 3/8) / (n + 1/4)
    (Blom, Statistical Estimates and Transformed Beta-Variables, 1958).

    Parameters
    ----------
    subject : Run or Fit
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    theme : {"light", "dark"}

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`.

    Raises
    ------
    ModelError
        There is no data, or the outputs are scores of classes.

    Examples
    --------
    >>> import steepest as sd
    >>> fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 2.9, 5.1, 7.0]})
    >>> [axes.get_xlabel() for axes in plot_residuals(fit).axes]
    ['predicted y', 'residual', 'quantile of the normal distribution', 'row']
    """
    fit = fit_of(subject, "a picture of residuals")
    predicted, residuals = (np.ravel(each).astype(np.float64) for each in (fit.predicted, fit.residuals))
    finite = np.isfinite(residuals)
    if not finite.any():
        raise ModelError("no residual is a finite number, so there is nothing to draw.")
    with drawing(_SIZE, theme, path) as picture:
        style = picture.style
        panels = [picture.add_subplot(2, 2, k + 1) for k in range(4)]
        _against(panels[0], predicted, residuals, f"predicted {one_line(fit.target_text, 40)}", style)
        _histogram(panels[1], residuals[finite], style)
        draw_quantiles(panels[2], residuals[finite], style)
        _against(panels[3], np.arange(1.0, len(residuals) + 1), residuals, "row", style)
        lost = int((~finite).sum())
        if lost:
            picture.suptitle(
                f"{lost:,} of {len(residuals):,} residuals are not finite and are left out", color=style.warning
            )
    return picture


def _against(axes: Axes, x: Array, residuals: Array, label: str, style: Style) -> None:
    axes.axhline(0.0, color=style.ink, linewidth=1.1, zorder=2)
    scatter(axes, x, residuals, style)
    shown = np.isfinite(x) & np.isfinite(residuals)
    if shown.sum() >= _TREND_FROM and np.ptp(x[shown]) > 0:
        order = np.argsort(x[shown], kind="stable")
        width = max(5, round(shown.sum() / 15))
        axes.plot(*block_means(x[shown][order], residuals[shown][order], width), color=style.fit, linewidth=1.8, zorder=3,
                  label=f"mean of {width} rows")  # fmt: skip
        axes.legend(handles=axes.get_lines()[-1:], loc="best")
    literal(axes.xaxis.label)
    axes.set_xlabel(label)
    axes.set_ylabel("residual")
    axes.xaxis.set_major_locator(MaxNLocator(6))


def _histogram(axes: Axes, residuals: Array, style: Style) -> None:
    axes.set_xlabel("residual")
    axes.set_ylabel("rows")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    low, high = float(residuals.min()), float(residuals.max())
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        say(axes, "all residuals are equal")
        return
    bins = min(40, max(5, round(np.sqrt(residuals.size))))
    axes.hist(residuals, bins=bins, range=(low, high), color=style.data, alpha=0.75)
    mean, spread = float(residuals.mean()), float(residuals.std())
    x = np.linspace(low - 0.1 * (high - low), high + 0.1 * (high - low), 200)
    bell = np.exp(-0.5 * ((x - mean) / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    axes.plot(
        x, bell * residuals.size * (high - low) / bins, color=style.fit, linewidth=1.8, label="normal distribution"
    )
    axes.legend(loc="best")


def draw_quantiles(axes: Axes, residuals: Array, style: Style) -> None:
    """The residuals against a normal distribution of their own mean and spread."""
    from scipy.special import ndtri  # imported when used

    n = residuals.size
    rank = np.arange(1, n + 1)
    normal = ndtri((rank - 0.375) / (n + 0.25))
    ordered = np.sort(residuals)
    places = np.unique(np.linspace(0, n - 1, min(n, _MOST_QUANTILES)).round().astype(int))
    mean, spread = float(residuals.mean()), float(residuals.std())
    ends = np.array([normal[0], normal[-1]])
    axes.plot(ends, mean + spread * ends, color=style.fit, linewidth=1.8, zorder=3)
    scatter(axes, normal[places], ordered[places], style)
    axes.set_xlabel("quantile of the normal distribution")
    axes.set_ylabel("residual")
