"""The live line of a fit in progress."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from steepest.training.hooks import Hook

if TYPE_CHECKING:
    from steepest.training.run import Run

_SECONDS = 0.1


@contextlib.contextmanager
def progress_line(shown: bool) -> Iterator[list[Hook]]:
    """Hooks that keep one line on standard error up to date; none unless it is a terminal that can rewrite a line."""
    if not shown:
        yield []
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield []
        return

    def show(run: Run) -> None:
        live.update(Text(describe(run), no_wrap=True, overflow="ellipsis"), refresh=True)

    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield [Hook(show, every=_SECONDS, unit="second")]


def describe(run: Run) -> str:
    """How far a run is, in a line."""
    return f"step {run.steps_done:,} of {run.steps_planned:,}   loss {run.last_loss:.6g}   {run.elapsed:.1f} s"
