"""Descents on batches as machine code against the loop that defines them."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest

import steepest as sd
from steepest import ops
from steepest.base import openblas
from steepest.base.errors import CompilationWarning
from steepest.program.native import blas
from steepest.program.native.shards import Cut
from steepest.training import native_cut, native_step, orders

ROWS = 103


def rows(count=ROWS, columns=3, dtype=np.float64):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((count, columns))
    y = np.sin(x[:, :1] * 2) + 0.1 * rng.standard_normal((count, 1))
    return x.astype(dtype), y.astype(dtype)


def network(dtype=np.float64, activation="tanh", columns=3, count=ROWS, **options):
    x, y = rows(count, columns, dtype)
    net = sd.MLP(columns, [8], 1, activation=activation)
    params, state = net.init(sd.Key(0))
    return sd.Problem(net, {name: w.astype(dtype) for name, w in params.items()}, x, y, state=state, **options)


def pair(make, method, steps=80, **options):
    """The same run by both engines, finished."""
    runs = [sd.Run(make(), method, engine=engine, steps=steps, **options) for engine in ("numpy", "llvm")]
    assert [run.engine for run in runs] == ["numpy", "llvm"]
    return [run.finish() for run in runs]


def assert_same(slow, fast, rel=1e-9):
    assert slow.outcome == fast.outcome
    assert slow.steps_done == fast.steps_done
    for name in ("step", "epoch", "rate"):
        assert (slow.history[name] == fast.history[name]).all()
    assert fast.history["loss"] == pytest.approx(slow.history["loss"], rel=rel)
    assert fast.history["gradient_norm"] == pytest.approx(slow.history["gradient_norm"], rel=1e3 * rel)
    assert fast.params.flat == pytest.approx(slow.params.flat, rel=rel, abs=rel)
    assert fast.params.flat.dtype == slow.params.flat.dtype
    assert slow.state["watch"] == pytest.approx(fast.state["watch"], rel=rel)
    assert slow.best is fast.best is None  # losses of different batches do not compare


@pytest.mark.parametrize(
    "rule",
    [
        sd.GradientDescent(), sd.Momentum(0.9, nesterov=True), sd.SGD(0.9, dampening=0.1, weight_decay=0.01), sd.Nesterov(None),
        sd.Adam(), sd.AdamW(), sd.AdaMax(), sd.Nadam(), sd.AMSGrad(), sd.RAdam(), sd.Adagrad(), sd.Adadelta(), sd.RMSprop(),
        sd.chain(sd.ClipGlobalNorm(0.1), sd.Adam()), sd.chain(sd.ClipValue(0.1), sd.Momentum(), sd.DecoupledWeightDecay(0.01)),
    ],
    ids=lambda rule: rule.name,
)  # fmt: skip
@pytest.mark.parametrize("order", ["random", "sequence"])
def test_rules(rule, order):
    assert_same(*pair(network, sd.Descent(rule, 0.003, sd.Batches(10, order)), steps=50), rel=1e-7)


@pytest.mark.parametrize("size", [1, 2, 51, 52, 102, 103])
def test_sizes_of_batches_and_ragged_ends(size):
    slow, fast = pair(network, sd.Descent(sd.Adam(), 0.003, sd.Batches(size)), stopping=sd.Stopping(tolerance=0.0))
    fast.best = slow.best if size == ROWS else fast.best
    slow.best = fast.best if size == ROWS else slow.best
    slow.best = fast.best = None if size == ROWS else slow.best
    assert_same(slow, fast)


def test_float32():
    slow, fast = pair(lambda: network(np.float32), sd.Descent(sd.Adam(), 0.003, sd.Batches(16)))
    assert fast.params.flat.dtype == np.float32
    assert fast.history["loss"] == pytest.approx(slow.history["loss"], rel=1e-4)


def test_weights_penalty_sum_and_schedule():
    weights = np.arange(ROWS) % 3 * 1.0  # some rows do not count
    method = sd.Descent(sd.Adam(), sd.CosineDecay(0.01, 100), sd.Batches(2))  # nor do all of some batches
    for reduction in ("mean", "sum"):
        assert_same(*pair(lambda r=reduction: network(weights=weights, penalty=sd.L2(0.1), reduction=r), method))


def test_inputs_of_several_arrays_of_any_kind_and_shape():
    rng = np.random.default_rng(2)
    data = {
        "a": rng.standard_normal(ROWS), "image": rng.standard_normal((ROWS, 6, 5)), "wide": rng.standard_normal((ROWS, 40)),
        "number": rng.integers(0, 9, ROWS), "byte": rng.integers(0, 255, (ROWS, 2)).astype(np.uint8),
        "flag": rng.random(ROWS) > 0.5,
    }  # fmt: skip
    y = rng.standard_normal(ROWS)

    def predict(p, d):
        picked = ops.sum(d["image"] * p["image"], axis=(1, 2)) + d["wide"] @ p["wide"]
        return picked * p["scale"] + d["a"] + p["table"][d["number"]] + ops.where(d["flag"], p["flag"], 0.0)

    start = {"image": np.zeros((6, 5)), "wide": np.zeros(40), "scale": 1.0, "table": np.zeros(9), "flag": 0.0}
    assert_same(*pair(lambda: sd.Problem(predict, start, data, y), sd.Descent(sd.Adam(), 0.01, sd.Batches(20))))


def test_labels():
    rng = np.random.default_rng(3)
    x, labels = rng.standard_normal((ROWS, 4)), rng.integers(0, 3, ROWS)
    net = sd.MLP(4, [6], 3, activation="relu")
    params, state = net.init(sd.Key(0))

    def make():
        return sd.Problem(net, params, x, labels, loss="cross_entropy", state=state)

    assert_same(*pair(make, sd.Descent(sd.Adam(), 0.01, sd.Batches(25))))
    labels[7] = 3  # a class that the model has no score for: the loop names it when it meets it
    with pytest.warns(CompilationWarning, match="label 3 in row 8"):
        run = sd.Run(make(), sd.Descent(sd.Adam(), 0.01, sd.Batches(25)), engine="llvm")
    with pytest.raises(sd.DataError, match="label 3"):
        run.finish(10)


# ---- how runs end
def test_threshold_and_patience_by_epochs():
    for stopping in (sd.Stopping(threshold=0.3), sd.Stopping(patience=1), sd.Stopping(threshold=0.3, patience=2)):
        slow, fast = pair(network, sd.Descent(sd.GradientDescent(), 0.3, sd.Batches(20)), 3000, stopping=stopping)
        assert slow.outcome.name != "out_of_steps"
        assert_same(slow, fast, rel=1e-6)


@pytest.mark.parametrize(
    ("predict", "start", "rate"),
    [
        (lambda p, x: p["a"] * x[:, :1] ** 3, 0.1, 1.0),  # diverges
        (lambda p, x: ops.exp(p["a"] * 30) * x[:, :1], 0.5, 1e-30),  # overflows at once or not at all
        (lambda p, x: ops.sqrt(p["a"]) * x[:, :1] * 0.0 + ops.sqrt(p["a"]), 1.0, 0.02),  # becomes NaN
        (lambda p, x: p["a"] * x[:, :1] * 0.0, 1.0, 0.1),  # no slope at all
    ],
    ids=range(4),
)
def test_ends_have_the_same_words(predict, start, rate):
    x, y = rows()
    y = y - 3.0

    def make():
        return sd.Problem(predict, {"a": start}, x, y)

    slow, fast = pair(make, sd.Descent(sd.GradientDescent(), rate, sd.Batches(9)), 400)
    assert slow.outcome.name == fast.outcome.name
    assert slow.outcome.message[:30] == fast.outcome.message[:30]
    assert slow.steps_done == fast.steps_done
    assert fast.params.flat == pytest.approx(slow.params.flat, rel=1e-6, nan_ok=True)


# ---- pieces, hooks, checkpoints
def test_pieces_give_the_bits_of_one_go(tmp_path):
    method = sd.Descent(sd.Adam(), 0.01, sd.Batches(20))
    whole = sd.Run(network(), method, steps=100, engine="llvm").finish()
    pieces = sd.Run(network(), method, steps=100, engine="llvm")
    for n in (1, 2, 9, 1, 4, 20):
        pieces.finish(n)
    sd.save(pieces, tmp_path)
    pieces = sd.resume(sd.Run(network(), method, steps=100), tmp_path)
    while pieces.steps_done < 80:
        pieces.step()
    pieces.finish()
    assert (whole.params.flat == pieces.params.flat).all()
    assert (whole.history["loss"] == pieces.history["loss"]).all()
    assert (whole.history["gradient_norm"] == pieces.history["gradient_norm"]).all()
    assert whole.state["watch"] == pieces.state["watch"]


def test_a_step_is_seen_in_full():
    slow, fast = (sd.Run(network(), sd.Descent(sd.Adam(), 0.01, sd.Batches(20)), engine=e) for e in ("numpy", "llvm"))
    for run in (slow, fast):
        run.finish(32)
    for _ in range(6):  # over the end of an epoch
        a, b = slow.step(), fast.step()
        assert a.number == b.number
        assert b.loss == pytest.approx(a.loss, rel=1e-10)
        assert b.prediction == pytest.approx(a.prediction, rel=1e-10)
        assert b.gradient.flat == pytest.approx(a.gradient.flat, rel=1e-8, abs=1e-12)
        assert b.before.flat == pytest.approx(a.before.flat, rel=1e-10)
        assert (b.after.flat == fast.params.flat).all()


def test_hooks_and_validation_at_their_epochs():
    found = []
    for engine in ("numpy", "llvm"):
        train, held = network().split(0.2)
        validation = sd.Validation(held, patience=3, every=2)
        run = sd.Run(
            train,
            sd.Descent(sd.Adam(), 0.05, sd.Batches(20)),
            steps=2000,
            engine=engine,
            hooks=[validation],
            snapshots=50,
        ).finish()
        found.append((run.steps_done, run.outcome.message[:40], list(run.history.snapshots), validation.column("loss")))
    assert found[0][:3] == found[1][:3]
    assert found[0][3] == pytest.approx(found[1][3], rel=1e-6)


def test_ctrl_c_stops_in_the_middle():
    run = sd.Run(network(), sd.Descent(sd.Adam(), 1e-5, sd.Batches(20)), steps=10**9, engine="llvm")
    threading.Timer(1.0, signal.raise_signal, [signal.SIGINT]).start()
    began = time.perf_counter()
    run.finish()
    assert run.outcome.name == "interrupted"
    assert time.perf_counter() - began < 30
    done = run.steps_done
    assert done > 1000
    assert run.finish(10).steps_done == done + 10


# ---- shards and threads
def cut_into(monkeypatch, shard, groups):
    monkeypatch.setattr(
        native_step, "cut_of", lambda problem, program, rows, batch: Cut(problem.rows, batch, shard, groups)
    )


@pytest.mark.parametrize(
    ("batch", "shard", "groups"), [(50, 16, 2), (50, 7, 1), (None, 16, 8), (103, 50, 3), (40, 8, 4)]
)
@pytest.mark.parametrize(
    "options", [{}, {"reduction": "sum"}, {"weights": np.arange(ROWS) % 2 * 1.0, "penalty": sd.L2(0.1)}]
)
def test_shards(monkeypatch, batch, shard, groups, options):
    cut_into(monkeypatch, shard, groups)
    method = sd.Descent(sd.Adam(), 0.003, sd.Batches(batch))
    slow, fast = pair(lambda: network(**options), method, stopping=sd.Stopping(tolerance=0.0))
    slow.best = fast.best = None if batch in (None, ROWS) else slow.best
    assert_same(slow, fast)
    assert fast.last.gradient.flat == pytest.approx(slow.last.gradient.flat, rel=1e-6, abs=1e-9)


def test_bits_do_not_depend_on_the_number_of_threads(monkeypatch):
    cut_into(monkeypatch, 8, 4)
    found = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(openblas, "cores", lambda n=threads: n)
        monkeypatch.setattr(openblas._threads["numpy"], "take_one", lambda library, mark, n=threads: n)
        monkeypatch.setattr(openblas._threads["numpy"], "give_back", lambda library, mark: None)
        run = sd.Run(network(), sd.Descent(sd.Adam(), 0.01, sd.Batches(32)), steps=400, engine="llvm").finish()
        found.append((run.params.flat.tobytes(), run.history["loss"].tobytes()))
    assert found[0] == found[1] == found[2]


def test_cuts_follow_from_the_problem():
    def cut(problem, batch):
        return sd.Run(
            problem, sd.Descent(sd.Adam(), 0.01, sd.Batches(batch)), engine="llvm"
        )._advance_by.__self__.programs.cut

    assert cut(network(count=5000), 64) == Cut(5000, 64, 64, 1)
    large = cut(network(count=20_000), None)
    assert large.groups > 1
    assert large.shard % native_cut.ROUND == 0
    assert large.group * large.groups >= 20_000

    def centred(p, x):  # no row stands for itself
        return p["a"] * (x[:, :1] - ops.mean(x))

    x, y = rows(20_000)
    assert cut(sd.Problem(centred, {"a": 1.0}, x, y), None).groups == 1
    assert cut(network(count=20_000, loss="rmse"), None).groups == 1


def test_blas_has_its_threads_back():
    with openblas.one_thread() as before, openblas.one_thread() as again:
        assert before == again
    with openblas.one_thread() as after:
        assert before == after


def test_small_products_take_one_thread_and_large_ones_all():
    library = openblas.library("numpy")
    if library is None:
        pytest.skip("NumPy's BLAS is another one")
    threads = library.scipy_openblas_get_num_threads64_
    before = threads()
    with blas.threads_for(1e6):
        assert threads() == 1
    with blas.threads_for(1e12):
        assert threads() == before
    assert threads() == before


# ---- what stays with NumPy
def test_dropout_and_accumulation_stay_with_numpy_or_give_the_same():
    x, y = rows()
    net = sd.Sequential(sd.Linear(3, 8), sd.Dropout(0.5), sd.Linear(8, 1))
    params, state = net.init(sd.Key(0))
    for batches in (sd.Batches(20), sd.Batches(20, parts=2)):
        slow, fast = (
            sd.Run(sd.Problem(net, params, x, y, state=state), sd.Descent(sd.Adam(), 0.01, batches), steps=40, engine=e)
            for e in ("numpy", "auto")
        )
        assert fast.finish().params.flat == pytest.approx(slow.finish().params.flat, rel=1e-9)


def test_orders_drawn_ahead_are_those_of_the_loop(monkeypatch):
    monkeypatch.setattr(orders, "MANY", 10)
    monkeypatch.setattr(orders, "cores", lambda: 2)
    assert_same(
        *pair(network, sd.Descent(sd.Adam(), 0.003, sd.Batches(20)), hooks=[sd.Hook(lambda run: None, every=7)])
    )


def test_other_threads_go_on_meanwhile():
    run = sd.Run(network(), sd.Descent(sd.Adam(), 1e-5, sd.Batches(20)), steps=20_000, engine="llvm")
    run.finish(50)
    seen, over = [], threading.Event()

    def look():
        while not over.wait(0.001):
            seen.append(run.steps_done)

    other = threading.Thread(target=look)
    other.start()
    run.finish()
    over.set()
    other.join()
    assert len(seen) > 5
