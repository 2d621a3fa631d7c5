"""Encoder: from columns of numbers and labels to the features of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from steepest.base.errors import DataError
from steepest.base.params import Array
from steepest.data.labels import CATEGORY, NUMBER, Label
from steepest.formula.callable import compile_tree
from steepest.formula.parser import parse_expression
from steepest.formula.tree import Kind, Name, Node, names

Columns = Mapping[str, Array]
Place = Callable[[int], str]

LISTED = 12  # levels that a message names
MOST_LEVELS = 1000  # of a column that is encoded


@dataclass(frozen=True)
class Numbers:
    """An input of numbers: a column, or a function of columns, as it stands in the formula."""

    text: str

    @cached_property
    def _tree(self) -> Node:
        return parse_expression(self.text)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name.name for name in names(self._tree)))

    @property
    def features(self) -> list[str]:
        return [self.columns[0] if isinstance(self._tree, Name) else self.text]

    def encode(self, columns: Columns, place: Place) -> Array:
        """One feature, (n, 1).

        Raises
        ------
        DataError
            The function is not finite in a row.
        """
        values = np.asarray(compile_tree(self._tree, self.text)(columns), dtype=np.float64)
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            cells = ", ".join(f"{name} = {columns[name][bad[0]]:g}" for name in self.columns)
            raise DataError(
                f"the input {self.text} is {values[bad[0]]} on {place(int(bad[0]))}, where {cells} ({bad.size} such "
                f"row{'s' * (bad.size > 1)}). Leave such rows out, or give the network another function of the column."
            )
        return values[:, None]


@dataclass(frozen=True)
class Levels:
    """An input of labels: one feature for each level, which is 1 in its rows and 0 elsewhere."""

    column: str
    levels: tuple[Label, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def features(self) -> list[str]:
        return [f"{self.column} = {level}" for level in self.levels]

    def encode(self, columns: Columns, place: Place) -> Array:
        """As many features as levels, (n, levels).

        Raises
        ------
        DataError
            A row has another level; names the row, the level and those that are known.
        """
        codes = codes_of(columns[self.column], self.levels)
        bad = np.flatnonzero(codes < 0)
        if bad.size:
            more = f" ({bad.size} such rows)" if bad.size > 1 else ""
            raise DataError(
                f"Column {self.column!r} has {columns[self.column][bad[0]]!r:.60} on {place(int(bad[0]))}{more}, which the "
                f"network has not seen: it knows {listed(self.levels)}. Correct the cell, leave the row out, or fit again with "
                f"such rows."
            )
        return np.asarray(codes[:, None] == np.arange(len(self.levels)), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Encoder:
    """What one network reads: features = (encoded inputs - middle) / width.

    Attributes
    ----------
    inputs : tuple of Numbers and Levels
    middle, width : ndarray, shape (features,)
        Mean and standard deviation of each feature of numbers in the rows trained with; 0 and 1 for levels.
    """

    inputs: tuple[Numbers | Levels, ...]
    middle: Array
    width: Array

    @classmethod
    def learn(
        cls, inputs: Sequence[Node], columns: Columns, place: Place, rows: Array, weights: Array | None
    ) -> tuple[Encoder, Array]:
        """The encoder of these inputs, and the features of all rows.

        Parameters
        ----------
        inputs : sequence of Node
            Columns or functions of columns; a `Kind` where a column is a category.
        columns : mapping of str to ndarray, shape (n,)
        place : callable
            Row number, from 0, to words.
        rows : ndarray of int
            The rows from which means and deviations are taken; levels come from all of them.
        weights : ndarray, shape (n,), or None

        Raises
        ------
        DataError
            A column of labels has too many levels, or a function of a column is not finite.
        """
        made = tuple(_input(node, columns) for node in inputs)
        raw = np.concatenate([each.encode(columns, place) for each in made], axis=1)
        plain = np.concatenate([np.full(len(each.features), isinstance(each, Numbers)) for each in made])
        middle, width = spread(raw[rows], None if weights is None else weights[rows])
        encoder = cls(made, np.where(plain, middle, 0.0), np.where(plain, width, 1.0))
        return encoder, encoder._standardised(raw)

    @property
    def features(self) -> list[str]:
        """What each feature is, such as ``x`` and ``species = setosa``."""
        return [feature for each in self.inputs for feature in each.features]

    @property
    def kinds(self) -> dict[str, str]:
        """The columns that are read, and whether each is of numbers or a category."""
        return {c: NUMBER if isinstance(each, Numbers) else CATEGORY for each in self.inputs for c in each.columns}

    def encode(self, columns: Columns, place: Place) -> Array:
        """The features of some rows, (n, features).

        Raises
        ------
        DataError
            See `Numbers.encode` and `Levels.encode`.
        """
        return self._standardised(self.raw(columns, place))

    def raw(self, columns: Columns, place: Place) -> Array:
        """The features before they are standardised, (n, features); errors as of `encode`."""
        return np.concatenate([each.encode(columns, place) for each in self.inputs], axis=1)

    def _standardised(self, raw: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.asarray((raw - self.middle) / self.width)

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        inputs = [
            {"numbers": each.text}
            if isinstance(each, Numbers)
            else {"column": each.column, "levels": list(each.levels)}
            for each in self.inputs
        ]
        return {"inputs": inputs, "middle": self.middle.tolist(), "width": self.width.tolist()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Encoder:
        """What `as_dict` gave."""
        inputs = tuple(
            Numbers(str(each["numbers"])) if "numbers" in each else Levels(str(each["column"]), tuple(each["levels"]))
            for each in content["inputs"]
        )
        middle, width = (np.array(content[key], dtype=np.float64) for key in ("middle", "width"))
        if not len(middle) == len(width) == sum(len(each.features) for each in inputs):
            raise ValueError("the features of a network do not fit its inputs")
        return cls(inputs, middle, width)


def _input(node: Node, columns: Columns) -> Numbers | Levels:
    if not isinstance(node, Kind):
        return Numbers(str(node))
    if node.kind == NUMBER:
        return Numbers(str(node.column))
    name = node.column.name
    found = levels_of(columns[name])
    rows = len(columns[name])
    if len(found) > MOST_LEVELS or (len(found) > 10 and len(found) > rows / 2):
        raise DataError(
            f"Column {name!r} has {len(found):,} different values in {rows:,} rows: too many to learn from each. Name the "
            "columns that the network should read instead of the dot, or leave this one out of the data."
        )
    return Levels(name, found)


def levels_of(labels: Array) -> tuple[Label, ...]:
    """The different labels of a column, in order: numbers by size, text by the alphabet; all as text where some are.

    Examples
    --------
    >>> levels_of(np.array(["b", "a", "b"], dtype=object)), levels_of(np.array([10, 9, 10], dtype=object))
    (('a', 'b'), (9, 10))
    """
    found = set(labels.tolist())
    if any(isinstance(label, str) for label in found):
        return tuple(sorted({str(label) for label in found}))
    return tuple(sorted(found))


def codes_of(labels: Array, levels: Sequence[Label]) -> Array:
    """The number of each label among the levels; -1 for one that is not among them.

    A label is what it reads as: the text "1" of one file is the number 1 of another.

    Examples
    --------
    >>> codes_of(np.array([2, "1", 3], dtype=object), (1, 2))
    array([ 1,  0, -1])
    """
    number = {str(level): code for code, level in enumerate(levels)}
    return np.array([number.get(str(label), -1) for label in labels.tolist()], dtype=np.int64)


def listed(levels: Sequence[Label]) -> str:
    """Levels in words, the first dozen of many.

    Examples
    --------
    >>> listed(["a", "b"]), listed(range(100))
    ("'a', 'b'", '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 88 more')
    """
    shown = ", ".join(map(repr, levels[:LISTED]))
    return f"{shown} and {len(levels) - LISTED:,} more" if len(levels) > LISTED else shown


def spread(values: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Mean and standard deviation of each column, weighted; for a column that is constant but for rounding itself and 1.

    Examples
    --------
    >>> spread(np.array([[1.0, 5.0], [3.0, 5.0]]))
    (array([2., 5.]), array([1., 1.]))
    """
    size = np.max(np.abs(values), axis=0, initial=0.0)
    size = np.where(size > 0, size, 1.0)
    parts = values / size  # so that squares of large numbers are numbers
    middle = np.average(parts, axis=0, weights=weights)
    width = np.sqrt(np.average((parts - middle) ** 2, axis=0, weights=weights))
    constant = width <= 1e-13
    return np.asarray(middle * size), np.where(constant, 1.0, width * size)
