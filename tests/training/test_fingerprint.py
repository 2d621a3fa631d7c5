"""Fingerprints: the same for what does the same, in any process; different for what does something else."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.formula.parser import parse_expression
from steepest.training.fingerprint import fingerprint_of, fingerprint_of_data

TABLE = np.array([1.0, 2.0])
NET = sd.Sequential(sd.Linear(2, 3), sd.Tanh())


def made(factor: float, power: int) -> Callable[[float], float]:
    return lambda x: factor * x**power


def helper(x: float) -> float:
    return 2 * x


class Scale(sd.Module):
    def __init__(self, factor: float) -> None:
        self.factor = factor

    def apply(self, params: Any, state: Any, x: Any, key: Any, training: bool) -> Any:
        return self.factor * x, state


class Square(sd.Module):
    def apply(self, params: Any, state: Any, x: Any, key: Any, training: bool) -> Any:
        return x * x, state


class Cube(sd.Module):
    def apply(self, params: Any, state: Any, x: Any, key: Any, training: bool) -> Any:
        return x * x * x, state


Cube.__qualname__ = Square.__qualname__


@dataclass(frozen=True)
class Warm:
    rate: float

    def __call__(self, step: int) -> float:
        return self.rate / (1 + step)


SAME = {
    "closures": lambda: made(2.0, 3),
    "networks": lambda: sd.MLP(3, [4], 2, activation="tanh"),
    "methods": lambda: sd.Descent(sd.chain(sd.ClipGlobalNorm(1.0), sd.Adam()), sd.CosineDecay(0.1, 9), sd.Batches(5)),
    "losses": lambda: sd.huber(0.5),
    "own modules": lambda: sd.Sequential(Scale(2.0), Square()),
    "a set of names": lambda: lambda x: x in {"relu", "tanh", "selu", "gelu"},
    "a global array and network": lambda: lambda x: NET.forward(x) * TABLE[0],
    "partial": lambda: functools.partial(helper, x=3.0),
    "bound method": lambda: NET.forward,
    "a formula": lambda: parse_expression("a*t + sin(b)"),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_twice(name: str) -> None:
    assert fingerprint_of(SAME[name]()) == fingerprint_of(SAME[name]())


def test_the_same_in_another_process() -> None:
    code = (
        "from tests.training.test_fingerprint import SAME, fingerprint_of\n"
        "for make in SAME.values(): print(fingerprint_of(make()))"
    )
    for hash_seed in ("1", "2"):  # the order of sets depends on it
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": root}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [fingerprint_of(make()) for make in SAME.values()]


DIFFERENT = {
    "factor closed over": (made(2.0, 3), made(2.5, 3)),
    "operation": (lambda x: x + 1, lambda x: x - 1),
    "constant": (lambda x: x + 1, lambda x: x + 2),
    "default": (lambda x, k=1: x + k, lambda x, k=2: x + k),
    "keyword default": (lambda x, *, k=1: x + k, lambda x, *, k=2: x + k),
    "constant of an inner function": (lambda x: [y + 1 for y in x], lambda x: [y + 2 for y in x]),
    "partial's argument": (functools.partial(helper, x=3.0), functools.partial(helper, x=4.0)),
    "bound object": (Warm(1.0).__call__, Warm(2.0).__call__),
    "slope of an activation": (sd.LeakyReLU(0.1), sd.LeakyReLU(0.2)),
    "nonlinearity": (sd.RNN(3, 4), sd.RNN(3, 4, nonlinearity="relu")),
    "momentum of statistics": (sd.BatchNorm(3), sd.BatchNorm(3, momentum=0.2)),
    "dropout": (sd.Sequential(sd.Dropout(0.1)), sd.Sequential(sd.Dropout(0.2))),
    "activation": (sd.MLP(3, [4], 2, activation="tanh"), sd.MLP(3, [4], 2, activation="relu")),
    "own module's number": (Scale(2.0), Scale(3.0)),
    "own module's mathematics": (Square(), Cube()),
    "loss": (sd.mse, sd.mae),
    "delta": (sd.huber(0.5), sd.huber(0.6)),
    "penalty": (sd.L2(0.1), sd.L1(0.1)),
    "rule": (sd.Descent(sd.Adam(), Warm(0.1)), sd.Descent(sd.Adam(0.8), Warm(0.1))),
    "schedule": (sd.Descent(sd.Adam(), Warm(0.1)), sd.Descent(sd.Adam(), Warm(0.2))),
    "batch size": (sd.Descent(sd.Adam(), 0.1, sd.Batches(5)), sd.Descent(sd.Adam(), 0.1, sd.Batches(6))),
    "formula": (parse_expression("a*t"), parse_expression("a/t")),
    "name in a formula": (parse_expression("a*t"), parse_expression("b*t")),
    "parts of a text": (["ab", "c"], ["a", "bc"]),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs(name: str) -> None:
    a, b = DIFFERENT[name]
    assert fingerprint_of(a) != fingerprint_of(b)


def test_what_an_object_remembers_does_not_count() -> None:
    net, batches = sd.MLP(3, [4], 2, activation="tanh"), sd.Batches(2)
    before = fingerprint_of([net, batches])
    net.backward(np.ones_like(net.forward(np.ones((2, 3)))))
    batches.at(9, 0, 0)
    assert fingerprint_of([net, batches]) == before


def test_functions_that_call_each_other() -> None:
    def even(n: int) -> bool:
        return n == 0 or odd(n - 1)

    def odd(n: int) -> bool:
        return n != 0 and even(n - 1)

    assert even(4)
    assert fingerprint_of(even) != fingerprint_of(odd)


def test_data() -> None:
    x = np.arange(6.0)
    assert fingerprint_of_data(x, None) == fingerprint_of_data(np.arange(12.0)[::2] / 2, None)
    for other in (x.astype(np.float32), x.reshape(2, 3), x + 1e-12, x[:5]):
        assert fingerprint_of_data(x, None) != fingerprint_of_data(other, None)
    assert fingerprint_of_data(x, None) != fingerprint_of_data(None, x)
