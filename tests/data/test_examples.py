"""The data of the examples: complete, and NIST's certified parameters give NIST's certified residual sum of squares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from steepest.base.errors import DataError
from steepest.data import numeric_columns, read_table

FOLDER = Path(__file__).parents[2] / "examples" / "data"
Vector = NDArray[np.float64]


def thurber(x: Vector) -> Vector:
    b = [
        1.2881396800e3,
        1.4910792535e3,
        5.8323836877e2,
        7.5416644291e1,
        9.6629502864e-1,
        3.9797285797e-1,
        4.9727297349e-2,
    ]
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def misra1a(x: Vector) -> Vector:
    return 2.3894212918e2 * (1 - np.exp(-5.5015643181e-4 * x))


def chwirut2(x: Vector) -> Vector:
    return np.exp(-1.6657666537e-1 * x) / (5.1653291286e-3 + 1.2150007096e-2 * x)


@pytest.mark.parametrize(
    ("name", "columns", "model", "rows", "certified"),
    [
        ("thurber", ["log_density", "mobility"], thurber, 37, 5.6427082397e3),
        ("misra1a", ["pressure", "volume"], misra1a, 14, 1.2455138894e-1),
        ("chwirut2", ["distance", "response"], chwirut2, 54, 5.1304802941e2),
    ],
)
def test_nist(name: str, columns: list[str], model: Callable[[Vector], Vector], rows: int, certified: float) -> None:
    x, y = numeric_columns(read_table(FOLDER / f"{name}.csv"), columns).columns.values()
    assert len(y) == rows
    assert np.sum((y - model(x)) ** 2) == pytest.approx(certified, rel=1e-9)


def test_co2_is_weekly_complete_and_centred() -> None:
    table = read_table(FOLDER / "co2.csv")
    data = numeric_columns(table, ["t", "co2"]).columns
    assert (table.names, table.rows) == (("t", "co2"), 2225)
    # 29 March 1958 is day 88 of its year, 29 December 2001 day 363.
    assert data["t"][0] == pytest.approx(1958 + 87 / 365 - 1980, abs=5e-5)
    assert data["t"][-1] == pytest.approx(2001 + 362 / 365 - 1980, abs=5e-5)
    weeks = np.diff(data["t"]) * 365.25 / 7
    assert np.all(np.abs(weeks - np.round(weeks)) < 0.08)
    assert (data["co2"][0], data["co2"][-1]) == (316.1, 371.5)
    quadratic = np.stack([np.ones(2225), data["t"], data["t"] ** 2])
    assert np.linalg.cond(quadratic.T / np.linalg.norm(quadratic, axis=1)) < 3


def test_penguins_have_text_and_missing_values() -> None:
    table = read_table(FOLDER / "penguins.csv")
    assert table.rows == 344
    assert set(table.columns["species"]) == {"Adelie", "Chinstrap", "Gentoo"}
    assert numeric_columns(table, ["body_mass_g", "flipper_length_mm"], drop_missing=True).dropped == 2
    with pytest.raises(DataError, match=r"'body_mass_g' is missing .* on line 5 of .*penguins.csv"):
        table.numeric("body_mass_g")


def test_digits_are_complete_and_named() -> None:
    table = read_table(FOLDER / "digits.parquet")
    pixels = [f"p{row}{column}" for row in range(8) for column in range(8)]
    assert table.names == (*pixels, "digit")
    assert table.rows == 1797
    values = np.column_stack([table.columns[name] for name in pixels])
    assert (values.min(), values.max()) == (0, 16)
    # Of each digit, as the data set's description counts the images of its test set.
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert [int(np.sum(table.columns["digit"] == str(digit))) for digit in range(10)] == counts
