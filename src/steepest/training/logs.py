"""Logs: a run's history written to a file while it goes on."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steepest.base.errors import SteepestError
from steepest.training.history import COLUMNS
from steepest.training.hooks import Cadence


@dataclass
class Log(Cadence):
    """A hook that appends the rows of the history to a file: CSV, or JSON lines where the name ends in .jsonl.

    Parameters
    ----------
    path : path
        Made anew at the run's first step; a run that goes on from a checkpoint keeps the rows before it and drops later ones.
    every : int or float
    unit : {"step", "epoch", "second"}
        How often rows are written; all of them are.

    Raises
    ------
    SteepestError
        The file cannot be written.
    """

    path: str | os.PathLike[str]
    every: float = 100
    unit: str = "step"
    _written: int = field(default=-1, repr=False)

    def __post_init__(self) -> None:
        self.check_cadence("a log")
        self._lines = Path(self.path).suffix in (".jsonl", ".ndjson")

    def __call__(self, run: Any) -> None:
        """Write the rows since the last call."""
        try:
            if self._written < 0:
                self._written = self._kept(run)
            rows = run.history.rows(self._written)
            with open(self.path, "a", encoding="utf-8", newline="") as file:
                file.write(self._text(rows))
            self._written += len(rows)
        except OSError as error:
            raise SteepestError(f"cannot write the log {self.path}: {error.strerror or error}.") from error

    def finish(self, run: Any) -> None:
        """Write what is left when the run ends."""
        self(run)

    def _kept(self, run: Any) -> int:
        """Start the file, or go on with one that another process left."""
        path, started = Path(self.path), int(run.resumed_at)
        if started and path.exists():
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            head = [] if self._lines else lines[:1]
            path.write_text("".join([*head, *lines[len(head) : len(head) + started]]), encoding="utf-8")
            return min(started, len(lines) - len(head))
        path.write_text("" if self._lines else ",".join(COLUMNS) + "\n", encoding="utf-8")
        return 0

    def _text(self, rows: list[tuple[float, ...]]) -> str:
        text = io.StringIO()
        if self._lines:
            for row in rows:
                values = (v if math.isfinite(v) else None for v in row)
                text.write(json.dumps(dict(zip(COLUMNS, values, strict=True))) + "\n")
        else:
            csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue()
