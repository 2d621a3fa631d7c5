"""Targets of networks: numbers in units of their own, or classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.errors import DataError, FormulaError
from steepest.base.params import Array
from steepest.data.labels import CATEGORY, NUMBER, Label, kind_of
from steepest.data.table import Table
from steepest.fitting.networks.encoder import levels_of, listed
from steepest.formula.formula import Formula
from steepest.formula.tree import Name

FEW = 20  # different whole numbers that may be classes or numbers
MOST_CLASSES = 1000


class AmbiguousTarget(FormulaError):
    """A column of few whole numbers stands left of a network: they may be names of classes or numbers.

    Attributes
    ----------
    column : str
    values : tuple of int
    spellings : dict of str to str
        The formula as it is written for each: ``category`` and ``number``.
    """

    def __init__(self, formula: Formula, column: str, values: tuple[Label, ...]) -> None:
        right = formula.text.partition("~")[2].strip()
        self.column, self.values = column, values
        self.spellings = {kind: f"{kind}({formula.target}) ~ {right}" for kind in (CATEGORY, NUMBER)}
        super().__init__(
            f"The column {column!r} has {len(values)} different whole numbers ({listed(values)}): are they names of classes, or "
            f"numbers? Write {self.spellings[CATEGORY]} for classes, {self.spellings[NUMBER]} for numbers."
        )


@dataclass(frozen=True)
class Units:
    """A target of numbers, which the network gives in standard deviations from the mean of the rows it was trained on."""

    middle: float
    width: float

    @property
    def outputs(self) -> int:
        return 1

    def values(self, outputs: Array) -> Array:
        """In the unit of the left side, (n,)."""
        return np.asarray(self.middle + self.width * np.asarray(outputs, dtype=np.float64).reshape(len(outputs)))

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"kind": NUMBER, "middle": self.middle, "width": self.width}


@dataclass(frozen=True)
class Classes:
    """A target of classes, of which the network gives scores."""

    labels: tuple[Label, ...]

    @property
    def outputs(self) -> int:
        return len(self.labels)

    def values(self, outputs: Array) -> Array:
        """The label of the highest score of each row, (n,)."""
        return self.named(np.argmax(outputs, axis=1))

    def named(self, codes: Array) -> Array:
        """The labels of these classes as text, whole numbers, numbers or truth values, (n,)."""
        return np.array(self.labels)[codes] if self._alike else np.array([*self.labels, None], dtype=object)[codes]

    @property
    def _alike(self) -> bool:
        return len({type(label) for label in self.labels}) == 1

    @property
    def names(self) -> list[str]:
        """The labels as text."""
        return [str(label) for label in self.labels]

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"kind": CATEGORY, "labels": list(self.labels)}


def target_from_dict(content: Mapping[str, Any]) -> Units | Classes:
    """What `as_dict` gave."""
    if content["kind"] == CATEGORY:
        return Classes(tuple(content["labels"]))
    return Units(float(content["middle"]), float(content["width"]))


def kind_of_target(formula: Formula, table: Table) -> str:
    """Whether the left side is of numbers or of classes.

    Raises
    ------
    FormulaError
        Classes are asked for with more than a network on the right side; or (`AmbiguousTarget`) nobody has said what a column of
        few whole numbers is.
    DataError
        A column of text stands left of more than a network.
    """
    alone = len(formula.blocks) == 1 and formula.tree == formula.blocks[0]
    column = formula.target
    if formula.kind == CATEGORY and not alone:
        raise FormulaError(
            "Classes need a score for each, which a network that stands alone on the right side gives: "
            f"category({formula.target}) ~ mlp(x, 20).",
            formula.text,
            formula.tree.position,
        )
    if formula.kind or not isinstance(column, Name):
        return formula.kind or NUMBER
    kind = kind_of(table, column.name, as_target=True)
    if not alone:
        if kind == CATEGORY and kind_of(table, column.name) == CATEGORY:
            raise DataError(
                f"Column {column.name!r} is text, so it names classes, and those are told apart by a network that stands alone "
                f"on the right side: {column} ~ mlp(x, 20)."
            )
        return NUMBER
    if kind == NUMBER and (few := _few_whole_numbers(table, column.name)):
        raise AmbiguousTarget(formula, column.name, few)
    return kind


def _few_whole_numbers(table: Table, name: str) -> tuple[Label, ...]:
    """The different values of a column of few whole numbers; none of other columns."""
    values = table.columns[name]
    if values.dtype.kind not in "iuf":
        return ()
    values = values[np.isfinite(values)]
    if not np.array_equal(values, np.floor(values)):
        return ()
    found = np.unique(values)
    return tuple(int(value) for value in found) if 2 <= len(found) <= min(FEW, len(values) // 2) else ()


def classes_of(column: str, labels: Array) -> Classes:
    """The classes of a column.

    Raises
    ------
    DataError
        There is one class only, or nearly every row is a class of its own.
    """
    found = levels_of(labels)
    if len(found) < 2:
        raise DataError(
            f"Column {column!r} is {found[0]!r} in every row: there is only one class, so nothing to tell apart."
        )
    if len(found) > MOST_CLASSES or (len(found) > FEW and len(found) > len(labels) / 2):
        raise DataError(
            f"Column {column!r} has {len(found):,} different values in {len(labels):,} rows, too many to be classes. If they are "
            f"numbers, write number({column}) on the left side."
        )
    return Classes(found)
