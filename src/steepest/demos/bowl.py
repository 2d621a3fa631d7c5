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
    found = {
        f"after {run.steps_done:,} steps": (float(run.params["slope"]), float(run.params["intercept"])),
        "by np.polyfit": (slope, intercept),
    }
    stage.show("\n".join(f"{how:<18} slope {a:.6f}, intercept {b:.6f}" for how, (a, b) in found.items()))
    derived = sd.derivation("y ~ slope*x + intercept", ["slope", "intercept"])
    stage.say("""The two derivatives, with δ the target minus what the line says:""")
    stage.show("\n".join(f"dL/d{name} = {derived.text(name)}" for name in derived.names))
    along, across = np.linalg.eigvalsh(2 * np.array([[np.mean(x**2), np.mean(x)], [np.mean(x), 1.0]]))
    stage.say(f"""The bowl is narrow across and long along: first the path bounces down to the bottom of the valley, then it
        creeps along it. The curvature is {across:.3g} across and {along:.2g} along; their ratio, {across / along:.0f}, is the
        condition number: the larger it is, the longer the creeping takes.""")
    run.plot.landscape(stage.file("contours.png"), theme=stage.theme)
    run.plot.surface(stage.file("surface.png"), theme=stage.theme)
    run.animate.surface(
        stage.file("path.gif"),
        theme=stage.theme,
        frames=np.unique(np.geomspace(1, run.steps_done + 1, 60).astype(int)) - 1,
    )
