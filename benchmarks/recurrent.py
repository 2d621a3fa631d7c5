"""Recurrent nets, microseconds a step: `python -m benchmarks recurrent [PYTHON]`, Pythons that have PyTorch or JAX.

Full-batch gradient descent on 32 sequences, forwards, backwards through time and the update, with the loss and the gradient's
norm at every step; 8 features, hidden 32, float32, one thread. Each figure is the least CPU time of many rounds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from time import process_time

import steepest as sd
from benchmarks.recurrent_peers import FEATURES, HIDDEN, RATE, ROUNDS, data

TASKS = (
    ("GRU", 50, 1, True), ("GRU", 50, 1, False), ("GRU", 50, 2, True), ("LSTM", 50, 1, True), ("RNN", 50, 1, True),
    ("GRU", 20, 1, True), ("GRU", 200, 1, True),
)  # fmt: skip
PEERS = ("torch", "torch.compile", "jax")


def by_steepest(cell: str, length: int, layers: int, last: bool, engine: str) -> tuple[float, float]:
    """Microseconds a step, and seconds until the first steps are done, recording and compiling included."""
    x, y, values = data(cell, length, layers, last)
    net = sd.Sequential(getattr(sd, cell)(FEATURES, HIDDEN, layers, last=last), sd.Linear(HIDDEN, 1))
    names, state = net.init(sd.Key(0))
    order = [f"{kind}_l{k}" for k in range(layers) for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    params = dict(zip([*(f"0.{name}" for name in order), "1.weight", "1.bias"], values, strict=True))
    assert params.keys() == names.keys()
    problem = sd.Problem(net, params, x, y, state=state)
    stopping = sd.Stopping(tolerance=0.0)
    began = process_time()
    run = sd.Run(problem, sd.Descent(sd.GradientDescent(), RATE), steps=10**9, stopping=stopping, engine=engine)
    run.finish(12)
    ready = process_time() - began
    steps = 60 if engine == "llvm" else 3
    times = []
    for _ in range(ROUNDS):
        began = process_time()
        run._advance(steps)
        times.append((process_time() - began) / steps)
    assert run.engine == engine
    return min(times) * 1e6, ready


def by_peer(name: str, pythons: tuple[str, ...], task: tuple[str, int, int, bool]) -> float | None:
    """What recurrent_peers.py finds with the first Python that has the library."""
    cell, length, layers, last = task
    script = str(Path(__file__).with_name("recurrent_peers.py"))
    for python in pythons:
        command = [python, script, name, cell, str(length), str(layers), "last" if last else "all"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return float(json.loads(done.stdout))
    return None


def main(*pythons: str) -> None:
    heads = ("machine code", "ready, s", "numpy", *PEERS)
    print(f"microseconds a step (least CPU time of {ROUNDS} rounds, one thread)")
    print(f"{'':32}" + "".join(f"{head:>14}" for head in heads))
    for task in TASKS:
        cell, length, layers, last = task
        fast, ready = by_steepest(*task, "llvm")
        row: list[float | None] = [fast, ready, by_steepest(*task, "numpy")[0]]
        row += [by_peer(name, pythons or (sys.executable,), task) for name in PEERS]
        title = f"{cell}, length {length}, {layers} layer{'s' * (layers > 1)}{'' if last else ', all outputs'}"
        cells = [f"{'-':>14}" if x is None else f"{x:14.2f}" if k == 1 else f"{x:14.0f}" for k, x in enumerate(row)]
        print(f"{title:32}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
