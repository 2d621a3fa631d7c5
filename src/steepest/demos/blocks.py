"""A loss taken apart into blocks."""

from __future__ import annotations

import steepest as sd
from steepest.demos.stage import Stage


def show(stage: Stage) -> None:
    """-log(sigmoid(w*x)) as u = w*x, p = sigmoid(u), L = -log p."""
    stage.say("""Any loss is made of simple blocks. Take L = -log(sigmoid(w*x)) at w = 0.5 and x = 2: u = w*x, p =
        sigmoid(u), L = -log p. Forward every block computes its value. Backward each takes the derivative of L by
        its output and multiplies it by its own local derivative: that is the chain rule, one block at a time.""")
    w, x = sd.tensor(0.5).requires_grad_(), sd.tensor(2.0)
    u = w * x
    p = sd.ops.sigmoid(u)
    L = -sd.ops.log(p)
    graph = sd.graph(L, names={"w": w, "x": x, "u": u, "p": p, "L": L})
    stage.show(graph)
    stage.say("""By hand: dL/dp = -1/p, dp/du = p (1 - p), du/dw = x; the product is -(1 - p) x. For one number of a gradient
        sd.explain lists the products along all paths:""")
    stage.show(sd.explain(L, wrt=w, names={"w": w, "x": x, "u": u, "p": p, "L": L}))
    graph.plot(stage.file("blocks.png"), theme=stage.theme)
    net = sd.MLP(2, [3], 1, activation="tanh")
    params, state = net.init(sd.Key(0))
    problem = sd.Problem(net, params, [[1.0, -1.0], [0.5, 2.0], [-1.0, 0.3]], [[1.0], [0.0], [0.5]], state=state)
    stage.say(
        """A network is the same, only larger: here every layer is one block; unfold="all" shows its operations."""
    )
    sd.graph(problem).plot(stage.file("network.png"), theme=stage.theme)
