"""Formulas in machine code: `Number` writes LLVM's instructions as one writes mathematics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steepest.program.native.code import SCALARS, Code, itemsize, splat, vector

_WHOLE = ("i8", "i4")
_FLOAT = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}


class Number:
    """One vector of numbers in a register: `lanes` of the same `kind`."""

    __slots__ = ("code", "kind", "lanes", "name")

    def __init__(self, code: Code, name: str, kind: str, lanes: int) -> None:
        self.code, self.name, self.kind, self.lanes = code, name, kind, lanes

    @property
    def type(self) -> str:
        return vector(self.kind, self.lanes)

    def const(self, value: float, kind: str | None = None) -> Number:
        """The same number in every lane."""
        kind = kind or self.kind
        return Number(self.code, splat(value, kind, self.lanes), kind, self.lanes)

    def of(self, name: str, kind: str | None = None) -> Number:
        return Number(self.code, name, kind or self.kind, self.lanes)

    def _other(self, other: Any) -> Number:
        return other if isinstance(other, Number) else self.const(other)

    def _binary(self, name: str, other: Any, swap: bool = False) -> Number:
        a, b = self, self._other(other)
        if swap:
            a, b = b, a
        instruction = name if self.kind in _WHOLE else _FLOAT[name]
        return self.of(self.code.op(f"{instruction} {self.type} {a.name}, {b.name}"))

    def __add__(self, other: Any) -> Number:
        return self._binary("add", other)

    def __radd__(self, other: Any) -> Number:
        return self._binary("add", other, True)

    def __sub__(self, other: Any) -> Number:
        return self._binary("sub", other)

    def __rsub__(self, other: Any) -> Number:
        return self._binary("sub", other, True)

    def __mul__(self, other: Any) -> Number:
        return self._binary("mul", other)

    def __rmul__(self, other: Any) -> Number:
        return self._binary("mul", other, True)

    def __truediv__(self, other: Any) -> Number:
        return self._binary("div", other)

    def __rtruediv__(self, other: Any) -> Number:
        return self._binary("div", other, True)

    def __neg__(self) -> Number:
        if self.kind in _WHOLE:
            return 0 - self
        return self.of(self.code.op(f"fneg {self.type} {self.name}"))

    def compare(self, condition: str, other: Any) -> Number:
        """A mask: ``oeq``, ``une``, ``olt``, ``ole``, ``ogt``, ``oge``, ``uno`` of floats, ``eq``, ``slt``, … of integers."""
        instruction = "icmp" if self.kind in (*_WHOLE, "b1") else "fcmp"
        name = self.code.op(f"{instruction} {condition} {self.type} {self.name}, {self._other(other).name}")
        return self.of(name, "b1")

    def __lt__(self, other: Any) -> Number:
        return self.compare("slt" if self.kind in _WHOLE else "olt", other)

    def __gt__(self, other: Any) -> Number:
        return self.compare("sgt" if self.kind in _WHOLE else "ogt", other)

    def __ge__(self, other: Any) -> Number:
        return self.compare("sge" if self.kind in _WHOLE else "oge", other)

    def __le__(self, other: Any) -> Number:
        return self.compare("sle" if self.kind in _WHOLE else "ole", other)

    def equals(self, other: Any) -> Number:
        return self.compare("oeq" if self.kind in ("f8", "f4") else "eq", other)

    def differs(self, other: Number) -> Number:
        """Where exactly one of two masks holds."""
        return self.of(self.code.op(f"xor {self.type} {self.name}, {other.name}"))

    def whole(self, instruction: str, other: Any) -> Number:
        """An instruction for integers, such as ``sdiv``."""
        return self.of(self.code.op(f"{instruction} {self.type} {self.name}, {self._other(other).name}"))

    def is_nan(self) -> Number:
        return self.compare("uno", self)

    def __and__(self, other: Number) -> Number:
        return self.of(self.code.op(f"and {self.type} {self.name}, {other.name}"))

    def __or__(self, other: Number) -> Number:
        return self.of(self.code.op(f"or {self.type} {self.name}, {other.name}"))

    def __invert__(self) -> Number:
        return self.of(
            self.code.op(f"xor {self.type} {self.name}, {splat(1 if self.kind == 'b1' else -1, self.kind, self.lanes)}")
        )

    def where(self, yes: Any, no: Any) -> Number:
        """This mask chooses, lane by lane."""
        one = yes if isinstance(yes, Number) else no
        a = yes if isinstance(yes, Number) else one.const(yes)
        b = no if isinstance(no, Number) else one.const(no)
        name = self.code.op(f"select {self.type} {self.name}, {a.type} {a.name}, {b.type} {b.name}")
        return a.of(name)

    def intrinsic(self, name: str, *others: Any) -> Number:
        values = [self._other(x).name for x in others]
        return self.of(self.code.call(name, self.kind, self.lanes, self.name, *values))

    def abs(self) -> Number:
        return self.intrinsic("fabs")

    def sqrt(self) -> Number:
        return self.intrinsic("sqrt")

    def rint(self) -> Number:
        return self.intrinsic("rint")

    def copysign(self, other: Any) -> Number:
        return self.intrinsic("copysign", other)

    def fma(self, y: Any, z: Any) -> Number:
        """``self * y + z`` with one rounding."""
        return self.intrinsic("fma", y, z)

    def muladd(self, y: Any, z: Any) -> Number:
        """``self * y + z`` with one rounding or two, whichever is fast: for polynomials and sums of products."""
        return self.intrinsic("fmuladd", y, z)

    def polynomial(self, coefficients: Sequence[float]) -> Number:
        """From the highest coefficient to the constant, by Horner's rule in two interleaved halves (Estrin's first step)."""
        if len(coefficients) < 6:
            return self._horner(coefficients)
        coefficients = list(coefficients)
        square = self * self
        even, odd = coefficients[::-1][0::2][::-1], coefficients[::-1][1::2][::-1]
        return square._horner(odd).muladd(self, square._horner(even))

    def _horner(self, coefficients: Sequence[float]) -> Number:
        result = self.const(coefficients[0])
        for c in coefficients[1:]:
            result = result.muladd(self, c)
        return result

    def bits(self) -> Number:
        """The same bits as integers; 64-bit numbers only."""
        return self.of(self.code.op(f"bitcast {self.type} {self.name} to {vector('i8', self.lanes)}"), "i8")

    def as_float(self) -> Number:
        """The bits of 64-bit integers as floats."""
        return self.of(self.code.op(f"bitcast {self.type} {self.name} to {vector('f8', self.lanes)}"), "f8")

    def shifted(self, instruction: str, places: int) -> Number:
        return self.of(self.code.op(f"{instruction} {self.type} {self.name}, {splat(places, self.kind, self.lanes)}"))

    def cast(self, kind: str) -> Number:
        """In another dtype, as NumPy casts."""
        if kind == self.kind:
            return self
        to = vector(kind, self.lanes)
        if kind == "b1":
            zero = self.const(0)
            return self.compare("ne" if self.kind in _WHOLE else "une", zero)
        if self.kind == "b1":
            instruction = "uitofp" if kind in ("f8", "f4") else "zext"
        elif self.kind in _WHOLE:
            instruction = "sitofp" if kind in ("f8", "f4") else "sext" if kind == "i8" else "trunc"
        elif kind in _WHOLE:
            raise ValueError("floats are not cast to integers")  # the caller refuses it before
        else:
            instruction = "fpext" if itemsize(kind) > itemsize(self.kind) else "fptrunc"
        return self.of(self.code.op(f"{instruction} {self.type} {self.name} to {to}"), kind)

    def integer(self) -> Number:
        """A float that is a whole number of moderate size as a 64-bit integer."""
        return self.of(self.code.op(f"fptosi {self.type} {self.name} to {vector('i8', self.lanes)}"), "i8")

    def lane(self, i: int) -> str:
        return self.name if self.lanes == 1 else self.code.op(f"extractelement {self.type} {self.name}, i32 {i}")

    def any(self) -> str:
        """Whether a mask is true in any lane."""
        if self.lanes == 1:
            return self.name
        bits = self.code.op(f"bitcast {self.type} {self.name} to i{self.lanes}")
        return self.code.op(f"icmp ne i{self.lanes} {bits}, 0")


def scalar(kind: str) -> str:
    """LLVM's name of a number of this kind."""
    return SCALARS[kind]
