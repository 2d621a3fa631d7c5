"""Law: an expression of columns and parameters with networks in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.base.params import Array
from steepest.formula.callable import compile_tree
from steepest.formula.tree import Node
from steepest.nn.linear import Linear
from steepest.nn.module import Module, Numbers, State
from steepest.nn.place import Part, as_place


class Law(Module):
    """A formula with networks in it, as a function of the numbers that are learned.

    ``output = (f(values, columns) - middle) / width``, where the value of a parameter is an element of
    ``start + directions @ law``, and that of a network is such an element plus ``unit * network(features)``. At the start, where
    ``law`` and each network's last layer are 0, it is what the formula says with every network a constant.

    Parameters
    ----------
    tree : Node
        The formula, with names in the place of its networks.
    names : sequence of str
        What `start` has values for: parameters, and names of networks.
    start : array, shape (k,)
    directions : array, shape (k, r)
        In the parameters' units; the output changes by about one for a change of `law` by one.
    networks : mapping of str to Module
        By their names in `tree`.
    units : mapping of str to float
        What an output of one of each network is worth.
    middle, width : float
        Of the target.
    """

    def __init__(
        self,
        tree: Node,
        names: tuple[str, ...],
        start: Array,
        directions: Array,
        networks: Mapping[str, Module],
        units: Mapping[str, float],
        middle: float,
        width: float,
    ) -> None:
        self.names, self.start, self.directions = names, start, directions
        self.networks, self.units = dict(networks), dict(units)
        self.middle, self.width = middle, width
        self.tree = tree
        self._value = compile_tree(tree)

    @property
    def children(self) -> dict[str, Module]:
        return self.networks

    def init(self, key: Any, follower: Module | None = None) -> tuple[Numbers, Numbers]:
        place = as_place(key)
        params: Numbers = {"law": np.zeros(self.directions.shape[1])} if self.directions.size else {}
        state: Numbers = {}
        for name, network in self.networks.items():
            weights, inner = network.init(place.inside(name))
            last = [layer for layer, module in network.children.items() if isinstance(module, Linear)][-1]
            weights |= {f"{last}.weight": np.zeros_like(weights[f"{last}.weight"])}
            params |= {f"{name}.{each}": x for each, x in weights.items()}
            state |= {f"{name}.{each}": x for each, x in inner.items()}
        return params, state

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        place = as_place(key)
        values = self.values(params)
        rows = 0
        for name, network in self.networks.items():
            here = place.inside(name)
            output, _ = network.apply(Part(params, f"{name}."), Part(state, f"{name}."), x[name], here, training)
            here.show(network, output)
            rows = ops.shape(output)[0]
            values[name] = values[name] + self.units[name] * output[:, 0]
        columns = {name: column for name, column in x.items() if name not in self.networks}
        result = (self._value({**columns, **values}) - self.middle) / self.width
        return (ops.broadcast_to(result, (rows,)) if ops.ndim(result) == 0 else result), state

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, and the constant part of each network, in the user's units."""
        moved = self.start + self.directions @ params["law"] if self.directions.size else self.start
        return {name: moved[k] for k, name in enumerate(self.names)}
