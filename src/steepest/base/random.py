"""Randomness as a pure function of (seed, stream, epoch, step): nothing to save, nothing to restore."""

from __future__ import annotations

import hashlib
import operator
from typing import NamedTuple

import numpy as np

from steepest.base.errors import ModelError

_WORD = 2**64


def stream_word(stream: str) -> int:
    """64 bits from the stream's name; a cryptographic digest, since Python's own hash differs from process to process."""
    return int.from_bytes(hashlib.blake2b(stream.encode(), digest_size=8).digest(), "little")


def generator(seed: int, stream: str, epoch: int = 0, step: int = 0) -> np.random.Generator:
    """A NumPy generator that depends on nothing but its arguments.

    Philox is counter-based (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11): the key is
    (seed, stream) and the two upper words of the 256-bit counter are (epoch, step), so that two different
    argument lists never share a number.

    Parameters
    ----------
    seed : int
        Any integer; taken modulo 2**64.
    stream : str
        What the numbers are for, such as ``"batches"`` or ``"dropout"``.
    epoch, step : int
        Place in the run, at least 0.

    Raises
    ------
    ModelError
        The seed is not a whole number.

    Examples
    --------
    >>> first = generator(7, "batches", epoch=3).permutation(4)
    >>> again = generator(7, "batches", epoch=3).permutation(4)
    >>> bool((first == again).all())
    True
    """
    try:
        whole = operator.index(seed)
    except TypeError:
        raise ModelError(f"the seed must be a whole number, not {seed!r}.") from None
    key = np.array([whole % _WORD, stream_word(stream)], dtype=np.uint64)
    counter = np.array([0, 0, epoch, step], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


class Key(NamedTuple):
    """A place in a run, from which a model draws its random numbers (dropout, noise) without keeping any state."""

    seed: int
    epoch: int = 0
    step: int = 0

    def generator(self, stream: str) -> np.random.Generator:
        """The generator of `stream` at this place; see `generator`."""
        return generator(self.seed, stream, self.epoch, self.step)
