"""Microseconds a step: `python -m benchmarks speed`, or `speed PYTHON` with a Python that has PyTorch and JAX.

Full-batch gradient descent with the loss and the gradient's norm recorded at every step, one thread. Each figure is the least
CPU time of many short rounds, so that other work on the machine does not count. steepest also keeps its whole history, tests
every step for divergence and convergence, and remembers the best parameters.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

import steepest as sd
from benchmarks.speed_peers import data

ROUNDS = 25
WORKLOADS = ("quadratic", "toy float64", "toy float32")


def problem_of(workload: str) -> tuple[sd.Problem, float]:
    """The problem and its rate."""
    if workload == "quadratic":
        t = np.arange(20.0)
        y = 0.5 * (t - 9.5) ** 2 + 1
        start = {"a": 0.0, "b": 0.0, "c": 0.0}
        return sd.Problem(lambda p, t: p["a"] * t**2 + p["b"] * t + p["c"], start, t, y), 1e-5
    x, y, start = data(np.dtype(workload.split()[1]))
    net = sd.MLP("toy", 1, [20, 20], 1, "tanh")
    return sd.Problem(net, dict(zip(net.params, start)), x, y), 0.05


def by_steepest(workload: str, engine: str, steps: int) -> float:
    """One long call of a run that has begun, as `finish` makes them."""
    problem, rate = problem_of(workload)
    stopping = sd.Stopping(tolerance=0.0)
    run = sd.Run(problem, sd.Descent(sd.GradientDescent(), rate), steps=10**9, stopping=stopping, engine=engine)
    run.finish(40)
    times = []
    for _ in range(ROUNDS):
        began = process_time()
        run._advance(steps)
        times.append((process_time() - began) / steps)
    assert run.engine == engine
    return min(times) * 1e6


def by_numpy(workload: str, steps: int = 300) -> float:
    """The same by hand, with plain NumPy."""
    run = _quadratic_by_numpy if workload == "quadratic" else lambda n: _toy_by_numpy(workload, n)
    times = []
    for _ in range(ROUNDS):
        began = process_time()
        run(steps)
        times.append((process_time() - began) / steps)
    return min(times) * 1e6


def _quadratic_by_numpy(steps: int) -> None:
    t = np.arange(20.0)
    y = 0.5 * (t - 9.5) ** 2 + 1
    powers = np.stack([t**2, t, np.ones_like(t)])
    p, rows = np.zeros(3), []
    for _ in range(steps):
        r = p @ powers - y
        g = powers @ r * (2 / len(t))
        rows.append((r @ r / len(t), np.sqrt(g @ g)))
        p -= 1e-5 * g


def _toy_by_numpy(workload: str, steps: int) -> None:
    x, y, (W1, b1, W2, b2, W3, b3) = data(np.dtype(workload.split()[1]))
    rate, rows = x.dtype.type(0.05), []
    for _ in range(steps):
        h1 = np.tanh(x @ W1.T + b1)
        h2 = np.tanh(h1 @ W2.T + b2)
        r = h2 @ W3.T + b3 - y
        e = r * x.dtype.type(2 / len(x))
        d2 = e * W3 * (1 - h2 * h2)
        d1 = d2 @ W2 * (1 - h1 * h1)
        gradients = (d1.T @ x, d1.sum(0), d2.T @ h1, d2.sum(0), e.T @ h2, e.sum(0))
        rows.append((float(np.vdot(r, r)) / len(x), sum(float(np.vdot(g, g)) for g in gradients) ** 0.5))
        for w, g in zip((W1, b1, W2, b2, W3, b3), gradients):
            w -= rate * g


def by_c(workload: str, folder: Path, steps: int) -> float:
    """gcc -O3 -march=native -ffast-math of speed.c."""
    single = workload.endswith("float32")
    library = folder / f"speed{single}.so"
    if not library.exists():
        flags = ["-DREAL=float", "-DTANH=tanhf", "-DSQRT=sqrtf"] if single else []
        source = Path(__file__).with_suffix(".c")
        command = [
            "gcc",
            "-O3",
            "-march=native",
            "-ffast-math",
            "-shared",
            "-fPIC",
            *flags,
            str(source),
            "-o",
            str(library),
            "-lm",
        ]
        subprocess.run(command, check=True)
    c = ctypes.CDLL(str(library))
    kind = np.float32 if single else np.float64
    number = ctypes.c_float if single else ctypes.c_double
    losses, norms = np.empty(steps), np.empty(steps)

    def pointer(a: Any) -> ctypes.c_void_p:
        return ctypes.c_void_p(a.ctypes.data)

    if workload == "quadratic":
        t = np.arange(20.0)
        y, p = 0.5 * (t - 9.5) ** 2 + 1, np.zeros(3)
        arguments = (ctypes.c_int(20), pointer(t), pointer(y), pointer(p), ctypes.c_double(1e-5))
        run = c.quadratic
    else:
        x, target, start = data(kind)
        p = np.concatenate([w.ravel() for w in start])
        x, target = np.ascontiguousarray(x.ravel()), np.ascontiguousarray(target.ravel())
        arguments = (pointer(x), pointer(target), pointer(p), number(0.05))
        run = c.toy
    times = []
    for _ in range(ROUNDS):
        began = process_time()
        run(*arguments, ctypes.c_long(steps), pointer(losses), pointer(norms))
        times.append((process_time() - began) / steps)
    return min(times) * 1e6


def by_peer(name: str, python: str) -> dict[str, float]:
    """What speed_peers.py finds with another Python; empty where it lacks the library."""
    script = Path(__file__).with_name("speed_peers.py")
    done = subprocess.run([python, str(script), name], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def main(python: str = sys.executable) -> None:
    rows: dict[str, dict[str, float]] = {
        "steepest, numpy": {w: by_steepest(w, "numpy", 100) for w in WORKLOADS},
        "steepest, llvm": {w: by_steepest(w, "llvm", 100_000 if w == "quadratic" else 1000) for w in WORKLOADS},
        "NumPy by hand": {w: by_numpy(w) for w in WORKLOADS},
    }
    with tempfile.TemporaryDirectory() as folder:
        try:
            rows["C by hand"] = {w: by_c(w, Path(folder), 100_000 if w == "quadratic" else 1000) for w in WORKLOADS}
        except FileNotFoundError:
            print("there is no gcc: C by hand is left out")
    rows["PyTorch, eager"] = by_peer("torch", python)
    rows["JAX, jit and scan"] = by_peer("jax", python)
    print(f"microseconds a step (least CPU time of {ROUNDS} rounds, one thread)")
    print(f"{'':20}" + "".join(f"{w:>14}" for w in WORKLOADS))
    for name, row in rows.items():
        print(f"{name:20}" + "".join(f"{row[w]:14.3f}" if w in row else f"{'-':>14}" for w in WORKLOADS))


if __name__ == "__main__":
    main()
