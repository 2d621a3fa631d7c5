"""Animation: panels that stand still, and what moves on them; written as a GIF or as a page that plays by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes

from steepest.base.checks import positive
from steepest.base.errors import SteepestError
from steepest.base.files import write_whole
from steepest.base.params import Array
from steepest.views.progress import Tell
from steepest.views.style import Style, style_of

FORMATS = ("gif", "html")
Colour = Callable[[Style], str]


@dataclass(frozen=True, eq=False)
class Trail:
    """A point that moves and draws a line behind it.

    Attributes
    ----------
    x, y : ndarray, shape (frames,)
        NaN where there is no point.
    colour : callable
        Of the style.
    dots : bool
        Whether each point that it has left stays visible.
    mark : str
        The shape of the point, by Matplotlib's letters: o, s, ^, D, v or P.
    """

    x: Array
    y: Array
    colour: Colour
    dots: bool = False
    mark: str = "o"


@dataclass(frozen=True, eq=False)
class Curve:
    """A line, or a cloud of dots, that is another one in each frame.

    Attributes
    ----------
    x : ndarray, shape (m,) or (frames, m)
    y : ndarray, shape (frames, m)
    colour : callable
        Of the style.
    dots : bool
    width : float
        Of the line, or of the dots, in points.
    """

    x: Array
    y: Array
    colour: Colour
    dots: bool = False
    width: float = 2.0

    def at(self, frame: int) -> tuple[Array, Array]:
        """x and y of a frame."""
        return (self.x if self.x.ndim == 1 else self.x[frame]), self.y[frame]


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes: what stands still, what moves, and a line of words for each frame.

    Attributes
    ----------
    draw : callable
        ``draw(axes, style)`` draws what stands still, with limits and labels.
    movers : sequence of Trail and Curve
    captions : sequence of str, one a frame
    width : float
        Beside the other panels.
    """

    draw: Callable[[Axes, Style], None]
    movers: Sequence[Trail | Curve]
    captions: Sequence[str]
    width: float = 1.0


@dataclass(frozen=True, eq=False)
class Animation:
    """Panels side by side, and a number of frames.

    Attributes
    ----------
    title : str
        What it shows, in a few words.
    panels : sequence of Panel
    steps : ndarray of int, shape (frames,)
        The step of the run that each frame shows.
    theme : {"light", "dark"}
        Of the GIF; a page has both.
    fps : float
        Frames a second.
    """

    title: str
    panels: Sequence[Panel]
    steps: Array
    theme: str = "light"
    fps: float = 12.0

    def __post_init__(self) -> None:
        style_of(self.theme)
        positive("fps (frames a second)", self.fps)

    @property
    def frames(self) -> int:
        return len(self.steps)

    def gif(self, progress: Tell | None = None) -> bytes:
        """The animation as a GIF that repeats, its last frame shown a little longer."""
        from steepest.views.animations.animation_gif import rendered_gif

        return rendered_gif(self, progress)

    def html(self, begins: bool = True) -> str:
        """The animation as one page that needs nothing else: play, speed, scrub, keys, light and dark.

        Parameters
        ----------
        begins : bool
            Whether it begins to play by itself, where the system does not ask for less motion.
        """
        from steepest.views.animations.animation_html import rendered_page

        return rendered_page(self, begins)

    def write(self, path: str | os.PathLike[str], progress: Tell | None = None) -> Path:
        """Write it to a file, whole or not at all.

        Parameters
        ----------
        path : str or PathLike
            A name that ends in .gif or .html.
        progress : callable, optional
            ``progress(done, total)``; a line on the terminal unless given.

        Raises
        ------
        SteepestError
            The ending is another, or the file cannot be written.
        """
        return write_whole(path, self.gif(progress) if kind_of(path) == "gif" else self.html())

    def _repr_html_(self) -> str:
        from html import escape

        frame = '<iframe srcdoc="{}" style="width:100%;height:560px;border:0" title="{}"></iframe>'
        return frame.format(escape(self.html()), escape(self.title))

    def __repr__(self) -> str:
        return f"Animation({self.title}, {self.frames} frames)"


def kind_of(path: str | os.PathLike[str]) -> str:
    """The kind of animation that a file's name asks for: gif or html.

    Raises
    ------
    SteepestError
        It ends otherwise.
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise SteepestError(f"An animation cannot be written to {path}. End its name in .gif or .html.")
    return kind
