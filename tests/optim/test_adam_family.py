from __future__ import annotations

import math

import numpy as np
import pytest

from steepest.base.errors import ModelError
from steepest.optim.adam_family import AdaMax, AdamW, AMSGrad, Nadam, RAdam
from steepest.optim.rules import Adam


def changes(rule, gradients: list[float], rate: float = 1.0) -> list[float]:
    w = np.zeros(1)
    state, seen = rule.init(w), []
    for step, g in enumerate(gradients):
        change, state = rule.update(np.array([g]), state, w, rate, step)
        seen.append(float(change[0]))
    return seen


def test_adamax_by_hand() -> None:
    """g = 4, 1: u = 4, then 0.999 * 4; m = 0.4, then 0.46, over 1 - 0.81."""
    assert changes(AdaMax(epsilon=1e-14), [4.0, 1.0]) == pytest.approx([-1.0, -0.46 / 0.19 / 3.996])


def test_nadam_by_hand() -> None:
    """Without decay of the momentum mu = 0.45 always: 0.45 * 0.1 / (1 - 0.45**2) + 0.55 / 0.55 at the first step."""
    assert changes(Nadam(momentum_decay=0.0, epsilon=1e-14), [7.0]) == pytest.approx([-(0.045 / 0.7975 + 1.0)])


def test_radam_is_a_plain_mean_until_the_variance_is_known() -> None:
    """With beta2 = 0.999 the length of the average exceeds 5 from the sixth step on: until then steps scale with the gradient."""
    small, large = (np.array(changes(RAdam(), [g] * 8, 0.1)) for g in (1.0, 10.0))
    np.testing.assert_allclose(large[:5], 10 * small[:5])
    np.testing.assert_allclose(small[:5], -0.1)
    np.testing.assert_allclose(large[5:], small[5:], rtol=1e-6)
    assert np.all(np.abs(small[5:]) < 0.05)  # the rectification begins small


def test_radam_without_memory_of_squares_never_divides() -> None:
    np.testing.assert_allclose(changes(RAdam(beta2=0.6), [10.0] * 30, 0.1), -1.0)


def test_amsgrad_steps_do_not_grow_back() -> None:
    """After one large gradient AMSGrad stays careful, where Adam forgets."""
    gradients = [100.0] + [1.0] * 200
    adam, amsgrad = (changes(rule(0.0, 0.9), gradients)[-1] for rule in (Adam, AMSGrad))
    assert adam == pytest.approx(-1.0, rel=1e-3)
    # The largest v is 10 * 100**2 / 100 = 1000, of which the correction 1 - 0.9**t is nearly 1 by then.
    assert amsgrad == pytest.approx(-1 / math.sqrt(1000.0), rel=1e-6)


def test_the_example_on_which_adam_fails() -> None:
    """Reddi, Kale and Kumar, theorem 1: slopes C, -1, -1 in turn on [-1, 1]. The minimum is -1; Adam ends at +1."""
    large = 4.0

    def end(rule) -> float:
        x = np.zeros(1)
        state = rule.init(x)
        for step in range(6000):
            slope = np.array([large if step % 3 == 0 else -1.0])
            change, state = rule.update(slope, state, x, 0.1 / math.sqrt(step + 1), step)
            x = np.clip(x + change, -1.0, 1.0)
        return float(x[0])

    beta2 = 1 / (1 + large**2)
    assert end(Adam(0.0, beta2)) > 0.99
    assert end(AMSGrad(0.0, beta2)) < -0.99


def test_adamw_decays_without_gradients_and_adam_does_not() -> None:
    w = np.array([8.0])
    rule = AdamW(weight_decay=0.5)
    change, _ = rule.update(np.zeros(1), rule.init(w), w, 0.25, 0)
    np.testing.assert_array_equal(change, -1.0)
    assert isinstance(rule, Adam)


@pytest.mark.parametrize("rule", [AdaMax, Nadam, RAdam, AMSGrad])
def test_bad_arguments_name_the_rule(rule) -> None:
    for options, message in [
        ({"beta1": 1.0}, f"{rule.__name__}'s beta1 must be at least 0 and below 1, not 1.0"),
        ({"beta2": -0.5}, f"{rule.__name__}'s beta2 must be"),
        ({"epsilon": 0.0}, f"{rule.__name__}'s epsilon must be a positive number"),
    ]:
        with pytest.raises(ModelError, match=message):
            rule(**options)


def test_bad_arguments_of_one_rule() -> None:
    with pytest.raises(ModelError, match="Nadam's momentum_decay must be a number, at least 0, not -1"):
        Nadam(momentum_decay=-1)
    with pytest.raises(ModelError, match="AdamW's weight_decay must be a number, at least 0"):
        AdamW(weight_decay=math.nan)
