"""What the ways are measured by: the limit of the difference quotient where it can be had, else the best that is left."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.autodiff.transforms import grad
from steepest.base.errors import SteepestError
from steepest.differentiation.numerical import CENTRAL
from steepest.differentiation.precise import Limit, Precise
from steepest.differentiation.subject import Subject, without_products

Array = NDArray[np.float64]

LIMIT = "the limit of the difference quotient, in 1,000 digits"
EXTENDED = f"the symbolic derivative in {np.finfo(np.longdouble).precision} digits"
AUTOMATIC = "automatic differentiation in reverse"
EXTRAPOLATED = "central differences extrapolated to step 0, which have about 10 digits"


@dataclass(frozen=True)
class Reference:
    """The gradient that counts as true.

    Attributes
    ----------
    gradient : ndarray, shape (n,)
        NaN where there is no derivative.
    source : str
        Where it comes from.
    limits : tuple of Limit
        For each element, where it comes from a limit.
    """

    gradient: Array
    source: str
    limits: tuple[Limit, ...] = ()

    def remarks(self, subject: Subject) -> list[str]:
        """Where there is no derivative, and why."""
        found = [limit.describe(f"At {subject.described(i)}") for i, limit in enumerate(self.limits)]
        return [text + "." for text in found if text]


def reference_of(subject: Subject) -> Reference:
    """The best reference that a subject allows."""
    if subject.derivation is not None:
        objective = subject.derivation.objective
        tree, values = without_products(objective, {**subject.fixed, **subject.point})
        point = dict(zip(subject.elements, subject.vector.tolist()))
        fixed = {name: value for name, value in values.items() if name not in point}
        precise = Precise(tree, objective.reduction, fixed)
        if precise.affordable(len(point)):
            limits = tuple(precise.limit(point, name) for name in subject.elements)
            return Reference(np.array([limit.value for limit in limits]), LIMIT, limits)
        extended = {
            name: np.asarray(value, np.longdouble)[()] for name, value in {**subject.fixed, **subject.point}.items()
        }
        with np.errstate(all="ignore"):
            pieces = [np.ravel(subject.derivation.function(name)(extended)) for name in subject.derivation.names]
        return Reference(np.concatenate(pieces).astype(np.float64), EXTENDED)
    try:
        gradient = grad(subject.call)(subject.unpacked(subject.vector))
        return Reference(np.concatenate([np.ravel(gradient[name]) for name in subject.point]), AUTOMATIC)
    except (SteepestError, TypeError, ValueError, ArithmeticError):  # it only takes bare numbers
        pieces = [np.atleast_1d(_extrapolated(subject, i)) for i in range(len(subject.vector))]
        return Reference(np.concatenate(pieces), EXTRAPOLATED)


def _extrapolated(subject: Subject, i: int) -> float:
    """Central differences at halved steps, extrapolated (Ridders, Advances in Engineering Software 4, 1982)."""
    h = 0.1 * (abs(subject.vector[i]) or 1.0)
    best, smallest = math.nan, math.inf
    previous: list[float] = []
    for level in range(12):
        row = [CENTRAL.quotient(subject.at, subject.vector, i, h * 0.5**level, subject.value)]
        for k, before in enumerate(previous, start=1):
            row.append(row[-1] + (row[-1] - before) / (4.0**k - 1.0))
            off = max(abs(row[-1] - row[-2]), abs(row[-1] - before))
            if off < smallest:
                best, smallest = row[-1], off
        previous = row
    return best
