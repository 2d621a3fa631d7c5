"""Ten thousand steps down log(cosh(x))."""

from __future__ import annotations

import numpy as np

import steepest as sd
from steepest.demos.stage import Stage


def show(stage: Stage) -> None:
    """log(cosh(x)) from 10 with the rate 0.0021."""
    stage.say("""tanh has no minimum, but log(cosh(x)) has one at 0, and its slope is tanh(x). From 10 the slope is 1 for a
        long way, so the descent goes down by the rate at each step; near 0 the slope is x itself, and each step
        takes away the same share.""")
    run = sd.minimize(
        lambda x: np.log(np.cosh(x)), 10.0, method="gradient_descent", learning_rate=0.0021, steps=10_000, tolerance=0,
        snapshots=250,
    )  # fmt: skip
    kept = run.history.snapshots
    steps = (0, 1000, 2500, 5000, 7500, 10_000)
    stage.show("\n".join(f"step {step:6,}   x = {float(kept[step]['x']):.6g}" for step in steps))
    stage.say("""Both halves are straight lines, the first in x, the second in its logarithm. A rate of 1 would have been
        below the limit of 2 / curvature = 2 all the way: most of these steps were not needed.""")
    run.plot.loss(stage.file("loss.png"), theme=stage.theme)
    run.animate.curve(stage.file("descent.gif"), theme=stage.theme, frames=41)
