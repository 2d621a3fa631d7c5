"""Every animation as a function: ``sd.animate.curve(run, "descent.gif")``; ``dir(sd.animate)`` lists them.

Each takes `path` (GIF, or HTML with play, speed and scrub, by its ending) and returns an `Animation`; docs/animations.md shows
them.
"""

from __future__ import annotations

from typing import Any

from steepest.views.animations.catalogue import ANIMATIONS, animation

__all__ = list(ANIMATIONS)


def __getattr__(name: str) -> Any:
    return animation(name)


def __dir__() -> list[str]:
    return sorted(ANIMATIONS)
