"""The picture of a fit: data and curve, residuals, loss by step."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from steepest.views.data_axes import MANY, limit_to_data, scatter
from steepest.views.endings import ending
from steepest.views.fit_axis import FitAxis, fit_axis
from steepest.views.loss_axis import scale_losses, thinned
from steepest.views.style import Picture, Style, drawing, literal, say
from steepest.views.words import one_line, wrap_formula

if TYPE_CHECKING:
    from steepest.fitting.result import Fit

_SIZE = (9.0, 5.6)
_HISTOGRAM_FROM = 12  # rows from which a histogram says something
_TITLE_WIDTH, _TITLE_LINES = 92, 4

Array = NDArray[np.float64]


def plot_fit(fit: Fit, path: str | os.PathLike[str] | None = None, theme: str = "light") -> Picture:
    """Draw a fit: the data with the fitted curve, the residuals below, the loss by step at the right.

    With one column on the right side the horizontal axis is that column; with several it is the predicted value, and the
    line is where prediction and data agree; with none it is the row.

    Parameters
    ----------
    fit : Fit
        What `sd.fit` returns.
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    theme : {"light", "dark"}
        Dark is light on dark, for slides and dark notebooks.

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`; nothing is shown in a window.

    Raises
    ------
    SteepestError
        The file cannot be written, or its ending is unknown.

    Examples
    --------
    >>> import steepest as sd
    >>> fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0], "y": [1.0, 2.9, 5.1]})
    >>> [axes.get_xlabel() for axes in plot_fit(fit).axes]
    ['', 'x', 'step']
    """
    with drawing(_SIZE, theme, path) as picture:
        style = picture.style
        axis = fit_axis(fit)
        with_histogram = int(np.isfinite(fit.residuals).sum()) >= _HISTOGRAM_FROM
        grid = picture.add_gridspec(2, 2, width_ratios=(2.1, 1), height_ratios=(2, 1))
        data = picture.add_subplot(grid[0, 0])
        residuals = picture.add_subplot(grid[1, 0], sharex=data)
        loss = picture.add_subplot(grid[0, 1] if with_histogram else grid[:, 1])
        _title(picture, fit)
        _draw_data(data, fit, axis, style)
        _draw_residuals(residuals, fit, axis, style)
        _draw_loss(loss, fit, style)
        if with_histogram:
            _draw_histogram(picture.add_subplot(grid[1, 1], sharey=residuals), fit, style)
        picture.align_ylabels([data, residuals])
    return picture


def _title(picture: Picture, fit: Fit) -> None:
    lines = wrap_formula(fit.formula_text or f"a model of {fit.target_text}", _TITLE_WIDTH, _TITLE_LINES)
    literal(picture.suptitle("\n".join(lines), fontsize=11 if len(lines) <= 2 else 9, ha="center"))


def _draw_data(axes: Axes, fit: Fit, axis: FitAxis, style: Style) -> None:
    observed = np.ravel(fit.observed)
    scatter(axes, axis.values, observed, style, axis.logarithmic)
    if np.isfinite(axis.curve_y).any():
        dense = axis.curve_x.size > 1 and observed.size > 500
        axes.plot(
            axis.curve_x,
            axis.curve_y,
            color=style.fit,
            linewidth=1.3 if dense else 2.0,
            marker="D" if axis.curve_x.size == 1 else "",
            label=axis.curve_label,
            zorder=3,
        )
        axes.legend(loc="best" if observed.size <= MANY else "upper left")
    if axis.logarithmic:
        axes.set_xscale("log")
    limit_to_data(axes, observed, axis.curve_y)
    axes.tick_params(labelbottom=False)
    literal(axes.yaxis.label)
    axes.set_ylabel(one_line(fit.target_text, 32))


def _draw_residuals(axes: Axes, fit: Fit, axis: FitAxis, style: Style) -> None:
    residuals = np.ravel(fit.residuals)
    axes.axhline(0.0, color=style.fit, linewidth=1.3, zorder=3)
    scatter(axes, axis.values, residuals, style, axis.logarithmic)
    finite = residuals[np.isfinite(residuals)]
    if not finite.any():
        axes.set_ylim(-1, 1)
        say(axes, "every residual is 0" if finite.size else "no residual is a finite number")
    literal(axes.xaxis.label)
    axes.set_xlabel(one_line(axis.label, 60))
    axes.set_ylabel("residual")


def _draw_histogram(axes: Axes, fit: Fit, style: Style) -> None:
    residuals = np.ravel(fit.residuals)
    finite = residuals[np.isfinite(residuals)]
    low, high = float(finite.min()), float(finite.max())
    bins = min(40, max(6, round(np.sqrt(finite.size))))
    # Edges of equal residuals, or of ones too close together for distinct edges, cannot be told apart.
    if high - low > 1e-12 * max(abs(low), abs(high)):
        axes.hist(finite, bins=bins, range=(low, high), orientation="horizontal", color=style.data, alpha=0.75)
    axes.axhline(0.0, color=style.fit, linewidth=1.3)
    axes.tick_params(labelleft=False)
    axes.yaxis.get_offset_text().set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlabel("rows")


def _draw_loss(axes: Axes, fit: Fit, style: Style) -> None:
    steps = np.append(np.asarray(fit.history["step"], dtype=np.float64), fit.steps)
    loss = np.append(np.asarray(fit.history["loss"], dtype=np.float64), fit.loss)
    finite = np.isfinite(loss)
    (loss,) = scale_losses(axes, loss)  # one beyond the axis is drawn at its end; the label has the number
    marker = "o" if steps.size <= 30 else ""
    axes.plot(*thinned(steps, loss), color=style.loss, linewidth=1.5, marker=marker, markersize=3.5)
    colour = style.ink if fit.outcome.ok else style.warning
    if finite[-1]:
        axes.plot(steps[-1:], loss[-1:], "o", color=colour, markersize=7, zorder=4)
        axes.annotate(
            f"{fit.loss:.4g}", (steps[-1], loss[-1]), (0, 9), textcoords="offset points", ha="right", color=colour,
            bbox=style.behind,
        )  # fmt: skip
    else:
        axes.axvline(steps[-1], color=colour, linewidth=1.5, linestyle=":")
        if not finite.any():
            say(axes, "the loss was never\na finite number")
    axes.margins(x=0.06, y=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if steps.max() < 1:
        axes.set_xlim(-1, 1)
    axes.set_xlabel("step")
    axes.set_ylabel(f"loss ({one_line(fit.loss_name, 20)})")
    axes.set_title(ending(fit.outcome, fit.steps), color=colour)
