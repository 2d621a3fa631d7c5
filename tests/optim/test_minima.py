"""Minima told apart by where they are."""

from __future__ import annotations

import numpy as np

from steepest.optim.minima import distinct


def test_ends_within_a_thousandth_of_the_magnitude_are_one() -> None:
    places = np.array([[1000.0, 0.0], [1000.9, 0.0], [1001.1, 0.0], [1000.0, 0.0009], [1000.0, 0.0011]])
    assert distinct(places, np.arange(5.0), np.ones(2)) == [[0, 1, 3], [2], [4]]


def test_the_lowest_comes_first_and_what_is_not_finite_nowhere() -> None:
    places = np.array([[1.0], [2.0], [3.0], [2.0], [9.0]])
    assert distinct(places, np.array([5.0, 1.0, np.inf, 0.5, np.nan]), np.ones(1)) == [[3, 1], [0]]
    assert distinct(np.empty((0, 2)), np.empty(0), np.ones(2)) == []
