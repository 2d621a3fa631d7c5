from __future__ import annotations

import numpy as np
import pytest

from steepest.base.errors import ModelError
from steepest.optim.rprop import Rprop


def test_by_hand() -> None:
    """Same sign: 0.1 * 1.2; turned: half and no move; after a turn: neither; same again: grows."""
    rule = Rprop()
    w = np.zeros(1)
    state, seen = rule.init(w), []
    for step, g in enumerate([1.0, 5.0, -2.0, -0.1, -9.0, 0.0, -1.0]):
        change, state = rule.update(np.array([g]), state, w, 0.1, step)
        seen.append(float(change[0]))
    assert seen == pytest.approx([-0.1, -0.12, 0.0, 0.06, 0.072, 0.0, 0.072])


def test_tiny_gradients_have_signs_too() -> None:
    """The product of these underflows to 0; their signs agree."""
    rule = Rprop()
    w, g = np.zeros(1), np.array([1e-200])
    _, state = rule.update(g, rule.init(w), w, 0.1, 0)
    change, _ = rule.update(g, state, w, 0.1, 1)
    np.testing.assert_allclose(change, -0.12)


def test_bounds_of_the_step() -> None:
    rule = Rprop(shortest=0.05, longest=0.11)
    w = np.zeros(1)
    state, seen = rule.init(w), []
    for step, g in enumerate([1.0, 1.0, -1.0, -1.0, 1.0, 1.0]):
        change, state = rule.update(np.array([g]), state, w, 0.1, step)
        seen.append(float(change[0]))
    assert seen == pytest.approx([-0.1, -0.11, 0.0, 0.055, 0.0, -0.05])


def test_the_rate_is_read_once() -> None:
    rule = Rprop()
    w, g = np.zeros(1), np.ones(1)
    _, state = rule.update(g, rule.init(w), w, 0.1, 0)
    assert rule.update(g, state, w, 0.0, 1)[0] == pytest.approx(-0.12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shrink": 1.0}, "Rprop needs shrink < 1 < grow; they are 1.0 and 1.2"),
        ({"grow": 0.9}, "Rprop needs shrink < 1 < grow"),
        ({"shrink": 0}, "Rprop's shrink must be a positive number"),
        ({"shortest": 0.0}, "Rprop's shortest step must be a positive number"),
        ({"shortest": 2.0, "longest": 1.0}, "Rprop's shortest step, 2.0, is longer than its longest, 1.0"),
    ],
)
def test_bad_arguments(options: dict, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Rprop(**options)
