"""The table of a ranking of formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steepest.views.tables.digits import number
from steepest.views.tables.text_table import text_table
from steepest.views.tables.words import one_line

if TYPE_CHECKING:
    from steepest.fitting.ranking import Ranking


def ranking_text(ranking: Ranking) -> str:
    """Formulas, best first, with what they lose and what they cost, and the verdict; criteria relative to the best.

    Examples
    --------
    >>> import steepest as sd
    >>> data = {"x": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "y": [1.0, 2.9, 5.1, 7.0, 9.1, 10.9, 13.0]}
    >>> print(ranking_text(sd.rank(["y ~ a + b*x", "y ~ a"], data)))
    formula ...
    y ~ a + b*x ...
    """
    best = ranking.rows[0]
    rows = [
        (
            one_line(str(row.fit.formula_text), 60),
            str(row.parameters),
            number(row.fit.loss),
            f"{row.aicc - best.aicc:+.1f}" if row is not best else f"{row.aicc:.1f}",
            f"{row.bic - best.bic:+.1f}" if row is not best else f"{row.bic:.1f}",
            f"{row.weight:.3f}",
            row.fit.outcome.name.replace("_", " "),
        )
        for row in ranking.rows
    ]
    head = ("formula", "parameters", f"loss ({best.fit.loss_name})", "AICc", "BIC", "weight", "outcome")
    table = text_table(head, rows, right=(1, 2, 3, 4, 5))
    return f"{table}\n\n{ranking.verdict}".rstrip()
