"""Many rows: what the progress line says, and how much memory a fit takes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import steepest as sd
from steepest.base.progress import tell
from steepest.cli import progress
from steepest.data import stores
from steepest.training import blocks

FORMULA = "y ~ a*exp(-b*x) + c + d*x"
PEAK = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)
print(done.stdout, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, sep="")
sys.exit(done.returncode)
"""


def write(path: Path, rows: int) -> Path:
    rng = np.random.default_rng(0)
    x = rng.uniform(0.0, 10.0, rows)
    y = 3.0 * np.exp(-0.7 * x) + 1.0 + 0.2 * x + rng.normal(0.0, 0.1, rows)
    parquet.write_table(pa.table({"x": x, "y": y, "unused": x}), path)
    return path


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the line says, without waiting between."""
    lines: list[str] = []
    monkeypatch.setattr(progress, "live_line", lambda shown: contextlib.nullcontext(lines.append if shown else None))
    monkeypatch.setattr(progress, "_SECONDS", 1e-9)
    return lines


def test_the_line_tells_reading_searching_steps_and_rows(
    tmp_path: Path, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "_ROWS", 100)
    monkeypatch.setattr(blocks, "ROWS", 100)
    file = write(tmp_path / "large.parquet", 250)
    with progress.progress_line(True) as hooks:
        sd.fit(FORMULA, file, hooks=hooks)
    assert shown[:3] == [f"reading x of {file}, row {row} of 250" for row in (1, 101, 201)]
    assert shown.index("searching for a start") > shown.index(f"reading y of {file}, row 201 of 250")
    assert "row 201 of 250" in shown
    within = [line for line in shown if line.startswith("step 1 of 2,000   loss ")]
    assert any(line.endswith("s   row 101 of 250") for line in within)
    with progress.progress_line(True, "errors and remarks   "):
        tell("row", 1, 250)
    assert shown[-1] == "errors and remarks   row 1 of 250"


def test_nothing_is_shown_or_told_where_there_is_no_terminal(shown: list[str]) -> None:
    with progress.progress_line(False) as hooks:
        assert hooks == []
        tell("row", 1, 250)
    assert shown == []


@pytest.mark.slow
def test_a_million_rows_take_little_memory(tmp_path: Path) -> None:
    """Two columns are 15 MiB; with the libraries for files, special functions and pictures, Python alone takes 150."""
    file = write(tmp_path / "large.parquet", 1_000_000)
    command = [sys.executable, "-m", "steepest", "fit", str(file), FORMULA]
    done = subprocess.run([sys.executable, "-c", PEAK, *command], capture_output=True, text=True, check=True)
    assert "converged" in done.stdout
    assert int(done.stdout.split()[-1]) < 350  # MiB


@pytest.mark.slow
def test_many_rows_give_the_same_digits_as_in_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "large.parquet", 300_000)
    found: list[dict[str, Any]] = []
    for rows in (blocks.ROWS, 10**9):
        monkeypatch.setattr(blocks, "ROWS", rows)
        fit = sd.fit(FORMULA, file)
        assert fit.standard_errors is not None
        found.append({**fit.params, **{f"of {name}": error for name, error in fit.standard_errors.items()}})
    assert found[0] == pytest.approx(found[1], rel=1e-9)
