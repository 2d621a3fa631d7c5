"""Animations of 100 frames, from the finished run to the bytes of the file: seconds and size."""

from __future__ import annotations

import resource
from time import perf_counter
from typing import Any

import numpy as np

import steepest as sd

FRAMES = 100


def rosenbrock(p: Any) -> Any:
    return (1 - p["x"]) ** 2 + 100 * (p["y"] - p["x"] ** 2) ** 2


def curve() -> Any:
    return sd.minimize(lambda z: z**2, -4.0, method="gradient_descent", learning_rate=0.01, steps=FRAMES)


def surface() -> Any:
    return sd.minimize(rosenbrock, {"x": -1.2, "y": 1.0}, method="gradient_descent", learning_rate=1e-3, steps=5000)


def race() -> Any:
    start = {"x": -1.2, "y": 1.0}
    rates = {"gradient_descent": 1e-3, "momentum": 1e-3, "rmsprop": 0.01, "adam": 0.05}
    return {n: sd.minimize(rosenbrock, start, method=n, learning_rate=rate, steps=1000) for n, rate in rates.items()}


def line() -> Any:
    x = np.arange(10.0)
    y = x + np.random.default_rng(0).normal(size=10)
    problem = sd.Problem(lambda p, x: p["a"] * x + p["b"], {"a": 0.0, "b": 0.0}, x, y)
    return sd.Run(problem, sd.Descent(learning_rate=0.01), steps=FRAMES).finish()


def networks() -> Any:
    """The toy sine by ReLU and tanh, 250 steps each."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.standard_normal(128))
    y = np.sin(np.pi * x / 2) + 0.3 * rng.standard_normal(128)
    runs = {}
    for activation in ("relu", "tanh"):
        net = sd.MLP(1, [20, 20], 1, activation)
        params, state = net.init(0)
        problem = sd.Problem(net, params, x[:, None], y[:, None], state=state)
        descent = sd.Descent(learning_rate=lambda step: 0.075 * 0.998 ** (step + 1))
        runs[activation] = sd.Run(problem, descent, steps=250).finish()
    return runs


SCENES = {
    "descent on a curve": (curve, sd.animate.curve),
    "descent on a surface": (surface, sd.animate.surface),
    "race of four methods": (race, sd.animate.surface),
    "line fit": (line, sd.animate.fit),
    "two networks": (networks, sd.animate.fit),
}


def main() -> None:
    print(f"{'':24}{'frames':>8}{'GIF':>9}{'':>9}{'HTML':>9}")
    for name, (runs, animate) in SCENES.items():
        subject = runs()
        began = perf_counter()
        seen = animate(subject, frames=FRAMES)
        prepared = perf_counter()
        gif = seen.gif()
        drawn = perf_counter()
        page = seen.html().encode()
        done = perf_counter()
        with_frames, with_page = drawn - began, prepared - began + done - drawn
        print(
            f"{name:24}{seen.frames:8d}{with_frames:8.2f}s{len(gif) / 1e6:7.2f}MB{with_page:8.2f}s{len(page) / 1e6:7.2f}MB"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
