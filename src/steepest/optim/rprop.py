"""Rprop: steps from the signs of the gradient alone, for full batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steepest.base import checks
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.optim.rules import RuleState


@dataclass(frozen=True)
class Rprop:
    """Resilient backpropagation (Riedmiller and Braun, IEEE ICNN 1993), in the form iRprop- (Igel and Huesken, NC 2000).

    For each parameter, with s the sign of its gradient and its step size d, which starts as the rate:
    s the same as before:  d <- min(grow * d, longest);   w <- w - d * s
    s turned:              d <- max(shrink * d, shortest); w stays, and the next sign counts as neither
    s or the one before 0: w <- w - d * s

    Parameters
    ----------
    shrink, grow : float
        Factors with 0 < shrink < 1 < grow (eta- and eta+).
    shortest, longest : float
        Bounds of the step size, in the units of the parameters.

    Notes
    -----
    For full batches: from batch to batch signs turn by chance. The rate is read at the first step, so a schedule has no effect.
    The paper takes the last step back when the sign turns; iRprop-, PyTorch and this rule stay where they are. PyTorch multiplies
    neighbouring gradients, which may underflow to 0; here their signs are compared.

    Examples
    --------
    >>> rule = Rprop()
    >>> w = np.zeros(2)
    >>> rule.update(np.array([4e9, -4e-9]), rule.init(w), w, 0.1, 0)[0]
    array([-0.1,  0.1])
    """

    shrink: float = 0.5
    grow: float = 1.2
    shortest: float = 1e-6
    longest: float = 50.0
    name = "Rprop"
    usual_rate = 0.01

    def __post_init__(self) -> None:
        checks.positive("Rprop's shrink", self.shrink)
        checks.positive("Rprop's grow", self.grow)
        checks.positive("Rprop's shortest step", self.shortest)
        checks.positive("Rprop's longest step", self.longest)
        if not self.shrink < 1 < self.grow:
            raise ModelError(f"Rprop needs shrink < 1 < grow; they are {self.shrink!r} and {self.grow!r}.")
        if self.shortest > self.longest:
            raise ModelError(f"Rprop's shortest step, {self.shortest!r}, is longer than its longest, {self.longest!r}.")

    def init(self, params: Array) -> RuleState:
        return {"sign": np.zeros_like(params), "size": np.zeros_like(params)}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        sign = np.sign(gradient)
        agreement = sign * state["sign"]
        size = np.where(state["size"] > 0, state["size"], rate)  # sizes are 0 only before the first step
        factor = np.where(agreement > 0, self.grow, np.where(agreement < 0, self.shrink, 1.0))
        size = np.clip(size * factor, self.shortest, self.longest).astype(params.dtype)
        sign = np.where(agreement < 0, np.zeros_like(sign), sign)
        return -size * sign, {"sign": sign, "size": size}
