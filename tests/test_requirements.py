"""The rows of the requirements that the first fits must meet, one test (or a few) for each, through the public API alone."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
import steepest as torch  # the tutorial's lines run unchanged but for the import

# From the tutorial: the parameters, loss and gradient it prints before the first step, and the ten losses after it.
PARAMS = [0.0121, -0.6397, 0.6416]
GRADIENT = [-6668.8774, -434.5187, -42.9623]
FIRST_LOSS = 679.2726
LOSSES = [358.8021, 298.1575, 286.6799, 284.5060, 284.0928, 284.0128, 283.9958, 283.9907, 283.9879, 283.9855]


def tutorial_speed() -> np.ndarray:
    """Data with the printed loss and gradient at the printed parameters: the losses that follow depend on nothing else.

    With X = [t**2, t, 1] and residual r = X p - y the gradient of mean(r**2) is X' r / 10, so r = X (X'X)^-1 (10 g) + z with
    any z at right angles to X of the length that makes the mean square the printed loss.
    """
    t = np.arange(20.0)
    X = np.stack([t**2, t, np.ones(20)], axis=1)
    r = X @ np.linalg.solve(X.T @ X, 10 * np.array(GRADIENT))
    z = np.sin(7.0 * t)
    z -= X @ np.linalg.lstsq(X, z, rcond=None)[0]
    z *= np.sqrt((20 * FIRST_LOSS - r @ r) / (z @ z))
    return X @ np.array(PARAMS) - r - z


# ---- T1: the seven steps
def test_t1_a_step_shows_prediction_loss_and_gradient():
    x = np.array([0.0, 1.0, 2.0])
    problem = sd.Problem(lambda p, x: p["a"] * x, {"a": 1.0}, x, np.array([1.0, 3.0, 6.0]))
    run = sd.Run(problem, sd.Descent(learning_rate=0.1))  # 1 initialise
    seen = run.step()
    assert seen.prediction.tolist() == [0, 1, 2]  # 2 predict
    assert seen.loss == pytest.approx((1 + 4 + 16) / 3, rel=1e-15)  # 3 loss
    assert seen.gradient["a"] == pytest.approx(-2 * (2 * 1 + 4 * 2) / 3, rel=1e-15)  # 4 gradient
    assert seen.after["a"] == pytest.approx(1 + 0.1 * 20 / 3, rel=1e-15)  # 5 step
    assert run.step().before["a"] == seen.after["a"]  # 6 repeat
    assert run.finish(500).outcome.name == "converged"  # 7 stop
    assert run.params["a"] == pytest.approx((1 * 3 + 2 * 6) / 5, rel=1e-7)


def test_t1_the_loop_names_its_seven_lines():
    import inspect

    from steepest.training import loop

    source = inspect.getsource(loop)
    for number, name in enumerate(["initialise", "predict", "loss", "gradient", "step", "repeat", "stop"], start=1):
        assert f"{number}. {name}" in source or f"Step {number}, {name}" in source


# ---- T2, T3: derivatives
def test_t2_derivative_of_a_square():
    xt = torch.tensor(3.0).requires_grad_()
    yt = xt**2
    assert "9." in str(yt)
    assert "grad_fn=<PowBackward0>" in str(yt)
    yt.backward()
    assert xt.grad.item() == 6


def test_t3_gradients_accumulate_until_reset():
    xt = torch.tensor(3.0).requires_grad_()
    (xt**2).backward()
    assert xt.grad.item() == 6
    (xt**2).backward()
    assert xt.grad.item() == 12
    xt.grad = None
    (xt**2).backward()
    assert xt.grad.item() == 6
    xt.grad.data *= 0
    (xt**2).backward()
    assert xt.grad.item() == 6


# ---- T4: losses
def test_t4_losses_and_dispersion():
    predicted, observed = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 8.0])
    assert sd.mae(predicted, observed) == 1
    assert sd.mse(predicted, observed) == 4
    assert sd.rmse(predicted, observed) == 2
    assert sd.dispersion([1.0, 2.0, 6.0]) == 2


def test_t4_one_outlier_raises_rmse_more_than_l1():
    observed = np.zeros(10)
    calm = np.ones(10)
    wild = calm.copy()
    wild[0] = 10
    assert sd.rmse(wild, observed) / sd.rmse(calm, observed) > sd.mae(wild, observed) / sd.mae(calm, observed)


# ---- T5: the limit of the rate
def test_t5_limit_of_the_rate_on_a_square():
    run = sd.minimize(lambda x: x**2, -1.5, method="gradient_descent", steps=0)
    assert run.rate_limit() == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize(("rate", "name"), [(0.01, "converged"), (0.9, "converged"), (1.1, "diverged")])
def test_t5_three_regimes_on_a_square(rate, name):
    run = sd.minimize(lambda x: x**2 + 1, -1.5, method="gradient_descent", learning_rate=rate)
    assert run.outcome.name == name
    signs = np.sign([run.history["loss"][1] - run.history["loss"][0]])
    assert signs[0] == (1 if name == "diverged" else -1)
    if name == "diverged":
        assert "above the limit 1 " in run.remarks[0]


# ---- T6: the quadratic fit
def test_t6_the_tutorials_hand_loop():
    time = torch.arange(0, 20).double()
    speed = torch.tensor(tutorial_speed())

    def f(t, params):
        a, b, c = params
        return a * (t**2) + (b * t) + c

    def mse(preds, targets):
        return ((preds - targets) ** 2).mean()

    params = torch.tensor(PARAMS).requires_grad_()
    lr = 1e-5
    seen = []

    def apply_step(params):
        preds = f(time, params)
        loss = mse(preds, speed)
        loss.backward()
        if not seen:
            np.testing.assert_allclose(params.grad.data, GRADIENT, rtol=1e-7)
        params.data -= lr * params.grad.data
        params.grad = None
        seen.append(loss.item())
        return preds

    for _ in range(11):
        apply_step(params)
    assert seen[0] == pytest.approx(FIRST_LOSS, rel=1e-9)
    assert seen[1:] == pytest.approx(LOSSES, rel=1e-6)


@pytest.fixture(scope="module")
def stalled():
    data = {"t": np.arange(20.0), "speed": tutorial_speed()}
    start = dict(zip("abc", PARAMS))
    return sd.fit(
        "speed ~ a*t**2 + b*t + c", data, start=start, method="gradient_descent", learning_rate=1e-5, steps=11
    )


def test_t6_the_same_losses_by_fit(stalled):
    assert stalled.history["loss"][0] == pytest.approx(FIRST_LOSS, rel=1e-9)
    assert stalled.history["loss"][1:] == pytest.approx(LOSSES, rel=1e-6)


def test_t6_steepest_says_why_it_stalls(stalled):
    assert stalled.run.rate_limit() == pytest.approx(3.5e-5, rel=0.02)
    (remark,) = [text for text in stalled.remarks if "ill-conditioned" in text]
    assert "2.2e+05" in remark
    assert "3.5e-05" in remark
    assert "levenberg_marquardt" in remark


def test_t6_the_default_fit_reaches_the_optimum():
    data = {"t": np.arange(20.0), "speed": tutorial_speed()}
    fit = sd.fit("speed ~ a*t**2 + b*t + c", data)
    assert fit.outcome.name == "converged"
    assert fit.loss == pytest.approx(1.04, abs=0.01)
    assert list(fit.params.values()) == pytest.approx(np.polyfit(data["t"], data["speed"], 2), rel=1e-9)


# ---- T8: stopping
def bowl(**options):
    return sd.minimize(lambda x: x**2, 4.0, method="gradient_descent", learning_rate=0.01, tolerance=0, **options)


def test_t8_after_n_steps():
    run = bowl(steps=7)
    assert run.outcome.name == "out_of_steps"
    assert "7 steps" in run.outcome.message
    assert len(run.history) == run.steps_done == 7


def test_t8_after_n_epochs():
    x = np.arange(10.0)
    epochs = sd.Hook(lambda run: "5 epochs are enough", every=5, unit="epoch")
    fit = sd.fit("y ~ a + b*x", {"x": x, "y": x + np.sin(x)}, method="adam", batch_size=3, hooks=[epochs])
    assert fit.outcome.name == "stopped_early"
    assert "5 epochs are enough" in fit.outcome.message
    assert fit.steps == 5 * 4
    assert fit.history["epoch"].max() == 4


def test_t8_on_time():
    run = bowl(time=1e-9)
    assert run.outcome.name == "out_of_time"
    assert "1e-09 s" in run.outcome.message


def test_t8_at_a_threshold():
    run = bowl(threshold=1e-3)
    assert run.outcome.name == "threshold_reached"
    assert "0.001" in run.outcome.message
    assert run.loss <= 1e-3 < run.history["loss"][-1]


def test_t8_out_of_patience():
    run = sd.minimize(
        lambda x: x**2, 1.0, method="gradient_descent", learning_rate=1.0 + 1e-12, tolerance=0, patience=4
    )
    assert run.outcome.name == "stopped_early"
    assert "4 epochs" in run.outcome.message
    assert run.steps_done < 10


def test_t8_by_a_hook():
    run = bowl(hooks=[sd.Hook(lambda run: "I have seen enough" if run.steps_done == 30 else None, every=10)])
    assert run.outcome.name == "stopped_early"
    assert run.steps_done == 30
    assert "I have seen enough" in run.outcome.message


# ---- L3: batches
def test_l3_every_row_once_an_epoch():
    batches = sd.Batches(32)
    for epoch in range(3):
        seen = np.concatenate([batches.at(100, 5, 4 * epoch + k)[1] for k in range(4)])
        assert sorted(seen) == list(range(100))
    first, second = (np.concatenate([batches.at(100, 5, 4 * e + k)[1] for k in range(4)]) for e in (0, 1))
    assert not np.array_equal(first, second)


def test_l3_in_sequence():
    cuts = [sd.Batches(2, "sequence").at(5, 0, k) for k in range(4)]
    assert cuts == [(0, slice(0, 2)), (0, slice(2, 4)), (0, slice(4, 5)), (1, slice(0, 2))]


def test_l3_repeating_a_batch_keeps_the_mean_and_multiplies_the_sum():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=32), rng.normal(size=32)

    def gradient(times, reduction):
        tiled = np.tile(x, times), np.tile(y, times)
        problem = sd.Problem(lambda p, x: p["w"] * x, {"w": 0.7}, *tiled, reduction=reduction)
        assert problem.rows == 32 * times
        return problem.value_and_gradient(problem.start)[1]

    np.testing.assert_allclose(gradient(4, "mean"), gradient(1, "mean"), rtol=1e-13)
    np.testing.assert_allclose(gradient(4, "sum"), 4 * gradient(1, "sum"), rtol=1e-13)
    np.testing.assert_allclose(gradient(1, "sum"), 32 * gradient(1, "mean"), rtol=1e-13)


# ---- L5, L6, N1: derivatives by hand and in three other ways
def test_l5_four_ways_agree():
    ways = sd.ways("-log(sigmoid(w*x))", {"w": 0.5, "x": 2.0}, wrt="w")
    names = [row.name.split(",")[0] for row in ways.rows]
    assert list(dict.fromkeys(names)) == ["manual", "symbolic", "numerical", "automatic"]
    for row in ways.rows:
        assert row.gradient[0] == pytest.approx(-2 / (1 + np.e), rel=1e-6)
        assert row.digits > 6
        assert row.evaluations is not None
        assert row.seconds > 0
    one_sided, central, complex_step = ways.curves("w")
    assert one_sided.best_error > 10 * central.best_error > 100 * complex_step.best_error


def test_l6_squares_of_a_linear_and_of_a_sigmoid_unit():
    rng = np.random.default_rng(0)
    data = {"w": rng.normal(size=3), "x": rng.normal(size=(8, 3)), "y": rng.normal(size=8)}
    linear = sd.derivation("y ~ dot(w, x)", "w", reduction="sum")
    assert (linear.text("w"), linear.update("w")) == ("-2*sum(δ*x_j)", "w_j + 2*α*sum(δ*x_j)")
    unit = sd.derivation("y ~ sigmoid(dot(w, x))", "w", reduction="sum")
    assert unit.text("w") == "-2*sum(δ*sigmoid(w·x)*(1 - sigmoid(w·x))*x_j)"
    assert sd.derivation("y ~ dot(w, x)", "w", reduction="mean").text("w") == "-2*mean(δ*x_j)"
    for derived, model in ((linear, lambda u: u), (unit, sd.ops.sigmoid)):
        expected = sd.grad(lambda w, model=model: ((data["y"] - model(data["x"] @ w)) ** 2).sum())(data["w"])
        np.testing.assert_allclose(derived.evaluate(data)["w"], expected, rtol=1e-10)


def test_n1_the_two_derivatives_of_a_line():
    line = sd.derivation("y ~ a + b*x", ["a", "b"])
    assert [line.text(name) for name in "ab"] == ["-2*mean(δ)", "-2*mean(δ*x)"]


# ---- L7: blocks
def test_l7_every_value_forward_and_every_derivative_backward():
    w, x = sd.tensor(0.5, requires_grad=True), sd.tensor(2.0, requires_grad=True)
    u = w * x
    p = sd.ops.sigmoid(u)
    L = -np.log(p)
    graph = sd.graph(L)
    exact = 1 / (1 + np.exp(-1.0))  # p; dL/dp = -1/p, dL/du = p - 1, dL/dw = (p - 1) x, dL/dx = (p - 1) w
    by_hand = {"w": (0.5, 2 * (exact - 1)), "x": (2, 0.5 * (exact - 1)), "u": (1, exact - 1), "p": (exact, -1 / exact)}
    for name, numbers in {**by_hand, "L": (-np.log(exact), 1)}.items():
        assert (graph[name].value.mean, graph[name].gradient.mean) == pytest.approx(numbers, rel=1e-14)


# ---- G1 and G2: unstable gradients are named, clipping cures those that explode
def recurrent_run(rule, cells):
    x = np.random.default_rng(0).uniform(0, 1, (60, 60, 2))
    net = sd.nn.Sequential(cells, sd.Linear(12, 1))
    params, state = net.init(0)
    problem = sd.Problem(net, params, x, x[:, :3, 0].sum(axis=1)[:, None] - 1.5, state=state)
    return sd.Run(problem, sd.Descent(rule, 0.02, sd.Batches(20)), steps=12).finish()


def test_g1_and_g2_a_net_that_explodes_is_told_and_finishes_when_clipped_as_told():
    eye = sd.nn.Initialiser("identity", lambda generator, shape, fan_in, fan_out: np.eye(*shape))
    cells = sd.RNN(2, 12, last=True, nonlinearity="relu", recurrent_init=eye)
    run = recurrent_run(sd.SGD(), cells)
    assert run.outcome.name in ("diverged", "non_finite")
    limit = float(run.remarks[0].split("sd.ClipGlobalNorm(")[1].split(")")[0])
    clipped = recurrent_run(sd.chain(sd.ClipGlobalNorm(limit), sd.SGD()), cells)
    assert clipped.outcome.name == "out_of_steps"
    assert np.isfinite(clipped.loss)


def test_g1_a_deep_net_that_vanishes_is_told_and_that_clipping_is_no_cure():
    x = np.random.default_rng(0).standard_normal((60, 4))
    net = sd.MLP(4, [16] * 12, 1, "sigmoid")
    params, state = net.init(0)
    problem = sd.Problem(net, params, x, np.sin(x[:, :1]), state=state)
    remark = sd.Run(problem, sd.Descent(sd.SGD(), 0.1), steps=10).finish().remarks[0]
    assert "fades on its way back through 13 layers" in remark
    assert "Linear 0" in remark
    assert "Clipping does not help" in remark


def test_g2_norm_50_becomes_5():
    rule = sd.chain(sd.ClipGlobalNorm(5.0), sd.SGD())
    w = np.zeros(2)
    change, _ = rule.update(np.array([30.0, -40.0]), rule.init(w), w, 1.0, 0)
    np.testing.assert_allclose(change, [-3.0, 4.0], rtol=1e-15)
    change, _ = rule.update(np.array([3.0, -4.0]), rule.init(w), w, 1.0, 0)
    np.testing.assert_array_equal(change, [-3.0, 4.0])


# ---- G5: descent on log(cosh(x)), whose gradient is tanh
def test_g5_tanh_descent():
    run = sd.minimize(
        lambda x: np.log(np.cosh(x)), 10.0, method="gradient_descent", learning_rate=0.0021, steps=10_000, tolerance=0
    )
    assert run.steps_done == 10_000
    assert run.params["x"] == pytest.approx(8.24881e-06, rel=1e-6)
