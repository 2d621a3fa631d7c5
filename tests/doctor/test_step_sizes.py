"""Step sizes: jumps, lost gains and limits, on real runs and on numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.doctor.trained import regression, train

import steepest as sd
from steepest.doctor import step_sizes
from steepest.training.history import History


def history(losses, norms=None):
    """A history of these losses; what a run would have kept of them."""
    made = History()
    n = len(losses)
    norms = np.ones(n) if norms is None else norms
    made.extend({"step": list(range(n)), "epoch": [0] * n, "loss": list(losses), "gradient_norm": list(norms),
                 "rate": [0.1] * n, "time": [0.0] * n})  # fmt: skip
    return made


def test_medians_of_the_steps_before():
    norms = np.random.default_rng(0).exponential(size=200)
    medians = step_sizes._medians_before(norms)
    for k in range(200):
        expected = np.median(norms[max(0, k - 50) : k]) if k >= 5 else 0.0
        assert medians[k] == expected


@pytest.mark.parametrize(("peak", "loss", "found"), [(150.0, 9.0, True), (50.0, 9.0, False), (150.0, 1.0, False)])
def test_a_jump_is_far_above_the_past_and_undoes_what_was_gained(peak, loss, found):
    norms, losses = np.ones(60), np.linspace(1.0, 0.1, 60)
    norms[30], losses[31] = peak, loss
    seen = step_sizes.jump(history(losses, norms), ended_badly=False)
    assert (seen is not None) == found
    if seen is not None:
        assert (seen.step, seen.norm, seen.median) == (30, peak, 1.0)


def test_no_jump_where_it_had_gone_wrong_before():
    losses = 2.0 ** np.arange(40)
    assert step_sizes.jump(history(losses, 10.0 ** np.arange(40)), ended_badly=True) is None


def test_a_gradient_that_fades_to_rounding_does_not_jump():
    norms = np.concatenate([0.5 ** np.arange(40), 1e-13 * np.random.default_rng(1).exponential(size=60) ** 3])
    losses = np.concatenate([0.25 ** np.arange(40), np.full(60, 1e-26)])
    assert step_sizes.jump(history(losses, norms), ended_badly=False) is None


@pytest.mark.parametrize(
    ("losses", "held"),
    [
        (np.linspace(1, 0.1, 100), True),
        (np.concatenate([np.linspace(1, 0.1, 50), np.linspace(0.1, 0.5, 50)]), False),
        (np.full(100, 0.3), True),
        (np.linspace(1, 2, 100), False),
        (np.linspace(-1, -5, 100), True),
        (np.array([1.0, 5.0, 9.0]), True),  # too short to tell
    ],
)
def test_gains_that_were_held(losses, held):
    assert step_sizes.held(history(losses)) is held


def test_half_of_the_loss():
    assert step_sizes.fell(history(np.linspace(1, 0.2, 50)))
    assert not step_sizes.fell(history(np.linspace(1, 0.8, 50)))
    assert step_sizes.fell(history(np.linspace(-1, -5, 50)))
    assert not step_sizes.fell(history([]))


@pytest.mark.parametrize(
    ("rule", "factor"),
    [
        (sd.GradientDescent(), 1.0), (sd.SGD(), 1.0), (sd.Momentum(0.5), 1.5), (sd.SGD(momentum=0.5), 1.5),
        (sd.SGD(momentum=0.5, dampening=0.5), 3.0), (sd.SGD(momentum=0.5, nesterov=True), 0.75),
        (sd.SGD(weight_decay=0.1), None), (sd.Adam(), None),
    ],
)  # fmt: skip
def test_the_limit_of_each_rule_is_where_it_diverges(rule, factor):
    assert step_sizes.limit_factor(sd.Descent(rule)) == factor
    if factor is None:
        return
    outcomes = [
        sd.minimize(lambda x: x**2 + 1, 1.0, method=sd.Descent(rule, part * factor), steps=5000).outcome.name
        for part in (0.98, 1.05)  # the limit of plain descent on x**2 is 1
    ]
    assert outcomes == ["converged", "diverged"]


def test_the_limit_at_the_start_is_the_hessians():
    x, y = regression(rows=40)
    run = train(sd.MLP(6, [4], 1, "tanh"), x, y, steps=3)
    largest = np.linalg.eigvalsh(run.problem.hessian(run.problem.start))[-1]
    assert step_sizes.rate_limit_at_start(run) == pytest.approx(2 / largest, rel=0.02)
    assert step_sizes.rate_limit_at_start(train(sd.MLP(6, [4], 1), x, y, sd.Adam(), steps=2)) is None


@pytest.mark.parametrize("rate", [0.05, None, "auto", lambda step: 0.1 / (step + 1), sd.ReduceOnPlateau(0.05)])
def test_the_first_step_done_again_is_the_first_step(rate):
    x, y = regression()
    run = train(sd.MLP(6, [4], 1, "tanh"), x, y, rate=rate, steps=1, batch=None if rate in (None, "auto") else 16)
    again = step_sizes.first_step(run)
    np.testing.assert_array_equal(again.after.flat, run.params.flat)
    run.finish(5)
    np.testing.assert_array_equal(step_sizes.first_step(run).after.flat, again.after.flat)


def test_only_descents_have_a_first_step():
    x, y = regression(rows=40)
    params, state = (net := sd.MLP(6, [3], 1)).init(0)
    run = sd.Run(sd.Problem(net, params, x, y, state=state), sd.LBFGS(), steps=3).finish()
    assert step_sizes.first_step(run) is None


def test_clipping_is_taken_from_the_healthy_steps():
    x, y = regression()
    run = train(sd.MLP(6, [4], 1, "tanh"), x, y, steps=60)
    median = np.median(run.history["gradient_norm"])
    assert step_sizes.healthy_norm(run.history) == pytest.approx(median)
    assert f"sd.ClipGlobalNorm({3 * median:.1g})" in step_sizes.clipping(run)
    clipped = train(sd.MLP(6, [4], 1), x, y, sd.chain(sd.ClipGlobalNorm(0.5), sd.SGD()), steps=60)
    assert step_sizes.clipped_at(clipped) == 0.5
    assert step_sizes.clipping(clipped) == ""


def test_healthy_steps_end_where_the_gradient_jumps():
    norms = np.concatenate([np.full(30, 2.0), np.full(10, 1e6)])
    assert step_sizes.healthy_norm(history(np.ones(40), norms)) == 2.0
    assert step_sizes.healthy_norm(history(np.ones(5), np.ones(5))) is None
