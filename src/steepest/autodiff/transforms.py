"""Functions in, functions out: gradients, products with the Jacobian from either side, Jacobians and Hessians."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from steepest.autodiff import graph, ops
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import Value, apply, inside_transform, linking
from steepest.autodiff.tensor import Tensor
from steepest.autodiff.tree import flatten
from steepest.base.errors import DifferentiationError, ShapeError

Function = Callable[..., Any]


def _fresh(x: Any) -> Tensor:
    """A new Tensor that requires grad; linked to `x` where x is itself under differentiation (nested transforms)."""
    if isinstance(x, Value) and (x.requires_grad or x.dtype.kind == "f"):
        with linking():
            inner: Tensor = apply(p.alias, x)
        inner.requires_grad = True
        if inner.primitive is None:  # x is a constant here: a plain leaf
            inner.inputs, inner.static = (), {}
        return inner
    array = np.asarray(x._data if isinstance(x, Value) else x)
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise DifferentiationError(f"cannot differentiate with respect to an argument of dtype {array.dtype}.")
    return Tensor(array.astype(array.dtype.newbyteorder("=")), requires_grad=True)


def _wrt(
    f: Function, args: Sequence[Any], argnums: int | Sequence[int]
) -> tuple[list[Tensor], Callable[[list[Any]], Any], Any]:
    """Call `f` with fresh Tensors in the places `argnums`; the Tensors, how to rebuild their containers, and the result."""
    places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for place in places:
        if not -len(args) <= place < len(args):
            raise DifferentiationError(f"argnums={place}, but the function was called with {len(args)} arguments.")
    leaves, rebuild = flatten(tuple(args[i] for i in places))
    fresh = [_fresh(x) for x in leaves]
    filled = list(args)
    for place, value in zip(places, rebuild(list(fresh)), strict=True):
        filled[place] = value
    with linking(), inside_transform():
        out = f(*filled)
    single = isinstance(argnums, int)
    return fresh, (lambda new: rebuild(new)[0]) if single else rebuild, out


def _as_result(x: Any, plain: bool) -> Any:
    """Plain arrays and numbers, unless something else still wants the derivative or Tensors were given."""
    if plain:
        return x._data[()] if isinstance(x, Value) else np.asarray(x)[()]
    return x if isinstance(x, Value) else Tensor(x)


def _settle(out: Value, fresh: Sequence[Tensor], args: Sequence[Any]) -> tuple[list[Value], bool, bool]:
    """The walk's order, whether its results are to be differentiable, and whether they are plain arrays."""
    order = graph.topological(out)
    outer = graph.needs_graph(order, fresh)
    return order, outer, not outer and not any(isinstance(leaf, Value) for leaf in flatten(args)[0])


def _scalar(out: Any, transform: str) -> Any:
    if not isinstance(out, Value):
        out = Tensor(np.asarray(out))
    if out._data.size != 1:
        raise ShapeError(
            f"{transform} needs a function that returns one number, this one returned shape {out.shape}; "
            f"reduce it with .sum() or .mean(), or use jacobian."
        )
    return out


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """The function that returns ``f(...)`` and its gradient.

    Parameters
    ----------
    f : callable
        Returns one number, or ``(number, anything)`` with ``has_aux=True``.
    argnums : int or sequence of int
        Which positional arguments to differentiate; each an array, a number, a list of
        numbers (an array too), or nested dicts and tuples of them.
    has_aux : bool

    Returns
    -------
    callable
        Same arguments; returns ``(value, gradient)`` or ``((value, aux), gradient)``, the gradient in the containers of the
        argument. Plain arrays, or Tensors where the arguments are Tensors.

    Examples
    --------
    >>> import steepest as sd
    >>> sd.value_and_grad(lambda w: (w**2).sum())([1.0, 2.0])
    (np.float64(5.0), array([2., 4.]))
    """

    def transformed(*args: Any) -> Any:
        fresh, rebuild, out = _wrt(f, args, argnums)
        out, aux = out if has_aux else (out, None)
        out = _scalar(out, "grad")
        order, outer, plain = _settle(out, fresh, args)
        grads = graph.pull_back(out, np.ones_like(out._data), fresh, outer, order)
        value = _as_result(out if outer or plain else Tensor(out), plain)
        result = rebuild([_as_result(g, plain) for g in grads])
        return ((value, aux), result) if has_aux else (value, result)

    return transformed


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that returns the gradient of ``f(...)``, which must be one number; see `value_and_grad`.

    Examples
    --------
    >>> import steepest as sd
    >>> sd.grad(lambda x: x**2)(3.0)
    np.float64(6.0)
    >>> sd.grad(sd.grad(lambda x: x**3))(2.0)
    np.float64(12.0)
    """
    both = value_and_grad(f, argnums)
    return lambda *args: both(*args)[1]


def vjp(f: Function, *args: Any) -> tuple[Any, Function]:
    """``f(*args)`` and the function that takes a vector v of the output's shape to v^T J, one gradient an argument.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> out, pull = sd.vjp(np.sin, np.array([0.0, 1.0]))
    >>> pull(np.array([1.0, 0.0]))
    (array([1., 0.]),)
    """
    fresh, rebuild, out = _wrt(f, args, tuple(range(len(args))))
    out = out if isinstance(out, Value) else Tensor(np.asarray(out))
    order, outer, plain = _settle(out, fresh, args)

    def pull(cotangent: Any) -> Any:
        if np.shape(cotangent._data if isinstance(cotangent, Value) else cotangent) != out.shape:
            raise ShapeError(f"vjp: the vector must have the shape of the output, {out.shape}.")
        graphed = outer or isinstance(cotangent, Value)
        return rebuild(
            [_as_result(g, plain and not graphed) for g in graph.pull_back(out, cotangent, fresh, graphed, order)]
        )

    return _as_result(out if outer or plain else Tensor(out), plain), pull


def jvp(f: Function, args: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """``f(*args)`` and J v: how the output changes when each argument moves along its tangent (forward mode).

    Examples
    --------
    >>> import steepest as sd
    >>> sd.jvp(lambda x, y: x * y, (3.0, 5.0), (1.0, 0.0))
    (np.float64(15.0), np.float64(5.0))
    """
    fresh, _, out = _wrt(f, args, tuple(range(len(args))))
    out = out if isinstance(out, Value) else Tensor(np.asarray(out))
    direction = flatten(tuple(tangents))[0]
    if [np.shape(t._data if isinstance(t, Value) else t) for t in direction] != [x.shape for x in fresh]:
        raise ShapeError(f"jvp: tangents must have the shapes of the arguments, {[x.shape for x in fresh]}.")
    order, outer, plain = _settle(out, fresh, args)
    graphed = outer or any(isinstance(t, Value) and t.requires_grad for t in direction)
    seeds = [t if isinstance(t, Value) and graphed else np.asarray(t._data if isinstance(t, Value) else t, x.dtype)
             for t, x in zip(direction, fresh, strict=True)]  # fmt: skip
    (change,) = graph.push_forward(out, fresh, [seeds], graphed, order)
    plain = plain and not graphed
    return _as_result(out if graphed or plain else Tensor(out), plain), _as_result(change, plain)


def _basis(x: Value) -> list[Any]:
    """The unit vectors of the space of `x`."""
    unit = np.eye(x._data.size, dtype=x.dtype).reshape(x._data.size, *x.shape)
    return list(unit)


def jacobian(f: Function, argnums: int | Sequence[int] = 0, mode: str = "auto") -> Function:
    """The function that returns all partial derivatives, shaped ``output.shape + argument.shape``.

    Parameters
    ----------
    f : callable
        Returns one array.
    argnums : int or sequence of int
    mode : {"auto", "forward", "reverse"}
        Forward needs one walk an element of the arguments, reverse one an element of the output; "auto" takes the fewer.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> sd.jacobian(lambda x: x**2)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])
    """
    if mode not in ("auto", "forward", "reverse"):
        raise DifferentiationError(f"jacobian: mode must be 'auto', 'forward' or 'reverse', not {mode!r}.")

    def transformed(*args: Any) -> Any:
        fresh, rebuild, out = _wrt(f, args, argnums)
        out = out if isinstance(out, Value) else Tensor(np.asarray(out))
        order, outer, plain = _settle(out, fresh, args)
        forward = mode == "forward" or (mode == "auto" and sum(x._data.size for x in fresh) <= out._data.size)
        rows = _forward_rows if forward else _reverse_rows
        return rebuild([_as_result(block, plain) for block in rows(out, fresh, outer, order)])

    return transformed


def _forward_rows(out: Value, fresh: Sequence[Value], outer: bool, order: Sequence[Value]) -> list[Any]:
    directions = [[e if i == j else None for j in range(len(fresh))] for i, x in enumerate(fresh) for e in _basis(x)]
    columns = graph.push_forward(out, fresh, directions, outer, order)
    blocks, start = [], 0
    for x in fresh:
        stop = start + x._data.size
        if stop > start:
            blocks.append(ops.reshape(ops.stack(columns[start:stop], axis=-1), (*out.shape, *x.shape)))
        else:
            blocks.append(np.zeros((*out.shape, *x.shape), out.dtype))
        start = stop
    return blocks


def _reverse_rows(out: Value, fresh: Sequence[Value], outer: bool, order: Sequence[Value]) -> list[Any]:
    rows = [graph.pull_back(out, e, fresh, outer, order) for e in _basis(out)]
    return [
        ops.reshape(ops.stack([row[k] for row in rows]), (*out.shape, *x.shape))
        if rows
        else np.zeros((*out.shape, *x.shape), out.dtype)
        for k, x in enumerate(fresh)
    ]


def hessian(f: Function, argnums: int = 0) -> Function:
    """The function that returns all second derivatives of a scalar function, shaped ``argument.shape * 2``.

    Forward over reverse: one walk an element of the argument, each about as costly as two gradients.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> sd.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    return jacobian(grad(f, argnums), argnums, mode="forward")


def hvp(f: Function, args: Sequence[Any], vectors: Sequence[Any]) -> tuple[Any, ...]:
    """Hessian times vector of a scalar function, over all its arguments, without the Hessian.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> sd.hvp(lambda x: (x**3).sum(), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    (array([ 6., 12.]),)
    """
    places = tuple(range(len(args)))
    fresh, rebuild, out = _wrt(f, args, places)
    out = _scalar(out, "hvp")
    order, outer, plain = _settle(out, fresh, args)
    grads = graph.pull_back(out, np.ones_like(out._data), fresh, True, order)
    direction = [np.asarray(v._data if isinstance(v, Value) else v, x.dtype) for v, x in
                 zip(flatten(tuple(vectors))[0], fresh, strict=True)]  # fmt: skip
    products = []
    for g, x in zip(grads, fresh, strict=True):
        linked = isinstance(g, Value) and g.requires_grad
        products.append(graph.push_forward(g, fresh, [direction], outer)[0] if linked else np.zeros(x.shape, x.dtype))
    result: tuple[Any, ...] = rebuild([_as_result(h, plain) for h in products])
    return result
