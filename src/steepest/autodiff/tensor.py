"""Tensor: an array that knows how it was computed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from steepest.autodiff import apply as _door
from steepest.autodiff import derivatives, dispatch, graph, ops
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import Array, Value, apply
from steepest.autodiff.guards import ensure_concrete, refuse
from steepest.autodiff.methods import ArrayMethods
from steepest.base.errors import DifferentiationError, ShapeError


class GradFn:
    """What made a Tensor: the operation, and the nodes of its inputs."""

    __slots__ = ("_value",)

    def __init__(self, value: Value) -> None:
        self._value = value

    @property
    def name(self) -> str:
        """PyTorch's name of the node, such as ``PowBackward0``."""
        assert self._value.primitive is not None
        return self._value.primitive.grad_name

    @property
    def next_functions(self) -> tuple[GradFn | None, ...]:
        """The nodes of the inputs that require grad; None for a leaf."""
        return tuple(
            GradFn(x) if x.primitive is not None else None
            for x in self._value.inputs
            if isinstance(x, Value) and x.requires_grad
        )

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Tensor(ArrayMethods):
    """An array that knows how it was computed, so that derivatives follow.

    Make one with `steepest.tensor`. Names are PyTorch's where the idea is PyTorch's (``requires_grad_``, ``backward``, ``grad``,
    ``grad_fn``, ``detach``, ``item``); everything else is NumPy's (broadcasting, ``axis``, ``keepdims``, dtypes).

    Attributes
    ----------
    data : ndarray
        The writable array itself: ``params.data -= rate * params.grad.data`` changes the Tensor in place.
    grad : Tensor or None
        Sum of the gradients of all `backward` calls since it was last None or zero; only on leaves, see `retain_grad`.
    requires_grad : bool

    Examples
    --------
    >>> import steepest as sd
    >>> xt = sd.tensor(3.0).requires_grad_()
    >>> yt = xt**2
    >>> yt
    tensor(9., grad_fn=<PowBackward0>)
    >>> yt.backward()
    >>> xt.grad
    tensor(6.)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        if isinstance(data, Value):
            data = data._data
        self._data = data if type(data) is np.ndarray else np.asarray(data)
        if self._data.dtype.kind not in "fiubc":
            raise DifferentiationError(f"a Tensor holds numbers, not {self._data.dtype}.")
        if not self._data.dtype.isnative:
            self._data = self._data.astype(self._data.dtype.newbyteorder("="))
        self.grad = None
        self.keeps_grad = False
        self.primitive = None
        self.inputs = ()
        self.static = {}
        self.requires_grad = False
        if requires_grad:
            self.requires_grad_()

    # ---- what it is
    @property
    def data(self) -> Array:
        ensure_concrete(self, ".data")
        return self._data

    @data.setter
    def data(self, array: Any) -> None:
        ensure_concrete(self, "a new .data")
        if self.primitive is not None:
            raise DifferentiationError("only a leaf's data can be replaced; this Tensor is the result of an operation.")
        fresh = np.asarray(array._data if isinstance(array, Value) else array)
        if fresh.shape != self._data.shape:
            raise ShapeError(f"new data of shape {fresh.shape} for a Tensor of shape {self._data.shape}.")
        if not np.can_cast(fresh.dtype, self.dtype, casting="same_kind"):
            raise DifferentiationError(f"new data of dtype {fresh.dtype} for a Tensor of {self.dtype}.")
        self._data = fresh.astype(self.dtype, copy=False)

    @property
    def ndim(self) -> int:
        return self._data.ndim

    @property
    def size(self) -> int:
        return self._data.size

    @property
    def T(self) -> Tensor:
        """The Tensor with its axes reversed."""
        return ops.transpose(self)  # type: ignore[no-any-return]

    @property
    def grad_fn(self) -> GradFn | None:
        return GradFn(self) if self.primitive is not None else None

    @property
    def is_leaf(self) -> bool:
        return self.primitive is None

    def __repr__(self) -> str:
        text = np.array2string(self._data, separator=", ", prefix="tensor(")
        if self._data.dtype.kind == "f" and self._data.dtype != np.float64:
            text += f", dtype={self._data.dtype}"
        if self.primitive is not None:
            return f"tensor({text}, grad_fn={self.grad_fn!r})"
        return f"tensor({text}, requires_grad=True)" if self.requires_grad else f"tensor({text})"

    def __format__(self, spec: str) -> str:
        return format(self._data.item(), spec) if spec and self.size == 1 else repr(self)

    # ---- differentiation
    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for gradients with respect to this Tensor; returns it.

        Raises
        ------
        DifferentiationError
            It does not hold floating-point numbers, or is the result of an operation.
        """
        if requires_grad and self._data.dtype.kind != "f":
            raise DifferentiationError(
                f"only floating-point Tensors can require grad, this one holds {self._data.dtype}; "
                "write tensor(3.) instead of tensor(3), or call .double() first."
            )
        if not requires_grad and self.primitive is not None:
            raise DifferentiationError("the result of an operation keeps requires_grad; use .detach() for a constant.")
        self.requires_grad = requires_grad
        return self

    def backward(self, gradient: Any = None, create_graph: bool = False) -> None:
        """Add the gradient of this Tensor to ``.grad`` of every leaf that requires grad.

        May be called again; each call adds once more.

        Parameters
        ----------
        gradient : array of this Tensor's shape, optional
            Gradient of the final result with respect to this Tensor; may be left out for a scalar.
        create_graph : bool
            Whether ``.grad`` is differentiable itself.

        Raises
        ------
        DifferentiationError
            Nothing requires grad here, or `gradient` is missing or of another shape.
        """
        if not self.requires_grad:
            raise DifferentiationError(
                "this Tensor does not depend on any Tensor that requires grad; call .requires_grad_() on the parameters "
                "before computing it."
            )
        if gradient is None:
            if self._data.size != 1:
                raise DifferentiationError(
                    f"backward() needs a scalar, this Tensor has shape {self.shape}; reduce it with .sum() or .mean(), "
                    f"or pass gradient= of that shape."
                )
            gradient = np.ones_like(self._data)
        elif np.shape(gradient._data if isinstance(gradient, Value) else gradient) != self.shape:
            raise DifferentiationError(f"gradient= must have the shape of the Tensor, {self.shape}.")
        order = graph.topological(self)
        targets = [v for v in order if v.primitive is None or v.keeps_grad]
        if isinstance(gradient, Value) and not create_graph:
            gradient = apply(p.stop_gradient, gradient)
        for target, g in zip(targets, graph.pull_back(self, gradient, targets, create_graph, order), strict=True):
            # Two leaves may get the same array, as the parts of a sum do: each keeps its own.
            fresh = g.clone() if isinstance(g, Tensor) else Tensor(np.array(g))
            target.grad = fresh if target.grad is None else target.grad + fresh

    def retain_grad(self) -> Tensor:
        """Keep ``.grad`` of this intermediate result in later `backward` calls; returns it."""
        self.keeps_grad = True
        return self

    def detach(self) -> Tensor:
        """The same numbers (same memory) as a constant."""
        return apply(p.stop_gradient, self)  # type: ignore[no-any-return]

    def zero_(self) -> Tensor:
        """Set every element to zero in place; returns the Tensor. ``params.grad.zero_()`` starts a new sum."""
        ensure_concrete(self, "zero_()")
        if self.primitive is not None:
            raise DifferentiationError(
                "zero_() would change the result of an operation, which others may depend on; set .grad = None instead."
            )
        self._data[...] = 0
        return self

    # ---- bare numbers: never in silence
    def item(self) -> Any:
        """The number in a Tensor of one element."""
        return self._one(".item()").item()

    def _one(self, asked: str) -> Array:
        ensure_concrete(self, asked)
        if self._data.size != 1:
            raise ShapeError(f"{asked} needs a Tensor of one element, this one has shape {self.shape}.")
        return self._data

    def numpy(self) -> Array:
        """The array, if it does not require grad."""
        return self.__array__()

    def tolist(self) -> Any:
        ensure_concrete(self, ".tolist()")
        return self._data.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.requires_grad:
            raise refuse(
                "turning a Tensor that requires grad into a plain array would drop its derivative",
                "Use steepest.ops or NumPy functions that take Tensors (np.stack instead of np.array([...])), "
                "or .detach() if the derivative is not wanted.",
            )
        ensure_concrete(self, "turning it into an array")
        return np.array(self._data, dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return float(self._one("float(), as in math.sin(t),").item())

    def __int__(self) -> int:
        return int(self._one("int()").item())

    def __index__(self) -> int:
        ensure_concrete(self, "use as an index")
        return self._data.__index__()

    def __complex__(self) -> complex:
        return complex(self._one("complex()").item())

    def __bool__(self) -> bool:
        ensure_concrete(self, "a truth value, as in `if t:`,")
        if self._data.size != 1:
            raise ShapeError(f"the truth value of a Tensor of shape {self.shape} is ambiguous; use .any() or .all().")
        return bool(self._data.item())

    def __setitem__(self, key: Any, value: Any) -> None:
        raise refuse(
            "a Tensor cannot be changed by assignment to elements",
            "Build the result with where(), concatenate() or stack(); a parameter's numbers change by `.data[...] = `.",
        )

    # ---- containers
    def __len__(self) -> int:
        if not self.shape:
            raise DifferentiationError("a Tensor without axes has no length.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise DifferentiationError("a Tensor without axes cannot be iterated over.")
        return (self[i] for i in range(self.shape[0]))

    def __getitem__(self, key: Any) -> Tensor:
        return ops.index(self, key)  # type: ignore[no-any-return]

    def __contains__(self, value: Any) -> bool:
        return bool(ops.any(self == value))

    __hash__ = object.__hash__

    # ---- conversions
    def clone(self) -> Tensor:
        """A copy with its own memory, linked to this Tensor."""
        out: Tensor = apply(p.alias, self)
        out._data = self._data.copy()
        return out

    def double(self) -> Tensor:
        """The values as float64."""
        return self.astype(np.float64)

    def float(self) -> Tensor:
        """The values as float32, as in PyTorch."""
        return self.astype(np.float32)

    def astype(self, dtype: Any) -> Tensor:
        return ops.astype(self, dtype)  # type: ignore[no-any-return]

    def __copy__(self) -> Tensor:
        return self._leaf_of(self._data, self.grad)

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self._leaf_of(self._data.copy(), copy.deepcopy(self.grad, memo))

    def _leaf_of(self, data: Array, grad: Any) -> Tensor:
        if self.primitive is not None:
            raise DifferentiationError(
                "a copy of the result of an operation would leave the graph; use .clone(), which stays in it, or .detach()."
            )
        fresh = Tensor(data, requires_grad=self.requires_grad)
        fresh.grad = grad
        return fresh

    def __reduce__(self) -> Any:
        raise DifferentiationError(
            "a Tensor is not pickled; save the array, .detach().numpy(), and make a new Tensor of it."
        )

    # ---- NumPy functions on Tensors
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return dispatch.call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return dispatch.call_function(func, args, kwargs)


_door.result_class = Tensor


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor with a copy of `data`.

    Parameters
    ----------
    data : number, nested lists, ndarray or Tensor
        Floats become float64, everything else keeps its dtype; foreign byte orders become native.
    dtype : numpy dtype, optional
    requires_grad : bool

    Raises
    ------
    DifferentiationError
        `data` does not hold numbers, or hides Tensors that require grad in a list (use `steepest.ops.stack`).

    Examples
    --------
    >>> import steepest as sd
    >>> sd.tensor([1.0, 2.0], requires_grad=True)
    tensor([1., 2.], requires_grad=True)
    """
    if isinstance(data, Value):
        data = data._data
    try:
        array = np.array(data, dtype=dtype, order="C")
    except (TypeError, ValueError) as error:
        if isinstance(error, DifferentiationError):
            raise
        raise DifferentiationError(f"tensor() needs numbers in a regular shape: {error}.") from error
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return Tensor(array, requires_grad=requires_grad)


# Importing the table of derivatives gives every primitive its rule.
assert derivatives is not None
