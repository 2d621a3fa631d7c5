"""The workloads by steepest: with its whole history, all tests at every step, and the best parameters kept."""

from __future__ import annotations

from typing import Any

import numpy as np

import steepest as sd
from benchmarks.speed import data
from benchmarks.speed.child import Ready

STEPS = {
    "quadratic": 100_000,
    "toy64": 1000,
    "toy32": 2000,
    "mnist64": 100,
    "mnist512": 20,
    "logistic": 3907,
    "gru": 20,
}


def prepare(contender: str, workload: str, threads: int, folder: str) -> Ready | None:
    engine = "numpy" if "numpy" in contender else "llvm"
    if workload == "curve":
        return curve(engine, with_start="no start" not in contender)
    if "no start" in contender:
        return None
    if workload.startswith("net:"):
        x, y, start, batch = data.network(workload)
        net = sd.MLP(20, [w.shape[0] for w in start[:-2:2]], 1, activation="tanh")
        params, state = net.init(sd.Key(0))
        problem = sd.Problem(net, dict(zip(params, start, strict=True)), x, y, state=state)
        method = sd.Descent(sd.GradientDescent(), 0.01, sd.Batches(batch))
        run = sd.Run(problem, method, steps=10**9, stopping=sd.Stopping(tolerance=0.0), engine=engine)
        return of_run(run, data.few_steps(workload))
    method = sd.Descent(sd.GradientDescent(), data.RATES[workload], sd.Batches(data.BATCH.get(workload)))
    run = sd.Run(problem_of(workload, folder), method, steps=10**9, stopping=sd.Stopping(tolerance=0.0), engine=engine)
    return of_run(
        run, STEPS[workload] if engine == "llvm" else min(STEPS[workload], 100), 3907 if workload == "logistic" else 1
    )


def of_run(run: sd.Run, steps: int, whole: int = 1) -> Ready:
    """A descent, as `finish` goes on with one that has begun; `whole` is how many steps the figure is for."""
    run.finish(40)

    def go() -> None:
        run._advance(steps)
        assert run.outcome is None or run.outcome.name == "out_of_steps", run.outcome
        run.outcome = None

    return Ready(go, steps / whole, run.engine, float(run.history["loss"][3]))


def problem_of(workload: str, folder: str) -> sd.Problem:
    if workload == "quadratic":
        start = {"a": 0.0, "b": 0.0, "c": 0.0}
        return sd.Problem(lambda p, t: p["a"] * t**2 + p["b"] * t + p["c"], start, *data.quadratic())
    if workload.startswith("toy"):
        x, y, start = data.toy(np.dtype(f"f{int(workload[3:]) // 8}"))
        net = sd.MLP("toy", 1, [20, 20], 1, "tanh")
        return sd.Problem(net, dict(zip(net.params, start)), x, y)
    if workload.startswith("mnist"):
        x, labels, start = data.digits(folder=folder)
        return network(x, labels, start)
    if workload == "logistic":
        x, y = data.logistic()
        start = {"w": np.zeros(30, np.float32), "b": np.zeros((), np.float32)}
        return sd.Problem(lambda p, x: x @ p["w"] + p["b"], start, x, y, loss="binary_cross_entropy")
    x, y, values = data.gru()
    net = sd.Sequential(sd.GRU(data.FEATURES, data.HIDDEN, last=True), sd.Linear(data.HIDDEN, 1))
    params, state = net.init(sd.Key(0))
    return sd.Problem(net, dict(zip(params, values, strict=True)), x, y, state=state)


def network(x: Any, labels: Any, start: list[Any]) -> sd.Problem:
    """A classifier with ReLU, of the sizes of its first parameters."""
    widths = [w.shape[0] for w in start[::2]]
    net = sd.MLP(x.shape[1], widths[:-1], widths[-1], activation="relu")
    params, state = net.init(sd.Key(0))
    return sd.Problem(net, dict(zip(params, start, strict=True)), x, labels, loss="cross_entropy", state=state)


def curve(engine: str, with_start: bool) -> Ready:
    import os

    os.environ["SD_ENGINE"] = engine
    t, y = data.curve()
    columns, start = {"t": t, "y": y}, dict.fromkeys("abcd", 1.0) if with_start else None

    def go() -> Any:
        fit = sd.fit(data.FORMULA, columns, start=start)
        return fit, fit.standard_errors

    fit, _ = go()
    return Ready(go, 1, fit.run.engine, fit.params["b"])
