"""A network as columns of units and blocks: what a picture of its topology draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.base.params import Array
from steepest.nn.activations import Activation
from steepest.nn.dropout import Dropout
from steepest.nn.linear import Linear
from steepest.nn.module import Module
from steepest.nn.normalisation import BatchNorm, LayerNorm
from steepest.nn.recurrent import Recurrent
from steepest.nn.sequential import Sequential
from steepest.nn.shaping import Flatten


@dataclass(eq=False)
class Column:
    """Units side by side, or a block that is no plain layer.

    Attributes
    ----------
    units : int or None
        How many; None where that is not known before data come.
    block : str
        What a layer that is no plain one is called; empty for units.
    weights : ndarray, shape (units, units of the column before), or None
        Of the lines that come in from the left; None where there are no lines of one unit to another.
    below : list of str
        What happens to these units on the way out: activation, dropout, normalisation.
    """

    units: int | None
    block: str = ""
    weights: Array | None = None
    below: list[str] = field(default_factory=list)


def columns_of(net: Module, params: Mapping[str, Any]) -> list[Column]:
    """The columns of a network, from its inputs to its outputs.

    Examples
    --------
    >>> from steepest.nn import MLP
    >>> net = MLP(4, [8], 2, "relu")
    >>> [(column.units, column.below) for column in columns_of(net, net.init(0)[0])]
    [(4, []), (8, ['ReLU']), (2, [])]
    """
    columns = [Column(net.features_expected)]
    for path, layer in _layers(net):
        last = columns[-1]
        if isinstance(layer, Linear):
            if last.units is None and not last.block:
                last.units = layer.inputs
            weights = np.asarray(params[f"{path}.weight" if path else "weight"], dtype=np.float64)
            columns.append(Column(layer.outputs, weights=weights))
        elif isinstance(layer, (Activation, Dropout, BatchNorm, LayerNorm, Flatten)):
            last.below.append(_named(layer))
        else:
            columns.append(Column(layer.features_after(last.units), block=_named(layer)))
    return columns


def _layers(net: Module, path: str = "") -> Iterator[tuple[str, Module]]:
    """The layers in order, without the containers; a module of another make is one layer, whatever it is made of."""
    if isinstance(net, Sequential):
        for name, child in net.children.items():
            yield from _layers(child, f"{path}.{name}" if path else name)
    else:
        yield path, net


def _named(layer: Module) -> str:
    kind = type(layer).__name__
    if isinstance(layer, Recurrent):
        times = f" × {layer.layers}" if layer.layers > 1 else ""
        return f"{kind}{times}\n{layer.inputs} → {layer.hidden}\nover time"
    if isinstance(layer, Dropout):
        return repr(layer)
    return kind


def shown_units(units: int, most: int) -> list[int | None]:
    """Which units of a column are drawn: all, or the first and the last with a gap (None) between them.

    Examples
    --------
    >>> shown_units(3, 8), shown_units(100, 8)
    ([0, 1, 2], [0, 1, 2, 3, None, 97, 98, 99])
    """
    if units <= most:
        return list(range(units))
    first = most // 2
    return [*range(first), None, *range(units - (most - 1 - first), units)]
