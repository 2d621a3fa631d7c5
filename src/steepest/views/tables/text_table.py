"""A table as plain text."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDEST = 10_000


def rich_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> Table:
    """The table as something that Rich prints; the columns at the places `right` are set to the right."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for place, title in enumerate(head):
        table.add_column(title, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """The table as lines of text, as wide as it needs to be.

    Examples
    --------
    >>> for line in text_table(("name", "loss"), [("a", "1"), ("bc", "0.5")], right=(1,)).splitlines():
    ...     print(repr(line))
    'name   loss'
    '───────────'
    'a         1'
    'bc      0.5'
    """
    stream = io.StringIO()
    console = Console(file=stream, width=_WIDEST, color_system=None, force_terminal=False, legacy_windows=False)
    table = rich_table(head, rows, right)
    console.width = console.measure(table).maximum
    console.print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())
