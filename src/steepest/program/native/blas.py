"""The BLAS that NumPy has loaded: its matrix product, found in the library that came with NumPy's wheel."""

from __future__ import annotations

import ctypes
import functools
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from steepest.program.native.code import SCALARS, Code, number

_NAMES = {"f8": "dgemm", "f4": "sgemm"}
SMALL = 100_000_000  # multiplications, which one thread does in some milliseconds
_ROW_MAJOR, _PLAIN, _TURNED = 101, 111, 112


@functools.cache
def _library() -> ctypes.CDLL | None:
    """OpenBLAS with 64-bit integers from NumPy's wheel; None where NumPy was built otherwise."""
    folder = Path(np.__file__).parent.parent / "numpy.libs"
    for path in sorted(folder.glob("libscipy_openblas64_*")) if folder.is_dir() else []:
        try:
            return ctypes.CDLL(str(path))
        except OSError:
            continue
    return None


def address(kind: str) -> int | None:
    """Where the product of this kind is in memory; None if there is none."""
    library = _library()
    if library is None or kind not in _NAMES:
        return None
    try:
        function = getattr(library, f"scipy_cblas_{_NAMES[kind]}64_")
    except AttributeError:
        return None
    return ctypes.cast(function, ctypes.c_void_p).value


def available(kind: str) -> bool:
    """Whether there is a product of this kind."""
    return address(kind) is not None


def write_call(
    code: Code, kind: str, turn_a: bool, turn_b: bool, m: int, n: int, k: int,
    a: str, lead_a: int, b: str, lead_b: int, out: str, lead_out: int, adds: bool = False,
) -> None:  # fmt: skip
    """Write ``out = a @ b``, or with `adds` ``out += a @ b``, for row-major matrices with the given distances of their rows."""
    scalar = SCALARS[kind]
    symbol = f"@steepest_{_NAMES[kind]}"
    code.library.declare(
        f"declare void {symbol}(i32, i32, i32, i64, i64, i64, {scalar}, ptr, i64, ptr, i64, {scalar}, ptr, i64)"
    )
    turns = [_TURNED if turn else _PLAIN for turn in (turn_a, turn_b)]
    code.do(
        f"call void {symbol}(i32 {_ROW_MAJOR}, i32 {turns[0]}, i32 {turns[1]}, i64 {m}, i64 {n}, i64 {k}, "
        f"{scalar} {number(1.0, kind)}, ptr {a}, i64 {lead_a}, ptr {b}, i64 {lead_b}, "
        f"{scalar} {number(float(adds), kind)}, ptr {out}, i64 {lead_out})"
    )


class _Threads:
    """How many threads BLAS takes: one for as long as somebody asks for that, then as many as before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = 0
        self._before = 1

    def take_one(self, library: ctypes.CDLL) -> int:
        """From now on one; returns how many it would take."""
        with self._lock:
            if self._asked == 0:
                self._before = int(library.scipy_openblas_get_num_threads64_())
                library.scipy_openblas_set_num_threads64_(1)
            self._asked += 1
            return self._before

    def give_back(self, library: ctypes.CDLL) -> None:
        with self._lock:
            self._asked -= 1
            if self._asked == 0:
                library.scipy_openblas_set_num_threads64_(self._before)


_threads = _Threads()


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[int]:
    """Let BLAS work in one thread meanwhile; gives how many threads it would have taken, at most one for each core there is."""
    library = _library()
    if library is None or not hasattr(library, "scipy_openblas_set_num_threads64_"):
        yield cores()
        return
    try:
        yield min(_threads.take_one(library), cores())
    finally:
        _threads.give_back(library)


def threads_for(multiplications: float) -> AbstractContextManager[Any]:
    """One thread for small products: others would wait between them at full speed, which costs more than they help.

    Parameters
    ----------
    multiplications : float
        Of all the products between which Python does something else.
    """
    return one_thread() if multiplications < SMALL else nullcontext()
