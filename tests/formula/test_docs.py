"""docs/formulas.md says nothing that is not so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from steepest.base.errors import FormulaError
from steepest.formula.formula import Formula
from steepest.formula.functions import ALIASES, FUNCTIONS
from steepest.formula.grammar import MAX_NESTING
from steepest.formula.parser import parse_expression
from steepest.formula.tokens import MAX_LENGTH, MAX_LITERAL, MAX_TOKENS

PAGE = (Path(__file__).parents[2] / "docs" / "formulas.md").read_text()
FORMULAS = [line for block in re.findall(r"```formula\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
REFUSED = ["y ~ 2x", "y ~ 2(x + 1)", "y ~ a(x + 1)", "y ~ x^2", "y ~ x²", "y ~ ln(x)", "y ~ pow(x, n)", "y ~ α*x"]
REFUSED += [
    "y = a*x",
    "y ~ lambda*x",
    "y ~ Sepal.Length",
    "y ~ a if x > 0 else b",
    "y ~ where(0 < x < 1, a, b)",
    "y ~ 2j",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_the_formulas_can_be_read(text: str) -> None:
    formula = Formula(text)
    assert formula.names or formula.blocks


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_table_lists_is_refused(text: str) -> None:
    assert f"`{text.removeprefix('y ~ ')}`" in PAGE
    with pytest.raises(FormulaError):
        Formula(text)


def test_every_function_is_listed() -> None:
    table = PAGE[PAGE.index("| functions |") : PAGE.index("The condition of `where`")]
    listed = {
        word for cell in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for word in re.findall(r"`(\w+)`", cell)
    }
    assert listed == set(FUNCTIONS)
    assert all(f"`{alias}`" in table for alias in ALIASES if alias not in ("minimum", "maximum"))


def test_the_limits_are_those_of_the_code() -> None:
    assert f"{MAX_LENGTH:,} characters, {MAX_TOKENS:,} numbers" in PAGE.replace("\n", " ")
    assert f"{MAX_LITERAL} characters in one number, and {MAX_NESTING} levels" in PAGE.replace("\n", " ")


def test_the_message_shown_is_the_message() -> None:
    shown = re.search(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
    assert shown is not None
    with pytest.raises(FormulaError) as caught:
        Formula("y ~ a*x^2")
    assert str(caught.value) == shown.group(1)


def test_the_expression_of_the_page() -> None:
    assert str(parse_expression("-log(sigmoid(w*x))")) in PAGE
