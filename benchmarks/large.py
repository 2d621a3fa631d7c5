"""Fits to many rows: seconds and memory by the number of rows, against SciPy's curve_fit.

`python -m benchmarks large [ROWS]`: 1e5, 1e6 and 1e7 rows, or up to another number. Each fit runs in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

FORMULA = "y ~ a*exp(-b*x) + c + d*x"
TRUE = {"a": 3.0, "b": 0.7, "c": 1.0, "d": 0.2}
COMPARED = 1_000_000  # rows of the comparison

_MEASURED = """
import resource, sys, time
{imports}
began, cpu = time.perf_counter(), time.process_time()
{work}
seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
print(f"{{seconds}} {{cpu}} {{peak}}", *found)
"""
BY_STEEPEST = _MEASURED.format(
    imports="import steepest as sd\nfrom steepest.fitting import fit",
    work=f"fit = sd.fit({FORMULA!r}, sys.argv[1])\nfit.summary()\nfound = fit.params.values()",
)
BY_CURVE_FIT = _MEASURED.format(
    imports="import numpy as np\nfrom pyarrow import parquet\nfrom scipy.optimize import curve_fit",
    work="""\
table = parquet.read_table(sys.argv[1])
x, y = table["x"].to_numpy(), table["y"].to_numpy()
found, covariance = curve_fit(lambda x, a, b, c, d: a * np.exp(-b * x) + c + d * x, x, y)""",
)


def write(path: Path, rows: int, seed: int = 0) -> None:
    """A Parquet file of the formula with noise."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(seed)
    x = rng.uniform(0.0, 10.0, rows)
    y = TRUE["a"] * np.exp(-TRUE["b"] * x) + TRUE["c"] + TRUE["d"] * x + rng.normal(0.0, 0.1, rows)
    parquet.write_table(pa.table({"x": x, "y": y}), path)


def measured(program: str, path: Path) -> tuple[float, float, float, list[float]]:
    """Seconds, processor seconds, MiB at the peak, and what was found."""
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=True, capture_output=True, text=True)
    seconds, cpu, peak, *found = map(float, done.stdout.split())
    return seconds, cpu, peak, found


def by_command(path: Path) -> float:
    """MiB at the peak of ``steepest fit`` with its picture."""
    program = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    command = [sys.executable, "-m", "steepest", "fit", str(path), FORMULA]
    done = subprocess.run([sys.executable, "-c", program, *command], check=True, capture_output=True, text=True)
    return float(done.stdout)


def main(most: str = "1e7") -> None:
    print(f"{FORMULA}, float64 columns from Parquet; without a start; reading, fit, errors and remarks")
    print(f"{'rows':>12}{'seconds':>9}{'CPU s':>8}{'CPU us/row':>12}{'peak MiB':>10}{'with picture':>14}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.parquet"
        for rows in (n for n in (10**5, 10**6, 10**7, 10**8) if n <= float(most)):
            write(path, rows)
            seconds, cpu, peak, found = measured(BY_STEEPEST, path)
            picture = by_command(path)
            print(f"{rows:12,}{seconds:9.1f}{cpu:8.1f}{1e6 * cpu / rows:12.2f}{peak:10.0f}{picture:14.0f}", flush=True)
            if rows == COMPARED:
                theirs, their_cpu, their_peak, expected = measured(BY_CURVE_FIT, path)
                ours = (seconds, cpu, found)
                compared = f"{theirs:9.1f}{their_cpu:8.1f}{1e6 * their_cpu / rows:12.2f}{their_peak:10.0f}"
                print(f"{'curve_fit':>12}{compared}")
                difference = max(abs(a / b - 1) for a, b in zip(ours[2], expected))
                print(
                    f"{'':12} CPU {cpu / their_cpu:.2f} times curve_fit's; parameters agree to {difference:.0e}, relative"
                )
