"""Generations evaluated in one call: the same as one by one."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest.comparison.budget import Budget
from steepest.comparison.meter import Counted, Meter
from steepest.optim.search import Space

METHODS = [sd.RandomSearch(points=7), sd.GeneticAlgorithm(population=9), sd.DifferentialEvolution(population=8)]
X = np.linspace(0.0, 3.0, 30)
Y = 2.0 * np.exp(-0.8 * X)


class OneByOne(sd.Problem):
    """Gives each loss by a call of its own, and keeps the places."""

    def values(self, points):
        found = []
        for params in points:
            found.append(self.value(params))
            self.asked.append(params.flat.tobytes())
        return np.array(found)


def problem(kind=sd.Problem):
    made = kind(lambda p, x: p["a"] * np.exp(-p["b"] * x), {"a": 1.0, "b": 1.0}, X, Y)
    made.asked = []
    return made


@pytest.mark.parametrize("method", METHODS)
def test_the_same_bits_as_one_by_one(method):
    whole = sd.Run(problem(), method, steps=15, engine="numpy").finish()
    single = sd.Run(problem(OneByOne), method, steps=15, engine="numpy").finish()
    assert whole.params.flat.tobytes() == single.params.flat.tobytes()
    assert np.asarray(whole.history["loss"]).tobytes() == np.asarray(single.history["loss"]).tobytes()
    assert whole.state["points"] == single.state["points"] == len(single.problem.asked) + 1  # and the start


@pytest.mark.parametrize("method", METHODS)
def test_machine_code_agrees_within_rounding(method):
    slow, fast = (sd.Run(problem(), method, steps=15, engine=engine).finish() for engine in ("numpy", "llvm"))
    assert fast.engine == "llvm"
    assert fast.state["points"] == slow.state["points"]
    np.testing.assert_allclose(fast.history["loss"], slow.history["loss"], rtol=1e-9)


def test_losses_that_are_not_finite_are_never_the_best():
    made = sd.Problem.of_function(lambda p: np.log(p["x"]), {"x": 1.0})
    search = sd.RandomSearch()
    state = search.init(made, made.start, 0)
    space = Space(made, made.start, state)
    found = space.losses(np.array([[0.1], [0.6], [0.0]]))
    assert np.isinf(found[[0, 2]]).all()  # log of what is not positive
    assert np.isfinite(found[1])
    assert space.loss == min(found[1], 0.0)
    assert space.points == 4
    assert space.losses(np.empty((0, 1))).shape == (0,)


def test_a_comparison_counts_each_point():
    made = problem()
    meter = Meter(made, Budget.read("60evals"))
    Counted(made, meter).values([made.start] * 5)
    assert meter.evaluations == 5.0
    run = sd.Run(Counted(made, meter), sd.RandomSearch(), engine="llvm", steps=1)
    assert run.engine == "numpy"
