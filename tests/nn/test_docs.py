"""docs/networks.md says nothing that is not so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

import steepest.nn
from steepest.nn import MLP, summary

PAGE = (Path(__file__).parents[2] / "docs" / "networks.md").read_text()


def test_code_runs() -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert names["run"].loss < 0.15
    assert names["dx"].shape == (128, 1)
    outputs, _ = names["net"](*names["net"].init(0), np.ones((2, 1)), 0, False)
    assert outputs.shape == (2, 1)


def test_table_is_what_summary_prints() -> None:
    assert f"```\n{summary(MLP('toy', 1, [20, 20], 1, 'tanh'), (128, 1))}\n```" in PAGE


def test_every_public_name_is_there() -> None:
    for name in (
        "Linear",
        "Sequential",
        "MLP",
        "GRU",
        "cross_entropy",
        "L2",
        "accuracy",
        "class_weights",
        "orthogonal",
    ):
        assert name in PAGE
        assert name in steepest.nn.__all__
    assert all(hasattr(steepest.nn, name) for name in steepest.nn.__all__)
    assert set(dir(steepest.nn)) >= set(steepest.nn.__all__)
