"""Nested containers of arrays: what a transform's arguments and results may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _is_array(node: Any) -> bool:
    """A list of numbers, or of such lists, is an array written out, not a container."""
    return isinstance(node, (int, float, np.number)) or (isinstance(node, list) and all(map(_is_array, node)))


def flatten(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves of nested dicts, lists and tuples in order, and a function that puts new leaves in their places.

    A list of numbers is one leaf: an array written out.

    Examples
    --------
    >>> leaves, rebuild = flatten({"a": 1, "b": (2, 3)})
    >>> leaves
    [1, 2, 3]
    >>> rebuild([10, 20, 30])
    {'a': 10, 'b': (20, 30)}
    """
    leaves: list[Any] = []

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: walk(value) for key, value in node.items()}
        if isinstance(node, tuple) and hasattr(node, "_fields"):  # a named tuple takes its items one by one
            return type(node)(*map(walk, node))
        if isinstance(node, tuple) or (isinstance(node, list) and not _is_array(node)):
            return type(node)([walk(item) for item in node])
        leaves.append(node)
        return len(leaves) - 1

    skeleton = walk(tree)

    def rebuild(new: list[Any]) -> Any:
        def place(node: Any) -> Any:
            if isinstance(node, dict):
                return {key: place(value) for key, value in node.items()}
            if isinstance(node, tuple) and hasattr(node, "_fields"):
                return type(node)(*map(place, node))
            if isinstance(node, (list, tuple)):
                return type(node)([place(item) for item in node])
            return new[node]

        return place(skeleton)

    return leaves, rebuild


def paths(tree: Any) -> list[str]:
    """Where each leaf of `flatten` is, such as ``[0]['w'][1]``.

    Examples
    --------
    >>> paths({"a": 1, "b": (2, 3)})
    ["['a']", "['b'][0]", "['b'][1]"]
    """
    if isinstance(tree, dict):
        branches: Any = tree.items()
    elif isinstance(tree, tuple) or (isinstance(tree, list) and not _is_array(tree)):
        branches = enumerate(tree)
    else:
        return [""]
    return [f"[{key!r}]{rest}" for key, value in branches for rest in paths(value)]
