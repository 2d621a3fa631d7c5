"""The rules follow PyTorch's recorded trajectories (tests/reference/rules_torch.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optim.family import RECORDED, descend, network, rosenbrock
from steepest.optim.adam_family import AdaMax, AdamW, AMSGrad, Nadam, RAdam
from steepest.optim.adaptive import Adadelta, Adagrad, RMSprop
from steepest.optim.chain import chain
from steepest.optim.decay import DecoupledWeightDecay, WeightDecay
from steepest.optim.rprop import Rprop
from steepest.optim.rules import Adam, GradientDescent, Momentum
from steepest.optim.schedules import InverseTimeDecay
from steepest.optim.sgd import SGD, Nesterov

SMALL = WeightDecay(0.01)
CASES: dict[str, tuple[Any, Any]] = {
    "sgd": (SGD(), 1e-3),
    "sgd_momentum": (SGD(momentum=0.9), 2e-4),
    "sgd_dampening": (SGD(momentum=0.8, dampening=0.5, weight_decay=0.1), 5e-4),
    "sgd_nesterov": (SGD(momentum=0.9, nesterov=True, weight_decay=0.01), 2e-4),
    "adagrad": (Adagrad(), 0.01),
    "adagrad_options": (chain(SMALL, Adagrad(epsilon=1e-6, initial=0.1)), InverseTimeDecay(0.5, 0.01)),
    "adadelta": (Adadelta(), 1.0),
    "adadelta_options": (chain(SMALL, Adadelta(0.95, 1e-4)), 0.5),
    "rmsprop": (RMSprop(), 0.01),
    "rmsprop_centred": (RMSprop(centred=True), 0.002),
    "rmsprop_options": (chain(SMALL, RMSprop(0.9, 1e-4, 0.5, True)), 0.002),
    "adam": (Adam(), 1e-3),
    "adam_options": (chain(SMALL, Adam(0.8, 0.99, 1e-6)), 0.05),
    "adamax": (AdaMax(), 2e-3),
    "adamax_options": (chain(SMALL, AdaMax(0.8, 0.9, 1e-6)), 0.05),
    "nadam": (Nadam(), 2e-3),
    "nadam_options": (chain(SMALL, Nadam(0.8, 0.99, momentum_decay=0.1)), 0.05),
    "nadam_decoupled": (chain(Nadam(), DecoupledWeightDecay(0.1)), 0.02),
    "radam": (RAdam(), 1e-3),
    "radam_options": (chain(SMALL, RAdam(0.8, 0.9, 1e-6)), 0.002),
    "radam_decoupled": (chain(RAdam(), DecoupledWeightDecay(0.1)), 0.002),
    "amsgrad": (AMSGrad(), 1e-3),
    "amsgrad_options": (AMSGrad(0.9, 0.5), 0.1),
    "adamw": (AdamW(), 1e-3),
    "adamw_options": (AdamW(0.8, 0.99, weight_decay=0.2), 0.05),
    "adamw_amsgrad": (chain(AMSGrad(0.9, 0.9), DecoupledWeightDecay(0.2)), 0.05),
    "rprop": (Rprop(), 0.01),
    "rprop_options": (Rprop(0.4, 1.5, 1e-4, 0.15), 0.1),
}  # fmt: skip


def test_every_recorded_case_is_compared() -> None:
    assert CASES.keys() == RECORDED["trajectories"].keys()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("where", ["rosenbrock", "network"])
def test_follows_pytorch(case: str, where: str) -> None:
    rule, rate = CASES[case]
    objective, kept = (rosenbrock, [0, 1]) if where == "rosenbrock" else (network, RECORDED["network"]["kept"])
    path = descend(rule, objective, np.array(RECORDED[where]["start"]), rate, 100)
    ours = np.array([path[step - 1][kept] for step in RECORDED["steps"]])
    theirs = np.array(RECORDED["trajectories"][case][where])
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=0)


@pytest.mark.parametrize(
    ("case", "rule", "rate"),
    [
        ("sgd", GradientDescent(), 1e-3),
        ("sgd_momentum", Momentum(0.9), 2e-4),
        ("sgd_nesterov", chain(SMALL, Momentum(0.9, nesterov=True)), 2e-4),
        ("sgd_nesterov", chain(SMALL, Nesterov(0.9)), 2e-4),
        ("adamw", chain(Adam(), DecoupledWeightDecay(0.01)), 1e-3),
    ],
)
def test_other_ways_to_say_the_same(case: str, rule: Any, rate: float) -> None:
    path = descend(rule, network, np.array(RECORDED["network"]["start"]), rate, 100)
    ours = np.array([path[step - 1][RECORDED["network"]["kept"]] for step in RECORDED["steps"]])
    np.testing.assert_allclose(ours, RECORDED["trajectories"][case]["network"], rtol=1e-10, atol=0)
