from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from steepest.base.errors import ModelError
from steepest.optim.chain import Transformation, chain, usual_rate
from steepest.optim.clipping import ClipGlobalNorm, ClipValue
from steepest.optim.decay import DecoupledWeightDecay, WeightDecay
from steepest.optim.rules import Adam, GradientDescent, Momentum


def change_of(rule, g: list[float], w: list[float], rate: float = 0.1) -> np.ndarray:
    return rule.update(np.array(g), rule.init(np.array(w)), np.array(w), rate, 0)[0]


def test_parts_act_in_their_order() -> None:
    """Gradient 3, parameter 100: clipping first leaves 1 + 10, decay first leaves 1."""
    rule = GradientDescent()
    np.testing.assert_allclose(change_of(chain(ClipValue(1.0), WeightDecay(0.1), rule), [3.0], [100.0]), -1.1)
    np.testing.assert_allclose(change_of(chain(WeightDecay(0.1), ClipValue(1.0), rule), [3.0], [100.0]), -0.1)


def test_clipping_after_the_rule_bounds_the_step() -> None:
    rule = chain(GradientDescent(), ClipGlobalNorm(1.0))
    np.testing.assert_allclose(change_of(rule, [300.0, 400.0], [0.0, 0.0]), [-0.6, -0.8])


def test_decoupled_decay_is_not_divided() -> None:
    """Adam's first step is the rate whatever the gradient; coupled decay of a huge parameter disappears in it."""
    np.testing.assert_allclose(change_of(chain(Adam(), DecoupledWeightDecay(0.5)), [2.0], [1000.0]), -0.1 - 50.0)
    np.testing.assert_allclose(change_of(chain(WeightDecay(0.5), Adam()), [2.0], [1000.0]), -0.1)


def test_for_plain_descent_both_decays_are_the_same() -> None:
    coupled = change_of(chain(WeightDecay(0.3), GradientDescent()), [2.0, -1.0], [5.0, 7.0])
    np.testing.assert_allclose(
        coupled, change_of(chain(GradientDescent(), DecoupledWeightDecay(0.3)), [2.0, -1.0], [5.0, 7.0])
    )


def test_chains_nest_and_keep_their_states_apart() -> None:
    inner = chain(ClipValue(1.0), Momentum(0.5))
    rule = chain(ClipGlobalNorm(100.0), inner)
    w, g = np.zeros(1), np.array([4.0])
    _, state = rule.update(g, rule.init(w), w, 0.1, 0)
    second, _ = rule.update(g, state, w, 0.1, 1)
    np.testing.assert_allclose(second, -0.15)


def test_a_chain_says_what_it_does() -> None:
    rule = chain(ClipGlobalNorm(5.0), WeightDecay(0.01), Adam(), DecoupledWeightDecay(0.1))
    assert rule.name == "Adam, norm clipped at 5, weight decay 0.01, decoupled weight decay 0.1"
    assert usual_rate(rule) == 0.01
    assert usual_rate(chain(ClipValue(1.0), Momentum())) is None


def test_ones_own_part() -> None:
    @dataclass(frozen=True)
    class Sign(Transformation):
        place = "before"
        phrase = "signs only"

        def update(self, vector, state, params, rate, step):
            return np.sign(vector), state

    np.testing.assert_allclose(change_of(chain(Sign(), GradientDescent()), [30.0, -0.01], [0.0, 0.0]), [-0.1, 0.1])


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((), "a chain needs a rule, for example"),
        ((ClipValue(1.0),), "exactly one rule .* this one has none"),
        ((Adam(), Momentum()), "exactly one rule .* this one has Adam, momentum"),
        ((ClipValue, Adam()), r"made of ClipValue\(...\), not of the class ClipValue itself"),
        ((ClipValue(1.0), "adam"), "made of rules and transformations; 'adam' is neither"),
        ((Adam(), WeightDecay(0.1)), "WeightDecay belongs before the rule"),
        ((DecoupledWeightDecay(0.1), Adam()), "DecoupledWeightDecay belongs after the rule"),
    ],
)
def test_chains_that_make_no_sense(parts, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        chain(*parts)


@pytest.mark.parametrize("decay", [WeightDecay, DecoupledWeightDecay])
@pytest.mark.parametrize("value", [-0.1, float("nan"), "much"])
def test_bad_decays(decay, value) -> None:
    with pytest.raises(ModelError, match=f"{decay.__name__}'s decay must be a number, at least 0, not"):
        decay(value)
