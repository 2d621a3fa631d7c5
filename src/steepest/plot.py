"""Every picture as a function: ``sd.plot.fit(fit, "fit.png")``; ``dir(sd.plot)`` lists them, docs/pictures.md shows them.

Each takes `path` (PNG, SVG or PDF by its ending) and ``theme="light"`` or ``"dark"``, and returns a Matplotlib figure.
"""

from __future__ import annotations

from typing import Any

from steepest.views.plots import PICTURES, picture

__all__ = list(PICTURES)


def __getattr__(name: str) -> Any:
    return picture(name)


def __dir__() -> list[str]:
    return sorted(PICTURES)
