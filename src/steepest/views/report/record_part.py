"""The parts of a report about the history, and about what was run and how to run it again."""

from __future__ import annotations

import csv
import datetime
import io
import platform
from importlib import metadata
from typing import Any

import numpy as np

from steepest.training.history import History
from steepest.version import __version__
from steepest.views.report.html import data_url, pairs, paragraph, preformatted, table

_ROWS = 12  # of the history that are shown
_MOST_ROWS = 20_000  # that can be downloaded; more are thinned
_PACKAGES = ("numpy", "scipy")


def history_part(history: History) -> str:
    """A few rows, and all of them to download."""
    if not len(history):
        return paragraph("No step was made.")
    columns = history.columns
    every = -(-len(history) // _MOST_ROWS)
    kept = np.unique(np.append(np.arange(0, len(history), every), len(history) - 1))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(history[name][kept].tolist() for name in columns), strict=True))
    shown = np.unique(np.linspace(0, len(history) - 1, _ROWS).round().astype(int))
    rows = [[_cell(name, history[name][k]) for name in columns] for k in shown.tolist()]
    thinned = (
        f" (each {every}th of {len(history):,} steps)"
        if every > 1
        else f" ({len(history):,} row{'s' * (len(history) != 1)})"
    )
    link = data_url(stream.getvalue().encode(), "text/csv")
    return f"<p><a download='history.csv' href='{link}'>Download all of it as CSV</a>{thinned}</p>" + table(
        "The loss on the way", [name.replace("_", " ") for name in columns], rows, left=()
    )


def _cell(name: str, value: Any) -> str:
    return f"{int(value):,}" if name in ("step", "epoch") else f"{float(value):.6g}"


def record_part(run: Any, command: str | None, code: str | None, facts: list[tuple[str, str]]) -> str:
    """What was run, with what, and how to do it again.

    Parameters
    ----------
    run : Run
    command : str or None
        The command that did it.
    code : str or None
        Python that does the same.
    facts : list of (str, str)
        Of the file of the data.
    """
    again = []
    if command is not None:
        again += [paragraph("On the command line:"), preformatted(command)]
    if code is not None:
        again += [paragraph("In Python:"), preformatted(code)]
    if facts and (command or code):
        again.append(
            paragraph(
                "The same file, versions and seed give the same numbers; the checksum tells whether it is the same file."
            )
        )
    versions = [(name, metadata.version(name)) for name in _PACKAGES]
    return "\n".join(
        [
            *again,
            pairs(
                [
                    ("When", datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")),
                    ("Descent", f"{run.elapsed:.3g} s, {run.steps_done:,} step{'s' * (run.steps_done != 1)}"),
                    ("Seed", str(run.seed)),
                    ("Computed by", {"numpy": "NumPy", "llvm": "machine code (LLVM)"}.get(run.engine, run.engine)),
                    ("steepest", __version__),
                    *versions,
                    ("Python", f"{platform.python_version()}, {platform.system()} {platform.machine()}"),
                    *facts,
                ]
            ),
        ]
    )
