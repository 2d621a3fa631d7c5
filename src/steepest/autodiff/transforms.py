"""Functions in, functions out: gradients, products with the Jacobian from either side, Jacobians and Hessians."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from steepest.autodiff import graph, ops
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import Value, apply, inside_transform, linking, scope
from steepest.autodiff.rules import shape_of, total
from steepest.autodiff.tensor import Tensor
from steepest.autodiff.tree import flatten
from steepest.base.errors import DifferentiationError, ShapeError

Function = Callable[..., Any]


def _fresh(x: Any) -> Tensor:
    """A new Tensor that requires grad; linked to `x` where x is itself under differentiation (nested transforms)."""
    if isinstance(x, Value):
        if x.dtype.kind in "iub":
            x = ops.astype(x, np.float64)
        if x.dtype.kind == "f":
            with linking():
                inner: Tensor = apply(p.alias, x)
            inner.requires_grad = True
            return inner
        x = x._data
    array = np.asarray(x)
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise DifferentiationError(f"cannot differentiate with respect to an argument of dtype {array.dtype}.")
    # A copy: what the function and the caller do to their arrays does not reach each other.
    return Tensor(array.astype(array.dtype.newbyteorder("=")), requires_grad=True)


class _Call:
    """One call of a user's function with fresh Tensors in some places, ready for walks.

    Attributes
    ----------
    fresh : list of Tensor
        What to differentiate with respect to.
    result : the function's result, as it came
    """

    def __init__(self, f: Function, args: Sequence[Any], argnums: int | Sequence[int], kwargs: dict[str, Any]) -> None:
        single = isinstance(argnums, (int, np.integer))
        places: tuple[int, ...] = (int(argnums),) if single else tuple(argnums)  # type: ignore[arg-type]
        for place in places:
            if not -len(args) <= place < len(args):
                raise DifferentiationError(f"argnums={place}, but the function was called with {len(args)} arguments.")
        leaves, rebuild = flatten(tuple(args[i] for i in places))
        self._plain = not any(isinstance(leaf, Value) for leaf in flatten((tuple(args), kwargs))[0])
        self._rebuild: Callable[[list[Any]], Any] = (lambda new: rebuild(new)[0]) if single else rebuild
        self._outside = scope.linking  # under no_grad the results are constants to what is outside
        self.fresh = [_fresh(x) for x in leaves]
        filled = list(args)
        for place, value in zip(places, rebuild(list(self.fresh)), strict=True):
            filled[place] = value
        with linking(), inside_transform():
            self.result = f(*filled, **kwargs)

    def settle(self, out: Value) -> None:
        """Prepare for walks over `out`: their order, and whether something outside wants derivatives of their results."""
        self.out = out
        self.order = graph.topological(out)
        self.outer = self._outside and graph.needs_graph(self.order, self.fresh)

    def pull(self, cotangent: Any) -> list[Any]:
        return graph.pull_back(self.out, cotangent, self.fresh, self.outer, self.order)

    def push(self, directions: Sequence[Sequence[Any]]) -> list[Any]:
        return graph.push_forward(self.out, self.fresh, directions, self.outer, self.order)

    def value(self) -> Any:
        return self.present(self.out if self.outer else self.out.detach())  # type: ignore[attr-defined]

    def bare(self, tree: Any) -> Any:
        """What else the function returned, cut from the graph as its value is."""
        leaves, rebuild = flatten(tree)
        return rebuild([self.present(x if self.outer else x.detach()) if isinstance(x, Tensor) else x for x in leaves])

    def packed(self, results: Sequence[Any]) -> Any:
        """One result for each fresh Tensor, in the containers of the arguments; no two share memory."""
        seen: set[int] = set()
        shown = []
        for x in map(self.present, results):
            shared = isinstance(x, np.ndarray) and (id(x) in seen or x.base is not None or not x.flags.writeable)
            shown.append(x.copy() if shared else x)
            seen.add(id(x))
        return self._rebuild(shown)

    def present(self, x: Any) -> Any:
        """Plain arrays and numbers, unless Tensors were given, or something outside wants the derivative, or it is recorded."""
        if self._plain and scope.recorder is None and not (isinstance(x, Value) and x.requires_grad):
            array = x._data if isinstance(x, Value) else np.asarray(x)
            return array if array.ndim else array[()]
        return x if isinstance(x, Value) else Tensor(x)


def _array(result: Any, transform: str) -> Tensor:
    """The result of a user's function, which must be one array or number."""
    if isinstance(result, Tensor):
        return result
    if isinstance(result, (int, float, np.ndarray, np.generic)):
        return Tensor(np.asarray(result))
    raise DifferentiationError(
        f"{transform} needs a function that returns one array or number, this one returned {type(result).__name__}"
        + (
            "; is a `return` missing?"
            if result is None
            else "; use steepest.ops.stack or concatenate, or has_aux=True."
        )
    )


def _scalar(result: Any, transform: str) -> Tensor:
    out = _array(result, transform)
    if out.size != 1:
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

    def transformed(*args: Any, **kwargs: Any) -> Any:
        call = _Call(f, args, argnums, kwargs)
        result, aux = _with_aux(call.result) if has_aux else (call.result, None)
        call.settle(_scalar(result, "grad"))
        gradient = call.packed(call.pull(np.ones_like(call.out._data)))
        return ((call.value(), call.bare(aux)), gradient) if has_aux else (call.value(), gradient)

    return transformed


def _with_aux(result: Any) -> Any:
    if not (isinstance(result, tuple) and len(result) == 2):
        raise DifferentiationError("with has_aux=True the function returns two things: the number, and anything.")
    return result


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
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def vjp(f: Function, *args: Any) -> tuple[Any, Function]:
    """``f(*args)`` and the function that takes a vector v of the output's shape to v^T J, one gradient an argument.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> out, pull = sd.vjp(np.sin, np.array([0.0, 1.0]))
    >>> pull(np.array([1.0, 0.0]))
    (array([1., 0.]),)
    """
    call = _Call(f, args, tuple(range(len(args))), {})
    call.settle(_array(call.result, "vjp"))

    def pull(cotangent: Any) -> Any:
        if shape_of(cotangent) != call.out.shape:
            raise ShapeError(f"vjp: the vector has shape {shape_of(cotangent)}, the output {call.out.shape}.")
        return call.packed(call.pull(cotangent))

    return call.value(), pull


def jvp(f: Function, args: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """``f(*args)`` and J v: how the output changes when each argument moves along its tangent (forward mode).

    Examples
    --------
    >>> import steepest as sd
    >>> sd.jvp(lambda x, y: x * y, (3.0, 5.0), (1.0, 0.0))
    (np.float64(15.0), np.float64(5.0))
    """
    call = _Call(f, args, tuple(range(len(args))), {})
    call.settle(_array(call.result, "jvp"))
    (change,) = call.push([_directions(tangents, call, "jvp")])
    return call.value(), call.present(change)


def _directions(vectors: Sequence[Any], call: _Call, transform: str) -> list[Any]:
    """One vector an argument: arrays of the caller are copied, since results may be parts of them."""
    leaves = flatten(tuple(vectors))[0]
    shapes = [x.shape for x in call.fresh]
    if [shape_of(v) for v in leaves] != shapes:
        raise ShapeError(f"{transform}: shapes {[shape_of(v) for v in leaves]} do not fit the arguments' {shapes}.")
    return [v if isinstance(v, Value) else np.array(v, x.dtype) for v, x in zip(leaves, call.fresh, strict=True)]


def _basis(x: Value) -> list[Any]:
    """The unit vectors of the space of `x`."""
    return list(np.eye(x._data.size, dtype=x.dtype).reshape(x._data.size, *x.shape))


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

    def transformed(*args: Any, **kwargs: Any) -> Any:
        call = _Call(f, args, argnums, kwargs)
        call.settle(_array(call.result, "jacobian"))
        forward = mode == "forward" or (mode == "auto" and sum(x.size for x in call.fresh) <= call.out._data.size)
        return call.packed(_forward_blocks(call) if forward else _reverse_blocks(call))

    return transformed


def _forward_blocks(call: _Call) -> list[Any]:
    columns = iter(_columns(call))
    return [_block([next(columns) for _ in range(x.size)], call.out, x, axis=-1) for x in call.fresh]


def _columns(call: _Call) -> list[Any]:
    """The change of the result for each element of the arguments."""
    fresh = call.fresh
    return call.push([[e if x is y else None for y in fresh] for x in fresh for e in _basis(x)])


def columns(f: Function) -> Function:
    """The function that returns ``f(x)`` and the columns of its Jacobian, one for each element of x (forward mode).

    Examples
    --------
    >>> columns(lambda x: x**2)(np.array([1.0, 3.0]))
    (array([1., 9.]), [array([2., 0.]), array([0., 6.])])
    """

    def transformed(x: Any) -> Any:
        call = _Call(f, (x,), 0, {})
        call.settle(_array(call.result, "columns"))
        return call.value(), [call.present(column) for column in _columns(call)]

    return transformed


def _reverse_blocks(call: _Call) -> list[Any]:
    rows = [call.pull(e) for e in _basis(call.out)]
    return [_block([row[k] for row in rows], call.out, x, axis=0) for k, x in enumerate(call.fresh)]


def _block(parts: list[Any], out: Value, x: Value, axis: int) -> Any:
    shape = (*out.shape, *x.shape)
    return ops.reshape(ops.stack(parts, axis=axis), shape) if parts else np.zeros(shape, out.dtype)


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
    call = _Call(f, args, tuple(range(len(args))), {})
    call.settle(_scalar(call.result, "hvp"))
    directions = _directions(vectors, call, "hvp")
    grads = graph.pull_back(call.out, np.ones_like(call.out._data), call.fresh, True, call.order)
    with linking():
        terms = [ops.sum(g * v) for g, v in zip(grads, directions, strict=True) if isinstance(g, Value)]
        slope = total(terms) if terms else Tensor(0.0)
    call.settle(slope)
    products: tuple[Any, ...] = call.packed(call.pull(np.ones_like(slope._data)))
    return products
