from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from steepest.autodiff import ops
from steepest.formula.callable import compile_tree
from steepest.formula.functions import ALIASES, FUNCTIONS, find_function, unknown_function
from steepest.formula.parser import parse_expression

RECORDED = json.loads((Path(__file__).parents[1] / "reference" / "formula_functions.json").read_text())


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: f"{row[0]}{tuple(row[1])}")
def test_values_agree_with_500_digits(row: tuple[str, list[float], float]) -> None:
    name, arguments, expected = row
    letters = "abcd"[: len(arguments)]
    function = compile_tree(parse_expression(f"{name}({', '.join(letters)})"))
    value = function({letter: np.array([argument]) for letter, argument in zip(letters, arguments)})
    assert value.shape == (1,)
    assert float(value[0]) == pytest.approx(expected, rel=1e-14, abs=1e-300)


def test_every_function_is_recorded_or_tested_here() -> None:
    assert {row[0] for row in RECORDED} | {"where"} == set(FUNCTIONS)


def test_every_function_has_its_operation() -> None:
    for name, function in FUNCTIONS.items():
        assert function.name == name
        assert callable(getattr(ops, function.operation))


@pytest.mark.parametrize(
    ("sign", "expected"),
    [("<", [1, 0, 0]), ("<=", [1, 1, 0]), (">", [0, 0, 1]), (">=", [0, 1, 1]), ("==", [0, 1, 0]), ("!=", [1, 0, 1])],
)
def test_where(sign: str, expected: list[int]) -> None:
    function = compile_tree(parse_expression(f"where(x {sign} 2, 1, 0*x)"))
    np.testing.assert_array_equal(function({"x": np.array([1.0, 2.0, 3.0])}), expected)


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases_are_the_same_function(alias: str) -> None:
    function = find_function(alias)
    assert function is FUNCTIONS[ALIASES[alias]]
    letters = ", ".join("ab"[: function.least])
    assert parse_expression(f"{alias}({letters})") == parse_expression(f"{function.name}({letters})")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sine", "Did you mean sin"),
        ("Sin", "Did you mean sin"),
        ("arctg", "arctan"),
        ("LN", r"Write log\(...\)"),
        ("heaviside", "where"),
        ("qqqq", "The functions are abs, arccos"),
    ],
)
def test_unknown_functions_are_offered_a_neighbour(name: str, message: str) -> None:
    assert find_function(name) is None
    assert re.search(message, unknown_function(name))


def test_min_and_max_take_any_number() -> None:
    values = {name: np.array([float(value), -float(value)]) for value, name in enumerate("abcd")}
    np.testing.assert_array_equal(compile_tree(parse_expression("max(a, b, c, d)"))(values), [3, 0])
    np.testing.assert_array_equal(compile_tree(parse_expression("min(a, b, c, d)"))(values), [0, -3])


def test_pi_is_the_only_constant() -> None:
    assert compile_tree(parse_expression("pi"))({}) == math.pi
    assert compile_tree(parse_expression("e"))({"e": 2.5}) == 2.5
