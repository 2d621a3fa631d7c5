"""The part of a report about the answer: the numbers, and what they mean in words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from steepest.views.report.html import bullets, pairs, paragraph, prose, table
from steepest.views.tables.digits import number, share, with_error
from steepest.views.tables.table import facts, parameter_rows

_MOST_SENTENCES = 12


def outcome_line(outcome: Any) -> str:
    """How it ended, with a sign besides the colour."""
    if outcome is None:
        return paragraph("The run has not ended yet.", "outcome")
    kind, sign = ("good", "✓") if outcome.ok else ("bad", "!")
    message = outcome.message[:1].upper() + outcome.message[1:]
    remedy = f"<br>{prose(outcome.remedy)}" if outcome.remedy else ""
    return f"<p class='outcome {kind}'><span aria-hidden='true'>{sign}</span> <strong>{prose(message)}</strong>{remedy}</p>"


def fit_answer(fit: Any) -> str:
    """Parameters with intervals, how good the fit is, and sentences about both."""
    head, rows = parameter_rows(fit)
    return "\n".join(
        [
            table("Parameters", head, rows),
            pairs(facts(fit)),
            "<h3>In words</h3>",
            bullets([*_meaning(fit), *_parameters(fit)]),
            "<h3>Remarks</h3>",
            bullets(fit.remarks)
            or paragraph(
                "None: no row, no parameter and no pattern in the residuals stands out, and the descent arrived."
            ),
        ]
    )


def _meaning(fit: Any) -> list[str]:
    """How far the model and the data agree."""
    said = []
    target = fit.target_text
    if fit.has_residuals and math.isfinite(fit.r_squared):
        said.append(
            f"The model accounts for {100 * max(fit.r_squared, 0):.4g} % of the variance of {target} about its mean "
            f"(R² = {share(fit.r_squared)})."
        )
    if math.isfinite(fit.residual_standard_deviation) and not fit.data.absolute:
        said.append(
            f"A row lies about {number(fit.residual_standard_deviation)} from the model, in the unit of {target} "
            "(the residual standard deviation)."
        )
    if fit.data.absolute and math.isfinite(fit.residual_standard_deviation):
        chi = fit.residual_standard_deviation**2
        how = (
            "as far as their errors say"
            if 0.5 < chi < 2
            else "farther than their errors say"
            if chi > 1
            else "closer than their errors say"
        )
        said.append(
            f"Rows lie {how} from the model (reduced chi-squared {number(chi)}, about 1 where model and errors are right)."
        )
    if fit.standard_errors is not None:
        said.append(
            "A 95 % interval is made such that it holds the true value in 95 of 100 repetitions of the measurement, if the "
            "model is right."
        )
    return said


def _parameters(fit: Any) -> list[str]:
    """How well each parameter is known."""
    errors, intervals = fit.standard_errors, fit.confidence_intervals()
    if errors is None or intervals is None:
        return ["There are no standard errors, so it is not known how well the parameters are determined."]
    said = []
    for name, value in fit.params.items():
        if np.ndim(value) or name in fit.constraints.fixed or name in fit.at_bounds:
            continue
        error, (low, high) = float(errors[name]), intervals[name]
        if not (math.isfinite(error) and error > 0):
            continue
        shown, shown_error = with_error(value, error)
        about = f"{name} is {shown} ± {shown_error}"
        if low < 0 < high:
            said.append(f"{about}: its interval holds 0, so the data do not tell it from 0.")
        else:
            said.append(f"{about}, known to {100 * abs(error / value):.2g} %.")
    return said[:_MOST_SENTENCES]


def run_answer(run: Any) -> str:
    """What is known of a run that is no fit of numbers: its loss, and of classes how many are right."""
    rows: list[tuple[str, object]] = []
    problem = run.problem
    if problem.has_data:
        rows += [(f"loss ({problem.loss_function.name})", number(run.loss)), ("rows", f"{problem.rows:,}")]
    else:
        rows += [("value", number(run.loss, 8))]
    if getattr(problem.loss_function, "labels", False) and problem.has_data:
        from steepest.nn.metrics import accuracy

        rows.append(("accuracy on the rows fitted to", f"{100 * accuracy(run.predict(), problem.data.target):.4g} %"))
    rows += [("numbers fitted", f"{run.params.count:,}"), ("method", run.method.name), ("steps", f"{run.steps_done:,}")]
    shown = ""
    if run.params.count <= 60:
        names = run.params.element_names()
        shown = table(
            "Parameters", ("parameter", "value"), zip(names, (number(x, 8) for x in run.params.flat.tolist()))
        )
    remarks = bullets(run.remarks) or paragraph("None: nothing about the descent stands out.")
    return "\n".join([pairs(rows), shown, "<h3>Remarks</h3>", remarks])


def ranking_part(ranking: Any) -> str:
    """The formulas side by side, and which to use."""
    best = ranking.rows[0]
    rows = [
        (
            row.fit.formula_text,
            "preferred" if row.fit is ranking.preferred else "",
            row.parameters,
            number(row.fit.loss),
            f"{row.aicc:.1f}" if row is best else f"{row.aicc - best.aicc:+.1f}",
            f"{row.bic:.1f}" if row is best else f"{row.bic - best.bic:+.1f}",
            f"{row.weight:.3f}",
            row.fit.outcome.name.replace("_", " "),
        )
        for row in ranking.rows
    ]
    head = ("formula", "", "parameters", f"loss ({best.fit.loss_name})", "AICc", "BIC", "weight", "outcome")
    return "\n".join(
        [
            paragraph(ranking.verdict),
            table("Formulas, best first", head, rows, left=(0, 1, 7)),
            paragraph("AICc and BIC are smaller for the better formula: after the first row, by how much each is worse. The "
                      "weight is the share of support that a formula has among these. What follows is about the preferred one."),
        ]
    )  # fmt: skip
