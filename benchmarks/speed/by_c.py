"""The workloads by hand in C: gcc -O3 -march=native -ffast-math of by_c.c."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed import data
from benchmarks.speed.child import Ready

FLAGS = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]


def prepare(contender: str, workload: str, threads: int, folder: str) -> Ready | None:
    if workload not in ("quadratic", "toy64", "toy32", "logistic") or shutil.which("gcc") is None:
        return None
    single = workload != "quadratic" and workload != "toy64"
    c = library(single)
    steps = {"quadratic": 100_000, "logistic": 3907}.get(workload, 1000)
    losses, norms = np.empty(steps), np.empty(steps)
    kept: list[Any] = []  # what C has only the address of

    def pointer(a: Any) -> ctypes.c_void_p:
        kept.append(a)
        return ctypes.c_void_p(a.ctypes.data)

    if workload == "quadratic":
        t, y = data.quadratic()
        arguments: tuple[Any, ...] = (
            ctypes.c_int(20),
            pointer(t),
            pointer(y),
            pointer(np.zeros(3)),
            ctypes.c_double(1e-5),
        )
        run = c.quadratic
    elif workload == "logistic":
        x, y = data.logistic()
        order, w = np.random.default_rng(0).permutation(len(x)), np.zeros(31, np.float32)
        rate = ctypes.c_float(data.RATES["logistic"])
        arguments = (ctypes.c_long(len(x)), pointer(x), pointer(y), pointer(order), pointer(w), rate)
        run = c.logistic
    else:
        x, y, start = data.toy(np.float32 if single else np.float64)
        p = np.concatenate([w.ravel() for w in start])
        rate = (ctypes.c_float if single else ctypes.c_double)(0.05)
        arguments = (
            pointer(np.ascontiguousarray(x.ravel())),
            pointer(np.ascontiguousarray(y.ravel())),
            pointer(p),
            rate,
        )
        run = c.toy

    def go() -> None:
        assert kept
        if workload == "logistic":
            order[:] = np.random.default_rng(0).permutation(len(order))
        run(*arguments, ctypes.c_long(steps), ctypes.c_void_p(losses.ctypes.data), ctypes.c_void_p(norms.ctypes.data))

    go()
    return Ready(go, 1 if workload == "logistic" else steps, check=float(losses[3]))


def library(single: bool) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "speed.so"
        kinds = ["-DREAL=float", "-DTANH=tanhf", "-DSQRT=sqrtf"] if single else []
        source = Path(__file__).with_suffix(".c")
        subprocess.run(["gcc", *FLAGS, *kinds, str(source), "-o", str(out), "-lm"], check=True)
        return ctypes.CDLL(str(out))
