"""The code of docs/estimators.md runs, and gives what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "estimators.md"


def test_the_page_runs() -> None:
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S):
        exec(block, names)
    assert names["search"].best_params_ == {"formula": "y ~ a*exp(-b*x0) + c"}
    assert names["stream"].score(names["iris"].data, names["species"]) > 0.95
    assert names["model"].score(names["iris"].data, names["species"]) == pytest.approx(0.98, abs=0.02)
