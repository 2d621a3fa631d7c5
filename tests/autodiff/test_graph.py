"""The walks: long, wide and reused graphs, and rules that are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest import DifferentiationError, Primitive, ops
from steepest.autodiff import graph
from steepest.autodiff.rules import elementwise


def test_a_chain_of_100_000() -> None:
    x = sd.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1e-5
    assert repr(y) == "tensor(2., grad_fn=<AddBackward0>)"
    y.backward()
    assert x.grad.item() == 1
    assert len(graph.topological(y)) == 100_001
    (change,) = graph.push_forward(y, [x], [[np.array(3.0)]], False)
    assert change == 3
    del y  # deletion does not recurse either


def test_reused_nodes_are_visited_once() -> None:
    x = sd.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(60):
        y = y + y  # 2**60 paths, 61 nodes
    assert len(graph.topological(y)) == 61
    y.backward()
    assert x.grad.item() == 2.0**60
    assert sd.jvp(lambda x: sum_of_powers(x, 60), (1.0,), (1.0,))[1] == 2.0**60


def sum_of_powers(x: Any, n: int) -> Any:
    for _ in range(n):
        x = x + x
    return x


def test_order_has_inputs_before_results() -> None:
    x = sd.tensor(2.0, requires_grad=True)
    a = x * 3
    b = a * x
    c = b + a + b
    order = graph.topological(c)
    place = {id(value): i for i, value in enumerate(order)}
    for value in order:
        for source in value.inputs:
            if isinstance(source, sd.Tensor):
                assert place[id(source)] < place[id(value)]
    assert order[-1] is c


def test_only_what_is_asked_for_is_walked() -> None:
    calls = []
    noted = Primitive("noted", lambda x: x * 1.0)
    noted.rule = elementwise(lambda out, x: calls.append(1) or 1.0)
    x, y = sd.tensor(1.0, requires_grad=True), sd.tensor(2.0, requires_grad=True)
    z = sd.apply(noted, x) * y
    assert graph.pull_back(z, 1.0, [y], False) == [1.0]
    assert calls == []
    assert graph.pull_back(z, 1.0, [x, y], False) == [2.0, 1.0]
    assert calls == [1]


def test_a_walk_does_not_disturb_another() -> None:
    x = sd.tensor(3.0, requires_grad=True)
    y = x * x
    before = graph.pull_back(y, 1.0, [x], True)[0]
    after = graph.pull_back(y, 1.0, [x], False)[0]
    assert before.item() == after == 6
    assert graph.pull_back(before, 1.0, [x], False)[0] == 2


class _Fixed:
    """A derivative that returns what it was given."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def pull(self, g: Any, wanted: Any) -> Any:
        return [self.value]

    def push(self, tangents: Any) -> Any:
        return self.value


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (np.ones(2), r"shape \(2,\) and dtype float64 where shape \(3,\) and dtype float64"),
        (np.ones(3, np.float32), r"dtype float32 where shape \(3,\) and dtype float64"),
        (1.0, r"float of shape \(\)"),
    ],
)
def test_wrong_rules_are_named(wrong: Any, words: str) -> None:
    broken = Primitive("broken", lambda x: x * 1.0)
    broken.rule = lambda out, inputs, static: _Fixed(wrong)
    f = lambda x: sd.apply(broken, x)
    x = sd.tensor(np.ones(3), requires_grad=True)
    with pytest.raises(DifferentiationError, match=f"'broken' gave .*{words}"):
        f(x).sum().backward()
    with pytest.raises(DifferentiationError, match=f"'broken' gave .*{words}"):
        sd.jvp(f, (np.ones(3),), (np.ones(3),))


def test_rules_that_fail_are_named() -> None:
    broken = Primitive("broken", lambda x: x * 1.0)
    broken.rule = elementwise(lambda out, x: np.ones(7) * x)
    with pytest.raises(DifferentiationError, match=r"rule of 'broken' failed: .*broadcast"):
        sd.grad(lambda x: sd.apply(broken, x).sum())(np.ones(3))
    with pytest.raises(DifferentiationError, match=r"rule of 'broken' failed: .*broadcast"):
        sd.jvp(lambda x: sd.apply(broken, x), (np.ones(3),), (np.ones(3),))


def test_walks_give_no_warnings_in_masked_branches() -> None:
    x = sd.tensor([0.0, 4.0], requires_grad=True)
    ops.where(x > 0, x**0.5, 0.0).sum().backward()  # warnings are errors in tests
    assert x.grad.numpy().tolist() == [0, 0.25]
