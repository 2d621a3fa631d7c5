"""How long until something answers: whole processes, in turn, so that the ratios hold when the machine's speed drifts."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path
from time import perf_counter

COMMANDS = {
    "bare Python": [sys.executable, "-c", "pass"],
    "import numpy": [sys.executable, "-c", "import numpy"],
    "import steepest": [sys.executable, "-c", "import steepest"],
    "steepest.tensor(1.0)": [sys.executable, "-c", "import steepest; steepest.tensor(1.0)"],
    "steepest --version": [str(Path(sys.executable).parent / "steepest"), "--version"],
}
ROUNDS = 15


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS + 1):
        for name, command in COMMANDS.items():
            began = perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times[name].append(perf_counter() - began)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}  # the first round warms up
    print(f"{'':24}{'median':>9}{'/ Python':>10}{'/ NumPy':>10}")
    for name, value in medians.items():
        print(f"{name:24}{value:8.3f}s{value / medians['bare Python']:10.2f}{value / medians['import numpy']:10.2f}")
