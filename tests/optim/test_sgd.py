from __future__ import annotations

import math

import numpy as np
import pytest

from optim.family import descend, parabola
from steepest.base.errors import ModelError
from steepest.optim.sgd import SGD, Nesterov


def test_sgd_by_hand() -> None:
    """momentum 0.5, dampening 0.5, decay 0.1: v = g at first, then v/2 + g/2, with g raised by a tenth of w."""
    rule = SGD(momentum=0.5, dampening=0.5, weight_decay=0.1)
    w, g = np.array([10.0]), np.array([3.0])
    first, state = rule.update(g, rule.init(w), w, 0.1, 0)
    np.testing.assert_allclose(first, -0.1 * 4.0)
    second, _ = rule.update(g, state, np.array([20.0]), 0.1, 1)
    np.testing.assert_allclose(second, -0.1 * (0.5 * 4.0 + 0.5 * 5.0))


@pytest.mark.parametrize("curvatures", [[1.0, 10.0], [0.01, 1.0, 100.0]])
def test_growing_nesterov_is_the_textbook_scheme_and_keeps_its_bound(curvatures: list[float]) -> None:
    """x_(k+1) = y_k - grad f(y_k) / L, y_(k+1) = x_(k+1) + (t_k - 1) / t_(k+1) * (x_(k+1) - x_k), and
    f(x_k) - f* <= 2 L |x_0 - x*|**2 / (k + 1)**2 (Beck and Teboulle, SIAM J. Imaging Sci. 2, 2009, theorem 4.4)."""
    c = np.array(curvatures)
    largest, start = c.max(), np.arange(1.0, len(c) + 1)
    path = descend(Nesterov(None), lambda w: (0.0, c * w), start, 1 / largest, 50)
    x, y, t = start, start, 1.0
    for k, ours in enumerate(path, start=1):
        before, x = x, y - c * y / largest
        assert 0.5 * float(c @ x**2) <= 2 * largest * float(start @ start) / (k + 1) ** 2
        following = (1 + math.sqrt(1 + 4 * t * t)) / 2
        y, t = x + (t - 1) / following * (x - before), following
        np.testing.assert_allclose(ours, y, rtol=1e-9, atol=1e-12)


def test_growing_nesterov_in_a_narrow_valley() -> None:
    """Along the valley's floor, of curvature 1, x follows 2 J1(t) / t with t = steps * sqrt(rate) (Su, Boyd and Candes,
    JMLR 17, 2016), J1(5) = -0.3275791376; plain descent has gone from 1 to 0.9999**500 only."""
    c = np.array([1.0, 1e4])
    plain = descend(SGD(), lambda w: (0.0, c * w), np.ones(2), 1e-4, 500)[-1]
    fast = descend(Nesterov(None), lambda w: (0.0, c * w), np.ones(2), 1e-4, 500)[-1]
    assert plain[0] == pytest.approx(0.9999**500)
    assert fast[0] == pytest.approx(2 * -0.3275791376 / 5, rel=0.03)


def test_constant_beta_needs_no_memory_of_the_sequence() -> None:
    path = descend(Nesterov(0.5), parabola, np.array([1.5]), 0.1, 2)
    # v1 = 2, y1 = 1.5 - 0.1 (2 + 1) = 1.2; v2 = 1 + 1.4 = 2.4, y2 = 1.2 - 0.1 (1.4 + 1.2) = 0.94
    np.testing.assert_allclose(path, [[1.2], [0.94]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(momentum=1.0), "SGD's momentum must be at least 0 and below 1, not 1.0"),
        (lambda: SGD(momentum=math.nan), "SGD's momentum must be"),
        (lambda: SGD(dampening=-0.1), "SGD's dampening must be"),
        (lambda: SGD(weight_decay=-1), "SGD's weight_decay must be a number, at least 0, not -1"),
        (lambda: SGD(weight_decay="0.1"), "SGD's weight_decay must be a number, at least 0, not '0.1'"),
        (lambda: SGD(nesterov=True), "nesterov needs a momentum above 0 and a dampening of 0; they are 0.0 and 0.0"),
        (lambda: SGD(momentum=0.9, dampening=0.1, nesterov=True), "nesterov needs a momentum"),
        (lambda: Nesterov(1.5), "Nesterov's beta must be at least 0 and below 1, not 1.5"),
    ],
)
def test_bad_arguments(make, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        make()
