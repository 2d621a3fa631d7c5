"""The drawings of the architecture page: the three nouns, and the floors as design.md lists them. Colours follow the page."""

from __future__ import annotations

import re
from html import escape

from docs.tools.pages import DOCS

_COMMENT = re.compile(r"^<!-- drawing: (nouns|floors) -->$", re.MULTILINE)
_FLOOR = re.compile(r"^(\d+)  (\S+/(?:\s+\S+/)*)\s+(.*)$", re.MULTILINE)
WIDTH = 740


def floors() -> list[tuple[int, list[str], str]]:
    """The floors from the top down: number, folders, what they are for; a floor may have several lines."""
    return [(int(number), re.findall(r"\w+(?=/)", folders), what)
            for number, folders, what in _FLOOR.findall((DOCS / "design.md").read_text())]  # fmt: skip


def expanded(text: str) -> str:
    """A page with its comments ``<!-- drawing: floors -->`` replaced by the drawings."""
    return _COMMENT.sub(lambda found: {"nouns": nouns_svg, "floors": floors_svg}[found[1]](), text)


def floors_svg() -> str:
    """A row for each line, a box for each folder, an arrow that points where imports may go."""
    rows, height = floors(), 46
    parts = []
    for k, (number, folders, what) in enumerate(rows):
        top = 10 + k * height
        if number % 2:
            parts.append(_box(4, top - 4, WIDTH - 40, height, "band"))
        parts.append(_text(22, top + 24, str(number), "number"))
        left = 44.0
        for folder in folders:
            width = 24 + 8.4 * len(folder)
            parts += [
                _box(left, top + 4, width, 30, "folder"),
                _text(left + width / 2, top + 24, folder, "folder middle"),
            ]
            left += width + 8
        for n, line in enumerate(_wrapped(what.replace("->", "→"), 52)[:2]):
            parts.append(_text(max(left + 8, 330), top + (24 if len(what) <= 52 else 16 + 15 * n), line, "words"))
    bottom = 10 + len(rows) * height
    parts.append(f'<path class="arrow" d="M{WIDTH - 12} 14 V{bottom - 18}" marker-end="url(#tip)"/>')
    return _svg("The folders of steepest, floor above floor; imports point down", bottom, parts)


def nouns_svg() -> str:
    """What goes into a Problem and a Method, the Run that they make, and what lives on it."""
    parts = []
    for top, title, words in ((20, "model", "formula, function, network"), (82, "data", "file, data frame, arrays"),
                              (144, "loss", "and penalty, bounds"), (226, "rule", "schedule, clipping, batches"),
                              (288, "curvature", "or a search, restarts")):  # fmt: skip
        parts += [
            _box(6, top, 190, 50, "part"),
            _text(18, top + 21, title, "title"),
            _text(18, top + 39, words, "words"),
        ]
    parts += [_arrow(196, top + 25, 250, 107 if top < 200 else 282) for top in (20, 82, 144, 226, 288)]
    for top, name, words in ((72, "Problem", "what to make small"), (247, "Method", "how to look")):
        parts += [_box(252, top, 140, 70, "noun"), _text(322, top + 31, name, "noun middle")]
        parts.append(_text(322, top + 52, words, "onnoun middle"))
    parts += [_arrow(392, 107, 436, 168), _arrow(392, 282, 436, 216)]
    parts += [_box(438, 122, 136, 140, "noun"), _text(506, 150, "Run", "noun middle")]
    for k, step in enumerate(("predict", "loss", "gradient", "step", "repeat, stop")):
        parts.append(_text(506, 172 + 18 * k, step, "onnoun middle"))
    for top, title, words in ((36, "History", "each step"), (108, "Outcome", "how it ended"),
                              (180, "remarks", "why, and a remedy"), (252, "params", "fit, errors, export"),
                              (324, "pictures", "animations, report")):  # fmt: skip
        parts += [_arrow(574, 140 + 26 * (top // 72), 592, top + 25), _box(594, top, 142, 50, "part")]
        parts += [_text(605, top + 21, title, "title"), _text(605, top + 39, words, "words")]
    return _svg(
        "A Problem and a Method make a Run, which has a History, an Outcome, remarks, parameters and pictures",
        384,
        parts,
    )


def _svg(title: str, height: float, parts: list[str]) -> str:
    tip = '<path d="M0 0 8 4 0 8z"/>'
    marker = f'<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">{tip}</marker>'
    body = "".join(parts)
    return (
        f'<div class="drawing" tabindex="0"><svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}">'
        f"<defs>{marker}</defs>{body}</svg></div>"
    )


def _box(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5"/>'


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(words)}</text>'


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    curve = f"M{x:g} {y:g} C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}"
    return f'<path class="arrow" d="{curve}" marker-end="url(#tip)"/>'


def _wrapped(words: str, most: int) -> list[str]:
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) + 1 > most and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
