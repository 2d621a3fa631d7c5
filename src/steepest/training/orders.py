"""Orders: in which order the epochs of a descent see the rows, drawn ahead or at little cost."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from steepest.base.cores import cores
from steepest.base.params import Array
from steepest.base.random import generator
from steepest.training.batches import Batches

MANY = 1 << 16  # rows from which on an order is drawn while the epoch before is computed; it takes 2 ms then


class Orders:
    """The order of each epoch of some batches; see `Batches.order_of`. Forks of a run ask the same one, from any thread."""

    def __init__(self, batches: Batches, rows: int) -> None:
        self._batches, self._rows = batches, rows
        self._random = batches.order == "random" and not batches.is_full(rows)
        self._ahead = self._random and rows >= MANY and cores() > 1
        self._lock = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._process = os.getpid()
        self._next: tuple[tuple[int, int], Future[Array]] | None = None
        self._made: tuple[int, Any, dict[str, Any]] | None = None

    def of(self, seed: int, epoch: int) -> Array:
        """The places of all rows in the order of an epoch."""
        with self._lock:
            if self._underway(seed, epoch):
                assert self._next is not None
                order = self._next[1].result()
                self._batches.keep(self._rows, seed, epoch, order)
                return order
            if self._random and self._rows < MANY:
                return self._few(seed, epoch)
            return self._batches.order_of(self._rows, seed, epoch)

    def _underway(self, seed: int, epoch: int) -> bool:
        """Whether the order of an epoch is drawn already, or being drawn."""
        if self._process != os.getpid():  # a thread does not come along into another process
            self._process, self._thread, self._next = os.getpid(), None, None
        return self._next is not None and self._next[0] == (seed, epoch)

    def _few(self, seed: int, epoch: int) -> Array:
        """The order of few rows, by a generator that is set to its place: to make one takes longer than to draw."""
        if self._made is None or self._made[0] != seed:
            made = generator(seed, "batches")
            self._made = seed, made, dict(made.bit_generator.state)
        _, made, state = self._made
        state["state"]["counter"][2] = epoch  # as `generator` has it
        made.bit_generator.state = state
        order: Array = made.permutation(self._rows)
        return order

    def draw(self, seed: int, epoch: int) -> None:
        """Begin to draw the order of an epoch that will be needed soon."""
        with self._lock:
            if not self._ahead or self._underway(seed, epoch):
                return
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, "orders")
            self._next = (seed, epoch), self._thread.submit(self._batches.drawn, self._rows, seed, epoch)
