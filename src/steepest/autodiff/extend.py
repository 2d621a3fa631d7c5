"""A user's own operation: a forward function and a hand-written derivative rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from steepest.autodiff import graph
from steepest.autodiff.apply import Value, apply, linking, scope
from steepest.autodiff.ops.shapes import as_array, zeros_like
from steepest.autodiff.primitive import Primitive
from steepest.autodiff.rules import Partial, elementwise, general, shape_of, total
from steepest.autodiff.tensor import Tensor
from steepest.base.errors import DifferentiationError, ShapeError


class Operation:
    """What `primitive` makes: a function of arrays and Tensors that differentiates by its own rule.

    Attributes
    ----------
    primitive : Primitive
        What `steepest.apply` computes and a recorder sees.
    """

    __slots__ = ("_inputs", "primitive")

    def __init__(self, primitive: Primitive, inputs: int | None) -> None:
        self.primitive = primitive
        self._inputs = inputs

    def __call__(self, *inputs: Any, **static: Any) -> Any:
        if self._inputs is not None and len(inputs) != self._inputs:
            raise DifferentiationError(
                f"'{self.primitive.name}' has {self._inputs} partial derivatives, one an input, "
                f"but was called with {len(inputs)} inputs."
            )
        return apply(self.primitive, *map(as_array, inputs), **static)

    def __repr__(self) -> str:
        return f"<operation {self.primitive.name}>"


def primitive(
    name: str,
    forward: Callable[..., Any],
    *,
    partials: Sequence[Partial | float] | None = None,
    vjp: Callable[..., Any] | None = None,
    jvp: Callable[..., Any] | None = None,
    analytic: bool = False,
) -> Operation:
    """Make your own operation: a forward function and a rule, checked by `steepest.check_grads`.

    Parameters
    ----------
    name : str
        ``"cube"`` shows as ``grad_fn=<CubeBackward0>``.
    forward : callable
        ``forward(*inputs, **static) -> array``. Gets plain arrays (Python numbers stay numbers) and must not change them; may
        call anything, SciPy or compiled code too. `static` are keyword arguments that carry no derivative.
    partials : sequence, optional
        For an operation that acts element by element: one partial derivative an input, each ``partial(out, *inputs, **static)``,
        a number, or None for an input without a derivative. Where the gradient that arrives is exactly 0 the product is 0.
    vjp : callable, optional
        For any other operation: ``vjp(g, out, *inputs, **static)`` takes `g`, the gradient with respect to the output, to the
        gradients with respect to the inputs, each of its input's shape (a tuple; None for an input without a derivative).
    jvp : callable, optional
        ``jvp(tangents, out, *inputs, **static)`` takes one change an input to the change of the output. One of `vjp` and `jvp` is
        enough: the other direction follows by transposing it, since both are linear in their first argument.
    analytic : bool
        Whether `forward` takes complex arrays and is complex differentiable: `check_grads` then checks to the last digits.

    Returns
    -------
    callable
        Takes Tensors (result: a Tensor) and arrays (result: an array).

    Raises
    ------
    DifferentiationError
        No rule or two; at a call: a wrong number of inputs, or a forward function that does not return numbers.
    ShapeError
        The rule returns gradients of wrong number or shape, or an operation with `partials` changes the shape.

    Notes
    -----
    Rules written with NumPy functions, operators and `steepest.ops` have derivatives themselves, so that Hessians work; a `vjp`
    that calls foreign code gives first derivatives in reverse mode, and needs `jvp` for forward mode.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> cube = sd.primitive("cube", lambda x: x**3, partials=[lambda out, x: 3 * x**2])
    >>> sd.grad(cube)(2.0)
    np.float64(12.0)
    >>> sd.check_grads(cube, (2.0,))
    >>> reverse = sd.primitive("reverse", lambda x: x[::-1], vjp=lambda g, out, x: g[::-1])
    >>> sd.jvp(reverse, (np.array([1.0, 2.0]),), (np.array([3.0, 4.0]),))
    (array([2., 1.]), array([4., 3.]))
    """
    if not name.isidentifier():
        raise DifferentiationError(f"primitive: the name must be an identifier such as 'cube', not {name!r}.")
    if (partials is None) == (vjp is None and jvp is None):
        raise DifferentiationError(f"primitive '{name}': give either partials= or vjp= and/or jvp=.")
    if partials is not None:
        made = Primitive(name, _elementwise_forward(name, forward), analytic=analytic)
        made.rule = elementwise(*(_as_partial(name, partial) for partial in partials), unbounded=True)
        return Operation(made, len(partials))
    made = Primitive(name, _checked_forward(name, forward), analytic=analytic)
    pull = _checked_pull(name, vjp) if vjp is not None else _transposed_push(name, jvp)
    push = _filled_push(jvp) if jvp is not None else _transposed_pull(name, pull)
    made.rule = general(push=push, pull=pull)
    return Operation(made, None)


def _as_partial(name: str, partial: Any) -> Partial:
    if partial is None:
        return None
    if callable(partial):
        function: Callable[..., Any] = partial
        return function
    if not isinstance(partial, (int, float)):
        raise DifferentiationError(
            f"primitive '{name}': a partial derivative is a function, a number or None, not {partial!r}."
        )
    number = float(partial)
    return None if number == 0 else lambda out, *inputs, **static: number


def _checked_forward(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*inputs: Any, **static: Any) -> Any:
        out = forward(*inputs, **static)
        if isinstance(out, (Value, str)) or np.asarray(out).dtype.kind not in "fiubc":
            raise DifferentiationError(
                f"the forward function of '{name}' must return an array or a number, not {type(out).__name__}."
            )
        return np.asarray(out) if isinstance(out, (list, tuple)) else out

    return checked


def _elementwise_forward(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    checked = _checked_forward(name, forward)

    def same_shape(*inputs: Any, **static: Any) -> Any:
        out = checked(*inputs, **static)
        expected = np.broadcast_shapes(*map(np.shape, inputs))
        if np.shape(out) != expected:
            raise ShapeError(
                f"'{name}' has partials=, so it acts element by element, but its forward function returned shape {np.shape(out)} "
                f"for inputs that broadcast to {expected}. Give vjp= instead."
            )
        return out

    return same_shape


def _checked_pull(name: str, vjp: Callable[..., Any]) -> Callable[..., Any]:
    """`vjp` with a lone gradient put in a tuple and every gradient's shape checked; `general` casts dtypes."""

    def pull(g: Any, out: Any, *inputs: Any, **static: Any) -> Any:
        grads = vjp(g, out, *inputs, **static)
        grads = tuple(grads) if isinstance(grads, (list, tuple)) else (grads,)
        if len(grads) != len(inputs):
            raise ShapeError(
                f"the rule of '{name}' returned {len(grads)} gradients for {len(inputs)} inputs; return one an input, or None."
            )
        for i, (gradient, x) in enumerate(zip(grads, inputs, strict=True)):
            if gradient is not None and shape_of(gradient) != shape_of(x):
                raise ShapeError(
                    f"the rule of '{name}' gave a gradient of shape {shape_of(gradient)} for input {i} of shape {shape_of(x)}."
                )
        return [
            gradient if gradient is None or isinstance(gradient, Value) else np.asarray(gradient) for gradient in grads
        ]

    return pull


def _filled_push(jvp: Callable[..., Any]) -> Callable[..., Any]:
    """`jvp` with zeros for the inputs that do not change."""

    def push(tangents: Sequence[Any], out: Any, *inputs: Any, **static: Any) -> Any:
        filled = tuple(zeros_like(x) if t is None else t for t, x in zip(tangents, inputs, strict=True))
        change = jvp(filled, out, *inputs, **static)
        return change if isinstance(change, Value) else np.asarray(change)

    return push


def _transposed_pull(name: str, pull: Callable[..., Any]) -> Callable[..., Any]:
    """Forward mode from a pull rule: the derivative of ``sum(pull(g) * tangents)`` with respect to g, which pull is linear in."""

    def push(tangents: Sequence[Any], out: Any, *inputs: Any, **static: Any) -> Any:
        further = scope.linking  # whether this walk is to be differentiated again
        with linking():
            g = Tensor(np.zeros(shape_of(out), out.dtype), requires_grad=True)
            try:
                grads = pull(g, out, *inputs, **static)
            except (TypeError, AttributeError) as error:
                raise _not_transposable(name, "vjp", "jvp") from error
        terms = [
            graph.pull_back(gradient, t, [g], further)[0]
            for gradient, t in zip(grads, tangents, strict=True)
            if t is not None and isinstance(gradient, Value)
        ]
        return total(terms) if terms else zeros_like(out)

    return push


def _transposed_push(name: str, jvp: Any) -> Callable[..., Any]:
    """Reverse mode from a push rule, in the same way."""

    def pull(g: Any, out: Any, *inputs: Any, **static: Any) -> Any:
        further = scope.linking
        with linking():
            tangents = [Tensor(np.zeros(shape_of(x), out.dtype), requires_grad=True) for x in inputs]
            try:
                change = jvp(tuple(tangents), out, *inputs, **static)
            except (TypeError, AttributeError) as error:
                raise _not_transposable(name, "jvp", "vjp") from error
        if not isinstance(change, Value):
            return [None] * len(inputs)
        return graph.pull_back(change, g, tangents, further)

    return pull


def _not_transposable(name: str, given: str, missing: str) -> DifferentiationError:
    return DifferentiationError(
        f"'{name}' was given {given}= only, and the other direction cannot be derived from it, since it is not written with "
        f"operators, NumPy functions that take Tensors, or steepest.ops. Give {missing}= too."
    )
