"""The bowl of a straight line's loss."""

from __future__ import annotations

import numpy as np

import steepest as sd
from steepest.demos.stage import Stage


def show(stage: Stage) -> None:
    """Slope and intercept of a line by descent, its path on the loss, as contours, as a surface and moving."""
    rng = np.random.default_rng(1)
    x = np.arange(10.0)
    y = x + rng.standard_normal(10)
    stage.say("""Ten points about the line y = x. The loss of a line is a function of its slope and its intercept, and since
        the line is linear in both, the mean of the squares is a bowl: one minimum, no trap.""")
    problem = sd.Problem(lambda p, x: p["slope"] * x + p["intercept"], {"slope": -1.0, "intercept": 8.0}, x, y)
    run = sd.Run(problem, sd.Descent(sd.GradientDescent(), 0.03), steps=3000, snapshots=1).finish()
    slope, intercept = np.polyfit(x, y, 1)
    stage.show(
        f"after {run.steps_done} steps  slope {float(run.params['slope']):.6f}, intercept {float(run.params['intercept']):.6f}\n"
        f"by polyfit       slope {slope:.6f}, intercept {intercept:.6f}"
    )
    derived = sd.derivation("y ~ slope*x + intercept", ["slope", "intercept"])
    stage.say("""The two derivatives, with δ the target minus what the line says:""")
    stage.show("\n".join(f"dL/d{name} = {derived.text(name)}" for name in derived.names))
    stage.say("""The bowl is narrow across and long along: first the path falls to the bottom of the valley, then it creeps
        along it. That is what the ratio of the curvatures says, which is the condition number.""")
    run.plot.landscape(stage.file("contours.png"), theme=stage.theme)
    run.plot.surface(stage.file("surface.png"), theme=stage.theme)
    run.animate.surface(stage.file("path.gif"), theme=stage.theme, frames=60)
