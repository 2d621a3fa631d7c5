"""Published functions: values, minima and places as printed."""

from __future__ import annotations

import math

import numpy as np
import pytest

import steepest as sd
from steepest.comparison.functions import PublishedFunction

ALL = [getattr(sd.functions, name) for name in sd.functions.__all__ if name != "PublishedFunction"]
each = pytest.mark.parametrize("f", ALL, ids=lambda f: f.name)


@each
def test_the_minimum_is_where_and_what_was_published(f: PublishedFunction) -> None:
    for n in (2,) if f.dimension else (2, 3, 10):
        for point in f.minimisers(n):
            assert point.shape == (n,)
            assert float(f(point)) == pytest.approx(f.minimum(n), abs=1e-12 * n)
            gradient = sd.grad(f)(point)
            assert np.abs(gradient).max() < 1e-5  # Ackley's is a tip: its slope is taken as 0 there
            assert f.bounds[0] < point.min()
            assert point.max() < f.bounds[1]


@each
def test_nothing_in_the_neighbourhood_is_lower(f: PublishedFunction) -> None:
    draws = np.random.default_rng(0)
    for _ in range(300):
        assert float(f(draws.uniform(*f.bounds, 2))) >= f.minimum() - 1e-12


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        # By hand: 100 (1 - 1.44)**2 + 2.2**2; More, Garbow and Hillstrom print f(1, 1) = 14.203125 for Beale.
        ("rosenbrock", [-1.2, 1.0], 24.2), ("beale", [1.0, 1.0], 14.203125), ("himmelblau", [0.0, 0.0], 121 + 49),
        ("rastrigin", [1.0, 0.5], 1.0 + 20.25), ("styblinski_tang", [1.0, 1.0], -10.0), ("rosenbrock", [0.0, 0.0, 0.0], 2.0),
        ("ackley", [1.0, 1.0], 20 - 20 * math.exp(-0.2)),
    ],
)  # fmt: skip
def test_values_by_hand(name: str, x: list[float], value: float) -> None:
    assert float(getattr(sd.functions, name)(np.array(x))) == pytest.approx(value, rel=1e-12)


def test_himmelblau_has_four_minima() -> None:
    assert len(sd.functions.himmelblau.minimisers()) == 4


def test_problems_and_what_makes_no_sense() -> None:
    assert sd.functions.rosenbrock.problem(dimension=3).start["x"].tolist() == [-1.2, 1.0, -1.2]
    assert sd.functions.ackley.problem([1.0, 2.0, 3.0]).value(sd.Params({"x": np.zeros(3)})) == pytest.approx(
        0, abs=1e-12
    )
    with pytest.raises(sd.ModelError, match="a function of 2 numbers, not of 3"):
        sd.functions.beale.problem(dimension=3)
    with pytest.raises(sd.ModelError, match="at least 2"):
        sd.functions.rastrigin.minimum(1)
    with pytest.raises(sd.ModelError, match="list of numbers"):
        sd.functions.rastrigin.problem(1.0)
    assert "Rosenbrock" in sd.functions.rosenbrock.source
