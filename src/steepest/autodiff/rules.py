"""Kinds of derivative rules. Each kind gives both directions, forward (push) and reverse (pull), from one line of mathematics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply
from steepest.autodiff.primitive import Primitive

Partial = Callable[..., Any] | int | None


class LinearMap(Protocol):
    """The derivative of one node at its point: a linear map from the inputs' changes to the output's change."""

    def push(self, tangents: Sequence[Any]) -> Any:
        """The output's change for the inputs' changes (None for an input that does not change)."""

    def pull(self, g: Any, wanted: Sequence[bool]) -> Sequence[Any]:
        """The gradient with respect to each wanted input, given `g`, the gradient with respect to the output."""


# A rule gives the linear map at (out, inputs); all are Tensors or plain arrays, whatever the walk needs.
Rule = Callable[[Any, tuple[Any, ...], dict[str, Any]], LinearMap]


def shape_of(x: Any) -> tuple[int, ...]:
    try:
        return x.shape  # type: ignore[no-any-return]
    except AttributeError:
        return np.shape(x)


def match(g: Any, x: Any) -> Any:
    """Undo broadcasting and promotion: `g` summed down to the shape of `x`, an array or Tensor, and cast to its dtype."""
    if g.shape != x.shape:
        g = apply(p.sum_to, g, shape=x.shape)
    if g.dtype != x.dtype:
        g = apply(p.astype, g, dtype=x.dtype)
    return g


def spread(t: Any, out: Any) -> Any:
    """A tangent broadcast to the shape of the output that it belongs to, in its dtype."""
    if shape_of(t) != shape_of(out):
        t = apply(p.broadcast_to, t, shape=shape_of(out))
    if t.dtype != out.dtype:
        t = apply(p.astype, t, dtype=out.dtype)
    return t


def total(terms: list[Any]) -> Any:
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


class Elementwise:
    """The derivative of an operation that acts element by element: one local derivative an element."""

    __slots__ = ("_inputs", "_known", "_out", "_partials", "_product", "_static")

    def __init__(self, partials: Any, product: Primitive, out: Any, inputs: Any, static: Any) -> None:
        self._partials = partials
        self._product = product
        self._out = out
        self._inputs = inputs
        self._static = static
        self._known: list[Any] = [None] * len(partials)  # a Jacobian pushes many tangents through the same point

    def _times_partial(self, i: int, v: Any) -> Any:
        partial = self._partials[i]
        if partial == 1:
            return v
        if partial == -1:
            return -v
        if self._known[i] is None:
            self._known[i] = partial(self._out, *self._inputs, **self._static)
        return apply(self._product, v, self._known[i])

    def partial(self, i: int) -> Any:
        """The local derivatives with respect to input `i`, in the shape of the output; None for an input without any."""
        if self._partials[i] is None:
            return None
        return self._times_partial(i, np.ones(shape_of(self._out), self._out.dtype))

    def push(self, tangents: Sequence[Any]) -> Any:
        terms = [
            spread(self._times_partial(i, t), self._out)
            for i, t in enumerate(tangents)
            if t is not None and self._partials[i] is not None
        ]
        return total(terms) if terms else None

    def pull(self, g: Any, wanted: Sequence[bool]) -> Sequence[Any]:
        return [
            match(self._times_partial(i, g), x) if wanted[i] and self._partials[i] is not None else None
            for i, x in enumerate(self._inputs)
        ]


def elementwise(*partials: Partial, unbounded: bool = False) -> Rule:
    """Rule of an operation that acts element by element: one partial derivative an input.

    Each partial is ``partial(out, *inputs, **static)``, or 1, or -1, or None for an input without a derivative. With
    ``unbounded=True`` the partial may be infinite or NaN at some points and the product with an exact zero is zero, so that a
    ``sqrt`` masked by ``where`` gives 0, not NaN.
    """
    product = p.absorbing_multiply if unbounded else p.multiply
    return lambda out, inputs, static: Elementwise(partials, product, out, inputs, static)


class _Linear:
    __slots__ = ("_inputs", "_primitive", "_static", "_transpose")

    def __init__(self, primitive: Primitive, transpose: Any, inputs: Any, static: Any) -> None:
        self._primitive, self._transpose, self._inputs, self._static = primitive, transpose, inputs, static

    def push(self, tangents: Sequence[Any]) -> Any:
        # Inputs after the first are positions or other constants (index arrays), which the map keeps.
        return None if tangents[0] is None else apply(self._primitive, tangents[0], *self._inputs[1:], **self._static)

    def pull(self, g: Any, wanted: Sequence[bool]) -> Sequence[Any]:
        first = match(self._transpose(g, *self._inputs, **self._static), self._inputs[0]) if wanted[0] else None
        return [first, *[None] * (len(self._inputs) - 1)]


def linear(primitive: Primitive, transpose: Callable[..., Any]) -> Rule:
    """Rule of an operation linear in its first input: forward it is itself, reverse ``transpose(g, *inputs, **static)``."""
    return lambda out, inputs, static: _Linear(primitive, transpose, inputs, static)


class _Multilinear:
    __slots__ = ("_inputs", "_primitive", "_static", "_transposes")

    def __init__(self, primitive: Primitive, transposes: Any, inputs: Any, static: Any) -> None:
        self._primitive, self._transposes, self._inputs, self._static = primitive, transposes, inputs, static

    def push(self, tangents: Sequence[Any]) -> Any:
        terms = []
        for i, t in enumerate(tangents):
            if t is not None:
                replaced = (*self._inputs[:i], t, *self._inputs[i + 1 :])
                terms.append(apply(self._primitive, *replaced, **self._static))
        return total(terms)

    def pull(self, g: Any, wanted: Sequence[bool]) -> Sequence[Any]:
        transposes = self._transposes(self._inputs, self._static) if callable(self._transposes) else self._transposes
        return [
            match(transposes[i](g, *self._inputs, **self._static), x) if wanted[i] else None
            for i, x in enumerate(self._inputs)
        ]


def multilinear(primitive: Primitive, *transposes: Callable[..., Any]) -> Rule:
    """Rule of an operation that is linear in each input alone, such as a matrix product: one transpose an input."""
    return lambda out, inputs, static: _Multilinear(primitive, transposes, inputs, static)


def multilinear_by(primitive: Primitive, transposes: Callable[..., Sequence[Callable[..., Any]]]) -> Rule:
    """As `multilinear`, for an operation with any number of inputs: ``transposes(inputs, static)`` makes the list."""
    return lambda out, inputs, static: _Multilinear(primitive, transposes, inputs, static)


class _General:
    __slots__ = ("_inputs", "_out", "_pull", "_push", "_static")

    def __init__(self, push: Any, pull: Any, out: Any, inputs: Any, static: Any) -> None:
        self._push, self._pull, self._out, self._inputs, self._static = push, pull, out, inputs, static

    def push(self, tangents: Sequence[Any]) -> Any:
        return spread(self._push(tangents, self._out, *self._inputs, **self._static), self._out)

    def pull(self, g: Any, wanted: Sequence[bool]) -> Sequence[Any]:
        grads = self._pull(g, self._out, *self._inputs, **self._static)
        return [
            match(gradient() if callable(gradient) else gradient, x) if want and gradient is not None else None
            for gradient, x, want in zip(grads, self._inputs, wanted, strict=True)
        ]


def general(push: Callable[..., Any], pull: Callable[..., Any]) -> Rule:
    """Rule written out in both directions: ``push(tangents, out, *inputs, **static)``, ``pull(g, out, *inputs, **static)``.

    `pull` gives one gradient an input, or None, or a function that makes it, called only where the gradient is wanted.
    """
    return lambda out, inputs, static: _General(push, pull, out, inputs, static)


def reduction(weight: Callable[..., Any]) -> Rule:
    """Rule of a reduction over axes with ``d out = sum(weight * d x)``: ``weight(out, x)`` with `out` of full rank, like `x`."""

    def weights(out: Any, x: Any, axis: Any) -> Any:
        return weight(apply(p.reshape, out, shape=kept_shape(shape_of(x), axis)), x, axis)

    def push(tangents: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
        return apply(p.sum, tangents[0] * weights(out, x, axis), axis=axis, keepdims=keepdims)

    def pull(g: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
        return [apply(p.reshape, g, shape=kept_shape(shape_of(x), axis)) * weights(out, x, axis)]

    return general(push, pull)


def kept_shape(shape: tuple[int, ...], axis: int | tuple[int, ...] | None) -> tuple[int, ...]:
    """The shape of a reduction over `axis` with ``keepdims=True``."""
    if axis is None:
        return (1,) * len(shape)
    axes = {a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))} if shape else set()
    return tuple(1 if i in axes else n for i, n in enumerate(shape))
