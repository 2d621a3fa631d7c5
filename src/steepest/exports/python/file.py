"""to_python: a fit or a network as a file that needs NumPy alone."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from steepest.base.errors import SteepestError
from steepest.base.files import write_whole
from steepest.exports.python.formula import FormulaLines
from steepest.exports.python.model import model_file
from steepest.exports.python.network import TABLE, NetworkLines
from steepest.exports.python.source import (
    HELPERS,
    array_table,
    docstring,
    identifiers,
    number_table,
    quoted,
    renamed_columns,
    unpack_source,
    whole_file,
)
from steepest.exports.subject import FormulaSubject, ModelSubject, NetworkSubject, subject_of
from steepest.formula.tree import names

_TAKEN = {*HELPERS, "np", "math", "base64", "predict", "unpacked", TABLE, "STANDARD_ERRORS", "COLUMNS"}


def to_python(
    subject: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
) -> str:
    """Python source with a function ``predict`` that needs NumPy alone and agrees with steepest's to the last bits.

    Parameters
    ----------
    subject : Fit, SavedFit, Run or Module
        A fit of a formula: ``predict`` takes an array or a number for each column of the right side, and gives the left
        side; with networks in the formula columns may be labels, and of classes there is ``probabilities`` too. A run of a
        network, or a network: ``predict(x)`` gives its outputs as in evaluation (dropout does nothing, batch normalisation
        uses its running statistics); with a loss of classes there is ``probabilities(x)``.
    path : path, optional
        A file to write, whole or not at all; its name ends in .py.
    params, state : mapping of str to array, optional
        The numbers of a network, if not its own.

    Returns
    -------
    str
        The text of the file. Its docstring says what was fitted, to what and how it ended; numbers are written exactly.

    Raises
    ------
    ModelError
        The model is a Python function, has a layer that is not steepest's own (named, with its place), or no finite numbers.
    SteepestError
        The file cannot be written, or its name ends otherwise.

    Examples
    --------
    >>> import steepest as sd
    >>> source = to_python(sd.fit("y ~ a + b*x", {"x": [0, 1, 2], "y": [1, 3, 5]}))
    >>> print(source[source.index("    x = ") :])
        x = np.asarray(x, dtype=np.float64)
        with np.errstate(all="ignore"):
            return a + b*x
    <BLANKLINE>
    >>> space = {}
    >>> exec(source, space)
    >>> space["predict"](10.0).round(6)
    np.float64(21.0)
    """
    if path is not None and not str(path).endswith(".py"):
        raise SteepestError(f"Python source cannot be written to {path}. End its name in .py.")
    found = subject_of(subject, params, state)
    if isinstance(found, FormulaSubject):
        text = _formula_file(found)
    else:
        text = model_file(found) if isinstance(found, ModelSubject) else _network_file(found)
    if path is not None:
        write_whole(path, text)
    return text


def _formula_file(subject: FormulaSubject) -> str:
    bound = subject.bound
    inputs = identifiers(bound.columns, _TAKEN)
    values = identifiers(bound.parameters, {*_TAKEN, *inputs.values()})
    called = {**values, **inputs}
    variables = {name: called[name.name] for name in names(bound.formula.tree)}
    body = FormulaLines(bound.formula.tree, variables, {*_TAKEN, *called.values()})
    tables = [number_table(TABLE, subject.params, "In the order of the formula, each number exactly.")]
    if subject.errors:
        open_ends = not np.isfinite(list(subject.errors.values())).all()
        undefined = "NaN at a bound, infinite for what the data do not determine." if open_ends else ""
        tables.append(number_table("STANDARD_ERRORS", subject.errors, undefined))
    predict = [
        f"def predict({', '.join(inputs.values())}):",
        docstring(_formula_doc(subject, inputs), "    "),
        *(f"    {values[name]} = np.float64({TABLE}[{quoted(name)}])" for name in bound.parameters),
        *(f"    {name} = np.asarray({name}, dtype=np.float64)" for name in inputs.values()),
        '    with np.errstate(all="ignore"):',
        *(f"        {line}" for line in [*body.lines, *body.returned]),
    ]
    columns = "Columns: " + (", ".join(map(quoted, bound.columns)) or "none") + "."
    return whole_file(subject.title, [*subject.notes, columns], body.helpers, ["\n".join(tables), "\n".join(predict)])


def _formula_doc(subject: FormulaSubject, inputs: Mapping[str, str]) -> str:
    bound = subject.bound
    lines = [f"{bound.target_text}, from numbers or arrays of one shape."]
    if not bound.columns:
        lines = [f"{bound.target_text}, which is the same for all rows."]
    if renamed := renamed_columns(inputs):
        lines += ["", *renamed]
    if subject.example:
        with np.errstate(all="ignore"):
            value = float(bound.predict(subject.params, {k: np.array([v]) for k, v in subject.example.items()})[0])
        if math.isfinite(value):
            shown = ", ".join(f"{inputs[name]}={x!r}" for name, x in subject.example.items())
            lines += ["", f">>> float(predict({shown}))", repr(value), ""]
    return "\n".join(lines)


def _network_file(subject: NetworkSubject) -> str:
    body = NetworkLines(subject.net, {**subject.params, **subject.state})
    table, packed = array_table(TABLE, body.arrays)
    shape = (
        f"(rows, {', '.join('time' if n is None else str(n) for n in subject.features)})" if subject.features else ""
    )
    inputs = f"inputs of shape {shape}" if shape else "inputs, whose first axis is rows"
    count = sum(array.size for array in subject.params.values())
    predict = [
        "def predict(x):",
        docstring(f"The outputs for {inputs}.", "    "),
        "    x = np.asarray(x)",
        '    with np.errstate(all="ignore"):',
        *(f"        {line}" for line in body.lines),
        "    return x",
    ]
    parts = [*([unpack_source()] if packed else []), table, "\n".join(predict), *_linked(subject.link)]
    helpers = [*body.helpers, *([subject.link] if subject.link in HELPERS else [])]
    return whole_file(subject.title, [*subject.notes, f"{count:,} parameters."], helpers, parts)


_LINKS = {
    "softmax": ("probabilities", "The probability of each class; the outputs are scores.", "softmax(predict(x))"),
    "sigmoid": ("probabilities", "The probability of class 1; the outputs are log-odds.", "sigmoid(predict(x))"),
    "exp": ("rates", "The rate of counts; the outputs are its logarithm.", "np.exp(predict(x))"),
}


def _linked(link: str) -> list[str]:
    if not link:
        return []
    name, doc, expression = _LINKS[link]
    return [f"def {name}(x):\n{docstring(doc, '    ')}\n    return {expression}"]
