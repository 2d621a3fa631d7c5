"""Problems from text: a formula, or a network of columns, with the data it is fitted to."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np

from steepest.base.errors import FormulaError, ModelError
from steepest.base.params import Array, Params
from steepest.base.random import Key
from steepest.fitting.model import FormulaModel
from steepest.fitting.starts import natural_scales
from steepest.nn.losses import Loss
from steepest.nn.mlp import MLP
from steepest.training.problem import Problem

_FACTOR = "factor_of_the_network"
_SPEC = "Write it like y ~ mlp(x1, x2, 20, 20, activation=tanh): columns, sizes of hidden layers, activation."


def formula_problem(
    formula: str,
    data: Any,
    *,
    loss: str | Loss = "mse",
    start: Mapping[str, float] | None = None,
    weights: Any = None,
    drop_missing: bool = False,
) -> Problem:
    """The problem of fitting a formula to data, without having solved any part of it.

    `fit` begins close to the answer; this begins at each parameter's natural magnitude, found by dimensional analysis, so that
    methods can be compared.

    Parameters
    ----------
    formula, data, loss, weights, drop_missing
        See `fit`.
    start : mapping of str to number, optional
        For some or all of the parameters.

    Raises
    ------
    FormulaError, DataError, ModelError
        See `fit`.

    Examples
    --------
    >>> problem = formula_problem("y ~ a + b*x", {"x": [0.0, 10.0, 20.0], "y": [1.0, 200.0, 400.0]})
    >>> problem.start
    Params(a=400, b=20)
    """
    model, rows = FormulaModel.read(formula, data, weights, drop_missing)
    units = natural_scales(model, rows)
    unknown = [name for name in start or {} if name not in model.parameters]
    if unknown:
        raise ModelError(
            f"start names {unknown[0]!r}, which is not a parameter. The parameters are {', '.join(model.parameters)}."
        )
    first = Params({name: float((start or {}).get(name, units[name])) for name in model.parameters})
    scale = np.maximum(np.abs(first.flat), [units[name] for name in model.parameters])
    return Problem(model.predict, first, rows.columns, rows.observed, loss=loss, weights=rows.weights, scale=scale)


def is_network(text: str) -> bool:
    """Whether a formula's right side is ``mlp(…)``.

    Examples
    --------
    >>> is_network("y ~ mlp(x, 20)"), is_network("y ~ a + b*x")
    (True, False)
    """
    return text.partition("~")[2].replace(" ", "").startswith("mlp(")


def network_problem(
    text: str, data: Any, *, loss: str | Loss = "mse", weights: Any = None, drop_missing: bool = False, seed: int = 0
) -> Problem:
    """The problem of fitting a multilayer perceptron of some columns: ``"y ~ mlp(x1, x2, 20, activation=tanh)"``.

    Columns and target are standardised inside; losses and predictions are in the unit of the left side.

    Parameters
    ----------
    text : str
        Columns first, then the size of each hidden layer; ``activation=relu`` unless another is named.
    data, loss, weights, drop_missing
        See `fit`.
    seed : int
        Of the weights.

    Raises
    ------
    FormulaError, DataError, ModelError
        The text is not of this form, a column is missing, …

    Examples
    --------
    >>> problem = network_problem("y ~ mlp(x, 4, activation=tanh)", {"x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 4.0]})
    >>> problem.start.count
    13
    """
    left, _, right = text.partition("~")
    columns, hidden, activation = _spec(right.strip())
    # A formula with these columns, for its reading and its checks: it needs a parameter to be one.
    model, rows = FormulaModel.read(f"{left} ~ {_FACTOR}*({' + '.join(columns)})", data, weights, drop_missing)
    unknown = [name for name in model.parameters if name != _FACTOR]
    if unknown:
        raise FormulaError(f"mlp names {unknown[0]!r}, which is not a column of the data.")
    net = MLP(len(columns), hidden, 1, activation=activation)
    params, state = net.init(Key(seed))
    inputs, _, _ = _standardised(np.stack([rows.columns[name] for name in columns], axis=1))
    _, middle, width = _standardised(rows.observed)

    def predict(params: Any, state: Any, x: Any, key: Key, training: bool) -> Any:
        outputs, state = net(params, state, x, key, training)
        return middle + width * outputs[:, 0], state

    return Problem(predict, params, inputs, rows.observed, loss=loss, weights=rows.weights, state=state)


def network_starts(text: str, count: int, seed: int = 0) -> list[dict[str, Array]]:
    """First weights of the network in `text`, from as many keys."""
    columns, hidden, activation = _spec(text.partition("~")[2].strip())
    net = MLP(len(columns), hidden, 1, activation=activation)
    return [net.init(Key(seed + k))[0] for k in range(count)]


def _standardised(values: Array) -> tuple[Array, Any, Any]:
    """The values with mean 0 and standard deviation 1 in each column, and both; a constant column becomes 0."""
    middle, width = values.mean(axis=0), values.std(axis=0)
    width = np.where(width > 0, width, 1.0)
    return (values - middle) / width, middle, width


def _spec(text: str) -> tuple[list[str], list[int], str]:
    """Columns, hidden sizes and activation of ``mlp(…)``, read and not run."""
    try:
        call = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(f"the network {text!r} is not understood. {_SPEC}") from None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "mlp"):
        raise FormulaError(f"a network stands alone on the right side. {_SPEC}")
    columns: list[str] = []
    hidden: list[int] = []
    for argument in call.args:
        if isinstance(argument, ast.Name) and not hidden:
            columns.append(argument.id)
        elif isinstance(argument, ast.Constant) and type(argument.value) is int and argument.value > 0 and columns:
            hidden.append(argument.value)
        else:
            raise FormulaError(
                f"{ast.unparse(argument)!r} in mlp is neither a column nor, after them, a layer's size. {_SPEC}"
            )
    activation = "relu"
    for keyword in call.keywords:
        if keyword.arg != "activation" or not isinstance(keyword.value, ast.Name):
            raise FormulaError(f"mlp takes activation=NAME, not {ast.unparse(keyword)!r}. {_SPEC}")
        activation = keyword.value.id
    if not columns or not hidden:
        raise FormulaError(f"mlp needs a column and a hidden layer. {_SPEC}")
    return columns, hidden, activation
