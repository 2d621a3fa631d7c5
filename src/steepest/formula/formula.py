"""The formula as a user writes it, and what it is once the columns of the data are known."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.base.errors import FormulaError, ShapeError
from steepest.formula.callable import compile_tree
from steepest.formula.inverse import inverse_of
from steepest.formula.parser import parse_formula
from steepest.formula.tree import Block, Kind, Name, names, postorder, to_text

_FEW = 20
_CLOSE = 0.8


class Formula:
    """A formula ``left ~ right``: what is fitted, and the model.

    Parameters
    ----------
    text : str
        Such as ``"log(y) ~ a + b*x"``; docs/formulas.md describes the language.

    Attributes
    ----------
    text : str
        As given.
    target, tree : Node
        The checked trees of the left and the right side.
    target_name : str
        The left side as text, ``"log(y)"``.
    names : tuple of str
        The free names of the right side in order of appearance.
    blocks : tuple of Block
        The networks on the right side.
    kind : {"", "category", "number"}
        What the left side is said to be: ``category(y) ~ ...``.

    Raises
    ------
    FormulaError
        The text is not in the language.

    Examples
    --------
    >>> formula = Formula("`wind speed` ~ a*exp(-b*t)")
    >>> formula.names
    ('a', 'b', 't')
    >>> formula.bind(["t", "wind speed"]).parameters
    ('a', 'b')
    """

    def __init__(self, text: str) -> None:
        left, self.tree = parse_formula(text, networks=True)
        self.kind, self.target = (left.kind, left.column) if isinstance(left, Kind) else ("", left)
        self.text = text
        self.blocks = tuple(node for node in postorder(self.tree) if isinstance(node, Block))
        self.target_name = self.target.name if isinstance(self.target, Name) else to_text(self.target)
        self.names = _unique(name.name for name in names(self.tree))
        self._left = compile_tree(self.target, text)
        self._right = None if self.blocks else compile_tree(self.tree, text)

    @property
    def has_network(self) -> bool:
        """Whether a network is fitted: there is one on the right side, or classes on the left, which need one."""
        return bool(self.blocks) or self.kind == "category"

    def __str__(self) -> str:
        return f"{self.kind}({self.target}) ~ {self.tree}" if self.kind else f"{self.target} ~ {self.tree}"

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Formula):
            return NotImplemented
        return self.kind == other.kind and self.target == other.target and self.tree == other.tree

    def __hash__(self) -> int:
        return hash((self.kind, self.target, self.tree))

    def __reduce__(self) -> tuple[type[Formula], tuple[str]]:
        return Formula, (self.text,)

    def to_latex(self) -> str:
        """LaTeX of the formula, ``left = right``: `steepest.formula.symbolic.to_latex`.

        Examples
        --------
        >>> print(Formula("y ~ a*exp(-x/tau)").to_latex())
        y = a e^{- \\frac{x}{\\tau}}
        """
        from steepest.formula.symbolic import to_latex  # SymPy takes its time

        return to_latex(self)

    def bind(self, columns: Collection[str]) -> BoundFormula:
        """Decide which names are columns and which are parameters.

        Parameters
        ----------
        columns : collection of str
            The names of the data's columns.

        Raises
        ------
        FormulaError
            The left side, or a name in backquotes, is not a column; or nothing is left to fit; or the formula is one of a
            network, whose weights are no parameters with a name.

        Examples
        --------
        >>> bound = Formula("y ~ a + b*tmie").bind(["time", "y"])
        >>> bound.parameters, bound.suspicious
        (('a', 'b', 'tmie'), (('tmie', 'time'),))
        """
        if self.blocks:
            raise FormulaError(
                f"{self.blocks[0].block}(...) is a network, and only formulas without one can be used here.",
                self.text,
                self.blocks[0].position,
            )
        if self.kind == "category":
            raise FormulaError(
                f"Classes need a network, which gives a score for each: category({self.target}) ~ mlp(x, 20).",
                self.text,
                0,
            )
        return BoundFormula(self, columns)


class BoundFormula:
    """A formula together with the names of the columns it is fitted to; made by `Formula.bind`.

    Attributes
    ----------
    formula : Formula
        The formula itself.
    parameters : tuple of str
        What is fitted, in order of appearance on the right side.
    columns : tuple of str
        The columns that the right side reads, in order of appearance.
    target_columns : tuple of str
        The columns that the left side reads.
    target_text : str
        What `predict` predicts: the left side as text, ``"log(y)"``.
    suspicious : tuple of (str, str)
        Parameters whose name is close to a column's, with that column: perhaps a slip of the pen.
    """

    def __init__(self, formula: Formula, columns: Collection[str]) -> None:
        self.formula = formula
        known = _unique(columns)
        for name in names(formula.target):
            if name.name not in known:
                raise self._unknown(name, known, "The left side is made of columns")
        for name in names(formula.tree):
            if name.quoted and name.name not in known:
                raise self._unknown(name, known, "Backquotes mean a column")
        self.target_columns = _unique(name.name for name in names(formula.target))
        if not self.target_columns:
            raise FormulaError("The left side names no column, so there is nothing to fit to.", formula.text, 0)
        self.columns = tuple(name for name in formula.names if name in known)
        self.parameters = tuple(name for name in formula.names if name not in known)
        if not self.parameters:
            raise FormulaError(
                "There is nothing to fit: every name on the right side is a column."
                if self.columns
                else "There is nothing to fit: the right side has no names, only numbers.",
                formula.text,
                formula.tree.position,
            )
        self.target_text = formula.target_name
        self.suspicious = tuple(
            (name, column) for name in self.parameters if (column := _lookalike(name, known)) is not None
        )
        self._inverse = inverse_of(formula.target)

    def __repr__(self) -> str:
        return f"<{self.formula} with parameters {', '.join(self.parameters)}>"

    def predict(self, params: Mapping[str, Any], columns: Mapping[str, Any], rows: int | None = None) -> Any:
        """The right side, one value a row.

        Parameters
        ----------
        params : mapping of str to scalar array-like
            A value for each parameter; numbers, arrays of shape () or Tensors.
        columns : mapping of str to array-like, shape (n,)
            A value for each column of the right side; others are ignored.
        rows : int, optional
            n, where the right side reads no column and `columns` is empty.

        Returns
        -------
        array or Tensor, shape (n,)
            In the unit of the left side (of ``log(y)`` where that is what stands left).

        Raises
        ------
        FormulaError
            A parameter or column is missing.
        ShapeError
            The columns differ in shape.

        Examples
        --------
        >>> Formula("y ~ a + b*x").bind(["x", "y"]).predict({"a": 1.0, "b": 2.0}, {"x": np.array([0.0, 1.0])})
        array([1., 3.])
        >>> Formula("y ~ c").bind(["y"]).predict({"c": 4.0}, {}, rows=2)
        array([4., 4.])
        """
        values = {name: self._value(name, params, "parameter") for name in self.parameters}
        values |= {name: self._value(name, columns, "column") for name in self.columns}
        self._check_shapes(columns, self.columns)
        assert self.formula._right is not None
        result = self.formula._right(values)
        if self.columns:
            return result
        if rows is None:
            rows = next((shape[0] for shape in map(_shape, columns.values()) if shape), None)
        return result if rows is None else ops.broadcast_to(result, (rows,))

    def observed(self, columns: Mapping[str, Any]) -> Any:
        """The left side computed from the data, one value a row: what the predictions are compared with.

        Examples
        --------
        >>> Formula("sqrt(y) ~ a*x").bind(["x", "y"]).observed({"y": np.array([4.0, 9.0])})
        array([2., 3.])
        """
        values = {name: self._value(name, columns, "column") for name in self.target_columns}
        self._check_shapes(columns, self.target_columns)
        return self.formula._left(values)

    def invert_target(self, values: Any) -> Any | None:
        """The column itself from values of the left side: y from log(y).

        NaN where no y has such a value, as for ``sqrt(y)`` below 0. None where the left side cannot be
        undone: it reads several columns, or one twice, or two y have the same value, as for ``y**2``.

        Examples
        --------
        >>> Formula("log10(y) ~ a + b*x").bind(["x", "y"]).invert_target(np.array([0.0, 2.0]))
        array([  1., 100.])
        """
        return None if self._inverse is None else self._inverse(values)

    def _value(self, name: str, values: Mapping[str, Any], kind: str) -> Any:
        if name not in values:
            raise FormulaError(f"The {kind} {name!r} has no value; the formula is {self.formula.text}.")
        return values[name]

    def _check_shapes(self, columns: Mapping[str, Any], used: Iterable[str]) -> None:
        shapes = {name: _shape(columns[name]) for name in used}
        distinct = {shape for shape in shapes.values() if shape}
        if len(distinct) > 1:
            listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise ShapeError(f"The columns of {self.formula.text} differ in shape: {listed}. Give each the shape (n,).")

    def _unknown(self, name: Name, known: tuple[str, ...], rule: str) -> FormulaError:
        near = difflib.get_close_matches(name.name, known, n=3, cutoff=0.6)
        if near:
            offer = f" Did you mean {' or '.join(near)}?"
        elif len(known) <= _FEW:
            offer = f" The columns are {', '.join(known)}." if known else " The data has no columns."
        else:
            offer = f" The first of the {len(known)} columns are {', '.join(known[:_FEW])}."
        return FormulaError(
            f"{rule}, and the data has no column {name.name!r}.{offer}", self.formula.text, name.position
        )


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(value.shape) if hasattr(value, "shape") else np.shape(value)


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def _lookalike(name: str, columns: tuple[str, ...]) -> str | None:
    near = difflib.get_close_matches(name, columns, n=1, cutoff=_CLOSE)
    if near:
        return near[0]
    # T beside a column t is usual (a period beside a time); Time or tmie beside time is a slip.
    letters = sorted(name.casefold())
    return next((column for column in columns if len(name) > 2 and sorted(column.casefold()) == letters), None)
