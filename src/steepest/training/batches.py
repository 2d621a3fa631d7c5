"""Batches: which rows a step sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.base.random import generator

ORDERS = ("random", "sequence")


@dataclass(frozen=True)
class Batches:
    """How the rows are cut into batches; a pure function of (seed, step).

    Parameters
    ----------
    size : int or None
        Rows a batch; None for all of them. The last batch of an epoch has what is left.
    order : {"random", "sequence"}
        "random" draws without replacement within an epoch, anew for each; "sequence" cuts the rows as they come.
    parts : int
        How many pieces a batch is computed in, one after the other, their gradients added up (gradient accumulation): the same
        step with less memory. What a network takes from its batch, such as batch statistics, it takes from a piece.

    Raises
    ------
    ModelError
        The size or the number of parts is no positive whole number, or the order is unknown.

    Examples
    --------
    >>> [Batches(2, "sequence").at(5, seed=0, step=k)[1] for k in range(3)]
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """

    size: int | None = None
    order: str = "random"
    parts: int = 1
    # The order of one epoch, kept because every step of the epoch asks for it; no state: it follows from (rows, seed, epoch).
    _drawn: dict[tuple[int, int, int], Array] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise ModelError(f"batches are drawn in order 'random' or 'sequence', not {self.order!r}.")
        object.__setattr__(self, "parts", whole("the number of parts of a batch", self.parts))
        if self.size is not None:
            object.__setattr__(self, "size", whole("the batch size", self.size))

    def check(self, rows: int) -> None:
        """Raise if a batch would hold more rows than there are."""
        if self.size is not None and self.size > rows:
            raise ModelError(
                f"the batch size {self.size} is larger than the data ({rows} rows); leave it out for full batch."
            )

    def per_epoch(self, rows: int) -> int:
        """How many steps see every row once."""
        return 1 if self.size is None else -(-rows // self.size)

    def is_full(self, rows: int) -> bool:
        """Whether every step sees all rows."""
        return self.size is None or self.size >= rows

    def at(self, rows: int, seed: int, step: int) -> tuple[int, Any]:
        """The epoch of `step`, and the places of its rows: None for all, a slice, or an index array."""
        if self.is_full(rows):
            return step, None
        assert self.size is not None
        epoch, k = divmod(step, self.per_epoch(rows))
        cut = slice(k * self.size, min(rows, (k + 1) * self.size))
        return epoch, cut if self.order == "sequence" else self.order_of(rows, seed, epoch)[cut]

    def order_of(self, rows: int, seed: int, epoch: int) -> Array:
        """The places of all rows in the order in which an epoch sees them; nobody may write into it."""
        key = (rows, seed, epoch if self.order == "random" else 0)
        order = self._drawn.get(key)
        if order is None:
            order = self.drawn(rows, seed, epoch)
            self.keep(rows, seed, epoch, order)
        return order

    def drawn(self, rows: int, seed: int, epoch: int) -> Array:
        """The same, drawn anew."""
        order = np.arange(rows)
        if self.order == "random":
            order = generator(seed, "batches", epoch).permutation(rows)
        order.flags.writeable = False
        return order

    def keep(self, rows: int, seed: int, epoch: int, order: Array) -> None:
        """Have the order of an epoch at hand, and of no other."""
        self._drawn.clear()
        self._drawn[rows, seed, epoch if self.order == "random" else 0] = order

    def cut(self, places: Any, rows: int) -> list[Any]:
        """The places of a batch in `parts` pieces; fewer where there are fewer rows."""
        if self.parts == 1:
            return [places]
        if places is None:
            places = np.arange(rows)
        elif isinstance(places, slice):
            places = np.arange(places.start, places.stop)
        return [piece for piece in np.array_split(places, self.parts) if len(piece)]
