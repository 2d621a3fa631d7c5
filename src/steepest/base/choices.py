"""Choices by name: what is offered when a name is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from steepest.base.errors import ModelError

T = TypeVar("T")


def chosen(what: str, name: str, table: Mapping[str, T]) -> T:
    """``table[name]``; case does not matter, and ``-``, blanks and ``_`` are one.

    Raises
    ------
    ModelError
        There is none of this name: the nearest one is offered, and all are listed.

    Examples
    --------
    >>> chosen("colour", "Dark-Red", {"dark_red": 1, "blue": 2})
    1
    >>> chosen("colour", "bleu", {"dark_red": 1, "blue": 2})
    Traceback (most recent call last):
    steepest.base.errors.ModelError: unknown colour 'bleu'. Did you mean 'blue'? There are dark_red, blue.
    """
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    if key in table:
        return table[key]
    raise unknown(what, name, table, table)


def suggestion(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'blue'?`` with a blank in front, for a name that is close to a `known` one; else nothing.

    Examples
    --------
    >>> f"there is no bleu.{suggestion('bleu', ['red', 'blue'])}", suggestion("x", ["red", "blue"])
    ("there is no bleu. Did you mean 'blue'?", '')
    """
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def unknown(what: str, name: str, known: Iterable[str], listed: Iterable[str]) -> ModelError:
    """The error for a name that is not `known`: offers the nearest, and says which are `listed` as there."""
    near = difflib.get_close_matches(name.strip().lower().replace("-", "_").replace(" ", "_"), list(known), n=1)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    return ModelError(f"unknown {what} '{name}'. {hint}There are {', '.join(listed)}.")
