"""Minima told apart by where they are."""

from __future__ import annotations

import numpy as np

from steepest.base.params import Array

SAME_PLACE = 1e-3  # of each parameter's magnitude


def distinct(places: Array, losses: Array, scale: Array) -> list[list[int]]:
    """Which of some ends are at the same place.

    Parameters
    ----------
    places : ndarray, shape (k, n)
    losses : ndarray, shape (k,)
    scale : ndarray, shape (n,)
        The least magnitude of each parameter.

    Returns
    -------
    list of list of int
        The numbers of the ends in each place, the lowest place first and the lowest end first in each. Two ends are at one
        place if no parameter differs by more than 0.001 of its magnitude from the lowest of them. Ends whose loss is not
        finite are nowhere.

    Examples
    --------
    >>> distinct(np.array([[1.0], [-2.0], [1.00001]]), np.array([3.0, 7.0, 2.9]), np.ones(1))
    [[2, 0], [1]]
    """
    order = [int(k) for k in np.argsort(losses, kind="stable") if np.isfinite(losses[k])]
    found: list[list[int]] = []
    for k in order:
        magnitude = np.maximum(np.abs(places[k]), scale)
        for group in found:
            if (np.abs(places[k] - places[group[0]]) <= SAME_PLACE * magnitude).all():
                group.append(k)
                break
        else:
            found.append([k])
    return found
