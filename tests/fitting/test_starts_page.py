"""docs/starts.md says nothing that is not so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmarks.families import FAMILIES

from steepest.fitting.candidates import COUNTS
from steepest.fitting.multistart import ROUNDS
from steepest.fitting.starts import ENOUGH, MOST_BATCHES, MOST_ROWS, SHOWING_ROWS

PAGE = (Path(__file__).parents[2] / "docs" / "starts.md").read_text()


def test_code_runs_and_says_what_is_printed(capsys: Any) -> None:
    names: dict[str, Any] = {}
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(block, names)
    said = capsys.readouterr().out
    assert re.sub(r"\d+", "#", said.strip()) in re.sub(r"\d+", "#", PAGE)
    assert names["fit"].starts.sources["w"] == "the spectrum along x"
    assert abs(names["fit"].params["w"] - 4.1) < 0.02


def test_numbers_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    one, two, three, more = COUNTS
    assert (
        f"draws {one} combinations for one such parameter, {two} for two, {three:,} for three, {more:,} for more"
        in text
    )
    assert f"on at most {MOST_ROWS} rows" in text
    assert f"looked for in at most {SHOWING_ROWS:,} rows" in text
    assert f"after {ROUNDS[0][1]}, {ROUNDS[1][1]} and {ROUNDS[2][1]} steps" in text
    assert (ENOUGH, MOST_BATCHES) == (3, 4)  # "fewer than three", "up to four times"
    for family, spellings in FAMILIES.items():
        assert f"| {family} | {len(spellings)} |" in PAGE
