"""One step of gradient descent on the tutorial's quadratic: steepest's loop against the same loop by hand.

The same loop: the gradient by the same differentiation, the loss and the gradient tested for being finite and for being at the
minimum, and a row of the history, a step.
"""

from __future__ import annotations

import math
from time import perf_counter, process_time

import numpy as np

import steepest as sd

STEPS = 2000
ROUNDS = 15
RATE = 1e-5


def model(params, t):  # type: ignore[no-untyped-def]
    return params["a"] * t**2 + params["b"] * t + params["c"]


def by_run(t: np.ndarray, y: np.ndarray) -> None:
    problem = sd.Problem(model, {"a": 0.0, "b": 0.0, "c": 0.0}, t, y)
    sd.Run(problem, sd.Descent(sd.GradientDescent(), RATE), steps=STEPS, engine="numpy").finish()


def by_hand_with_tensors(t: np.ndarray, y: np.ndarray) -> None:
    params = {name: np.array(0.0) for name in "abc"}
    rows = []
    began = perf_counter()
    with np.errstate(all="ignore"):
        for step in range(STEPS):
            leaves = {name: sd.tensor(x).requires_grad_() for name, x in params.items()}
            loss = ((model(leaves, t) - y) ** 2).mean()
            loss.backward()
            value = loss.item()
            gradient = np.array([x.grad.data for x in leaves.values()])
            if not (math.isfinite(value) and np.isfinite(gradient).all()):
                raise ArithmeticError(f"not finite at step {step}")
            if np.abs(gradient).max() <= 1e-8 * abs(value):
                break
            rows.append((step, value, math.sqrt(gradient @ gradient), RATE, perf_counter() - began))
            params = {name: x - RATE * leaves[name].grad.data for name, x in params.items()}


def by_hand_with_numpy(t: np.ndarray, y: np.ndarray) -> None:
    a = b = c = 0.0
    for _ in range(STEPS):
        residual = a * t**2 + b * t + c - y
        slope = 2 / len(t) * residual
        a, b, c = a - RATE * (slope @ t**2), b - RATE * (slope @ t), c - RATE * slope.sum()


def main() -> None:
    t = np.arange(20.0)
    y = 0.5 * (t - 9.5) ** 2 + 1
    ways = {"steepest, Run": by_run, "steepest, by hand": by_hand_with_tensors, "NumPy, by hand": by_hand_with_numpy}
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = process_time()
            way(t, y)
            best[name] = min(best[name], (process_time() - began) / STEPS)
    print(f"{'':24}{'us a step':>10}{'/ NumPy':>10}")
    for name, value in best.items():
        print(f"{name:24}{value * 1e6:10.1f}{value / best['NumPy, by hand']:10.1f}")
    added = best["steepest, Run"] - best["steepest, by hand"]
    print(
        f"the loop adds {added * 1e6:.1f} us a step to the same loop by hand (the least of {ROUNDS} rounds of {STEPS} steps each)"
    )
