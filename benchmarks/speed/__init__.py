"""How fast training and fitting are, against those who do the same: `python -m benchmarks speed`.

    python -m benchmarks speed --python PYTHON     # one that has PyTorch, JAX and autograd
    python -m benchmarks speed --only gru,curve --threads 1 --write

All contenders of a workload are there at the same time, each in a process of its own, and are asked for a round in turn, so
that what else the machine does meets all alike; the least of the rounds counts. With one thread each is held on one processor
and CPU time is taken; with two, elapsed time. Each records the loss and the gradient's norm at every step.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.speed.data import WORKLOADS
from benchmarks.speed.goals import goals
from benchmarks.speed.tables import cold_table, figures_table, goals_table, written

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results.md"
# Contenders, and whether they are asked for from the other Python.
CONTENDERS = {
    "steepest, llvm": False, "steepest, llvm, no start": False, "steepest, numpy": False, "NumPy by hand": False,
    "C by hand": False, "products": False, "PyTorch, eager": True, "PyTorch, compile": True, "JAX, jit and scan": True,
    "scikit-learn": False, "autograd": True, "curve_fit": False, "curve_fit, Jacobian given": False, "lmfit": False,
}  # fmt: skip
# For the curve fit alone, or for nothing but it.
ONLY_CURVE = {"steepest, llvm, no start", "curve_fit", "curve_fit, Jacobian given", "lmfit"}
ROUNDS, FEWEST, SECONDS = 20, 4, 1.0  # of a contender at a workload: rounds at most, at least, and beyond which no more
PATIENCE = 240.0  # seconds that one may take to make itself ready


class Child:
    """A contender at a workload, in a process of its own."""

    def __init__(self, contender: str, workload: str, threads: int, python: str, folder: str) -> None:
        self.contender = contender
        command = [python, "-m", "benchmarks.speed.child", contender, workload, str(threads), folder]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **environment(threads)},
        )  # fmt: skip
        self.seconds: list[float] = []
        self.spent = 0.0
        self.said: dict[str, Any] = {}
        self._timer = threading.Timer(PATIENCE, self.process.kill)
        self._timer.start()

    def ready(self) -> bool:
        """Wait until it is; False where it has nothing to do here."""
        self.said = self._heard()
        self._timer.cancel()
        return "note" in self.said

    def round(self) -> None:
        assert self.process.stdin is not None
        print("go", file=self.process.stdin, flush=True)
        heard = self._heard()
        self.seconds.append(heard.get("seconds", float("inf")))
        self.spent += heard.get("spent", 0.0)

    def peak(self) -> float:
        """MiB; ends the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        found = self._heard().get("peak", float("nan"))
        self.process.wait()
        return float(found)

    def _heard(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return dict(json.loads(line)) if line else {}


def rounds_of(children: list[Child]) -> None:
    """Rounds of all in turn."""
    for k in range(ROUNDS):
        for child in children:
            if k < FEWEST or child.spent < SECONDS:
                child.round()


def environment(threads: int) -> dict[str, str]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" if threads == 1 else ""
    return {
        **dict.fromkeys(names, str(threads)),
        "XLA_FLAGS": flags,
        "SD_ENGINE": "",
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
    }


def measured(
    workload: str, contenders: Iterable[str], threads: int, python: str, folder: str
) -> dict[str, dict[str, Any]]:
    """For each contender that has the workload, the least time, the peak memory, what it says of itself, and its check."""
    factor = {"us": 1e6, "ms": 1e3}[WORKLOADS[workload].unit]
    found: dict[str, dict[str, Any]] = {}
    asked = [c for c in contenders if workload == "curve" or c not in ONLY_CURVE]
    children = [Child(c, workload, threads, python if CONTENDERS[c] else sys.executable, folder) for c in asked]
    children = [child for child in children if child.ready()]
    rounds_of(children)
    for child in children:
        best = factor * min(child.seconds, default=float("inf"))
        found[child.contender] = {**child.said, "time": best, "rounds": len(child.seconds), "peak": child.peak()}
    return found


COLD = {
    "import numpy": (False, "import numpy"),
    "steepest, llvm": (False, """
import steepest as sd
from benchmarks.speed.by_steepest import problem_of
run = sd.Run(problem_of("toy64", ""), sd.Descent(sd.GradientDescent(), 0.05), steps=1000, engine="llvm").finish()"""),
    "steepest, numpy": (False, """
import steepest as sd
from benchmarks.speed.by_steepest import problem_of
run = sd.Run(problem_of("toy64", ""), sd.Descent(sd.GradientDescent(), 0.05), steps=100, engine="numpy").finish()"""),
    "PyTorch, eager": (True, "from benchmarks.speed.by_torch import prepare; prepare('PyTorch, eager', 'toy64', 1, '').run()"),
    "JAX, jit and scan": (True, "from benchmarks.speed.by_jax import prepare; prepare('JAX', 'toy64', 1, '').run()"),
}  # fmt: skip


def cold(python: str, rounds: int = 7) -> dict[str, tuple[float, float, float]]:
    """Seconds and processor seconds from a fresh process to the first result of the toy network, and MiB at the peak."""
    program = (
        "import json, resource, subprocess, sys, time\n"
        "began = time.perf_counter()\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, done.returncode]))"
    )
    best: dict[str, tuple[float, float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        # All with their modules' byte code, as installed ones have it; the first round makes it.
        env = {**os.environ, **environment(1), "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        for _ in range(rounds):
            for name, (other, code) in COLD.items():
                command = [sys.executable, "-c", program, python if other else sys.executable, "-c", code]
                done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
                *figures, failed = json.loads(done.stdout)
                if not failed:
                    best[name] = tuple(map(min, zip(best.get(name, figures), figures)))  # type: ignore[assignment]
    return best


def main(*arguments: str) -> None:
    asked = _arguments(arguments)
    workloads = [w for w in WORKLOADS if not asked.only or w in asked.only.split(",")]
    contenders = [c for c in CONTENDERS if not asked.contenders or c in asked.contenders.split("/")]
    parts = []
    for threads in map(int, asked.threads.split(",")):
        found = {}
        for workload in workloads:
            found[workload] = measured(workload, contenders, threads, asked.python, asked.digits)
            print(f"{workload}, {threads} thread{'s' * (threads > 1)}:", file=sys.stderr)
            for name, figures in found[workload].items():
                print(f"  {name:26}{figures['time']:14.4g}  {figures['peak']:6.0f} MiB  {figures['note']:8} "
                      f"check {figures['check']:.6g}  {figures['rounds']} rounds", file=sys.stderr)  # fmt: skip
        if found:
            parts += [figures_table(found, threads), goals_table(goals(found), threads)]
    if not asked.only or "cold" in asked.only.split(","):
        parts.append(cold_table(cold(asked.python)))
    text = "\n\n".join(parts)
    print(text)
    if asked.write:
        written(PAGE, "speed", text)


def _arguments(arguments: tuple[str, ...]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks speed", description="Microseconds a step, and whole fits."
    )
    parser.add_argument("--python", default=sys.executable, help="a Python that has PyTorch, JAX and autograd")
    parser.add_argument("--digits", default="", metavar="FOLDER", help="MNIST's files; else data of their shape")
    parser.add_argument("--only", default="", help=f"some of {', '.join(WORKLOADS)}, cold")
    parser.add_argument("--contenders", default="", help="some of them, with / between")
    parser.add_argument("--threads", default="1,2", help="1, 2, or both")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/results.md")
    return parser.parse_args(arguments)
