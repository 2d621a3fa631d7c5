"""Where a descent ends depends on where it starts."""

from __future__ import annotations

from typing import Any

import numpy as np

import steepest as sd
from steepest.demos.stage import Stage
from steepest.views.style import drawing

STARTS = (-5.0, -2.0, 0.5, 2.0, 4.5)


def show(stage: Stage) -> None:
    """A curve with several valleys, one of them the deepest; then twenty starts."""

    def valleys(x: Any) -> Any:
        return 0.05 * x**2 + np.sin(3 * x) + 1

    stage.say("""0.05 x² + sin(3 x) + 1 has many valleys. Gradient descent walks downhill from where it starts, so it ends
        in the valley it starts in:""")
    runs = [
        sd.minimize(valleys, start, method="gradient_descent", learning_rate=0.05, steps=500, snapshots=1)
        for start in STARTS
    ]
    ends = [float(run.params["x"]) for run in runs]
    stage.show(
        "\n".join(
            f"from {start:5.1f} to x = {end:8.4f}   loss {run.loss:.4f}" for start, end, run in zip(STARTS, ends, runs)
        )
    )
    stage.say("""Nothing in the descent tells the deepest valley from the others. Several starts do: sd.restarts lists the
        minima that were found, how often, and from where.""")
    minima = sd.restarts(valleys, 2.0, starts=20, bounds=(-6, 6))
    stage.show(minima)
    stage.say(
        """More starts find more valleys, but no number of them proves that the deepest one is among them, unless its loss
        is known."""
    )
    with drawing((9.0, 5.0), stage.theme, stage.file("valleys.png")) as picture:
        axes, style = picture.add_subplot(), picture.style
        x = np.linspace(-6, 6, 600)
        axes.plot(x, valleys(x), color=style.data, label="0.05 x² + sin(3 x) + 1")
        for run in runs:
            path = np.array([float(params["x"]) for params in run.history.snapshots.values()])
            axes.plot(path, valleys(path), "o-", color=style.fit, markersize=4, label="steps of gradient descent")
        axes.plot(STARTS, valleys(np.array(STARTS)), "o", color=style.paper, markeredgecolor=style.ink, markersize=8,
                  label="start", zorder=5)  # fmt: skip
        axes.plot(ends, valleys(np.array(ends)), "s", color=style.ink, markersize=7, label="end", zorder=5)
        axes.set(xlabel="x", ylabel="f(x)", xlim=(-6, 6), ylim=(-0.2, 4.8))
        handles, labels = axes.get_legend_handles_labels()
        once = dict(zip(labels, handles))
        axes.legend(once.values(), once.keys(), loc="upper center", ncols=2)
