"""The graph of a loss as a picture: blocks left to right, values forward, derivatives backward."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import Any

from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from steepest.base.errors import ModelError
from steepest.base.files import write_whole
from steepest.inspection.blocks import DATA, LAYER, OPERATION, PARAMETER, Block, LossGraph
from steepest.views.graphs.graph_layout import HEAD, Box, Wire, laid_out
from steepest.views.style import Picture, Style, drawing, kind_of
from steepest.views.tables.words import one_line

MOST_BLOCKS = 150
_WIDEST = 1100.0  # points, before the blocks go on in a band below
_EDGE = 16.0
_TITLE, _NAME, _TEXT, _SMALL = 12.0, 10.0, 9.0, 8.0  # sizes of letters
_LINE = 13.0
_PAD = 8.0
_SHORT, _LONGEST_NAME, _LONGEST_TEXT = 4, 30, 34  # letters
_MOST_PIXELS = 12_000
_DPI = 160


def plot_graph(graph: LossGraph, path: str | os.PathLike[str] | None = None, *, theme: str = "light") -> Picture:
    """Draw a graph; `LossGraph.plot` says what is what.

    Raises
    ------
    ModelError
        There are more than 150 blocks.
    SteepestError
        The file cannot be written.
    """
    if len(graph.blocks) > MOST_BLOCKS:
        raise ModelError(_too_many(graph))
    kind = kind_of(path) if path is not None else ""
    texts = [_texts(block, graph.loss.name) for block in graph.blocks]
    layout = laid_out(
        [_size(lines) for lines in texts],
        [(arrow.source, arrow.target) for arrow in graph.arrows],
        [_width(arrow.label, _SMALL) for arrow in graph.arrows],
        [_width(_tag(block), _SMALL) for block in graph.blocks],
        _WIDEST,
    )
    title = one_line(f"{graph.title} = {graph.loss.value}", 110)
    legend = _legend(graph)
    wide = max(layout.width, _width(title, _TITLE), _legend_width(legend)) + 2 * _EDGE
    head, foot = _EDGE + 30, 44 + _EDGE
    high = layout.height + head + foot
    with drawing((wide / 72, high / 72), theme) as picture:
        picture.set_layout_engine("none")  # every place is known
        canvas = _Canvas(picture, wide, high, _EDGE, head)
        canvas.write(0, -24, title, _TITLE, weight="bold")
        for arrow, wire in zip(graph.arrows, layout.wires):
            canvas.wire(wire, bool(arrow.local), arrow.label, _tag(graph.blocks[arrow.source]))
        for block, box, lines in zip(graph.blocks, layout.boxes, texts):
            canvas.block(block, box, lines, is_loss=block is graph.loss)
        canvas.legend(legend, layout.height + 26)
    if path is not None:
        write_whole(path, picture.rendered(kind, min(_DPI, _MOST_PIXELS * 72 / max(wide, high))))
    return picture


def _too_many(graph: LossGraph) -> str:
    folded = any(block.kind == LAYER for block in graph.blocks)
    advice = (
        "Unfold fewer layers"
        if folded
        else "Draw the part near the loss with since=[...], Tensors on the way to it that are to stand at the left, or, for a "
        "network, fold its layers by leaving unfold= out"
    )
    return (
        f"this graph has {len(graph.blocks):,} blocks, and more than {MOST_BLOCKS} cannot be followed in a picture. {advice}. "
        "As text it can be printed."
    )


def graph_html(graph: LossGraph) -> str:
    """The picture as SVG, for a notebook, as wide as it is or as the page."""
    svg = plot_graph(graph).rendered("svg").decode()
    return f'<div style="max-width:100%;overflow-x:auto">{svg[svg.index("<svg") :]}</div>'


# ---- what stands in a block
@dataclass(frozen=True)
class _Text:
    text: str
    size: float
    role: str  # name, ink, faint or backward
    right: bool = False  # on the line of the one before, at the right


def _texts(block: Block, loss: str) -> list[_Text]:
    """The lines of a block: name and shape, what made it, value, derivative."""
    lines = [_Text(one_line(block.name, _LONGEST_NAME), _NAME, "name")]
    if block.value.shape:
        lines.append(_Text("×".join(map(str, block.value.shape)), _SMALL, "faint", right=True))
    if block.kind in (OPERATION, LAYER) and block.made_by:
        sign = "= " if block.kind == OPERATION else ""
        lines.append(_Text(sign + one_line(block.made_by, _LONGEST_TEXT), _TEXT, "ink"))
    lines.append(_Text(f"▸ {block.value.without_shape}", _TEXT, "ink"))
    if block.gradient is not None:
        slope = f"d{loss}/d{block.name if len(block.name) <= _SHORT and block.name.isidentifier() else '·'}"
        sign = " =" if block.gradient.shape == () else ":"
        lines.append(_Text(f"◂ {slope}{sign} {block.gradient.without_shape}", _TEXT, "backward"))
    return lines


def _tag(block: Block) -> str:
    return one_line(block.name, 14)


def _width(text: str, size: float, bold: bool = False) -> float:
    """In points, with what letters gain by being rounded to pixels."""
    if not text:
        return 0.0
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    return 1.05 * float(text_to_path.get_text_width_height_descent(text, font, False)[0])


def _size(lines: list[_Text]) -> tuple[float, float]:
    width = 0.0
    rows: list[float] = []
    for line in lines:
        wide = _width(line.text, line.size, line.role == "name")
        if line.right:
            rows[-1] += wide + 10
        else:
            rows.append(wide)
    width = max(rows)
    return width + 2 * _PAD + 4, len(rows) * _LINE + 2 * _PAD - 2


# ---- the legend
_Legend = list[tuple[str, str]]  # a kind of block or sign, and what it means


def _legend(graph: LossGraph) -> _Legend:
    kinds = {block.kind for block in graph.blocks}
    meaning = {PARAMETER: "parameter", DATA: "data", OPERATION: "operation", LAYER: "layer"}
    shown = [(kind, text) for kind, text in meaning.items() if kind in kinds]
    shown += [("▸", "value, forward"), ("◂", f"derivative of {graph.loss.name}, backward")]
    shown.append(("×", "local derivative (of an array: from … to)"))
    if any(local.gain is not None for arrow in graph.arrows for local in arrow.local):
        shown.append(("gain", "norm of the gradient after the arrow / before"))
    if any(not arrow.local for arrow in graph.arrows):
        shown.append(("- - ▸", "no derivative taken"))
    return shown


def _legend_width(legend: _Legend) -> float:
    return max(sum(_entry_width(*entry) for entry in row) for row in _rows(legend))


def _rows(legend: _Legend) -> list[_Legend]:
    kinds = [entry for entry in legend if entry[0] in (PARAMETER, DATA, OPERATION, LAYER)]
    return [kinds, [entry for entry in legend if entry not in kinds]]


def _entry_width(sign: str, text: str) -> float:
    return (22 if sign in (PARAMETER, DATA, OPERATION, LAYER) else _width(sign, _SMALL) + 5) + _width(text, _SMALL) + 20


# ---- drawing
class _Canvas:
    """One picture in points, y downwards, the layout's corner at (left, top)."""

    def __init__(self, picture: Picture, width: float, height: float, left: float, top: float) -> None:
        self.style: Style = picture.style
        self.axes: Any = picture.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set(xlim=(-left, width - left), ylim=(height - top, -top))
        self.axes.axis("off")

    def write(self, x: float, y: float, text: str, size: float, **how: Any) -> None:
        settings = {"color": self.style.ink, "va": "center", "ha": "left", **how}
        self.axes.text(x, y, text, fontsize=size, parse_math=False, clip_on=False, **settings)

    def _fill(self, kind: str) -> tuple[float, ...]:
        """A tint of the paper."""
        hue = {PARAMETER: self.style.data, LAYER: self.style.loss, DATA: self.style.ink}.get(kind, self.style.paper)
        strength = {PARAMETER: 0.2, LAYER: 0.16, DATA: 0.09}.get(kind, 0.0)
        return tuple(strength * a + (1 - strength) * b for a, b in zip(to_rgb(hue), to_rgb(self.style.paper)))

    def _shape(self, kind: str, box: Box, strong: bool = False) -> None:
        """A parameter has corners, data are a pill, a layer has a second frame."""
        edge = {PARAMETER: self.style.data, LAYER: self.style.loss}.get(kind, self.style.ink)
        radius = {PARAMETER: 0.0, DATA: min(box.height / 2, 18.0)}.get(kind, 5.0)
        look = f"round,pad=0,rounding_size={radius}" if radius else "square,pad=0"
        line = 2.0 if strong else 1.0
        self.axes.add_patch(FancyBboxPatch((box.x, box.y), box.width, box.height, boxstyle=look, facecolor=self._fill(kind),
                                           edgecolor=edge, linewidth=line, zorder=3))  # fmt: skip
        if kind == LAYER:
            inner = box.x + 2.5, box.y + 2.5
            self.axes.add_patch(FancyBboxPatch(inner, box.width - 5, box.height - 5, boxstyle="round,pad=0,rounding_size=2.5",
                                               facecolor="none", edgecolor=edge, linewidth=0.6, zorder=3))  # fmt: skip

    def block(self, block: Block, box: Box, lines: list[_Text], is_loss: bool) -> None:
        self._shape(block.kind, box, strong=is_loss)
        rows = sum(not line.right for line in lines)
        y = box.y + box.height / 2 - (rows + 1) / 2 * _LINE
        roles = {"name": self.style.ink, "ink": self.style.ink, "faint": self.style.ink, "backward": self.style.fit}
        for line in lines:
            y += 0 if line.right else _LINE
            weight = "bold" if line.role == "name" else "normal"
            x, side = (box.x + box.width - _PAD, "right") if line.right else (box.x + _PAD, "left")
            bad = line.role != "name" and ("NaN" in line.text or "inf" in line.text or "not finite" in line.text)
            colour = self.style.warning if bad else roles[line.role]
            self.write(x, y, line.text, line.size, ha=side, color=colour, weight=weight, zorder=4)

    def wire(self, wire: Wire, differentiable: bool, label: str, tag: str) -> None:
        colour = self.style.ink
        dashes = "solid" if differentiable else (0, (3, 2))
        for piece in wire.pieces:
            vertices, codes = [piece[0]], [Path.MOVETO]
            for (x0, y0), (x1, y1) in itertools.pairwise(piece):
                if y0 == y1:
                    vertices.append((x1, y1))
                    codes.append(Path.LINETO)
                else:
                    middle = (x0 + x1) / 2
                    vertices += [(middle, y0), (middle, y1), (x1, y1)]
                    codes += [Path.CURVE4] * 3
            if piece is wire.pieces[-1]:
                vertices[-1] = (vertices[-1][0] - HEAD / 2, vertices[-1][1])
            self.axes.add_patch(PathPatch(Path(vertices, codes), facecolor="none", edgecolor=colour, linewidth=0.9,
                                          linestyle=dashes, capstyle="butt", zorder=1))  # fmt: skip
        x, y = wire.pieces[-1][-1]
        self.axes.add_patch(
            Polygon([(x, y), (x - HEAD, y - 3), (x - HEAD, y + 3)], facecolor=colour, linewidth=0, zorder=2)
        )
        for k, (end_x, end_y) in enumerate(wire.ends):
            self.write(
                end_x + (3 if k % 2 == 0 else -3),
                end_y,
                tag,
                _SMALL,
                ha="left" if k % 2 == 0 else "right",
                style="italic",
            )
        if label:
            x, y = wire.label
            self.write(x, y - 1.5, label, _SMALL, ha="right", va="bottom", color=self.style.fit, zorder=2)

    def legend(self, legend: _Legend, y: float) -> None:
        for row in _rows(legend):
            x = 0.0
            for sign, text in row:
                if sign in (PARAMETER, DATA, OPERATION, LAYER):
                    self._shape(sign, Box(x, y - 5, 16, 10))
                    start = x + 22
                else:
                    colour = self.style.ink if sign.endswith("▸") else self.style.fit
                    self.write(x, y, sign, _SMALL, color=colour)
                    start = x + _width(sign, _SMALL) + 5
                self.write(start, y, text, _SMALL)
                x += _entry_width(sign, text)
            y += 17
