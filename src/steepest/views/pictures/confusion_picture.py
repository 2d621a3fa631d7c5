"""Which classes a network takes for which."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from steepest.base.errors import ModelError
from steepest.fitting.networks.result import NetworkFit
from steepest.nn.classification import ScoreLoss
from steepest.nn.metrics import accuracy, confusion_matrix
from steepest.training.run import Run
from steepest.training.validation import Validation
from steepest.views.style import Picture, drawing, literal
from steepest.views.tables.words import told_apart

_CELL, _ROOM = 0.42, (2.0, 1.9)  # inches
_MOST_NUMBERS = 30  # classes up to which cells have their counts
_MOST_INCHES = 7.0


def plot_confusion(
    subject: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    labels: Any = None,
    inputs: Any = None,
    names: Sequence[str] | None = None,
    theme: str = "light",
) -> Picture:
    """Draw the confusion matrix: how many rows of each true class were taken for each class.

    Cells are coloured by their share of their row, the true class.

    Parameters
    ----------
    subject : Run, Fit or array
        A run of a classification: drawn for its validation rows if it has a `Validation` among its hooks, else for the rows it
        was fitted to; or outputs or predicted classes, as for `steepest.accuracy`.
    path : str or PathLike, optional
        Where to write the picture: a name that ends in .png, .svg or .pdf.
    labels : array of whole numbers, shape (n,), optional
        The true classes; needed for outputs, and for a run on other inputs.
    inputs : array, optional
        Other rows for a run to predict.
    names : sequence of str, optional
        Of the classes; a fit of a formula knows them.
    theme : {"light", "dark"}

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`.

    Raises
    ------
    ModelError
        There are no true classes, or not as many names as classes.
    ShapeError, DataError
        Outputs and labels do not go together.

    Examples
    --------
    >>> picture = plot_confusion([0, 1, 1, 0], labels=[0, 1, 0, 0], names=["no", "yes"])
    >>> picture.axes[0].get_title(), [text.get_text() for text in picture.axes[0].texts]
    ('4 rows, 75 % right', ['2', '1', '0', '1'])
    """
    outputs, true, which = _compared(subject, labels, inputs)
    if names is None and isinstance(subject, NetworkFit) and subject.classes is not None:
        names = [str(label) for label in subject.classes]
    matrix = confusion_matrix(outputs, true)
    count = len(matrix)
    if names is not None and len(names) != count:
        raise ModelError(f"there are {count} classes, and {len(names)} names for them.")
    shown = told_apart(range(count) if names is None else names, 18)
    with drawing(size_of(shown), theme, path) as picture:
        axes = picture.add_subplot()
        draw_confusion(picture, axes, matrix, shown)
        axes.set_title(f"{len(true):,} {which}row{'s' * (len(true) != 1)}, {100 * accuracy(outputs, true):.3g} % right")
    return picture


def size_of(names: Sequence[str]) -> tuple[float, float]:
    """Width and height in inches that a matrix of these classes needs."""
    side, long = _side(len(names)), max(map(len, names))
    return side + _ROOM[0] + 0.07 * long, side + _ROOM[1] + 0.05 * (long if long > 3 else 0)


def _side(count: int) -> float:
    return min(_MOST_INCHES, max(1.6, _CELL * count))


def draw_confusion(picture: Picture, axes: Axes, matrix: Any, names: Sequence[str], square: bool = True) -> None:
    """A confusion matrix, rows the true classes, its cells coloured by their share of their row.

    Beside other panels cells are not `square`, since the layout finds the place of a square panel only when it is drawn again.
    """
    count, long, style = len(matrix), max(map(len, names)), picture.style
    total = matrix.sum(axis=1, keepdims=True)
    share = np.where(total > 0, matrix / np.maximum(total, 1), 0.0)
    colours = LinearSegmentedColormap.from_list("share", [style.paper, style.data])
    image = axes.imshow(share, cmap=colours, vmin=0, vmax=1, aspect="equal" if square else "auto")
    axes.grid(False)
    places = list(range(0, count, -(-count // _MOST_NUMBERS)))
    axes.set_xticks(
        places, [names[k] for k in places], rotation=45 if long > 3 else 0, ha="right" if long > 3 else "center"
    )
    axes.set_yticks(places, [names[k] for k in places])
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        literal(text)
    if count <= _MOST_NUMBERS:
        size = min(9.0, 90.0 * _side(count) / count / max(1, len(f"{matrix.max()}")))
        for i, j in np.ndindex(count, count):
            colour = style.paper if share[i, j] > 0.55 else style.ink if matrix[i, j] else style.quiet
            axes.text(j, i, f"{matrix[i, j]}", ha="center", va="center", color=colour, fontsize=size)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    bar = picture.colorbar(image, ax=axes, shrink=0.8, pad=0.03, aspect=18, ticks=[0, 0.5, 1])
    bar.ax.set_yticklabels(["0 %", "50 %", "100 %"])
    bar.set_label("of the true class")


def _compared(subject: Any, labels: Any, inputs: Any) -> tuple[Any, Any, str]:
    """Outputs, true classes, and which rows they are of."""
    run = getattr(subject, "run", subject)
    if not isinstance(run, Run):
        if labels is None:
            raise ModelError("a confusion matrix of outputs needs the true classes too: labels=.")
        return np.asarray(subject), np.asarray(labels), ""
    problem = run.problem
    if not isinstance(problem.loss_function, ScoreLoss):
        raise ModelError(f"a confusion matrix is of classes, and this run's loss is {problem.loss_function.name}.")
    if inputs is not None:
        if labels is None:
            raise ModelError("a confusion matrix of other inputs needs their true classes too: labels=.")
        return run.predict(inputs), np.asarray(labels), ""
    if labels is not None:
        raise ModelError("true classes go with inputs: give both, or neither for the run's own rows.")
    held = [hook.problem for hook in run.hooks if isinstance(hook, Validation)]
    rows = held[0].data if held else problem.data
    return run.predict(rows.inputs), np.asarray(rows.target).astype(np.int64), "held-out " if held else "training "
