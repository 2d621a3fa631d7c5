"""A formula with networks in it as an ONNX model: columns become features, features outputs, outputs predictions."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from steepest.base.errors import ModelError
from steepest.exports.onnx import functions as f
from steepest.exports.onnx.formula import tree_value
from steepest.exports.onnx.graph import Graph, Value
from steepest.exports.onnx.network import network_value
from steepest.exports.subject import ModelSubject
from steepest.fitting.networks.encoder import Encoder, Levels, Numbers
from steepest.fitting.networks.law import Law
from steepest.fitting.networks.target import Classes
from steepest.formula.parser import parse_expression


def model_proto(subject: ModelSubject, dtype: str) -> Any:
    """The ONNX model.

    Raises
    ------
    ModelError
        A column or the classes have labels of several kinds, text beside numbers; names it.
    """
    model = subject.model
    target = f"predicted {model.target_text}" if model.target_text in model.columns else model.target_text
    outputs = {"logits", "probabilities", "classes", "none", target}
    graph = Graph(dtype, {*outputs, *model.columns, *subject.weights, *model.parameters})
    graph_inputs = _inputs(graph, subject)
    strange: list[Value] = []  # for each column of labels, whether each row's is one that was not learned
    features = {
        name: _features(graph, encoder, graph_inputs, strange, name) for name, encoder in model.encoders.items()
    }
    if isinstance(model.net, Law):
        out = _law(graph, model.net, subject, graph_inputs, features)
    else:
        (only,) = features.values()
        out = network_value(graph, model.net, subject.weights, only)
    unknown = _any(graph, strange)  # where a label was not learned there is no prediction
    out = out if unknown is None else graph.where(_beside(graph, unknown, out), math.nan, out)
    facts = {"formula": model.formula.text, "predicts": model.target_text}
    if isinstance(model.target, Classes):
        facts["classes"] = json.dumps(list(model.target.labels))
        _classes(graph, model.target, out, target, unknown)
    else:
        if not isinstance(model.net, Law):
            out = model.target.middle + model.target.width * graph.node("Squeeze", out, graph.literal(np.array([1])))
        graph.output(out, target, ["rows"])
    return graph.model("formula", "\n".join([subject.title, *subject.notes]), facts)


def _inputs(graph: Graph, subject: ModelSubject) -> dict[str, Value]:
    """An input a column: of text where its levels are."""
    kinds: dict[str, Any] = {}
    for encoder in subject.model.encoders.values():
        for each in encoder.inputs:
            if isinstance(each, Levels):
                kinds[each.column] = _kind(graph, f"the column {each.column!r}", each.levels)
    return {name: graph.input(name, ["rows"], kinds.get(name)) for name in subject.model.columns}


def _kind(graph: Graph, what: str, labels: tuple[Any, ...]) -> Any:
    """ONNX's number for text, or None for numbers and truth values."""
    texts = [isinstance(label, str) for label in labels]
    if any(texts) and not all(texts):
        raise ModelError(f"{what} has labels of several kinds, text beside numbers, which ONNX keeps apart.")
    return graph.onnx.TensorProto.STRING if all(texts) else None


def _features(graph: Graph, encoder: Encoder, columns: Mapping[str, Value], strange: list[Value], name: str) -> Value:
    """The standardised features of a network, (rows, features)."""
    one = graph.literal(np.array([1]))
    parts = []
    for each in encoder.inputs:
        if isinstance(each, Numbers):
            parts.append(graph.node("Unsqueeze", tree_value(graph, parse_expression(each.text), columns), one))
        else:
            parts.append(_levels(graph, each, columns[each.column], strange))
    raw = graph.node("Concat", *parts, axis=1)
    raw.rank = 2
    return (raw - graph.number(f"{name}.middle", encoder.middle)) / graph.number(f"{name}.width", encoder.width)


def _levels(graph: Graph, levels: Levels, column: Value, strange: list[Value]) -> Value:
    """A feature for each level: 1 in its rows, 0 elsewhere."""
    count = len(levels.levels)
    if isinstance(levels.levels[0], str):
        code = graph.node("LabelEncoder", column, domain="ai.onnx.ml", keys_strings=list(levels.levels),
                          values_int64s=list(range(count)), default_int64=-1)  # fmt: skip
        places = graph.literal(np.arange(count))
    else:
        code, places = column, graph.literal(np.array([float(level) for level in levels.levels]))
    same = graph.node("Equal", graph.node("Unsqueeze", code, graph.literal(np.array([1]))), places)
    ones = graph.node("Cast", same, to=graph.kind)
    found = graph.node("ReduceMax", ones, graph.literal(np.array([1])), keepdims=0)
    found.rank = 1
    strange.append(found < 0.5)
    return ones


def _law(
    graph: Graph, law: Law, subject: ModelSubject, columns: Mapping[str, Value], features: Mapping[str, Value]
) -> Value:
    """The formula, in which each network is its constant part and what it adds in each row."""
    values: dict[str, Value] = dict(columns)
    for name, value in law.values(subject.weights).items():
        values[name] = graph.number(name, float(value))
    for name, net in law.networks.items():
        out = network_value(graph, net, subject.weights, features[name], name)
        alone = graph.node("Squeeze", out, graph.literal(np.array([1])))
        alone.rank = 1
        values[name] = values[name] + law.units[name] * alone
    return tree_value(graph, law.tree, values)


def _any(graph: Graph, conditions: list[Value]) -> Value | None:
    """Where one of them holds; None without any."""
    if not conditions:
        return None
    return functools.reduce(lambda a, b: graph.node("Or", a, b), conditions)


def _beside(graph: Graph, condition: Value, out: Value) -> Value:
    """A condition of rows in the shape of the outputs."""
    return graph.node("Unsqueeze", condition, graph.literal(np.array([1]))) if out.rank == 2 else condition


def _classes(graph: Graph, target: Classes, logits: Value, name: str, unknown: Value | None) -> None:
    """Scores, probabilities and the label of the highest score."""
    count = len(target.labels)
    graph.output(logits, "logits", ["rows", count])
    graph.output(f.softmax(logits), "probabilities", ["rows", count])
    kind = _kind(graph, "the target", target.labels)
    best = graph.node("ArgMax", logits, axis=1, keepdims=0)
    labels = np.array(target.labels, dtype=object) if kind else np.array([float(label) for label in target.labels])
    found = graph.node("Gather", graph.number("classes", labels), best)
    if unknown is not None:
        nothing = graph.number("none", np.array("", dtype=object)) if kind else math.nan
        found = graph.where(unknown, nothing, found)
    graph.output(found, name, ["rows"], kind)
