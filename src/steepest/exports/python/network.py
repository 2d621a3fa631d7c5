"""A network's layers as lines of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from steepest.base.params import Array
from steepest.exports.layers import rule_of, walk
from steepest.exports.python.source import quoted
from steepest.nn import activations as act
from steepest.nn.dropout import Dropout
from steepest.nn.linear import Linear
from steepest.nn.module import Module
from steepest.nn.normalisation import BatchNorm, LayerNorm
from steepest.nn.recurrent import GRU, LSTM, RNN
from steepest.nn.sequential import Sequential
from steepest.nn.shaping import Flatten

TABLE = "PARAMETERS"


class NetworkLines:
    """The lines that compute a network from ``x`` to ``x``.

    Parameters
    ----------
    net : Module
    numbers : mapping of str to ndarray
        Its parameters and its state.
    path : str
        Where it stands, in front of their names.
    table : str
        What the dictionary of the numbers is called.

    Attributes
    ----------
    lines : list of str
    helpers : list of str
        The helpers that the lines call.
    arrays : dict of str to ndarray
        The numbers that they read.
    """

    def __init__(self, net: Module, numbers: Mapping[str, Array], path: str = "", table: str = TABLE) -> None:
        self.numbers, self.table = numbers, table
        self.lines: list[str] = []
        self.helpers: list[str] = []
        self.arrays: dict[str, Array] = {}
        walk(net, path, {Sequential.apply: None}, self._layer)

    def _layer(self, layer: Module, path: str) -> None:
        expression = rule_of(layer, path, _RULES, "Python")(_Here(self, path), layer)
        comment = f"# {path}: {layer!r}" if path else f"# {layer!r}"
        self.lines.append(comment if expression == "x" else f"x = {expression}  {comment}")


class _Here:
    """Where a layer stands: its share of the numbers."""

    def __init__(self, lines: NetworkLines, path: str) -> None:
        self.lines, self.path = lines, path

    def number(self, name: str) -> str:
        """The expression of a parameter or of a running statistic."""
        full = f"{self.path}.{name}" if self.path else name
        self.lines.arrays[full] = np.asarray(self.lines.numbers[full])
        return f"{self.lines.table}[{quoted(full)}]"

    def call(self, helper: str, *arguments: str) -> str:
        self.lines.helpers.append(helper)
        return f"{helper}({', '.join(('x', *arguments))})"


def _linear(here: _Here, layer: Any) -> str:
    return here.call("affine", here.number("weight"), *([here.number("bias")] if layer.bias else []))


def _scaled(here: _Here, layer: Any) -> list[str]:
    return [here.number("weight"), here.number("bias")] if layer.affine else []


def _layer_norm(here: _Here, layer: Any) -> str:
    return here.call("layer_norm", repr(layer.eps), repr(layer.shape), *_scaled(here, layer))


def _batch_norm(here: _Here, layer: Any) -> str:
    running = [here.number("running_mean"), here.number("running_var")]
    return here.call("batch_norm", repr(layer.eps), *running, *_scaled(here, layer))


def _recurrent(cell: str) -> Callable[[_Here, Any], str]:
    def rule(here: _Here, layer: Any) -> str:
        name = f"{cell}_{layer.nonlinearity}" if cell == "rnn" else cell
        here.lines.helpers.append(name)
        rows = []
        for k in range(layer.layers):
            weights = [here.number(f"weight_{kind}_l{k}") for kind in ("ih", "hh")]
            biases = [here.number(f"bias_{kind}_l{k}") if layer.bias else "None" for kind in ("ih", "hh")]
            rows.append(f"({', '.join([*weights, *biases])})")
        return here.call("recurrent", name, f"[{', '.join(rows)}]", repr(layer.sums_inputs), repr(layer.last))

    return rule


def _softplus(here: _Here, layer: Any) -> str:
    if layer.beta == 1.0:
        return here.call("softplus")
    here.lines.helpers.append("softplus")
    return f"softplus({layer.beta!r} * x) / {layer.beta!r}"


def _silu(here: _Here, layer: Any) -> str:
    return f"x * {here.call('sigmoid')}"


# What computes a layer, and the expression of x that does the same.
_RULES: dict[Any, Callable[[_Here, Any], str]] = {
    Linear.apply: _linear,
    Flatten.apply: lambda here, layer: "x.reshape(len(x), math.prod(x.shape[1:]))",
    Dropout.apply: lambda here, layer: "x",
    LayerNorm.apply: _layer_norm,
    BatchNorm.apply: _batch_norm,
    RNN.cell: _recurrent("rnn"),
    GRU.cell: _recurrent("gru"),
    LSTM.cell: _recurrent("lstm"),
    act.Identity.of: lambda here, layer: "x",
    act.ReLU.of: lambda here, layer: "np.maximum(x, 0)",
    act.LeakyReLU.of: lambda here, layer: here.call("leaky_relu", repr(layer.slope)),
    act.ELU.of: lambda here, layer: here.call("elu", repr(layer.alpha)),
    act.SELU.of: lambda here, layer: here.call("elu", repr(layer.ALPHA), repr(layer.SCALE)),
    act.GELU.of: lambda here, layer: here.call("gelu" if layer.approximate == "none" else "gelu_tanh"),
    act.SiLU.of: _silu,
    act.Softplus.of: _softplus,
    act.Tanh.of: lambda here, layer: "np.tanh(x)",
    act.Sigmoid.of: lambda here, layer: here.call("sigmoid"),
    act.Softmax.of: lambda here, layer: here.call("softmax", repr(layer.axis)),
}
