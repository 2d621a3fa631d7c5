"""Nested containers of arrays: what a transform's arguments and results may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _is_array(node: Any) -> bool:
    """A list of numbers, or of such lists, is an array written out, not a container."""
    return isinstance(node, (int, float, np.number)) or (isinstance(node, list) and all(map(_is_array, node)))


def _is_container(node: Any) -> bool:
    return isinstance(node, (dict, tuple)) or (isinstance(node, list) and not _is_array(node))


def _mapped(node: Any, change: Callable[[Any], Any]) -> Any:
    """A container of the same kind with each item changed."""
    if isinstance(node, dict):
        return {key: change(value) for key, value in node.items()}
    if hasattr(node, "_fields"):  # a named tuple takes its items one by one
        return type(node)(*map(change, node))
    return type(node)([change(item) for item in node])


# Functions of the module, not closures that call themselves: those would keep the arrays alive until the garbage collector runs.
def _take(node: Any, leaves: list[Any]) -> Any:
    if _is_container(node):
        return _mapped(node, lambda item: _take(item, leaves))
    leaves.append(node)
    return len(leaves) - 1


def _put(node: Any, leaves: list[Any]) -> Any:
    return leaves[node] if isinstance(node, int) else _mapped(node, lambda item: _put(item, leaves))


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
    skeleton = _take(tree, leaves)
    return leaves, lambda new: _put(skeleton, new)


def paths(tree: Any) -> list[str]:
    """Where each leaf of `flatten` is, such as ``[0]['w'][1]``.

    Examples
    --------
    >>> paths({"a": 1, "b": (2, 3)})
    ["['a']", "['b'][0]", "['b'][1]"]
    """
    if not _is_container(tree):
        return [""]
    branches = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return [f"[{key!r}]{rest}" for key, value in branches for rest in paths(value)]
