"""Adding: products that are part of a sum over shards, added to what is there instead of written and added after."""

from __future__ import annotations

from collections.abc import Sequence

from steepest.program.fusion import Plan
from steepest.program.lifetimes import bases_read
from steepest.program.steps import Product


def let_products_add(plans: Sequence[Plan], values: Sequence[int], count: int) -> list[tuple[int, int]]:
    """Let products that are made in a part of a vector add to it, in several plans alike.

    Parameters
    ----------
    plans : sequence of Plan
    values : sequence of int
        The vector in each plan, of `count` numbers.

    Returns
    -------
    list of tuple of int
        The parts of the vector that are still overwritten: where each begins, and how long it is.
    """
    found = [_products(plan, base) for plan, base in zip(plans, values)]
    common = set(found[0]).intersection(*found[1:])
    for products in found:
        for part in common:
            products[part].adds = True
    rest, end = [], 0
    for start, stop in [*sorted(common), (count, count)]:
        if start > end:
            rest.append((end, start - end))
        end = stop
    return rest


def _products(plan: Plan, base: int) -> dict[tuple[int, int], Product]:
    """By the part of the value that they make, the products that make one; none if a step reads the value."""
    if any(base in bases_read(plan, step) for step in plan.steps):
        return {}
    products = {}
    for step in plan.steps:
        if isinstance(step, Product) and step.out.base == base:
            start = step.out.offset // step.out.dtype.itemsize
            products[start, start + step.out.shape[0] * step.out.shape[1]] = step
    return products
