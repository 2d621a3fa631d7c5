"""An animation as a GIF: what stands still is drawn once, what moves is drawn over it, colours are counted once."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image

from steepest.views.animations.animation import Curve, Trail
from steepest.views.progress import Tell, counted
from steepest.views.style import Picture, Style, literal, style_of

if TYPE_CHECKING:
    from steepest.views.animations.animation import Animation

_DPI = 100
_SIZES = {1: (6.0, 4.5), 2: (9.0, 4.4)}  # inches, by the number of panels
_MOST_SIZE = (9.0, 3.9)
_LAST = 1500  # milliseconds that the last frame stays
_COLOURS = 255
_CLOSE = 8  # of 255, in each of red, green and blue


def rendered_gif(animation: Animation, progress: Tell | None = None) -> bytes:
    """The bytes of the GIF."""
    style = style_of(animation.theme)
    picture = Picture(style, _SIZES.get(len(animation.panels), _MOST_SIZE))
    picture.set_dpi(_DPI)
    with matplotlib.rc_context(style.rc), np.errstate(all="ignore"):
        stage = _Stage(picture, animation, style)
        last = animation.frames - 1
        palette = _palette([stage.image(frame) for frame in sorted({0, last // 2, last})], style)
        images = [
            stage.image(frame).quantize(palette=palette, dither=Image.Dither.NONE)
            for frame in counted(range(animation.frames), "drawing the animation", progress)
        ]
    stream = io.BytesIO()
    duration = round(1000 / animation.fps / 10) * 10 or 10  # a GIF counts hundredths of a second
    images[0].save(
        stream, format="GIF", save_all=True, append_images=images[1:], loop=0, optimize=True,
        duration=[duration] * last + [max(duration, _LAST)],
    )  # fmt: skip
    return stream.getvalue()


class _Stage:
    """The still picture, and the artists that are moved over it."""

    def __init__(self, picture: Picture, animation: Animation, style: Style) -> None:
        self.picture = picture
        widths = [panel.width for panel in animation.panels]
        self.axes = list(np.ravel(picture.subplots(1, len(widths), width_ratios=widths)))
        self.panels = animation.panels
        self.titles: list[Any] = []
        self.artists: list[list[Any]] = []
        for axes, panel in zip(self.axes, self.panels, strict=True):
            panel.draw(axes, style)
            longest = max(panel.captions, key=len)  # the layout makes room for it
            self.titles.append(literal(axes.set_title(longest, loc="left", fontsize=9.5)))
            self.titles[-1].set_animated(True)
            self.artists.append([_artists(axes, mover, style) for mover in panel.movers])
        canvas: Any = picture.canvas
        canvas.draw()
        picture.set_layout_engine("none")
        self.still = canvas.copy_from_bbox(picture.bbox)

    def image(self, frame: int) -> Image.Image:
        canvas: Any = self.picture.canvas
        canvas.restore_region(self.still)
        for axes, panel, title, artists in zip(self.axes, self.panels, self.titles, self.artists, strict=True):
            for mover, (line, dot) in zip(panel.movers, artists, strict=True):
                if isinstance(mover, Trail):
                    line.set_data(mover.x[: frame + 1], mover.y[: frame + 1])
                    dot.set_data(mover.x[[frame]], mover.y[[frame]])
                else:
                    line.set_data(*mover.at(frame))
                axes.draw_artist(line)
            for _, dot in artists:  # points over all lines
                if dot is not None:
                    axes.draw_artist(dot)
            title.set_text(panel.captions[frame])
            axes.draw_artist(title)
        size = canvas.get_width_height()
        return Image.frombuffer("RGBA", size, bytes(canvas.buffer_rgba()), "raw", "RGBA", 0, 1).convert("RGB")


def _artists(axes: Any, mover: Trail | Curve, style: Style) -> tuple[Any, Any]:
    colour = mover.colour(style)
    if isinstance(mover, Curve):
        look = {"linestyle": "", "marker": "o", "markersize": mover.width} if mover.dots else {"linewidth": mover.width}
        (line,) = axes.plot([], [], color=colour, animated=True, zorder=3, **look)
        return line, None
    (line,) = axes.plot([], [], color=colour, linewidth=1.8, marker="o" if mover.dots else "", markersize=3.6,
                      animated=True, zorder=4)  # fmt: skip
    (dot,) = axes.plot([], [], mover.mark, color=colour, markersize=9, markeredgecolor=style.paper, markeredgewidth=1.5,
                       animated=True, zorder=5)  # fmt: skip
    return line, dot


def _palette(images: list[Image.Image], style: Style) -> Image.Image:
    """The colours of the style as they are, and those that stand best for the rest of the pictures."""
    width, height = images[0].size
    strip = Image.new("RGB", (width, height * len(images)))
    for place, image in enumerate(images):
        strip.paste(image, (0, place * height))
    own = [style.paper, style.ink, style.faint, style.data, style.fit, style.loss, style.warning, *style.series]
    exact = np.array([[round(255 * part) for part in to_rgb(colour)] for colour in dict.fromkeys(own)])
    found = strip.quantize(_COLOURS - len(exact), method=Image.Quantize.MEDIANCUT).getpalette() or []
    others = np.array(found).reshape(-1, 3)
    # What lies close to one of the style's colours would be taken for it.
    apart = np.abs(others[:, None, :] - exact[None, :, :]).max(axis=2).min(axis=1) > _CLOSE
    colours = np.concatenate([exact, others[apart]]).ravel().tolist()
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours)
    return palette
