"""Four ways to differentiate."""

from __future__ import annotations

import steepest as sd
from steepest.demos.stage import Stage


def show(stage: Stage) -> None:
    """-log(sigmoid(w*x)) by hand, symbolically, numerically and automatically."""
    stage.say("""One derivative, found in four ways: by hand, symbolically (a formula for the derivative), numerically (a
        difference quotient) and automatically (the chain rule along the computation).""")
    ways = sd.ways("-log(sigmoid(w*x))", {"w": 0.5, "x": 2.0}, wrt="w")
    stage.show(ways)
    stage.say("""What to notice: numerical differences lose half of the digits or a third, since a small step drowns in
        rounding and a large one is not the limit. The complex step subtracts nothing and loses none. Automatic
        differentiation is as exact as the formula, without the formula.""")
    stage.show(ways.derivation.text("w"))
    swell = sd.derivation("*".join(["sin(w)"] * 20), "w").swell("w")
    stage.say(f"""Formulas swell: the derivative of sin(w) multiplied 20 times, a formula of {swell.function} operations, has
        {swell.orders[0]}, its second {swell.orders[1]:,}. Computed with every part once they are {swell.shared[0]}
        and {swell.shared[1]}.""")
    ways.plot(stage.file("four-ways.png"), theme=stage.theme)
