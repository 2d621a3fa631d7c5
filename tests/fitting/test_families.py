"""Fits without a start, over the families of curves that `python -m benchmarks starts` counts."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.families import FAMILIES, problems
from benchmarks.starts import OUTLIERS, solved

import steepest as sd

SEEDS = 100


@pytest.mark.parametrize("family", FAMILIES)
def test_every_spelling_is_solved_from_nothing(family):
    quick = range(len(FAMILIES[family]))
    assert [solved(made)[0] for made in problems(family, quick)] == [True] * len(quick)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_95_of_100(family):
    assert sum(solved(made)[0] for made in problems(family, range(SEEDS))) >= 95


@pytest.mark.parametrize("loss", ["mae", "huber", "log_cosh"])
@pytest.mark.parametrize("family", ["decay", "a sine", "a peak", "Hill"])
def test_outliers_do_not_lead_astray(family, loss):
    assert [solved(made, loss)[0] for made in problems(family, range(2), OUTLIERS)] == [True, True]


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_95_of_100_with_outliers(family):
    assert sum(solved(made, "mae")[0] for made in problems(family, range(SEEDS), OUTLIERS)) >= 95


def test_weights_count():
    (made,) = problems("two exponentials", range(1))
    x, y = made.data["x"], made.data["y"].copy()
    bad = np.arange(len(x)) % 7 == 3
    y[bad] += 10 * np.ptp(y)
    fit = sd.fit(made.formula, {**made.data, "y": y}, weights=np.where(bad, 0.0, 1.0))
    clean = sd.fit(made.formula, {name: column[~bad] for name, column in made.data.items()})
    assert fit.residual_sum_of_squares == pytest.approx(clean.residual_sum_of_squares, rel=1e-9)
