"""docs/training.md says nothing that is not so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import steepest as sd
from steepest.training import outcome

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "training.md").read_text()


def test_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert names["validation"].best["accuracy"] > 0.8
    assert (tmp_path / "digits.csv").exists()


def test_every_outcome_and_every_name_is_there() -> None:
    assert all(f"`{name}`" in PAGE for name in outcome.REMEDIES)
    for name in re.findall(r"`(?:sd\.)?([A-Z]\w+)\(", PAGE):
        assert hasattr(sd, name), name
