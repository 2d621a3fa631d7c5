"""Adam's relatives: AdaMax, Nadam, RAdam, AMSGrad, AdamW."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steepest.base import checks
from steepest.base.params import Array
from steepest.optim.rules import Adam, RuleState


@dataclass(frozen=True)
class _Moments:
    """Running means of the gradient and of its square, as in `Adam`:

    m <- beta1 * m + (1 - beta1) * g;  v <- beta2 * v + (1 - beta2) * g**2;  t = step + 1
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    name = "moments"
    usual_rate = 0.01

    def __post_init__(self) -> None:
        checks.fraction(f"{self.name}'s beta1", self.beta1)
        checks.fraction(f"{self.name}'s beta2", self.beta2)
        checks.epsilon(f"{self.name}'s epsilon", self.epsilon)

    def init(self, params: Array) -> RuleState:
        return {"mean": np.zeros_like(params), "mean_square": np.zeros_like(params)}

    def _moments(self, gradient: Array, state: RuleState) -> tuple[Array, Array]:
        mean = self.beta1 * state["mean"] + (1.0 - self.beta1) * gradient
        return mean, self.beta2 * state["mean_square"] + (1.0 - self.beta2) * gradient * gradient


@dataclass(frozen=True)
class AdaMax(_Moments):
    """AdaMax (Kingma and Ba, ICLR 2015, algorithm 2): Adam with the largest recent gradient in place of the mean square.

    m <- beta1 * m + (1 - beta1) * g;  u <- max(beta2 * u, |g| + epsilon);  t = step + 1
    w <- w - rate / (1 - beta1**t) * m / u

    Parameters
    ----------
    beta1, beta2 : float in [0, 1)
    epsilon : float
        PyTorch's; the paper has none and divides by 0 where no gradient has been yet.

    Examples
    --------
    >>> rule = AdaMax()
    >>> w = np.zeros(2)
    >>> rule.update(np.array([4.0, -0.5]), rule.init(w), w, 0.1, 0)[0].round(6)
    array([-0.1,  0.1])
    """

    name = "AdaMax"

    def init(self, params: Array) -> RuleState:
        return {"mean": np.zeros_like(params), "largest": np.zeros_like(params)}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        mean = self.beta1 * state["mean"] + (1.0 - self.beta1) * gradient
        largest = np.maximum(self.beta2 * state["largest"], np.abs(gradient) + self.epsilon)
        return -rate / (1.0 - self.beta1 ** (step + 1)) * mean / largest, {"mean": mean, "largest": largest}


@dataclass(frozen=True)
class Nadam(_Moments):
    """Nadam (Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016): Adam that looks ahead.

    mu_t = beta1 * (1 - 0.96**(t * momentum_decay) / 2);  P_t = mu_1 * ... * mu_t;  t = step + 1;  m, v as in Adam
    d = mu_(t+1) * m / (1 - P_(t+1)) + (1 - mu_t) * g / (1 - P_t)
    w <- w - rate * d / (sqrt(v / (1 - beta2**t)) + epsilon)

    Parameters
    ----------
    beta1, beta2 : float in [0, 1)
    epsilon : float
    momentum_decay : float
        How fast mu rises from beta1 / 2 to beta1.

    Notes
    -----
    As in PyTorch, m is Adam's mean with beta1; in Dozat's algorithm 2 it decays with mu_t. His momentum_decay is 1 / 250.

    Examples
    --------
    >>> rule = Nadam()
    >>> w = np.zeros(2)
    >>> rule.update(np.array([4.0, -0.5]), rule.init(w), w, 0.1, 0)[0].round(6)
    array([-0.105645,  0.105645])
    """

    momentum_decay: float = 4e-3
    name = "Nadam"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.not_negative("Nadam's momentum_decay", self.momentum_decay)

    def init(self, params: Array) -> RuleState:
        return {**super().init(params), "product": 1.0}

    def _mu(self, t: int) -> float:
        mu: float = self.beta1 * (1.0 - 0.5 * 0.96 ** (t * self.momentum_decay))
        return mu

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        mean, mean_square = self._moments(gradient, state)
        t = step + 1
        mu, ahead = self._mu(t), self._mu(t + 1)
        product = state["product"] * mu
        direction = ahead / (1.0 - product * ahead) * mean + (1.0 - mu) / (1.0 - product) * gradient
        root = np.sqrt(mean_square / (1.0 - self.beta2**t)) + self.epsilon
        return -rate * direction / root, {"mean": mean, "mean_square": mean_square, "product": product}


@dataclass(frozen=True)
class RAdam(_Moments):
    """RAdam (Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020, algorithm 2).

    rho_max = 2 / (1 - beta2) - 1;  rho = rho_max - 2 * t * beta2**t / (1 - beta2**t);  t = step + 1;  m, v as in Adam
    r = sqrt((rho - 4) * (rho - 2) * rho_max / ((rho_max - 4) * (rho_max - 2) * rho))
    rho > 5: w <- w - rate * m / (1 - beta1**t) * r * sqrt(1 - beta2**t) / (sqrt(v) + epsilon)
    else:    w <- w - rate * m / (1 - beta1**t)

    Parameters
    ----------
    beta1, beta2 : float in [0, 1)
    epsilon : float
        PyTorch's; the paper has none.

    Notes
    -----
    The paper rectifies from rho > 4, PyTorch and this rule from rho > 5. Before that (5 steps with beta2 = 0.999, all steps with
    beta2 <= 0.6), a step is as long as the gradient, not scaled by it.

    Examples
    --------
    >>> rule = RAdam()
    >>> w = np.zeros(1)
    >>> rule.update(np.array([4.0]), rule.init(w), w, 0.1, 0)[0].round(6)
    array([-0.4])
    """

    name = "RAdam"

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        mean, mean_square = self._moments(gradient, state)
        t = step + 1
        unbiased = 1.0 - self.beta2**t
        longest = 2.0 / (1.0 - self.beta2) - 1.0
        change = -rate / (1.0 - self.beta1**t) * mean
        if longest > 5.0:
            length = longest - 2.0 * t * self.beta2**t / unbiased  # of a simple moving average like ours
            rectified = length > 5.0
            long = 5.0 + (length - 5.0) * rectified
            r = ((long - 4.0) * (long - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * long)) ** 0.5
            scale = (r * unbiased**0.5) / (np.sqrt(mean_square) + self.epsilon)
            change = change * np.where(rectified, scale, 1.0)
        return change, {"mean": mean, "mean_square": mean_square}


@dataclass(frozen=True)
class AMSGrad(_Moments):
    """AMSGrad (Reddi, Kale and Kumar, "On the convergence of Adam and beyond", ICLR 2018): steps never grow back.

    V <- max(V, v);  t = step + 1;  m, v as in Adam
    w <- w - rate * (m / (1 - beta1**t)) / (sqrt(V / (1 - beta2**t)) + epsilon)

    Parameters
    ----------
    beta1, beta2 : float in [0, 1)
    epsilon : float

    Notes
    -----
    The paper has neither bias corrections nor epsilon; PyTorch's ``Adam(amsgrad=True)`` and this rule do, and the maximum is of
    the uncorrected v.

    Examples
    --------
    >>> rule = AMSGrad()
    >>> w = np.zeros(2)
    >>> rule.update(np.array([4.0, -0.5]), rule.init(w), w, 0.1, 0)[0].round(6)
    array([-0.1,  0.1])
    """

    name = "AMSGrad"

    def init(self, params: Array) -> RuleState:
        return {**super().init(params), "largest": np.zeros_like(params)}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        mean, mean_square = self._moments(gradient, state)
        t = step + 1
        largest = np.maximum(state["largest"], mean_square)
        root = np.sqrt(largest / (1.0 - self.beta2**t)) + self.epsilon
        change = -rate / (1.0 - self.beta1**t) * mean / root
        return change, {"mean": mean, "mean_square": mean_square, "largest": largest}


@dataclass(frozen=True)
class AdamW(Adam):
    """AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2).

    w <- w - rate * weight_decay * w - (Adam's step): the decay is not divided by the root of v, as one in the gradient would be.

    Parameters
    ----------
    beta1, beta2, epsilon
        See `Adam`.
    weight_decay : float

    Notes
    -----
    In the paper a schedule multiplies both terms, but the decay stands outside of the rate; in PyTorch and here it is
    multiplied by the rate too, so their weight_decay is the paper's divided by the rate. For other rules see
    `DecoupledWeightDecay`.

    Examples
    --------
    >>> rule = AdamW(weight_decay=0.5)
    >>> w = np.array([2.0])
    >>> rule.update(np.array([4.0]), rule.init(w), w, 0.1, 0)[0].round(6)
    array([-0.2])
    """

    weight_decay: float = 0.01
    name = "AdamW"
    usual_rate = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.not_negative("AdamW's weight_decay", self.weight_decay)

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        change, state = super().update(gradient, state, params, rate, step)
        return change - rate * self.weight_decay * params, state
