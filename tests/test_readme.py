"""The README's Python runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import steepest as sd

ROOT = Path(__file__).parents[1]


def test_the_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    t = np.arange(20.0)
    names: dict[str, object] = {"np": np, "t": t, "y": 0.5 * (t - 9.5) ** 2}
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert len(blocks) >= 3
    for block in blocks:
        exec(block, names)
    fit = names["fit"]
    assert isinstance(fit, sd.Fit)
    assert f"{fit.params['a']:.8f}" == "238.94212918"
    assert (tmp_path / "misra1a.png").exists()


def test_what_it_points_to_is_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / link).exists(), link


def test_its_list_of_folders_is_the_tree() -> None:
    text = (ROOT / "README.md").read_text()
    listed = re.findall(r"^      (\w+)/ ", text, re.M)
    folders = sorted(p.name for p in (ROOT / "src" / "steepest").iterdir() if p.is_dir() and p.name != "__pycache__")
    assert sorted(listed) == folders
