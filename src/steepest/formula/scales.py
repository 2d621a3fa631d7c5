"""The natural magnitude of each parameter, by dimensional analysis on the magnitudes of the data."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import FormulaError
from steepest.formula.callable import compile_tree
from steepest.formula.tree import Binary, Call, Compare, Constant, Name, Node, Number, Unary, names, postorder

_LEAST, _MOST = 1e-300, 1e300
# What is known without a parameter (a literal, a column, a sine) yields to what parameters say of each other.
_FIRM, _SOFT = 1.0, 0.01

# Functions whose argument is a pure number of about 1, as their value is.
_PURE = frozenset(["sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "exp"])
_PURE |= {"expm1", "log1p", "sigmoid", "softplus", "erf"}
_KEEP = frozenset(["abs", "relu", "floor", "ceil"])
_POWERS = {"sqrt": 1 / 2, "cbrt": 1 / 3, "square": 2.0}
_ALIKE = frozenset(["min", "max", "hypot", "logaddexp", "clip"])


def scales(
    tree: Node, parameters: Collection[str], column_scales: Mapping[str, float], target_scale: float
) -> dict[str, float]:
    """The natural magnitude of each parameter: what lets the terms of the formula match the data.

    Every node has a magnitude, a product of powers of the parameters' unknown ones: its logarithm is affine
    in their logarithms. Terms of a sum are alike, arguments of `exp` or `sin` are about 1, products multiply,
    and the whole is like the target. These equations are solved by weighted least squares; what they leave
    open stays near 1. An equation in which no parameter appears is dropped.

    Where these equations determine the parameters and do not contradict each other, a change of unit of a
    column changes the scales by exactly the powers of the factor that keep the formula's values.

    Parameters
    ----------
    tree : Node
        The right side.
    parameters : collection of str
        The names to find magnitudes for.
    column_scales : mapping of str to float
        A typical magnitude of each column of the right side, in its unit. Zero or non-finite counts as 1.
    target_scale : float
        A typical magnitude of the left side as evaluated (of log(y), not of y).

    Returns
    -------
    dict of str to float
        Between 1e-300 and 1e300, in the unit of each parameter.

    Raises
    ------
    FormulaError
        A column has no scale.

    Examples
    --------
    >>> from steepest.formula.parser import parse_expression
    >>> found = scales(parse_expression("a*exp(-b*t) + c"), ["a", "b", "c"], {"t": 50.0}, 2000.0)
    >>> {name: round(scale, 6) for name, scale in found.items()}
    {'a': 2000.0, 'b': 0.02, 'c': 2000.0}
    """
    equations = _Equations(postorder(tree), parameters, column_scales)
    equations.alike(equations.magnitude[tree], equations.known(_log(target_scale)), _FIRM)
    solution = equations.solve()
    return {name: float(np.clip(math.exp(np.clip(solution[name], -700, 700)), _LEAST, _MOST)) for name in parameters}


def _log(scale: float) -> float:
    return math.log(scale) if math.isfinite(scale) and scale > 0 else 0.0


class _Magnitude:
    """The logarithm of a magnitude: `constant` plus `powers` times the logarithms of the unknowns."""

    def __init__(self, constant: float, powers: Mapping[str, float]) -> None:
        self.constant = constant
        self.powers = {name: power for name, power in powers.items() if power}

    def plus(self, other: _Magnitude, factor: float = 1.0) -> _Magnitude:
        powers = dict(self.powers)
        for name, power in other.powers.items():
            powers[name] = powers.get(name, 0.0) + factor * power
        return _Magnitude(self.constant + factor * other.constant, powers)

    def times(self, factor: float) -> _Magnitude:
        return _ONE.plus(self, factor)


_ONE = _Magnitude(0.0, {})


class _Equations:
    """The magnitudes of all nodes, and the equations between them that each node adds."""

    def __init__(self, order: list[Node], parameters: Collection[str], column_scales: Mapping[str, float]) -> None:
        self.parameters = parameters
        self.column_scales = column_scales
        self.unknowns = list(dict.fromkeys(parameters))
        self.rows: list[tuple[_Magnitude, float]] = []
        self.magnitude: dict[Node, _Magnitude] = {}
        for node in order:
            self.magnitude[node] = self._of(node)

    def known(self, logarithm: float) -> _Magnitude:
        return _Magnitude(logarithm, {})

    def alike(self, one: _Magnitude, other: _Magnitude, weight: float) -> None:
        """Ask for two magnitudes to be equal, unless there is nothing to choose."""
        difference = one.plus(other, -1.0)
        if difference.powers:
            self.rows.append((difference, weight))

    def solve(self) -> dict[str, float]:
        place = {name: column for column, name in enumerate(self.unknowns)}
        matrix: NDArray[np.float64] = np.zeros((len(self.rows), len(place)))
        right: NDArray[np.float64] = np.zeros(len(self.rows))
        for row, (difference, weight) in enumerate(self.rows):
            for name, power in difference.powers.items():
                matrix[row, place[name]] = weight * power
            right[row] = -weight * difference.constant
        solution = np.linalg.lstsq(matrix, right, rcond=None)[0]
        # Weights cost digits; one step of refinement brings them back where the equations agree with each other.
        solution += np.linalg.lstsq(matrix, right - matrix @ solution, rcond=None)[0]
        return {name: float(solution[place[name]]) for name in place}

    def _of(self, node: Node) -> _Magnitude:
        inner = [self.magnitude[child] for child in node.children]
        match node:
            case Number(value=value) | Constant(value=value):
                return self.known(_log(value))
            case Name(name=name):
                return self._name(name)
            case Unary():
                return inner[0]
            case Binary(operator="*"):
                return inner[0].plus(inner[1])
            case Binary(operator="/"):
                return inner[0].plus(inner[1], -1.0)
            case Binary(operator="**", left=base, right=exponent):
                return self._power(base, exponent)
            case Binary() | Compare():
                return self._sum(node.children)
            case Call(function="where", arguments=(_, *branches)):
                return self._sum(branches)
            case Call(function=function) if function in _ALIKE:
                return self._sum(node.children)
            case Call(function=function) if function in _KEEP:
                return inner[0]
            case Call(function=function) if function in _POWERS:
                return inner[0].times(_POWERS[function])
            case Call(function="arctan2"):
                self.alike(inner[0], inner[1], _FIRM)
                return _ONE
            case Call(function=function) if function in _PURE:
                self.alike(inner[0], _ONE, _FIRM)
                return _ONE
            case _:  # log, log2, log10, sign: any argument, a value of about 1
                return _ONE

    def _name(self, name: str) -> _Magnitude:
        if name in self.parameters:
            return _Magnitude(0.0, {name: 1.0})
        if name not in self.column_scales:
            raise FormulaError(f"There is no scale for the column {name!r}.")
        return self.known(_log(self.column_scales[name]))

    def _sum(self, terms: Sequence[Node]) -> _Magnitude:
        """The common magnitude of terms that are added or compared; a zero says nothing about the others."""
        magnitudes = [self.magnitude[term] for term in terms if term != Number(0.0)]
        if not any(magnitude.powers for magnitude in magnitudes):
            return self.known(max((magnitude.constant for magnitude in magnitudes), default=0.0))
        common = f"sum {len(self.unknowns)}"  # a parameter's name has no space in it
        self.unknowns.append(common)
        result = _Magnitude(0.0, {common: 1.0})
        for magnitude in magnitudes:
            self.alike(magnitude, result, _FIRM if magnitude.powers else _SOFT)
        return result

    def _power(self, base: Node, exponent: Node) -> _Magnitude:
        if not names(exponent):
            return self.magnitude[base].times(float(compile_tree(exponent)({})))
        # An exponent to be found is about 1 or -1. A number to such a power is like exp, and so is what is raised to a column.
        self.alike(self.magnitude[exponent], _ONE, _FIRM)
        if not names(base):
            return _ONE
        if any(name.name not in self.parameters for name in names(exponent)):
            self.alike(self.magnitude[base], _ONE, _FIRM)
            return _ONE
        sign = float(np.sign(compile_tree(exponent)({name.name: 1.0 for name in names(exponent)})))
        return self.magnitude[base].times(sign if abs(sign) == 1 else 1.0)
