"""Functions with published minima, to try methods on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.training.problem import Problem

__all__ = ["PublishedFunction", "ackley", "beale", "himmelblau", "rastrigin", "rosenbrock", "styblinski_tang"]


@dataclass(frozen=True)
class PublishedFunction:
    """A function of a vector whose minima are published.

    Called with an array or a Tensor x of shape (n,) it gives the number f(x).

    Attributes
    ----------
    name : str
    equation : str
        With n the length of x and sums over its elements.
    bounds : tuple of float
        Where it is usually looked at, the same for each element.
    usual_start : tuple of float
        In two dimensions.
    source : str
    dimension : int or None
        The only length of x; None where it may have any, from 2 on.

    Examples
    --------
    >>> float(rosenbrock(np.array([-1.2, 1.0])))
    24.199999999999996
    >>> rastrigin.minimum(3), rastrigin.minimisers(3)
    (0.0, array([[0., 0., 0.]]))
    """

    name: str
    equation: str
    bounds: tuple[float, float]
    usual_start: tuple[float, float]
    source: str
    function: Callable[[Any], Any] = field(repr=False)
    least: float = 0.0  # for each element
    lowest_at: tuple[tuple[float, ...], ...] = ((0.0,),)  # points; a single number goes for each element
    dimension: int | None = None

    def __call__(self, x: Any) -> Any:
        """The value at x, shape (n,)."""
        return self.function(x)

    def minimum(self, dimension: int = 2) -> float:
        """The lowest value there is."""
        return self.least * self._checked(dimension)

    def minimisers(self, dimension: int = 2) -> Any:
        """Where it is, shape (k, n): one row for each of k places."""
        n = self._checked(dimension)
        return np.array([point * n if len(point) == 1 else point for point in self.lowest_at])

    def problem(self, start: Any = None, dimension: int = 2) -> Problem:
        """The problem of finding it, from the usual start or another one (whose length then counts); the parameter is x.

        Raises
        ------
        ModelError
            The function has no such dimension.
        """
        first = (
            np.resize(self.usual_start, self._checked(dimension)) if start is None else np.asarray(start, dtype=float)
        )
        if first.ndim != 1:
            raise ModelError(f"the start of {self.name} must be a list of numbers, not {start!r}.")
        self._checked(first.size)
        function = self.function
        return Problem.of_function(lambda params: function(params["x"]), {"x": first})

    def _checked(self, dimension: int) -> int:
        n = whole(f"the dimension of {self.name}", dimension, 2)
        if self.dimension not in (None, n):
            raise ModelError(f"{self.name} is a function of {self.dimension} numbers, not of {n}.")
        return n


def _rosenbrock(x: Any) -> Any:
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def _beale(x: Any) -> Any:
    u, v = x[0], x[1]
    return (1.5 - u + u * v) ** 2 + (2.25 - u + u * v**2) ** 2 + (2.625 - u + u * v**3) ** 2


def _himmelblau(x: Any) -> Any:
    u, v = x[0], x[1]
    return (u**2 + v - 11.0) ** 2 + (u + v**2 - 7.0) ** 2


def _rastrigin(x: Any) -> Any:
    return (10.0 + x**2 - 10.0 * np.cos(2.0 * math.pi * x)).sum()


def _ackley(x: Any) -> Any:
    hills = np.exp((np.cos(2.0 * math.pi * x)).mean())
    return 20.0 - 20.0 * np.exp(-0.2 * np.sqrt((x**2).mean())) + math.e - hills


def _styblinski_tang(x: Any) -> Any:
    return 0.5 * (x**4 - 16.0 * x**2 + 5.0 * x).sum()


rosenbrock = PublishedFunction(
    "rosenbrock", "sum of 100 (x[i+1] - x[i]**2)**2 + (1 - x[i])**2", (-5.0, 10.0), (-1.2, 1.0),
    "Rosenbrock, Computer J. 3, 175 (1960); in n dimensions Dixon and Szego, Towards Global Optimization 2 (1978)",
    _rosenbrock, lowest_at=((1.0,),),
)  # fmt: skip
beale = PublishedFunction(
    "beale", "(1.5 - u + u v)**2 + (2.25 - u + u v**2)**2 + (2.625 - u + u v**3)**2, x = (u, v)", (-4.5, 4.5), (1.0, 1.0),
    "Beale, Princeton technical report 25 (1958); number 5 of More, Garbow and Hillstrom, ACM TOMS 7, 17 (1981)",
    _beale, lowest_at=((3.0, 0.5),), dimension=2,
)  # fmt: skip
himmelblau = PublishedFunction(
    "himmelblau", "(u**2 + v - 11)**2 + (u + v**2 - 7)**2, x = (u, v)", (-5.0, 5.0), (0.0, 0.0),
    "Himmelblau, Applied Nonlinear Programming (1972)",
    _himmelblau, dimension=2,
    lowest_at=(
        (3.0, 2.0), (-2.805118086952745, 3.131312518250573), (-3.779310253377747, -3.283185991286170),
        (3.584428340330492, -1.848126526964404),
    ),
)  # fmt: skip
rastrigin = PublishedFunction(
    "rastrigin", "sum of 10 + x[i]**2 - 10 cos(2 pi x[i])", (-5.12, 5.12), (3.0, 2.0),
    "Rastrigin, Systems of Extremal Control (1974); in n dimensions Muhlenbein et al., Parallel Computing 17, 619 (1991)",
    _rastrigin,
)  # fmt: skip
ackley = PublishedFunction(
    "ackley", "20 - 20 exp(-0.2 sqrt(mean of x[i]**2)) + e - exp(mean of cos(2 pi x[i]))", (-32.768, 32.768), (20.0, -15.0),
    "Ackley, A Connectionist Machine for Genetic Hillclimbing (1987)",
    _ackley,
)  # fmt: skip
styblinski_tang = PublishedFunction(
    "styblinski_tang", "half the sum of x[i]**4 - 16 x[i]**2 + 5 x[i]", (-5.0, 5.0), (3.0, 3.0),
    "Styblinski and Tang, Neural Networks 3, 467 (1990)",
    _styblinski_tang, least=-39.16616570377142, lowest_at=((-2.903534027771177,),),
)  # fmt: skip
