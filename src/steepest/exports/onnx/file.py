"""to_onnx: a fit or a network as an ONNX model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from steepest.base.choices import chosen
from steepest.base.errors import FormulaError, ModelError, SteepestError
from steepest.base.files import write_whole
from steepest.exports.onnx import functions as f
from steepest.exports.onnx.formula import tree_value
from steepest.exports.onnx.graph import Graph, require_onnx
from steepest.exports.onnx.model import model_proto
from steepest.exports.onnx.network import network_value
from steepest.exports.subject import FormulaSubject, ModelSubject, NetworkSubject, subject_of

_DTYPES = {"float32": "float32", "float64": "float64"}


def to_onnx(
    subject: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    shape: Sequence[int] | None = None,
    dtype: str | None = None,
) -> Any:
    """An ONNX model (operator set 18) for onnxruntime and others, for any number of rows.

    Parameters
    ----------
    subject : Fit, SavedFit, Run or Module
        A fit of a formula: one input a column of the right side, (rows,), of the column's name, and one output, (rows,), of
        the left side's name, ``log(y)``. With networks in the formula, inputs of labels are text or numbers, as the levels
        were, and classes have the outputs ``logits``, ``probabilities`` and, of the left side's name, the label; where a level
        was not learned they are NaN and empty. A run of a network, or a feed-forward network: the input ``x`` and the output
        ``prediction``; with a loss of classes the outputs ``logits`` and ``probabilities``. Layers are as in evaluation.
    path : path, optional
        A file to write, whole or not at all; its name ends in .onnx.
    params, state : mapping of str to array, optional
        The numbers of a network, if not its own.
    shape : sequence of int, optional
        The shape of a row of a network's input, where neither run nor layers tell it.
    dtype : {"float32", "float64"}, optional
        Of inputs, numbers and outputs; that of the parameters unless given. In float32 a formula loses digits wherever it
        would in NumPy.

    Returns
    -------
    onnx.ModelProto
        Passed by ``onnx.checker``. Parameters are initialisers of their own names; what onnxruntime lacks in float64 (tan,
        arcsin, erf, ...) is composed to full precision.

    Raises
    ------
    SteepestError
        The package onnx is missing (says how to install it), or the file cannot be written.
    ModelError
        The model is a Python function, has a layer without a counterpart (named, with its place; recurrent ones are), or no
        finite numbers.

    Examples
    --------
    >>> import steepest as sd
    >>> model = to_onnx(sd.fit("y ~ a + b*x", {"x": [0, 1, 2], "y": [1, 3, 5]}))
    >>> [i.name for i in model.graph.input], [n.name for n in model.graph.initializer], [o.name for o in model.graph.output]
    (['x'], ['a', 'b'], ['y'])
    """
    require_onnx()
    if path is not None and not str(path).endswith(".onnx"):
        raise SteepestError(f"an ONNX model cannot be written to {path}. End its name in .onnx.")
    found = subject_of(subject, params, state)
    kind = None if dtype is None else chosen("dtype", dtype, _DTYPES)
    if isinstance(found, FormulaSubject):
        model = _formula_model(found, kind or "float64")
    elif isinstance(found, ModelSubject):
        model = model_proto(found, kind or "float64")
    else:
        model = _network_model(found, shape, kind or _dtype_of(found))
    if path is not None:
        write_whole(path, model.SerializeToString(deterministic=True))
    return model


def _dtype_of(subject: NetworkSubject) -> str:
    kinds = {array.dtype for array in subject.params.values()}
    return "float32" if kinds == {np.dtype(np.float32)} else "float64"


def _formula_model(subject: FormulaSubject, dtype: str) -> Any:
    bound = subject.bound
    if not bound.columns:
        raise FormulaError("a formula without columns on its right side has no input, so ONNX has no use for it: "
                           f"{bound.formula.text}.")  # fmt: skip
    target = f"predicted {bound.target_text}" if bound.target_text in bound.columns else bound.target_text
    graph = Graph(dtype, {target, *bound.columns, *bound.parameters})
    values = {name: graph.input(name, ["rows"]) for name in bound.columns}
    values |= {name: graph.number(name, subject.params[name]) for name in bound.parameters}
    graph.output(tree_value(graph, bound.formula.tree, values), target, ["rows"])
    facts = {"formula": bound.formula.text, "predicts": bound.target_text}
    return graph.model("formula", "\n".join([subject.title, *subject.notes]), facts)


def _network_model(subject: NetworkSubject, shape: Sequence[int] | None, dtype: str) -> Any:
    row = subject.features if shape is None else tuple(shape)
    if row is None:
        raise ModelError("the shape of a row of inputs is not known: give it, such as shape=(28, 28).")
    graph = Graph(dtype, {"x", "prediction", "logits", "probabilities", "rates", *subject.params, *subject.state})
    x = graph.input("x", ["rows", *(f"axis {k}" if n is None else int(n) for k, n in enumerate(row, 1))])
    out = network_value(graph, subject.net, {**subject.params, **subject.state}, x)
    axes = _output_shape(subject, row)
    match subject.link:
        case "":
            graph.output(out, "prediction", axes)
        case "exp":
            graph.output(out, "prediction", axes)
            graph.output(f.exp(out), "rates", axes)
        case link:
            graph.output(out, "logits", axes)
            graph.output(f.softmax(out) if link == "softmax" else f.sigmoid(out), "probabilities", axes)
    return graph.model("network", "\n".join([subject.title, *subject.notes]), {"network": subject.title})


def _output_shape(subject: NetworkSubject, row: Sequence[int | None]) -> list[Any]:
    """The shape of the output, found by trying two rows."""
    x = np.zeros((2, *(1 if n is None else n for n in row)))
    with np.errstate(all="ignore"):
        found = np.shape(subject.net(subject.params, subject.state, x, 0, False)[0])
    return ["rows", *found[1:]]
