"""The four ways to differentiate as a table in plain text, and as one plain object."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from steepest.differentiation.numerical import COMPLEX, accuracy
from steepest.differentiation.ways import evaluations
from steepest.views.tables.text_table import text_table
from steepest.views.tables.words import one_line

if TYPE_CHECKING:
    from steepest.differentiation.derivation import Derivation
    from steepest.differentiation.ways import Way, Ways

_WIDTH = 80
_NONE = "–"
_COLUMNS = 3  # parameters whose derivatives are shown
_COUNTS = (1, 10, 100, 1000)


def ways_text(ways: Ways) -> str:
    """The table of the ways, the best steps, the size of the symbolic derivative and the growth with the parameters."""
    swell = swell_text(ways.derivation) if ways.subject.derivation is not None else ""
    return "\n\n".join(block for block in (ways_table(ways), step_lines(ways), swell, growth_text()) if block)


def ways_table(ways: Ways) -> str:
    """The ways, one a line, and the remarks.

    Examples
    --------
    >>> import steepest as sd
    >>> print(ways_table(sd.ways("w**2", 3.0)))
    w**2 = 9 at w = 3
    ...
    """
    subject = ways.subject
    shown = range(min(len(subject.elements), _COLUMNS))
    more = len(subject.elements) - len(shown)
    head = ["way", *(f"d/d{subject.elements[i]}" for i in shown), "digits", "evaluations", "time"]
    rows = []
    for row in ways.rows:
        values = [_number(float(row.gradient[i])) if row.gradient is not None else _NONE for i in shown]
        counted = _NONE if row.evaluations is None else f"{row.evaluations:,}"
        rows.append([row.name, *values, _digits(row.digits), counted, _time(row.seconds)])
    title = f"{one_line(subject.title, 100)} = {_number(subject.value, 6)} at {subject.described()}"
    lines = [title, "", text_table(head, rows, right=range(1, len(head)))]
    if more:
        lines.append(f"(and {more:,} more parameters)")
    which = "; of the parameter where they are fewest" if len(subject.elements) > 1 else ""
    sentences = [f"Digits are those in agreement with {ways.reference.source}{which}.", *ways.remarks]
    longest = max(len(row.name) for row in ways.rows)
    lines += ["", *(f"{row.name:{longest}}   {row.note}" for row in ways.rows), ""]
    return "\n".join([*lines, *map(_wrapped, sentences)])


def _wrapped(sentence: str) -> str:
    return textwrap.fill(sentence, _WIDTH, break_long_words=False, break_on_hyphens=False)


def step_lines(ways: Ways) -> str:
    """For each numerical scheme the best step that was found, beside theory and habit; for the first parameter."""
    if not math.isfinite(float(ways.reference.gradient[0])):
        return ""
    here = float(ways.subject.vector[0])
    rows = []
    for curve in ways.curves(0):
        scheme = curve.scheme
        bound = " or less" if scheme is COMPLEX else ""
        theory = "any small one" if scheme is COMPLEX else _short(curve.predicted)
        found = f"{_short(curve.best)}{bound}"
        rows.append([scheme.name, found, f"{accuracy(curve.best_error):.1f}", theory, _short(scheme.step(here))])
    head = [f"step for {ways.subject.elements[0]}", "best found", "digits there", "best by theory", "usual"]
    return text_table(head, rows, right=(1, 2, 3, 4))


def swell_text(derivation: Derivation) -> str:
    """How large the derivative is against the function, for the parameter where it is largest, and where it grew."""
    swells = {name: derivation.swell(name) for name in derivation.names}
    name = max(swells, key=lambda each: swells[each].orders[0])
    swell = swells[name]
    rows = [["function", f"{swell.function:,}", f"{swell.function_shared:,}"]]
    for order, (count, shared) in enumerate(zip(swell.orders, swell.shared), start=1):
        label = {1: "1st", 2: "2nd", 3: "3rd"}.get(order, f"{order}th")
        rows.append([f"{label} derivative", f"{count:,}", f"{shared:,}"])
    head = [f"operations, d/d{name}", "written out", "shared parts once"]
    text = (
        f"As derived it is {swell.factor:.1f} times as long as the function; tidied it has {_operations(swell.tidied)}."
    )
    if swell.largest is not None and swell.largest.added > 1:
        part = one_line(derivation.notation.text(swell.largest.before.children[0]), 60)
        text += (
            f" It grows most at {part}: {_operations(swell.largest.added)} by the {swell.largest.rule.split(',')[0]}."
        )
    return f"{text_table(head, rows, right=(1, 2))}\n{_wrapped(text)}"


def _operations(count: int) -> str:
    return f"{count:,} operation{'s' * (count != 1)}"


def growth_text() -> str:
    """How many evaluations of the function each way takes as the parameters become more."""
    rows = []
    for name in evaluations(1):
        cells = []
        for n in _COUNTS:
            calls, walks = evaluations(n)[name]
            cells.append(f"{calls:,}" + (f" + {walks:,}" if walks else ""))
        rows.append([name, *cells])
    head = ["evaluations + walks", *(f"n = {n:,}" for n in _COUNTS)]
    sentence = "For the gradient by n parameters; a walk over a recorded evaluation costs a few evaluations."
    return f"{text_table(head, rows, right=range(1, 5))}\n{_wrapped(sentence)}"


def _number(value: float, digits: int = 12) -> str:
    return f"{value + 0.0:.{digits}g}"  # not -0


def _digits(value: float | None) -> str:
    return _NONE if value is None else f"{value:.1f}"


def _short(value: float) -> str:
    return _NONE if math.isnan(value) else f"{value:.1e}"


def _time(seconds: float | None) -> str:
    return _NONE if seconds is None else f"{seconds * 1e6:,.1f} µs"


def ways_object(ways: Ways) -> dict[str, Any]:
    """Everything of `sd.ways` as plain numbers and texts, without the derivation's trees.

    Examples
    --------
    >>> import steepest as sd
    >>> ways_object(sd.ways("w**2", 3.0))["gradient"]
    {'w': 6.0}
    """
    subject = ways.subject
    found: dict[str, Any] = {
        "function": subject.title,
        "at": {name: value.tolist() for name, value in subject.point.items()},
        "value": subject.value,
        "gradient": dict(zip(subject.elements, ways.reference.gradient.tolist())),
        "reference": ways.reference.source,
        "ways": [_row_object(ways, row) for row in ways.rows],
        "remarks": list(ways.remarks),
        "steps": [],
        "evaluations": {
            str(n): {name: {"evaluations": calls, "walks": walks} for name, (calls, walks) in evaluations(n).items()}
            for n in _COUNTS
        },
    }
    if math.isfinite(float(ways.reference.gradient[0])):
        found["steps"] = [
            {"scheme": curve.scheme.name, "best": curve.best, "error": curve.best_error, "by_theory": curve.predicted,
             "usual": curve.scheme.step(float(subject.vector[0]))}
            for curve in ways.curves(0)
        ]  # fmt: skip
    if subject.derivation is not None:
        found["derivation"] = derivation_object(ways.derivation)
        found["derivation_latex"] = ways.derivation.latex()
    else:
        found["no_symbolic_form"] = subject.no_symbols
    return found


def derivation_object(derivation: Derivation) -> dict[str, Any]:
    """A derivation as plain texts and counts, by parameter."""
    found: dict[str, Any] = {}
    for name in derivation.names:
        swell = derivation.swell(name)
        found[name] = {
            "derivative": derivation.text(name),
            "latex": derivation.latex_of(name),
            "update": derivation.update(name),
            "update_latex": derivation.update_latex(name),
            "steps": [line._asdict() for line in derivation.lines(name)],
            "operations": {"function": swell.function, "derivatives": list(swell.orders), "shared": list(swell.shared),
                           "tidied": swell.tidied},
        }  # fmt: skip
    return found


def _row_object(ways: Ways, row: Way) -> dict[str, Any]:
    gradient = None if row.gradient is None else dict(zip(ways.subject.elements, row.gradient.tolist()))
    return {"way": row.name, "gradient": gradient, "digits": row.digits, "evaluations": row.evaluations,
            "seconds": row.seconds, "note": row.note}  # fmt: skip
