"""The live line of a fit in progress."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING

from steepest.base.progress import listening
from steepest.training.hooks import Hook
from steepest.training.progress import described

if TYPE_CHECKING:
    from steepest.training.run import Run

_SECONDS = 0.1


@contextlib.contextmanager
def progress_line(shown: bool, head: str = "") -> Iterator[list[Hook]]:
    """Hooks that keep one line on standard error up to date; none unless it is a terminal that can rewrite a line.

    The line also says what is told by `steepest.base.progress.tell`: how much is read, and where within a step a fit to very
    many rows is. It begins with `head`, and after the first step with what `described` says.
    """
    with live_line(shown) as show:
        if show is None:
            yield []
            return
        last = 0.0

        def step(run: Run) -> None:
            nonlocal last, head
            last, head = perf_counter(), f"{described(run)}   "
            show(head)

        def hear(what: str, done: int, total: int) -> None:
            nonlocal last
            if perf_counter() - last >= _SECONDS:
                last = perf_counter()
                show(f"{head}{what}{f' {done:,}' if done else ''}{f' of {total:,}' if total else ''}")

        with listening(hear):
            yield [Hook(step, every=_SECONDS, unit="second")]


@contextlib.contextmanager
def counting_line(shown: bool, what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A function ``(done, all)`` that keeps one line such as "refit 20 of 1,000" up to date; None as above."""
    with live_line(shown) as show:
        if show is None:
            yield None
            return
        last = 0.0

        def count(done: int, total: int) -> None:
            nonlocal last
            if (now := perf_counter()) - last >= _SECONDS or done == total:
                last = now
                show(f"{what} {done:,} of {total:,}")

        yield count


@contextlib.contextmanager
def live_line(shown: bool) -> Iterator[Callable[[str], None] | None]:
    """A function that keeps one line on standard error up to date; None unless it is a terminal that can rewrite a line."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield None
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield lambda text: live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)
