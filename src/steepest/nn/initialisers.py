"""Initialisers: the numbers that weights and biases start from, as pure functions of shape, key and name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.base.choices import chosen
from steepest.base.errors import ModelError, ShapeError
from steepest.base.params import Array
from steepest.nn.place import as_place

Fans = tuple[int, int]


@dataclass(frozen=True)
class Initialiser:
    """A way to draw the first numbers of a parameter; always the same ones for the same shape, key and name.

    Attributes
    ----------
    name : str
    draw : callable
        ``draw(generator, shape, fan_in, fan_out) -> ndarray``.
    of_fans : bool
        Whether it depends on how many inputs and outputs a unit has.

    Examples
    --------
    >>> w = glorot_uniform((20, 10), key=7, name="0.weight")
    >>> bool(abs(w).max() <= (6 / 30) ** 0.5), bool((w == glorot_uniform((20, 10), key=7, name="0.weight")).all())
    (True, True)
    """

    name: str
    draw: Callable[[np.random.Generator, tuple[int, ...], int, int], Array]
    of_fans: bool = True

    def __call__(self, shape: tuple[int, ...], key: Any, name: str = "weight", fans: Fans | None = None) -> Array:
        """The first numbers of a parameter.

        Parameters
        ----------
        shape : tuple of int
            (out, in, ...) for a weight.
        key : Key or int
        name : str
            Dotted name of the parameter; parameters of one shape differ by it.
        fans : (int, int), optional
            How many inputs and outputs a unit has; from `shape` unless given. A bias has those of its layer's weight.

        Raises
        ------
        ShapeError
            `shape` has fewer than two axes, and `fans` is needed but not given.
        """
        if fans is None:
            fans = fans_of(shape) if self.of_fans else (0, 0)
        generator = as_place(key).key.generator(f"init.{name}")
        return np.asarray(self.draw(generator, tuple(shape), *fans), dtype=np.float64)

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> Any:
        """Known ones are pickled by name."""
        return initialiser_named, (self.name,)


def fans_of(shape: tuple[int, ...]) -> Fans:
    """Inputs and outputs of a unit whose weights have this shape: (out, in) or (out, in, window...)."""
    if len(shape) < 2:
        raise ShapeError(
            f"a weight of shape {tuple(shape)} does not tell a layer's inputs and outputs; pass fans=(in, out)."
        )
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def _uniform(name: str, variance: Callable[[int, int], float]) -> Initialiser:
    def draw(generator: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
        bound = math.sqrt(3.0 * variance(fan_in, fan_out))  # the variance of U(-b, b) is b**2 / 3
        return generator.uniform(-bound, bound, shape)

    return Initialiser(name, draw)


def _normal(name: str, variance: Callable[[int, int], float]) -> Initialiser:
    def draw(generator: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
        return math.sqrt(variance(fan_in, fan_out)) * generator.standard_normal(shape)

    return Initialiser(name, draw)


# Variances that keep signals and gradients of one size from layer to layer:
# Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, eq. 12 and 16.
# The bound of glorot_uniform is sqrt(6 / (in + out)).
glorot_uniform = _uniform("glorot_uniform", lambda fan_in, fan_out: 2.0 / (fan_in + fan_out))
glorot_normal = _normal("glorot_normal", lambda fan_in, fan_out: 2.0 / (fan_in + fan_out))
# He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, eq. 10: relu passes half of the variance.
he_uniform = _uniform("he_uniform", lambda fan_in, fan_out: 2.0 / fan_in)
he_normal = _normal("he_normal", lambda fan_in, fan_out: 2.0 / fan_in)
# LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, eq. 16; Klambauer et al. (2017) ask for it with SELU.
lecun_uniform = _uniform("lecun_uniform", lambda fan_in, fan_out: 1.0 / fan_in)
lecun_normal = _normal("lecun_normal", lambda fan_in, fan_out: 1.0 / fan_in)
# What torch.nn.Linear does: kaiming_uniform_(a=sqrt(5)) is U(-1/sqrt(in), 1/sqrt(in)), for weights and biases alike.
torch_default = _uniform("torch_default", lambda fan_in, fan_out: 1.0 / (3.0 * fan_in))


def _draw_orthogonal(generator: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
    if len(shape) < 2:
        raise ShapeError(f"orthogonal needs a matrix, not shape {shape}.")
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(generator.standard_normal((max(rows, columns), min(rows, columns))))
    # With the signs of r's diagonal the distribution is uniform over all rotations (Mezzadri, Notices of the AMS 54, 2007).
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return np.ascontiguousarray(q if rows >= columns else q.T).reshape(shape)


# Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear networks", ICLR 2014.
orthogonal = Initialiser("orthogonal", _draw_orthogonal)


def constant(value: float) -> Initialiser:
    """The same number everywhere; fit for biases and scales, since units with equal weights stay equal.

    Raises
    ------
    ModelError
        `value` is not finite.

    Examples
    --------
    >>> constant(0.1)((3,), key=0)
    array([0.1, 0.1, 0.1])
    """
    if not math.isfinite(value):
        raise ModelError(f"a parameter cannot start at {value}.")
    return Initialiser(
        f"constant({float(value)!r})", lambda generator, shape, fan_in, fan_out: np.full(shape, float(value)), False
    )


zeros = Initialiser("zeros", lambda generator, shape, fan_in, fan_out: np.zeros(shape), False)
ones = Initialiser("ones", lambda generator, shape, fan_in, fan_out: np.ones(shape), False)

_BY_NAME = {
    **{i.name: i for i in (glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, orthogonal)},
    **{i.name: i for i in (zeros, ones, torch_default)},
    "xavier_uniform": glorot_uniform, "xavier_normal": glorot_normal,
    "kaiming_uniform": he_uniform, "kaiming_normal": he_normal,
}  # fmt: skip


def initialiser_named(initialiser: str | Initialiser) -> Initialiser:
    """The initialiser of this name, or ``constant(0.1)``; an `Initialiser` is returned as it is.

    Raises
    ------
    ModelError
        There is none of this name; the nearest is offered.

    Examples
    --------
    >>> initialiser_named("He-uniform")
    he_uniform
    """
    if isinstance(initialiser, Initialiser):
        return initialiser
    if isinstance(initialiser, str):
        if number := re.fullmatch(r"\s*constant\((.*)\)\s*", initialiser):
            try:
                return constant(float(number[1]))
            except ValueError:
                raise ModelError(f"constant(value) needs a number, got '{initialiser}'.") from None
        return chosen("initialiser", initialiser, _BY_NAME)
    raise ModelError(
        f"an initialiser is a name such as 'he_uniform', or Initialiser(name, draw) with draw(generator, shape, fan_in, "
        f"fan_out), not {initialiser!r}."
    )
