"""Progress: how far a long piece of work is, told to whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]  # what is done, how much is done, and how much there is: 0 if not known

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def tell(what: str, done: int = 0, total: int = 0) -> None:
    """Say what is being done and how far it is; nothing happens where nobody listens.

    Examples
    --------
    >>> with listening(print):
    ...     tell("rows", 3, 10)
    rows 3 10
    """
    listener = _listener.get()
    if listener is not None:
        listener(what, done, total)


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Within this block ``listener(what, done, total)`` is called at every `tell`; it may be called very often."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
