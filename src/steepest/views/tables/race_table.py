"""The table of a comparison: how each method fared, the minima they ended in, and what to use."""

from __future__ import annotations

import html
import math
import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from steepest.comparison.advice import EQUAL
from steepest.comparison.race import IMPOSSIBLE
from steepest.views.tables.digits import number
from steepest.views.tables.minima_table import where
from steepest.views.tables.text_table import rich_table, text_table
from steepest.views.tables.words import one_line

if TYPE_CHECKING:
    from steepest.comparison.result import Comparison, Entry

_WIDTH = 100
_MOST_MINIMA = 6
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HEAD = ("method", "best", "median", "spread", "evaluations", "seconds", "ended")
_RIGHT = (1, 2, 3, 4, 5)
_LEFT_OUT = ("seconds", "spread", "evaluations", "best")  # one after the other, on terminals that are too narrow
_GAP = 3  # between columns
_LOSSES = (
    "Best, median: of the lowest loss on all rows that was reached from each start; spread: distance of the quartiles. "
    "Learning rates that nobody gave come from a sweep, which the budget has paid for."
)
_ENDED = (
    "Ended: the minima, by their letters below, to which the ends of the races lead downhill, and how many races each; "
    "unfinished: so many were still visibly above theirs when the budget was spent."
)


def race_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """A row for each method, the best first."""
    return [
        (
            one_line(entry.name, 36), _loss(entry.best), _loss(entry.median), _loss(entry.spread),
            _evaluations(entry.evaluations), number(entry.seconds, 2), _ended(comparison, entry),
        )
        for entry in comparison.ranking
    ]  # fmt: skip


def minima_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """A row for each of the lowest minima: its letter, loss and place, and what it is."""
    found = comparison.endings or []
    rows: list[tuple[str, ...]] = []
    for k, ending in enumerate(found[:_MOST_MINIMA]):
        lowest = ending.loss <= found[0].loss + EQUAL * comparison.way
        kind = {None: "lowest found" if lowest else "local", True: "global", False: "local"}[ending.is_global]
        kind = kind if ending.settled or ending.is_global else "not converged"
        rows.append((_LETTERS[k], number(ending.loss, 6), where(ending.params, comparison.scale), kind))
    return rows


def _evaluations(count: float) -> str:
    return f"{count:,.0f}" if count >= 10 else number(count, 2)


def _loss(loss: float) -> str:
    return number(loss) if math.isfinite(loss) else "none"


def _ended(comparison: Comparison, entry: Entry) -> str:
    """The minima of the races with how often each, or their outcomes."""
    if entry.races[0].outcome == IMPOSSIBLE:
        return IMPOSSIBLE
    if comparison.endings is None:
        counts = Counter(race.outcome.replace("_", " ") for race in entry.races)
        return ", ".join(outcome if len(counts) == 1 else f"{outcome} {n}x" for outcome, n in counts.most_common())
    counts = Counter(_letter(k) for k in comparison.ended_in(entry.name))
    text = ", ".join(f"{letter} {n}x" for letter, n in sorted(counts.items(), key=lambda item: _order(item[0])))
    unfinished = _unfinished(comparison, entry)
    return f"{text}; {unfinished} unfinished" if unfinished else text


def _unfinished(comparison: Comparison, entry: Entry) -> int:
    """How many races the budget cut short visibly above their minimum."""
    found = comparison.endings or []
    return sum(
        race.outcome == "budget spent" and k is not None and race.loss > found[k].loss + 1e-3 * comparison.way
        for race, k in zip(entry.races, comparison.ended_in(entry.name), strict=True)
    )


def _letter(place: int | None) -> str:
    return "none" if place is None else _LETTERS[place] if place < _MOST_MINIMA else "higher"


def _order(letter: str) -> tuple[int, str]:
    """Minima from the lowest on, then those without a letter of their own."""
    return (("higher", "none").index(letter) + 1 if len(letter) > 1 else 0, letter)


def _title(comparison: Comparison) -> str:
    starts = len(comparison.best.races)
    return f"{len(comparison)} methods, {comparison.budget} each from {starts} start{'s' * (starts != 1)}"


def _minima_title(comparison: Comparison) -> str:
    more = len(comparison.endings or []) - _MOST_MINIMA
    return "The minima that they led to" + (f" ({more:,} more are higher)" if more > 0 else "")


def _notes(comparison: Comparison) -> str:
    return _LOSSES if comparison.endings is None else f"{_LOSSES} {_ENDED}"


def _within(width: int, rows: list[tuple[str, ...]]) -> tuple[tuple[str, ...], list[tuple[str, ...]], list[int]]:
    """Head, rows and the columns set to the right of a table that fits, without the columns that matter least."""
    kept = list(range(len(HEAD)))
    for title in _LEFT_OUT:
        if sum(max(len(row[k]) for row in (HEAD, *rows)) + _GAP for k in kept) - _GAP <= width:
            break
        kept.remove(HEAD.index(title))
    rows = [tuple(row[k] for k in kept) for row in rows]
    return tuple(HEAD[k] for k in kept), rows, [kept.index(k) for k in _RIGHT if k in kept]


def race_text(comparison: Comparison, width: int = _WIDTH) -> str:
    """The comparison as plain text, without colours or control characters.

    Parameters
    ----------
    comparison : Comparison
        What `sd.compare` returns.
    width : int
        Characters a line; tables that need more are not broken.

    Examples
    --------
    >>> import steepest as sd
    >>> race = sd.compare(sd.functions.beale.problem(), "lbfgs, random_search", 300, seeds=3)
    >>> print(race_text(race))
    2 methods, 300 evaluations each from 3 starts
    ...
    """
    parts = [
        _title(comparison),
        "",
        text_table(HEAD, race_rows(comparison), _RIGHT),
        "",
        textwrap.fill(_notes(comparison), width),
    ]
    if comparison.endings:
        parts += ["", _minima_title(comparison), "", text_table(("", "loss", "at", ""), minima_rows(comparison), (1,))]
    return "\n".join([*parts, "", textwrap.fill(comparison.advice, width)])


def race_summary(comparison: Comparison, width: int = _WIDTH) -> Group:
    """The comparison as something that Rich prints, in colour where there is colour; `width` is the terminal's."""
    table = rich_table(*_within(width, race_rows(comparison)))
    parts: list[Any] = [Text(_title(comparison), style="bold"), Text(), table, Text()]
    parts += [Text(_notes(comparison), style="dim")]
    if comparison.endings:
        parts += [Text(), Text(_minima_title(comparison)), Text()]
        parts.append(rich_table(("", "loss", "at", ""), minima_rows(comparison), (1,)))
    return Group(*parts, Text(), Text(comparison.advice))


def race_html(comparison: Comparison) -> str:
    """The comparison as a fragment of HTML that takes on the colours of the page it stands in."""
    tables: list[tuple[tuple[str, ...], list[tuple[str, ...]]]] = [(HEAD, race_rows(comparison))]
    if comparison.endings:
        tables.append((("", "loss", "at", ""), minima_rows(comparison)))
    shown = ""
    for head, rows in tables:
        titles = "".join(f"<th>{html.escape(title)}</th>" for title in head)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        shown += f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div><p><b>{html.escape(_title(comparison))}</b></p>{shown}<p>{html.escape(comparison.advice)}</p></div>"


def race_object(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain numbers, lists and texts; see docs/command-line.md."""
    found = comparison.endings
    return {
        "budget": {"amount": comparison.budget.amount, "unit": comparison.budget.unit},
        "rows": comparison.problem.rows if comparison.problem.has_data else None,
        "parameters": comparison.problem.start.element_names(),
        "starts": [race.start.flat.tolist() for race in comparison.best.races],
        "methods": [
            {
                "name": entry.name, "best": entry.best, "median": entry.median, "spread": entry.spread,
                "evaluations": entry.evaluations, "seconds": entry.seconds,
                "races": [
                    {"loss": race.loss, "parameters": race.params.flat.tolist(), "evaluations": race.evaluations,
                     "seconds": race.seconds, "outcome": race.outcome, "message": race.message, "rate": race.rate, "minimum": k}
                    for race, k in zip(entry.races, comparison.ended_in(entry.name), strict=True)
                ],
            }
            for entry in comparison.ranking
        ],
        "minima": None if found is None else [
            {"loss": each.loss, "parameters": each.params.flat.tolist(), "global": each.is_global} for each in found
        ],
        "use": comparison.best.name if math.isfinite(comparison.best.median) else None,
        "advice": comparison.advice,
    }  # fmt: skip
