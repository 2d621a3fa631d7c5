"""Orders of epochs against those that the loop draws."""

from __future__ import annotations

import pytest

import steepest as sd
from steepest.training import orders


@pytest.mark.parametrize("many", [10, 1 << 16])
@pytest.mark.parametrize("order", ["random", "sequence"])
def test_orders_are_those_of_the_loop(monkeypatch, many, order):
    monkeypatch.setattr(orders, "MANY", many)
    monkeypatch.setattr(orders, "cores", lambda: 2)
    batches = sd.Batches(7, order)
    made = orders.Orders(batches, 30)
    for seed, epoch in [(0, 0), (0, 1), (0, 2), (5, 2), (5, 3), (0, 3), (2**63 + 1, 10**6), (0, 4)]:
        assert (made.of(seed, epoch) == sd.Batches(7, order).order_of(30, seed, epoch)).all()
        made.draw(seed, epoch + 1)
        made.draw(seed, epoch + 1)
