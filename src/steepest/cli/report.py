"""A fit as one JSON object."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from steepest.fitting.networks.quality import Quality
    from steepest.fitting.networks.result import NetworkFit
    from steepest.fitting.ranking import Ranking
    from steepest.fitting.result import Fit
    from steepest.fitting.starts import Starts


def fit_object(fit: Fit, files: Sequence[Path]) -> dict[str, Any]:
    """What ``steepest fit --json`` prints and ``result.json`` holds; see docs/command-line.md.

    Numbers are in full precision. A standard error or an interval that is not defined is None.
    """
    from steepest.fitting.networks.result import NetworkFit

    if isinstance(fit, NetworkFit):
        return network_object(fit, files)
    errors, intervals = fit.standard_errors, fit.confidence_intervals()
    return {
        "formula": fit.formula_text,
        "parameters": {
            name: {
                "value": _plain(value),
                "standard_error": None if errors is None else _plain(errors[name]),
                "interval": None if intervals is None else [_plain(bound) for bound in intervals[name]],
                "constraint": fit.constraints.word(name) or ("at its bound" if name in fit.at_bounds else None),
            }
            for name, value in fit.params.items()
        },
        "interval_kind": fit.intervals,
        "loss": fit.loss,
        "loss_name": fit.loss_name,
        "residual_sum_of_squares": fit.residual_sum_of_squares,
        "residual_standard_deviation": float(fit.residual_standard_deviation),
        "r_squared": float(fit.r_squared),
        "degrees_of_freedom": fit.degrees_of_freedom,
        "rows": fit.rows,
        "rows_dropped": fit.rows_dropped,
        "outcome": {"name": fit.outcome.name, "message": fit.outcome.message, "remedy": fit.outcome.remedy},
        "remarks": list(fit.remarks),
        "steps": fit.steps,
        "method": fit.method,
        "start": None if fit.starts is None else _start(fit.starts),
        "files": [str(file) for file in files],
    }


def network_object(fit: NetworkFit, files: Sequence[Path]) -> dict[str, Any]:
    """The same of a fit with a network, whose weights are left out."""
    return {
        "formula": fit.formula_text,
        "parameters": {
            name: {"value": value, "constraint": fit.constraints.word(name) or None} for name, value in fit.law.items()
        },
        "weights": fit.run.params.count,
        "classes": None if fit.classes is None else list(fit.classes),
        "confusion": None if fit.classes is None else fit.confusion.tolist(),
        "training": _quality(fit.training),
        "validation": None if fit.validation is None else _quality(fit.validation),
        "loss": fit.loss,
        "loss_name": fit.loss_name,
        "rows": fit.rows,
        "rows_dropped": fit.rows_dropped,
        "outcome": {"name": fit.outcome.name, "message": fit.outcome.message, "remedy": fit.outcome.remedy},
        "remarks": list(fit.remarks),
        "steps": fit.steps,
        "epochs": fit.epochs,
        "method": fit.method,
        "files": [str(file) for file in files],
    }


def _quality(quality: Quality) -> dict[str, Any]:
    """How well a network does on some rows: the numbers that its target has."""
    return {
        name: value for name, value in asdict(quality).items() if not (isinstance(value, float) and math.isnan(value))
    }


def _start(starts: Starts) -> dict[str, Any]:
    """Where the fit began, and what was tried to find that."""
    return {
        "values": starts.values,
        "sources": starts.sources,
        "tried": starts.tried,
        "descended": starts.descended,
        "reached": starts.reached,
        "next_best": starts.next_best,
    }


def ranking_object(ranking: Ranking) -> dict[str, Any]:
    """A ranking of formulas, best first, as JSON has it."""
    rows = [
        {
            "formula": row.fit.formula_text,
            "parameters": {name: _plain(value) for name, value in row.fit.params.items()},
            "loss": row.fit.loss,
            "aicc": row.aicc,
            "bic": row.bic,
            "weight": row.weight,
            "outcome": row.fit.outcome.name,
        }
        for row in ranking.rows
    ]
    return {"rows": rows, "verdict": ranking.verdict}


def _plain(value: Any) -> Any:
    """A number or nested lists of numbers, as JSON has them."""
    return np.asarray(value, dtype=float).tolist()
