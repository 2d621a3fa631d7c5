"""Names and formulas as text in a picture or a table."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PIECE = re.compile(r"[^\s+*/,()-]*[\s+*/,()-]*")  # up to and with the next signs, where a formula may be broken


def one_line(text: str, longest: int = 60) -> str:
    """Text on one line: control characters become blanks, and what is too long ends in an ellipsis.

    Examples
    --------
    >>> one_line("wind\\nspeed"), one_line("abcdefgh", 5)
    ('wind speed', 'abcd…')
    """
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def told_apart(names: Iterable[object], longest: int) -> list[str]:
    """Names on one line each, those that are too long without their middle, so that a number at the end stays.

    Examples
    --------
    >>> told_apart(["a rather long name 1", "a rather long name 2", 3], 12)
    ['a rat…name 1', 'a rat…name 2', '3']
    """
    shown = []
    for name in names:
        text = one_line(str(name), 10_000)
        tail = longest // 2
        shown.append(text if len(text) <= longest else f"{text[: longest - tail - 1]}…{text[-tail:]}")
    return shown


def wrap_formula(text: str, width: int, most_lines: int | None = None) -> list[str]:
    """A formula in lines of at most `width`, broken after signs and blanks; names stay whole where they can.

    Examples
    --------
    >>> wrap_formula("growth ~ alpha*light+beta*warmth", 16)
    ['growth ~ alpha*', 'light+beta*', 'warmth']
    >>> wrap_formula("growth ~ alpha*light+beta*warmth", 16, most_lines=2)
    ['growth ~ alpha*', 'light+beta* …']
    """
    lines = [""]
    for piece in _PIECE.findall(one_line(text, len(text))):
        if len((lines[-1] + piece).rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1].rstrip()) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    lines = [line.strip() for line in lines]
    if most_lines is not None and len(lines) > most_lines:
        lines = [*lines[: most_lines - 1], lines[most_lines - 1][: width - 2] + " …"]
    return lines
