"""Curvature: the largest eigenvalue against LAPACK, and the rate limits of rows T5 and T6."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd
from steepest.training.curvature import largest_curvature


def largest(matrix: np.ndarray) -> float:
    return largest_curvature(lambda v: matrix @ v, len(matrix))


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 30), st.integers(0, 10_000), st.sampled_from([-1.0, 0.0, 1.0]))
def test_random_symmetric_matrices(n: int, seed: int, shift: float) -> None:
    root = np.random.default_rng(seed).standard_normal((n, n))
    matrix = root + root.T + shift * 4 * np.sqrt(n) * np.eye(n)
    values = np.linalg.eigvalsh(matrix)
    assert largest(matrix) == pytest.approx(values[-1], abs=1e-9 * np.abs(values).max())


@pytest.mark.parametrize(
    ("diagonal", "answer"),
    [
        ([5.0], 5.0),
        ([-5.0], -5.0),
        ([0.0, 0.0, 0.0], 0.0),
        ([1.0, -1.0], 1.0),  # equal in size: power iteration alone would not settle
        ([-3.0, -2.0], -2.0),
        ([1.0, -1e6], 1.0),
        ([1.0, 1.0 - 1e-9, 0.5], 1.0),
        ([2.0, 2.0, 2.0], 2.0),
        ([1e-100, 2e-100], 2e-100),
        ([1e200, -1e200, 3e199], 1e200),
        ([2.2e5, 1.0, 1.0], 2.2e5),
    ],
)
def test_odd_spectra(diagonal: list[float], answer: float) -> None:
    assert largest(np.diag(diagonal)) == pytest.approx(answer, rel=1e-9)


def test_a_saddle_and_a_large_matrix() -> None:
    assert largest(np.array([[0.0, 1.0], [1.0, 0.0]])) == pytest.approx(1.0, rel=1e-12)
    assert largest(np.diag(np.linspace(-1, 1, 1000))) == pytest.approx(1.0, rel=1e-5)
    calls = []
    largest_curvature(lambda v: (calls.append(1), np.linspace(1, 100, 5000) * v)[1], 5000)
    assert len(calls) <= 100


def test_values_that_are_not_finite_give_nan() -> None:
    assert math.isnan(largest_curvature(lambda v: v * np.nan, 3))
    assert math.isnan(largest_curvature(lambda v: v * np.inf, 3))


def test_the_limit_of_a_parabola_is_one() -> None:
    run = sd.minimize(lambda x: x**2, -1.5, method="gradient_descent", learning_rate=0.1, steps=0)
    assert run.rate_limit() == pytest.approx(1.0, rel=1e-15)


def test_the_limit_of_the_tutorials_quadratic() -> None:
    t = np.arange(20.0)
    problem = sd.Problem(
        lambda p, t: p["a"] * t**2 + p["b"] * t + p["c"], {"a": 0.0, "b": 0.0, "c": 0.0}, t, 0.5 * (t - 9.5) ** 2 + 1
    )
    run = sd.Run(problem, sd.Descent(learning_rate=1e-5))
    hessian = 2 * np.vander(t, 3).T @ np.vander(t, 3) / 20  # by hand: 2 X' X / n
    values = np.linalg.eigvalsh(hessian)
    assert run.rate_limit() == pytest.approx(2 / values[-1], rel=1e-9)
    assert run.rate_limit() == pytest.approx(3.54e-5, rel=2e-3)
    assert values[-1] / values[0] == pytest.approx(2.2e5, rel=0.02)
