"""The table of a fit: parameters with their errors, how good the fit is, how it ended, and what there is to say."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from steepest.fitting.networks.result import NetworkFit
from steepest.views.tables.digits import UNKNOWN, number, share, with_error
from steepest.views.tables.network_table import law_rows, network_facts, network_html, network_parts
from steepest.views.tables.words import one_line, wrap_formula

if TYPE_CHECKING:
    from steepest.fitting.result import Fit

_WIDTH = 80
_MOST_ROWS = 60


def parameter_rows(fit: Fit) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The head and the rows of the parameter table; with errors and intervals where the fit has them.

    A parameter that is an array has a row for each element, thousands are cut short; a network's weights are left out.
    """
    if isinstance(fit, NetworkFit):
        return law_rows(fit)
    names = fit.element_names
    values = _flat(fit.params)
    left_out = len(names) - _MOST_ROWS
    errors, intervals = fit.standard_errors, fit.confidence_intervals()
    if errors is None or intervals is None:
        head: tuple[str, ...] = ("parameter", "value")
        rows: list[tuple[str, ...]] = [(name, number(value, 6)) for name, value in zip(names[:_MOST_ROWS], values)]
    else:
        how = "" if fit.intervals == "t" else f" ({fit.intervals})"
        head = ("parameter", "value", "standard error", f"95 % interval{how}")
        lows = _flat({name: low for name, (low, _) in intervals.items()})
        highs = _flat({name: high for name, (_, high) in intervals.items()})
        rows = []
        for name, value, error, *bounds in zip(names[:_MOST_ROWS], values, _flat(errors), lows, highs):
            shown, shown_error, low, high = with_error(value, error, bounds)
            interval = UNKNOWN if UNKNOWN in (low, high) else f"{low} to {high}"
            if name in fit.constraints.fixed:
                shown_error, interval = "fixed", ""
            elif name in fit.at_bounds:
                shown_error, interval = "at its bound", ""
            elif word := fit.constraints.word(name):
                name = f"{name} {word}"
            rows.append((name, shown, shown_error, interval))
    if left_out > 0:
        rows.append((f"and {left_out:,} more", *[""] * (len(head) - 1)))
    return head, rows


def _flat(values: Mapping[str, Any]) -> list[float]:
    """The elements of named numbers and arrays, in order."""
    return [element for value in values.values() for element in np.ravel(value).tolist()]


def facts(fit: Fit) -> list[tuple[str, str]]:
    """How good the fit is, as names and values."""
    if isinstance(fit, NetworkFit):
        return network_facts(fit)
    dropped = f" ({fit.rows_dropped:,} dropped)" if fit.rows_dropped else ""
    scatter = ("residual standard deviation", number(fit.residual_standard_deviation))
    if fit.data.absolute:  # 1 where the model is right and sigma are the errors of the rows
        scatter = ("reduced chi-squared", number(fit.residual_standard_deviation**2))
    spread = [scatter, ("R²", share(fit.r_squared))] if fit.has_residuals else []
    return [
        *spread,
        ("degrees of freedom", f"{fit.degrees_of_freedom:,}"),
        ("rows", f"{fit.rows:,}{dropped}"),
        (f"loss ({fit.loss_name})", number(fit.loss)),
        ("method", fit.method),
        *([("start", str(fit.starts))] if fit.starts else []),
    ]


def summary(fit: Fit) -> Group:
    """The summary as something that Rich prints, in colour where there is colour."""
    return Group(*_parts(fit))


def _parts(fit: Fit) -> list[Text | Table]:
    middle = network_parts(fit) if isinstance(fit, NetworkFit) else [_parameters(fit), Text()]
    numbers = Table.grid(padding=(0, 2))
    for name, value in facts(fit):
        numbers.add_row(name, Text(value))
    outcome = Text(fit.outcome.message, style="green" if fit.outcome.ok else "bold red")
    parts: list[Text | Table] = [
        *(Text(line, style="bold") for line in wrap_formula(_title(fit), _WIDTH)),
        Text(),
        *middle,
        numbers,
        Text(),
        outcome,
    ]
    if fit.outcome.remedy:
        parts.append(Text(fit.outcome.remedy))
    if fit.remarks:
        remarks = Table.grid(padding=(0, 1))
        for remark in fit.remarks:
            remarks.add_row("-", Text(remark))
        parts += [Text(), Text("Remarks", style="bold"), remarks]
    return parts


def _parameters(fit: Fit) -> Table:
    head, rows = parameter_rows(fit)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for position, title in enumerate(head):
        table.add_column(title, justify="right" if position else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    return table


def summary_text(fit: Fit, width: int = _WIDTH) -> str:
    """The summary as plain text, without colours or control characters.

    Parameters
    ----------
    fit : Fit
        What `sd.fit` returns.
    width : int
        Characters a line. Sentences are wrapped to it; a table that needs more is not broken.

    Examples
    --------
    >>> import steepest as sd
    >>> fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0], "y": [1.0, 2.9, 5.1]})
    >>> print(summary_text(fit))
    y ~ a + b*x
    ...
    """
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system=None, force_terminal=False, legacy_windows=False)
    unbounded = console.options.update(max_width=10_000)
    for part in _parts(fit):
        is_wide = isinstance(part, Table) and bool(part.columns[0].header)
        console.width = max(width, console.measure(part, options=unbounded).maximum) if is_wide else width
        console.print(part)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def summary_html(fit: Fit) -> str:
    """The summary as a fragment of HTML that takes on the colours of the page it stands in.

    Examples
    --------
    >>> import steepest as sd
    >>> fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0], "y": [1.0, 2.9, 5.1]})
    >>> "<td>b</td>" in summary_html(fit)
    True
    """
    if isinstance(fit, NetworkFit):
        return _html_around(fit, network_html(fit))
    head, rows = parameter_rows(fit)
    titles = "".join(f"<th>{html.escape(title)}</th>" for title in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(one_line(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return _html_around(fit, f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>")


def _html_around(fit: Fit, tables: str) -> str:
    """The tables of a summary between the title and what else it says."""
    numbers = "".join(f"<tr><td>{html.escape(k)}</td><td>{html.escape(v)}</td></tr>" for k, v in facts(fit))
    sentences = f"<p><b>{html.escape(fit.outcome.message)}</b> {html.escape(fit.outcome.remedy)}</p>"
    if fit.remarks:
        sentences += "<ul>" + "".join(f"<li>{html.escape(remark)}</li>" for remark in fit.remarks) + "</ul>"
    return (
        f"<div><p><code>{html.escape(_title(fit))}</code></p>"
        f"{tables}<table><tbody>{numbers}</tbody></table>{sentences}</div>"
    )


def _title(fit: Fit) -> str:
    return one_line(fit.formula_text or f"a model of {fit.target_text}", 10_000)
