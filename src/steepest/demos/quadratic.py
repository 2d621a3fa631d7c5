"""The ten steps of a quadratic fit that stall, why, and what to do."""

from __future__ import annotations

import numpy as np

import steepest as sd
from steepest.demos.stage import Stage

START = {"a": 0.0121, "b": -0.6397, "c": 0.6416}
RATE = 1e-5


def show(stage: Stage) -> None:
    """Speed against time, a*t**2 + b*t + c, plain descent at the rate 1e-5; then the default fit."""
    rng = np.random.default_rng(0)
    t = np.arange(20.0)
    speed = rng.standard_normal(20) + 0.5 * (t - 9.5) ** 2 + 1
    stage.say("""A roller coaster's speed is measured once a second and follows about 0.5*(t - 9.5)**2 + 1. The model is
        a*t**2 + b*t + c, the loss the mean of the squares, and the descent the plainest one, at the rate 1e-5.""")
    problem = sd.Problem(lambda p, row: p["a"] * row["t"] ** 2 + p["b"] * row["t"] + p["c"], START, {"t": t}, speed)
    problem.target_name = "speed"
    run = sd.Run(problem, sd.Descent(sd.GradientDescent(), RATE), steps=10, snapshots=1).finish()
    stage.show("\n".join(f"step {k}   loss {loss:10.4f}" for k, loss in enumerate(run.history["loss"])))
    stage.say(f"""The loss falls at once and then hardly moves. A hundred times as many steps do not help much: after 1,000 it is
        {sd.Run(problem, sd.Descent(sd.GradientDescent(), RATE), steps=1000).finish().loss:.1f}. Why? The run says
        so itself:""")
    for remark in run.remarks:
        stage.say(remark)
    fit = sd.fit("speed ~ a*t**2 + b*t + c", {"t": t, "speed": speed})
    stage.say(f"""t**2 goes up to 361 where the constant is 1: the loss is a valley, steep across and nearly level along. A
        method that knows the curvature does not mind. The default fit ends at the loss {fit.loss:.4f}:""")
    stage.show(fit)
    run.plot.panels(stage.file("stalled.png"), steps=range(4), theme=stage.theme)
    fit.plot(stage.file("cured.png"), theme=stage.theme)
