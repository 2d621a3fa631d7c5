"""The products: matrix, tensor, outer, and Einstein's sums."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply
from steepest.autodiff.ops.shapes import as_array, ndim, places_of, ravel, reshape, shape, size, transpose
from steepest.base.errors import ShapeError


def matmul(a: Any, b: Any) -> Any:
    """Matrix product, with NumPy's meaning for vectors and stacks of matrices."""
    a, b = as_array(a), as_array(b)
    shape_a, shape_b = shape(a), shape(b)
    if len(shape_a) == len(shape_b) == 2 and shape_a[1] == shape_b[0]:
        return apply(p.matmul, a, b)
    if not shape_a or not shape_b:
        raise ShapeError("matmul of a scalar: use * instead of @.")
    if shape_a[-1] != (shape_b[-2] if len(shape_b) > 1 else shape_b[0]):
        raise ShapeError(f"matmul: shapes {shape_a} and {shape_b} do not meet: the last axis of the first must be "
                         f"as long as the second-to-last of the second.")  # fmt: skip
    # Vectors become matrices, so that one rule serves.
    row, column = len(shape_a) == 1, len(shape_b) == 1
    if row:
        a = reshape(a, (1, *shape_a))
    if column:
        b = reshape(b, (*shape_b, 1))
    out = apply(p.matmul, a, b)
    if row or column:
        kept = shape(out)
        out = reshape(out, kept[:-2] + (() if row else kept[-2:-1]) + (() if column else kept[-1:]))
    return out


def dot(a: Any, b: Any) -> Any:
    """NumPy's dot: product with a scalar, inner product of vectors, matrix product, or sum over last and second-to-last axes."""
    a, b = as_array(a), as_array(b)
    if ndim(a) == 0 or ndim(b) == 0:
        return a * b
    if ndim(b) <= 2:
        return matmul(a, b)
    return tensordot(a, b, axes=((ndim(a) - 1,), (ndim(b) - 2,)))


def outer(a: Any, b: Any) -> Any:
    """``out[i, j] = a[i] * b[j]`` of the flattened inputs."""
    a, b = ravel(as_array(a)), ravel(as_array(b))
    return reshape(a, (size(a), 1)) * reshape(b, (1, size(b)))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Sum of products over pairs of axes; an integer means the last of `a` with the first of `b`."""
    a, b = as_array(a), as_array(b)
    rank_a, rank_b = ndim(a), ndim(b)
    if isinstance(axes, (int, np.integer)):
        if not 0 <= axes <= builtins.min(rank_a, rank_b):
            raise ShapeError(f"tensordot over {axes} axes of arrays with {rank_a} and {rank_b}.")
        axes_a, axes_b = tuple(range(rank_a - int(axes), rank_a)), tuple(range(int(axes)))
    else:
        axes_a, axes_b = (places_of(ax, rank) for ax, rank in zip(axes, (rank_a, rank_b), strict=True))
    shape_a, shape_b = shape(a), shape(b)
    if [shape_a[i] for i in axes_a] != [shape_b[i] for i in axes_b]:
        raise ShapeError(f"tensordot: shapes {shape_a} and {shape_b} do not meet over axes {axes_a} and {axes_b}.")
    free_a = tuple(i for i in range(rank_a) if i not in axes_a)
    free_b = tuple(i for i in range(rank_b) if i not in axes_b)
    inner = math.prod(shape_a[i] for i in axes_a)
    left = reshape(transpose(a, free_a + axes_a), (math.prod(shape_a[i] for i in free_a), inner))
    right = reshape(transpose(b, axes_b + free_b), (inner, math.prod(shape_b[i] for i in free_b)))
    return reshape(matmul(left, right), tuple(shape_a[i] for i in free_a) + tuple(shape_b[i] for i in free_b))


def einsum(subscripts: str, *operands: Any) -> Any:
    """Einstein summation; ``...`` allowed, an index repeated within one operand not (take its diagonal by indexing).

    Raises
    ------
    ShapeError
        The subscripts do not fit the operands.
    """
    if not isinstance(subscripts, str):
        raise ShapeError("einsum takes its subscripts as text first, such as einsum('ij,jk->ik', a, b).")
    arrays = [as_array(x) for x in operands]
    return apply(p.einsum, *arrays, subscripts=_explicit(subscripts, [shape(x) for x in arrays]))


def _explicit(subscripts: str, shapes: list[tuple[int, ...]]) -> str:
    """The subscripts with the output written out and letters in place of ``...``."""
    text = subscripts.replace(" ", "")
    left, arrow, output = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ShapeError(f"einsum '{subscripts}' names {len(terms)} operands, {len(shapes)} were given.")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" if c not in text]
    # Ellipses align at their right end, so letters are taken from the right.
    longest = builtins.max([len(s) - len(t) + 3 for t, s in zip(terms, shapes) if "..." in t], default=0)
    dots = "".join(spare[:longest])
    written = []
    for term, s in zip(terms, shapes):
        count = len(s) - len(term) + 3
        if "..." in term:
            term = term.replace("...", dots[longest - count :] if count else "")
        if len(term) != len(s):
            raise ShapeError(f"einsum '{subscripts}': '{term}' does not fit an operand of shape {s}.")
        if len(set(term)) != len(term):
            raise ShapeError(
                f"einsum '{subscripts}': index repeated within '{term}'; take the diagonal by indexing first."
            )
        written.append(term)
    if arrow:
        output = output.replace("...", dots)
    else:
        letters = "".join(written)
        output = dots + "".join(sorted(c for c in set(letters) if letters.count(c) == 1 and c not in dots))
    return ",".join(written) + "->" + output
