"""The elements of a local Jacobian: which element of a result depends on which element of an input, and by how much."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from steepest.autodiff import primitives as p
from steepest.autodiff.apply import Value
from steepest.autodiff.rules import Elementwise
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.inspection.local import local_map, pulled, where_partial
from steepest.inspection.wording import operation_name
from steepest.nn.module import plain

MOST_LINKS = 2_000_000
_SCANNED = 50_000_000  # elements of gradients looked through for one operation without a pattern of its own

# Each element of the result comes from at most one element of all inputs together, with local derivative 1.
_GATHERS = {
    p.reshape, p.transpose, p.broadcast_to, p.flip, p.alias, p.astype, p.index, p.take_along_axis, p.sort, p.concatenate, p.pad,
}  # fmt: skip
# Each element of the input goes into at most one element of the result.
_SCATTERS = {p.sum, p.mean, p.amax, p.amin, p.sum_to, p.scatter_add, p.add_along_axis}


class Links(NamedTuple):
    """Elements of the local Jacobian, one behind the other: from (flat place), to (flat place), local derivative."""

    source: Array
    target: Array
    weight: Array


def links(value: Value, i: int, starts: Array) -> Links:
    """The elements of d value / d input `i` that are not 0 by construction, for the input's elements at `starts`.

    Parameters
    ----------
    value : Value
    i : int
    starts : int array, ascending
        Flat places in the input.

    Raises
    ------
    ModelError
        There are more than 2 million.

    Examples
    --------
    >>> import steepest as sd
    >>> x = sd.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> links(x.sum(axis=0) ** 2, 0, np.array([1]))
    Links(source=array([1]), target=array([1]), weight=array([12.]))
    >>> links(x.sum(axis=0), 0, np.array([2]))
    Links(source=array([2]), target=array([0]), weight=array([1.]))
    """
    linear = local_map(value)
    primitive, x = value.primitive, np.asarray(plain(value.inputs[i]))
    if primitive is p.where or isinstance(linear, Elementwise):
        check_count(value._data.size, value)
        with np.errstate(all="ignore"):
            partial = where_partial(value, i) if primitive is p.where else linear.partial(i)  # type: ignore[attr-defined]
        if partial is None:
            return _none()
        return _gathered(np.broadcast_to(np.arange(x.size).reshape(x.shape), value.shape), partial, starts, x.size)
    if primitive is p.matmul or primitive is p.einsum:
        return _product(value, i, starts)
    if primitive in _GATHERS:
        check_count(value._data.size, value)
        places: list[Any] = [None] * len(value.inputs)
        places[i] = np.arange(1.0, x.size + 1.0).reshape(x.shape)  # 0 is left for what comes from elsewhere
        at = _push_exactly(value, places) - 1
        kept = at >= 0
        return _gathered(np.where(kept, at, 0), np.where(kept, 1.0, 0.0), starts, x.size)
    if primitive in _SCATTERS:
        check_count(value._data.size, value)  # float32 tells places apart up to there
        weight = pulled(value, linear, i, np.ones_like(value._data)).reshape(-1)[starts].astype(np.float64)
        # The place of the result that each element goes into, by pulling places back; mean divides them.
        places_of = np.arange(1, value._data.size + 1).astype(value.dtype).reshape(value.shape)
        moved = pulled(value, linear, i, places_of).reshape(-1)[starts].astype(np.float64)
        with np.errstate(all="ignore"):
            target = np.where(weight == 0, 0, np.rint(moved / weight) - 1)
        return _kept(starts, np.nan_to_num(target).astype(np.intp), weight)
    return _row_by_row(value, i, starts)


def check_count(count: int, value: Value | None = None) -> None:
    """Raise where there are too many elements to look at one by one."""
    if count > MOST_LINKS:
        assert value is None or value.primitive is not None
        where = (
            ""
            if value is None or value.primitive is None
            else f" ('{operation_name(value.primitive)}' alone has {count:,})"
        )
        raise ModelError(
            f"the paths run over more than {MOST_LINKS:,} local derivatives{where}, too many to follow one by one. "
            "Explain a loss on fewer rows: rows= for a Problem, or fewer rows of the data."
        )


def _none() -> Links:
    return Links(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0))


def _kept(source: Array, target: Array, weight: Array) -> Links:
    """Without what is exactly 0, as in a branch that was not taken."""
    live = weight != 0
    return Links(source[live], target[live], weight[live])


def _gathered(at: Array, weight: Array, starts: Array, size: int) -> Links:
    """Links of an operation whose result takes each element from the place `at`, times `weight`."""
    at, weight = np.asarray(at).reshape(-1).astype(np.intp), np.asarray(weight, np.float64).reshape(-1)
    wanted = np.zeros(size, bool)
    wanted[starts] = True
    live = np.flatnonzero(wanted[at] & (weight != 0))
    return Links(at[live], live, weight[live])


def _push_exactly(value: Value, places: list[Any]) -> Array:
    """Places moved as the operation moves elements, in float64 whatever its dtype: float32 ends at 2**24."""
    assert value.primitive is not None
    assert value.primitive.rule is not None
    inputs = [
        np.asarray(plain(x)).astype(np.float64) if np.asarray(plain(x)).dtype.kind == "f" else plain(x)
        for x in value.inputs
    ]
    static = {**value.static, "dtype": np.dtype(np.float64)} if value.primitive is p.astype else value.static
    linear = value.primitive.rule(value._data.astype(np.float64), tuple(inputs), static)
    return np.asarray(linear.push(places)).astype(np.intp)


def _product(value: Value, i: int, starts: Array) -> Links:
    """Links of a matrix product or an einsum: the local derivative is the product of the other factors' elements."""
    terms, output = _subscripts(value)
    arrays = [np.asarray(plain(x)) for x in value.inputs]
    length: dict[str, int] = {}
    for term, array in zip(terms, arrays):
        for letter, n in zip(term, array.shape):
            length[letter] = max(length.get(letter, 1), n)
    own = [(letter, n) for letter, n in zip(terms[i], arrays[i].shape) if n == length[letter]]
    free = [letter for letter in length if letter not in {letter for letter, _ in own}]
    many = math.prod(length[letter] for letter in free)
    check_count(starts.size * many, value)
    place = dict(zip(terms[i], np.unravel_index(starts, arrays[i].shape)))
    index = {letter: place[letter][:, None] for letter, _ in own}
    index |= dict(
        zip(free, (each[None, :] for each in np.unravel_index(np.arange(many), [length[c] for c in free] or [1])))
    )

    def flat(term: str, shape: tuple[int, ...]) -> Array:
        at = np.zeros((starts.size, many), np.intp)
        for letter, n in zip(term, shape):
            at = at * n + (index[letter] if n > 1 else 0)
        return at

    weight = np.ones((starts.size, many))
    for j, (term, array) in enumerate(zip(terms, arrays)):
        if j != i:
            weight = weight * array.reshape(-1)[flat(term, array.shape)]
    source = np.broadcast_to(starts[:, None], weight.shape)
    return _kept(source.reshape(-1), flat(output, value.shape).reshape(-1), weight.reshape(-1))


def _subscripts(value: Value) -> tuple[list[str], str]:
    if value.primitive is p.einsum:
        left, output = value.static["subscripts"].split("->")
        return left.split(","), output
    rank = value._data.ndim - 2
    stack = "".join(chr(ord("A") + k) for k in range(rank))
    ranks = [np.ndim(plain(x)) - 2 for x in value.inputs]
    return [stack[rank - ranks[0] :] + "ij", stack[rank - ranks[1] :] + "jk"], stack + "ik"


def _row_by_row(value: Value, i: int, starts: Array) -> Links:
    """Links of any operation: one gradient for each element of the result."""
    size = value._data.size
    if size * np.size(plain(value.inputs[i])) > _SCANNED:
        check_count(size * starts.size, value)
    linear = local_map(value)
    found = [_none()]
    count = 0
    for k in range(size):
        unit = np.zeros(size, value.dtype)
        unit[k] = 1
        row = pulled(value, linear, i, unit.reshape(value.shape)).reshape(-1)[starts].astype(np.float64)
        found.append(_kept(starts, np.full(starts.size, k), row))
        count += found[-1].weight.size
        check_count(count, value)
    return Links(*(np.concatenate(parts) for parts in zip(*found)))
