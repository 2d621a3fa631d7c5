"""Small multiples: the fit, or the place on a curve, at successive steps."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.fitting.result import Fit
from steepest.training.run import Run
from steepest.views.pictures.data_axes import MANY, limit_to_data, scatter
from steepest.views.pictures.earlier import runs_at, some_steps
from steepest.views.pictures.fit_axis import fit_axis
from steepest.views.pictures.one_parameter import OneParameter, draw_curve, draw_steps
from steepest.views.style import Picture, Style, drawing, literal, say
from steepest.views.subject import RunAsFit, fit_of, run_of
from steepest.views.tables.words import one_line

_PANEL = (2.25, 2.3)
_MOST = 24


def plot_panels(
    subject: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    steps: Sequence[int] | None = None,
    columns: int = 4,
    theme: str = "light",
) -> Picture:
    """Draw the fit at successive steps, side by side: the data, and what the model said after so many steps.

    With one column of inputs the horizontal axis is that column; with several it is the predicted value; without data, for
    one parameter, the panels show the place on the curve. The parameters are the run's snapshots where it kept them;
    otherwise the run is done again from its seed.

    Parameters
    ----------
    subject : Run or Fit
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    steps : sequence of int, optional
        Up to 24 of them, 0 for the start; four, close together at the start, unless given.
    columns : int
        Panels in a row.
    theme : {"light", "dark"}

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`.

    Raises
    ------
    ModelError
        There is no such step, or no picture of such a model: scores of classes, several parameters without data.

    Examples
    --------
    >>> import steepest as sd
    >>> data = {"t": [0.0, 1.0, 2.0], "y": [1.0, 2.9, 5.1]}
    >>> fit = sd.fit("y ~ a + b*t", data, learning_rate=0.1, steps=3, start={"a": 0.0, "b": 0.0})
    >>> [axes.get_title() for axes in plot_panels(fit, steps=range(4)).axes]
    ['step 0: loss 11.81', 'step 1: loss 3.259', 'step 2: loss 0.9215', 'step 3: loss 0.2804']
    """
    run = run_of(subject, "small multiples")
    shown = some_steps(run.steps_done) if steps is None else sorted({whole("a step", step, 0) for step in steps})
    if len(shown) > _MOST:
        raise ModelError(f"{len(shown)} panels are too many to read; give up to {_MOST} steps.")
    if not run.problem.has_data and run.problem.start.flat.size != 1:
        raise ModelError(
            f"small multiples show data, or a curve over one parameter; this run has no data and {run.problem.start.flat.size} "
            "parameters. run.plot.landscape() shows its path."
        )
    fits = [fit_of(subject, "small multiples")] if run.problem.has_data else []
    runs = runs_at(run, shown)
    across = min(whole("columns", columns), len(shown))
    down = math.ceil(len(shown) / across)
    with drawing((max(3.4, _PANEL[0] * across), 0.2 + _PANEL[1] * down), theme, path) as picture:
        panels = [picture.add_subplot(down, across, 1 + k) for k in range(len(shown))]
        if fits:
            _draw_fits(panels, fits[0], runs, picture.style)
        else:
            _draw_places(panels, runs, picture.style)
        for k, (axes, twin, step) in enumerate(zip(panels, runs, shown)):
            axes.set_title(f"step {step:,}: loss {twin.loss:.4g}", fontsize=9.5)
            if k % across:
                axes.set_ylabel("")
                axes.tick_params(labelleft=False)
            if k + across < len(shown):
                axes.set_xlabel("")
    return picture


def as_it_was(fit: Any, run: Run) -> Any:
    """The fit with the parameters that the run had."""
    return RunAsFit(run) if isinstance(fit, RunAsFit) else Fit(run, fit.model, fit.data, fit.constraints)


def _draw_fits(panels: list[Axes], fit: Any, runs: list[Run], style: Style) -> None:
    observed = np.ravel(fit.observed)
    axis = [fit_axis(as_it_was(fit, run)) for run in runs]
    several = axis[0].label.startswith("predicted ")
    for axes, each in zip(panels, axis):
        scatter(axes, each.values, observed, style, each.logarithmic)
        axes.plot(each.curve_x, each.curve_y, color=style.fit, linewidth=2.0, label=each.curve_label, zorder=3,
                  marker="D" if each.curve_x.size == 1 else "")  # fmt: skip
        if each.logarithmic:
            axes.set_xscale("log")
        literal(axes.xaxis.label)
        literal(axes.yaxis.label)
        axes.set_xlabel(one_line(each.label, 30))
        axes.set_ylabel(one_line(fit.target_text, 24))
    curves = np.concatenate([each.curve_y for each in axis])
    for axes, each in zip(panels, axis):
        limit_to_data(axes, observed, curves)
        if several and observed.size:
            low, high = axes.get_ylim()
            axes.set_xlim(low, high)
            if not ((each.values >= low) & (each.values <= high)).any():
                say(axes, f"outside: predictions\nfrom {each.values.min():.3g} to {each.values.max():.3g}")
    panels[0].legend(loc="best" if observed.size <= MANY else "upper left", fontsize=8)


def _draw_places(panels: list[Axes], runs: list[Run], style: Style) -> None:
    one = OneParameter(runs[0].problem)
    x = np.array([float(run.params.flat[0]) for run in runs])
    y = one.values(x)
    window = one.window(x)
    for k, axes in enumerate(panels):
        draw_curve(axes, one, window, style)
        draw_steps(axes, x[: k + 1], y[: k + 1], style)
        axes.plot(x[k : k + 1], y[k : k + 1], "o", color=style.ink, markersize=8, zorder=6)
