"""docs/searches.md says nothing that is not so."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import steepest as sd
from steepest.comparison import race
from steepest.optim.search import PATIENCE

PAGE = (Path(__file__).parents[2] / "docs" / "searches.md").read_text()


def test_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert round(names["stuck"].loss, 2) == 12.93
    assert names["found"].loss == pytest.approx(0, abs=1e-12)
    assert names["minima"].lowest.is_global
    assert names["race"].best.name in ("Restarts of L-BFGS-B", "Differential evolution", "Genetic algorithm")
    assert (tmp_path / "race.png").exists()
    assert (tmp_path / "traces.csv").exists()


def test_methods_have_these_arguments_and_names() -> None:
    rows = re.findall(r"^\| `(\w+)\((.*?)\)` \| (\w+) \|", PAGE, re.MULTILINE)
    assert len(rows) == 4
    for name, arguments, by_name in rows:
        known = set(inspect.signature(getattr(sd, name)).parameters)
        assert set(arguments.split(", ")) < known
        assert "bounds" in known
        assert type(sd.Run(sd.functions.beale.problem(), method_named(by_name)).method).__name__ == name


def method_named(name: str) -> Any:
    from steepest.training.methods import method_named

    return method_named(name)


def test_numbers() -> None:
    assert f"not found lower for {PATIENCE}\ngenerations" in PAGE
    assert sorted(race.FACTORS) == [0.1, 0.3, 1.0, 3.0, 10.0]
    assert f"{100 * race.SWEEP:.0f} % of the budget each" in PAGE
    assert {name for name in sd.functions.__all__ if name != "PublishedFunction"} <= set(re.findall(r"`(\w+)`", PAGE))
