"""What a report says of a fit with networks in its formula."""

from __future__ import annotations

import math

from steepest.fitting.networks.encoder import Encoder
from steepest.fitting.networks.result import NetworkFit
from steepest.views.report.html import bullets, pairs, paragraph, table
from steepest.views.report.mathml import equation
from steepest.views.tables.digits import number
from steepest.views.tables.network_table import (
    NOTE,
    confusion_rows,
    law_rows,
    network_facts,
    networks_of,
    percent,
    quality_rows,
)

_MOST_FEATURES = 16


def network_answer(fit: NetworkFit) -> str:
    """How well the network does on rows learned from and on rows held out, and what that means."""
    head, rows = quality_rows(fit)
    parts = [table("How well it does", head, rows)]
    if fit.law:
        parts += [table("Parameters of the formula", *law_rows(fit)), paragraph(NOTE)]
    if fit.classes is not None:
        caption, (head, rows) = confusion_rows(fit, width=10_000)
        if rows:
            parts.append(table(f"Confusion matrix of {caption}", head, rows))
    remarks = bullets(fit.remarks) or paragraph("None: nothing about the training and its result stands out.")
    return "\n".join(
        [*parts, pairs(network_facts(fit)), "<h3>In words</h3>", bullets(_meaning(fit)), "<h3>Remarks</h3>", remarks]
    )


def _meaning(fit: NetworkFit) -> list[str]:
    """The same in sentences."""
    held = fit.validation is not None
    which = "that it was not shown" if held else "that it learned from, which flatters it,"
    quality = fit.measured
    rows = f"{quality.rows:,} rows"
    if fit.classes is not None:
        said = [
            f"Of {rows} {which} the network names the class of {percent(quality.accuracy)} right; whoever always said the most "
            f"frequent class would be right in {percent(quality.usual)}."
        ]
        if held and quality.rows:
            low, high = _wilson(quality.accuracy, quality.rows)
            said.append(
                f"From so many rows the share of all rows is known to lie between {percent(low)} and {percent(high)} (95 %)."
            )
    else:
        said = [
            f"On {rows} {which} predictions of {fit.target_text} are off by {number(quality.rmse)} (root mean square), "
            f"which accounts for {100 * max(quality.r_squared, 0):.4g} % of the variance."
        ]
    if held:
        said.append(
            f"{len(fit.training_rows):,} rows were learned from and {len(fit.held_rows):,} held out; of all epochs those "
            "weights are kept that did best on the rows held out."
        )
    return said


def _wilson(share: float, rows: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share that was seen in so many rows (Wilson, J. Am. Stat. Assoc. 22, 1927).

    Examples
    --------
    >>> [round(end, 4) for end in _wilson(0.5, 100)]
    [0.4038, 0.5962]
    """
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return max(0.0, middle - half), min(1.0, middle + half)


def network_model(fit: NetworkFit) -> str:
    """The formula, the layers of its networks, and what they read."""
    formula = fit.network.formula
    parts = [f"<p class='formula'>{equation(formula.target, formula.tree)}</p>"]
    for name, net in networks_of(fit).items():
        params = net.init(0)[0]
        rows = [
            (place, repr(layer), f"{sum(x.size for key, x in params.items() if key.startswith(f'{place}.')):,}")
            for place, layer in net.children.items()
        ]
        parts.append(table(f"Layers of {name}", ("place", "layer", "parameters"), rows, left=(0, 1)))
        parts.append(_features(name, fit.network.encoders[name]))
    loss = fit.loss_name
    return "\n".join(
        [*parts, pairs([("What is made small", f"{loss}, its mean over the rows learned from"), ("How", fit.method)])]
    )


def _features(name: str, encoder: Encoder) -> str:
    """What a network reads, and how it is standardised."""
    cells = list(zip(encoder.features, encoder.middle.tolist(), encoder.width.tolist(), strict=True))
    rows = [(feature, number(middle, 6), number(width, 6)) for feature, middle, width in cells[:_MOST_FEATURES]]
    more = paragraph(f"And {len(cells) - _MOST_FEATURES:,} more features.") if len(cells) > _MOST_FEATURES else ""
    caption = f"What {name} reads: (value − mean) / deviation; labels are 0 or 1"
    return table(caption, ("feature", "mean", "deviation"), rows) + more
