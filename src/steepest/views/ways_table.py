"""The four ways to differentiate as a table in plain text, and as one plain object."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steepest.differentiation.ways import evaluations
from steepest.views.words import one_line

if TYPE_CHECKING:
    from steepest.differentiation.derivation import Derivation
    from steepest.differentiation.swell import Swell
    from steepest.differentiation.ways import Way, Ways

_NONE = "–"
_COLUMNS = 3  # parameters whose derivatives are shown
_COUNTS = (1, 10, 100, 1000)


def ways_text(ways: Ways) -> str:
    """The table of the ways, the best steps, the size of the symbolic derivative and the growth with the parameters."""
    blocks = [ways_table(ways), *([steps] if (steps := step_lines(ways)) else [])]
    if ways.subject.derivation is not None:
        blocks += [swell_text(ways.derivation, name) for name in ways.derivation.names[:_COLUMNS]]
    blocks.append(growth_text())
    return "\n\n".join(blocks)


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
    rows = [head]
    notes = []
    for row in ways.rows:
        values = [_number(float(row.gradient[i])) if row.gradient is not None else _NONE for i in shown]
        rows.append([row.name, *values, _digits(row.digits), _NONE if row.evaluations is None else f"{row.evaluations:,}",
                     _time(row.seconds)])  # fmt: skip
        notes.append(row.note)
    rows[0].append("")
    for line, note in zip(rows[1:], notes):
        line.append(note)
    title = f"{one_line(subject.title, 100)} = {_number(subject.value, 6)} at {subject.described()}"
    lines = [title, "", *_aligned(rows)]
    if more:
        lines.append(f"(and {more:,} more parameters)")
    source = ways.reference.source
    lines += ["", f"Digits are those in agreement with {source}" + ("; of the parameter where they are fewest." if len(subject.elements) > 1 else ".")]  # fmt: skip
    lines += ways.remarks
    return "\n".join(lines)


def step_lines(ways: Ways) -> str:
    """For each numerical scheme the best step that was found, beside theory and habit; for the first parameter."""
    if not math.isfinite(float(ways.reference.gradient[0])):
        return ""
    rows = [["scheme", "best step found", "digits there", "best by theory", "usual step"]]
    for curve in ways.curves(0):
        off = curve.best_error
        digits = 16.0 if off == 0 else 0.0 if math.isnan(off) else min(16.0, max(0.0, -math.log10(off)))
        usual = (
            {1: "sqrt(ε)*|a|", 2: "ε**(1/3)*|a|"}[curve.scheme.order]
            if curve.scheme.name != "complex-step"
            else "1e-30*|a|"
        )
        theory = _short(curve.predicted) if curve.scheme.name != "complex-step" else "any small one"
        rows.append([curve.scheme.name, _short(curve.best), f"{digits:.1f}", theory,
                     f"{_short(curve.scheme.step(float(ways.subject.vector[0])))} = {usual}"])  # fmt: skip
    return "\n".join([f"Steps for {ways.subject.elements[0]}", *_aligned(rows)])


def swell_text(derivation: Derivation, name: str) -> str:
    """How large the derivative with respect to one parameter is against the function, and where it grew."""
    swell = derivation.swell(name)
    rows = [["", "operations written out", "with shared parts once"], ["function", f"{swell.function:,}", ""]]
    for order, (count, shared) in enumerate(zip(swell.orders, swell.shared), start=1):
        label = ("1st", "2nd", "3rd")[order - 1] if order < 4 else f"{order}th"
        rows.append([f"{label} derivative", f"{count:,}", f"{shared:,}"])
    lines = [
        f"Size of the symbolic derivative with respect to {name}",
        *_aligned(rows),
        _where_it_grew(derivation, swell),
    ]
    return "\n".join(lines)


def _where_it_grew(derivation: Derivation, swell: Swell) -> str:
    text = f"The derivative is {swell.factor:.1f} times the function as derived, and {swell.tidied:,} operations when tidied."
    if swell.largest is not None and swell.largest.added > 0:
        part = one_line(derivation.notation.text(swell.largest.before), 60)
        text += f" Most are added at {part}: {swell.largest.added:,}, by the {swell.largest.rule.split(',')[0]}."
    return text


def growth_text() -> str:
    """How many evaluations of the function each way takes as the parameters become more."""
    counts = [evaluations(n) for n in _COUNTS]
    formulas = {"numerical, one-sided": "n + 1", "numerical, central": "2*n", "numerical, complex-step": "n",
                "automatic, forward": "1, and n directions along", "automatic, reverse": "1, and one walk back"}  # fmt: skip
    rows = [["evaluations for n parameters", *(f"n = {n:,}" for n in _COUNTS), ""]]
    rows += [[name, *(f"{count[name]:,}" for count in counts), formulas[name]] for name in counts[0]]
    return "\n".join(_aligned(rows))


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns under each other: the first to the left, numbers to the right, a last column without a title to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    last = len(widths) - 1
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i == 0 or (i == last and not rows[0][i]) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _number(value: float, digits: int = 12) -> str:
    return f"{value:.{digits}g}"


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
        "evaluations": {str(n): evaluations(n) for n in _COUNTS},
    }
    if math.isfinite(float(ways.reference.gradient[0])):
        found["steps"] = [
            {"scheme": curve.scheme.name, "best": curve.best, "error": curve.best_error, "by_theory": curve.predicted,
             "usual": curve.scheme.step(float(subject.vector[0]))}
            for curve in ways.curves(0)
        ]  # fmt: skip
    if subject.derivation is not None:
        found["derivation"] = derivation_object(ways.derivation)
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
