"""The live line of a fit in progress."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from time import perf_counter

from steepest.training.hooks import Hook
from steepest.training.progress import described

_SECONDS = 0.1


@contextlib.contextmanager
def progress_line(shown: bool) -> Iterator[list[Hook]]:
    """Hooks that keep one line on standard error up to date; none unless it is a terminal that can rewrite a line."""
    with _line(shown) as show:
        yield [] if show is None else [Hook(lambda run: show(described(run)), every=_SECONDS, unit="second")]


@contextlib.contextmanager
def counting_line(shown: bool, what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A function ``(done, all)`` that keeps one line such as "refit 20 of 1,000" up to date; None as above."""
    with _line(shown) as show:
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
def _line(shown: bool) -> Iterator[Callable[[str], None] | None]:
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
