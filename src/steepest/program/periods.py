"""Periods: where a program does the same operations again and again, as a loop over time does when it is recorded.

What is found here is a guess by names and shapes, and says only where a repetition may begin. Whether it is one is decided on the
steps of the plan, in reroll.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.program.program import Array, Literal, Program

FEWEST = 4  # iterations that are worth a loop
_WORD = 6  # operations that are looked up together
_TRIED = 64  # distances to the next like words
_VIEWS = ("index", "reshape", "transpose", "broadcast_to")


def periods(program: Program) -> list[range]:
    """The periodic stretches of a program, in order and apart from each other.

    Returns
    -------
    list of range
        Of places among the operations: each element begins an iteration, and ``stop`` is the end of the last one.

    Examples
    --------
    >>> import numpy as np
    >>> from steepest.program.record import record
    >>> def f(x):
    ...     for _ in range(5):
    ...         x = x + np.sin(x)
    ...     return x
    >>> periods(record(f, np.ones(3)))
    [range(2, 10, 2)]
    """
    names = _names(program)
    words = _words(names)
    found: list[range] = []
    i = 0
    while i < len(names):
        stretch = _stretch(names, words, i)
        if stretch is None:
            i += 1
            continue
        if any(operation.name not in _VIEWS for operation in program.operations[i : i + stretch.step]):
            found.append(_turned(program, stretch))
        i = stretch.stop
    return found


def _names(program: Program) -> Array:
    """A number for each operation, the same for like ones: by primitive, shape, dtype and kinds of operands."""
    known: dict[Any, int] = {}
    outer = {*program.inputs, *program.constants}  # and their parts
    names = []
    for operation in program.operations:
        kinds = tuple(repr(x) if isinstance(x, Literal) else x in outer for x in operation.inputs)
        spec = program.specs[operation.out]
        names.append(known.setdefault((operation.name, spec.shape, spec.dtype.str, kinds), len(known)))
        if operation.name in _VIEWS and kinds[0] is True:
            outer.add(operation.out)
    return np.array(names, np.int64)


def _words(names: Array) -> dict[bytes, list[int]]:
    """By the numbers of some operations in a row, where they stand."""
    words: dict[bytes, list[int]] = {}
    for i in range(len(names)):
        words.setdefault(names[i : i + _WORD].tobytes(), []).append(i)
    return words


def _stretch(names: Array, words: dict[bytes, list[int]], i: int) -> range | None:
    """The longest periodic stretch from `i` on, by the operations that it saves."""
    best, most = None, 0
    alike = words[names[i : i + _WORD].tobytes()]
    after = int(np.searchsorted(alike, i)) + 1
    for j in alike[after : after + _TRIED]:
        period = j - i
        count = _agreeing(names, i, j) // period + 1
        if count >= FEWEST and (count - 1) * period > most:
            best, most = range(i, i + count * period, period), (count - 1) * period
    return best


def _agreeing(names: Array, i: int, j: int) -> int:
    """How many operations from `i` and from `j` on are alike."""
    length, left = 0, len(names) - j
    while length < left:
        size = min(max(64, length), left - length)
        same = names[i + length : i + length + size] == names[j + length : j + length + size]
        if not same.all():
            return length + int(same.argmin())
        length += size
    return length


def _turned(program: Program, stretch: range) -> range:
    """The stretch with iterations that begin where fewest bytes would have to leave a register; at most one iteration is lost."""
    period = stretch.step
    start = stretch[len(stretch) // 2 - 1]
    made: dict[int, int] = {}  # what could stay in a register until another operation reads it
    until: dict[int, int] = {}
    nbytes: dict[int, int] = {}
    for i in range(start, start + 2 * period):
        operation = program.operations[i]
        if operation.name == "matmul":
            made.clear()
        for x in operation.values:
            begun = made.get(x)
            if begun is not None:
                until[begun] = i
        if operation.name in _VIEWS:
            begun = made.get(operation.values[0]) if operation.values else None
            if begun is not None:
                made[operation.out] = begun
        elif operation.name != "matmul":
            made[operation.out] = i
            nbytes[i] = program.specs[operation.out].nbytes
    cost = np.zeros(period)
    for begun, i in until.items():
        if begun < start + period:
            cost[(np.arange(begun + 1, i + 1) - start) % period] += nbytes[begun]
    turn = int(cost.argmin()) if cost[0] > cost.min() else 0
    start = stretch.start + turn
    return range(start, start + (len(stretch) - (turn > 0)) * period, period)
