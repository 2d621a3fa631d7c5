"""Split: which rows a network learns from, and which it is checked on."""

from __future__ import annotations

import numpy as np

from steepest.base.checks import is_number
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.base.random import generator

SHARE = 0.15
FEWEST = 40  # rows of which some are held out unless a share is given


def split_rows(rows: Array, share: float | None, seed: int, codes: Array | None = None) -> tuple[Array, Array]:
    """The rows to train with and those that are held out, drawn at random; of each class about the same share.

    Parameters
    ----------
    rows : ndarray of int
        The rows that count.
    share : float or None
        At least 0, below 1; None for 0.15, or 0 of fewer than 40 rows.
    seed : int
    codes : ndarray of int, shape (all rows,), optional
        The class of each row. Every class keeps a row to train with.

    Returns
    -------
    training, held : ndarray of int
        Sorted.

    Raises
    ------
    ModelError
        The share is no such number, or leaves no row on one side.

    Examples
    --------
    >>> training, held = split_rows(np.arange(8), 0.25, 0, codes=np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    >>> len(training), np.bincount((held >= 4).astype(int)).tolist()
    (6, [1, 1])
    """
    if share is None:
        share = SHARE if len(rows) >= FEWEST else 0.0
    if not (is_number(share) and 0 <= share < 1):
        raise ModelError(f"validation is the share of the rows held out, at least 0 and below 1, not {share!r}.")
    count = round(len(rows) * share)
    if share > 0 and not 0 < count < len(rows):
        raise ModelError(
            f"validation={share:g} of {len(rows)} rows leaves {'none to learn from' if count else 'none to hold out'}; give "
            "another share, or 0 for none."
        )
    order = generator(seed, "validation").permutation(rows)
    if codes is None or not count:
        held = order[:count]
    else:
        held = _of_each_class(order, codes[order], count)
    return np.setdiff1d(rows, held), np.sort(held)


def _of_each_class(order: Array, codes: Array, count: int) -> Array:
    """`count` rows, from each class in proportion to its size, by largest remainders."""
    sizes = np.bincount(codes)
    wanted = count * sizes / len(order)
    most = np.maximum(sizes - 1, 0)
    taken = np.minimum(np.floor(wanted).astype(int), most)
    while taken.sum() < count and (taken < most).any():
        taken[np.argmax(np.where(taken < most, wanted - taken, -np.inf))] += 1  # the one that lacks most
    return np.concatenate([order[codes == code][:n] for code, n in enumerate(taken)])
