"""Networks trained for the tests of remarks: no doctored histories, only runs."""

from __future__ import annotations

import numpy as np

import steepest as sd
from steepest.nn.initialisers import Initialiser, initialiser_named


def train(net, x, y, rule=None, rate=0.05, steps=40, batch=None, loss="mse", seed=0, hooks=()):
    params, state = net.init(seed)
    problem = sd.Problem(net, params, x, y, loss=loss, state=state)
    method = sd.Descent(rule or sd.SGD(), rate, sd.Batches(batch))
    return sd.Run(problem, method, steps=steps, seed=seed, hooks=hooks).finish()


def times_as_large(factor, initialiser):
    """An initialiser that is scaled badly on purpose."""
    good = initialiser_named(initialiser)
    return Initialiser(f"{factor} {good}", lambda g, shape, i, o: factor * good.draw(g, shape, i, o))


def regression(seed=0, rows=120, features=6):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, features))
    return x, np.tanh(x[:, :1] - x[:, 1:2]) + 0.05 * rng.standard_normal((rows, 1))


def sequences(seed=0, rows=60, length=100):
    """The sum of the first three numbers of a sequence, which has to be kept in mind to its end."""
    x = np.random.default_rng(seed).uniform(0, 1, (rows, length, 2))
    return x, x[:, :3, 0].sum(axis=1)[:, None] - 1.5
