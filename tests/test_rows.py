"""The tutorial's facts: what it prints must come out of its own lines, with only the import changed."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
import steepest as torch

PARAMS = np.array([0.0121, -0.6397, 0.6416])
GRADIENT = np.array([-6668.8774, -434.5187, -42.9623])
LOSS = 679.2726
PRINTED = [358.8021, 298.1575, 286.6799, 284.5060, 284.0928, 284.0128, 283.9958, 283.9907, 283.9879, 283.9855]


def tutorial_data() -> tuple[np.ndarray, np.ndarray]:
    """Times and speeds for which the tutorial's parameters have its gradient and its loss.

    The Hessian of the loss depends on the times alone, so gradient and loss fix all losses that follow, whatever the noise was:
    with residuals r = X (X'X)^-1 (n/2 g) + z, z at right angles to the columns of X, the gradient 2/n X'r is g, and the length
    of z sets the loss.
    """
    t = np.arange(20.0)
    x = np.stack([t**2, t, np.ones(20)], axis=1)
    r = x @ np.linalg.solve(x.T @ x, 10.0 * GRADIENT)
    z = np.random.default_rng(0).normal(size=20)
    z -= x @ np.linalg.lstsq(x, z, rcond=None)[0]
    z *= np.sqrt(20 * LOSS - r @ r) / np.linalg.norm(z)
    return t, x @ PARAMS - (r + z)


def test_t2_t3_derivative_and_accumulation() -> None:
    xt = torch.tensor(3.0).requires_grad_()
    yt = xt**2
    assert str(yt) == "tensor(9., grad_fn=<PowBackward0>)"
    yt.backward()
    assert xt.grad.item() == 6
    (xt**2).backward()
    assert xt.grad.item() == 12
    xt.grad = None
    (xt**2).backward()
    assert xt.grad.item() == 6
    xt.grad.zero_()
    (xt**2).backward()
    assert xt.grad.item() == 6


def test_t4_an_outlier_raises_rmse_more_than_l1() -> None:
    target = np.zeros(10)
    prediction = np.full(10, 0.1)
    spoilt = prediction.copy()
    spoilt[0] = 5.0
    assert (
        sd.rmse(spoilt, target) / sd.rmse(prediction, target) > sd.mae(spoilt, target) / sd.mae(prediction, target) > 1
    )
    assert sd.mae(prediction, target) == pytest.approx(0.1)
    assert sd.rmse(spoilt, target) == pytest.approx(np.sqrt((25 + 9 * 0.01) / 10))
    assert sd.mse(spoilt, target) == pytest.approx((25 + 9 * 0.01) / 10)
    assert sd.dispersion(np.array([1.0, 2.0, 6.0])) == 2.0


def test_t5_three_regimes_and_the_limit() -> None:
    def descend(rate: float, steps: int) -> sd.Run:
        return sd.minimize(lambda x: x**2, -1.5, method="gradient_descent", learning_rate=rate, steps=steps)

    slow, bouncing, diverging = descend(0.01, 50), descend(0.9, 300), descend(1.1, 300)
    assert slow.params["x"] == pytest.approx(-1.5 * 0.98**50)
    assert bouncing.outcome is not None
    assert bouncing.outcome.name == "converged"
    assert descend(0.9, 3).params["x"] == pytest.approx(-1.5 * (-0.8) ** 3)
    assert diverging.outcome is not None
    assert diverging.outcome.name == "diverged"
    assert slow.rate_limit() == pytest.approx(1.0, rel=1e-9)


def test_t6_the_hand_loop_unchanged_but_for_the_import() -> None:
    times, speeds = tutorial_data()
    time = torch.arange(0, 20).double()
    speed = torch.tensor(speeds)

    def f(t, params):  # type: ignore[no-untyped-def]
        a, b, c = params
        return a * (t**2) + (b * t) + c

    def mse(preds, targets):  # type: ignore[no-untyped-def]
        return ((preds - targets) ** 2).mean()

    params = torch.tensor(PARAMS).requires_grad_()
    lr = 1e-5
    losses = []

    preds = f(time, params)
    loss = mse(preds, speed)
    loss.backward()
    np.testing.assert_allclose(params.grad.data, GRADIENT, rtol=1e-9)
    assert loss.item() == pytest.approx(LOSS, rel=1e-12)
    params.data -= lr * params.grad.data
    params.grad = None

    def apply_step(params):  # type: ignore[no-untyped-def]
        preds = f(time, params)
        loss = mse(preds, speed)
        loss.backward()
        params.data -= lr * params.grad.data
        params.grad = None
        losses.append(loss.item())
        return preds

    for _ in range(10):
        apply_step(params)
    np.testing.assert_allclose(losses, PRINTED, rtol=1e-6)
    np.testing.assert_array_equal(times, time.data)


def test_t6_steepest_says_why_it_stalls_and_reaches_the_optimum() -> None:
    t, speed = tutorial_data()
    start = dict(zip("abc", PARAMS, strict=True))
    formula = "speed ~ a*t**2 + b*t + c"
    crawl = sd.fit(
        formula, {"t": t, "speed": speed}, start=start, method="gradient_descent", learning_rate=1e-5, steps=11
    )
    np.testing.assert_allclose(crawl.history["loss"], [LOSS, *PRINTED], rtol=1e-6)
    (remark,) = [r for r in crawl.remarks if "ill-conditioned" in r]
    assert "2.2e+05" in remark or "2.2e5" in remark
    assert "3.5e-05" in remark or "3.5e-5" in remark
    assert "levenberg_marquardt" in remark
    assert crawl.run.rate_limit() == pytest.approx(3.5399e-5, rel=1e-3)
    best = sd.fit(formula, {"t": t, "speed": speed})
    assert best.loss == pytest.approx(1.0428, abs=1e-4)
    assert best.outcome.name == "converged"
    np.testing.assert_allclose([best.params[k] for k in "abc"], np.polyfit(t, speed, 2), rtol=1e-9)


def test_t8_every_way_to_stop_names_itself() -> None:
    def run(**options: object) -> sd.Outcome:
        done = sd.minimize(lambda x: (x**2).sum(), [3.0, 4.0], method="gd", learning_rate=1e-3, **options)  # type: ignore[arg-type]
        assert done.outcome is not None
        return done.outcome

    assert run(steps=5).name == "out_of_steps"
    assert run(threshold=20.0).name == "threshold_reached"
    assert run(time=0.05, steps=10**7).name == "out_of_time"
    enough = run(hooks=[sd.Hook(lambda r: "seen enough" if r.steps_done >= 7 else None)])
    assert enough.name == "stopped_early"
    assert "seen enough" in enough.message
    rough = sd.minimize(lambda x: abs(x), 1.05, method="gd", learning_rate=0.1, patience=3)
    assert rough.outcome is not None
    assert rough.outcome.name == "stopped_early"


def test_l3_batches_and_reductions() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=32), rng.normal(size=32)

    def gradient(repeats: int, reduction: str) -> np.ndarray:
        problem = sd.Problem(
            lambda p, x: p["a"] * x + p["b"],
            {"a": 0.3, "b": 0.1},
            np.tile(x, repeats),
            np.tile(y, repeats),
            reduction=reduction,
        )
        return problem.value_and_gradient(problem.start)[1]

    np.testing.assert_allclose(gradient(4, "mean"), gradient(1, "mean"), rtol=1e-12)  # 128 rows against 32
    np.testing.assert_allclose(gradient(4, "sum"), 4 * gradient(1, "sum"), rtol=1e-12)
    for order in ("random", "sequence"):
        batches = sd.Batches(5, order)
        for epoch in range(3):
            seen = np.concatenate([np.arange(32)[batches.at(32, seed=9, step=epoch * 7 + k)[1]] for k in range(7)])
            assert sorted(seen) == list(range(32))


def test_t1_a_step_shows_prediction_loss_and_gradient() -> None:
    t, speed = tutorial_data()
    problem = sd.Problem(
        lambda p, t: p["a"] * t**2 + p["b"] * t + p["c"], dict(zip("abc", PARAMS, strict=True)), t, speed
    )
    run = sd.Run(problem, sd.Descent(learning_rate=1e-5))
    step = run.step()
    assert step is not None
    assert step.loss == pytest.approx(LOSS)
    np.testing.assert_allclose(step.gradient.flat, GRADIENT, rtol=1e-9)
    np.testing.assert_allclose(step.prediction, np.polyval(PARAMS, t), rtol=1e-12)
    np.testing.assert_allclose(step.after.flat, PARAMS - 1e-5 * GRADIENT, rtol=1e-12)


def test_g5_tanh_descent() -> None:
    run = sd.minimize(lambda x: np.log(np.cosh(x)), 10.0, method="gd", learning_rate=0.0021, steps=10_000)
    assert run.params["x"] == pytest.approx(8.24881e-06, rel=1e-5)
