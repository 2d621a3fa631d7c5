"""The model's curve while it was fitted, one over the other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.views.pictures.data_axes import limit_to_data, scatter
from steepest.views.pictures.earlier import runs_at, some_steps
from steepest.views.pictures.fit_axis import fit_axis
from steepest.views.pictures.panels_picture import as_it_was
from steepest.views.style import Picture, drawing, literal
from steepest.views.subject import fit_of, run_of
from steepest.views.tables.words import one_line

_SIZE = (6.8, 4.4)
_CURVES = 12
_MOST = 200


def plot_predictions(
    subject: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    steps: Sequence[int] | None = None,
    theme: str = "light",
) -> Picture:
    """Draw the data and the model's curve after several steps, from the first (pale) to the last.

    For one column of inputs; the parameters are the run's snapshots where it kept them, otherwise the run is done again from
    its seed.

    Parameters
    ----------
    subject : Run or Fit
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    steps : sequence of int, optional
        Up to 200 of them, 0 for the start; twelve, close together at the start, unless given.
    theme : {"light", "dark"}

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`.

    Raises
    ------
    ModelError
        There is no data, no such step, or more than one column of inputs.

    Examples
    --------
    >>> import steepest as sd
    >>> data = {"t": [0.0, 1.0, 2.0], "y": [1.0, 2.9, 5.1]}
    >>> fit = sd.fit("y ~ a + b*t", data, learning_rate=0.1, steps=3, start={"a": 0.0, "b": 0.0})
    >>> [line.get_gid() for line in plot_predictions(fit).axes[0].lines[1:]]
    ['step 0', 'step 1', 'step 2', 'step 3']
    """
    run = run_of(subject, "a picture of predictions")
    shown = some_steps(run.steps_done, _CURVES) if steps is None else sorted({whole("a step", s, 0) for s in steps})
    if len(shown) > _MOST:
        raise ModelError(f"{len(shown)} curves are too many to tell apart; give up to {_MOST} steps.")
    fit = fit_of(subject, "a picture of predictions")
    runs = runs_at(run, shown)
    axis = [fit_axis(as_it_was(fit, twin)) for twin in runs]
    if axis[0].label.startswith("predicted "):
        raise ModelError(
            "predictions are drawn over one column of inputs, and there are several; run.plot.panels() can show them."
        )
    observed = np.ravel(fit.observed)
    with drawing(_SIZE, theme, path) as picture:
        axes, style = picture.add_subplot(), picture.style
        scatter(axes, axis[0].values, observed, style, axis[0].logarithmic)
        colours = style.shades(style.fit, len(shown))
        for step, each, colour in zip(shown, axis, colours):
            width = 2.4 if step == shown[-1] else 1.2
            axes.plot(each.curve_x, each.curve_y, color=colour, linewidth=width, zorder=3, gid=f"step {step}",
                      marker="D" if each.curve_x.size == 1 else "")  # fmt: skip
        if axis[0].logarithmic:
            axes.set_xscale("log")
        limit_to_data(axes, observed, np.concatenate([each.curve_y for each in axis]))
        literal(axes.xaxis.label)
        literal(axes.yaxis.label)
        axes.set_xlabel(one_line(axis[0].label, 60))
        axes.set_ylabel(one_line(fit.target_text, 32))
        if len(shown) > 1:
            norm = BoundaryNorm(np.arange(len(shown) + 1) - 0.5, len(shown))
            bar = picture.colorbar(ScalarMappable(norm, ListedColormap(colours)), ax=axes, pad=0.02, aspect=25)
            named = np.unique(np.linspace(0, len(shown) - 1, min(len(shown), 13)).round().astype(int))
            bar.set_ticks(named.tolist(), labels=[f"{shown[k]:,}" for k in named])
            bar.minorticks_off()
            bar.set_label("prediction after step")
        ends = dict.fromkeys(
            f"loss {twin.loss:.4g} at step {step:,}" for twin, step in zip(runs, shown) if step in (shown[0], shown[-1])
        )
        axes.set_title(", ".join(ends))
    return picture
