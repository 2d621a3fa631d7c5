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
@pytest.mark.parametrize("family", ["decay", "a peak", "Hill"])
def test_outliers_do_not_lead_astray(family, loss):
    assert [solved(made, loss)[0] for made in problems(family, range(2), OUTLIERS)] == [True, True]


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_95_of_100_with_outliers(family):
    seeds = range(SEEDS // 4)
    assert sum(solved(made, "mae")[0] for made in problems(family, seeds, OUTLIERS)) >= 0.95 * len(seeds)


def test_weights_count():
    (made,) = problems("two exponentials", range(1))
    x, y = made.data["x"], made.data["y"].copy()
    bad = np.arange(len(x)) % 7 == 3
    y[bad] += 10 * np.ptp(y)
    fit = sd.fit(made.formula, {**made.data, "y": y}, weights=np.where(bad, 0.0, 1.0))
    clean = sd.fit(made.formula, {name: column[~bad] for name, column in made.data.items()})
    assert fit.residual_sum_of_squares == pytest.approx(clean.residual_sum_of_squares, rel=1e-9)


SEVERAL = {  # formula: the curve in NumPy, and the parameters that make the data
    "exp(a + b*x + c*z + d*w)": (
        lambda x, z, w, a, b, c, d: np.exp(a + b * x + c * z + d * w), {"a": 1, "b": 0.2, "c": -0.3, "d": 0.5},
    ),
    "V*x/(K*(1 + z/J) + x)": (lambda x, z, w, V, K, J: V * x / (K * (1 + z / J) + x), {"V": 5, "K": 2, "J": 1.5}),
    "a*sin(k*x + q*z + p) + c": (
        lambda x, z, w, a, k, q, p, c: a * np.sin(k * x + q * z + p) + c, {"a": 3, "k": 2, "q": 1.5, "p": 0.4, "c": 1},
    ),
    "L*sigmoid(a + b*x + c*z)": (
        lambda x, z, w, L, a, b, c: L / (1 + np.exp(-(a + b * x + c * z))), {"L": 4, "a": -4, "b": 0.8, "c": 0.5},
    ),
    "C*exp(-A*x*exp(-E/(z + 1)))": (
        lambda x, z, w, C, A, E: C * np.exp(-A * x * np.exp(-E / (z + 1))), {"C": 3, "A": 2, "E": 5},
    ),
}  # fmt: skip


@pytest.mark.parametrize("options", [{"weights": "g"}, {"loss": "mae"}], ids=str)
@pytest.mark.parametrize("formula", SEVERAL)
def test_several_columns_weights_and_losses(formula, options):
    curve, truth = SEVERAL[formula]
    rng = np.random.default_rng(4)
    data = {"x": rng.uniform(0, 10, 200), "z": rng.uniform(0, 5, 200), "w": rng.uniform(-1, 1, 200)}
    clean = curve(**data, **truth)
    data |= {"y": clean + 0.02 * np.ptp(clean) * rng.standard_normal(200), "g": rng.uniform(0.1, 3, 200)}
    if "loss" in options:
        data["y"] += np.where(rng.random(200) < 0.2, rng.uniform(0.5, 3, 200), 0) * np.ptp(clean)
    found, best = (sd.fit(f"y ~ {formula}", data, **options, **start).loss for start in ({}, {"start": truth}))
    assert found <= 1.001 * best
