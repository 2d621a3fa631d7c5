"""Checks of the numbers that a person gives for a run."""

from __future__ import annotations

import math
import numbers
import operator
from typing import Any

from steepest.base.errors import ModelError


def whole(value: Any, what: str, least: int) -> int:
    """`value` as an int of at least `least`; 32.0 counts as 32.

    Raises
    ------
    ModelError
        It is no such number; names it by `what`.
    """
    try:
        number = operator.index(int(value) if isinstance(value, float) and value.is_integer() else value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, bool):
        raise ModelError(f"{what} must be a whole number, at least {least}, not {value!r}.")
    return number


def positive(value: Any, what: str) -> float:
    """`value` as a float above zero, infinity included.

    Raises
    ------
    ModelError
        It is no such number; names it by `what`.
    """
    number = math.nan if isinstance(value, bool) or not isinstance(value, numbers.Real) else float(value)
    if not number > 0:
        raise ModelError(f"{what} must be a positive number, not {value!r}.")
    return number
