"""What is told reaches whoever listens, and nobody else."""

from __future__ import annotations

from steepest.base.progress import listening, tell


def test_what_is_told_is_heard_within_the_block_alone() -> None:
    outer: list[tuple[str, int, int]] = []
    inner: list[tuple[str, int, int]] = []
    tell("unheard")
    with listening(lambda *told: outer.append(told)):
        tell("first", 1, 2)
        with listening(lambda *told: inner.append(told)):
            tell("second")
        with listening(None):
            tell("unheard")
        tell("third", 3)
    tell("unheard")
    assert outer == [("first", 1, 2), ("third", 3, 0)]
    assert inner == [("second", 0, 0)]
