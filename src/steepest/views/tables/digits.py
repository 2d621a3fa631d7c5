"""How many digits of a number to show: as many as its standard error supports."""

from __future__ import annotations

import math
from collections.abc import Sequence

UNKNOWN = "–"
_MOST = 12  # digits of a parameter: more are noise in print, and JSON has them all
_SMALL = 1e-6  # errors below it have an exponent even beside a value that has none
_FIXED = (1e-4, 1e7)  # magnitudes that are written without an exponent


def number(value: float, digits: int = 4) -> str:
    """A number by itself, to so many significant digits.

    Examples
    --------
    >>> number(0.0123456), number(3.0), number(float("nan"))
    ('0.01235', '3', 'not defined')
    """
    return f"{value:.{digits}g}" if not math.isnan(value) else "not defined"


def share(value: float) -> str:
    """A number up to 1, such as R², with two digits of what it lacks of 1.

    Examples
    --------
    >>> share(0.98123), share(0.99999976), share(1.0), share(-3.2)
    ('0.9812', '0.99999976', '1', '-3.2000')
    """
    if math.isnan(value) or math.isinf(value) or abs(value) >= 1e4:
        return number(value)
    text = f"{value:.{min(_MOST, max(4, 1 - _exponent(1 - value)))}f}"
    return "1" if float(text) == 1 else text


def with_error(value: float, error: float | None, bounds: Sequence[float] = ()) -> list[str]:
    """A value, its standard error and bounds as text: the error to two digits, the others to the same decimal place.

    Parameters
    ----------
    value : float
    error : float or None
        Its standard error, in the value's unit; None or not finite where there is none.
    bounds : sequence of float
        Such as the ends of an interval.

    Returns
    -------
    list of str
        Value, error, then the bounds. A value much smaller than its error still shows two digits.

    Examples
    --------
    >>> with_error(338.12345, 0.02345, [338.0776, 338.1694])
    ['338.123', '0.023', '338.078', '338.169']
    >>> with_error(1.23456e-9, 4.5e-11)
    ['1.235e-09', '4.5e-11']
    >>> with_error(0.25, None, [0.0, 1.0])
    ['0.25', '–', '0', '1']
    """
    if error is None or not math.isfinite(error) or error <= 0:
        shown = [number(each, 6) if math.isfinite(each) else UNKNOWN for each in (value, *bounds)]
        return [shown[0], "0" if error == 0 else UNKNOWN, *shown[1:]]
    error = float(f"{error:.1e}")  # to two digits, which 0.0996 reaches as 0.10
    place = 1 - _exponent(error)  # the decimals that show them
    fixed = _FIXED[0] <= max(error, abs(value)) < _FIXED[1]  # in this order, since the value may be NaN
    least = 2  # digits of the value that are shown however large its error
    return [
        _at_place(value, place, fixed, least),
        _at_place(error, place, fixed and error >= _SMALL, 2),
        *(_at_place(bound, place, fixed, 1) for bound in bounds),
    ]


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0


def _at_place(value: float, place: int, fixed: bool, least: int) -> str:
    """`value` rounded to `place` decimals, with at least `least` and at most 12 significant digits."""
    if not math.isfinite(value):
        return UNKNOWN
    exponent = _exponent(value)
    digits = max(least, min(_MOST, exponent + 1 + place))
    if not fixed:
        return f"{value:.{digits - 1}e}" if value else "0"
    decimals = digits - 1 - exponent if value else place
    text = f"{round(value, decimals):.{max(0, decimals)}f}"
    return text.removeprefix("-") if float(text) == 0 else text
