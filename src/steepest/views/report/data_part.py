"""The part of a report about the data: the file, its columns, its first rows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from steepest.data import open_data
from steepest.fitting.networks.result import NetworkFit
from steepest.views.report.html import pairs, paragraph, table

_WHOLE_BELOW = 64_000_000  # bytes of a file up to which it is read again, for the columns that the model does not use
_MOST_COLUMNS = 24
_FIRST_ROWS = 5
_KINDS = {
    "f": "numbers",
    "i": "whole numbers",
    "u": "whole numbers",
    "b": "true or false",
    "M": "dates",
    "m": "durations",
}


def file_facts(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Name, size and checksum of a file, in words; empty if it is none."""
    file = Path(path).expanduser()
    if not file.is_file():
        return []
    with open(file, "rb") as stream:
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    return [("File", str(path)), ("Size", f"{file.stat().st_size:,} bytes"), ("SHA-256", checksum)]


def data_part(fit: Any, data: Any, options: Mapping[str, Any]) -> str:
    """Columns and first rows.

    Parameters
    ----------
    fit : Fit
    data : path, data frame, ... or None
        What it was fitted to, if that is known: columns that are not used are shown, too.
    options : mapping
        What the fit was given; names the columns of weights and of standard errors.
    """
    used = set(fit.columns)
    target = set(_target_columns(fit))
    columns, rows = _columns(fit, data)
    shown = dict(sorted(columns.items(), key=lambda pair: pair[0] not in used | target)[:_MOST_COLUMNS])
    lines = [_described(name, values, _role(name, used, target, options)) for name, values in shown.items()]
    left_out = len(columns) - len(shown)
    dropped = f", of which {fit.rows_dropped:,} were left out because a value is missing" if fit.rows_dropped else ""
    facts = [("Rows", f"{rows:,}{dropped}"), ("Columns", f"{len(columns):,}")]
    if isinstance(data, str | os.PathLike):
        facts = [*file_facts(data)[:2], *facts]
    head = ("column", "is", "holds", "missing", "least", "mean", "greatest")
    first = [
        [str(k + 1), *(_cell(values[k]) for values in shown.values())]
        for k in range(min(_FIRST_ROWS, *(len(v) for v in shown.values())))
    ]
    return "\n".join(
        [
            pairs(facts),
            table("Columns", head, lines, left=(0, 1, 2)),
            paragraph(f"And {left_out:,} more columns.") if left_out > 0 else "",
            table("First rows", ("row", *shown), first),
        ]
    )


def _target_columns(fit: Any) -> tuple[str, ...]:
    if isinstance(fit, NetworkFit):
        return fit.network.target_columns
    bound = getattr(getattr(fit, "model", None), "bound", None)
    return () if bound is None else bound.target_columns


def _columns(fit: Any, data: Any) -> tuple[Mapping[str, Any], int]:
    """Columns by name, and how many rows there are."""
    large = isinstance(data, str | os.PathLike) and Path(data).expanduser().stat().st_size > _WHOLE_BELOW
    if data is not None and not large:
        found = open_data(data).read()
        return found.columns, found.rows
    columns = {name: column for name, column in fit.columns.items() if np.ndim(column) == 1}
    target = fit.target_text if fit.target_text not in columns else f"{fit.target_text} (the target)"
    return {**columns, target: np.ravel(fit.observed)[: len(fit.observed)]}, len(fit.observed)


def _role(name: str, used: set[str], target: set[str], options: Mapping[str, Any]) -> str:
    roles = ["fitted to"] * (name in target) + ["read by the model"] * (name in used)
    roles += ["weight of the row"] * (name == options.get("weights"))
    roles += ["standard error of the row"] * (name == options.get("sigma"))
    return " and ".join(roles)


def _described(name: str, values: Any, role: str) -> list[str]:
    kind = _KINDS.get(values.dtype.kind, "text")
    missing = _missing(values)
    numbers = values[np.isfinite(values)].astype(np.float64) if values.dtype.kind in "fiu" else np.empty(0)
    if not numbers.size:
        distinct = "" if values.dtype.kind not in "OUST" else f", {len({str(v) for v in values.tolist()}):,} different"
        return [name, role, kind + distinct, f"{missing:,}", "", "", ""]
    return [name, role, kind, f"{missing:,}", *(f"{x:.6g}" for x in (numbers.min(), numbers.mean(), numbers.max()))]


def _missing(values: Any) -> int:
    if values.dtype.kind == "f":
        return int(np.count_nonzero(~np.isfinite(values)))
    if values.dtype.kind in "mM":
        return int(np.count_nonzero(np.isnat(values)))
    if values.dtype.kind == "O":
        return sum(v is None or v == "" or v != v for v in values.tolist())
    return int(np.count_nonzero(values == "")) if values.dtype.kind in "UT" else 0


def _cell(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.7g}"
    return "" if value is None else str(value)
