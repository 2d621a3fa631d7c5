"""Graphs of every kind, for looking at their pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

import steepest as sd
from steepest.inspection.blocks import LossGraph
from steepest.nn import MLP, RNN, Linear, Sequential

RANDOM = np.random.default_rng(3)


def long_chain() -> LossGraph:
    formula = (
        "sin(cos(exp(sqrt(tanh(log(abs(tan(x)*2 + 1) + 3)))))*sigmoid(x)**2/relu(x + 1)) + max(x, 2) - min(x, 0.2) "
        "+ where(x > 0.3, x, 2*x) + sin(sin(sin(sin(x))))"
    )
    return sd.graph(formula, {"x": 0.7})


def shared_values() -> LossGraph:
    a, b = sd.tensor(0.3, requires_grad=True), sd.tensor(2.0, requires_grad=True)
    s = a * b
    t = np.sin(s) + s * s
    r = t * s + a
    L = np.exp(-r) * t + b * a
    return sd.graph(L)


def of_network(unfold: Any = None, hidden: Any = (4,), **options: Any) -> LossGraph:
    net = MLP(3, list(hidden), 2, "tanh")
    params, state = net.init(0)
    x = np.random.default_rng(0).normal(size=(5, 3))
    problem = sd.Problem(net, params, x, [0, 1, 1, 0, 1], loss="cross_entropy", state=state, **options)
    return sd.graph(problem, unfold=unfold)


def wide_sum() -> LossGraph:
    x = [sd.tensor(float(i), requires_grad=True) for i in range(20)]
    return sd.graph((np.stack(x) ** 2).sum())


def choices() -> LossGraph:
    x = sd.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    y = sd.tensor(np.ones((2, 3)), requires_grad=True)
    chosen = np.where(x > 2, x, y * 2)
    best = np.maximum(chosen, 1.5).max(axis=0)
    return sd.graph((best - np.minimum(x[0], y[1])).mean() + (x.reshape(3, 2) @ y).sum())


def products() -> LossGraph:
    A, B = (sd.tensor(RANDOM.normal(size=shape), requires_grad=True) for shape in ((4, 3), (3, 5)))
    c = sd.tensor(np.ones(5), requires_grad=True)
    L = np.concatenate([A @ B + c, (A @ B).T[:4]], axis=1).sum(axis=0).mean()
    return sd.graph(L)


def recurrent(unfold: Any = None) -> LossGraph:
    net = Sequential(RNN(2, 3, last=True), Linear(3, 1))
    params, state = net.init(0)
    problem = sd.Problem(net, params, RANDOM.normal(size=(4, 3, 2)), np.ones((4, 1)), state=state)
    return sd.graph(problem, unfold=unfold)


def twelve_parameters() -> LossGraph:
    formula = "a + b*t + c*t**2 + d*sin(e*t + f) + g*exp(-h*t)/(1 + k*t) + m*log(abs(n) + 1) - tanh(q*t)"
    return sd.graph(formula, {name: 0.3 + 0.1 * i for i, name in enumerate("abcdefghkmnqt")}, data="t")


def not_finite() -> LossGraph:
    x = sd.tensor([1.0, np.nan, np.inf, -3.0], requires_grad=True)
    with np.errstate(all="ignore"):
        return sd.graph((np.log(x) * 1e300).sum())


def long_names() -> LossGraph:
    name = "a_very_long_name_of_a_parameter_that_goes_on_and_on"
    return sd.graph(
        f"sin({name})*{name}**2 + cos({name} + $)".replace("$", "cost"), {name: -1.23456789e-300, "cost": 1e300}
    )


CASES: dict[str, Any] = {
    "blocks": lambda: sd.graph("-log(sigmoid(w*x))", {"w": 0.5, "x": 2}, data="x"),
    "long chain": long_chain,
    "shared values": shared_values,
    "network": of_network,
    "network, unfolded": lambda: of_network("all"),
    "network, one layer unfolded": lambda: of_network("0"),
    "deep network": lambda: of_network(hidden=[4] * 8, penalty=sd.L2(0.01)),
    "wide sum": wide_sum,
    "choices": choices,
    "products": products,
    "recurrent": recurrent,
    "recurrent, steps": lambda: recurrent("0"),
    "recurrent, unfolded": lambda: recurrent("all"),
    "twelve parameters": twelve_parameters,
    "not finite": not_finite,
    "long names": long_names,
    "one operation": lambda: sd.graph("w*w", {"w": 3}),
}
