"""Where a descent ends depends on where it starts."""

from __future__ import annotations

import numpy as np

import steepest as sd
from steepest.demos.stage import Stage


def show(stage: Stage) -> None:
    """A curve with several valleys, one of them the deepest; then twenty starts."""

    def valleys(x: object) -> object:
        return 0.05 * x**2 + np.sin(3 * x) + 1  # type: ignore[operator]

    stage.say("""0.05 x**2 + sin(3 x) + 1 has many valleys. Gradient descent walks downhill from where it starts, so it ends
        in the valley it starts in:""")
    lines = []
    for start in (-5.0, -2.0, 0.5, 2.0, 4.5):
        run = sd.minimize(valleys, start, method="gradient_descent", learning_rate=0.05, steps=500)
        lines.append(f"from {start:5.1f} to x = {float(run.params['x']):8.4f}   loss {run.loss:.4f}")
    stage.show("\n".join(lines))
    stage.say("""Nothing in the descent tells the deepest valley from the others. Several starts do: sd.restarts lists the
        minima that were found, how often, and from where.""")
    minima = sd.restarts(valleys, 2.0, starts=20, bounds=(-6, 6))
    stage.show(minima)
    stage.say(
        """More starts find more valleys, but no number of them proves that the deepest one is among them, unless its loss
        is known."""
    )
    sd.plot.tangent(
        valleys,
        stage.file("valleys.png"),
        at=2.0,
        learning_rate=0.05,
        steps=30,
        secants=(),
        window=(-6, 6),
        theme=stage.theme,
    )
