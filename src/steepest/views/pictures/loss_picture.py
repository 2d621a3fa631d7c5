"""The loss by step: training and validation, the learning rate, where the run stopped and why."""

from __future__ import annotations

import math
import os
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.training.run import Run
from steepest.training.validation import Validation
from steepest.views.pictures.endings import ending, reason
from steepest.views.pictures.loss_axis import block_means, scale_losses, thinned
from steepest.views.style import Picture, Style, drawing, literal, say
from steepest.views.subject import run_of
from steepest.views.tables.words import one_line

_WIDTH = 8.0
_HEIGHTS = {"loss": 3.6, "more": 1.3, "title": 0.8}
_TITLE_WIDTH = 108
_FEW = 30  # steps up to which each has a mark
_EPOCHS = 6  # complete epochs from which their means are a curve
_BLOCKS = 40  # how many means there are otherwise
_CONSTANT = 1e-9  # relative change of a rate that is none

Array = NDArray[np.float64]


def plot_loss(run: Any, path: str | os.PathLike[str] | None = None, *, theme: str = "light") -> Picture:
    """Draw the loss by step, with what is known besides: validation, its metrics, the learning rate, the outcome.

    On batches the losses of the single batches lie faintly behind their mean over an epoch (over a fortieth of the run
    before six epochs are done). The learning rate has a panel of its own if it changes, and so have a validation's metrics.

    Parameters
    ----------
    run : Run or Fit
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
        `run` is no run.
    SteepestError
        The file cannot be written, or its ending is unknown.

    Examples
    --------
    >>> import steepest as sd
    >>> run = sd.minimize(lambda x: x**2, -1.5, method="gradient_descent", learning_rate=0.25, steps=2)
    >>> plot_loss(run).axes[0].lines[0].get_ydata().tolist()
    [2.25, 0.5625, 0.140625]
    """
    run = run_of(run, "the loss curve")
    shown = _Shown.of(run)
    more = [each for each in ("rate" if shown.rate is not None else "", "metrics" if shown.metrics else "") if each]
    height = _HEIGHTS["title"] + _HEIGHTS["loss"] + _HEIGHTS["more"] * len(more)
    with drawing((_WIDTH, height), theme, path) as picture:
        grid = picture.add_gridspec(1 + len(more), 1, height_ratios=[_HEIGHTS["loss"], *[_HEIGHTS["more"]] * len(more)])
        loss = picture.add_subplot(grid[0])
        panels = [picture.add_subplot(grid[1 + k], sharex=loss) for k in range(len(more))]
        _draw_loss(loss, shown, picture.style)
        for axes, what in zip(panels, more):
            (_draw_rate if what == "rate" else _draw_metrics)(axes, shown, picture.style)
        for axes in [loss, *panels][: len(panels)]:
            axes.tick_params(labelbottom=False)
        last = [loss, *panels][-1]
        last.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
        last.set_xlabel(shown.step_label)
        if run.steps_done < 1:
            loss.set_xlim(-1, 1)
        if run.steps_per_epoch > 1 and run.steps_done:
            _epochs_above(loss, run.steps_per_epoch)
        _title(picture, loss, run)
        picture.align_ylabels([loss, *panels])
    return picture


@dataclass(frozen=True, eq=False)
class _Shown:
    """What there is to draw of a run."""

    run: Run
    steps: Array
    losses: Array  # of the steps; for full batches the loss at the end is the last of them
    full: bool
    end: float  # loss on all rows
    kept: tuple[int, float] | None  # step and loss of the parameters that the run went back to
    validations: list[Validation]
    rate: Array | None
    step_label: str

    @property
    def metrics(self) -> bool:
        return any(each.metrics and each.rows for each in self.validations)

    @classmethod
    def of(cls, run: Run) -> _Shown:
        history = run.history
        steps, losses = history["step"].astype(np.float64), history["loss"].astype(np.float64)
        batches = getattr(run.method, "batches", None)
        full = batches is None or bool(batches.is_full(run.problem.rows))
        validations = [hook for hook in run.hooks if isinstance(hook, Validation)]
        end = run.loss
        kept = _kept(run, validations)
        if full and kept is None:
            steps, losses = np.append(steps, run.steps_done), np.append(losses, end)
        rate, label = _rate(run)
        return cls(run, steps, losses, full, end, kept, validations, rate, label)


def _kept(run: Run, validations: list[Validation]) -> tuple[int, float] | None:
    """The step whose parameters the run was given back, if it was."""
    for each in validations:
        if each.best is not None and each.best_params is run.params and each.best["step"] != run.steps_done:
            return int(each.best["step"]), run.loss
    if run.best is not None and run.best[1] is run.params:
        at = np.flatnonzero(run.history["loss"] == run.best[0])
        if at.size and int(run.history["step"][at[0]]) < run.steps_done:
            return int(run.history["step"][at[0]]), float(run.best[0])
    return None


def _rate(run: Run) -> tuple[Array | None, str]:
    """The rates if they change, and the label of the axis of steps, which tells one that does not."""
    if not _rate_name(run):
        return None, "step"
    rate = run.history["rate"].astype(np.float64)
    finite = rate[np.isfinite(rate)]
    if not finite.size:
        return None, "step"
    if np.ptp(finite) <= _CONSTANT * np.abs(finite).max():
        return None, f"step (each at the {_rate_name(run)} {finite[0]:.4g})" if finite[0] else "step"
    return rate, "step"


def _rate_name(run: Run) -> str:
    if hasattr(run.method, "learning_rate"):
        return "learning rate"
    return "damping" if isinstance(run.method, LevenbergMarquardt) else ""


def _draw_loss(axes: Axes, shown: _Shown, style: Style) -> None:
    run = shown.run
    validation = [each.column("loss").astype(np.float64) for each in shown.validations if each.rows]
    kept = [shown.kept[1]] if shown.kept else []
    train, end, kept_loss, *checks = scale_losses(axes, shown.losses, [shown.end], kept, *validation)
    ok = run.outcome is None or run.outcome.ok
    colour = style.ink if ok else style.warning
    if shown.full:
        x, y = thinned(shown.steps, train)
        marker = "o" if x.size <= _FEW else ""
        axes.plot(x, y, color=style.loss, linewidth=1.7, marker=marker, markersize=3.5, label="training")
    else:
        _draw_batches(axes, shown, train, style)
    for k, (each, values) in enumerate(zip([v for v in shown.validations if v.rows], checks)):
        _draw_validation(axes, each, values, k, style)
    if run.outcome is not None and run.steps_done:
        axes.axvline(run.steps_done, color=colour, linewidth=1.0, linestyle=":", zorder=1)
    if shown.kept is not None:
        axes.plot([shown.kept[0]], kept_loss, "D", color=style.paper, markeredgecolor=style.ink, markersize=7, zorder=5,
                  label=f"kept: step {shown.kept[0]:,}, loss {shown.kept[1]:.4g}")  # fmt: skip
    elif math.isfinite(shown.end):
        label = f"at the end: {shown.end:.4g}" if shown.full else f"all rows, at the end: {shown.end:.4g}"
        axes.plot([run.steps_done], end, "o" if shown.full else "D", color=colour, markersize=7, zorder=5, label=label)
    _mark_bad(axes, shown, style)
    axes.margins(x=0.03, y=0.08)
    literal(axes.yaxis.label)
    axes.set_ylabel(f"loss ({one_line(run.problem.loss_function.name, 20)})" if run.problem.has_data else "loss")
    axes.legend(loc="best" if shown.steps.size < 100_000 else "upper right")


def _draw_batches(axes: Axes, shown: _Shown, losses: Array, style: Style) -> None:
    """The losses of single batches, and their means."""
    per_epoch = shown.run.steps_per_epoch
    x, y = thinned(shown.steps, losses)
    axes.plot(x, y, color=style.loss, alpha=0.45, linewidth=0.7, label="single batches", rasterized=x.size > 2000)
    epochs = len(losses) // per_epoch
    width = per_epoch if epochs >= _EPOCHS else max(1, math.ceil(len(losses) / _BLOCKS))
    if width < 2:
        return
    middle, means = block_means(shown.steps, losses, width)
    label = "mean over an epoch" if width == per_epoch else f"mean over {width} steps"
    axes.plot(*thinned(middle, means), color=style.loss, linewidth=1.9, label=f"training, {label}")


def _draw_validation(axes: Axes, validation: Validation, values: Array, k: int, style: Style) -> None:
    colours = (style.fit, *style.series[3:])
    x = validation.column("step").astype(np.float64)
    marker = "s" if x.size <= _FEW else ""
    name = "validation" if k == 0 else f"validation {k + 1}"
    colour = colours[k % len(colours)]
    axes.plot(
        *thinned(x, values), color=colour, linewidth=1.7, marker=marker, markersize=3.5, linestyle="--", label=name
    )
    if validation.watch == "loss" and validation.best is not None and np.isfinite(validation.best["loss"]):
        at = validation.rows.index(validation.best)
        axes.plot([x[at]], [values[at]], "o", color="none", markeredgecolor=colour, markersize=10, markeredgewidth=1.6,
                  label=f"{name}, best: {validation.best['loss']:.4g}", zorder=4)  # fmt: skip


def _mark_bad(axes: Axes, shown: _Shown, style: Style) -> None:
    """Where the loss was no finite number."""
    bad = shown.steps[~np.isfinite(shown.losses)]
    ended_so = shown.run.outcome is not None and shown.run.outcome.name == "non_finite"
    if not (bad.size or ended_so) and math.isfinite(shown.end):
        return
    if not (np.isfinite(shown.losses).any() or math.isfinite(shown.end)):
        say(axes, "the loss was never a finite number")
        axes.set_yticks([])
    where = int(bad[0]) if bad.size else shown.run.steps_done
    axes.plot([where], [0.97], "x", color=style.warning, markersize=9, markeredgewidth=2.2, zorder=6, clip_on=False,
              transform=axes.get_xaxis_transform(), label=f"not finite: step {where:,}")  # fmt: skip


def _draw_rate(axes: Axes, shown: _Shown, style: Style) -> None:
    assert shown.rate is not None
    x, y = thinned(shown.run.history["step"].astype(np.float64), shown.rate)
    positive = y[np.isfinite(y) & (y > 0)]
    if positive.size and (y[np.isfinite(y)] >= 0).all() and positive.max() > 50 * positive.min():
        axes.set_yscale("log")
    marker = "o" if x.size <= _FEW else ""
    axes.plot(x, y, color=style.data, linewidth=1.5, drawstyle="steps-post", marker=marker, markersize=3)
    axes.set_ylabel(_rate_name(shown.run).replace(" ", "\n"))


def _draw_metrics(axes: Axes, shown: _Shown, style: Style) -> None:
    k = 0
    for validation in shown.validations:
        for name in validation.metrics if validation.rows else ():
            x = validation.column("step").astype(np.float64)
            marker = "s" if x.size <= _FEW else ""
            literal_name = one_line(name, 24).replace("$", r"\$")
            axes.plot(*thinned(x, validation.column(name).astype(np.float64)), color=style.series[k % 6], marker=marker,
                      markersize=3.5, linestyle=("--", "-.", ":")[k % 3], label=literal_name)  # fmt: skip
            k += 1
    axes.set_ylabel("validation")
    axes.legend(loc="best")


def _epochs_above(axes: Axes, per_epoch: int) -> None:
    def epoch(step: Any) -> Any:
        return step / per_epoch

    def step(epoch: Any) -> Any:
        return epoch * per_epoch

    above = axes.secondary_xaxis("top", functions=(epoch, step))
    above.set_xlabel("epoch")
    above.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    axes.spines["top"].set_visible(True)


def _title(picture: Picture, axes: Axes, run: Run) -> None:
    ok = run.outcome is None or run.outcome.ok
    colour = picture.style.ink if ok else picture.style.warning
    lines = textwrap.wrap(reason(run), _TITLE_WIDTH, max_lines=3, placeholder=" …")
    head = f"{one_line(run.method.name, 40)}: {ending(run.outcome, run.steps_done)}"
    literal(picture.suptitle(head, fontsize=11, color=colour))
    literal(axes.set_title("\n".join(lines), fontsize=8.5, color=picture.style.quiet))
