"""A range test: the loss while the learning rate rises."""

from __future__ import annotations

import os
import textwrap

import numpy as np

from steepest.base.errors import ModelError
from steepest.training.range_test import RangeTest
from steepest.views.pictures.loss_axis import scale_losses
from steepest.views.style import Picture, drawing, say

_SIZE = (6.8, 4.2)
_ABOVE = 3.0  # times the first loss: what is higher leaves the picture, since only the turn matters


def plot_range_test(found: RangeTest, path: str | os.PathLike[str] | None = None, *, theme: str = "light") -> Picture:
    """Draw the loss against the rate of a range test, with the rate it suggests, where it diverged, and 2 / curvature.

    Parameters
    ----------
    found : RangeTest
        What `steepest.range_test` returns.
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
        `found` is no range test.

    Examples
    --------
    >>> import steepest as sd
    >>> problem = sd.Problem.of_function(lambda p: p["x"] ** 2, {"x": 1.0})
    >>> [text.get_text() for text in plot_range_test(sd.range_test(problem)).axes[0].get_legend().get_texts()][:2]
    ['suggestion: 0.262', 'the loss turned up: 1.05']
    """
    if not isinstance(found, RangeTest):
        raise ModelError(f"this picture is of what sd.range_test returns, not of {type(found).__name__}.")
    with drawing(_SIZE, theme, path) as picture:
        axes, style = picture.add_subplot(), picture.style
        finite = np.isfinite(found.losses)
        if finite.any():
            first = float(found.losses[finite][0])
            (losses,) = scale_losses(axes, np.where(found.losses > _ABOVE * abs(first), np.nan, found.losses))
            axes.plot(found.rates, losses, color=style.loss, linewidth=1.7)
        else:
            say(axes, "no rate was tried")
            axes.set_yticks([])
            axes.set_xlim(found.suggestion / 100, found.suggestion * 100)
        axes.set_xscale("log")
        axes.axvline(found.suggestion, color=style.ink, linewidth=1.8, label=f"suggestion: {found.suggestion:.3g}")
        if found.diverged_at is not None:
            axes.axvline(found.diverged_at, color=style.warning, linewidth=1.5, linestyle="--",
                         label=f"the loss turned up: {found.diverged_at:.3g}")  # fmt: skip
        if np.isfinite(found.limit) and finite.any() and found.rates[0] <= found.limit <= found.rates[-1]:
            axes.axvline(found.limit, color=style.data, linewidth=1.5, linestyle=":",
                         label=f"2 / curvature at the start: {found.limit:.3g}")  # fmt: skip
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.set_title(
            "\n".join(textwrap.wrap(found.why, 84, max_lines=3, placeholder=" …")), fontsize=9, color=style.quiet
        )
        axes.legend(loc="best")
    return picture
