"""Searches and gradient methods with equal budgets."""

from __future__ import annotations

import steepest as sd
from steepest.demos.stage import Stage


def show(stage: Stage) -> None:
    """Rosenbrock's valley, where slopes lead to the minimum, and Rastrigin's egg box, where they trap."""
    stage.say("""A search looks at losses only; a gradient method also at slopes. Each gets the same number of evaluations,
        from the same starts. First Rosenbrock's curved valley, whose only minimum is 0:""")
    methods = ["random_search", "genetic", "adam", "lbfgs"]
    valley = sd.compare(sd.functions.rosenbrock.problem(), methods, "2000evals", seeds=3)
    stage.show(valley)
    stage.say("Then Rastrigin's egg box, with a minimum in every cell and the lowest, 0, in the middle:")
    box = sd.compare(sd.functions.rastrigin.problem(), methods, "2000evals", seeds=3)
    stage.show(box)
    stage.say("""Where the space is small and full of minima, searches can win; where there are many parameters, as in a
        network, nothing but slopes gets anywhere.""")
    valley.plot(stage.file("rosenbrock.png"), theme=stage.theme)
    box.plot(stage.file("rastrigin.png"), theme=stage.theme)
