"""What is differentiated, read from a text: a formula, the sum or mean of one over rows, or the squares of a model's misses."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.base.errors import FormulaError, ModelError, ShapeError
from steepest.differentiation.algebra import Algebra
from steepest.formula.callable import compile_tree
from steepest.formula.formula import Formula
from steepest.formula.parser import parse_expression, parse_formula
from steepest.formula.tokens import NAME, Token, quoted_name, tokenize
from steepest.formula.tree import Binary, Call, Name, Node, Number, names

REDUCTIONS = ("sum", "mean")
RESIDUAL = "residual δ"  # no name that a column has; written δ
_DOT = re.compile(r"\bdot\(\s*([A-Za-z]\w*)\s*,\s*([A-Za-z]\w*)\s*\)")


@dataclass(frozen=True)
class Objective:
    """One number as a function of its parameters: a tree, or the sum or mean of a tree over the rows of some data.

    Attributes
    ----------
    text : str
        As given.
    tree : Node
        What is computed for each row (or at all); may hold δ, the residual, and products w·x of vectors.
    reduction : {"", "sum", "mean"}
        What is done with the rows.
    residual : Node or None
        What δ stands for, target minus model.
    dots : dict of str to (str, str)
        The products of vectors by name: ``{"·w·x": ("w", "x")}``.
    """

    text: str
    tree: Node
    reduction: str = ""
    residual: Node | None = None
    dots: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def written_out(self) -> Node:
        """The tree with δ replaced by what it stands for."""
        if self.residual is None:
            return self.tree
        return Algebra().substitute(self.tree, {residual_name(): self.residual})

    @property
    def names(self) -> tuple[str, ...]:
        """The free names in order of appearance; of a product of vectors, both."""
        found: dict[str, None] = {}
        for name in names(self.written_out):
            found.update(dict.fromkeys(self.dots.get(name.name, (name.name,))))
        return tuple(found)

    def rows_of(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
        """The values with the products of vectors added, and how many rows they have; None without columns.

        Raises
        ------
        ModelError
            A name has no value.
        ShapeError
            Columns differ in length, or a product's vectors do not fit.
        """
        given = dict(values)
        for name, (weights, inputs) in self.dots.items():
            for vector in (weights, inputs):
                if vector not in given:
                    raise ModelError(f"{vector!r} has no value; {self.text} needs {', '.join(self.names)}.")
            w, x = given[weights], given[inputs]
            if not (_shape(w) and _shape(x) and _shape(w) == _shape(x)[-1:]):
                raise ShapeError(
                    f"dot({weights}, {inputs}) takes {weights} of shape (k,) and {inputs} of shape (k,) or (rows, k), "
                    f"not {_shape(w)} and {_shape(x)}."
                )
            given[name] = ops.matmul(x, w)
        rows: dict[str, int] = {}
        for leaf in names(self.written_out):
            if leaf.name not in given:
                raise ModelError(f"{leaf.name!r} has no value; {self.text} needs {', '.join(self.names)}.")
            shape = _shape(given[leaf.name])
            if len(shape) > 1:
                raise ShapeError(f"{leaf.name!r} has shape {shape}; give one number, or one for each row: shape (n,).")
            if shape:
                rows[leaf.name] = shape[0]
        if len(set(rows.values())) > 1:
            listed = ", ".join(f"{name} {count}" for name, count in rows.items())
            raise ShapeError(f"the columns of {self.text} differ in length: {listed}.")
        return given, next(iter(rows.values()), None)

    def function(self) -> Callable[[Mapping[str, Any]], Any]:
        """The objective as a function of named values: numbers or Tensors, real or complex, columns of shape (n,)."""
        return self.reducing(self.written_out)

    def reducing(self, tree: Node) -> Callable[[Mapping[str, Any]], Any]:
        """A tree of this objective's names as a function of values, summed or averaged over the rows as the objective is.

        Raises
        ------
        FormulaError
            A part of the tree that holds numbers only is not finite.
        """
        per_row = compile_tree(tree)

        def compute(values: Mapping[str, Any]) -> Any:
            given, rows = self.rows_of(values)
            result = per_row(given)
            if not self.reduction:
                return result
            # A row's value that reads no column is the same in each row, and counts as often.
            result = ops.broadcast_to(result, (1 if rows is None else rows,))
            return ops.sum(result) if self.reduction == "sum" else ops.mean(result)

        return compute


def read_objective(text: str | Formula | Objective, reduction: str | None = None) -> Objective:
    """Read what is to be differentiated.

    Parameters
    ----------
    text : str or Formula
        An expression, ``"-log(sigmoid(w*x))"``; the sum or mean of one over the rows of the data, ``"sum((y - w*x)**2)"``; or a
        formula ``"y ~ w*x"``, which stands for the squares of what the model misses. ``dot(w, x)`` is the product of two vectors.
    reduction : {"sum", "mean"}, optional
        Of a formula: "mean" unless given. An expression says it itself.

    Raises
    ------
    FormulaError
        The text is not in the language.
    ModelError
        The reduction is unknown, or is said twice.

    Examples
    --------
    >>> read_objective("sum((y - w*x)**2)").reduction
    'sum'
    >>> print(read_objective("y ~ w*x").residual)
    y - w*x
    """
    if isinstance(text, Objective):
        return text
    if isinstance(text, Formula):
        text = text.text
    if reduction not in (None, *REDUCTIONS):
        raise ModelError(f"unknown reduction {reduction!r}. There are sum and mean.")
    tokens = tokenize(text)
    dots: dict[str, tuple[str, str]] = {}

    def shorter(match: re.Match[str]) -> str:
        weights, inputs = match.groups()
        name = f"·{weights}·{inputs}"  # no longer than what was written, and no name that a column has
        dots[name] = (weights, inputs)
        return quoted_name(name).ljust(len(match.group()))

    plain = _DOT.sub(shorter, text)
    if any(token.is_sign("~") for token in tokens):
        try:
            target, model = parse_formula(plain)
        except FormulaError as error:
            raise _pointing_at(text, error) from None
        residual = Binary("-", target, model)
        return Objective(text, Binary("**", residual_name(), Number(2.0)), reduction or "mean", residual, dots)
    said = _reduction_around(tokens)
    if said is not None:
        if reduction not in (None, said):
            raise ModelError(f"{text} is a {said} already; leave the reduction {reduction!r} away.")
        reduction = said
        start, end = tokens[1].end, tokens[-1].position
        plain = " " * start + plain[start:end]
    try:
        tree = parse_expression(plain)
    except FormulaError as error:
        for token, after in zip(tokens[2 if said else 0 :], tokens[3 if said else 1 :]):
            if token.kind == NAME and token.text in REDUCTIONS and after.is_sign("("):
                raise FormulaError(
                    f"{token.text}(...) stands around the whole expression, as in mean((y - w*x)**2 + c*w**2).",
                    text,
                    token.position,
                ) from None
        raise _pointing_at(text, error) from None
    squared = _squared_difference(tree)
    if reduction and squared is not None:
        return Objective(text, Binary("**", residual_name(), Number(2.0)), reduction, squared, dots)
    return Objective(text, tree, reduction or "", None, dots)


def residual_name() -> Name:
    """δ, as a name of a tree."""
    return Name(RESIDUAL, quoted=True)


def _reduction_around(tokens: list[Token]) -> str | None:
    """``sum`` or ``mean`` where its brackets hold everything."""
    if len(tokens) < 4 or tokens[0].kind != NAME or tokens[0].text not in REDUCTIONS or not tokens[1].is_sign("("):
        return None
    depth = 0
    for place, token in enumerate(tokens):
        depth += token.is_sign("(") - token.is_sign(")")
        if place and depth == 0:
            return tokens[0].text if place == len(tokens) - 1 else None
    return None


def _squared_difference(tree: Node) -> Node | None:
    """a - b from ``(a - b)**2``."""
    match tree:
        case Binary(operator="**", left=Binary(operator="-") as difference, right=Number(value=2.0)):
            return difference
        case Call(function="square", arguments=(Binary(operator="-") as difference,)):
            return difference
        case _:
            return None


def _pointing_at(text: str, error: FormulaError) -> FormulaError:
    """The same error, with the caret under the text as the user wrote it."""
    return FormulaError(str(error).split("\n")[0], text, error.position)


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(value.shape) if hasattr(value, "shape") else np.shape(value)


def chosen_names(objective: Objective, wrt: str | Iterable[str] | None, columns: Collection[str]) -> tuple[str, ...]:
    """What to differentiate with respect to: the given names, else every name that is no column.

    Raises
    ------
    ModelError
        A name is not in the objective or is a column; or there is none left.
    """
    if wrt is None:
        chosen = tuple(name for name in objective.names if name not in columns)
        if not chosen:
            raise ModelError(f"there is nothing to differentiate {objective.text} with respect to.")
        return chosen
    chosen = tuple(dict.fromkeys([wrt] if isinstance(wrt, str) else wrt))
    if not chosen:
        raise ModelError("name at least one parameter to differentiate with respect to.")
    inputs = {inputs for _, inputs in objective.dots.values()}
    for name in chosen:
        if name not in objective.names:
            raise ModelError(
                f"{name!r} is not in {objective.text}; its names are {', '.join(objective.names) or 'none'}."
            )
        if name in columns or name in inputs:
            raise ModelError(f"{name!r} is a column of data; name a parameter to differentiate with respect to.")
    return chosen
