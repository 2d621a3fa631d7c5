"""Activations: functions of one number between the layers, and Softmax."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any, ClassVar

from steepest.autodiff import ops
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply
from steepest.base import checks
from steepest.base.choices import chosen
from steepest.base.errors import ModelError
from steepest.nn.module import Module, State


class Activation(Module):
    """A layer without parameters that keeps the shape of its input.

    Attributes
    ----------
    suits : str
        The initialiser for the weights in front of it, such that signals keep their size from layer to layer.
    """

    suits: ClassVar[str | None] = "glorot_uniform"

    def of(self, x: Any) -> Any:
        """The function itself, on arrays and Tensors."""
        raise NotImplementedError

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        return self.of(x), state

    def features_after(self, features: int | None) -> int | None:
        return features

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items() if not k.startswith('_'))})"
        )


class ReLU(Activation):
    """max(x, 0); the derivative at 0 is 0. Nair and Hinton, ICML 2010.

    Examples
    --------
    >>> layer = ReLU()
    >>> layer.forward([-2.0, 0.0, 3.0]), layer.backward([1.0, 1.0, 1.0])
    (array([0., 0., 3.]), array([0., 0., 1.]))
    """

    suits = "he_uniform"

    def of(self, x: Any) -> Any:
        return ops.relu(x)


class LeakyReLU(Activation):
    """x for x > 0, slope * x elsewhere. Maas, Hannun and Ng, ICML 2013."""

    suits = "he_uniform"

    def __init__(self, slope: float = 0.01) -> None:
        checks.finite("the slope of LeakyReLU", slope)
        self.slope = slope

    def of(self, x: Any) -> Any:
        return ops.where(ops.greater(x, 0), x, self.slope * x)


class ELU(Activation):
    """x for x > 0, alpha (exp(x) - 1) elsewhere. Clevert, Unterthiner and Hochreiter, ICLR 2016."""

    suits = "he_uniform"

    def __init__(self, alpha: float = 1.0) -> None:
        checks.finite("the alpha of ELU", alpha)
        self.alpha = alpha

    def of(self, x: Any) -> Any:
        return _elu(x, self.alpha)


class SELU(Activation):
    """ELU with the two constants at which mean 0 and variance 1 are kept. Klambauer et al., NeurIPS 2017."""

    suits = "lecun_normal"

    ALPHA = 1.6732632423543772848170429916717
    SCALE = 1.0507009873554804934193349852946

    def of(self, x: Any) -> Any:
        return self.SCALE * _elu(x, self.ALPHA)


class GELU(Activation):
    """x Φ(x), with the normal distribution function Φ. Hendrycks and Gimpel, arXiv:1606.08415.

    Parameters
    ----------
    approximate : {"none", "tanh"}
        "tanh" is x/2 (1 + tanh(sqrt(2/π) (x + 0.044715 x³))), within 0.0005 of it.
    """

    suits = "he_uniform"

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ModelError(f"GELU: approximate is 'none' or 'tanh', not {approximate!r}.")
        self.approximate = approximate

    def of(self, x: Any) -> Any:
        if self.approximate == "none":
            return 0.5 * x * (1.0 + ops.erf(x / math.sqrt(2.0)))
        return 0.5 * x * (1.0 + ops.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))


class SiLU(Activation):
    """x sigmoid(x), also called swish. Elfwing, Uchibe and Doya, Neural Networks 107, 2018."""

    suits = "he_uniform"

    def of(self, x: Any) -> Any:
        return x * ops.sigmoid(x)


class Softplus(Activation):
    """log(1 + exp(beta x)) / beta. Dugas et al., NeurIPS 2000.

    PyTorch returns x itself where beta x > 20, which differs by at most 2e-9 / beta.
    """

    suits = "he_uniform"

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = checks.positive("the beta of Softplus", beta)

    def of(self, x: Any) -> Any:
        return ops.softplus(x) if self.beta == 1.0 else ops.softplus(self.beta * x) / self.beta


class Tanh(Activation):
    """tanh(x)."""

    def of(self, x: Any) -> Any:
        return ops.tanh(x)


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    def of(self, x: Any) -> Any:
        return ops.sigmoid(x)


class Softmax(Activation):
    """exp(x_i) / sum_j exp(x_j) over an axis, without overflow.

    For a classifier leave it out while fitting: `cross_entropy` takes the numbers in front of it.
    """

    def __init__(self, axis: int = -1) -> None:
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise ModelError(f"the axis of Softmax is a whole number, not {axis!r}.")
        self.axis = axis

    def of(self, x: Any) -> Any:
        return softmax(x, self.axis)


class Identity(Activation):
    """x itself; the activation "linear"."""

    def of(self, x: Any) -> Any:
        return x


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x_i) / sum_j exp(x_j) over `axis`, on arrays and Tensors.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([1e4, 1e4, -1e4]))
    array([0.5, 0.5, 0. ])
    """
    powers = ops.exp(below_top(x, axis))
    return powers / ops.sum(powers, axis=axis, keepdims=True)


def below_top(x: Any, axis: int) -> Any:
    """x minus its largest element over `axis`: softmax and its logarithm do not feel the shift, so it takes no derivative."""
    return x - apply(p.stop_gradient, ops.max(x, axis=axis, keepdims=True))


def _elu(x: Any, alpha: float) -> Any:
    positive = ops.greater(x, 0)
    return ops.where(positive, x, alpha * ops.expm1(ops.where(positive, 0.0, x)))  # no exp where it could overflow


_BY_NAME: dict[str, type[Activation]] = {
    "relu": ReLU, "leaky_relu": LeakyReLU, "elu": ELU, "selu": SELU, "gelu": GELU, "silu": SiLU, "swish": SiLU,
    "softplus": Softplus, "tanh": Tanh, "sigmoid": Sigmoid, "logistic": Sigmoid, "softmax": Softmax, "linear": Identity,
    "identity": Identity,
}  # fmt: skip


def activation_named(activation: str | Module | type[Module]) -> Module:
    """A new activation layer, from its name, its class or a layer to copy.

    Raises
    ------
    ModelError
        There is none of this name; the nearest is offered.

    Examples
    --------
    >>> activation_named("tahn")
    Traceback (most recent call last):
    steepest.base.errors.ModelError: unknown activation 'tahn'. Did you mean 'tanh'? There are relu, leaky_relu, ...
    """
    if isinstance(activation, str):
        return chosen("activation", activation, _BY_NAME)()
    if isinstance(activation, type) and issubclass(activation, Module):
        return activation()
    if isinstance(activation, Module):
        fresh = copy.copy(activation)
        fresh._owner = fresh._params = fresh._state = fresh._grads = fresh._trace = None
        return fresh
    raise ModelError(f"an activation is a name such as 'relu' or a module, not {activation!r}.")
