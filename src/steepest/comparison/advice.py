"""Advice: which method to use, by how much, and what a comparison cannot tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from steepest.comparison.race import IMPOSSIBLE

if TYPE_CHECKING:
    from steepest.comparison.result import Comparison, Entry

EQUAL = 1e-8  # of the way from the start to the lowest loss: medians that differ by less are equally low
THERE = 1e-3  # of that way: as good as there
MANY = 10  # parameters for a search
EARLY = 10.0  # the order is also looked at when so much less is spent


def advice(comparison: Comparison) -> str:
    """One paragraph: which to use for this data and this budget, by how much, and what the comparison cannot tell."""
    best = comparison.best
    if not math.isfinite(best.median):
        return (
            f"No method has found a finite loss from half of the starts within {comparison.budget}. Give another start, or "
            "bounds within which the model is defined."
        )
    if all(race.loss >= race.first for entry in comparison for race in entry.races):
        return f"No method has found anything lower than its start within {comparison.budget}: give more, or another start."
    said = [
        f"For {_problem(comparison)}, with {comparison.budget}{' for each start' * (len(best.races) > 1)}: use {best.name}.",
        *_by_how_much(comparison, best),
        *_where(comparison, best),
        *_earlier_and_later(comparison, best),
        *_searches(comparison),
        *_impossible(comparison),
        _cannot_tell(comparison),
    ]
    return " ".join(said)


def equally_low(comparison: Comparison) -> list[Entry]:
    """The methods whose medians are as low as the lowest."""
    least = comparison.best.median + EQUAL * comparison.way
    return [entry for entry in comparison.ranking if entry.median <= least]


def _problem(comparison: Comparison) -> str:
    n, rows = comparison.problem.start.flat.size, comparison.problem.rows
    if not comparison.problem.has_data:
        return f"this function of {_count(n, 'number')}"
    return f"{'this row' if rows == 1 else f'these {rows:,} rows'} and {_count(n, 'parameter')}"


def _by_how_much(comparison: Comparison, best: Entry) -> list[str]:
    level, said = equally_low(comparison), []
    if len(comparison) == 1:
        return [f"Its median loss is {best.median:.4g}; there is nothing to compare it with."]
    if len(level) > 1:
        others = _list([entry.name for entry in level[1:]])
        said.append(f"It ends as low as {others}, at a median loss of {best.median:.4g}{_sooner(comparison)}.")
    rest = comparison.ranking[len(level) :]
    if not rest:
        return said
    following = rest[0]
    if not math.isfinite(following.median):
        return [*said, f"{following.name} has found no finite loss from half of the starts."]
    lowest = comparison.lowest if comparison.known_minimum is None else comparison.known_minimum
    above, further = best.median - lowest, following.median - lowest
    times = f", {_times(further / above)} as far above the lowest loss" if above > EQUAL * comparison.way else ""
    theirs, ours = told_apart(following.median, best.median)
    said.append(f"Next is {following.name} with a median loss of {theirs} against {ours}{times}.")
    if max(best.losses) > min(following.losses) and following.spread + best.spread > further - above:
        said.append("The starts differ by more than the two methods do, so their order may be chance.")
    return said


def told_apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to tell them apart, at least four.

    Examples
    --------
    >>> told_apart(15843.2, 15843.1), told_apart(0.5, 2.0)
    (('15843.2', '15843.1'), ('0.5', '2'))
    """
    pairs = ((f"{one:.{digits}g}", f"{other:.{digits}g}") for digits in range(4, 18))
    return next((pair for pair in pairs if pair[0] != pair[1]), (f"{one:.4g}", f"{other:.4g}"))


def _sooner(comparison: Comparison) -> str:
    """What it took the methods that are equally low to get there."""
    best, *others = equally_low(comparison)
    there, unit = comparison.there, comparison.budget.unit
    mine = best.spent_until(there, unit)
    costs = [
        f"{_amount(cost, unit)} ({entry.name}{_from_some(comparison, entry)})"
        for entry in others
        if math.isfinite(cost := entry.spent_until(there, unit))
    ]
    if not costs or not math.isfinite(mine):
        return ""
    return f", and gets within a thousandth of the way to it after {_amount(mine, unit)}{_unit(unit)}, instead of {_list(costs)}"


def _from_some(comparison: Comparison, entry: Entry) -> str:
    low = sum(loss <= comparison.there for loss in entry.losses)
    return "" if low == len(entry.races) else f", from {low} of {len(entry.races)} starts"


def _where(comparison: Comparison, best: Entry) -> list[str]:
    """How reliably the best one ends in the lowest minimum."""
    found = comparison.endings
    if not found:
        return []
    if found[0].is_global is False:
        return ["No method has found the known global minimum: give more budget, or other bounds."]
    level = found[0].loss + EQUAL * comparison.way
    ended = comparison.ended_in(best.name)
    lowest, count = sum(k is not None and found[k].loss <= level for k in ended), len(ended)
    which = "the lowest minimum that any method found" if found[0].is_global is None else "the known global minimum"
    if lowest == count == 1:
        return [f"It led to {which}."]
    if lowest == count:
        return [f"From all {count} starts it led to {which}."]
    remedy = "use restarts, or a search" if best.entrant.uses_gradients else "run it more than once"
    return [f"From {lowest} of {count} starts it led to {which}: {remedy}."]


def _earlier_and_later(comparison: Comparison, best: Entry) -> list[str]:
    unit, amount = comparison.budget.unit, comparison.budget.amount / EARLY
    early = sorted(comparison.entries, key=lambda entry: entry.loss_after(amount, unit))
    lead, mine = early[0].loss_after(amount, unit), best.loss_after(amount, unit)
    said = []
    if early[0] is not best and mine > lead + THERE * comparison.way:
        said.append(
            f"With a tenth of the budget {early[0].name} would be ahead ({lead:.4g} against {mine:.4g}): take it if you have "
            "less time."
        )
    if any(race.outcome == "budget spent" for race in best.races):
        middle = best.loss_after(comparison.budget.amount / 2.0, unit)
        if middle - best.median > THERE * comparison.way:
            said.append("It was still falling when the budget was spent: with more of it the order may change.")
    return said


def _searches(comparison: Comparison) -> list[str]:
    """Whether to search or to descend."""
    descents = [entry for entry in comparison.ranking if entry.entrant.uses_gradients and math.isfinite(entry.median)]
    searches = [entry for entry in comparison.ranking if not entry.entrant.uses_gradients]
    if not descents or not searches:
        return []
    descent, search, n = descents[0], searches[0], comparison.problem.start.flat.size
    room, few = EQUAL * comparison.way, _count(n, "parameter")
    if search.median < descent.median - room:
        return [
            f"A search beats every descent here: descents end in the minimum that their start leads to, and {few} "
            f"{'is' if n == 1 else 'are'} few enough to search."
        ]
    if search.median <= descent.median + THERE * comparison.way:
        unit, there = comparison.budget.unit, descent.median + THERE * comparison.way
        ratio = search.spent_until(there, unit) / max(descent.spent_until(there, unit), 1e-300)
        if not math.isfinite(ratio):
            return [f"With {few} a search gets nearly there, too."]
        if ratio <= 1.0:
            return [
                f"A search gets there as fast as a descent, since {few} {'is' if n == 1 else 'are'} few enough to search."
            ]
        return [
            f"With {few} a search gets there too, at {_times(ratio)} the price; that grows with every parameter, the price of a "
            "gradient does not."
        ]
    if n >= MANY:
        return [f"Searches are behind: {few} are many to search without a gradient, for this budget."]
    return ["Searches are behind: here the gradient shows the way."]


def _impossible(comparison: Comparison) -> list[str]:
    """The methods that cannot solve such a problem, and why."""
    failed = [entry for entry in comparison.ranking if entry.races[0].outcome == IMPOSSIBLE]
    if not failed:
        return []
    return [
        f"{_list([entry.name for entry in failed])} cannot solve it: {failed[0].races[0].message.splitlines()[0].rstrip('.')}."
    ]


def _cannot_tell(comparison: Comparison) -> str:
    races = len(comparison.best.races)
    doubts = [] if comparison.known_minimum is not None else ["whether there is a lower minimum than any found"]
    doubts.append(f"what other settings of a method or more starts than {races} would do")
    if comparison.problem.has_data:
        doubts.append("how well the model predicts other data, since only the loss on these rows was compared")
    return f"What this cannot tell: {_list(doubts, 'and')}."


def _amount(spent: float, unit: str) -> str:
    return f"{spent:.2g} s" if unit == "seconds" else f"{math.ceil(spent):,}"


def _unit(unit: str) -> str:
    return "" if unit == "seconds" else " evaluations"


def _times(ratio: float) -> str:
    return f"{ratio:.2g} times" if ratio < 100 else f"{ratio:,.0f} times" if ratio < 1e6 else f"{ratio:.0e} times"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _list(parts: Sequence[str], word: str = "and") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"
