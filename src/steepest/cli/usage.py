"""The values of options: how their texts are read, and what is said when they make no sense."""

from __future__ import annotations

import math

from steepest.base.errors import SteepestError


class UsageError(SteepestError):
    """The command line was called in a way that it does not understand."""


def whole_number(option: str, text: str | None, least: int | None = None) -> int | None:
    """The whole number in the text of an option; None where the option was left out.

    Raises
    ------
    UsageError
        It is no whole number, or below `least`.

    Examples
    --------
    >>> whole_number("--steps", "2e4", least=0)
    20000
    """
    if text is None:
        return None
    number = _number(text)
    if number is None or not number.is_integer() or (least is not None and number < least):
        bound = "" if least is None else f", at least {least}"
        raise UsageError(f"{option} must be a whole number{bound}, not {text}.")
    return int(text) if text.strip().lstrip("+-").isdecimal() else int(number)  # beyond 2**53 a float is not exact


def positive_number(option: str, text: str | None, unit: str = "") -> float | None:
    """The number above 0 in the text of an option; None where the option was left out.

    Raises
    ------
    UsageError
        It is no number, not above 0, or not finite.
    """
    if text is None:
        return None
    number = _number(text)
    if number is None or not 0 < number < math.inf:
        raise UsageError(f"{option} must be a positive number{unit}, not {text}.")
    return number


def any_number(option: str, text: str | None) -> float | None:
    """The number in the text of an option; None where the option was left out.

    Raises
    ------
    UsageError
        It is no number.
    """
    if text is None:
        return None
    number = _number(text)
    if number is None or math.isnan(number):
        raise UsageError(f"{option} must be a number, not {text}.")
    return number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def parse_values(option: str, text: str | None) -> dict[str, float] | None:
    """The numbers by name in ``a=1,b=2.5e-3``; None where the option was left out.

    Raises
    ------
    UsageError
        A part is not a name, an equals sign and a finite number, or a name comes twice.

    Examples
    --------
    >>> parse_values("--start", "a=1, b=-2.5e-3")
    {'a': 1.0, 'b': -0.0025}
    """
    if text is None:
        return None
    hint = f"Write it like {option} a=1,b=2.5."
    values: dict[str, float] = {}
    for part in text.split(","):
        name, sign, number = (piece.strip() for piece in part.partition("="))
        if not part.strip():
            raise UsageError(f"{option} {text!r} has nothing between two commas. {hint}" if text.strip() else
                             f"{option} is empty. {hint}")  # fmt: skip
        if not name or not sign:
            raise UsageError(f"{option} has {part.strip()!r}, which is not a name and a number. {hint}")
        if name in values:
            raise UsageError(f"{option} gives {name!r} twice.")
        value = _number(number)
        if value is None:
            raise UsageError(f"{option} gives {name!r} the value {number!r}, which is not a number. {hint}")
        if not math.isfinite(value):
            raise UsageError(f"{option} gives {name!r} the value {number}; it must be finite.")
        values[name] = value
    return values
