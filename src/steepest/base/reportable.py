"""Reportable: what a report can be written about."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from steepest.base.registry import provided


class Reportable:
    """A fit, a run or a ranking, which `steepest.report` can write a page about."""

    def report(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Write one self-contained page of HTML about it: `steepest.report`, which has the options."""
        return Path(provided("Reportable", "report")(self, path, **options))
