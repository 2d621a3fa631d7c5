"""Descents as machine code against the loop that defines them."""

from __future__ import annotations

import copy
import re

import numpy as np
import pytest

import steepest as sd
from steepest import ops
from steepest.base.errors import CompilationWarning
from steepest.program.native import machine
from steepest.training import engines

T = np.arange(20.0)
Y = 0.5 * (T - 9.5) ** 2 + 1


def quadratic(**options):
    return sd.Problem(lambda p, t: p["a"] * t**2 + p["b"] * t + p["c"], {"a": 0.0, "b": 0.0, "c": 0.0}, T, Y, **options)


def toy(dtype=np.float64, activation="tanh", loss="mse"):
    rng = np.random.default_rng(0)
    x = np.sort(rng.standard_normal(64))[:, None]
    y = np.sin(np.pi * x / 2) + 0.3 * rng.standard_normal((64, 1))
    net = sd.MLP("toy", 1, [20, 20], 1, activation)
    params, state = net.init(sd.Key(0))
    params = {name: w.astype(dtype) for name, w in params.items()}
    return sd.Problem(net, params, x.astype(dtype), y.astype(dtype), state=state, loss=loss)


def pair(make, method, **options):
    """The same run by both engines, finished."""
    runs = [sd.Run(make(), method, engine=engine, **options) for engine in ("numpy", "llvm")]
    assert [run.engine for run in runs] == ["numpy", "llvm"]
    return [run.finish() for run in runs]


def assert_same(slow, fast, rel=1e-9):
    assert slow.outcome.name == fast.outcome.name
    assert slow.outcome.message[:40] == fast.outcome.message[:40]
    assert slow.steps_done == fast.steps_done
    for name in ("step", "epoch", "rate"):
        assert (slow.history[name] == fast.history[name]).all()
    assert fast.history["loss"] == pytest.approx(slow.history["loss"], rel=rel)
    assert fast.history["gradient_norm"] == pytest.approx(slow.history["gradient_norm"], rel=1e3 * rel)
    assert fast.params.flat == pytest.approx(slow.params.flat, rel=rel, abs=rel)
    assert (slow.best is None) == (fast.best is None)
    assert slow.best is None or fast.best[0] == pytest.approx(slow.best[0], rel=rel)
    assert (np.diff(fast.history["time"]) >= 0).all()
    for key in ("steps", "best_step", "last", "start"):
        assert fast.state["watch"][key] == pytest.approx(slow.state["watch"][key], rel=rel)


@pytest.mark.parametrize(
    "method",
    [
        sd.Descent(sd.GradientDescent(), 1e-5),
        sd.Descent(sd.GradientDescent()),  # a rate from the curvature
        sd.Descent(sd.Momentum(0.9, nesterov=True), 1e-6),
        sd.Descent(sd.Adam(), 0.01),
        sd.Descent(sd.Adam(), sd.CosineDecay(0.05, 400)),
        sd.Descent(sd.AdamW(), 0.01),
        sd.Descent(sd.RMSprop(), 0.01),
        sd.Descent(sd.Adagrad(), 0.1),
        sd.Descent(sd.SGD(momentum=0.9, nesterov=True, weight_decay=0.01), 1e-6),
        sd.Descent(sd.chain(sd.ClipValue(5.0), sd.Momentum()), 1e-3),
        sd.Descent(sd.chain(sd.ClipGlobalNorm(500.0), sd.Momentum()), 1e-6),
        sd.Descent(sd.chain(sd.ClipPerLayer(5.0), sd.WeightDecay(0.01), sd.Adam()), 1e-2),
        sd.Descent(sd.Nesterov(), 1e-6),
        sd.Descent(sd.Nesterov(None), 1e-6),
        sd.Descent(sd.SGD(momentum=0.8, dampening=0.3), 1e-6),
        sd.Descent(sd.Nadam(), 0.01),
        sd.Descent(sd.RAdam(), 0.01),
        sd.Descent(sd.RAdam(beta2=0.6), 1e-6),
        sd.Descent(sd.AMSGrad(), sd.LinearWarmUp(sd.OneCycle(0.05, 100), 10)),
        sd.Descent(sd.AdaMax(), 0.01),
        sd.Descent(sd.Adadelta(), 1.0),
        sd.Descent(sd.Rprop(), 0.01),
    ],
    ids=lambda m: repr(m.rule),
)
def test_rules(method):
    assert_same(*pair(quadratic, method, steps=120))  # RMSprop then begins to amplify roundings


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu", "silu", "softplus", "elu", "sigmoid"])
def test_networks(activation):
    assert_same(*pair(lambda: toy(activation=activation), sd.Descent(sd.GradientDescent(), 0.02), steps=150))


@pytest.mark.parametrize("loss", ["mse", "rmse", "huber", "log_cosh", "mae"])
def test_losses(loss):
    assert_same(*pair(lambda: toy(loss=loss), sd.Descent(sd.GradientDescent(), 0.01), steps=60), rel=1e-7)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_classes(dtype):
    rng = np.random.default_rng(1)
    x, labels = rng.standard_normal((40, 4)), rng.integers(0, 3, 40).astype(dtype)
    net = sd.MLP(4, [6], 3, activation="relu")
    params, state = net.init(sd.Key(0))

    def make():
        return sd.Problem(net, params, x, labels, loss="cross_entropy", state=state)

    assert_same(*pair(make, sd.Descent(sd.Adam(), 0.01), steps=80), rel=1e-8)


def test_float32_stays_float32():
    slow, fast = pair(lambda: toy(np.float32), sd.Descent(sd.Adam(), 0.002), steps=60)
    assert fast.params.flat.dtype == np.float32
    assert fast.history["loss"] == pytest.approx(slow.history["loss"], rel=1e-4)


def test_weights_penalty_and_scale():
    weights = np.linspace(1, 2, 20)

    def make():
        return quadratic(weights=weights, penalty=lambda p: 0.1 * p["a"] ** 2, scale=np.array([0.01, 0.1, 1.0]))

    assert_same(*pair(make, sd.Descent(sd.GradientDescent()), steps=300))


# ---- how runs end
def function(f, start):
    return lambda: sd.Problem.of_function(lambda p: f(p["x"]), {"x": start})


@pytest.mark.parametrize(
    ("make", "rate", "options"),
    [
        (function(lambda x: (x**2).sum(), [3.0, -4.0]), 0.1, {}),  # converges
        (function(lambda x: (x**2).sum(), [3.0, -4.0]), 1.001, {"steps": 9000}),  # diverges slowly
        (function(lambda x: (x**4).sum(), [1.0]), 0.55, {}),  # leaps
        (function(lambda x: ops.sqrt(x) * 1.0, 1.0), 0.02, {}),  # becomes NaN
        (function(lambda x: ops.abs(x - 0.3), 1.0), 0.07, {"steps": 4000}),  # stalls
        (function(lambda x: x**2, 3.0), 0.01, {"stopping": sd.Stopping(threshold=0.5)}),
        (function(lambda x: x**2, 3.0), 0.01, {"steps": 33}),
        (function(lambda x: -x, 1.0), 1.0, {"steps": 3000}),  # falls for ever
        (function(lambda x: x * 0.0 + 3.0, 1.0), 0.1, {}),  # flat
        (function(lambda x: ops.exp(-x), 1.0), 50.0, {"steps": 300}),  # the gradient vanishes
    ],
    ids=range(10),
)
def test_outcomes_and_their_steps_are_the_same(make, rate, options):
    slow, fast = pair(make, sd.Descent(sd.GradientDescent(), rate), **options)
    assert_same(slow, fast, rel=1e-6)
    assert slow.outcome == fast.outcome or slow.outcome.name in ("diverged", "converged")


def test_overflow_ends_at_the_same_step():
    slow, fast = pair(function(lambda x: ops.exp(x), 1.0), sd.Descent(sd.GradientDescent(), -1e-9 + 1e-8), steps=100)
    assert_same(slow, fast)


# ---- what follows the loss, and what stays inside of a box
@pytest.mark.parametrize(
    "method",
    [
        sd.Descent(sd.GradientDescent(), sd.ReduceOnPlateau(3.4e-5, factor=0.5, patience=3)),
        sd.Descent(sd.Adam(), sd.ReduceOnPlateau(0.5, patience=0, cooldown=5, threshold=0.05)),
        sd.Descent(sd.Adam(), sd.ReduceOnPlateau(sd.CosineDecay(0.5, 300), factor=0.3, patience=2, threshold=0.01, lowest=1e-3)),
        sd.Descent(sd.Adam(), sd.ReduceOnPlateau(0.5, patience=1, threshold=0.1), sd.Batches(6)),
    ],
    ids=["full", "no patience", "of a schedule", "batches"],
)  # fmt: skip
def test_rates_that_follow_the_loss(method):
    slow, fast = pair(quadratic, method, steps=400)
    assert len(set(slow.history["rate"])) > 2
    assert_same(slow, fast, rel=1e-7)
    assert slow.state["schedule"] == pytest.approx(fast.state["schedule"], rel=1e-7)
    pieces = sd.Run(quadratic(), method, steps=400, engine="llvm")
    for n in (3, 50, 1, 97):
        pieces.finish(n)
    pieces.finish(400 - pieces.steps_done)
    assert (pieces.params.flat == fast.params.flat).all()
    assert pieces.state["schedule"] == fast.state["schedule"]


@pytest.mark.parametrize("batches", [sd.Batches(), sd.Batches(6)])
@pytest.mark.parametrize("patience", [1, 7])
def test_patience(patience, batches):
    method = sd.Descent(sd.Adam(), 0.7, batches)
    slow, fast = pair(quadratic, method, steps=3000, stopping=sd.Stopping(patience=patience))
    assert slow.outcome.name == "stopped_early"
    assert_same(slow, fast, rel=1e-6)
    assert slow.outcome.message[:70] == fast.outcome.message[:70]


@pytest.mark.parametrize("batches", [sd.Batches(), sd.Batches(7)])
def test_parameters_with_the_same_gradient(batches):
    """It is computed once, and has two places in the gradient."""

    def model(p, x):
        return x @ (p["a"] + p["b"]) + (p["c"] + p["d"])

    start = {"a": np.ones((2, 3)), "b": np.zeros((2, 3)), "c": 0.5, "d": 1.0}
    assert_same(
        *pair(
            lambda: sd.Problem(model, start, np.stack([T, T % 3], 1) / 10, np.outer(Y, [1, 2, 3]) / 100),
            sd.Descent(sd.Momentum(0.5), 0.01, batches), steps=60,
        )
    )  # fmt: skip


def test_bounds():
    def make():
        box = {"a": (0.1, 0.4), "b": (-3.0, None)}
        return sd.Problem(quadratic().predict, {"a": 0.2, "b": 0.0, "c": 0.0}, T, Y, bounds=box)

    slow, fast = pair(make, sd.Descent(sd.Adam(), 0.05), steps=3000)
    assert fast.params["b"] == -3.0  # Y falls with -9.5
    assert_same(slow, fast, rel=1e-6)


def test_a_minimum_at_a_bound_is_found():
    slow, fast = pair(
        lambda: sd.Problem.of_function(lambda p: (p["x"] + 3.0) ** 2, {"x": 1.0}, bounds={"x": (0.0, None)}),
        sd.Descent(sd.GradientDescent(), 0.01),
    )
    assert slow.outcome.name == fast.outcome.name == "converged"
    assert slow.steps_done == fast.steps_done
    assert fast.params["x"] == 0.0


def test_steps_that_machine_code_refuses_are_the_loops():
    """Gradients whose squares vanish: it tries again after 1, 2, 4, … 64 steps, wherever the calls begin and end."""
    make = function(lambda x: 1e-150 * ((x - 1.0) ** 2).sum(), [3.0, 4.0])
    method = sd.Descent(sd.GradientDescent(), 1e147)
    slow, fast = pair(make, method, steps=500)
    assert (slow.params.flat == fast.params.flat).all()
    assert fast.state["refused"] == 64
    pieces = sd.Run(make(), method, engine="llvm")
    for n in (3, 10, 1, 40, 100, 346):
        pieces.finish(n)
    assert (pieces.params.flat == fast.params.flat).all()
    assert {**pieces.state, "rule": 0} == {**fast.state, "rule": 0, "scale": pieces.state["scale"]}


def test_a_loss_of_nearly_0_is_no_reason_to_refuse():
    make = lambda: sd.Problem(lambda p, t: p["a"] * t + p["b"], {"a": 0.0, "b": 0.0}, T / 20, 3 * T / 20 + 1)
    slow, fast = (sd.Run(make(), sd.Descent(sd.Adam(), 0.01), engine=e).finish() for e in ("numpy", "llvm"))
    assert slow.outcome.name == fast.outcome.name == "converged"
    assert abs(slow.steps_done - fast.steps_done) < 0.2 * slow.steps_done
    assert fast.state.get("refused", 0) <= 2


# ---- pieces, hooks, checkpoints
def test_pieces_give_the_bits_of_one_go():
    whole = sd.Run(toy(), sd.Descent(sd.Adam(), 0.01), steps=200, engine="llvm").finish()
    pieces = sd.Run(toy(), sd.Descent(sd.Adam(), 0.01), steps=200, engine="llvm")
    for n in (1, 2, 9, 30, 58):
        pieces.finish(n)
    while pieces.steps_done < 200:
        pieces.step()
    assert (whole.params.flat == pieces.params.flat).all()
    assert (whole.history["loss"] == pieces.history["loss"]).all()
    assert whole.state["watch"] == pieces.state["watch"]


def test_a_step_is_seen_in_full():
    slow, fast = (sd.Run(quadratic(), sd.Descent(sd.Momentum(), 1e-6), engine=e) for e in ("numpy", "llvm"))
    for run in (slow, fast):
        run.finish(30)
    a, b = slow.step(), fast.step()
    assert a.number == b.number == 30
    assert b.loss == pytest.approx(a.loss, rel=1e-12)
    assert b.prediction == pytest.approx(a.prediction, rel=1e-12)
    assert b.gradient.flat == pytest.approx(a.gradient.flat, rel=1e-9)
    assert b.before.flat == pytest.approx(a.before.flat, rel=1e-12)
    assert b.after.flat == pytest.approx(a.after.flat, rel=1e-12)
    assert (b.after.flat == fast.params.flat).all()


def test_hooks_and_snapshots_at_their_steps():
    seen = []
    run = sd.Run(
        quadratic(), sd.Descent(sd.Adam(), 0.01), steps=100, engine="llvm", snapshots=25,
        hooks=[sd.Hook(lambda run: seen.append((run.steps_done, run.last.number)), every=30)],
    ).finish()  # fmt: skip
    assert seen == [(30, 29), (60, 59), (90, 89)]
    assert list(run.history.snapshots) == [0, 25, 50, 75, 100]


def test_a_checkpoint_keeps_the_engine_and_the_bits(tmp_path):
    whole = sd.Run(toy(), sd.Descent(sd.Adam(), 0.01), steps=120, engine="llvm").finish()
    first = sd.Run(toy(), sd.Descent(sd.Adam(), 0.01), steps=70, engine="llvm").finish()
    sd.save(first, tmp_path)
    again = sd.resume(sd.Run(toy(), sd.Descent(sd.Adam(), 0.01), steps=120), tmp_path)
    assert again.engine == "llvm"
    again.finish()
    assert (again.params.flat == whole.params.flat).all()
    plain = sd.Run(toy(), sd.Descent(sd.Adam(), 0.01), steps=70, engine="numpy").finish()
    sd.save(plain, tmp_path / "plain")
    assert sd.resume(sd.Run(toy(), sd.Descent(sd.Adam(), 0.01), engine="llvm"), tmp_path / "plain").engine == "numpy"


def test_a_fork_goes_its_own_way():
    run = sd.Run(toy(), sd.Descent(sd.Adam(), 0.01), engine="llvm")
    run.finish(50)
    twin = run.fork()
    twin.finish(50)
    before = run.params.flat.copy()
    run.finish(50)
    assert (twin.params.flat == run.params.flat).all()
    assert (before != run.params.flat).any()


@pytest.mark.parametrize("engine", ["numpy", "llvm"])
def test_a_deep_copy_goes_its_own_way(engine):
    run = sd.Run(toy(), sd.Descent(sd.Adam(), 0.01, sd.Batches(16)), engine=engine)
    run.finish(50)
    twin = copy.deepcopy(run).finish(50)
    assert twin.engine == engine
    assert twin.problem is not run.problem
    assert (twin.params.flat == run.finish(50).params.flat).all()


# ---- what stays with NumPy
@pytest.mark.parametrize("engine", ["auto", "llvm"])
def test_what_llvm_refuses_is_done_by_numpy_with_one_warning(engine, monkeypatch):
    def refuse(self, text):
        raise RuntimeError("a module of nonsense")

    monkeypatch.setattr(machine.Machine, "__init__", refuse)
    monkeypatch.setattr(engines, "COMPILING", 0)
    machine.machine_of.cache_clear()
    run = sd.Run(toy(), sd.Descent(sd.Adam(), 0.01), steps=100, engine=engine)
    assert run.engine == "llvm"
    with pytest.warns(CompilationWarning, match="LLVM refuses them .a module of nonsense.. NumPy does them") as warned:
        run.finish()
    assert len(warned) == 1
    assert (run.engine, run.engine_asked) == ("numpy", engine)
    assert "nonsense" in run.engine_reason
    assert (run.params.flat == sd.Run(toy(), run.method, steps=100, engine="numpy").finish().params.flat).all()


def noisy(params, state, inputs, key, training):
    return params["a"] * inputs + key.generator("noise").standard_normal(len(inputs)), state


@pytest.mark.parametrize(
    ("make", "method", "why"),
    [
        (quadratic, sd.Descent(sd.Adam(), 0.01, sd.Batches(5, parts=2)), "accumulation"),
        (lambda: sd.Problem(noisy, {"a": 0.0}, T, Y), sd.Descent(sd.Adam(), 0.01), "random numbers"),
        (
            lambda: sd.Problem(lambda p, t: p["a"] * t if p["a"] > -1 else t, {"a": 0.0}, T, Y),
            sd.Descent(sd.Adam(), 0.01), "test_native",
        ),
        (
            lambda: sd.Problem(lambda p, t: p["a"] * t + (p["a"] * t)[p["a"] * t > -3].sum(), {"a": 0.0}, T, Y),
            sd.Descent(sd.Adam(), 0.01), "indexing by booleans",
        ),
    ],
    ids=["parts", "noise", "branch", "booleans"],
)  # fmt: skip
def test_what_cannot_be_compiled_stays_with_numpy_and_says_why(make, method, why):
    with pytest.warns(CompilationWarning, match=why):
        run = sd.Run(make(), method, steps=20, engine="llvm")
    assert run.engine == "numpy"
    assert run.finish().steps_done == 20
    by_itself = sd.Run(make(), method, steps=10**6, engine="auto")  # without a warning
    assert by_itself.engine == "numpy"
    assert re.search(why, by_itself.engine_reason)
    assert by_itself.finish(20).remarks == []
    by_itself.elapsed = 60.0
    assert by_itself.remarks == [
        f"NumPy took 60 s for the steps, which machine code could not do: {by_itself.engine_reason}"
    ]


# ---- the engine that chooses itself
def test_auto_goes_by_work_and_steps(monkeypatch):
    assert sd.Run(quadratic(), sd.Descent(sd.Adam(), 0.01), steps=10, engine="auto").engine == "numpy"
    assert sd.Run(quadratic(), sd.Descent(sd.Adam(), 0.01), steps=10**6, engine="auto").engine == "llvm"
    assert sd.Run(quadratic(), sd.LevenbergMarquardt(), engine="auto").engine == "numpy"
    monkeypatch.setenv("SD_ENGINE", "llvm")
    assert sd.Run(quadratic(), sd.Descent(sd.Adam(), 0.01), steps=10).engine == "llvm"


def test_auto_lets_the_loop_do_as_much_as_compiling_would_take():
    slow, fast = (sd.Run(quadratic(), sd.Descent(sd.Adam(), 0.01), engine=engine) for engine in ("numpy", "auto"))
    first = fast._advance_by.__self__.first
    assert 100 < first < 5000  # a few tens of operations a step, some microseconds each
    for run in (slow, fast):
        run.finish(first)
    assert (slow.params.flat == fast.params.flat).all()
    assert fast._advance_by.__self__._repeated._machine is None  # nothing is compiled yet
    for run in (slow, fast):
        run.finish(300)
    assert fast._advance_by.__self__._repeated._machine is not None
    assert_same(slow, fast)


def test_a_checkpoint_keeps_from_where_on_it_is_compiled(tmp_path):
    make = lambda engine="auto", steps=None: sd.Run(
        quadratic(), sd.Descent(sd.Adam(), 0.01), engine=engine, steps=steps
    )
    whole = make()
    count = whole._advance_by.__self__.first + 50
    whole.finish(count)
    part = make().finish(100)
    sd.save(part, tmp_path)
    for again in (make(), make("llvm"), make("numpy"), make(steps=10**6)):
        sd.resume(again, tmp_path)
        assert (again.engine, again.engine_asked) == ("llvm", "auto")
        again.finish(count - 100)
        assert (again.params.flat == whole.params.flat).all()


def test_what_a_model_raises_is_raised_at_its_step():
    def broken(p, t):
        raise LookupError("mine")

    with pytest.warns(CompilationWarning, match="mine"):
        run = sd.Run(sd.Problem(broken, {"a": 0.0}, T, Y), sd.Descent(sd.Adam(), 0.1), engine="llvm")
    with pytest.raises(LookupError, match="mine"):
        run.step()


def test_a_problem_that_counts_its_evaluations_is_asked_for_each():
    class Counted(sd.Problem):
        pass

    problem = Counted(lambda p, t: p["a"] * t, {"a": 0.0}, T, Y)
    assert sd.Run(problem, sd.Descent(sd.Adam(), 0.01), engine="llvm").engine == "numpy"


def test_minimize_takes_an_engine():
    slow, fast = (
        sd.minimize(lambda x: (x**2).sum(), [3.0, 4.0], method="adam", learning_rate=0.1, steps=300, engine=engine)
        for engine in ("numpy", "llvm")
    )
    assert (slow.engine, fast.engine) == ("numpy", "llvm")
    assert fast.params["x"] == pytest.approx(slow.params["x"], abs=1e-12)


def test_the_same_descent_on_other_data_is_not_compiled_again():
    from steepest.program.native import machine

    def make(shift):
        return sd.Problem(lambda p, t: p["a"] * t + p["b"], {"a": 0.0, "b": 0.0}, T, Y + shift)

    machine.machine_of.cache_clear()
    runs = [
        sd.Run(make(shift), sd.Descent(sd.Adam(), 0.1), steps=50, engine="llvm").finish() for shift in (0.0, 3.0, 7.0)
    ]
    assert machine.machine_of.cache_info().misses == 1
    slow = sd.Run(make(3.0), sd.Descent(sd.Adam(), 0.1), steps=50, engine="numpy").finish()
    assert runs[1].params.flat == pytest.approx(slow.params.flat, rel=1e-12)
    assert runs[2].params["b"] != pytest.approx(runs[1].params["b"], rel=1e-3)


@pytest.mark.parametrize("batches", [sd.Batches(), sd.Batches(5)])
def test_auto_goes_the_same_way_whatever_the_budget(batches, tmp_path):
    """A run with a small one stays with NumPy; taken up with a larger one it is what that would have been from the start."""
    make = lambda steps: sd.Run(quadratic(), sd.Descent(sd.Adam(), 0.01, batches), steps=steps, engine="auto")
    whole = make(1500).finish()
    assert whole.engine == "llvm"
    part = make(40).finish()
    assert part.engine == "numpy"
    sd.save(part, tmp_path)
    again = sd.resume(make(1500), tmp_path).finish()
    assert again.engine == "llvm"
    assert (again.params.flat == whole.params.flat).all()
    assert (again.history["loss"] == whole.history["loss"]).all()
