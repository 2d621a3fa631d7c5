"""The derivative as a limit in a thousand digits: what the other ways are measured by, since it uses none of their rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from steepest.formula.tree import Binary, Call, Compare, Constant, Name, Node, Number, Unary, postorder

_DIGITS = 1000
_STEPS = ("1e-400", "1e-450")  # below every float64 by far, and far enough above the rounding
_HUGE = 1e7  # arguments of exp beyond which the result is far outside float64
_COSTLY = 12  # how much more a function costs than a sum
_MOST_WORK = 150_000  # operations that a reference may take


@dataclass(frozen=True)
class Limit:
    """What the difference quotient tends to from either side.

    Attributes
    ----------
    value : float
        The derivative; NaN where there is none.
    left, right : float
        The two one-sided limits; NaN where the function is not defined on that side.
    jumps : bool
        Whether the function's value changes at once.
    curvature, third : float
        The second and third derivative, where the first exists.
    """

    value: float
    left: float
    right: float
    jumps: bool = False
    curvature: float = math.nan
    third: float = math.nan

    @property
    def exists(self) -> bool:
        """Whether there is a finite derivative."""
        return math.isfinite(self.value)

    def describe(self, at: str) -> str:
        """Why there is no derivative, in words; empty where there is one."""
        if self.exists:
            return ""
        if math.isnan(self.left) or math.isnan(self.right):
            if math.isnan(self.left) and math.isnan(self.right):
                return f"{at}: the function is not defined on either side, so there is no derivative"
            side, slope = ("right", self.right) if math.isnan(self.left) else ("left", self.left)
            return f"{at}: the function is defined on the {side} only, where its slope is {slope:.6g}"
        if math.isinf(self.left) or math.isinf(self.right):
            kind = "the function jumps" if self.jumps else "the slope is infinite"
            return f"{at}: there is no derivative, {kind} (slope {self.left:g} from the left, {self.right:g} from the right)"
        return f"{at}: there is no derivative, the slope is {self.left:.6g} from the left and {self.right:.6g} from the right"


class Precise:
    """A tree, or the sum or mean of one over rows, in a thousand digits.

    Parameters
    ----------
    tree : Node
    reduction : {"", "sum", "mean"}
    fixed : mapping of str to float or ndarray of shape (n,)
        What the derivative is not taken with respect to.
    """

    def __init__(self, tree: Node, reduction: str, fixed: Mapping[str, Any]) -> None:
        self._order = postorder(tree)
        self._tree = tree
        self._reduction = reduction
        used = {node.name for node in self._order if isinstance(node, Name)}
        columns = {name: np.ravel(value) for name, value in fixed.items() if np.ndim(value) and name in used}
        self._rows = len(next(iter(columns.values()))) if columns else 1
        self._columns = columns
        self._numbers = {name: mpmath.mpf(float(v)) for name, v in fixed.items() if not np.ndim(v)}

    def affordable(self, parameters: int) -> bool:
        """Whether the limits with respect to so many parameters take no more than a second or two."""
        each = sum(_COSTLY if isinstance(node, Call) else 1 for node in self._order)
        return each * self._rows * 8 * parameters <= _MOST_WORK

    def value(self, point: Mapping[str, Any]) -> Any:
        """The function as an mpf; NaN outside the real line."""
        rows = []
        for row in range(self._rows):
            values = {**self._numbers, **point}
            for name, column in self._columns.items():
                values[name] = mpmath.mpf(float(column[row]))
            rows.append(self._row(values))
        total = mpmath.fsum(rows)
        return total / self._rows if self._reduction == "mean" else total

    def _row(self, values: Mapping[str, Any]) -> Any:
        done: dict[Node, Any] = {}
        for node in self._order:
            done[node] = _evaluate(node, done, values)
        return done[self._tree]

    def limit(self, point: Mapping[str, float], name: str) -> Limit:
        """The limits of the difference quotient with respect to one name."""
        with mpmath.workdps(_DIGITS):
            here = {each: mpmath.mpf(float(value)) for each, value in point.items()}
            centre = self.value(here)
            scale = max(abs(here[name]), mpmath.mpf(1))
            quotients = []
            for step in _STEPS:
                h = mpmath.mpf(step) * scale
                above = (self.value({**here, name: here[name] + h}) - centre) / h
                below = (centre - self.value({**here, name: here[name] - h})) / h
                quotients.append((below, above))
            nothing = max(mpmath.mpf("1e-320"), abs(centre) * mpmath.mpf("1e-500"))  # far above the rounding
            left, right = (_limit(first, second, nothing) for first, second in zip(*quotients))
            jumps = any(abs(second) > abs(first) * mpmath.mpf("1e49") for first, second in zip(*quotients))
            value = _two_sided(quotients, left, right)
            if not math.isfinite(value):
                return Limit(value, left, right, jumps)
            h = mpmath.mpf("1e-200") * scale
            at = {k: self.value({**here, name: here[name] + k * h}) for k in (-2, -1, 1, 2)}
            second = (at[1] - 2 * centre + at[-1]) / h**2
            third = (at[2] - 2 * at[1] + 2 * at[-1] - at[-2]) / (2 * h**3)
            return Limit(value, left, right, False, _float(second), _float(third))


def _limit(first: Any, second: Any, nothing: Any) -> float:
    """The limit from the quotients at two steps, the second step far smaller."""
    if mpmath.isnan(first) or mpmath.isnan(second):
        return math.nan
    if abs(second) < nothing:
        return 0.0
    if abs(second - first) < abs(second) * mpmath.mpf("1e-20"):
        return _float(second)
    if abs(second) > abs(first):  # it grows with every smaller step, be it slowly
        return math.inf if second > 0 else -math.inf
    return 0.0


def _two_sided(quotients: list[tuple[Any, Any]], left: float, right: float) -> float:
    if not (math.isfinite(left) and math.isfinite(right)):
        return math.nan
    if left == right == 0:
        return 0.0
    (below, above), (nearer_below, nearer_above) = quotients
    gap, nearer_gap = abs(above - below), abs(nearer_above - nearer_below)
    size = max(abs(nearer_above), abs(nearer_below))
    if nearer_gap > gap / 2 and nearer_gap > size * mpmath.mpf("1e-30"):
        return math.nan  # a kink: the two sides stay apart
    return _float((nearer_above + nearer_below) / 2)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def _evaluate(node: Node, done: Mapping[Node, Any], values: Mapping[str, Any]) -> Any:
    match node:
        case Number(value=value):
            return mpmath.mpf(value)
        case Constant():
            return +mpmath.pi  # the only one
        case Name(name=name):
            return values[name]
    arguments = [done[child] for child in node.children]
    if isinstance(node, Compare):
        return _COMPARE[node.operator](*arguments)
    if isinstance(node, Call) and node.function == "where":
        return arguments[1] if arguments[0] else arguments[2]
    if any(mpmath.isnan(argument) for argument in arguments):
        return mpmath.nan
    try:
        match node:
            case Unary():
                result = -arguments[0]
            case Binary(operator=operator):
                result = _OPERATORS[operator](*arguments)
            case Call(function=function):
                result = _FUNCTIONS[function](*arguments)
            case _:
                raise TypeError(f"not a node of a formula: {type(node).__name__}")
    except (ZeroDivisionError, ValueError, OverflowError):
        return mpmath.nan
    return mpmath.nan if isinstance(result, mpmath.mpc) else result


def _exp(x: Any) -> Any:
    # What lies beyond is no float64 by far; without a bound the exponent alone could fill the memory.
    return mpmath.inf if x > _HUGE else mpmath.mpf(0) if x < -_HUGE else mpmath.exp(x)


def _power(x: Any, y: Any) -> Any:
    if x == 0:
        return mpmath.mpf(1) if y == 0 else mpmath.mpf(0) if y > 0 else mpmath.nan
    if mpmath.isint(y) and abs(y) < 1000:
        return x ** int(y)
    if x < 0:
        return (-1) ** int(y % 2) * _power(-x, y) if mpmath.isint(y) else mpmath.nan
    return _exp(y * mpmath.log(x))


def _erf(x: Any) -> Any:
    return mpmath.sign(x) if abs(x) > 60 else mpmath.erf(x)


def _hyperbolic(name: str) -> Callable[[Any], Any]:
    whole = {"sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh}[name]
    far = {"sinh": lambda x: mpmath.sign(x) * mpmath.inf, "cosh": lambda x: mpmath.inf, "tanh": mpmath.sign}[name]
    return lambda x: far(x) if abs(x) > _HUGE else whole(x)


def _pairwise(choose: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: choose(values)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda x, y: x < y, "<=": lambda x, y: x <= y, ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y, "==": lambda x, y: x == y, "!=": lambda x, y: x != y,
}  # fmt: skip
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y, "**": _power,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(mpmath, name) for name in ("sin", "cos", "tan", "log", "sqrt", "log10", "hypot", "sign", "floor", "ceil")},
    **{name: _hyperbolic(name) for name in ("sinh", "cosh", "tanh")},
    "arcsin": mpmath.asin, "arccos": mpmath.acos, "arctan": mpmath.atan, "arctan2": mpmath.atan2,
    "exp": _exp, "expm1": lambda x: _exp(x) - 1, "log1p": lambda x: mpmath.log(1 + x), "log2": lambda x: mpmath.log(x, 2),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), "square": lambda x: x * x, "abs": abs, "erf": _erf,
    "sigmoid": lambda x: 1 / (1 + _exp(-x)), "relu": lambda x: max(x, mpmath.mpf(0)),
    "softplus": lambda x: x if x > _HUGE else mpmath.log(1 + _exp(x)),
    "logaddexp": lambda x, y: max(x, y) + mpmath.log(1 + _exp(-abs(x - y))),
    "min": _pairwise(min), "max": _pairwise(max), "clip": lambda x, low, high: min(max(x, low), high),
}  # fmt: skip


def covered() -> frozenset[str]:
    """The functions that can be computed in a thousand digits."""
    return frozenset(_FUNCTIONS) | {"where"}
