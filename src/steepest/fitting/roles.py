"""Roles: what a parameter does in a formula, as far as that tells where its value may lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from steepest.base.params import Array
from steepest.fitting.model import FitData, FormulaModel
from steepest.formula.callable import compile_tree
from steepest.formula.structure import linear_parameters, substituted
from steepest.formula.tree import Binary, Call, Name, Node, names, postorder, to_text

WAVES = ("sin", "cos", "tan")


@dataclass(frozen=True)
class Line:
    """A part of the formula that is a straight line in one column: ``start + slope*(column - lowest)``.

    Attributes
    ----------
    node : Node
    column : str
        A column, or a part of the formula without parameters, such as ``log(x)``.
    x : ndarray, shape (n,)
        Its values.
    wave, exponential : bool
        Whether it is the argument of a sine, or of an exponential function.
    """

    node: Node
    column: str
    x: Array
    wave: bool
    exponential: bool

    @cached_property
    def value(self) -> Callable[[Mapping[str, Any]], Any]:
        """The part as a function of its names."""
        return compile_tree(self.node)

    @property
    def low(self) -> float:
        return float(np.min(self.x))

    @property
    def span(self) -> float:
        return float(np.ptp(self.x))

    @property
    def size(self) -> float:
        """As far as it reaches from 0."""
        return float(np.max(np.abs(self.x), initial=0.0)) or 1.0

    def at(self, values: Mapping[str, Any]) -> tuple[Any, Any]:
        """Start and slope for values of the parameters: numbers, or arrays of many."""
        with np.errstate(all="ignore"):
            first = self.value({**values, self.column: self.low})
            last = self.value({**values, self.column: self.low + self.span})
            return first, (last - first) / self.span


@dataclass(frozen=True)
class Role:
    """What one parameter does.

    Attributes
    ----------
    name : str
    kind : str
        "frequency" or "rate": the slope of a line; "angle" or "place": its start; "exponent"; else "magnitude".
    line : Line or None
    """

    name: str
    kind: str
    line: Line | None = None


def roles(model: FormulaModel, data: FitData, curved: list[str], units: Mapping[str, float]) -> list[Role]:
    """The role of each of the parameters `curved`, in an order in which a role rests on those before it.

    A line's slope is a frequency inside a sine, else a rate (or the inverse of one, or whatever it depends on); what only moves
    the line along its column is an angle or a place. This does not depend on how a formula is spelled: ``exp(-x/t)`` and
    ``2**(-k*x)`` have rates, ``(x - m)/s`` and ``d - k*x`` places.
    """
    lines = [line for line in _lines(model, data) if line.span > 0]
    plain = {name: 0.7 * unit for name, unit in units.items()}  # away from 1, where 1 - g**2 vanishes
    found: dict[str, Role] = {}
    for kind, wanted in (("frequency", True), ("rate", False)):
        for line in lines:
            if line.wave is wanted:
                free = [(share, n) for n in curved if n not in found and (share := _in_slope(line, plain, n)) > 0]
                if free:  # one parameter a slope: the others in it have other roles
                    name = min(free, key=lambda pair: (abs(np.log(pair[0])) > 1e-3, curved.index(pair[1])))[1]
                    found[name] = Role(name, kind, line)
    for kind, wanted in (("angle", True), ("place", False)):
        for line in lines:
            if line.wave is wanted:
                name = next((n for n in curved if n not in found and _in_start(line, plain, n)), "")
                if name:
                    found[name] = Role(name, kind, line)
    exponents = _exponents(model)
    for name in curved:
        found.setdefault(name, Role(name, "exponent" if name in exponents else "magnitude"))
    first = ("magnitude", "exponent", "frequency", "rate", "angle", "place")
    return sorted(found.values(), key=lambda role: (first.index(role.kind), curved.index(role.name)))


def _lines(model: FormulaModel, data: FitData) -> list[Line]:
    """Parts of the formula that hold parameters and are straight lines in one column, arguments of functions first."""
    tree, columns = _with_columns(model, data)
    arguments: dict[Node, set[str]] = {}
    for node in postorder(tree):
        match node:
            case Call(function=function, arguments=inner):
                for argument in inner:
                    arguments.setdefault(argument, set()).add(function)
            case Binary(operator="**", right=exponent) if names(exponent):
                arguments.setdefault(exponent, set()).add("exp")
            case _:
                pass
    found = []
    for node in postorder(tree):
        inside = [name.name for name in names(node)]
        along = [name for name in inside if name in columns]
        if len(along) == 1 and len(inside) > 1 and linear_parameters(node, along):
            functions = arguments.get(node, set())
            wave = bool(functions.intersection(WAVES))
            found.append(Line(node, along[0], columns[along[0]], wave, "exp" in functions or "expm1" in functions))
    return sorted(found, key=lambda line: not (line.wave or line.exponential))


def _with_columns(model: FormulaModel, data: FitData) -> tuple[Node, dict[str, Array]]:
    """The tree with each part that has columns but no parameters, such as ``log(x)``, as a column of its own."""
    tree = model.bound.formula.tree
    pure = {
        node
        for node in postorder(tree)
        if (inside := names(node)) and not any(name.name in model.parameters for name in inside)
    }
    inner = {child for node in postorder(tree) if node in pure for child in node.children}
    outer = {child for node in postorder(tree) if node not in pure for child in node.children if child in pure}
    made = {node: Name(to_text(node), True) for node in outer or (pure - inner) if not isinstance(node, Name)}
    columns = dict(data.columns)
    for node, name in made.items():
        with np.errstate(all="ignore"):
            values = np.broadcast_to(compile_tree(node)(data.columns), data.observed.shape)
        if np.isfinite(values).all():
            columns[name.name] = np.asarray(values)
    return substituted(tree, {node: name for node, name in made.items() if name.name in columns}), columns


def _in_slope(line: Line, plain: Mapping[str, float], name: str) -> float:
    """By which power of the parameter the line's slope goes, its size; 0 where the slope does not hold the parameter."""
    if not any(inside.name == name for inside in names(line.node)):
        return 0.0
    slope, half = (float(line.at({**plain, name: plain[name] * factor})[1]) for factor in (1.0, 0.5))
    if not (np.isfinite(slope) and np.isfinite(half)) or slope == half or slope == 0 or half == 0:
        return 0.0
    power = abs(np.log2(abs(slope / half)))
    return float(power) if power > 1e-6 else 0.0


def _in_start(line: Line, plain: Mapping[str, float], name: str) -> bool:
    if not any(inside.name == name for inside in names(line.node)):
        return False
    (start, slope), (other, _) = (line.at({**plain, name: plain[name] * factor}) for factor in (1.0, 0.5))
    return bool(np.isfinite(start) and np.isfinite(other) and start != other and slope != 0)


def _exponents(model: FormulaModel) -> set[str]:
    """Parameters in an exponent."""
    return {
        name.name
        for node in postorder(model.bound.formula.tree)
        if isinstance(node, Binary) and node.operator == "**"
        for name in names(node.right)
        if name.name in model.parameters
    }
