"""Checks of the numbers that a person gives: one sentence that names the argument, the value and what is allowed."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any

from steepest.base.errors import ModelError


def is_number(value: Any) -> bool:
    """A real number that is neither NaN nor a truth value; infinity is one."""
    return not isinstance(value, bool) and isinstance(value, Real) and not math.isnan(value)


def _is_finite(value: Any) -> bool:
    return is_number(value) and math.isfinite(value)


def whole(what: str, value: Any, least: int = 1) -> int:
    """`value` as an int of at least `least`; 32.0 counts as 32.

    Raises
    ------
    ModelError
        It is no such number; names it by `what`. So do all functions here.
    """
    try:
        number = operator.index(int(value) if isinstance(value, float) and value.is_integer() else value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, bool):
        raise ModelError(f"{what} must be a whole number, at least {least}, not {value!r}.")
    return number


def finite(what: str, value: Any) -> None:
    """Any number but infinity."""
    if not _is_finite(value):
        raise ModelError(f"{what} must be a finite number, not {value!r}.")


def positive(what: str, value: Any, why: str = "", finite: bool = True) -> float:
    """`value` as a float above 0; infinity only where ``finite=False``."""
    if not ((_is_finite if finite else is_number)(value) and value > 0):
        raise ModelError(f"{what} must be a positive number{why}, not {value!r}.")
    return float(value)


def not_negative(what: str, value: Any) -> None:
    """A finite number, at least 0."""
    if not (_is_finite(value) and value >= 0):
        raise ModelError(f"{what} must be a number, at least 0, not {value!r}.")


def between(what: str, value: Any, low: float, high: float) -> None:
    """low <= value <= high."""
    if not (_is_finite(value) and low <= value <= high):
        raise ModelError(f"{what} must be a number from {low:g} to {high:g}, not {value!r}.")


def fraction(what: str, value: Any) -> None:
    """0 <= value < 1, as for the decay of a running mean."""
    if not (_is_finite(value) and 0.0 <= value < 1.0):
        raise ModelError(f"{what} must be at least 0 and below 1, not {value!r}.")


def epsilon(what: str, value: Any) -> None:
    """A positive number that keeps a division finite."""
    positive(what, value, " (with 0, a parameter whose gradient is 0 would be divided by 0)")
