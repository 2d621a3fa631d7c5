from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.comparison.budget import Budget


@pytest.mark.parametrize(
    ("given", "amount", "unit"),
    [
        (2000, 2000, "evaluations"), ("2000evals", 2000, "evaluations"), (" 2e3 ", 2000, "evaluations"),
        ("1eval", 1, "evaluations"),
        ("5s", 5, "seconds"), ("0.25 seconds", 0.25, "seconds"), ("3 SEC", 3, "seconds"), (np.float64(7.5), 7.5, "evaluations"),
        ("10_000evals", 10_000, "evaluations"),
    ],
)  # fmt: skip
def test_budgets(given: Any, amount: float, unit: str) -> None:
    assert Budget.read(given) == Budget(amount, unit)
    assert Budget.read(Budget.read(given)) == Budget.read(given)


@pytest.mark.parametrize(
    "given",
    ["", "fast", "5 min", "-5s", "0s", 0, -1, 0.5, "nan", "inf", np.nan, np.inf, None, True, "1e999s", "1.2.3s", [5]],
)
def test_budgets_that_make_no_sense(given: Any) -> None:
    with pytest.raises(sd.ModelError, match=r"2000evals or 5s"):
        Budget.read(given)


def test_text() -> None:
    assert [str(Budget.read(x)) for x in (1, 2000, "5s")] == ["1 evaluation", "2,000 evaluations", "5 s"]
