from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.views.tables.digits import number, share, with_error


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (338.12345, 0.02345, ["338.123", "0.023"]),
        (1.0, 0.0996, ["1.00", "0.10"]),  # the error's two digits after rounding
        (-0.004, 0.5, ["-0.0040", "0.50"]),  # a value far below its error keeps two digits
        (123456.0, 2345.0, ["123500", "2300"]),
        (1.23456e-9, 4.5e-11, ["1.235e-09", "4.5e-11"]),
        (9.87654321e12, 1e8, ["9.87654e+12", "1.0e+08"]),
        (5.0, 1e-20, ["5.00000000000", "1.0e-20"]),
        (0.0, 0.1, ["0.00", "0.10"]),
        (2.5, 0.0, ["2.5", "0"]),
        (2.5, None, ["2.5", "–"]),
        (2.5, math.inf, ["2.5", "–"]),
        (2.5, math.nan, ["2.5", "–"]),
        (math.nan, 0.1, ["–", "0.10"]),
        (math.inf, None, ["–", "–"]),
        (0.0, 1e-300, ["0", "1.0e-300"]),
        (1e300, 1e299, ["1.00e+300", "1.0e+299"]),
    ],
)
def test_the_error_decides_how_many_digits(value: float, error: float | None, shown: list[str]) -> None:
    assert with_error(value, error) == shown


def test_bounds_end_where_the_value_ends() -> None:
    assert with_error(12.3456, 0.4321, [11.4987, 13.1925]) == ["12.35", "0.43", "11.50", "13.19"]
    assert with_error(12.3456, 0.4321, [-math.inf, 13.0]) == ["12.35", "0.43", "–", "13.00"]
    assert with_error(0.003, 0.01, [-0.0171, 0.0231])[2] == "-0.017"


@settings(deadline=None, max_examples=50)
@given(
    value=st.floats(-1e9, 1e9).filter(lambda x: abs(x) > 1e-9),
    relative=st.floats(1e-8, 10),
)
def test_what_is_shown_is_within_the_error(value: float, relative: float) -> None:
    error = abs(value) * relative
    shown, shown_error = map(float, with_error(value, error))
    assert abs(shown - value) <= 0.051 * error
    assert shown_error == pytest.approx(error, rel=0.051)


def test_number_and_share() -> None:
    assert [number(x) for x in (0.0, 1234567.0, -1e-20, math.nan, math.inf)] == [
        "0",
        "1.235e+06",
        "-1e-20",
        "not defined",
        "inf",
    ]
    assert [share(x) for x in (0.5, 0.99996, 1 - 1e-16, math.nan, -1e9)] == [
        "0.5000",
        "0.999960",
        "1",
        "not defined",
        "-1e+09",
    ]
