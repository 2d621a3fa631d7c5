"""Linear: the layer that multiplies by a matrix and adds a vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.base.errors import ModelError, ShapeError
from steepest.base.params import Array
from steepest.nn.initialisers import Initialiser, glorot_uniform, initialiser_named
from steepest.nn.module import Module, Numbers, State
from steepest.nn.place import as_place, check_features


class Linear(Module):
    """y = x Wᵀ + b over the last axis of x.

    Parameters
    ----------
    inputs, outputs : int
        Features in and out.
    bias : bool
    weight_init : str or Initialiser, optional
        Left out, what suits the activation that follows: He for the ReLU family, LeCun for SELU, else Glorot.
    bias_init : str or Initialiser
        It knows the layer's inputs and outputs: "glorot_uniform" is uniform within sqrt(6 / (in + out)) for biases too.

    Attributes
    ----------
    W, b : ndarray, shapes (outputs, inputs) and (outputs,)
        The layer's own numbers, in parameters named ``weight`` and ``bias`` as in PyTorch.
    dW, db : ndarray or None
        Their gradients after `backward`.

    Examples
    --------
    >>> layer = Linear(3, 4)
    >>> layer.W.shape, layer.b
    ((4, 3), array([0., 0., 0., 0.]))
    >>> layer.forward(np.ones((2, 3))).shape, layer.backward(np.ones((2, 4))).shape
    ((2, 4), (2, 3))
    >>> layer.dW[0], layer.db[0]
    (array([2., 2., 2.]), np.float64(2.0))
    >>> Linear(2, 1).forward([[1.0, 10.0]], W=[[3.0, 4.0]], b=[0.5])
    array([[43.5]])
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        bias: bool = True,
        *,
        weight_init: str | Initialiser | None = None,
        bias_init: str | Initialiser = "zeros",
    ) -> None:
        self.inputs, self.outputs, self.bias = whole("inputs", inputs), whole("outputs", outputs), bool(bias)
        self.weight_init = None if weight_init is None else initialiser_named(weight_init)
        self.bias_init = initialiser_named(bias_init)

    def init(self, key: Any, follower: Module | None = None) -> tuple[Numbers, Numbers]:
        place, fans = as_place(key), (self.inputs, self.outputs)
        suited = (follower and follower.suits) or glorot_uniform
        weight_init = self.weight_init or initialiser_named(suited)
        params = {"weight": weight_init((self.outputs, self.inputs), place, place.full("weight"), fans)}
        if self.bias:
            params["bias"] = self.bias_init((self.outputs,), place, place.full("bias"), fans)
        return params, {}

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        check_features("Linear", x, self.inputs)
        return affine(x, params["weight"], params["bias"] if self.bias else None), state

    @property
    def features_expected(self) -> int | None:
        return self.inputs

    def features_after(self, features: int | None) -> int | None:
        return self.outputs

    # ---- layer by layer
    def forward(self, x: Any, W: Any = None, b: Any = None, *, training: bool = False, key: Any = 0) -> Array:
        """The output for `x` with the layer's own W and b, or with the ones given here.

        Raises
        ------
        LayerShapeError
            `x` has not the layer's number of features.
        ShapeError
            W or b has another shape than the layer's own.
        """
        given = {name: self._fitting(name, x) for name, x in (("weight", W), ("bias", b)) if x is not None}
        return self._forward(x, {**self.params, **given}, training, key)

    def _fitting(self, name: str, value: Any) -> Array:
        """`value` as an array, if it has the shape of the layer's own."""
        own = self.params.get(name)
        array = np.asarray(value, dtype=np.float64)
        if own is None:
            raise ModelError(f"{self!r} has no bias.")
        if array.shape != own.shape:
            raise ShapeError(f"{self!r}: the {name} has shape {own.shape}, the one given has {array.shape}.")
        return array

    def _assign(self, name: str, value: Any) -> None:
        array = self._fitting(name, value)
        assert self._params is not None
        self._params[name][...] = array

    @property
    def W(self) -> Array:
        return self.params["weight"]

    @W.setter
    def W(self, value: Any) -> None:
        self._assign("weight", value)

    @property
    def b(self) -> Array | None:
        return self.params.get("bias")

    @b.setter
    def b(self, value: Any) -> None:
        self._assign("bias", value)

    @property
    def dW(self) -> Array | None:
        return self.grads.get("weight")

    @property
    def db(self) -> Array | None:
        return self.grads.get("bias")

    def __repr__(self) -> str:
        return f"Linear({self.inputs}, {self.outputs}{'' if self.bias else ', bias=False'})"


def affine(x: Any, weight: Any, bias: Any) -> Any:
    """x Wᵀ + b over the last axis of `x`; `bias` may be None."""
    shape = ops.shape(x)
    # One product of two matrices, however many axes there are: its gradient for W is one product too.
    rows = x if len(shape) == 2 else ops.reshape(x, (-1, shape[-1]))
    out = ops.matmul(rows, ops.transpose(weight))
    out = out if bias is None else out + bias
    return out if len(shape) == 2 else ops.reshape(out, (*shape[:-1], ops.shape(weight)[0]))


def whole(what: str, value: Any) -> int:
    """A size: a whole number, at least 1.

    Raises
    ------
    ModelError
        It is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ModelError(f"{what} must be a whole number, at least 1, not {value!r}.")
    return int(value)
