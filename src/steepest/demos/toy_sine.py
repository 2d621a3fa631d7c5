"""A small network learns a sine."""

from __future__ import annotations

import numpy as np

import steepest as sd
from steepest.demos.stage import Stage

STEPS = 250


def show(stage: Stage) -> None:
    """MLP 1-20-20-1 on 128 points of a noisy sine, with ReLU and tanh, full batch."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.standard_normal(128))
    y = np.sin(np.pi * x / 2) + 0.3 * rng.standard_normal(128)
    stage.say("""128 points of sin(pi x / 2) with noise of 0.3, whose square is 0.09: no model can get much below that. The
        network has two hidden layers of 20 units; the rate starts at 0.075 and falls by 0.2 % a step.""")
    runs = {}
    for activation in ("relu", "tanh"):
        net = sd.MLP(1, [20, 20], 1, activation=activation)
        params, state = net.init(sd.Key(2))
        problem = sd.Problem(net, params, x[:, None], y[:, None], state=state)
        run = sd.Run(problem, sd.Descent(sd.GradientDescent(), _rate), steps=STEPS, snapshots=1).finish()
        runs[activation] = run
        stage.show(f"{activation:5} loss {run.history['loss'][0]:.3f} at first, {run.loss:.3f} after {STEPS} steps")
    stage.show(sd.summary(net, (128, 1)))
    stage.say("""ReLU fits with straight pieces that bend at a few points, tanh with a smooth curve. Where there are few
        points, at the ends, both say what suits them. Open toy-sine.html to play the two descents side by side.""")
    runs["tanh"].plot.predictions(stage.file("tanh.png"), theme=stage.theme)
    sd.animate.fit(
        {"ReLU": runs["relu"], "tanh": runs["tanh"]}, stage.file("toy-sine.html"), theme=stage.theme, frames=60
    )


def _rate(step: int) -> float:
    return 0.075 * 0.998 ** (step + 1)
