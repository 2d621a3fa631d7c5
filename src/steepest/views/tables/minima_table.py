"""The table of the minima that several descents have found."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from steepest.training.restarts import reaches
from steepest.views.tables.digits import number
from steepest.views.tables.text_table import text_table
from steepest.views.tables.words import one_line

if TYPE_CHECKING:
    from steepest.base.params import Array, Params
    from steepest.training.restarts import Minima, Minimum

_WIDTH = 100
_MOST_ROWS = 12
_MOST_PARAMETERS = 4
_NOTHING = 1e-6  # of a parameter's scale


def minima_text(minima: Minima) -> str:
    """The minima as plain text: a row each, how often it was reached, and what that says.

    Examples
    --------
    >>> import steepest as sd
    >>> found = sd.restarts(lambda x: (x**2 - 1) ** 2 + 0.1 * x, 0.9, bounds=(-2, 2), known_minimum=-0.1006)
    >>> print(minima_text(found))
    20 descents by L-BFGS-B ended in 2 places.
    ...
    """
    descents = sum(each.count for each in minima) + minima.lost
    title = f"{_count(descents, 'descent')} by {minima.method_name} ended in {_count(len(minima), 'place')}."
    if not len(minima):
        return f"{title} None has a finite loss: give another start, or bounds=."
    rows = [
        (number(each.loss, 6), f"{each.count:,}", where(each.params, minima.scale), _kind(each, minima))
        for each in minima[:_MOST_ROWS]
    ]
    table = [text_table(("loss", "reached", "at", ""), rows, right=(0, 1))]
    if len(minima) > _MOST_ROWS:
        table.append(f"and {len(minima) - _MOST_ROWS:,} more, higher")
    return "\n".join([title, "", *table, "", *(textwrap.fill(each, _WIDTH) for each in sentences(minima, descents))])


def sentences(minima: Minima, descents: int) -> list[str]:
    """What the table says, and what it cannot."""
    said = []
    if minima.lost:
        said.append(f"{_count(minima.lost, 'descent')} did not end at a finite loss.")
    lowest, known = minima.lowest, minima.known_minimum
    if known is not None:
        if lowest.is_global:
            said.append(
                f"The lowest is the known global minimum, {number(known, 6)}; {lowest.count} of {descents} starts lead to it."
            )
        else:
            said.append(
                f"None of them is the known global minimum, {number(known, 6)}: the lowest lies {number(lowest.loss - known)} "
                "above it. Give more starts, or a search such as differential_evolution."
            )
    once = sum(each.count == 1 for each in minima)
    if known is None and once:
        said.append(
            f"{once} of the places {'was' if once == 1 else 'were'} reached only once: of further starts about "
            f"{100 * once / descents:.0f} % would lead to new ones, lower or not (Good, Biometrika 40, 1953)."
        )
    elif known is None:
        said.append(
            "Every place was reached more than once: further starts would hardly lead to new ones in this region."
        )
    return said


def where(params: Params, scale: Array) -> str:
    """The first few parameters by name; what is nothing against its scale is 0.

    Examples
    --------
    >>> from steepest.base.params import Params
    >>> where(Params({"a": 1.0, "w": [0.5, 2e-11]}), np.ones(3))
    'a = 1, w[0] = 0.5, w[1] = 0'
    """
    shown = np.where(np.abs(params.flat) > _NOTHING * scale, params.flat, 0.0)[:_MOST_PARAMETERS].tolist()
    pairs = zip(params.element_names()[:_MOST_PARAMETERS], shown, strict=True)
    text = ", ".join(f"{one_line(name, 24)} = {number(value)}" for name, value in pairs)
    return f"{text}, … ({params.count:,} numbers)" if params.count > _MOST_PARAMETERS else text


def _kind(minimum: Minimum, minima: Minima) -> str:
    if not (minimum.settled or minimum.is_global):  # a tip without a slope of 0 may well be the lowest place there is
        return "not converged"
    if minimum.is_global is None:
        return "lowest found" if reaches(minimum.loss, minima.lowest.loss, minima.first) else "local"
    return "global" if minimum.is_global else "local"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"
