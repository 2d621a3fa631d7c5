"""OpenBLAS as the wheels of NumPy and SciPy bring it, each its own: where it is, and how many threads it takes."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from steepest.base.cores import cores

_MARKS = {"numpy": "64_", "scipy": ""}  # what the names end in: integers of 64 bits in NumPy's


@functools.cache
def library(package: str) -> ctypes.CDLL | None:
    """The library in the wheel of ``numpy`` or ``scipy``; None where that was built otherwise."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parents[1] / f"{package}.libs"
    for path in sorted(folder.glob(f"libscipy_openblas{_MARKS[package]}*")) if folder.is_dir() else []:
        try:
            return ctypes.CDLL(str(path))
        except OSError:
            continue
    return None


class _Threads:
    """How many threads a library takes: one for as long as somebody asks for that, then as many as before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = 0
        self._before = 1

    def take_one(self, found: ctypes.CDLL, mark: str) -> int:
        """From now on one; returns how many it would take."""
        with self._lock:
            if self._asked == 0:
                self._before = int(getattr(found, f"scipy_openblas_get_num_threads{mark}")())
                getattr(found, f"scipy_openblas_set_num_threads{mark}")(1)
            self._asked += 1
            return self._before

    def give_back(self, found: ctypes.CDLL, mark: str) -> None:
        with self._lock:
            self._asked -= 1
            if self._asked == 0:
                getattr(found, f"scipy_openblas_set_num_threads{mark}")(self._before)


_threads = {package: _Threads() for package in _MARKS}


@contextmanager
def one_thread(package: str = "numpy") -> Iterator[int]:
    """Let a package's BLAS work in one thread meanwhile.

    Gives how many threads it would have taken, at most one for each core there is; all cores where it is no OpenBLAS, which
    is then left alone.

    Parameters
    ----------
    package : {"numpy", "scipy"}

    Examples
    --------
    >>> with one_thread() as before, one_thread() as again:
    ...     before == again >= 1
    True
    """
    found, mark = library(package), _MARKS[package]
    if found is None or not hasattr(found, f"scipy_openblas_set_num_threads{mark}"):
        yield cores()
        return
    try:
        yield min(_threads[package].take_one(found, mark), cores())
    finally:
        _threads[package].give_back(found, mark)
