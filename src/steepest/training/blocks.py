"""Blocks: the rows of a problem some thousands at a time, so that what is made of them on the way stays small and in cache."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from steepest.base.params import Array
from steepest.base.progress import tell

if TYPE_CHECKING:
    from steepest.training.problem import Problem

ROWS = 2**15  # of a block: measured; with fewer the calls cost, with more the arrays leave the cache


class Block(NamedTuple):
    """Some consecutive rows as a problem of their own.

    Attributes
    ----------
    problem : Problem
    rows : slice
        Which rows of the whole.
    numbers : slice
        Which numbers of the whole target, laid out in one line.
    """

    problem: Problem
    rows: slice
    numbers: slice


def cut(problem: Problem) -> Iterator[Block]:
    """The problem's blocks in order; the whole as the only one where the rows are few or do not stand for themselves."""
    if problem.rows <= ROWS or not problem.rowwise:
        yield Block(problem, slice(None), slice(None))
        return
    width = int(np.size(problem.data.target)) // problem.rows
    for start in range(0, problem.rows, ROWS):
        rows = slice(start, min(start + ROWS, problem.rows))
        tell("row", rows.start + 1, problem.rows)
        part = copy.copy(problem)
        part.data = problem.batch(rows)
        yield Block(part, rows, slice(rows.start * width, rows.stop * width))


def is_rowwise(problem: Problem, size: int | None = None) -> bool:
    """Whether the model says the same of blocks of `size` rows as of the whole: it may well look at a mean over all rows."""
    size = size or ROWS
    whole = problem.outputs_at_once(problem.start)
    if whole.ndim == 0:
        return True
    tolerance = float(np.finfo(whole.dtype).eps) ** 0.6 if whole.dtype.kind == "f" else 0.0
    scale = float(np.max(np.abs(whole), where=np.isfinite(whole), initial=0.0))
    for start in range(0, problem.rows, size):
        rows = slice(start, start + size)
        try:
            part = problem.outputs_at_once(problem.start, problem.batch(rows).inputs)
        except Exception:  # a model that holds arrays of all rows may raise anything here
            return False
        if part.shape != whole[rows].shape:
            return False
        if not np.allclose(part, whole[rows], rtol=tolerance, atol=tolerance * scale, equal_nan=True):
            return False
    return True


def joined(parts: Iterable[Array], size: int) -> Array:
    """Arrays of blocks behind each other in one of `size` rows; the only one, or a number for all rows, as it is."""
    whole: Array | None = None
    done = 0
    for part in parts:
        if part.ndim == 0 or len(part) >= size:
            return part
        if whole is None:
            whole = np.empty((size, *part.shape[1:]), dtype=part.dtype)
        whole[done : done + len(part)] = part
        done += len(part)
    assert whole is not None
    return whole


def summed(problem: Problem, of: Callable[[Problem], tuple[float, Array]]) -> tuple[float, Array]:
    """The objective and its slope, each block's ``of(block)`` with its share of the weight added up in order.

    A penalty counts once; a root is taken of the sum of all.
    """
    if problem.rows <= ROWS:
        return of(problem)
    bare = copy.copy(problem)
    bare.penalty, bare.loss_function = None, replace(problem.loss_function, root=False)
    total: tuple[float, Any] = (0.0, 0.0)
    for part, *_ in bare.blocks():
        if part is bare:
            return of(problem)
        share = 1.0
        if problem.reduction == "mean":
            share = _weight(part) / _weight(problem)
            if share == 0.0:  # a mean over nothing is no number
                continue
        value, slope = of(part)
        total = total[0] + share * value, total[1] + share * slope
    value, slope = total
    if problem.loss_function.root:
        value = math.sqrt(value)
        slope = slope / (2.0 * value) if value > 0 else 0.0 * slope
    if problem.penalty is not None:
        added, its_slope = of(problem.of_function(problem.penalty, problem.start))
        value, slope = value + added, slope + its_slope
    return value, slope


def _weight(problem: Problem) -> float:
    return float(problem.rows if problem.data.weights is None else np.sum(problem.data.weights))
