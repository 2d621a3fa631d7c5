"""One step of gradient descent on the tutorial's quadratic: steepest's loop against the same operations by hand."""

from __future__ import annotations

from time import perf_counter

import numpy as np

import steepest as sd

STEPS = 2000
ROUNDS = 7
RATE = 1e-5


def model(params, t):  # type: ignore[no-untyped-def]
    return params["a"] * t**2 + params["b"] * t + params["c"]


def by_run(t: np.ndarray, y: np.ndarray) -> None:
    problem = sd.Problem(model, {"a": 0.0, "b": 0.0, "c": 0.0}, t, y)
    sd.Run(problem, sd.Descent(sd.GradientDescent(), RATE), steps=STEPS).finish()


def by_hand_with_tensors(t: np.ndarray, y: np.ndarray) -> None:
    params = {name: sd.tensor(0.0).requires_grad_() for name in "abc"}
    for _ in range(STEPS):
        loss = ((model(params, t) - y) ** 2).mean()
        loss.backward()
        for p in params.values():
            p.data -= RATE * p.grad.data
            p.grad = None


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
            began = perf_counter()
            way(t, y)
            best[name] = min(best[name], (perf_counter() - began) / STEPS)
    print(f"{'':24}{'us a step':>10}{'/ NumPy':>10}")
    for name, value in best.items():
        print(f"{name:24}{value * 1e6:10.1f}{value / best['NumPy, by hand']:10.1f}")
