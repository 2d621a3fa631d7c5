"""What the first layer of a network gets of the error gradient of its last one, before any training."""

from __future__ import annotations

import numpy as np

import steepest as sd
from steepest.doctor.probes import measure

ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "tanh", "sigmoid")
WIDTH, ROWS, FEATURES, SEEDS = 32, 64, 10, 5


def at_start(activation: str, initialiser: str | None, layers: int, seed: int) -> float:
    """The norm of the error gradient behind the first Linear layer, over that behind the last one."""
    x = np.random.default_rng(0).standard_normal((ROWS, FEATURES))
    net = sd.MLP(FEATURES, [WIDTH] * layers, 1, activation, weight_init=initialiser)
    params, state = net.init(seed)
    run = sd.Run(sd.Problem(net, params, x, np.sin(x[:, :1]), state=state), sd.Descent(sd.SGD(), 0.1))
    probe = measure(run, run.params, state, 0)
    assert probe is not None
    return float(probe.gradient_norm[0] / probe.gradient_norm[-1])


def main() -> None:
    print(f"{'':32}{'10 hidden layers':^24}{'20 hidden layers':^24}   gradient of the first layer / of the last")
    for initialiser in (None, "torch_default"):
        for activation in ACTIVATIONS:
            cells = []
            for layers in (10, 20):
                totals = [at_start(activation, initialiser, layers, seed) for seed in range(SEEDS)]
                cells.append(f"{min(totals):.1e} to {max(totals):.1e}")
            print(f"{activation:12}{initialiser or 'the one that suits':20}{cells[0]:^24}{cells[1]:^24}")
