"""Functions: which formula or C function computes each elementary function, and the calls of them."""

from __future__ import annotations

from collections.abc import Callable

from steepest.program.native import elementary
from steepest.program.native.code import Code, vector
from steepest.program.native.erf import erf
from steepest.program.native.numbers import Number
from steepest.program.native.power import power, power_of_float32

FAR = 1.0e5  # beyond it sin and cos are left to the C library, which reduces any argument exactly
# Of float64; those of float32 that have no formula of their own go through them.
_WIDE: dict[str, Callable[..., Number]] = {
    "exp": elementary.exp, "expm1": elementary.expm1, "tanh": elementary.tanh, "sigmoid": elementary.sigmoid,
    "log": elementary.log, "log1p": elementary.log1p, "sin": elementary.sin, "cos": elementary.cos, "erf": erf, "pow": power,
    "pow4": power_of_float32,
}  # fmt: skip
_NARROW: dict[str, Callable[..., Number]] = {
    "tanh": elementary.tanh4, "exp": elementary.exp4, "sigmoid": elementary.sigmoid4,
}  # fmt: skip
_ROUNDED_AFTER = {"pow": "pow4"}  # the function of float64 whose result has the digits of float32
_FAR_TO_C = ("sin", "cos")
# Left to the C library, one lane after the other.
C_LIBRARY = ("fmod", "exp2", "log2", "log10", "cbrt", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh",
             "atanh", "atan2", "hypot", "sin", "cos")  # fmt: skip


def call(name: str, *arguments: Number) -> Number:
    """Apply the function `name` to one vector (or two, for those of the C library)."""
    first = arguments[0]
    code, kind, lanes = first.code, first.kind, first.lanes
    if kind == "f4" and name not in _NARROW:
        return call(_ROUNDED_AFTER.get(name, name), *(x.cast("f8") for x in arguments)).cast("f4")
    symbol = f"@{name}.{kind}.{lanes}"
    types = [vector(kind, lanes)] * len(arguments)
    code.library.define(symbol, lambda: _definition(code, symbol, name, kind, lanes, len(arguments)))
    operands = ", ".join(f"{t} {x.name}" for t, x in zip(types, arguments))
    return first.of(code.op(f"call {types[0]} {symbol}({operands})"))


def _definition(caller: Code, symbol: str, name: str, kind: str, lanes: int, count: int) -> str:
    code = Code(caller.library)
    t = vector(kind, lanes)
    arguments = [Number(code, f"%a{i}", kind, lanes) for i in range(count)]
    formula = (_NARROW if kind == "f4" else _WIDE).get(name)
    if formula is None:
        result = _by_c_library(name, arguments)
    elif name in _FAR_TO_C:
        result = _near_or_far(name, formula, arguments[0])
    else:
        result = formula(*arguments)
    code.do(f"ret {t} {result.name}")
    inputs = ", ".join(f"{t} %a{i}" for i in range(count))
    return f"define internal {t} {symbol}({inputs}) #0 {{\n{code.body()}\n}}"


def _by_c_library(name: str, arguments: list[Number]) -> Number:
    first = arguments[0]
    code = first.code
    code.library.declare(f"declare double @{name}({', '.join(['double'] * len(arguments))}) #1")
    result = "poison"
    for i in range(first.lanes):
        operands = ", ".join(f"double {x.lane(i)}" for x in arguments)
        value = code.op(f"call double @{name}({operands})")
        if first.lanes == 1:
            return first.of(value)
        result = code.op(f"insertelement {first.type} {result}, double {value}, i32 {i}")
    return first.of(result)


def _near_or_far(name: str, formula: Callable[..., Number], x: Number) -> Number:
    """The formula; where an argument is far out, infinite or NaN, the C library for all lanes."""
    code = x.code
    far = (~(x.abs() < FAR)).any()
    code.do(f"br i1 {far}, label %far, label %near")
    code.lines.append("far:")
    outer = _by_c_library(name, [x])
    code.do("br label %end")
    code.lines.append("near:")
    inner = formula(x)
    code.do("br label %end")
    code.lines.append("end:")
    return x.of(code.op(f"phi {x.type} [ {outer.name}, %far ], [ {inner.name}, %near ]"))
