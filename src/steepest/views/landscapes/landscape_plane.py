"""Plane: the two-dimensional cut through the parameters on which a landscape is drawn."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.errors import ModelError
from steepest.base.params import Array, Params
from steepest.base.random import generator

_ELEMENT = re.compile(r"(.+)\[\s*(\d+(?:\s*,\s*\d+)*)\s*\]\s*")
_NAMED = ("random", "path")
_LISTED = 12  # names shown in an error
_FLAT = 1e-6  # of the largest direction of a path: below this the path is a line


@dataclass(frozen=True, eq=False)
class Plane:
    """``params(x, y) = base + x * directions[0] + y * directions[1]``.

    Attributes
    ----------
    centre : Params
        A point of the plane, where the parameters that do not lie in it have their values from.
    base : ndarray, shape (n,)
        What x = y = 0 stands for.
    directions, dual : ndarray, shape (2, n)
        ``dual @ (params - base)`` are the coordinates of the plane's point that is nearest to any params.
    labels : tuple of str
    scale : tuple of float
        A natural step along each axis.
    elements : tuple of int, or None
        Where x and y lie among the parameters, if they are parameters themselves.
    share : float or None
        The fraction of a path's variance that lies in the plane, if the plane was laid through a path.
    """

    centre: Params
    base: Array
    directions: Array
    dual: Array
    labels: tuple[str, str]
    scale: tuple[float, float]
    elements: tuple[int, int] | None = None
    share: float | None = None

    def at(self, x: float, y: float) -> Params:
        """The parameters at a point of the plane."""
        return self.centre.replaced(self.base + x * self.directions[0] + y * self.directions[1])

    def coordinates(self, flat: Array) -> tuple[Array, Array]:
        """x and y of parameters given as rows, shape (k, n)."""
        if self.elements is not None:
            return flat[:, self.elements[0]], flat[:, self.elements[1]]
        with np.errstate(all="ignore"):
            x, y = ((flat - self.base) @ self.dual.T).T
        return x, y


def plane_of(
    centre: Params, over: Any = None, path: Array | None = None, natural: Array | None = None, seed: int = 0
) -> Plane:
    """The plane that `over` asks for, through `centre`.

    Parameters
    ----------
    centre : Params
    over : pair of str, "random", "path", or None
        Two parameters, or elements of arrays such as ``"0.weight[0,1]"``; two random directions, normalised filter by filter;
        the plane of a path's two principal components. None: the two parameters if there are just two, else the path if it
        has moved, else random directions.
    path : ndarray, shape (k, n), optional
    natural : ndarray, shape (n,), optional
        Magnitudes of the parameters; the principal components are those of path / natural.
    seed : int
        Of the random directions.

    Raises
    ------
    ModelError
        `over` is none of these, a parameter is not there (the nearest is offered) or is asked for twice, there is but one
        parameter, or the path does not move.

    Examples
    --------
    >>> plane = plane_of(Params({"a": 1.0, "b": 2.0, "c": 3.0}), ("c", "a"))
    >>> plane.at(10.0, 20.0), plane.labels
    (Params(a=20, b=2, c=10), ('c', 'a'))
    """
    if centre.count < 2:
        raise ModelError(
            f"this problem has one parameter, '{centre.element_names()[0]}', and a landscape takes two. "
            "Animate it along its curve with sd.animate.curve."
        )
    moved = path is not None and bool(np.any(path != path[0]))
    if over is None:
        over = centre.element_names() if centre.count == 2 else "path" if moved else "random"
    if isinstance(over, str):
        if over not in _NAMED:
            raise ModelError(f"a landscape is over two parameters, such as {_example(centre)}, or over 'random' or 'path', "
                             f"not {over!r}.")  # fmt: skip
        if over == "random":
            return _random_plane(centre, natural, seed)
        if path is None or not moved:
            raise ModelError(
                "the path does not move, so that it has no plane. Choose two parameters, or over='random'; or let the run "
                "do at least one step."
            )
        return _path_plane(centre, path, natural, seed)
    if not isinstance(over, Sequence) or len(over) != 2 or not all(isinstance(name, str) for name in over):
        raise ModelError(f"a landscape is over two parameters, such as {_example(centre)}, or over 'random' or 'path', "
                         f"not {over!r}.")  # fmt: skip
    return _plane_of_elements(centre, element_of(centre, over[0]), element_of(centre, over[1]), natural)


def element_of(params: Params, name: str) -> int:
    """Where the parameter, or the element of one, lies in ``params.flat``.

    Raises
    ------
    ModelError
        It is not there, or is an array of which an element must be named.

    Examples
    --------
    >>> element_of(Params({"a": 1.0, "w": [[1, 2], [3, 4]]}), "w[1,0]")
    3
    """
    whole, index = (name, None) if name in params or not (m := _ELEMENT.fullmatch(name)) else (m[1].strip(), m[2])
    if whole not in params:
        near = difflib.get_close_matches(whole, list(params), n=1, cutoff=0.4)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        shown = ", ".join(list(params)[:_LISTED]) + (", …" if len(params) > _LISTED else "")
        raise ModelError(f"there is no parameter '{whole}'. {hint}There are {shown}.")
    shape, place = params[whole].shape, params.places()[whole].start
    if index is None:
        if params[whole].size == 1:
            return int(place)
        first = ",".join("0" for _ in shape)
        raise ModelError(
            f"'{whole}' is an array of shape {shape}: name one of its elements, such as '{whole}[{first}]'."
        )
    numbers = tuple(int(number) for number in index.split(","))
    if len(numbers) != len(shape) or any(i >= n for i, n in zip(numbers, shape, strict=True)):
        last = ",".join(str(n - 1) for n in shape)
        what = f"its elements go from 0 to '{whole}[{last}]'" if shape else f"it is one number: write '{whole}'"
        raise ModelError(f"'{name}' is not an element of '{whole}', whose shape is {shape}; {what}.")
    return int(place) + int(np.ravel_multi_index(numbers, shape))


def _example(params: Params) -> str:
    names = params.element_names()
    return f"('{names[0]}', '{names[1]}')"


def _plane_of_elements(centre: Params, first: int, second: int, natural: Array | None) -> Plane:
    names = centre.element_names()
    if first == second:
        raise ModelError(f"a landscape takes two different parameters, and both are '{names[first]}'.")
    directions = np.zeros((2, centre.count))
    directions[0, first] = directions[1, second] = 1.0
    base = np.array(centre.flat, dtype=np.float64)
    magnitude = np.abs(base)
    base[[first, second]] = 0.0
    fallback = np.ones(centre.count) if natural is None else natural
    scale = np.where(magnitude > 0, magnitude, fallback)[[first, second]]
    labels = (names[first], names[second])
    return Plane(centre, base, directions, directions, labels, (float(scale[0]), float(scale[1])), (first, second))


def _random_plane(centre: Params, natural: Array | None, seed: int) -> Plane:
    draw = generator(seed, "landscape")
    directions = np.array([_normalised(centre, draw.standard_normal(centre.count), natural) for _ in range(2)])
    if not directions[0].any():
        raise ModelError(
            "all parameters are 0 there, and a random direction is as long as the parameters are. Choose two parameters, or "
            "over='path'."
        )
    labels = ("first random direction", "second random direction")
    base = np.array(centre.flat, dtype=np.float64)
    return Plane(centre, base, directions, _dual(directions, np.ones(centre.count)), labels, (1.0, 1.0))


def _normalised(centre: Params, drawn: Array, natural: Array | None) -> Array:
    """A random direction with each filter as long as the filter of the parameters.

    A filter is what makes one output: a row of a weight matrix. Biases and other vectors keep still, as in the article's
    experiments; without any matrix, each parameter is a filter of its own, and one of 0 has its natural magnitude.
    """
    with_filters = any(values.ndim >= 2 for values in centre.values())
    parts = []
    for name, direction in centre.view(drawn).items():
        values = np.asarray(centre[name], dtype=np.float64)
        if values.ndim >= 2:
            lengths = [np.linalg.norm(each.reshape(len(each), -1), axis=1) for each in (values, direction)]
            ratio = lengths[0] / np.maximum(lengths[1], np.finfo(float).tiny)
            parts.append((direction * ratio.reshape(-1, *[1] * (values.ndim - 1))).ravel())
        elif with_filters:
            parts.append(np.zeros(values.size))
        else:
            own = np.abs(values.ravel())
            if natural is not None:
                own = np.where(own > 0, own, natural[centre.places()[name]])
            parts.append(direction.ravel() * own)
    return np.concatenate(parts)


def _path_plane(centre: Params, path: Array, natural: Array | None, seed: int) -> Plane:
    unit = np.ones(centre.count) if natural is None else np.asarray(natural, dtype=np.float64)
    finite = path[np.isfinite(path).all(axis=1)]
    with np.errstate(all="ignore"):
        size = np.max(np.abs(finite / unit)) or 1.0  # squares of what is very large or very small stay in range
        moves = finite / unit / size - np.mean(finite / unit / size, axis=0)
        # The path has fewer points than parameters, so that the smaller of the two products is decomposed.
        _, lengths, axes = np.linalg.svd(moves, full_matrices=False)
    variance = lengths**2 / np.sum(lengths**2)
    labels = [f"component {i + 1} ({v:.1%})".replace("%", " %") for i, v in enumerate(variance[:2])]
    first = axes[0] if axes[0] @ (finite[-1] - finite[0]) * 1.0 >= 0 else -axes[0]  # from left to right
    if len(lengths) > 1 and lengths[1] > _FLAT * lengths[0]:
        second = axes[1]
    else:
        drawn = generator(seed, "landscape").standard_normal(centre.count)
        drawn -= (drawn @ first) * first
        second = drawn / np.linalg.norm(drawn)
        labels = [labels[0], "random direction (the path is straight)"]
    base = np.array(centre.flat, dtype=np.float64)
    directions = np.array([first, second]) * unit
    reach = float(np.max(np.abs(moves @ first))) * size
    share = float(min(1.0, np.sum(variance[:2])))
    return Plane(centre, base, directions, _dual(directions, unit), (labels[0], labels[1]), (reach, reach), None, share)


def _dual(directions: Array, unit: Array) -> Array:
    """The two linear forms that give the coordinates, nearest in units of `unit`."""
    return np.asarray(np.linalg.pinv((directions / unit).T) / unit)
