"""The code of docs/report.md runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[3]
    (code,) = re.findall(r"```python\n(.*?)```", (root / "docs" / "report.md").read_text(), re.DOTALL)
    (tmp_path / "examples").symlink_to(root / "examples")
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert (tmp_path / "misra1a.html").stat().st_size < 1_000_000
