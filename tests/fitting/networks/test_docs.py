"""docs/formula-networks.md says nothing that is not so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from steepest.fitting.networks import prepare, split, target, train
from steepest.formula.formula import Formula
from steepest.formula.functions import BLOCKS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "formula-networks.md").read_text()


def test_code_runs_and_prints_what_the_page_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert names["fit"].law["a"] == pytest.approx(1.7, abs=0.05)
    shown = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)[0]
    printed = capsys.readouterr().out
    for line in shown.splitlines():
        if not line.startswith(("loss", "accuracy")):  # the last digits depend on the processor
            assert line in printed


def test_formulas_are_in_the_language() -> None:
    formulas = re.findall(r'"([^"\n]*~[^"\n]*)"', PAGE) + re.findall(r"`([^`\n]*~ [^`\n]*)`", PAGE)
    assert len(formulas) > 8
    assert all(Formula(formula).blocks for formula in formulas)


def test_the_numbers_are_those_of_the_code() -> None:
    for text in (
        f"{split.SHARE * 100:.0f} % of the rows are held out", f"none of fewer than {split.FEWEST} rows",
        f"batches of {train.ROWS} rows", f"{train.STEPS:,} steps and at least {train.EPOCHS[0]} epochs",
        f"from {prepare.MANY:,} inputs on",
    ):  # fmt: skip
        assert text in " ".join(PAGE.split())
    assert target.FEW == 20
    assert train.PATIENCE == 0.2
    assert all(f"`{keyword}=`" in PAGE for keyword in BLOCKS["mlp"])
