"""Nothing becomes a constant in silence: what refuses, when, and that the message names the user's line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest import DifferentiationError
from steepest.autodiff.apply import recording


def assign(t: Any) -> Any:
    a = np.zeros(2)
    a[0] = t[0]
    return a.sum() + t.sum()


def assign_to_tensor(t: Any) -> Any:
    t[0] = 1.0
    return t.sum()


def branch(t: Any) -> Any:
    if t.sum():
        return t.sum()
    return -t.sum()


def replace_data(t: Any) -> Any:
    t.data = np.zeros(2)
    return t.sum()


LEAKS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "math.sin": (lambda t: math.sin(t[0]) * t.sum(), "math.sin"),
    "float": (lambda t: float(t[0]) * t.sum(), "float()"),
    "int": (lambda t: int(t[0]) * t.sum(), "int()"),
    "np.array": (lambda t: np.array([t, t]).sum(), "np.stack instead of np.array"),
    "np.array_0d": (lambda t: np.array([t[0], t[1]]).sum(), "np.stack instead of np.array"),
    "np.asarray": (lambda t: np.asarray(t).sum(), "steepest.ops"),
    "assign": (assign, "float()"),
    "assign_to_tensor": (assign_to_tensor, "where(), concatenate() or stack()"),
    "if": (branch, "if t:"),
    "item": (lambda t: t[0].item() * t.sum(), ".item()"),
    "data": (lambda t: (t.data * t).sum(), ".data"),
    "replace_data": (replace_data, ".data"),
    "zero_": (lambda t: t.zero_().sum(), "zero_()"),
    "numpy": (lambda t: (t.numpy() * t).sum(), "plain array"),
    "tolist": (lambda t: t.tolist()[0] * t.sum(), ".tolist()"),
    "complex": (lambda t: abs(complex(t[0])) * t.sum(), "complex()"),
    "tensor": (lambda t: sd.tensor([t[0], t[1]]).sum(), "plain array"),
    "allclose": (lambda t: t.sum() if np.allclose(t, 1.0) else -t.sum(), "numpy.allclose"),
}


@pytest.mark.parametrize("name", LEAKS)
@pytest.mark.parametrize("transform", ["grad", "jvp", "hessian"])
def test_transforms_refuse_bare_numbers(name: str, transform: str) -> None:
    f, words = LEAKS[name]
    x = np.array([1.0, 2.0])
    run = {
        "grad": lambda: sd.grad(f)(x), "jvp": lambda: sd.jvp(f, (x,), (x,)), "hessian": lambda: sd.hessian(f)(x)
    }[transform]  # fmt: skip
    with pytest.raises(DifferentiationError) as caught:
        run()
    message = str(caught.value)
    assert words in message
    assert __file__ in message
    line = f.__code__.co_firstlineno
    assert any(f"{__file__}:{number}" in message for number in range(line, line + 4))


@pytest.mark.parametrize("name", LEAKS)
def test_recordings_refuse_bare_numbers_of_constants_too(name: str) -> None:
    with pytest.raises(DifferentiationError), recording(_Listener()):
        LEAKS[name][0](sd.tensor([1.0, 2.0]))


class _Listener:
    def __init__(self) -> None:
        self.names: list[str] = []

    def record(self, primitive: Any, inputs: Any, static: Any, output: Any) -> None:
        self.names.append(primitive.name)


def test_recordings_refuse_branches_on_comparisons() -> None:
    with recording(_Listener()):
        t = sd.tensor([1.0, 2.0])
        with pytest.raises(DifferentiationError, match="recording"):
            bool(t.sum() > 1)
        with pytest.raises(DifferentiationError, match="recording"):
            [10, 20][t.argmax()]


def test_comparisons_and_places_may_steer_a_transform() -> None:
    def f(t: Any) -> Any:
        if t.sum() > 1 and not (t < 0).any():
            return t[int(t.argmax())] ** 2
        return 3 * t.sum()

    assert sd.grad(f)(np.array([1.0, 2.0])).tolist() == [0, 4]
    assert sd.grad(f)(np.array([0.1, 0.2])).tolist() == [3, 3]


def test_outside_of_transforms_numbers_are_free() -> None:
    t = sd.tensor([4.0], requires_grad=True)
    assert (t * 2).item() == float(t * 2) == int(t * 2) == 8
    assert math.sqrt(t[0]) == 2
    assert (t * 2).data.tolist() == [8]
    assert [10, 20][sd.tensor(1)] == 20
    with pytest.raises(DifferentiationError, match=r"test_guards.py.*detach"):
        np.array([t, t])
    assert np.asarray(sd.tensor([1.0])).tolist() == [1]
    np.testing.assert_allclose(t.detach(), [4.0])


def test_closures_over_constants_are_free_in_transforms() -> None:
    scale = sd.tensor(3.0)
    assert sd.grad(lambda x: x * float(scale) * scale.item())(1.0) == 9
