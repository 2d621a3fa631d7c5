"""A network's layers as ONNX nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from steepest.base.params import Array
from steepest.exports.layers import rule_of, walk
from steepest.exports.onnx import functions as f
from steepest.exports.onnx.graph import Graph, Value
from steepest.nn import activations as act
from steepest.nn.dropout import Dropout
from steepest.nn.linear import Linear
from steepest.nn.module import Module
from steepest.nn.normalisation import BatchNorm, LayerNorm
from steepest.nn.sequential import Sequential
from steepest.nn.shaping import Flatten


def network_value(graph: Graph, net: Module, numbers: Mapping[str, Array], x: Value, path: str = "") -> Value:
    """The network's output for the value `x`, added to the graph; its numbers keep their names.

    Raises
    ------
    ModelError
        A layer has no counterpart; names it and its place.
    """

    def visit(layer: Module, path: str) -> None:
        nonlocal x
        rule = rule_of(layer, path, _RULES, "ONNX")
        x = rule(_Here(graph, numbers, path), layer, x)

    walk(net, path, {Sequential.apply: None}, visit)
    return x


class _Here:
    """Where a layer stands: its share of the numbers."""

    def __init__(self, graph: Graph, numbers: Mapping[str, Array], path: str) -> None:
        self.graph, self.numbers, self.path = graph, numbers, path

    def array(self, name: str) -> Array:
        return np.asarray(self.numbers[self.full(name)])

    def full(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def number(self, name: str) -> Value:
        return self.graph.number(self.full(name), self.array(name))


def _linear(here: _Here, layer: Any, x: Value) -> Value:
    g = here.graph
    bias = [here.number("bias")] if layer.bias else []
    if x.rank == 2:
        return g.node("Gemm", x, here.number("weight"), *bias, transB=1)
    product = g.node("MatMul", x, g.node("Transpose", here.number("weight"), perm=[1, 0]))
    return product + bias[0] if bias else product


def _flatten(here: _Here, layer: Any, x: Value) -> Value:
    g = here.graph
    out = g.node("Reshape", x, g.literal(np.array([-1, 1]))) if x.rank == 1 else g.node("Flatten", x, axis=1)
    out.rank = 2
    return out


def _scaled(here: _Here, layer: Any, x: Value) -> Value:
    return x * here.number("weight") + here.number("bias") if layer.affine else x


def _layer_norm(here: _Here, layer: Any, x: Value) -> Value:
    g = here.graph
    axes = g.literal(np.arange(-len(layer.shape), 0))

    def mean(y: Value) -> Value:
        return g.node("ReduceMean", y, axes, keepdims=1)

    centred = x - mean(x)
    return _scaled(here, layer, centred / f.sqrt(mean(f.square(centred)) + layer.eps))


def _batch_norm(here: _Here, layer: Any, x: Value) -> Value:
    centred = x - here.number("running_mean")
    return _scaled(here, layer, centred / f.sqrt(here.number("running_var") + layer.eps))


def _elu(x: Value, alpha: float, scale: float = 1.0) -> Value:
    g = x.graph
    bent = alpha * f.expm1(f.minimum(x, 0.0))
    return scale * g.where(x > 0.0, x, bent)


def _gelu(here: _Here, layer: Any, x: Value) -> Value:
    if layer.approximate == "none":
        return 0.5 * x * (1.0 + f.FUNCTIONS["erf"](x / math.sqrt(2.0)))
    return 0.5 * x * (1.0 + f.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))


# What computes a layer, and the nodes that do the same.
_RULES: dict[Any, Callable[[_Here, Any, Value], Value]] = {
    Linear.apply: _linear,
    Flatten.apply: _flatten,
    Dropout.apply: lambda here, layer, x: x,
    LayerNorm.apply: _layer_norm,
    BatchNorm.apply: _batch_norm,
    act.Identity.of: lambda here, layer, x: x,
    act.ReLU.of: lambda here, layer, x: here.graph.node("Relu", x),
    act.LeakyReLU.of: lambda here, layer, x: here.graph.where(x > 0.0, x, layer.slope * x),
    act.ELU.of: lambda here, layer, x: _elu(x, layer.alpha),
    act.SELU.of: lambda here, layer, x: _elu(x, layer.ALPHA, layer.SCALE),
    act.GELU.of: _gelu,
    act.SiLU.of: lambda here, layer, x: x * f.sigmoid(x),
    act.Softplus.of: lambda here, layer, x: f.softplus(layer.beta * x) / layer.beta,
    act.Tanh.of: lambda here, layer, x: f.tanh(x),
    act.Sigmoid.of: lambda here, layer, x: f.sigmoid(x),
    act.Softmax.of: lambda here, layer, x: f.softmax(x, layer.axis),
}
