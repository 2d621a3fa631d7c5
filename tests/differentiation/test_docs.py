"""docs/four-ways.md says nothing that is not so."""

from __future__ import annotations

import doctest
from pathlib import Path

from steepest.cli.app import app
from steepest.differentiation.rules import covered

PAGE = Path(__file__).parents[2] / "docs" / "four-ways.md"


def test_the_page_runs() -> None:
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    results = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags)
    assert results.attempted > 15
    assert results.failed == 0


def test_its_options_are_there() -> None:
    import typer

    command = typer.main.get_command(app).commands["derive"]  # type: ignore[attr-defined]
    options = {name for parameter in command.params for name in parameter.opts}
    for line in PAGE.read_text().splitlines():
        if line.startswith("| `--"):
            assert line.split("`")[1].split()[0] in options


def test_what_a_complex_step_cannot_pass_is_listed() -> None:
    from steepest.autodiff.primitives import TABLE
    from steepest.formula.functions import FUNCTIONS

    page = PAGE.read_text()
    for name in covered() & set(FUNCTIONS):
        if not TABLE[FUNCTIONS[name].operation].analytic:
            assert f"`{name}`" in page, name
