"""The table of elementwise operations: each primitive's instructions on vectors of numbers, as NumPy defines it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.program.native import functions
from steepest.program.native.code import kind_of
from steepest.program.native.numbers import Number
from steepest.program.steps import NotCompilable

Emit = Callable[..., Number]


def emit(name: str, inputs: list[Number], dtypes: list[Any], out: np.dtype[Any], literals: list[Any]) -> Number:
    """The instructions of one operation.

    Parameters
    ----------
    inputs : list of Number
        In their own kinds; cast here as NumPy would.
    dtypes : list
        What NumPy's promotion looks at: a dtype, or a Python number for what is weakly typed.
    out : dtype of the result
    literals : list
        The number written in the program for each input, None where it is a value.
    """
    if name in (p.where.name,):
        kind = kind_of(out)
        return inputs[0].cast("b1").where(inputs[1].cast(kind), inputs[2].cast(kind))
    if name == p.astype.name:
        if out.kind == "i" and inputs[0].kind in ("f8", "f4"):
            return _truncated(inputs[0])
        return inputs[0].cast(kind_of(out))
    if name in _LOGICAL:
        return _LOGICAL[name](*(x.cast("b1") for x in inputs))
    if name in _COMPARISONS:
        common = np.result_type(*dtypes)
        if common.str[1:] not in ("f8", "f4") and common.kind not in "iub":
            raise NotCompilable(f"a comparison in {common}")
        return _compare(name, *(x.cast(kind_of(common) if common.kind == "f" else "i8") for x in inputs))
    if name in _QUESTIONS:
        (x,) = inputs
        return _QUESTIONS[name](x if x.kind in ("f8", "f4") else x.cast("f8"))
    kind = kind_of(out)
    if kind == "i8" and name in _INTEGER:
        return _INTEGER[name](*(x.cast(kind) for x in inputs))
    if kind not in ("f8", "f4"):
        raise NotCompilable(f"'{name}' of {out}")
    values = [x.cast(kind) for x in inputs]
    if name == p.power.name:
        return _power(values, literals[1], inputs)
    return _FLOATING[name](*values)


def _power(values: list[Number], exponent: Any, inputs: list[Number]) -> Number:
    """The short cuts that NumPy's operator takes for numbers written out, x*x*x and x*x*x*x, and the C library's pow."""
    x, y = values
    if isinstance(exponent, (int, float)) and not isinstance(exponent, (bool, np.generic)):
        short = {
            2: lambda: x * x, 1: lambda: x, 0.5: lambda: x.sqrt(), -1: lambda: x.const(1.0) / x, 0: lambda: x.const(1.0),
            3: lambda: x * x * x, 4: lambda: (x * x) * (x * x),
        }.get(exponent)  # fmt: skip
        if short is not None:
            return short()
    return functions.call("pow", x, y)


def _absorbing(g: Number, d: Number) -> Number:
    return (g.equals(0.0) | d.equals(0.0)).where(0.0, g * d)


def maximum(a: Number, b: Number) -> Number:
    """The larger; a NaN goes through."""
    if a.kind == "i8":
        return (a < b).where(b, a)
    return ((a > b) | a.is_nan()).where(a, b)


def minimum(a: Number, b: Number) -> Number:
    """The smaller; a NaN goes through."""
    if a.kind == "i8":
        return (a > b).where(b, a)
    return ((a < b) | a.is_nan()).where(a, b)


def _sign(x: Number) -> Number:
    result = (x < 0.0).where(-1.0, x)
    result = (x > 0.0).where(1.0, result)
    return x.equals(0.0).where(0.0, result)


def _softplus(x: Number) -> Number:
    return maximum(x, x.const(0.0)) + functions.call("log1p", functions.call("exp", -x.abs()))


def _log_cosh(x: Number) -> Number:
    size = x.abs()
    half = minimum(size, x.const(1.0)) * 0.5
    e = functions.call("expm1", half)
    sinh = (e + e / (e + 1.0)) * 0.5
    near = functions.call("log1p", sinh * sinh * 2.0)
    far = size + functions.call("log1p", functions.call("exp", size * -2.0)) - math.log(2.0)
    return (size < 1.0).where(near, far)


def _logaddexp(x: Number, y: Number) -> Number:
    gap = (x - y).abs()
    larger = maximum(x, y) + functions.call("log1p", functions.call("exp", -gap))
    return x.equals(y).where(x + math.log(2.0), larger)  # infinities too


def _remainder(x: Number, y: Number) -> Number:
    """With the sign of `y`, as Python's."""
    rest = functions.call("fmod", x, y)
    turned = (rest < 0.0).differs(y < 0.0)
    moved = turned.where(rest + y, rest)
    return rest.equals(0.0).where(rest.const(0.0).copysign(y), moved)


def _floor_divide(x: Number, y: Number) -> Number:
    """As NumPy's, which takes the remainder away first, so that the quotient is whole but for its rounding."""
    rest = functions.call("fmod", x, y)
    quotient = (x - rest) / y
    turned = (rest < 0.0).differs(y < 0.0) & rest.compare("une", 0.0)
    quotient = turned.where(quotient - 1.0, quotient)
    floor = quotient.intrinsic("floor")
    whole = ((quotient - floor) > 0.5).where(floor + 1.0, floor)
    whole = quotient.equals(0.0).where(quotient.const(0.0).copysign(x / y), whole)
    return y.equals(0.0).where(x / y, whole)


def _truncated(x: Number) -> Number:
    """The integer towards 0; the lowest one where there is none, as this kind of processor has it."""
    x = x.cast("f8")
    inside = x.abs() < 2.0**63
    return inside.where(inside.where(x, 0.0).integer(), x.const(-(2**63), "i8"))


def _whole_divide(x: Number, y: Number) -> tuple[Number, Number]:
    """Quotient towards minus infinity and remainder with the sign of the divisor; 0 and 0 for a divisor of 0, as NumPy has it."""
    plain = (y + 1).compare("ugt", 1)  # neither 0 nor -1, whose quotient may overflow
    divisor = plain.where(y, 1)
    quotient, rest = x.whole("sdiv", divisor), x.whole("srem", divisor)
    turned = (rest < 0).differs(divisor < 0) & rest.compare("ne", 0)
    quotient, rest = turned.where(quotient - 1, quotient), turned.where(rest + divisor, rest)
    return plain.where(quotient, y.equals(0).where(0, -x)), plain.where(rest, 0)


def _function(name: str) -> Emit:
    return lambda *x: functions.call(name, *x)


def _rounding(name: str) -> Emit:
    return lambda x: x.intrinsic(name)


_INTEGER: dict[str, Emit] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "neg": lambda x: -x,
    "square": lambda x: x * x,
    "abs": lambda x: (x < 0).where(-x, x),
    "relu": lambda x: (x < 0).where(0, x),
    "sign": lambda x: (x < 0).where(-1, (x > 0).where(1, x)),
    "maximum": maximum,
    "minimum": minimum,
    "clip": lambda x, low, high: minimum(maximum(x, low), high),
    "floor": lambda x: x, "ceil": lambda x: x, "trunc": lambda x: x, "rint": lambda x: x,
    "floor_divide": lambda x, y: _whole_divide(x, y)[0],
    "remainder": lambda x, y: _whole_divide(x, y)[1],
}  # fmt: skip

_FLOATING: dict[str, Emit] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "square": lambda x: x * x,
    "reciprocal": lambda x: x.const(1.0) / x,
    "absorbing_mul": _absorbing,
    "sqrt": lambda x: x.sqrt(),
    "abs": lambda x: x.abs(),
    "relu": lambda x: maximum(x, x.const(0.0)),
    "maximum": maximum,
    "minimum": minimum,
    "clip": lambda x, low, high: minimum(maximum(x, low), high),
    "sign": _sign,
    "floor": _rounding("floor"), "ceil": _rounding("ceil"), "trunc": _rounding("trunc"), "rint": _rounding("rint"),
    "remainder": _remainder, "floor_divide": _floor_divide, "logaddexp": _logaddexp,
    "softplus": _softplus,
    "log_cosh": _log_cosh,
    "arcsin": _function("asin"), "arccos": _function("acos"), "arctan": _function("atan"), "arcsinh": _function("asinh"),
    "arccosh": _function("acosh"), "arctanh": _function("atanh"), "arctan2": _function("atan2"),
    **{name: _function(name) for name in ("exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "cbrt", "sin", "cos", "tan",
                                          "sinh", "cosh", "tanh", "erf", "sigmoid", "hypot")},
}  # fmt: skip

_LOGICAL: dict[str, Emit] = {
    "logical_and": lambda x, y: x & y, "logical_or": lambda x, y: x | y, "logical_not": lambda x: ~x,
}  # fmt: skip

_COMPARISONS = {
    "equal": ("oeq", "eq"), "not_equal": ("une", "ne"), "less": ("olt", "slt"), "less_equal": ("ole", "sle"),
    "greater": ("ogt", "sgt"), "greater_equal": ("oge", "sge"),
}  # fmt: skip


def _compare(name: str, x: Number, y: Number) -> Number:
    return x.compare(_COMPARISONS[name][x.kind == "i8"], y)


_QUESTIONS: dict[str, Emit] = {
    "isnan": lambda x: x.is_nan(),
    "isinf": lambda x: x.abs().equals(math.inf),
    "isfinite": lambda x: x.abs() < math.inf,
}
