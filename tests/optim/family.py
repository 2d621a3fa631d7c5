"""All descent rules, and what they are tried on: objectives with gradients by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from steepest.optim.adam_family import AdaMax, AdamW, AMSGrad, Nadam, RAdam
from steepest.optim.adaptive import Adadelta, Adagrad, RMSprop
from steepest.optim.chain import chain
from steepest.optim.clipping import ClipGlobalNorm, ClipValue
from steepest.optim.decay import DecoupledWeightDecay, WeightDecay
from steepest.optim.rprop import Rprop
from steepest.optim.rules import Adam, GradientDescent, Momentum
from steepest.optim.sgd import SGD, Nesterov

RECORDED = json.loads((Path(__file__).parents[1] / "reference" / "rules_torch.json").read_text())

# name -> rule, a rate that works on a parabola with curvature 2, and one for Rosenbrock's valley
RULES: dict[str, tuple[Any, float, float]] = {
    "gradient_descent": (GradientDescent(), 0.1, 1e-3),
    "momentum": (Momentum(), 0.02, 2e-4),
    "sgd": (SGD(), 0.1, 1e-3),
    "sgd_dampened": (SGD(momentum=0.9, dampening=0.5), 0.05, 5e-4),
    "sgd_nesterov": (SGD(momentum=0.9, nesterov=True), 0.02, 2e-4),
    "nesterov": (Nesterov(), 0.02, 2e-4),
    "nesterov_growing": (Nesterov(None), 0.1, 5e-4),
    "adagrad": (Adagrad(), 0.5, 0.3),
    "adadelta": (Adadelta(), 1.0, 1.0),
    "rmsprop": (RMSprop(), 0.01, 2e-3),
    "rmsprop_centred": (RMSprop(rho=0.9, momentum=0.5, centred=True), 2e-3, 5e-4),
    "adam": (Adam(), 0.05, 0.01),
    "adamax": (AdaMax(), 0.05, 0.02),
    "nadam": (Nadam(), 0.05, 0.01),
    "radam": (RAdam(), 0.02, 1e-3),
    "amsgrad": (AMSGrad(), 0.05, 0.01),
    "adamw": (AdamW(weight_decay=1e-4), 0.05, 0.01),
    "rprop": (Rprop(), 0.1, 0.01),
    "clipped": (chain(ClipGlobalNorm(5.0), Momentum()), 0.02, 2e-4),
    "decayed": (chain(ClipValue(50.0), WeightDecay(1e-4), Nadam(), DecoupledWeightDecay(1e-4)), 0.05, 0.01),
}


def parabola(w: np.ndarray) -> tuple[float, np.ndarray]:
    """|w - 0.5|**2, its gradient, in the precision of w."""
    return float(np.sum((w - w.dtype.type(0.5)) ** 2)), 2 * (w - w.dtype.type(0.5))


def rosenbrock(w: np.ndarray) -> tuple[float, np.ndarray]:
    a, b = w
    gap = b - a * a
    return float((1 - a) ** 2 + 100 * gap**2), np.array([-2 * (1 - a) - 400 * a * gap, 200 * gap], dtype=w.dtype)


INPUTS, TARGET = np.array(RECORDED["network"]["inputs"]), np.array(RECORDED["network"]["target"])


def network(w: np.ndarray) -> tuple[float, np.ndarray]:
    """The recorded network, 2-4-1 with tanh, and its gradient by the chain rule."""
    v, n = w[12:16], len(TARGET)
    hidden = np.tanh(INPUTS @ w[:8].reshape(2, 4) + w[8:12])
    error = hidden @ v + w[16] - TARGET
    slope = 2 / n * np.outer(error, v) * (1 - hidden**2)
    parts = [np.ravel(INPUTS.T @ slope), slope.sum(axis=0), 2 / n * hidden.T @ error, [2 * error.mean()]]
    return float(np.mean(error**2)), np.concatenate(parts)


def descend(rule: Any, objective: Any, w: np.ndarray, rate: Any, steps: int) -> list[np.ndarray]:
    """The parameters after each step, by the loop that rules are made for."""
    state, seen = rule.init(w), []
    for step in range(steps):
        change, state = rule.update(objective(w)[1], state, w, rate(step) if callable(rate) else rate, step)
        w = w + change
        seen.append(w)
    return seen
