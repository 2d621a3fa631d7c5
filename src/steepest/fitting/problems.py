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
from steepest.fitting.network import Network
from steepest.fitting.starts import natural_scales
from steepest.formula.callable import compile_tree
from steepest.formula.parser import parse_expression
from steepest.formula.tree import names
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
    problem = Problem(model.predict, first, rows.columns, rows.observed, loss=loss, weights=rows.weights, scale=scale)
    problem.target_name = model.bound.target_text
    return problem


def expression_problem(text: str, start: Mapping[str, float]) -> Problem:
    """The problem of making an expression small: a function of its names, without data.

    Parameters
    ----------
    text : str
        ``"(1 - x)**2 + 100*(y - x**2)**2"``, in the language of formulas.
    start : mapping of str to number
        A number for each name.

    Raises
    ------
    FormulaError
        The text is not in the language, or names nothing.
    ModelError
        A name has no start, or the start names something else.

    Examples
    --------
    >>> problem = expression_problem("x**2 + 3*y", {"x": 2.0, "y": 1.0})
    >>> problem.value(problem.start)
    7.0
    """
    tree = parse_expression(text)
    expected = list(dict.fromkeys(name.name for name in names(tree)))
    if not expected:
        raise FormulaError("There is nothing to make small: the expression has no names, only numbers.", text, 0)
    if lacking := [name for name in expected if name not in start]:
        example = ",".join(f"{name}=1" for name in expected)
        raise ModelError(f"{lacking[0]!r} has no start. Give one for each name, such as {example}.")
    if extra := [name for name in start if name not in expected]:
        raise ModelError(f"start names {extra[0]!r}, which the expression does not have. It has {', '.join(expected)}.")
    return Problem.of_function(compile_tree(tree, text), {name: float(start[name]) for name in expected})


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
    inputs = {name: rows.columns[name] for name in columns}
    net = Network(inputs, rows.observed, hidden, activation)
    params, state = net.init(Key(seed))
    problem = Problem(net, params, inputs, rows.observed, loss=loss, weights=rows.weights, state=state)
    problem.target_name = model.bound.target_text
    return problem


def network_starts(text: str, count: int, seed: int = 0) -> list[dict[str, Array]]:
    """First weights of the network in `text`, from as many keys."""
    columns, hidden, activation = _spec(text.partition("~")[2].strip())
    net = MLP(len(columns), hidden, 1, activation=activation)
    return [net.init(Key(seed + k))[0] for k in range(count)]


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
            if argument.id in columns:
                raise FormulaError(f"mlp names the column {argument.id!r} twice.")
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
