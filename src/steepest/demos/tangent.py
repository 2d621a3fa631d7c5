"""A derivative is the slope of a tangent."""

from __future__ import annotations

import steepest as sd
from steepest.demos.stage import Stage


def show(stage: Stage) -> None:
    """x**2 at -1.5: secants that turn into the tangent, and the steps down."""
    stage.say("""The derivative of a function at a point is the slope of its tangent there. Take x**2 at -1.5 and a second
        point a distance h away; the slope of the line through both is (f(x + h) - f(x)) / h.""")
    slopes = {h: ((-1.5 + h) ** 2 - 1.5**2) / h for h in (1.0, 0.1, 0.01, 0.001)}
    stage.show("\n".join(f"h = {h:<6g} slope of the secant {slope:.4f}" for h, slope in slopes.items()))
    x = sd.tensor(-1.5).requires_grad_()
    y = x**2
    y.backward()
    stage.say(f"""As h shrinks the secants turn into the tangent, whose slope is {x.grad.item():g}. Automatic differentiation
        finds it without any h:""")
    stage.show(f"x = sd.tensor(-1.5).requires_grad_(); y = x**2; y.backward()\ny = {y}\nx.grad = {x.grad}")
    stage.say("""The slope is negative, so the function falls to the right: a step of rate * slope against it goes down. The
        second picture takes ten of them with the rate 0.1.""")
    sd.plot.tangent(lambda x: x**2, stage.file("tangent.png"), at=-1.5, theme=stage.theme)
    sd.plot.tangent(
        lambda x: x**2, stage.file("steps.png"), at=-1.5, learning_rate=0.1, steps=10, secants=(), theme=stage.theme
    )
