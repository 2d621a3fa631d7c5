"""Rules with one step size for each parameter: Adagrad, Adadelta, RMSprop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steepest.base import checks
from steepest.base.params import Array
from steepest.optim.rules import RuleState


@dataclass(frozen=True)
class Adagrad:
    """Adagrad (Duchi, Hazan and Singer, JMLR 12, 2011, the diagonal form): steps shrink as squared gradients pile up.

    s <- s + g**2;  w <- w - rate * g / (sqrt(s) + epsilon)

    Parameters
    ----------
    epsilon : float
        Added to the root (delta in the paper), in the unit of the gradient.
    initial : float
        What s starts from; 0 in the paper.

    Notes
    -----
    PyTorch agrees (``eps``, ``initial_accumulator_value``); its ``lr_decay`` is the schedule `InverseTimeDecay`, its
    ``weight_decay`` is `WeightDecay` in a `chain`.

    Examples
    --------
    >>> rule = Adagrad()
    >>> w = np.zeros(2)
    >>> rule.update(np.array([4.0, -0.01]), rule.init(w), w, 0.5, 0)[0].round(6)
    array([-0.5,  0.5])
    """

    epsilon: float = 1e-10
    initial: float = 0.0
    name = "Adagrad"
    usual_rate = 0.1

    def __post_init__(self) -> None:
        checks.epsilon("Adagrad's epsilon", self.epsilon)
        checks.not_negative("Adagrad's initial", self.initial)

    def init(self, params: Array) -> RuleState:
        return {"sum": np.full_like(params, self.initial)}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        total = state["sum"] + gradient * gradient
        return -rate * gradient / (np.sqrt(total) + self.epsilon), {"sum": total}


@dataclass(frozen=True)
class Adadelta:
    """Adadelta (Zeiler, arXiv:1212.5701, algorithm 1): the sizes of past changes stand in for a rate.

    s <- rho * s + (1 - rho) * g**2;  d = sqrt(u + epsilon) / sqrt(s + epsilon) * g
    u <- rho * u + (1 - rho) * d**2;  w <- w - rate * d

    Parameters
    ----------
    rho : float in [0, 1)
        Decay of both running means; 0.95 in the paper's experiments, 0.9 in PyTorch and here.
    epsilon : float
        Inside both roots; the first change is about sqrt(epsilon), so a larger one starts faster.

    Notes
    -----
    The paper has no rate; PyTorch multiplies by one, whose default is 1. Otherwise they agree.

    Examples
    --------
    >>> rule = Adadelta()
    >>> w = np.zeros(1)
    >>> rule.update(np.array([3.0]), rule.init(w), w, 1.0, 0)[0].round(5)
    array([-0.00316])
    """

    rho: float = 0.9
    epsilon: float = 1e-6
    name = "Adadelta"
    usual_rate = 1.0

    def __post_init__(self) -> None:
        checks.fraction("Adadelta's rho", self.rho)
        checks.epsilon("Adadelta's epsilon", self.epsilon)

    def init(self, params: Array) -> RuleState:
        return {"mean_square": np.zeros_like(params), "mean_square_change": np.zeros_like(params)}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        s = self.rho * state["mean_square"] + (1.0 - self.rho) * gradient * gradient
        d = np.sqrt(state["mean_square_change"] + self.epsilon) / np.sqrt(s + self.epsilon) * gradient
        u = self.rho * state["mean_square_change"] + (1.0 - self.rho) * d * d
        return -rate * d, {"mean_square": s, "mean_square_change": u}


@dataclass(frozen=True)
class RMSprop:
    """RMSprop (Tieleman and Hinton, Coursera lecture 6.5, 2012; centred with momentum: Graves, arXiv:1308.0850, eq. 38-41).

    s <- rho * s + (1 - rho) * g**2
    centred: m <- rho * m + (1 - rho) * g, and s - m**2 (a variance) takes the place of s below
    v <- momentum * v + g / (sqrt(s) + epsilon);  w <- w - rate * v

    Parameters
    ----------
    rho : float in [0, 1)
        Decay of the running means; 0.9 in the lecture, 0.95 in Graves, 0.99 in PyTorch (``alpha``) and here.
    epsilon : float
        Added to the root, as in PyTorch; Graves has 1e-4 under the root.
    momentum : float in [0, 1)
    centred : bool
        Divide by the standard deviation. Where a gradient stays the same for long, that is nearly 0 and steps become huge.

    Notes
    -----
    Rounding may make s - m**2 negative; it counts as 0 then, where PyTorch gives NaN. Graves puts the rate inside v.

    Examples
    --------
    >>> rule = RMSprop(rho=0.75)
    >>> w = np.zeros(1)
    >>> rule.update(np.array([3.0]), rule.init(w), w, 0.1, 0)[0].round(6)
    array([-0.2])
    """

    rho: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0
    centred: bool = False
    name = "RMSprop"
    usual_rate = 0.01

    def __post_init__(self) -> None:
        checks.fraction("RMSprop's rho", self.rho)
        checks.epsilon("RMSprop's epsilon", self.epsilon)
        checks.fraction("RMSprop's momentum", self.momentum)

    def init(self, params: Array) -> RuleState:
        names = ("mean_square", *(("mean",) if self.centred else ()), *(("velocity",) if self.momentum else ()))
        return {name: np.zeros_like(params) for name in names}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        spread = self.rho * state["mean_square"] + (1.0 - self.rho) * gradient * gradient
        after = {"mean_square": spread}
        if self.centred:
            after["mean"] = self.rho * state["mean"] + (1.0 - self.rho) * gradient
            spread = np.maximum(spread - after["mean"] * after["mean"], 0.0)
        direction = gradient / (np.sqrt(spread) + self.epsilon)
        if self.momentum:
            direction = after["velocity"] = self.momentum * state["velocity"] + direction
        return -rate * direction, after
