"""The operators and methods that a Tensor shares with NumPy's arrays; each is one call of `apply` or of an operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steepest.autodiff import dispatch, ops
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import Value, apply
from steepest.autodiff.ops.shapes import Axis


class ArrayMethods(Value):
    """`+`, `@`, `.sum()` and the like; `Tensor` adds what only a Tensor has."""

    __slots__ = ()

    __hash__ = object.__hash__

    # ---- operators
    def __add__(self, other: Any) -> Any:
        return apply(p.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return apply(p.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return apply(p.subtract, self, other)

    def __rsub__(self, other: Any) -> Any:
        return apply(p.subtract, other, self)

    def __mul__(self, other: Any) -> Any:
        return apply(p.multiply, self, other)

    def __rmul__(self, other: Any) -> Any:
        return apply(p.multiply, other, self)

    def __truediv__(self, other: Any) -> Any:
        return apply(p.divide, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return apply(p.divide, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return apply(p.floor_divide, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return apply(p.floor_divide, other, self)

    def __mod__(self, other: Any) -> Any:
        return apply(p.remainder, self, other)

    def __rmod__(self, other: Any) -> Any:
        return apply(p.remainder, other, self)

    def __pow__(self, other: Any) -> Any:
        return apply(p.power, self, other)

    def __rpow__(self, other: Any) -> Any:
        return apply(p.power, other, self)

    def __matmul__(self, other: Any) -> Any:
        return ops.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return ops.matmul(other, self)

    def __neg__(self) -> Any:
        return apply(p.negative, self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return apply(p.absolute, self)

    def __eq__(self, other: object) -> Any:
        return False if other is None or isinstance(other, str) else apply(p.equal, self, other)

    def __ne__(self, other: object) -> Any:
        return True if other is None or isinstance(other, str) else apply(p.not_equal, self, other)

    def __lt__(self, other: Any) -> Any:
        return apply(p.less, self, other)

    def __le__(self, other: Any) -> Any:
        return apply(p.less_equal, self, other)

    def __gt__(self, other: Any) -> Any:
        return apply(p.greater, self, other)

    def __ge__(self, other: Any) -> Any:
        return apply(p.greater_equal, self, other)

    def __and__(self, other: Any) -> Any:
        return dispatch.bitwise(ops.logical_and, self, other)

    def __or__(self, other: Any) -> Any:
        return dispatch.bitwise(ops.logical_or, self, other)

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Any:
        return dispatch.bitwise(ops.logical_not, self)

    # ---- the methods of arrays
    def sum(self, axis: Axis = None, keepdims: bool = False) -> Any:
        return ops.sum(self, axis, keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Any:
        return ops.mean(self, axis, keepdims)

    def reshape(self, *shape: int | Sequence[int]) -> Any:
        """The same elements in another shape, given as ``reshape(2, 3)`` or ``reshape((2, 3))``."""
        target: Any = shape[0] if len(shape) == 1 else shape
        return ops.reshape(self, target)

    def transpose(self, *axes: Any) -> Any:
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else (axes or None)
        return ops.transpose(self, order)

    def view(self, *shape: int) -> Any:
        """PyTorch's name for `reshape`."""
        return self.reshape(*shape)


def _method(function: Any) -> Any:
    def method(self: Value, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__ = function.__name__
    method.__doc__ = function.__doc__
    return method


# The other methods are the functions of `ops` with the Tensor first.
METHODS = (
    "abs", "all", "any", "argmax", "argmin", "argsort", "clip", "cos", "cosh", "cumsum", "diagonal", "dot", "erf", "exp", "expm1",
    "isfinite", "isinf", "isnan", "log", "log1p", "logsumexp", "max", "min", "norm", "prod", "ravel", "relu", "sigmoid", "sin",
    "sinh", "softplus", "sort", "sqrt", "square", "squeeze", "std", "swapaxes", "take", "tan", "tanh", "trace", "var",
)  # fmt: skip
for _name in METHODS:
    setattr(ArrayMethods, _name, _method(getattr(ops, _name)))
