"""Nested containers."""

from __future__ import annotations

import gc
import weakref
from typing import NamedTuple

import numpy as np

from steepest.autodiff.tree import flatten, paths


class Pair(NamedTuple):
    x: object
    y: object


def test_round_trip() -> None:
    tree = {"a": (1.0, [2.0, 3.0]), "b": Pair("x", [None, {"c": ()}])}
    leaves, rebuild = flatten(tree)
    assert leaves == [1.0, [2.0, 3.0], "x", None]
    assert rebuild(leaves) == tree
    assert isinstance(rebuild(leaves)["b"], Pair)
    assert paths(tree) == ["['a'][0]", "['a'][1]", "['b'][0]", "['b'][1][0]"]


def test_a_list_of_numbers_is_an_array() -> None:
    assert flatten([[1, 2], [3, 4.0]])[0] == [[[1, 2], [3, 4.0]]]
    assert paths([[1, 2], [3, 4.0]]) == [""]
    assert paths([np.ones(2), 1]) == ["[0]", "[1]"]


def test_leaves_are_freed_at_once() -> None:
    class Leaf:
        pass

    gc.disable()
    try:
        leaf = Leaf()
        watched = weakref.ref(leaf)
        leaves, rebuild = flatten((leaf, 1))
        rebuild([leaf, 2])
        del leaf, leaves, rebuild
        assert watched() is None
    finally:
        gc.enable()
