"""docs/rules.md says nothing that is not so."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from steepest.optim import adam_family, adaptive, chain, clipping, decay, plateau, rprop, rules, schedules, sgd
from steepest.training.descent import Descent
from steepest.training.problem import Problem
from steepest.training.range_test import range_test
from steepest.training.run import Run

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
PUBLIC = {
    name: value
    for module in (adam_family, adaptive, chain, clipping, decay, plateau, rprop, rules, schedules, sgd)
    for name, value in vars(module).items()
    if inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_")
}
RULES = {
    n for n, c in PUBLIC.items() if c.__module__.split(".")[-1] in ("adam_family", "adaptive", "rprop", "rules", "sgd")
} - {"Rule"}
ROWS = dict(re.findall(r"^\| `(\w+)\((.*?)\)` \|", PAGE, re.MULTILINE))


def test_every_rule_schedule_and_part_has_a_row() -> None:
    assert ROWS.keys() == PUBLIC.keys() - {"Rule", "Chain", "Transformation"}


@pytest.mark.parametrize("name", ROWS)
def test_the_arguments_exist(name: str) -> None:
    known = set(inspect.signature(PUBLIC[name]).parameters)
    assert set(re.findall(r"\w+", ROWS[name])) <= known


@pytest.mark.parametrize("name", sorted(RULES))
def test_usual_rates(name: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}("))
    shown = row.split("|")[3].strip()
    assert chain.usual_rate(PUBLIC[name]()) == (float(shown) if shown else None)


def test_the_examples_run() -> None:
    names = {
        "sd": SimpleNamespace(
            **PUBLIC, chain=chain.chain, Problem=Problem, Descent=Descent, Run=Run, range_test=range_test
        )
    }
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block.replace("import steepest as sd\n", ""), names)
    assert abs(float(names["run"].params["x"]) - 3) < 0.5
    assert names["found"].suggestion > 0
