"""NetworkModel: a formula with networks in it, made ready for data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.base.choices import suggestion
from steepest.base.errors import FormulaError, ModelError
from steepest.base.params import Array
from steepest.base.random import Key
from steepest.data import mixed_columns, open_data
from steepest.data.labels import NUMBER
from steepest.fitting.constraints import Constraints
from steepest.fitting.networks.encoder import Encoder, Place
from steepest.fitting.networks.law import Law
from steepest.fitting.networks.target import Classes, Units
from steepest.formula.formula import Formula
from steepest.formula.inverse import inverse_of
from steepest.formula.tree import Block, names
from steepest.nn.activations import activation_named, softmax
from steepest.nn.dropout import Dropout
from steepest.nn.linear import Linear
from steepest.nn.mlp import MLP
from steepest.nn.module import Module
from steepest.nn.sequential import Sequential


@dataclass(frozen=True, eq=False)
class Rows:
    """Columns read for a network.

    Attributes
    ----------
    columns : dict of str to ndarray, shape (n,)
        float64, or labels.
    place : callable
        Row number, from 0, to words: "line 17 of flowers.csv".
    used : ndarray of int
        The rows of the data, from 0, that were kept.
    dropped : int
    """

    columns: dict[str, Array]
    place: Place
    used: Array
    dropped: int

    @property
    def count(self) -> int:
        return len(self.used)


def read_rows(data: Any, kinds: Mapping[str, str], drop_missing: bool = False) -> Rows:
    """Some columns of data in any form.

    Raises
    ------
    DataError
        See `steepest.data.labels.mixed_columns`.
    """
    table = open_data(data).read(tuple(kinds))
    found = mixed_columns(table, kinds, drop_missing)
    return Rows(found.columns, lambda row: table.place(int(found.rows_used[row])), found.rows_used, found.dropped)


@dataclass(frozen=True, eq=False)
class NetworkModel:
    """A formula with networks in it, and what was learned of the data besides their weights.

    Attributes
    ----------
    formula : Formula
    encoders : dict of str to Encoder
        By the networks' names: ``mlp``, or ``mlp1``, ``mlp2`` and so on where there are several.
    target : Units or Classes
    net : MLP, Sequential or Law
        What is trained: the network itself where it stands alone on the right side, else a `Law`.
    parameters : tuple of str
        Those of the formula, with the fixed and the tied ones.
    told : Constraints
    law_columns : tuple of str
        The columns that stand outside of networks.
    """

    formula: Formula
    encoders: dict[str, Encoder]
    target: Units | Classes
    net: Module
    parameters: tuple[str, ...] = ()
    told: Constraints = field(default_factory=Constraints)
    law_columns: tuple[str, ...] = ()

    @property
    def kinds(self) -> dict[str, str]:
        """The columns that a prediction reads, and whether each is of numbers or a category."""
        kinds = {name: kind for encoder in self.encoders.values() for name, kind in encoder.kinds.items()}
        return {**dict.fromkeys(self.law_columns, NUMBER), **kinds}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a prediction reads."""
        return tuple(self.kinds)

    @property
    def target_columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name.name for name in names(self.formula.target)))

    @property
    def target_text(self) -> str:
        """What is predicted: the left side as text, such as ``log(y)``."""
        return self.formula.target_name

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The labels of the classes; None where numbers are predicted."""
        return self.target.labels if isinstance(self.target, Classes) else None

    def read(self, data: Any, drop_missing: bool = False) -> Rows:
        """The columns that a prediction needs, from data in any form.

        Raises
        ------
        DataError
            A column is missing, has empty cells, or holds something else than it did.
        """
        return read_rows(data, self.kinds, drop_missing)

    def features(self, rows: Rows, dtype: Any = np.float64) -> Any:
        """What the network takes: an array (n, features), or for a law a dict of columns and such arrays.

        Raises
        ------
        DataError
            A level was not seen before; names row, column and level.
        """
        encoded = {name: encoder.encode(rows.columns, rows.place) for name, encoder in self.encoders.items()}
        return self.joined(encoded, rows.columns, dtype)

    def joined(self, encoded: Mapping[str, Array], columns: Mapping[str, Array], dtype: Any = np.float64) -> Any:
        """Features of each network, and the columns beside them, as `net` takes them."""
        if isinstance(self.net, Law):
            return {**{name: columns[name] for name in self.law_columns}, **encoded}
        (only,) = encoded.values()
        return only.astype(dtype, copy=False)

    def outputs(self, params: Mapping[str, Any], state: Any, features: Any) -> Array:
        """What the network gives, of the features: scores (n, classes), or numbers in the target's units."""
        with np.errstate(all="ignore"):
            return np.asarray(self.net(dict(params), state, features, Key(0), False)[0])

    def probabilities(self, outputs: Array) -> Array:
        """Of each class, (n, classes), from scores.

        Raises
        ------
        ModelError
            The model predicts numbers.
        """
        if self.classes is None:
            raise ModelError(f"{self.target_text} is a number, so there are no classes with probabilities.")
        return np.asarray(softmax(np.asarray(outputs, dtype=np.float64)))

    def values_of_parameters(self, params: Mapping[str, Any]) -> dict[str, float]:
        """The formula's parameters in the user's units, by name; empty for a network alone."""
        if not isinstance(self.net, Law):
            return {}
        values = self.told.expanded(self.net.values(params))
        return {name: float(values[name]) for name in self.parameters}

    def invert_target(self, values: Array) -> Array | None:
        """The column itself from values of the left side (y from log(y)); None where that cannot be."""
        inverse = None if self.classes is not None else inverse_of(self.formula.target)
        return None if inverse is None else np.asarray(inverse(values))


def perceptron(block: Block, features: int, outputs: int, text: str) -> Module:
    """The network that a block describes.

    Raises
    ------
    FormulaError
        Its activation is unknown; offers the nearest.
    """
    options = dict(block.options)
    activation = str(options.get("activation", "relu"))
    try:
        activation_named(activation)
    except ModelError as error:
        raise FormulaError(str(error), text, block.position) from None
    rate = float(options.get("dropout", 0.0))
    if not rate:
        return MLP(features, block.sizes, outputs, activation)
    modules: list[Module] = []
    for size in block.sizes:
        modules += [Linear(features, size), activation_named(activation), Dropout(rate)]
        features = size
    return Sequential(*modules, Linear(features, outputs))


def named_blocks(formula: Formula, taken: tuple[str, ...]) -> dict[str, Block]:
    """A name for each network of a formula, none of which is `taken`."""
    several = len(formula.blocks) > 1
    found: dict[str, Block] = {}
    for number, block in enumerate(formula.blocks, start=1):
        name = f"{block.block}{number}" if several else block.block
        while name in taken or name in found:
            name += "_"
        found[name] = block
    return found


def check_columns(block: Block, known: tuple[str, ...], text: str) -> None:
    """Raise unless all names inside a network are columns.

    Raises
    ------
    FormulaError
        One is not; offers the nearest.
    """
    for name in names(block):
        if name.name not in known:
            raise FormulaError(
                f"{block.block} reads columns, and the data has no column {name.name!r}.{suggestion(name.name, known)}",
                text,
                name.position,
            )
