"""Weight decay, coupled and decoupled, for any rule."""

from __future__ import annotations

from dataclasses import dataclass

from steepest.base import checks
from steepest.base.params import Array
from steepest.optim.chain import Transformation
from steepest.optim.rules import RuleState


@dataclass(frozen=True)
class WeightDecay(Transformation):
    """Coupled weight decay: the gradient of the penalty decay / 2 * |w|**2, added to the gradient. Before the rule.

    g <- g + decay * w: what ``weight_decay`` means in all PyTorch optimisers but AdamW. Adaptive rules divide it by the root
    of the mean square like any gradient, so that parameters with large gradients decay less than intended.

    Parameters
    ----------
    decay : float

    Examples
    --------
    >>> import numpy as np
    >>> WeightDecay(0.5).update(np.array([1.0]), {}, np.array([2.0]), 0.1, 0)[0]
    array([2.])
    """

    decay: float
    place = "before"

    def __post_init__(self) -> None:
        checks.not_negative("WeightDecay's decay", self.decay)

    @property
    def phrase(self) -> str:
        return f"weight decay {self.decay:g}"

    def update(self, vector: Array, state: RuleState, params: Array, rate: float, step: int) -> tuple[Array, RuleState]:
        return vector + self.decay * params, state


@dataclass(frozen=True)
class DecoupledWeightDecay(Transformation):
    """Decoupled weight decay (Loshchilov and Hutter, ICLR 2019): the change gets -rate * decay * w. After the rule.

    With plain gradient descent it is the same as `WeightDecay`; with adaptive rules all parameters decay alike. `AdamW` is
    ``chain(Adam(), DecoupledWeightDecay(0.01))``.

    Parameters
    ----------
    decay : float
        Multiplied by the rate, as in PyTorch.

    Examples
    --------
    >>> import numpy as np
    >>> DecoupledWeightDecay(0.5).update(np.array([-0.25]), {}, np.array([2.0]), 0.25, 0)[0]
    array([-0.5])
    """

    decay: float
    place = "after"

    def __post_init__(self) -> None:
        checks.not_negative("DecoupledWeightDecay's decay", self.decay)

    @property
    def phrase(self) -> str:
        return f"decoupled weight decay {self.decay:g}"

    def update(self, vector: Array, state: RuleState, params: Array, rate: float, step: int) -> tuple[Array, RuleState]:
        return vector - rate * self.decay * params, state
