"""One contender at one workload, in a process of its own: `python -m benchmarks.speed.child CONTENDER WORKLOAD THREADS FOLDER`.

It makes itself ready, says so, and times one round for each line that it is sent, so that rounds of all contenders can be
interleaved. At the end it says how much memory it has taken.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

# By whom each contender is done; the others are of the module `by_` and their first word.
MODULES = {"NumPy": "numpy", "C": "c", "products": "numpy", "PyTorch": "torch", "JAX": "jax", "scikit-learn": "sklearn",
           "autograd": "autograd", "curve_fit": "scipy", "lmfit": "scipy", "steepest": "steepest"}  # fmt: skip


@dataclass
class Ready:
    """A contender that is ready.

    Attributes
    ----------
    run : callable
        Does one round.
    steps : float
        What a round is divided by: its steps, or for a workload in milliseconds the part of the whole that it is.
    note : str
        What is to be said of the figure.
    check : float
        A number by which one sees that all do the same: a loss after some steps, or a parameter.
    """

    run: Callable[[], Any]
    steps: float
    note: str = ""
    check: float = float("nan")


def say(**what: Any) -> None:
    print(json.dumps(what), file=real, flush=True)


real = sys.stdout


def main() -> None:
    sys.stdout = sys.stderr  # what libraries print is not for the one who asks
    contender, workload, threads, folder = sys.argv[1:5]
    warnings.simplefilter("ignore")
    if int(threads) == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    module = importlib.import_module(f"benchmarks.speed.by_{MODULES[contender.split(',')[0].split()[0]]}")
    ready: Ready | None = module.prepare(contender, workload, int(threads), folder)
    if ready is None:
        say(missing=True)
        return
    ready.run()
    say(note=ready.note, check=ready.check)
    clock = process_time if int(threads) == 1 else perf_counter
    for _ in sys.stdin:
        began = clock()
        ready.run()
        spent = clock() - began
        say(seconds=spent / ready.steps, spent=spent)
    say(peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
