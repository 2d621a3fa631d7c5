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
from steepest.views.digits import number
from steepest.views.minima_table import where
from steepest.views.text_table import rich_table, text_table
from steepest.views.words import one_line

if TYPE_CHECKING:
    from steepest.comparison.result import Comparison, Entry

_WIDTH = 100
_MOST_MINIMA = 6
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HEAD = ("method", "best", "median", "spread", "evaluations", "seconds", "ended")
_RIGHT = (1, 2, 3, 4, 5)
NOTES = (
    "Loss: the lowest on all rows; spread: distance of the quartiles over the starts. Rates of descent rules come from a sweep, "
    "which the budget has paid for."
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
    text = " ".join(f"{n}{letter}" for letter, n in sorted(counts.items()))
    outcomes = Counter(race.outcome for race in entry.races)
    spent = outcomes.pop("budget spent", 0)
    return f"{text}, on the way {spent}x" if spent and _on_the_way(comparison, entry) else text


def _on_the_way(comparison: Comparison, entry: Entry) -> bool:
    """Whether a race was cut short visibly above its minimum."""
    found = comparison.endings or []
    return any(
        k is not None and race.loss > found[k].loss + 1e-3 * comparison.way
        for race, k in zip(entry.races, comparison.ended_in(entry.name), strict=True)
    )


def _letter(place: int | None) -> str:
    return "?" if place is None else _LETTERS[place] if place < _MOST_MINIMA else "+"


def _title(comparison: Comparison) -> str:
    starts = len(comparison.best.races)
    return f"{len(comparison)} methods, {comparison.budget} each from {starts} start{'s' * (starts != 1)}"


def _minima_title(comparison: Comparison) -> str:
    more = len(comparison.endings or []) - _MOST_MINIMA
    return "The minima that they led to" + (f" ({more:,} more, +, are higher)" if more > 0 else "")


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
    parts = [_title(comparison), "", text_table(HEAD, race_rows(comparison), _RIGHT), "", textwrap.fill(NOTES, width)]
    if comparison.endings:
        parts += ["", _minima_title(comparison), "", text_table(("", "loss", "at", ""), minima_rows(comparison), (1,))]
    return "\n".join([*parts, "", textwrap.fill(comparison.advice, width)])


def race_summary(comparison: Comparison) -> Group:
    """The comparison as something that Rich prints, in colour where there is colour."""
    parts: list[Any] = [Text(_title(comparison), style="bold"), Text(), rich_table(HEAD, race_rows(comparison), _RIGHT)]
    parts += [Text(), Text(NOTES, style="dim")]
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
