"""The code of docs/exports.md runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import steepest as sd


def test_the_page_runs(monkeypatch, capsys):
    pytest.importorskip("onnx")
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    page = (root / "docs" / "exports.md").read_text()
    space = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(block, space)
    printed = capsys.readouterr().out
    shown = re.search(r"    def predict\(pressure\):.*?\n\nwith", page, re.S).group().removesuffix("\n\nwith")
    for line in shown.splitlines():
        assert line.removeprefix("    ").removesuffix("…") in printed
    assert (
        space["fit"].to_latex(values="parentheses")
        == r"\mathrm{volume} = 238.9(27) \cdot \left(1 - e^{- 0.0005502(73) \cdot \mathrm{pressure}}\right)"
    )
    assert isinstance(space["fit"], sd.Fit)
