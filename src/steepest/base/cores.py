"""Cores: how many processors this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """How many processors this process may use, at least 1.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):  # not on every system
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
