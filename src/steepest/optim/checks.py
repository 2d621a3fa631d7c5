"""Checks of hyperparameters: one sentence that names the argument, the value and what is allowed."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from steepest.base.errors import ModelError


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and math.isfinite(float(value))


def fraction(what: str, value: Any) -> None:
    """0 <= value < 1, as for the decay of a running mean."""
    if not (_is_number(value) and 0.0 <= value < 1.0):
        raise ModelError(f"{what} must be at least 0 and below 1, not {value!r}.")


def positive(what: str, value: Any, why: str = "") -> None:
    """A finite number above 0."""
    if not (_is_number(value) and value > 0):
        raise ModelError(f"{what} must be a positive number{why}, not {value!r}.")


def not_negative(what: str, value: Any) -> None:
    """A finite number, at least 0."""
    if not (_is_number(value) and value >= 0):
        raise ModelError(f"{what} must be a number, at least 0, not {value!r}.")


def between(what: str, value: Any, low: float, high: float) -> None:
    """low <= value <= high."""
    if not (_is_number(value) and low <= value <= high):
        raise ModelError(f"{what} must be a number from {low:g} to {high:g}, not {value!r}.")


def whole(what: str, value: Any, least: int = 1) -> None:
    """A whole number, at least `least`."""
    if not (_is_number(value) and value == int(value) and value >= least):
        raise ModelError(f"{what} must be a whole number, at least {least}, not {value!r}.")


def epsilon(what: str, value: Any) -> None:
    """A positive number that keeps a division finite."""
    positive(what, value, " (with 0, a parameter whose gradient is 0 would be divided by 0)")
