"""The picture of a network in a formula: how well it does, and how it learned."""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from steepest.fitting.networks.result import NetworkFit
from steepest.fitting.networks.target import Units
from steepest.views.pictures.confusion_picture import draw_confusion, size_of
from steepest.views.pictures.data_axes import limit_to_data, scatter
from steepest.views.pictures.fit_axis import fit_axis
from steepest.views.pictures.loss_axis import block_means, scale_losses, thinned
from steepest.views.style import Picture, Style, drawing, literal
from steepest.views.tables.network_table import percent
from steepest.views.tables.words import one_line, told_apart, wrap_formula

_CURVE = 4.6  # inches of the learning curve
_HEIGHT, _TITLE = 4.6, 0.5
_WIDTH = 5.2  # of data and predictions
_PASSES = 3  # of the layout
_HELD = 3000  # rows held out that are drawn over the others
_TITLE_LINES = 3
_FEW = 30  # epochs up to which each has a mark

Array = NDArray[np.float64]


def plot_network(fit: NetworkFit, path: str | os.PathLike[str] | None = None, *, theme: str = "light") -> Picture:
    """Draw a fit with a network: at the left how well it does, at the right the loss by epoch.

    For classes the left panel is the confusion matrix of the rows held out. For numbers it has the data over the only column
    with the network's curve, or over the predictions where there are several columns; the rows held out stand out. The right
    panel has the loss of the rows learned from (of batches their mean over an epoch) and of those held out; for numbers and the
    loss mse its root, in the target's unit.

    Parameters
    ----------
    fit : NetworkFit
        What `sd.fit` returns for a formula with a network.
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    theme : {"light", "dark"}

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`.

    Raises
    ------
    SteepestError
        The file cannot be written, or its ending is unknown.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> x = np.linspace(-1, 1, 60)
    >>> [axes.get_xlabel() for axes in plot_network(sd.fit("y ~ mlp(x, 4)", {"x": x, "y": x**2})).axes]
    ['x', 'epoch']
    """
    names = [] if fit.classes is None else told_apart(fit.classes, 18)
    left = size_of(names) if names else (_WIDTH, _HEIGHT)
    size = (left[0] + _CURVE, max(left[1] + _TITLE, _HEIGHT))
    with drawing(size, theme, path) as picture:
        grid = picture.add_gridspec(1, 2, width_ratios=(left[0], _CURVE))
        axes, curve = picture.add_subplot(grid[0, 0]), picture.add_subplot(grid[0, 1])
        _title(picture, fit, size[0])
        if names:
            draw_confusion(picture, axes, fit.confusion, names, square=False)
            rows = int(fit.confusion.sum())
            which = "learned from" if fit.validation is None else "held out"
            axes.set_title(f"{rows:,} row{'s' * (rows != 1)} {which}, {percent(fit.accuracy)} right")
        else:
            draw_predictions(axes, fit, picture.style)
        draw_learning(curve, fit, picture.style)
    return picture


def _title(picture: Picture, fit: NetworkFit, width: float) -> None:
    lines = wrap_formula(fit.formula_text, round(width * 10), _TITLE_LINES)
    literal(picture.suptitle("\n".join(lines), fontsize=11 if len(lines) <= 2 else 9))


def draw_predictions(axes: Axes, fit: NetworkFit, style: Style) -> None:
    """The data with what the network predicts; the rows held out stand out."""
    axis = fit_axis(fit)
    observed = np.asarray(fit.observed, dtype=np.float64)
    learned, held = fit.training_rows, fit.held_rows
    scatter(axes, axis.values[learned], observed[learned], style, axis.logarithmic)
    for line in axes.lines:
        line.set_label(str(line.get_label()).replace("data", "training"))
    if len(held):
        some = held[np.unique(np.linspace(0, len(held) - 1, min(len(held), _HELD)).round().astype(int))]
        axes.plot(axis.values[some], observed[some], "o", color="none", markeredgecolor=style.loss, markersize=4.5,
                  markeredgewidth=0.9, alpha=0.9 if len(some) <= 400 else 0.5, label="held out")  # fmt: skip
    if np.isfinite(axis.curve_y).any():
        axes.plot(axis.curve_x, axis.curve_y, color=style.fit, linewidth=1.8, label=axis.curve_label)
    if axis.logarithmic:
        axes.set_xscale("log")
    limit_to_data(axes, observed, axis.curve_y)
    for text, name in ((axes.xaxis.label, axis.label), (axes.yaxis.label, fit.target_text)):
        literal(text)
        text.set_text(one_line(name, 44))
    measured = fit.measured
    which = "" if fit.validation is None else " on the rows held out"
    axes.set_title(f"RMSE {measured.rmse:.4g}, R² {measured.r_squared:.3g}{which}")
    axes.legend(loc="best")


def draw_learning(axes: Axes, fit: NetworkFit, style: Style) -> None:
    """The loss by epoch of the rows learned from and of those held out."""
    run, hook = fit.run, fit.validation_hook
    per_epoch = run.steps_per_epoch
    steps, losses = (np.asarray(run.history[name], dtype=np.float64) for name in ("step", "loss"))
    if per_epoch > 1 and len(losses) >= per_epoch:
        steps, losses = block_means(steps, losses, per_epoch)
    convert, label = _unit(fit)
    checks = np.array([]) if hook is None or not hook.rows else convert(hook.column("loss").astype(np.float64))
    best = [] if hook is None or hook.best is None else [float(convert(np.array(hook.best["loss"])))]
    trained, checked, kept = scale_losses(axes, convert(losses), checks, best)
    x, y = thinned(steps / per_epoch, trained)
    axes.plot(
        x, y, color=style.data, linewidth=1.6, marker="o" if x.size <= _FEW else "", markersize=3, label="training"
    )
    if hook is not None and checked.size:
        x, y = thinned(hook.column("step").astype(np.float64) / per_epoch, checked)
        axes.plot(x, y, color=style.loss, linewidth=1.6, linestyle="--", marker="s" if x.size <= _FEW else "", markersize=3,
                  label="held out")  # fmt: skip
        if hook.best is not None and math.isfinite(hook.best["loss"]):
            axes.plot([hook.best["step"] / per_epoch], kept, "D", color=style.paper, markeredgecolor=style.ink, markersize=7,
                      zorder=5, label=f"kept: epoch {hook.best['step'] / per_epoch:.0f}")  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("epoch")
    literal(axes.yaxis.label)
    axes.set_ylabel(label)
    ok = fit.outcome.ok
    says = fit.outcome.message if not ok else f"{fit.method}, {fit.epochs:,} epochs"
    lines = textwrap.wrap(says, 52, max_lines=3, placeholder=" …")
    literal(axes.set_title("\n".join(lines), color=style.ink if ok else style.warning))
    axes.legend(loc="best")


def _unit(fit: NetworkFit) -> tuple[Callable[[Array], Array], str]:
    """What is drawn of a loss, and its name."""
    target = fit.network.target
    name = fit.run.problem.loss_function.name
    if isinstance(target, Units) and name == "mse":
        return (lambda losses: np.sqrt(losses) * target.width), f"RMSE of {one_line(fit.target_text, 30)}"
    if isinstance(target, Units):
        return (lambda losses: losses), f"loss ({one_line(name, 20)}), target standardised"
    return (lambda losses: losses), "cross-entropy"
