"""Randomness: the same arguments, the same bits; different ones, different numbers."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.base.errors import ModelError
from steepest.base.random import Key, generator

PLACES = st.integers(0, 2**63)


@settings(deadline=None, max_examples=50)
@given(st.integers(), st.text(max_size=20), PLACES, PLACES)
def test_the_same_arguments_give_the_same_bits(seed: int, stream: str, epoch: int, step: int) -> None:
    first, again = (generator(seed, stream, epoch, step).bytes(64) for _ in range(2))
    assert first == again
    assert Key(seed, epoch, step).generator(stream).bytes(64) == first


def test_other_arguments_give_other_numbers() -> None:
    drawn = {
        generator(seed, stream, epoch, step).bytes(16)
        for seed, stream, epoch, step in itertools.product(range(3), ("batches", "dropout", ""), range(5), range(5))
    }
    assert len(drawn) == 3 * 3 * 5 * 5


def test_neighbouring_places_never_share_a_counter() -> None:
    def counter(epoch: int, step: int, draws: int = 0) -> list[int]:
        numbers = generator(1, "x", epoch, step)
        numbers.bytes(32 * draws)  # a counter makes 32 bytes
        return [int(word) for word in numbers.bit_generator.state["state"]["counter"]]

    assert counter(3, 5)[2:] == [3, 5]
    assert counter(3, 5, 1000)[2:] == [3, 5]  # draws move the two lower words only: 2**128 before they reach epoch
    assert counter(3, 5, 1000)[0] == 1000
    far = generator(1, "x", 3, 5)
    far.bit_generator.advance(2**60)  # type: ignore[attr-defined]
    assert [int(word) for word in far.bit_generator.state["state"]["counter"]][2:] == [3, 5]


def test_long_draws_of_neighbours_have_nothing_in_common() -> None:
    draws = [generator(0, "x", epoch, step).integers(0, 2**64, 20_000, dtype=np.uint64)
             for epoch, step in ((0, 0), (0, 1), (1, 0), (1, 1))]  # fmt: skip
    assert len(np.unique(np.concatenate(draws))) == 80_000


def test_another_process_draws_the_same() -> None:
    code = "from steepest.base.random import generator; print(generator(7, 'dropout', 2, 9).bytes(16).hex())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == generator(7, "dropout", 2, 9).bytes(16).hex()


def test_seeds_of_all_kinds() -> None:
    assert generator(np.int64(5), "x").bytes(8) == generator(5, "x").bytes(8)  # type: ignore[arg-type]
    assert generator(-1, "x").bytes(8) == generator(2**64 - 1, "x").bytes(8)
    assert generator(np.uint8(200), "x").bytes(8) == generator(200, "x").bytes(8)  # type: ignore[arg-type]
    for bad in (1.5, "7", None):
        with pytest.raises(ModelError, match="seed"):
            generator(bad, "x")  # type: ignore[arg-type]


def test_numbers_look_uniform_across_places() -> None:
    first = np.array([generator(0, "x", 0, step).random() for step in range(2000)])
    assert abs(first.mean() - 0.5) < 0.03  # 4.6 standard deviations
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.1
