"""docs/fits.md says nothing that is not so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from steepest.fitting.intervals import INTERVALS

PAGE = (Path(__file__).parents[2] / "docs" / "fits.md").read_text()


def test_code_runs() -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert names["band"].new_low[0] < names["band"].low[0]


def test_every_kind_of_interval_is_there() -> None:
    assert all(f"| `{kind}` |" in PAGE for kind in INTERVALS)
