"""The picture of a fit: data and curve, residuals, loss by step."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from steepest.base.errors import ModelError
from steepest.views.pictures.data_axes import MANY, limit_to_data, scatter
from steepest.views.pictures.endings import ending
from steepest.views.pictures.fit_axis import FitAxis, fit_axis
from steepest.views.pictures.loss_axis import scale_losses, thinned
from steepest.views.style import Picture, Style, drawing, literal, say
from steepest.views.subject import fit_of
from steepest.views.tables.words import one_line, wrap_formula

_SIZE = (9.0, 5.6)
_HISTOGRAM_FROM = 12  # rows from which a histogram says something
_THIN = 0.005  # of the curve's range: less than the width of its line
_MOST_TURNS = 20
_TITLE_WIDTH, _TITLE_LINES = 92, 4

Array = NDArray[np.float64]


def plot_fit(
    fit: Any, path: str | os.PathLike[str] | None = None, *, level: float | None = 0.95, theme: str = "light"
) -> Picture:
    """Draw a fit: the data with the fitted curve and its bands, the residuals below, the loss by step at the right.

    With one column on the right side the horizontal axis is that column; with several it is the predicted value, and the
    line is where prediction and data agree; with none it is the row. The inner band holds the model's mean at each place with
    95 % probability, the dashed lines a new row (see `Fit.band`); over several columns there are only the latter, at a constant
    distance. Fits without standard errors have no bands, fits with weights only the inner one.

    Parameters
    ----------
    fit : Fit or Run
        What `sd.fit` returns; or a run whose outputs are numbers like its target.
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    level : float or None
        Of the bands; None leaves them out.
    theme : {"light", "dark"}
        Dark is light on dark, for slides and dark notebooks.

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`; nothing is shown in a window.

    Raises
    ------
    ModelError
        A run has no data, or outputs that are scores of classes; or the level is not between 0 and 1.
    SteepestError
        The file cannot be written, or its ending is unknown.

    Examples
    --------
    >>> import steepest as sd
    >>> fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0], "y": [1.0, 2.9, 5.1]})
    >>> [axes.get_xlabel() for axes in plot_fit(fit).axes]
    ['', 'x', 'step']
    """
    fit = fit_of(fit, "the picture of a fit")
    if level is not None and not 0 < level < 1:
        raise ModelError(f"the level of the bands lies between 0 and 1, for example 0.95, not {level!r}.")
    with drawing(_SIZE, theme, path) as picture:
        style = picture.style
        axis = fit_axis(fit, level)
        with_histogram = int(np.isfinite(fit.residuals).sum()) >= _HISTOGRAM_FROM
        grid = picture.add_gridspec(2, 2, width_ratios=(2.1, 1), height_ratios=(2, 1))
        data = picture.add_subplot(grid[0, 0])
        residuals = picture.add_subplot(grid[1, 0], sharex=data)
        loss = picture.add_subplot(grid[0, 1] if with_histogram else grid[:, 1])
        _title(picture, fit)
        draw_data(data, fit, axis, style, level)
        draw_residuals(residuals, fit, axis, style)
        draw_loss(loss, fit, style)
        if with_histogram:
            _draw_histogram(picture.add_subplot(grid[1, 1], sharey=residuals), fit, style)
        picture.align_ylabels([data, residuals])
    return picture


def _title(picture: Picture, fit: Any) -> None:
    lines = wrap_formula(fit.formula_text or f"a model of {fit.target_text}", _TITLE_WIDTH, _TITLE_LINES)
    literal(picture.suptitle("\n".join(lines), fontsize=11 if len(lines) <= 2 else 9, ha="center"))


def draw_data(axes: Axes, fit: Any, axis: FitAxis, style: Style, level: float | None) -> None:
    """The data with the fitted curve and its bands."""
    observed = np.ravel(fit.observed)
    scatter(axes, axis.values, observed, style, axis.logarithmic)
    edges, thin = _draw_bands(axes, axis, style, level) if level is not None else ([], "")
    if np.isfinite(axis.curve_y).any():
        dense = axis.curve_x.size > 1 and observed.size > 500
        axes.plot(
            axis.curve_x,
            axis.curve_y,
            color=style.fit,
            linewidth=1.3 if dense else 2.0,
            marker="D" if axis.curve_x.size == 1 else "",
            label=f"{axis.curve_label}{thin}",
            zorder=3,
        )
        axes.legend(loc="best" if observed.size <= MANY else "upper left")
    if axis.logarithmic:
        axes.set_xscale("log")
    limit_to_data(axes, observed, np.concatenate([axis.curve_y, *edges]))
    axes.tick_params(labelbottom=False)
    literal(axes.yaxis.label)
    axes.set_ylabel(one_line(fit.target_text, 32))


def _draw_bands(axes: Axes, axis: FitAxis, style: Style, level: float) -> tuple[list[Array], str]:
    """Draw the bands that can be seen; returns their edges, and what to say of those that cannot."""
    x, y = axis.curve_x, axis.curve_y
    known = [each for each in (axis.mean, axis.row) if each is not None]
    if not known or x.size < 2 or np.count_nonzero(np.diff(np.sign(np.diff(y)))) > _MOST_TURNS:
        return [], ""  # about a curve that swings up and down they would be a blot
    share = f"{100 * level:.4g} %"
    visible = _THIN * float(np.ptp(y[np.isfinite(y)]))
    edges: list[Array] = []
    if axis.mean is not None and np.nanmax(axis.mean) > visible:
        edges += [y - axis.mean, y + axis.mean]
        axes.fill_between(x, edges[-2], edges[-1], color=style.fit, alpha=0.28, linewidth=0, zorder=2,
                          label=f"{share} band of the mean")  # fmt: skip
    if axis.row is not None and np.nanmax(axis.row) > visible:
        edges += [y - axis.row, y + axis.row]
        for edge, label in zip(edges[-2:], ("_lower", f"{share} of new rows")):
            axes.plot(x, edge, color=style.fit, linewidth=1.0, linestyle=(0, (4, 2.5)), zorder=2, label=label)
    return edges, "" if edges or axis.mean is None else f" ({share} bands thinner than the line)"


def draw_residuals(axes: Axes, fit: Any, axis: FitAxis, style: Style) -> None:
    """The residuals over the same axis as the data."""
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


def _draw_histogram(axes: Axes, fit: Any, style: Style) -> None:
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


def draw_loss(axes: Axes, fit: Any, style: Style) -> None:
    """The loss by step, and how it ended."""
    steps = np.append(np.asarray(fit.history["step"], dtype=np.float64), fit.steps)
    loss = np.append(np.asarray(fit.history["loss"], dtype=np.float64), fit.loss)
    finite = np.isfinite(loss)
    (loss,) = scale_losses(axes, loss)  # one beyond the axis is drawn at its end; the label has the number
    marker = "o" if steps.size <= 30 else ""
    axes.plot(*thinned(steps, loss), color=style.loss, linewidth=1.5, marker=marker, markersize=3.5)
    colour = style.ink if fit.outcome is None or fit.outcome.ok else style.warning
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
