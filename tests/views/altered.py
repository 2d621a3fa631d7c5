"""A fit with some of its attributes replaced: outcomes that are hard to bring about on purpose."""

from __future__ import annotations

from typing import Any


class Altered:
    def __init__(self, fit: Any, **changes: Any) -> None:
        self._fit = fit
        self.__dict__.update(changes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fit, name)
