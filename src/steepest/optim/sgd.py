"""Gradient descent with the options of `torch.optim.SGD`, and Nesterov's accelerated gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steepest.base import checks
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.optim.rules import RuleState


@dataclass(frozen=True)
class SGD:
    """Gradient descent with momentum, dampening, Nesterov's step and weight decay, as `torch.optim.SGD` has them.

    g <- g + weight_decay * w
    v <- momentum * v + (1 - dampening) * g, but v = g at the first step
    w <- w - rate * v, or with nesterov w <- w - rate * (g + momentum * v)

    "Stochastic" is what the batches make of it: with all rows in each step this is plain gradient descent. Sources: Robbins and
    Monro, Ann. Math. Statist. 22, 1951; Sutskever et al., ICML 2013.

    Parameters
    ----------
    momentum, dampening : float in [0, 1)
    nesterov : bool
        Needs momentum, and no dampening.
    weight_decay : float
        Gradient of the penalty weight_decay / 2 * |w|**2, added to g.

    Notes
    -----
    Polyak and Sutskever put the rate inside v (v <- momentum * v - rate * g), here and in PyTorch it stands outside: the same
    for a constant rate; when the rate changes, it acts on the whole velocity at once.

    Examples
    --------
    >>> rule = SGD(momentum=0.5)
    >>> w, g = np.array([1.0]), np.array([2.0])
    >>> first, state = rule.update(g, rule.init(w), w, 0.1, 0)
    >>> second, state = rule.update(g, state, w, 0.1, 1)
    >>> first, second
    (array([-0.2]), array([-0.3]))
    """

    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    name = "SGD"

    def __post_init__(self) -> None:
        checks.fraction("SGD's momentum", self.momentum)
        checks.fraction("SGD's dampening", self.dampening)
        checks.not_negative("SGD's weight_decay", self.weight_decay)
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise ModelError(
                f"SGD's nesterov needs a momentum above 0 and a dampening of 0; they are {self.momentum!r} and "
                f"{self.dampening!r}."
            )

    def init(self, params: Array) -> RuleState:
        return {"velocity": np.zeros_like(params)} if self.momentum else {}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        if self.weight_decay:
            gradient = gradient + self.weight_decay * params
        if not self.momentum:
            return -rate * gradient, state
        kept = 1.0 - self.dampening * (step > 0)
        velocity = self.momentum * state["velocity"] + kept * gradient
        direction = gradient + self.momentum * velocity if self.nesterov else velocity
        return -rate * direction, {"velocity": velocity}


@dataclass(frozen=True)
class Nesterov:
    """Nesterov's accelerated gradient (Soviet Math. Dokl. 27, 1983; Sutskever et al., ICML 2013).

    x_new = y - rate * grad f(y);  y_new = x_new + beta * (x_new - x)

    The parameters of the run are the look-ahead point y, where the gradient is taken. With v = (x - x_new) / rate this is
    v <- beta * v + g, y <- y - rate * (g + beta * v): the form of `torch.optim.SGD(nesterov=True)`.

    Parameters
    ----------
    beta : float in [0, 1), or None
        How much of the velocity stays. None is Nesterov's own growing sequence (t_k - 1) / t_(k+1) with t_1 = 1 and
        t_(k+1) = (1 + sqrt(1 + 4 t_k**2)) / 2: on convex functions the error falls as 1 / steps**2 when rate <= 1 / curvature.

    Examples
    --------
    >>> rule = Nesterov(0.5)
    >>> w = np.array([1.0])
    >>> rule.update(np.array([2.0]), rule.init(w), w, 0.1, 0)[0]
    array([-0.3])
    """

    beta: float | None = 0.9
    name = "Nesterov momentum"

    def __post_init__(self) -> None:
        if self.beta is not None:
            checks.fraction("Nesterov's beta", self.beta)

    def init(self, params: Array) -> RuleState:
        # beta belongs to a pair of steps: what this step looks ahead by is what the next one keeps.
        return {"velocity": np.zeros_like(params), "kept": 0.0, "t": 1.0}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        velocity = state["kept"] * state["velocity"] + gradient
        t = (1.0 + (1.0 + 4.0 * state["t"] ** 2) ** 0.5) / 2.0
        beta = (state["t"] - 1.0) / t if self.beta is None else self.beta
        return -rate * (gradient + beta * velocity), {"velocity": velocity, "kept": beta, "t": t}
