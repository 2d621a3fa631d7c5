"""An animation as one page: still pictures inside, and what moves drawn over them by a few lines of script."""

from __future__ import annotations

import base64
import io
import json
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from PIL import Image

from steepest.base.params import Array
from steepest.views.animations.animation import Curve, Trail
from steepest.views.style import DARK, LIGHT, Picture, Style, literal

if TYPE_CHECKING:
    from steepest.views.animations.animation import Animation, Panel

_HEIGHT = 3.5  # inches of a panel's still picture
_WIDTH = 4.7  # of one of width 1
_DPI = 150
_UNITS = 100.0  # of the page's drawing to an inch
_POINTS = _UNITS / 72.0
# The shapes of a moving point, about the origin.
_MARKS = {
    "o": "M-6.4 0a6.4 6.4 0 1 0 12.8 0a6.4 6.4 0 1 0 -12.8 0z",
    "s": "M-6 -6h12v12h-12z",
    "^": "M0 -7.5L7.5 6H-7.5z",
    "D": "M0 -8L8 0L0 8L-8 0z",
    "v": "M0 7.5L7.5 -6H-7.5z",
    "P": "M-2.6 -7.5h5.2v4.9h4.9v5.2h-4.9v4.9h-5.2v-4.9h-4.9v-5.2h4.9z",
}
_THEMES = {"light": LIGHT, "dark": DARK}


def rendered_page(animation: Animation, begins: bool = True) -> str:
    """The text of the page, which asks nothing of any network; `begins` to play by itself, or waits to be played."""
    panels = [_Still(panel) for panel in animation.panels]
    data = {
        "fps": animation.fps,
        "steps": [int(step) for step in animation.steps],
        "panels": [{"captions": list(still.panel.captions), "movers": still.movers()} for still in panels],
    }
    blanks = {
        "title": escape(animation.title),
        "light": _variables(animation, LIGHT),
        "dark": _variables(animation, DARK),
        "panels": "".join(still.figure(number, animation.title) for number, still in enumerate(panels)),
        "last": str(animation.frames - 1),
        "begins": "true" if begins else "false",
        # No text of the user's can end the script element.
        "data": json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
    }
    page = files("steepest.views.animations").joinpath("animation_page.html").read_text(encoding="utf-8")
    first, *rest = page.split("{{")
    parts = [first]
    for piece in rest:
        name, _, after = piece.partition("}}")
        parts += [blanks[name], after]
    return "".join(parts)


class _Still:
    """A panel without what moves, drawn for both themes, and where its data lie on it."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.size = (_WIDTH * (0.45 + 0.55 * panel.width), _HEIGHT)
        self.pictures: dict[str, str] = {}
        for name, style in _THEMES.items():
            picture = Picture(style, self.size)
            picture.set_dpi(_DPI)
            with matplotlib.rc_context(style.rc), np.errstate(all="ignore"):
                axes = picture.add_subplot()
                panel.draw(axes, style)
                literal(axes.title)
                canvas: Any = picture.canvas
                canvas.draw()
            stream = io.BytesIO()
            drawn = Image.frombytes("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()))
            drawn.convert("RGB").save(stream, format="PNG")
            self.pictures[name] = base64.b64encode(stream.getvalue()).decode("ascii")
        self.axes = axes  # both have the same layout

    def figure(self, number: int, title: str) -> str:
        width, height = (_UNITS * side for side in self.size)
        images = "".join(
            f'<image class="in-{name}" width="{width:g}" height="{height:g}" href="data:image/png;base64,{picture}"/>'
            for name, picture in self.pictures.items()
        )
        box = self.axes.bbox.transformed(self.axes.figure.dpi_scale_trans.inverted())
        clip = (
            f'<clipPath id="clip{number}"><rect x="{box.x0 * _UNITS:.1f}" y="{height - box.y1 * _UNITS:.1f}" '
            f'width="{box.width * _UNITS:.1f}" height="{box.height * _UNITS:.1f}"/></clipPath>'
        )
        groups = "".join(_group(mover, f"c{number}-{k}") for k, mover in enumerate(self.panel.movers))
        label = escape(f"{title}, panel {number + 1}")
        wide = f"flex:{self.panel.width:g} 1 {self.size[0] * 70:.0f}px;max-width:{self.size[0] * 105:.0f}px"
        return (
            f'<figure style="{wide}"><figcaption></figcaption>'
            f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{label}">{clip}{images}'
            f'<g clip-path="url(#clip{number})">{groups}</g></svg></figure>'
        )

    def movers(self) -> list[dict[str, Any]]:
        described: list[dict[str, Any]] = []
        for mover in self.panel.movers:
            if isinstance(mover, Trail):
                x, y = self.placed(mover.x, mover.y)
                at = [
                    [round(a, 1), round(b, 1)] if np.isfinite(a + b) else None for a, b in zip(x.tolist(), y.tolist())
                ]
                described.append({"trail": _tokens(x, y), "at": at, "dots": _dots(x, y) if mover.dots else []})
            else:
                curves = [self.placed(*mover.at(k)) for k in range(len(mover.y))]
                described.append({"curves": ["".join((_dots if mover.dots else _tokens)(*curve)) for curve in curves]})
        return described

    def placed(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Data as units of the page's drawing, from the upper left."""
        with np.errstate(all="ignore"):
            at = self.axes.transData.transform(np.column_stack([x, y])) * (_UNITS / _DPI)
        at = np.where(np.isfinite(at), np.clip(at, -1e4, 1e4), np.nan)
        return at[:, 0], self.size[1] * _UNITS - at[:, 1]


def _group(mover: Trail | Curve, name: str) -> str:
    """The empty lines and points of a mover; its colour is a variable, since there are two themes."""
    colour = f"var(--{name})"
    if isinstance(mover, Curve):
        inside = f'<path style="stroke:{colour};stroke-width:{mover.width * _POINTS:.2f}px"/>'
    else:
        inside = f'<path style="stroke:{colour};stroke-width:{1.8 * _POINTS:.2f}px"/>'
        if mover.dots:
            inside += f'<path style="stroke:{colour};stroke-width:{3.6 * _POINTS:.2f}px"/>'
        inside += (
            f'<path class="at" d="{_MARKS[mover.mark]}" style="fill:{colour};stroke:var(--paper);stroke-width:2px"/>'
        )
    return f'<g class="mover">{inside}</g>'


def _tokens(x: Array, y: Array) -> list[str]:
    """A piece of an SVG path for each point; the line breaks where there is none."""
    tokens, pen = [], "M"
    for a, b in zip(x.tolist(), y.tolist()):
        if np.isfinite(a) and np.isfinite(b):
            tokens.append(f"{pen}{a:.1f} {b:.1f}")
            pen = "L"
        else:
            tokens.append("")
            pen = "M"
    return tokens


def _dots(x: Array, y: Array) -> list[str]:
    return [f"M{a:.1f} {b:.1f}h0" if np.isfinite(a + b) else "" for a, b in zip(x.tolist(), y.tolist())]


def _variables(animation: Animation, style: Style) -> str:
    """The colours of a theme as variables of the page's style sheet."""
    colours = {name: getattr(style, name) for name in ("paper", "ink", "quiet", "fit", "data")}
    for number, panel in enumerate(animation.panels):
        colours |= {f"c{number}-{k}": mover.colour(style) for k, mover in enumerate(panel.movers)}
    return "".join(f"--{name}: {colour}; " for name, colour in colours.items())
