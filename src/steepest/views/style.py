"""The one style of every picture: colours that colour-blind readers tell apart, text that is readable at half a page."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from steepest.base.choices import chosen
from steepest.base.errors import SteepestError
from steepest.base.files import write_whole

FORMATS = ("png", "svg", "pdf")
_NOTEBOOK_DPI = 100


@dataclass(frozen=True)
class Style:
    """The colours of a picture, by what they stand for.

    The hues are those of Okabe and Ito, "Color universal design" (2008).
    """

    paper: str
    ink: str
    faint: str  # grid and zero lines
    data: str
    fit: str
    loss: str
    warning: str
    quiet: str  # text beside the matter
    density: tuple[str, str]  # few rows and many rows at one place
    series: tuple[str, ...]  # several lines that have no order
    ramp: tuple[str, ...]  # several lines in order, from the first to the last

    def ordered(self, count: int) -> list[Any]:
        """`count` colours from early to late, each darker (on dark paper: lighter) than the one before."""
        colours = LinearSegmentedColormap.from_list("ramp", self.ramp)
        return [colours(k / max(1, count - 1)) for k in range(count)]

    def shades(self, colour: str, count: int) -> list[Any]:
        """`count` colours from a pale one to `colour` itself."""
        paper, full = np.array(to_rgb(self.paper)), np.array(to_rgb(colour))
        pale = 0.45 * paper + 0.55 * full
        return [tuple(pale + (k + 1) / count * (full - pale)) for k in range(count)]

    @property
    def behind(self) -> dict[str, Any]:
        """The box of paper behind a text that may lie on lines, for `bbox`."""
        return {"facecolor": self.paper, "edgecolor": "none", "alpha": 0.8, "pad": 1}

    @property
    def rc(self) -> Any:
        """A dict of Matplotlib's settings for this style, for `matplotlib.rc_context`."""
        return {
            "figure.facecolor": self.paper,
            "figure.constrained_layout.use": True,
            # Ticks may change once the layout is made, and with them the room they need: hence wide edges.
            "figure.constrained_layout.w_pad": 0.08,
            "savefig.facecolor": "auto",
            "savefig.dpi": 160,
            "axes.facecolor": self.paper,
            "axes.edgecolor": self.ink,
            "axes.labelcolor": self.ink,
            "axes.titlecolor": self.ink,
            "axes.titlesize": 10,
            "axes.labelsize": 10,
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.formatter.useoffset": True,
            "grid.color": self.faint,
            "grid.linewidth": 0.6,
            "xtick.color": self.ink,
            "ytick.color": self.ink,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "text.color": self.ink,
            "font.size": 10,
            "font.family": ["DejaVu Sans"],
            "legend.fontsize": 9,
            "legend.framealpha": 0.85,
            "legend.facecolor": self.paper,
            "legend.edgecolor": self.faint,
            "lines.solid_capstyle": "round",
            "svg.hashsalt": "steepest",
        }


LIGHT = Style(
    paper="#ffffff", ink="#222222", faint="#dcdcdc", data="#0072b2", fit="#d55e00", loss="#00805c", warning="#b3261e",
    quiet="#5f6368", density=("#cfe3f1", "#07406b"),
    series=("#0072b2", "#d55e00", "#00805c", "#a6478a", "#8a6a00", "#4f5b66"), ramp=("#a9cce3", "#2f7fb8", "#062c47"),
)  # fmt: skip
DARK = Style(
    paper="#15181d", ink="#e8e8e8", faint="#3a3f47", data="#56b4e9", fit="#e69f00", loss="#2cc295", warning="#ff8a70",
    quiet="#a4abb3", density=("#1d3c52", "#7cc9f7"),
    series=("#56b4e9", "#e69f00", "#2cc295", "#e58fc4", "#f0e442", "#b4bcc5"), ramp=("#345469", "#56b4e9", "#e6f5ff"),
)  # fmt: skip
THEMES = {"light": LIGHT, "dark": DARK}


def style_of(theme: str) -> Style:
    """The colours of a theme.

    Raises
    ------
    ModelError
        It is neither light nor dark.
    """
    return chosen("theme", theme, THEMES)


class Picture(Figure):
    """A Matplotlib figure that keeps its style whenever it is drawn, and shows itself in a notebook.

    It belongs to no window and to no global state: `matplotlib.pyplot` is neither imported nor needed.

    Parameters
    ----------
    style : Style
        Its colours.
    size : tuple of float
        Width and height in inches.
    """

    def __init__(self, style: Style, size: tuple[float, float]) -> None:
        self.style = style
        with matplotlib.rc_context(style.rc):
            super().__init__(figsize=size, layout="constrained")
        FigureCanvasAgg(self)

    def draw(self, renderer: Any) -> None:
        # Ticks are made when they are drawn, with the settings of that moment.
        with matplotlib.rc_context(self.style.rc), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            warnings.filterwarnings("ignore", message="constrained_layout not applied")
            super().draw(renderer)

    def rendered(self, kind: str = "png", dpi: float | None = None) -> bytes:
        """The picture as the bytes of a file of this kind: png, svg or pdf."""
        stream = io.BytesIO()
        # No date inside: the same fit gives the same file.
        undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
        with matplotlib.rc_context(self.style.rc):
            self.savefig(stream, format=kind, metadata=undated, dpi=dpi or self.style.rc["savefig.dpi"])
        return stream.getvalue()

    def _repr_png_(self) -> bytes:
        return self.rendered("png", _NOTEBOOK_DPI)

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, whole or not at all; its ending says the kind.

        Raises
        ------
        SteepestError
            The ending is not .png, .svg or .pdf, or the file cannot be written.
        """
        kind = kind_of(path)
        return write_whole(path, self.rendered(kind))


@contextmanager
def drawing(
    size: tuple[float, float], theme: str = "light", path: str | os.PathLike[str] | None = None
) -> Iterator[Picture]:
    """A new picture, in its style while it is drawn, and written to `path` (if there is one) once it is drawn.

    Parameters
    ----------
    size : tuple of float
        Width and height in inches.
    theme : {"light", "dark"}
    path : str or PathLike, optional
        A name that ends in .png, .svg or .pdf.

    Raises
    ------
    SteepestError
        The theme or the ending is unknown (before anything is drawn), or the file cannot be written.

    Examples
    --------
    >>> with drawing((4, 3), "dark") as picture:
    ...     lines = picture.add_subplot().plot([0, 1], color=picture.style.fit)
    >>> picture.style is DARK, len(picture.axes)
    (True, 1)
    """
    picture = Picture(style_of(theme), size)
    if path is not None:
        kind_of(path)
    with matplotlib.rc_context(picture.style.rc), np.errstate(all="ignore"):
        yield picture
    if path is not None:
        picture.write(path)


def kind_of(path: str | os.PathLike[str]) -> str:
    """The kind of picture that a file's name asks for: png, svg or pdf.

    Raises
    ------
    SteepestError
        It ends otherwise.
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise SteepestError(f"A picture cannot be written to {path}. End its name in .png, .svg or .pdf.")
    return kind


def literal(text: Text) -> Text:
    """Have a text drawn as it stands: a dollar sign in a column's name does not begin a formula."""
    text.set_parse_math(False)
    return text


def say(axes: Axes, text: str) -> None:
    """A sentence in a panel that has nothing to show."""
    axes.text(0.5, 0.75, text, transform=axes.transAxes, ha="center", va="center")
