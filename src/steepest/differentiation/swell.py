"""How large a symbolic derivative is against its function, and which rule made it so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steepest.differentiation.algebra import Algebra, distinct_operations
from steepest.differentiation.engine import Known, Step, differentiate
from steepest.formula.tree import Node

HIGHEST = 4
"""Derivatives are counted up to this order."""
_MANY = 5_000  # operations beyond which no further derivative is taken


@dataclass(frozen=True)
class Swell:
    """Numbers of operations.

    Attributes
    ----------
    function, function_shared : int
        Of the function, written out, and with every distinct part computed once.
    orders : tuple of int
        Of its first, second, ... derivative as the rules give them, written out: shared parts count as often as they appear. They
        end where nothing is left, or where there are too many.
    shared : tuple of int
        The same with every distinct part computed once, which is what automatic differentiation does.
    tidied : int
        Of the first derivative after tidying, written out.
    largest : Step or None
        The step that adds the most operations to the first derivative.
    """

    function: int
    function_shared: int
    orders: tuple[int, ...]
    shared: tuple[int, ...]
    tidied: int
    largest: Step | None

    @property
    def factor(self) -> float:
        """The first derivative, as derived and written out, over the function."""
        return self.orders[0] / max(self.function, 1)


def swell_of(
    tree: Node, variable: str, steps: Sequence[Step], algebra: Algebra, known: Mapping[Node, Known] | None = None
) -> Swell:
    """Count the operations of a function and of its derivatives with respect to one variable.

    Examples
    --------
    >>> from steepest.formula.parser import parse_expression
    >>> algebra, tree = Algebra(), parse_expression("w*sin(w)*exp(w)")
    >>> swell = swell_of(tree, "w", differentiate(tree, "w", algebra=algebra)[1], algebra)
    >>> swell.function, swell.orders, swell.shared
    (4, (11, 27, 65, 153), (9, 14, 21, 29))
    """
    orders, shared = [], []
    derivative = tree
    tidied = 0
    for order in range(HIGHEST):
        derivative, _ = differentiate(derivative, variable, known, algebra)
        orders.append(algebra.count(derivative))
        shared.append(distinct_operations(derivative))
        if order == 0:
            tidied = algebra.count(algebra.tidy(derivative))
        if shared[-1] > _MANY or orders[-1] == 0:
            break
    largest = max(steps, key=lambda step: step.added, default=None)
    return Swell(algebra.count(tree), distinct_operations(tree), tuple(orders), tuple(shared), tidied, largest)
