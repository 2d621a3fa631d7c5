"""The operations that act element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply
from steepest.autodiff.ops.shapes import as_array
from steepest.autodiff.primitive import Primitive


def _unary(primitive: Primitive, name: str, doc: str) -> Callable[[Any], Any]:
    def operation(x: Any) -> Any:
        return apply(primitive, as_array(x))

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = doc
    return operation


def _binary(primitive: Primitive, name: str, doc: str) -> Callable[[Any, Any], Any]:
    def operation(x: Any, y: Any) -> Any:
        return apply(primitive, as_array(x), as_array(y))

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = doc
    return operation


add = _binary(p.add, "add", "x + y.")
subtract = _binary(p.subtract, "subtract", "x - y.")
multiply = _binary(p.multiply, "multiply", "x * y.")
divide = _binary(p.divide, "divide", "x / y.")
remainder = _binary(p.remainder, "remainder", "What division leaves, with the sign of y.")
negative = _unary(p.negative, "negative", "-x.")
square = _unary(p.square, "square", "x squared.")
reciprocal = _unary(p.reciprocal, "reciprocal", "1 / x.")
absolute = _unary(p.absolute, "absolute", "\\|x\\|; its derivative at 0 is 0.")
abs = absolute

exp = _unary(p.exp, "exp", "e to the power x.")
exp2 = _unary(p.exp2, "exp2", "2 to the power x.")
expm1 = _unary(p.expm1, "expm1", "exp(x) - 1, exact for small x.")
log = _unary(p.log, "log", "Natural logarithm.")
log1p = _unary(p.log1p, "log1p", "log(1 + x), exact for small x.")
log2 = _unary(p.log2, "log2", "Logarithm to the base 2.")
log10 = _unary(p.log10, "log10", "Logarithm to the base 10.")
sqrt = _unary(p.sqrt, "sqrt", "Square root.")
cbrt = _unary(p.cbrt, "cbrt", "Cube root, of negative numbers too.")
sin = _unary(p.sin, "sin", "Sine, of radians.")
cos = _unary(p.cos, "cos", "Cosine, of radians.")
tan = _unary(p.tan, "tan", "Tangent, of radians.")
arcsin = _unary(p.arcsin, "arcsin", "Inverse sine, in radians.")
arccos = _unary(p.arccos, "arccos", "Inverse cosine, in radians.")
arctan = _unary(p.arctan, "arctan", "Inverse tangent, in radians.")
sinh = _unary(p.sinh, "sinh", "Hyperbolic sine.")
cosh = _unary(p.cosh, "cosh", "Hyperbolic cosine.")
tanh = _unary(p.tanh, "tanh", "Hyperbolic tangent.")
arcsinh = _unary(p.arcsinh, "arcsinh", "Inverse hyperbolic sine.")
arccosh = _unary(p.arccosh, "arccosh", "Inverse hyperbolic cosine.")
arctanh = _unary(p.arctanh, "arctanh", "Inverse hyperbolic tangent.")
erf = _unary(p.erf, "erf", "Error function.")
sigmoid = _unary(p.sigmoid, "sigmoid", "1 / (1 + exp(-x)), without overflow.")
softplus = _unary(p.softplus, "softplus", "log(1 + exp(x)), without overflow.")
log_cosh = _unary(p.log_cosh, "log_cosh", "log(cosh(x)), without overflow; its derivative is tanh(x).")
relu = _unary(p.relu, "relu", "max(x, 0); its derivative at 0 is 0.")

maximum = _binary(p.maximum, "maximum", "The larger of x and y, element by element; ties share the derivative.")
minimum = _binary(p.minimum, "minimum", "The smaller of x and y, element by element; ties share the derivative.")
arctan2 = _binary(p.arctan2, "arctan2", "Angle of the point (y, x): arctan2(y, x).")
hypot = _binary(p.hypot, "hypot", "sqrt(x**2 + y**2) without overflow; its derivative at the origin is 0.")
logaddexp = _binary(p.logaddexp, "logaddexp", "log(exp(x) + exp(y)) without overflow.")

sign = _unary(p.sign, "sign", "-1, 0 or 1; a constant to differentiation.")
floor = _unary(p.floor, "floor", "Largest integer not above x; a constant to differentiation.")
ceil = _unary(p.ceil, "ceil", "Smallest integer not below x; a constant to differentiation.")
trunc = _unary(p.trunc, "trunc", "Integer part; a constant to differentiation.")
rint = _unary(p.rint, "rint", "Nearest integer; a constant to differentiation.")
floor_divide = _binary(p.floor_divide, "floor_divide", "x // y; a constant to differentiation.")
isnan = _unary(p.isnan, "isnan", "Where x is NaN.")
isinf = _unary(p.isinf, "isinf", "Where x is infinite.")
isfinite = _unary(p.isfinite, "isfinite", "Where x is neither infinite nor NaN.")
equal = _binary(p.equal, "equal", "x == y.")
not_equal = _binary(p.not_equal, "not_equal", "x != y.")
less = _binary(p.less, "less", "x < y.")
less_equal = _binary(p.less_equal, "less_equal", "x <= y.")
greater = _binary(p.greater, "greater", "x > y.")
greater_equal = _binary(p.greater_equal, "greater_equal", "x >= y.")
logical_and = _binary(p.logical_and, "logical_and", "x and y, element by element.")
logical_or = _binary(p.logical_or, "logical_or", "x or y, element by element.")
logical_not = _unary(p.logical_not, "logical_not", "not x, element by element.")


def where(condition: Any, x: Any, y: Any) -> Any:
    """Elements of `x` where `condition` holds, of `y` elsewhere; what is not chosen has derivative 0, even where it is NaN.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> f = lambda x: sd.ops.where(x > 0, np.sqrt(x), 0.0).sum()
    >>> sd.grad(f)(np.array([4.0, 0.0]))
    array([0.25, 0.  ])
    """
    return apply(p.where, as_array(condition), as_array(x), as_array(y))


def power(x: Any, y: Any) -> Any:
    """x ** y; NaN for a negative x and a y that is not whole."""
    x, y = as_array(x), as_array(y)
    if isinstance(x, (int, float)) and isinstance(y, (int, float)):
        x = np.float64(x)  # Python's own numbers would give a complex one
    return apply(p.power, x, y)


def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    """`x` kept within [low, high]; None is no bound; the derivative at a bound is 1, as inside."""
    x = as_array(x)
    return apply(p.clip, x, _bound(x, low, -1), _bound(x, high, 1))


def _bound(x: Any, bound: Any, sign: int) -> Any:
    """What bounds nothing in place of None; for integers one that does not turn them into floats."""
    if bound is not None:
        return as_array(bound)
    dtype = x.dtype if hasattr(x, "dtype") else np.dtype(type(x))
    if dtype.kind not in "iu":
        return sign * np.inf
    return int(np.iinfo(dtype).max if sign > 0 else np.iinfo(dtype).min)
