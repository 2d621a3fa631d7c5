"""The demonstrations by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import NamedTuple

from steepest.base.choices import unknown
from steepest.demos.stage import Stage


class Demo(NamedTuple):
    """Where a demonstration lives, what it is about, and which options it takes."""

    module: str
    about: str
    options: tuple[str, ...] = ()


DEMOS: dict[str, Demo] = {
    "tangent": Demo("tangent", "a derivative is the slope of a tangent, which secants turn into"),
    "quadratic": Demo("quadratic", "ten steps that stall, the reason, and the cure"),
    "learning-rates": Demo("learning_rates", "too low, bouncing, diverging: the limit is 2 / curvature"),
    "line-by-hand": Demo("line_by_hand", "turn slope and intercept yourself", ("slope", "intercept")),
    "bowl": Demo("bowl", "the loss of a straight line is a bowl, and the descent a path in it"),
    "toy-sine": Demo("toy_sine", "a network of 20 and 20 units learns a sine, with ReLU and with tanh"),
    "blocks": Demo("blocks", "a loss taken apart into blocks: values forward, derivatives backward"),
    "four-ways": Demo("four_ways", "by hand, symbolic, numerical, automatic: one derivative"),
    "searches": Demo("searches", "random search, a genetic algorithm and gradients with equal budgets"),
    "local-minima": Demo("local_minima", "where a descent ends depends on where it starts"),
    "clipping": Demo("clipping", "a recurrent network that explodes, and trains when clipped"),
    "tanh-descent": Demo("tanh_descent", "10,000 steps down log(cosh(x)), whose slope is tanh"),
    "digits": Demo("digits", "handwritten digits, from images to classes", ("data",)),
}


def demo(name: str) -> Callable[[Stage], None]:
    """The demonstration of this name.

    Raises
    ------
    ModelError
        There is none of this name; the nearest is offered.

    Examples
    --------
    >>> demo("tangents")
    Traceback (most recent call last):
    steepest.base.errors.ModelError: unknown demo 'tangents'. Did you mean 'tangent'? There are tangent, quadratic, ...
    """
    key = name.strip().lower().replace("_", "-")
    if key not in DEMOS:
        raise unknown("demo", key, DEMOS, DEMOS)
    return importlib.import_module(f"steepest.demos.{DEMOS[key].module}").show  # type: ignore[no-any-return]
