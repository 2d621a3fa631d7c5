"""Three learning rates on a parabola."""

from __future__ import annotations

import steepest as sd
from steepest.demos.stage import Stage

RATES = {0.01: "slow", 0.9: "bounces from side to side, but converges", 1.1: "diverges: each step lands higher"}


def show(stage: Stage) -> None:
    """x**2 from -1.5 with the rates 0.01, 0.9 and 1.1; the limit is 1."""
    limit = sd.minimize(lambda x: x**2, -1.5, method="gradient_descent", steps=0).rate_limit()
    stage.say(f"""A step is x <- x - rate * slope. On x**2 the slope is 2 x, so each step multiplies x by 1 - 2 * rate. The
        limit is 2 / curvature, here 2 / 2 = {limit:g}: above it the descent diverges.""")
    for rate, words in RATES.items():
        run = sd.minimize(lambda x: x**2, -1.5, method="gradient_descent", learning_rate=rate, steps=10, tolerance=0)
        places = [-1.5 * (1 - 2 * rate) ** k for k in range(5)]
        stage.show(
            f"rate {rate:<5g} x: {', '.join(f'{x:.3g}' for x in places)}, ...   "
            f"loss after 10 steps {run.history['loss'][-1]:.3g}\n"
            f"{'':11}{words}"
        )
    found = sd.range_test(sd.Problem.of_function(lambda p: p["x"] ** 2, {"x": -1.5}))
    stage.say(f"""Nobody knows the curvature of a new problem. A range test raises the rate from step to step until the loss
        turns up; here it suggests {found.suggestion:.2g}. With learning_rate="auto" it is chosen so.""")
    sd.plot.rates(lambda x: x**2, stage.file("rates.png"), at=-1.5, rates=list(RATES), theme=stage.theme)
    sd.plot.range_test(found, stage.file("range-test.png"), theme=stage.theme)
