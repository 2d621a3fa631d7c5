"""A key whose place in the run is recorded, so that a program draws other random numbers at each step, and the loop's."""

from __future__ import annotations

from typing import Any, NamedTuple

from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply
from steepest.base.errors import RecordingError
from steepest.base.random import Key
from steepest.program.steps import NotCompilable


class RecordedKey(Key):
    """As `Key`, with Tensors for epoch and step."""

    __slots__ = ()

    def generator(self, stream: str) -> Any:
        """What draws from `stream` at this place: the numbers of NumPy's generator of the same name."""
        return Draws(self, stream)


class KeyOfAPart(RecordedKey):
    """The key of a program that sees a part of a batch, and cannot draw what is drawn for the whole."""

    __slots__ = ()

    def generator(self, stream: str) -> Any:
        raise NotCompilable("random numbers for a part of a batch")


class Draws(NamedTuple):
    """Stands in for a generator, of which it has one method."""

    key: Key
    stream: str

    def random(self, size: Any = None) -> Any:
        """Numbers from 0 to 1."""
        shape = () if size is None else (size,) if isinstance(size, int) else tuple(size)
        return apply(p.uniform, self.key.epoch, self.key.step, seed=self.key.seed, stream=self.stream, shape=shape)

    def __getattr__(self, name: str) -> Any:
        raise RecordingError(
            f"the model draws random numbers by {name}(), and there is machine code for random() alone."
        )
