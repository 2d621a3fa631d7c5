from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from steepest.base.errors import DataError, FormulaError
from steepest.data import read_table
from steepest.fitting.networks.target import (
    AmbiguousTarget,
    Classes,
    Units,
    classes_of,
    kind_of_target,
    target_from_dict,
)
from steepest.formula.formula import Formula

ROWS = 60
X = np.linspace(0, 1, ROWS)


def kind(formula: str, target: Any) -> str:
    return kind_of_target(Formula(formula), read_table({"y": target, "x": X}))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (X, "number"),
        (np.arange(ROWS), "number"),
        (np.full(ROWS, 3), "number"),  # a constant is nothing to tell apart
        (np.where(X > 0.5, "a", "b"), "category"),
        (np.where(X > 0.5, "1", "2"), "category"),
        (X > 0.5, "category"),
        (np.where(X > 0.5, 1.5, 2), "number"),
    ],
)
def test_what_a_target_is(target: Any, expected: str) -> None:
    assert kind("y ~ mlp(x, 3)", target) == expected


def test_few_whole_numbers_are_asked_about() -> None:
    digits = np.arange(ROWS) % 10
    with pytest.raises(AmbiguousTarget) as caught:
        kind("y ~ mlp(x, 3)", digits)
    assert caught.value.column == "y"
    assert caught.value.values == tuple(range(10))
    assert caught.value.spellings == {"category": "category(y) ~ mlp(x, 3)", "number": "number(y) ~ mlp(x, 3)"}
    for spelling in caught.value.spellings.values():
        assert spelling in str(caught.value)
    assert kind("category(y) ~ mlp(x, 3)", digits) == "category"
    assert kind("number(y) ~ mlp(x, 3)", digits) == "number"
    assert kind("y ~ a*x + mlp(x, 3)", digits) == "number"  # a law is one of numbers
    assert kind("log(y) ~ mlp(x, 3)", digits) == "number"
    with pytest.raises(AmbiguousTarget):
        kind("y ~ mlp(x, 3)", digits.astype(float))


def test_classes_need_a_network_alone() -> None:
    with pytest.raises(FormulaError, match="stands alone on the right side"):
        kind("category(y) ~ a*x + mlp(x, 3)", X)
    with pytest.raises(DataError, match="'y' is text, so it names classes"):
        kind("y ~ a*x + mlp(x, 3)", np.where(X > 0.5, "a", "b"))
    assert kind("y ~ a*x + mlp(x, 3)", np.where(X > 0.5, "1", "2")) == "number"


def test_columns_that_are_no_classes() -> None:
    with pytest.raises(DataError, match="'y' is 'a' in every row"):
        classes_of("y", np.array(["a", "a"], dtype=object))
    with pytest.raises(DataError, match=r"too many to be classes.*number\(y\)"):
        classes_of("y", np.array([f"{k}" for k in range(50)], dtype=object))
    assert classes_of("y", np.array(["b", "a"], dtype=object)).labels == ("a", "b")


def test_answers_have_the_kind_of_the_labels() -> None:
    codes = np.array([1, 0, 1])
    assert Classes(("no", "yes")).named(codes).tolist() == ["yes", "no", "yes"]
    assert Classes((3, 7)).named(codes).dtype.kind == "i"
    assert Classes((False, True)).named(codes).tolist() == [True, False, True]
    assert Classes((1, 2.5)).named(codes).tolist() == [2.5, 1, 2.5]
    assert Classes(("a", "b", "c")).values(np.array([[0.0, 2.0, 1.0], [3.0, 2.0, 1.0]])).tolist() == ["b", "a"]
    assert Units(10.0, 2.0).values(np.array([[0.0], [1.5]])).tolist() == [10.0, 13.0]
    for target in (Classes(("a", "b")), Units(1.5, 2.5)):
        assert target_from_dict(target.as_dict()) == target
