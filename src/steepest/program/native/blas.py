"""The BLAS that NumPy has loaded: its matrix product, found in the library that came with NumPy's wheel."""

from __future__ import annotations

import ctypes
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from steepest.base.openblas import library, one_thread
from steepest.program.native.code import SCALARS, Code, number

_NAMES = {"f8": "dgemm", "f4": "sgemm"}
SMALL = 100_000_000  # multiplications, which one thread does in some milliseconds
_ROW_MAJOR, _PLAIN, _TURNED = 101, 111, 112


def address(kind: str) -> int | None:
    """Where the product of this kind is in memory; None if there is none."""
    found = library("numpy")
    if found is None or kind not in _NAMES:
        return None
    try:
        function = getattr(found, f"scipy_cblas_{_NAMES[kind]}64_")
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


def threads_for(multiplications: float) -> AbstractContextManager[Any]:
    """One thread for small products: others would wait between them at full speed, which costs more than they help.

    Parameters
    ----------
    multiplications : float
        Of all the products between which Python does something else.
    """
    return one_thread() if multiplications < SMALL else nullcontext()
