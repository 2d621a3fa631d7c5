"""Orders of epochs against those that the loop draws."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

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


def test_orders_drawn_ahead_are_drawn_again_in_another_process(monkeypatch):
    monkeypatch.setattr(orders, "MANY", 10)
    monkeypatch.setattr(orders, "cores", lambda: 2)
    made = orders.Orders(sd.Batches(7), 30)
    made.of(0, 0)
    made.draw(0, 1)
    context = multiprocessing.get_context("fork")
    found = context.SimpleQueue()

    def ask():
        found.put(made.of(0, 1).tolist())
        made.draw(0, 2)
        found.put(made.of(0, 2).tolist())

    child = context.Process(target=ask)
    child.start()
    child.join(30)
    assert child.exitcode == 0
    for epoch in (1, 2):
        assert found.get() == sd.Batches(7).order_of(30, 0, epoch).tolist()


@pytest.mark.parametrize("many", [10, 1 << 16])
def test_threads_may_ask_at_the_same_time(monkeypatch, many):
    """As forks of a run do."""
    monkeypatch.setattr(orders, "MANY", many)
    monkeypatch.setattr(orders, "cores", lambda: 2)
    made = orders.Orders(sd.Batches(7), 1000)

    def ask(first):
        for epoch in range(first, first + 40):
            made.draw(0, epoch + 1)
            yield made.of(0, epoch).tolist()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda first: list(ask(first)), range(4)))
    expected = [sd.Batches(7).order_of(1000, 0, epoch).tolist() for epoch in range(44)]
    assert answers == [expected[first : first + 40] for first in range(4)]
