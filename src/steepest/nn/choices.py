"""Choices by name: what is offered when a name is not known."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
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
    near = difflib.get_close_matches(key, table, n=1)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    raise ModelError(f"unknown {what} '{name}'. {hint}There are {', '.join(table)}.")
