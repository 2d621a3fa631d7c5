"""The tables of a network in a formula: how well it does, and which classes it takes for which."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from steepest.fitting.networks.quality import most_frequent
from steepest.fitting.networks.result import NetworkFit
from steepest.fitting.networks.target import Classes
from steepest.nn.linear import Linear
from steepest.nn.module import Module
from steepest.views.tables.digits import number, share
from steepest.views.tables.words import one_line, told_apart

_WIDTH = 80
_NAME, _LABEL = 12, 20  # characters of a class's name over a column, and before a row
_MOST_CLASSES = 20  # of a matrix; of more the most frequent mistakes are listed
_MISTAKES = 10
_GAP, _LAST = 3, 6  # between columns, and of the last one
NOTE = "No standard errors: the network beside them takes up what the data leave open."

Cells = tuple[tuple[str, ...], list[tuple[str, ...]]]


def law_rows(fit: NetworkFit) -> Cells:
    """The head and the rows of the formula's parameters; no rows where a network stands alone."""
    told = fit.constraints
    rows: list[tuple[str, ...]] = [
        (f"{name} {word}" if (word := told.word(name)) else name, number(x, 6)) for name, x in fit.law.items()
    ]
    return ("parameter", "value"), rows


def quality_rows(fit: NetworkFit) -> Cells:
    """The head and the rows of how well the network does on the rows learned from and on those held out.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> x = np.linspace(-1, 1, 60)
    >>> quality_rows(sd.fit("y ~ mlp(x, 4)", {"x": x, "y": 3 * x}))[0]
    ('', 'training', 'validation')
    """
    parts = [fit.training] if fit.validation is None else [fit.training, fit.validation]
    head = ("", "training", "validation")[: len(parts) + 1]
    if fit.classes is not None:
        rows = [
            ("accuracy", *(percent(q.accuracy) for q in parts)),
            (f"always class {_usual(fit)}", *(percent(q.usual) for q in parts)),
        ]
    else:
        rows = [("RMSE", *(number(q.rmse) for q in parts)), ("R²", *(share(q.r_squared) for q in parts))]
    if fit.loss_name != "mse":
        rows.append((f"loss ({fit.loss_name})", *(number(q.loss) for q in parts)))
    return head, [("rows", *(f"{q.rows:,}" for q in parts)), *rows]


def _usual(fit: NetworkFit) -> str:
    """The class that is most frequent among the rows learned from."""
    target = fit.network.target
    assert isinstance(target, Classes)
    weights = None if fit.data.weights is None else fit.data.weights[fit.training_rows]
    return told_apart(target.names, _LABEL)[most_frequent(target, fit._codes[fit.training_rows], weights)]


def percent(x: float) -> str:
    """A share as a percentage; 100 % only where it is one.

    Examples
    --------
    >>> percent(0.98765), percent(0.99996), percent(1.0), percent(0.0)
    ('98.8 %', '99.9 %', '100 %', '0 %')
    """
    if math.isnan(x):
        return "not defined"
    if x in (0.0, 1.0):
        return f"{100 * x:.0f} %"
    return f"{min(max(100 * x, 0.1), 99.9):.1f} %"


def confusion_rows(fit: NetworkFit, width: int = _WIDTH) -> tuple[str, Cells]:
    """A title, and the head and rows of the confusion matrix, or of the most frequent mistakes among many classes."""
    assert fit.classes is not None
    matrix = fit.confusion
    which = "held out" if fit.validation is not None else "learned from"
    rows_in_all = int(matrix.sum())
    count = f"{rows_in_all:,} row{'s' * (rows_in_all != 1)} {which}"
    names = told_apart(fit.classes, _LABEL)
    right = [percent(float(matrix[k, k] / total)) if (total := matrix[k].sum()) else "" for k in range(len(names))]
    for heads, labels in (
        (told_apart(fit.classes, _NAME), names),
        ([f"{k + 1}" for k in range(len(names))], [f"{k + 1} {name}" for k, name in enumerate(names)]),
    ):
        cells = [max(len(head), len(f"{matrix[:, k].max()}")) for k, head in enumerate(heads)]
        if (
            len(names) <= _MOST_CLASSES
            and sum(cells) + max(map(len, labels)) + _GAP * (len(names) + 1) + _LAST <= width
        ):
            rows = [
                (label, *(f"{n}" if n else "·" for n in row), share_right)
                for label, row, share_right in zip(labels, matrix.tolist(), right, strict=True)
            ]
            return f"{count}: true class by row, predicted class by column", (("", *heads, "right"), rows)
    wrong = [(int(matrix[i, j]), i, j) for i, j in zip(*np.nonzero(matrix), strict=True) if i != j]
    wrong.sort(key=lambda each: -each[0])
    rows = [(names[i], names[j], f"{n:,}", f"of {matrix[i].sum():,}") for n, i, j in wrong[:_MISTAKES]]
    left = (
        f", the {_MISTAKES} most frequent of {len(wrong):,} kinds of mistakes"
        if len(wrong) > _MISTAKES
        else ", mistakes"
    )
    return f"{count}{left if rows else ': no mistakes'}", (("true class", "predicted", "rows", ""), rows)


def network_facts(fit: NetworkFit) -> list[tuple[str, str]]:
    """What was trained and how, as names and values."""
    dropped = f" ({fit.rows_dropped:,} dropped)" if fit.rows_dropped else ""
    weights = fit.run.params.count
    facts = [(name, shape_of(net)) for name, net in networks_of(fit).items()]
    return [
        *facts,
        ("weights", f"{weights:,}"),
        ("rows", f"{fit.rows:,}{dropped}"),
        ("method", f"{fit.method}{_epochs(fit)}"),
    ]


def _epochs(fit: NetworkFit) -> str:
    batches = getattr(fit.run.method, "batches", None)
    if batches is None:
        return f", {fit.steps:,} steps"
    size = fit.run.problem.rows if batches.is_full(fit.run.problem.rows) else batches.size
    return f", {fit.epochs:,} epoch{'s' * (fit.epochs != 1)} of {fit.run.steps_per_epoch:,} × {size:,} rows"


def networks_of(fit: NetworkFit) -> dict[str, Module]:
    """The networks of a formula by name."""
    nets = getattr(fit.net, "networks", None)
    return dict(nets) if nets is not None else {next(iter(fit.network.encoders)): fit.net}


def shape_of(net: Module) -> str:
    """Features, sizes of layers and activations in short: ``4-20-3 relu``."""
    layers = [module for module in net.children.values() if isinstance(module, Linear)]
    others = dict.fromkeys(repr(module) for module in net.children.values() if not isinstance(module, Linear))
    sizes = "-".join(f"{n}" for n in [layers[0].inputs, *(layer.outputs for layer in layers)])
    return f"{sizes}, {', '.join(name.removesuffix('()') for name in others)}"


def network_parts(fit: NetworkFit) -> list[Text | Table]:
    """What stands between title and outcome of the summary."""
    parts: list[Text | Table] = []
    if fit.law:
        parts += [_table(law_rows(fit)), Text(NOTE, style="dim"), Text()]
    parts += [_table(quality_rows(fit)), Text()]
    if fit.classes is not None:
        title, cells = confusion_rows(fit)
        parts += [Text(title)]
        if cells[1]:
            parts += [_table(cells, diagonal=cells[0][-1] == "right")]
        parts += [Text()]
    return parts


def _table(cells: Cells, diagonal: bool = False) -> Table:
    head, rows = cells
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for position, title in enumerate(head):
        table.add_column(Text(one_line(title)), justify="right" if position else "left", no_wrap=True)
    for place, row in enumerate(rows, start=1):
        styles = ["bold" if diagonal and position == place else "" for position in range(len(row))]
        table.add_row(*(Text(one_line(cell), style=style) for cell, style in zip(row, styles, strict=True)))
    return table


def network_html(fit: NetworkFit) -> str:
    """The tables as a fragment of HTML."""
    pieces = [_html(law_rows(fit)) + f"<p>{html.escape(NOTE)}</p>" if fit.law else "", _html(quality_rows(fit))]
    if fit.classes is not None:
        title, cells = confusion_rows(fit, width=10_000)
        pieces.append(f"<p>{html.escape(title)}</p>{_html(cells) if cells[1] else ''}")
    return "".join(pieces)


def _html(cells: Cells) -> str:
    head, rows = cells
    return f"<table><thead>{_row(head, 'th')}</thead><tbody>{''.join(_row(row, 'td') for row in rows)}</tbody></table>"


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(one_line(cell))}</{tag}>" for cell in cells) + "</tr>"
