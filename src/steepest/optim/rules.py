"""Descent rules: pure `init` and `update`, from a gradient to a change of the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from steepest.base import checks
from steepest.base.params import Array

RuleState = dict[str, Any]


class Rule(Protocol):
    """From a gradient to a change.

    ``init(params)`` gives the state (arrays of the shape of the flat parameters); ``update(gradient, state, params, rate, step)``
    gives ``(change, state)``, and the loop adds the change. The rate and the step number (from 0) are inputs, never baked in.
    """

    name: str

    def init(self, params: Array) -> RuleState: ...
    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]: ...


@dataclass(frozen=True)
class GradientDescent:
    """Plain gradient descent, w <- w - rate * g (Cauchy, C. R. Acad. Sci. 25, 1847); PyTorch's ``SGD`` without momentum.

    Examples
    --------
    >>> import numpy as np
    >>> change, _ = GradientDescent().update(np.array([2.0]), {}, np.array([1.0]), 0.1, 0)
    >>> change
    array([-0.2])
    """

    name = "gradient descent"

    def init(self, params: Array) -> RuleState:
        return {}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        return -rate * gradient, state


@dataclass(frozen=True)
class Momentum:
    """Heavy-ball momentum: v <- beta v + g, w <- w - rate * v (Polyak, USSR Comput. Math. Math. Phys. 4, 1964).

    As in PyTorch the rate multiplies v, not g, so that a change of the rate acts at once; Polyak's own form is the same for a
    constant rate. With ``nesterov=True`` the step is -rate * (g + beta v) (Sutskever et al., ICML 2013).

    Parameters
    ----------
    beta : float in [0, 1)
        How much of the velocity stays; the v after a long constant slope is g / (1 - beta).
    nesterov : bool

    Raises
    ------
    ModelError
        beta is not in [0, 1).

    Examples
    --------
    >>> rule = Momentum(0.5)
    >>> w, g = np.array([1.0]), np.array([2.0])
    >>> first, state = rule.update(g, rule.init(w), w, 0.1, 0)
    >>> second, state = rule.update(g, state, w, 0.1, 1)
    >>> first, second
    (array([-0.2]), array([-0.3]))
    """

    beta: float = 0.9
    nesterov: bool = False
    name = "momentum"

    def __post_init__(self) -> None:
        checks.fraction("momentum's beta", self.beta)

    def init(self, params: Array) -> RuleState:
        return {"velocity": np.zeros_like(params)}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        velocity = self.beta * state["velocity"] + gradient
        direction = gradient + self.beta * velocity if self.nesterov else velocity
        return -rate * direction, {"velocity": velocity}


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba, ICLR 2015, algorithm 1), as in the paper and in PyTorch.

    m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g**2;  with t = step + 1
    w <- w - rate * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + epsilon)

    Parameters
    ----------
    beta1, beta2 : float in [0, 1)
        Decay of the mean and of the mean square of the gradient.
    epsilon : float
        Added to the root, in the unit of the gradient.

    Raises
    ------
    ModelError
        A beta is not in [0, 1), or epsilon is negative.

    Notes
    -----
    The paper's and PyTorch's rate is 0.001; unless one is given, a descent here begins with 0.01.

    Examples
    --------
    >>> rule = Adam()
    >>> w = np.zeros(2)
    >>> rule.update(np.array([4.0, -0.5]), rule.init(w), w, 0.1, 0)[0].round(6)
    array([-0.1,  0.1])
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    name = "Adam"
    usual_rate = 0.01

    def __post_init__(self) -> None:
        checks.fraction("Adam's beta1", self.beta1)
        checks.fraction("Adam's beta2", self.beta2)
        checks.not_negative("Adam's epsilon", self.epsilon)

    def init(self, params: Array) -> RuleState:
        return {"mean": np.zeros_like(params), "mean_square": np.zeros_like(params)}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        mean = self.beta1 * state["mean"] + (1.0 - self.beta1) * gradient
        mean_square = self.beta2 * state["mean_square"] + (1.0 - self.beta2) * gradient * gradient
        t = step + 1
        root = np.sqrt(mean_square / (1.0 - self.beta2**t)) + self.epsilon
        return -rate / (1.0 - self.beta1**t) * mean / root, {"mean": mean, "mean_square": mean_square}
