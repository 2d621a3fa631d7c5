"""Pieces of a page: every text that comes from the user goes through `escape` here."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from html import escape

from steepest.views.tables.words import one_line

_LONG = 34  # letters of a value that wants a line of its own


def text(value: object, longest: int = 200) -> str:
    """Text for the page: on one line, and no part of it is markup.

    Examples
    --------
    >>> text("<script>\\n&")
    '&lt;script&gt; &amp;'
    """
    return escape(one_line(str(value), longest))


def prose(sentence: object) -> str:
    """A sentence, in which no line is broken inside a number or before its %.

    Examples
    --------
    >>> prose("a slope of 2e-14")
    "a slope of <span class='whole'>2e-14</span>"
    """
    shown = text(sentence, 2000).replace(" %", "&#xa0;%")
    return re.sub(r"[\d.]+e-\d+", r"<span class='whole'>\g<0></span>", shown)


def paragraph(sentence: object, kind: str = "") -> str:
    """A paragraph."""
    return f"<p{f' class={kind!r}' if kind else ''}>{prose(sentence)}</p>"


def bullets(sentences: Iterable[object]) -> str:
    """A list; nothing if it is empty."""
    items = "".join(f"<li>{prose(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def table(caption: str, head: Sequence[object], rows: Iterable[Sequence[object]], left: Sequence[int] = (0,)) -> str:
    """A table that scrolls by itself where it is wider than the page; the cells of a row's first column are its heading.

    Parameters
    ----------
    caption : str
        What it shows, for everybody.
    head, rows : sequences
    left : sequence of int
        The columns of words; the others are of numbers, and stand at the right.
    """
    sides = ["" if k in left else " class='n'" for k in range(len(head))]
    titles = "".join(f"<th scope='col'{side}>{text(title)}</th>" for title, side in zip(head, sides))
    body = []
    for first, *rest in rows:
        cells = "".join(f"<td{side}>{text(cell)}</td>" for cell, side in zip(rest, sides[1:]))
        body.append(f"<tr><th scope='row'{sides[0]}>{text(first)}</th>{cells}</tr>")
    return (
        f"<div class='wide' tabindex='0' role='region' aria-label='{escape(caption)}'><table><caption>{escape(caption)}"
        f"</caption><thead><tr>{titles}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def pairs(rows: Iterable[tuple[str, object]]) -> str:
    """Names and what they are; long ones have a line of their own."""
    shown = [(text(name), text(value, 500), " class='long'" * (len(str(value)) > _LONG)) for name, value in rows]
    return (
        "<dl>" + "".join(f"<div{long}><dt>{name}</dt><dd>{value}</dd></div>" for name, value, long in shown) + "</dl>"
    )


def preformatted(words: str) -> str:
    """Text to be copied, as it stands."""
    shown = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in words)
    return f"<pre tabindex='0'><code>{escape(shown)}</code></pre>"


def section(anchor: str, title: str, *parts: str) -> str:
    """A section with its heading; nothing if it is empty."""
    body = "\n".join(part for part in parts if part)
    return (
        f"<section id='{anchor}' aria-labelledby='{anchor}-title'><h2 id='{anchor}-title'>{title}</h2>{body}</section>"
        if body
        else ""
    )


def data_url(content: bytes, kind: str) -> str:
    """Content as an address of itself."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
