"""Sliders: numbers that are turned with the arrow keys on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass
class Slider:
    """A number and how far a key press turns it."""

    name: str
    value: float
    stride: float


# What terminals send for the arrow keys, and letters for those without.
_KEYS = {"\x1b[A": (1, 1), "\x1b[B": (1, -1), "\x1b[C": (0, 1), "\x1b[D": (0, -1),
         "\x1bOA": (1, 1), "\x1bOB": (1, -1), "\x1bOC": (0, 1), "\x1bOD": (0, -1),
         "k": (1, 1), "j": (1, -1), "l": (0, 1), "h": (0, -1)}  # fmt: skip
_END = {"q", "\r", "\n", "\x03", "\x04", ""}


def turn(sliders: Sequence[Slider], draw: Callable[[list[float]], str]) -> list[float]:
    """Let a person turn two sliders until Enter or q; left and right are the first, up and down the second.

    ``draw(values)`` gives the picture, which is drawn anew in place after every key.
    """
    import termios
    import tty

    source = sys.stdin.fileno()
    before = termios.tcgetattr(source)
    lines = 0
    try:
        tty.setcbreak(source)
        while True:
            picture = draw([slider.value for slider in sliders])
            help_line = f"left and right: {sliders[0].name}, up and down: {sliders[1].name}, Enter: done"
            text = f"{picture}\n{help_line}"
            sys.stdout.write((f"\x1b[{lines}A\x1b[J" if lines else "") + text + "\n")
            sys.stdout.flush()
            lines = text.count("\n") + 1
            key = _key()
            if key in _END:
                return [slider.value for slider in sliders]
            if key in _KEYS:
                which, sign = _KEYS[key]
                sliders[which].value += sign * sliders[which].stride
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)


def _key() -> str:
    first = sys.stdin.read(1)
    return first + sys.stdin.read(2) if first == "\x1b" else first
