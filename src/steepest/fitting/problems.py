"""Problems from text: a formula, or a network of columns, with the data it is fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from steepest.base.errors import FormulaError, ModelError
from steepest.base.params import Array, Params
from steepest.base.random import Key
from steepest.fitting.model import FormulaModel
from steepest.fitting.networks.network import Network
from steepest.fitting.networks.prepare import prepared_network
from steepest.fitting.prepare import Given
from steepest.fitting.starts import natural_scales
from steepest.formula.callable import compile_tree
from steepest.formula.formula import Formula
from steepest.formula.parser import parse_expression
from steepest.formula.tree import names
from steepest.nn.losses import Loss
from steepest.nn.sequential import Sequential
from steepest.training.problem import Problem


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
    """Whether a formula has a network in it.

    Raises
    ------
    FormulaError
        It has two sides and is not in the language.

    Examples
    --------
    >>> is_network("y ~ mlp(x, 20)"), is_network("y ~ a + b*x"), is_network("a + b")
    (True, False, False)
    """
    return "~" in text and Formula(text).has_network


def network_problem(
    text: str, data: Any, *, loss: str | Loss = "mse", weights: Any = None, drop_missing: bool = False, seed: int = 0
) -> Problem:
    """The problem of fitting a formula with a network to all rows of data: ``"y ~ mlp(x1, x2, 20, activation=tanh)"``.

    For a network alone inputs are features by name, which are standardised inside, and losses and predictions are in the unit of
    the left side. Inside a larger formula, ``y ~ a*t + mlp(x, 20)``, they are in standard deviations of it.

    Parameters
    ----------
    text : str
        See docs/formula-networks.md.
    data, loss, weights, drop_missing
        See `fit`.
    seed : int
        Of the weights.

    Raises
    ------
    FormulaError, DataError, ModelError
        See `fit`.

    Examples
    --------
    >>> problem = network_problem("y ~ mlp(x, 4, activation=tanh)", {"x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 4.0]})
    >>> problem.start.count
    13
    """
    given = Given(loss=loss, weights=weights, drop_missing=drop_missing)
    ready = prepared_network(Formula(text), data, given, 0.0, seed)
    net, model = ready.model.net, ready.model
    if not isinstance(net, Sequential):
        return ready.whole
    (encoder,) = model.encoders.values()
    raw = Network(net, encoder, model.target)
    features = dict(zip(raw.columns, encoder.raw(ready.rows.columns, ready.rows.place).T, strict=True))
    wanted = ready.whole.data.target if model.classes is not None else ready.rows.observed
    params, state = raw.init(Key(seed))
    problem = Problem(
        raw, params, features, wanted, loss=ready.loss, weights=ready.rows.weights, state=state, rowwise=True
    )
    problem.target_name = model.target_text
    return problem


def network_starts(problem: Problem, count: int, seed: int = 0) -> list[dict[str, Array]]:
    """First weights of the network of a problem, from as many keys."""
    return [problem.predict.init(Key(seed + k))[0] for k in range(count)]  # type: ignore[attr-defined]
