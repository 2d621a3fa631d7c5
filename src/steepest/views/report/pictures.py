"""The pictures of a report: small ones, a panel each, for light and dark paper."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from steepest.base.errors import SteepestError
from steepest.fitting.networks.result import NetworkFit
from steepest.fitting.result import Fit
from steepest.training.run import Run
from steepest.views.pictures.confusion_picture import plot_confusion
from steepest.views.pictures.fit_axis import fit_axis
from steepest.views.pictures.fit_picture import draw_data, draw_loss, draw_residuals
from steepest.views.pictures.network_picture import draw_learning, draw_predictions
from steepest.views.pictures.residuals_picture import draw_quantiles
from steepest.views.report.html import data_url
from steepest.views.style import Picture, Style, drawing
from steepest.views.subject import fit_of, has_residuals
from steepest.views.tables.words import one_line

_SIZE = (5.4, 3.7)  # inches: letters of 10 points are still read on a narrow screen
_MOST_BYTES = 350_000  # of a drawing of lines; more are drawn as dots of colour
_DPI = 150
_MOST_QUANTILES = 100_000  # residuals that are put in order
_NORMAL_FROM = 8  # rows from which a comparison with the normal distribution says something


def fit_pictures(fit: Any) -> str:
    """Data, residuals, loss and normal distribution of a fit with residuals."""
    axis = fit_axis(fit, 0.95)
    finite = np.ravel(fit.residuals)[np.isfinite(np.ravel(fit.residuals))]
    target = one_line(fit.target_text)

    def data(axes: Axes, style: Style) -> None:
        draw_data(axes, fit, axis, style, 0.95)
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(one_line(axis.label, 60)).set_parse_math(False)

    rows = f"{fit.observed.size:,} values"
    figures = [
        _figure(
            "Data and fit",
            f"{rows} of {target} against {one_line(axis.label)}, with the fitted {axis.curve_label}.",
            data,
        ),
        _figure(
            "Residuals",
            f"Observed minus predicted {target} against {one_line(axis.label)}; "
            + (
                f"they reach from {finite.min():.3g} to {finite.max():.3g}."
                if finite.size
                else "none is a finite number."
            ),
            lambda axes, style: draw_residuals(axes, fit, axis, style),
        ),
        _loss(fit),
    ]
    if finite.size >= _NORMAL_FROM and np.ptp(finite) > 0:
        figures.append(
            _figure(
                "Residuals against a normal distribution",
                "Ordered residuals against the quantiles of a normal distribution: on the line if they are normally distributed.",
                lambda axes, style: draw_quantiles(axes, finite[:: 1 + finite.size // _MOST_QUANTILES], style),
            )
        )
    return _grid(figures)


def network_pictures(fit: NetworkFit) -> str:
    """How well a network does, and how it learned."""
    measured = fit.measured
    learned = _figure(
        "Learning",
        f"The loss of the rows learned from, and of those held out, over {fit.epochs:,} epochs.",
        lambda axes, style: draw_learning(axes, fit, style),
    )
    if fit.classes is not None:
        names = [str(label) for label in fit.classes]
        return _grid([confusion_figure(lambda theme: plot_confusion(fit, names=names, theme=theme)), learned])
    axis = fit_axis(fit)
    target = one_line(fit.target_text)
    shown = f"{fit.observed.size:,} values of {target} against {one_line(axis.label)}, with what the network predicts"
    return _grid(
        [
            _figure(
                "Data and predictions",
                f"{shown}; root mean square error {measured.rmse:.4g}.",
                lambda axes, style: draw_predictions(axes, fit, style),
            ),
            _figure(
                "Residuals",
                f"Observed minus predicted {target} against {one_line(axis.label)}.",
                lambda axes, style: draw_residuals(axes, fit, axis, style),
            ),
            learned,
        ]
    )


def subject_pictures(subject: Fit | Run) -> str:
    """The pictures of a fit or run: those of a fit where it has residuals, else the loss, and the confusion matrix of classes."""
    if isinstance(subject, NetworkFit):
        return network_pictures(subject)
    run = subject.run if isinstance(subject, Fit) else subject
    if has_residuals(run):
        return fit_pictures(fit_of(subject, "a report"))
    figures = [_loss(run)]
    loss = run.problem.loss_function if run.problem.has_data else None
    if getattr(loss, "labels", False):
        figures.append(confusion_figure(lambda theme: plot_confusion(run, theme=theme)))
    return _grid(figures)


def confusion_figure(draw: Callable[[str], Picture]) -> str:
    """The confusion matrix, drawn by ``draw(theme)``."""
    pictures = {theme: draw(theme) for theme in ("light", "dark")}
    said = f"Confusion matrix, true classes by rows and predicted ones by columns: {pictures['light'].axes[0].get_title()}."
    return _shown("Confusion matrix", said, pictures)


def _loss(subject: Any) -> str:
    seen = subject if hasattr(subject, "loss_name") else _RunLoss(subject)
    losses = np.asarray(subject.history["loss"])
    began = f"from {losses[0]:.4g} " if losses.size else ""
    return _figure(
        "Loss by step",
        f"The loss, {began}to {seen.loss:.4g} in {seen.steps:,} step{'s' * (seen.steps != 1)}.",
        lambda axes, style: draw_loss(axes, seen, style),
    )


class _RunLoss:
    """A run with the names that a fit has for the same things."""

    def __init__(self, run: Run) -> None:
        self.history, self.outcome, self.loss, self.steps = run.history, run.outcome, run.loss, run.steps_done
        self.loss_name = run.problem.loss_function.name if run.problem.has_data else "value"


def _figure(title: str, said: str, draw: Callable[[Axes, Style], None]) -> str:
    pictures = {}
    for theme in ("light", "dark"):
        with drawing(_SIZE, theme) as picture:
            draw(picture.add_subplot(), picture.style)
        pictures[theme] = picture
    return _shown(title, said, pictures)


def _shown(title: str, said: str, pictures: dict[str, Picture]) -> str:
    """A figure in both themes; on paper it is the light one."""
    sources = {theme: _source(picture) for theme, picture in pictures.items()}
    width, height = (round(100 * side) for side in pictures["light"].get_size_inches())
    return (
        f"<figure style='max-width:{width * 1.05:.0f}px'><figcaption>{escape(title)}</figcaption><picture>"
        f"<source media='screen and (prefers-color-scheme: dark)' srcset='{sources['dark']}'>"
        f"<img src='{sources['light']}' width='{width}' height='{height}' alt='{escape(said, quote=True)}'></picture></figure>"
    )


def _source(picture: Picture) -> str:
    drawn = picture.rendered("svg")
    if len(drawn) <= _MOST_BYTES:
        return data_url(drawn, "image/svg+xml")
    return data_url(picture.rendered("png", _DPI), "image/png")


def _grid(figures: list[str]) -> str:
    return f"<div class='figures'>{''.join(figures)}</div>"


def animation_frame(subject: Any, rows: int) -> str:
    """The animation with its own controls, waiting to be played; a sentence where there is none."""
    run = getattr(subject, "run", subject)
    steps = run.steps_done
    if steps < 2:
        return "<p>The descent took fewer than two steps, so there is nothing to animate.</p>"
    if rows > 20_000:
        return "<p>There are too many rows to move; <code>fit.animate()</code> takes its time for them.</p>"
    frames = int(np.clip(120_000 // max(rows, 400), 8, 60))
    try:
        moving = run.animate.surface if isinstance(subject, NetworkFit) else subject.animate
        made = moving(
            frames=frames, fps=float(np.clip(min(steps + 1, frames) / 6, 1.5, 12)), progress=lambda done, total: None
        )
        page = made.html(begins=False)
    except SteepestError as error:
        return f"<p>There is no animation: {escape(str(error))}</p>"
    title = escape(made.title, quote=True)
    return f"<iframe class='motion' title='{title}' srcdoc='{escape(page, quote=True)}'></iframe>"
