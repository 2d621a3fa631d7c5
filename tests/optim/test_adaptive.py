from __future__ import annotations

import math

import numpy as np
import pytest

from steepest.base.errors import ModelError
from steepest.optim.adaptive import Adadelta, Adagrad, RMSprop


def changes(rule, gradients: list[float], rate: float = 1.0) -> list[float]:
    w = np.zeros(1)
    state, seen = rule.init(w), []
    for step, g in enumerate(gradients):
        change, state = rule.update(np.array([g]), state, w, rate, step)
        seen.append(float(change[0]))
    return seen


def test_adagrad_by_hand() -> None:
    assert changes(Adagrad(), [3.0, 4.0, 12.0]) == pytest.approx([-1.0, -4 / 5, -12 / 13])
    assert changes(Adagrad(initial=16.0), [3.0]) == pytest.approx([-3 / 5])


def test_adagrad_does_not_feel_the_scale_of_the_gradient() -> None:
    assert changes(Adagrad(), [3e8, 4e8]) == pytest.approx(changes(Adagrad(), [3.0, 4.0]))


def test_adadelta_by_hand() -> None:
    """rho 1/2, epsilon 2, g = 2: s = 2, d = sqrt(2 / 4) * 2, u = 1; then s = 3, d = sqrt(3 / 5) * 2."""
    assert changes(Adadelta(0.5, 2.0), [2.0, 2.0]) == pytest.approx([-math.sqrt(2.0), -2 * math.sqrt(0.6)])


def test_rmsprop_by_hand() -> None:
    """rho 3/4, g = 4, 2: s = 4, then 3 + 1 = 4."""
    assert changes(RMSprop(0.75, 1e-12), [4.0, 2.0]) == pytest.approx([-2.0, -1.0])
    assert changes(RMSprop(0.75, 1e-12, momentum=0.5), [4.0, 2.0]) == pytest.approx([-2.0, -2.0])
    # Centred, rho 1/2, g = 4, 2: s = 8, m = 2, variance 4; then s = 6, m = 2, variance 2.
    assert changes(RMSprop(0.5, 1e-12, centred=True), [4.0, 2.0]) == pytest.approx([-2.0, -2 / math.sqrt(2)])


@pytest.mark.parametrize("g", [0.1, 1 / 3, 1e10])
def test_rounding_of_the_variance_gives_no_nan(g: float) -> None:
    """A constant gradient has variance 0, of which rounding makes a number of either sign."""
    found = changes(RMSprop(rho=0.7, epsilon=1e-3, centred=True), [g] * 300)
    assert np.all(np.isfinite(found))
    assert np.all(np.array(found) < 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Adagrad(epsilon=0),
            "Adagrad's epsilon must be a positive number .*gradient is 0 would be divided by 0",
        ),
        (lambda: Adagrad(initial=-1.0), "Adagrad's initial must be a number, at least 0"),
        (lambda: Adadelta(rho=1), "Adadelta's rho must be at least 0 and below 1, not 1"),
        (lambda: Adadelta(epsilon=-1e-6), "Adadelta's epsilon must be a positive number"),
        (lambda: RMSprop(rho=2.0), "RMSprop's rho must be"),
        (lambda: RMSprop(momentum=None), "RMSprop's momentum must be at least 0 and below 1, not None"),
        (lambda: RMSprop(epsilon=math.inf), "RMSprop's epsilon must be a positive number"),
    ],
)
def test_bad_arguments(make, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        make()
