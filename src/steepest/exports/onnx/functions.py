"""The functions of formulas and layers as ONNX nodes; what ONNX lacks, or its runtime lacks in float64, is composed."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from steepest.exports.onnx.graph import Graph, Value

_LN2, _LN10 = math.log(2.0), math.log(10.0)


def _operator(name: str) -> Callable[[Value], Value]:
    return lambda x: x.graph.node(name, x)


exp, log, sqrt, sin, cos, tanh, floor, ceil = map(
    _operator, ("Exp", "Log", "Sqrt", "Sin", "Cos", "Tanh", "Floor", "Ceil")
)


def _single(name: str, composed: Callable[[Value], Value]) -> Callable[[Value], Value]:
    """An operator that runtimes have in float32, and its composition for float64."""
    return lambda x: composed(x) if x.graph.double else x.graph.node(name, x)


def maximum(x: Any, y: Any) -> Value:
    return _graph(x, y).node("Max", x, y)


def minimum(x: Any, y: Any) -> Value:
    return _graph(x, y).node("Min", x, y)


def _graph(*values: Any) -> Graph:
    graph: Graph = next(value.graph for value in values if isinstance(value, Value))
    return graph


def is_nan(x: Value) -> Value:
    return x.graph.node("IsNaN", x)


def sign(x: Value) -> Value:
    return x.graph.where(is_nan(x), x, x.graph.node("Sign", x))


def square(x: Value) -> Value:
    return x * x


def expm1(x: Value) -> Value:
    """exp(x) - 1 with all its digits near 0 (Kahan; Higham, Accuracy and Stability, 2002, 1.14.1)."""
    u = exp(x)
    less = u - 1.0
    g = x.graph
    middle = less * x / log(u)
    rest = g.where(less.equals(-1.0), -1.0, g.where(less.equals(u), u, middle))  # exp(x) is 0, or 1 is lost beside it
    return g.where(less.equals(0.0), x, rest)


def log1p(x: Value) -> Value:
    """log(1 + x) with all its digits near 0, by the same device."""
    u = 1.0 + x
    g = x.graph
    return g.where(u.equals(1.0), x, g.where((u - 1.0).equals(x), log(u), log(u) * (x / (u - 1.0))))


def sigmoid(x: Value) -> Value:
    small = exp(-abs(x))
    return x.graph.where(x >= 0.0, 1.0, small) / (1.0 + small)


def softplus(x: Value) -> Value:
    return maximum(x, 0.0) + log1p(exp(-abs(x)))


def relu(x: Value) -> Value:
    return maximum(x, 0.0)


def logaddexp(x: Value, y: Value) -> Value:
    apart = maximum(x, y) + log1p(exp(-abs(x - y)))
    return _graph(x, y).where(_equal(x, y), x + _LN2, apart)  # infinities of one sign, too


def _equal(x: Value, y: Value) -> Value:
    return x.equals(y)


def hypot(x: Value, y: Value) -> Value:
    large, small = maximum(abs(x), abs(y)), minimum(abs(x), abs(y))
    g = _graph(x, y)
    length = large * sqrt(1.0 + square(small / large))
    infinite = g.node("Or", abs(x).equals(math.inf), abs(y).equals(math.inf))
    return g.where(infinite, math.inf, g.where(large.equals(0.0), 0.0, length))


def cbrt(x: Value) -> Value:
    root = abs(x) ** (1.0 / 3.0)
    better = root - (root - abs(x) / square(root)) / 3.0  # a step of Newton's: 1/3 is not a float
    g = x.graph
    settled = g.where(better > 0.0, g.where(better < math.inf, better, root), root)
    return g.where(x < 0.0, -settled, g.where(x.equals(0.0), x, settled))


def tan(x: Value) -> Value:
    return sin(x) / cos(x)


def sinh(x: Value) -> Value:
    less = expm1(abs(x))
    half = 0.5 * exp(abs(x) * 0.5)
    far = half * exp(abs(x) * 0.5)  # exp alone overflows sooner
    size = x.graph.where(abs(x) > 20.0, far, 0.5 * (less + less / (less + 1.0)))
    return x.graph.where(x < 0.0, -size, size)


def cosh(x: Value) -> Value:
    half = exp(abs(x) * 0.5)
    return 0.5 * half * half + 0.5 / half / half


def arctan(x: Value) -> Value:
    """In float64: the float32 value, mended by the angle between it and the truth (its cube is below rounding)."""
    g = x.graph
    beyond = abs(x) > 1.0
    inner = g.where(beyond, 1.0 / x, x)
    rough = _in_float32("Atan", inner)
    mended = rough + (inner * cos(rough) - sin(rough)) / (cos(rough) + inner * sin(rough))
    small = g.where(abs(inner) < 1e-30, inner, mended)  # float32 ends there
    return g.where(beyond, g.where(x > 0.0, math.pi / 2, -math.pi / 2) - small, small)


def _in_float32(name: str, x: Value) -> Value:
    g = x.graph
    single = g.node("Cast", x, to=int(g.onnx.TensorProto.FLOAT))
    return g.node("Cast", g.node(name, single), to=g.kind)


def arcsin(x: Value) -> Value:
    return arctan(x / sqrt((1.0 - x) * (1.0 + x)))


def arccos(x: Value) -> Value:
    return 2.0 * arctan(sqrt((1.0 - x) / (1.0 + x)))


_ATAN = _single("Atan", arctan)


def arctan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y), with the signs of zeros and of infinities."""
    g = _graph(x, y)
    endless = g.node("And", abs(x).equals(math.inf), abs(y).equals(math.inf))
    x = g.where(endless, sign(x), x)
    y = g.where(endless, sign(y), y)
    origin = g.node("And", x.equals(0.0), y.equals(0.0))
    flat = abs(y) <= abs(x)
    near = _ATAN(abs(y) / g.where(origin, 1.0, abs(x)))
    steep = math.pi / 2 - _ATAN(abs(x) / g.where(origin, 1.0, abs(y)))
    first = g.where(flat, near, steep)
    angle = g.where(_negative(x), math.pi - first, first)
    return g.where(g.node("Or", is_nan(x), is_nan(y)), x + y, g.where(_negative(y), -angle, angle))


def _negative(x: Value) -> Value:
    """Whether the sign bit is set."""
    return x.graph.node("Or", x < 0.0, (1.0 / x).equals(-math.inf))


# erf(x) = x T(x²)/U(x²) up to 1; erfc(x) = exp(-x²) P(x)/Q(x) up to 8: Moshier, Methods and Programs for Mathematical
# Functions, 1989 (Cephes); highest power first.
_T = (9.60497373987051638749e0, 9.00260197203842689217e1, 2.23200534594684319226e3, 7.00332514112805075473e3,
      5.55923013010394962768e4)  # fmt: skip
_U = (1.0, 3.35617141647503099647e1, 5.21357949780152679795e2, 4.59432382970980127987e3, 2.26290000613890934246e4,
      4.92673942608635921086e4)  # fmt: skip
_P = (2.46196981473530512524e-10, 5.64189564831068821977e-1, 7.46321056442269912687e0, 4.86371970985681366614e1,
      1.96520832956077098242e2, 5.26445194995477358631e2, 9.34528527171957607540e2, 1.02755188689515710272e3,
      5.57535335369399327526e2)  # fmt: skip
_Q = (1.0, 1.32281951154744992508e1, 8.67072140885989742329e1, 3.54937778887819891062e2, 9.75708501743205489753e2,
      1.82390916687909736289e3, 2.24633760818710981792e3, 1.65666309194161350182e3, 5.57535340817727675546e2)  # fmt: skip


def _polynomial(coefficients: Sequence[float], x: Value) -> Value:
    return functools.reduce(lambda total, c: total * x + c, coefficients[2:], coefficients[0] * x + coefficients[1])


def erf(x: Value) -> Value:
    g = x.graph
    inner = minimum(abs(x), 1.0)
    near = inner * _polynomial(_T, square(inner)) / _polynomial(_U, square(inner))
    outer = minimum(maximum(abs(x), 1.0), 7.0)  # beyond 6 it is 1 to the last bit
    far = 1.0 - exp(-square(outer)) * _polynomial(_P, outer) / _polynomial(_Q, outer)
    size = g.where(abs(x) < 1.0, near, far)
    return g.where(x < 0.0, -size, g.where(is_nan(x), x, size))


def softmax(x: Value, axis: int = -1) -> Value:
    return x.graph.node("Softmax", x, axis=axis)


def _joined(join: Callable[[Any, Any], Value]) -> Callable[..., Value]:
    return lambda *arguments: functools.reduce(join, arguments)


def clip(x: Any, low: Any, high: Any) -> Value:
    return minimum(maximum(x, low), high)


def where(condition: Value, x: Any, y: Any) -> Value:
    return condition.graph.where(condition, x, y)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "sin": sin, "cos": cos, "tan": _single("Tan", tan), "arcsin": _single("Asin", arcsin),
    "arccos": _single("Acos", arccos), "arctan": _ATAN, "sinh": _single("Sinh", sinh), "cosh": _single("Cosh", cosh),
    "tanh": tanh, "exp": exp, "expm1": expm1, "log": log, "log10": lambda x: log(x) / _LN10, "log2": lambda x: log(x) / _LN2,
    "log1p": log1p, "sqrt": sqrt, "cbrt": cbrt, "square": square, "abs": abs, "sign": sign, "floor": floor, "ceil": ceil,
    "sigmoid": sigmoid, "softplus": softplus, "relu": relu, "erf": _single("Erf", erf), "arctan2": arctan2, "hypot": hypot,
    "logaddexp": logaddexp, "clip": clip, "where": where, "min": _joined(minimum), "max": _joined(maximum),
}  # fmt: skip
"""The functions of the formula language by name."""
