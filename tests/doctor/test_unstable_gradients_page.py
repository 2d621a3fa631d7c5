"""docs/unstable-gradients.md says nothing that is not so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.gradient_flow import at_start

import steepest as sd
from steepest.doctor.layer_history import LayerHistory

PAGE = (Path(__file__).parents[2] / "docs" / "unstable-gradients.md").read_text()


def test_code_runs_and_says_what_is_printed(capsys: Any) -> None:
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(blocks[0], names)
    said = capsys.readouterr().out
    shown = re.search(r"```\n(The error gradient.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    figures = r"[\d.]+(?:e-\d+)?(?=[ ,.])"
    assert re.sub(figures, "#", " ".join(said.split())) == re.sub(figures, "#", " ".join(shown[1].split()))
    for block in blocks[1:]:
        exec(block, names)
    history = names["watch"].history
    assert isinstance(history, LayerHistory)
    assert len(names["watch"].remarks) == 1


def test_the_table_of_the_history_is_complete() -> None:
    rows = re.findall(r"^\| (`[a-z_]+.*?) \| (?:layers|probes|time steps)", PAGE, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)", row)}
    assert named == {
        "layers",
        "paths",
        "steps",
        "loss",
        "gradient_norm",
        "activation_size",
        "update_ratio",
        "over_time",
    }
    for name in named:
        assert hasattr(sd.Watch().history, name)


def test_the_figures_of_where_the_lines_are_drawn() -> None:
    good10 = [at_start(a, None, 10, seed) for a in ("relu", "tanh", "gelu", "selu") for seed in range(3)]
    assert min(good10) > 0.1
    assert max(good10) < 3
    assert np.median([at_start("sigmoid", None, 10, seed) for seed in range(3)]) < 1e-6
    assert np.median([at_start("relu", "torch_default", 10, seed) for seed in range(3)]) < 2e-4
