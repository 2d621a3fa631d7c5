"""The toy network, a noisy sine by 1-20-20-1: `python -m benchmarks.results.toy`."""

from __future__ import annotations

import numpy as np

import steepest as sd

SEEDS = range(5)
STEPS = 250


def rate(step: int) -> float:
    """0.075, times 0.998 before each step: 0.045467 at the last."""
    return 0.075 * 0.998 ** (step + 1)


def train(activation: str, seed: int) -> float:
    """The training MSE after all steps of plain gradient descent on all 128 rows."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.standard_normal(128))
    y = np.sin(np.pi * x / 2) + 0.3 * rng.standard_normal(128)
    net = sd.MLP("toy", 1, [20, 20], 1, activation)
    params, state = net.init(sd.Key(seed))
    problem = sd.Problem(net, params, x[:, None], y[:, None], state=state)
    return sd.Run(problem, sd.Descent(learning_rate=rate), steps=STEPS, seed=seed).finish().loss


def main() -> None:
    print(f"Toy network: MSE after {STEPS} steps; the noise has a variance of 0.09   ({len(SEEDS)} seeds)")
    print(f"{'':12}{'mean':>8}{'lowest':>9}{'highest':>9}")
    for activation in ("relu", "tanh"):
        losses = [train(activation, seed) for seed in SEEDS]
        print(f"{activation:12}{np.mean(losses):8.4f}{min(losses):9.4f}{max(losses):9.4f}", flush=True)


if __name__ == "__main__":
    main()
