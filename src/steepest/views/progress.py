"""How far a long drawing is: one line on standard error, or a function of the caller's own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any, TypeVar

T = TypeVar("T")
Tell = Callable[[int, int], Any]

_PATIENCE = 0.7  # seconds: what is done sooner needs no line


@contextlib.contextmanager
def telling(what: str, progress: Tell | None = None) -> Iterator[Tell]:
    """A function of (done, total): `progress` itself, or one that keeps a line on a terminal up to date.

    The line appears after a moment, goes away at the end, and is not written where standard error is no terminal.
    """
    if progress is not None:
        yield progress
    elif not sys.stderr.isatty():
        yield lambda done, total: None
    else:
        with contextlib.ExitStack() as stack:
            yield _Line(what, stack)


def counted(items: Sequence[T], what: str, progress: Tell | None = None) -> Iterator[T]:
    """The items, one after the other, told before each and at the end.

    Examples
    --------
    >>> list(counted("ab", "letters", lambda done, total: print(done, total)))
    0 2
    1 2
    2 2
    ['a', 'b']
    """
    with telling(what, progress) as tell:
        for done, item in enumerate(items):
            tell(done, len(items))
            yield item
        tell(len(items), len(items))


class _Line:
    def __init__(self, what: str, stack: contextlib.ExitStack) -> None:
        self.what, self.stack = what, stack
        self.began = perf_counter()
        self.bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        if self.bar is None:
            if perf_counter() - self.began < _PATIENCE or done >= total:
                return
            from rich.console import Console
            from rich.progress import Progress

            self.bar = self.stack.enter_context(Progress(console=Console(stderr=True), transient=True))
            self.task = self.bar.add_task(self.what, total=total)
        self.bar.update(self.task, completed=done)
