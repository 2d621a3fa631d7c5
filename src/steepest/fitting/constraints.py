"""Constraints: parameters that are fixed, tied to others, or kept within bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from steepest.base.choices import suggestion
from steepest.base.errors import FormulaError, ModelError
from steepest.formula.callable import compile_tree
from steepest.formula.formula import Formula
from steepest.formula.parser import parse_expression
from steepest.formula.structure import substituted
from steepest.formula.tree import Name, Node, Number, Unary, names, to_text

Pair = tuple[float | None, float | None]


@dataclass(frozen=True)
class Constraints:
    """What is settled about parameters before a fit.

    Attributes
    ----------
    fixed : dict of str to float
    ties : dict of str to Node
        ``d = 2*c``: the expression of each tied parameter, in an order in which each needs only earlier ones.
    bounds : dict of str to (low, high)
        None for no bound.

    Examples
    --------
    >>> told = Constraints.read(fix={"a": 2}, tie="d = 2*c", bounds="b > 0, 0 < c < 1", parameters=["a", "b", "c", "d"])
    >>> told.free(["a", "b", "c", "d"]), told.bounds
    (('b', 'c'), {'b': (0.0, None), 'c': (0.0, 1.0)})
    >>> {name: float(value) for name, value in told.expanded({"b": 1.0, "c": 0.5}).items()}
    {'b': 1.0, 'c': 0.5, 'a': 2.0, 'd': 1.0}
    """

    fixed: dict[str, float] = field(default_factory=dict)
    ties: dict[str, Node] = field(default_factory=dict)
    bounds: dict[str, Pair] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        *,
        parameters: Collection[str],
        columns: Collection[str] = (),
        fix: Mapping[str, Any] | None = None,
        tie: Mapping[str, str] | str | Iterable[str] | None = None,
        bounds: Mapping[str, Any] | str | None = None,
    ) -> Constraints:
        """Constraints as a user gives them, for a model with these parameters.

        Parameters
        ----------
        parameters, columns : collection of str
            The names that the model fits, and those of its data.
        fix : mapping of str to number
        tie : mapping of str to str, or ``"d = 2*c"``, or several of those
            Expressions of other parameters.
        bounds : mapping of str to (low, high), or ``"b > 0, 0 < c < 1"``

        Raises
        ------
        ModelError, FormulaError
            A name is no parameter (the nearest is offered), is settled twice, ties go in a circle, or a value makes no sense.
        """
        fixed = {name: _number(f"the fixed value of {name!r}", value) for name, value in (fix or {}).items()}
        ties = {name: parse_expression(text) for name, text in read_ties(tie).items()}
        boxes = {name: _pair(name, pair) for name, pair in (read_bounds(bounds)).items()}
        for what, given in (("fix", fixed), ("tie", ties), ("bounds", boxes)):
            for name in given:
                check_parameter(what, name, parameters)
        for name in ties:
            if name in fixed:
                raise ModelError(f"{name!r} is both fixed and tied; leave one out.")
            _check_tie(name, ties[name], parameters, columns)
        for name in boxes:
            if name in fixed or name in ties:
                kind = "fixed" if name in fixed else "tied"
                raise ModelError(
                    f"{name!r} is {kind}, so it takes no bounds{'' if kind == 'fixed' else '; bound what it is tied to'}."
                )
        if all(name in fixed or name in ties for name in parameters):
            raise ModelError("there is nothing left to fit: every parameter is fixed or tied.")
        return cls(fixed, _in_order(ties), boxes)

    def __bool__(self) -> bool:
        return bool(self.fixed or self.ties or self.bounds)

    def free(self, parameters: Collection[str]) -> tuple[str, ...]:
        """Those of `parameters` that are fitted."""
        return tuple(name for name in parameters if name not in self.fixed and name not in self.ties)

    def settled(self, formula: Formula) -> Formula:
        """The formula with numbers and expressions in the place of what is fixed and tied."""
        if not (self.fixed or self.ties):
            return formula
        known: dict[Node, Node] = {Name(name): _literal(value) for name, value in self.fixed.items()}
        for name, tree in self.ties.items():
            known[Name(name)] = substituted(tree, known)
        return Formula(f"{to_text(formula.target)} ~ {to_text(substituted(formula.tree, known))}")

    def expanded(self, free: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters, from those that are fitted: numbers, arrays or Tensors."""
        values: dict[str, Any] = {**free, **self.fixed}
        for name, follow in self._followers.items():
            values[name] = follow(values)
        return values

    @cached_property
    def _followers(self) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
        """The ties as functions, made once: a model asks for them at every step."""
        return {name: compile_tree(tree) for name, tree in self.ties.items()}

    def within(self, values: Mapping[str, float], units: Mapping[str, float] | None = None) -> dict[str, float]:
        """The values, where one is outside or at a bound a little inside of it, so that a descent can move both ways.

        A little is a thousandth of the width and of the parameter's unit: its natural magnitude where that is known, else the
        size of the value or of the bound.
        """
        moved = dict(values)
        for name, (low, high) in self.bounds.items():
            if name not in moved:
                continue
            low, high = -math.inf if low is None else low, math.inf if high is None else high
            value = moved[name]
            if low < value < high:
                continue
            bound = low if value <= low else high
            unit = (units or {}).get(name) or max(abs(value), abs(bound)) or 1.0
            room = 1e-3 * min(high - low, unit)
            moved[name] = bound + room if value <= low else bound - room
        return moved

    def word(self, name: str) -> str:
        """What is settled about a parameter, for a table: "fixed", "= 2*c", or nothing."""
        return "fixed" if name in self.fixed else f"= {to_text(self.ties[name])}" if name in self.ties else ""


def _literal(value: float) -> Node:
    return Number(value) if value >= 0 else Unary(Number(-value))


def _number(what: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ModelError(f"{what} must be one number, not {value!r}.") from None
    if not math.isfinite(number):
        raise ModelError(f"{what} must be finite, not {value!r}.")
    return number


def _pair(name: str, pair: Any) -> Pair:
    try:
        low, high = pair
        low, high = (None if b is None or b == nowhere else float(b) for b, nowhere in ((low, -np.inf), (high, np.inf)))
    except (TypeError, ValueError):
        raise ModelError(
            f"the bounds of {name!r} are a pair of numbers, None for no bound, such as (0, None), not {pair!r}."
        ) from None
    if any(b is not None and not math.isfinite(b) for b in (low, high)):
        raise ModelError(f"the bounds of {name!r} must be numbers, or None for no bound, not {pair!r}.")
    if low is not None and low == high:
        raise ModelError(f"the bounds of {name!r} leave it nothing but {low:g}: fix it instead.")
    if low is not None and high is not None and not low < high:
        raise ModelError(f"the lower bound of {name!r} must be below the upper one, not {pair!r}.")
    return low, high


def check_parameter(what: str, name: str, parameters: Collection[str]) -> None:
    """Raise unless the model has a parameter of this name; `what` named it."""
    if name not in parameters:
        raise ModelError(
            f"{what} names {name!r}, which is not a parameter.{suggestion(name, parameters)} "
            f"The parameters are {', '.join(parameters)}."
        )


def _check_tie(name: str, tree: Node, parameters: Collection[str], columns: Collection[str]) -> None:
    for used in names(tree):
        if used.name in columns:
            raise ModelError(
                f"the tie {name} = {tree} uses {used.name!r}, a column of the data. Write it into the formula instead."
            )
        check_parameter(f"the tie {name} = {tree}", used.name, parameters)


def _in_order(ties: Mapping[str, Node]) -> dict[str, Node]:
    """The ties, each after those that it uses."""
    ordered: dict[str, Node] = {}
    while len(ordered) < len(ties):
        ready = [
            name for name, tree in ties.items()
            if name not in ordered and all(used.name not in ties or used.name in ordered for used in names(tree))
        ]  # fmt: skip
        if not ready:
            raise ModelError(f"the ties of {', '.join(sorted(set(ties) - set(ordered)))} go in a circle.")
        ordered |= {name: ties[name] for name in ready}
    return ordered


def read_ties(tie: Mapping[str, str] | str | Iterable[str] | None) -> dict[str, str]:
    """Ties by name, as text, from a mapping or from sentences ``d = 2*c``."""
    if tie is None or isinstance(tie, Mapping):
        return {name: str(text) for name, text in (tie or {}).items()}
    found: dict[str, str] = {}
    for text in [tie] if isinstance(tie, str) else tie:
        name, sign, expression = (part.strip() for part in text.partition("="))
        if not (name.isidentifier() and sign and expression):
            raise ModelError(f"a tie is written like d = 2*c, not {text!r}.")
        if name in found:
            raise ModelError(f"{name!r} is tied twice.")
        found[name] = expression
    return found


def read_bounds(bounds: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """Bounds by name, from a mapping or from text."""
    return _boxes(bounds) if isinstance(bounds, str) else dict(bounds or {})


def _boxes(text: str) -> dict[str, Pair]:
    """The boxes in ``b > 0, 0 < c < 1``; ``<=`` is the same as ``<``, since both include the bound."""
    found: dict[str, Pair] = {}
    for part in text.split(","):
        pieces = re.split(r"(<=|>=|<|>)", part)
        signs, sides = [sign[0] for sign in pieces[1::2]], [side.strip() for side in pieces[::2]]
        places = [i for i, side in enumerate(sides) if side.isidentifier() and side not in ("pi", "inf")]
        if len(sides) not in (2, 3) or len(places) != 1 or len(set(signs)) != 1 or (len(sides) == 3 and places[0] != 1):
            raise ModelError(f"bounds are written like b > 0, 0 < c < 1; {part.strip()!r} is not.")
        if signs[0] == ">":
            sides.reverse()
        place = next(i for i, side in enumerate(sides) if side.isidentifier() and side not in ("pi", "inf"))
        low = _constant(sides[place - 1]) if place > 0 and sides[place - 1] != "-inf" else None
        high = _constant(sides[place + 1]) if place + 1 < len(sides) and sides[place + 1] != "inf" else None
        name = sides[place]
        before = found.get(name, (None, None))
        if (low is not None and before[0] is not None) or (high is not None and before[1] is not None):
            raise ModelError(f"bounds give {name!r} the same side twice.")
        found[name] = (before[0] if low is None else low, before[1] if high is None else high)
    return found


def _constant(text: str) -> float:
    try:
        tree = parse_expression(text)
    except FormulaError as error:
        raise ModelError(f"a bound is a number, not {text!r}.") from error
    if list(names(tree)):
        raise ModelError(f"a bound is a number, not {text!r}.")
    return float(compile_tree(tree, text)({}))
