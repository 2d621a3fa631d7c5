"""The one style of every picture: colours that colour-blind readers tell apart, text that is readable at half a page."""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
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
    density: tuple[str, str]  # few rows and many rows at one place

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


LIGHT = Style("#ffffff", "#222222", "#dcdcdc", "#0072b2", "#d55e00", "#00805c", "#b3261e", ("#cfe3f1", "#07406b"))
DARK = Style("#15181d", "#e8e8e8", "#3a3f47", "#56b4e9", "#e69f00", "#2cc295", "#ff8a70", ("#1d3c52", "#7cc9f7"))
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
        kind = Path(path).suffix.lower().removeprefix(".")
        if kind not in FORMATS:
            raise SteepestError(f"A picture cannot be written to {path}. End its name in .png, .svg or .pdf.")
        return write_whole(path, self.rendered(kind))


def literal(text: Text) -> Text:
    """Have a text drawn as it stands: a dollar sign in a column's name does not begin a formula."""
    text.set_parse_math(False)
    return text
