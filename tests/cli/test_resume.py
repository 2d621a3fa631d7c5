"""`steepest fit --out DIR --resume`: interrupted, killed, damaged, of another formula."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.conftest import Steepest

FIT = ("fit", "growth.csv", "y ~ a*exp(b*x)", "--method", "adam", "--batch-size", "2", "--no-picture", "--quiet")
ENDLESS = "1000000000"


def descended(folder: Path) -> tuple[object, str]:
    """What a run left that its time does not change: parameters, and the history without its last column."""
    model = json.loads((folder / "model.json").read_text())["parameters"]
    rows = (folder / "history.csv").read_text().splitlines()
    assert rows[0].endswith("time")
    return model, "\n".join(row.rpartition(",")[0] for row in rows)


def stopped_by(what: signal.Signals, after: float, *options: str) -> int:
    """The exit code of a fit that gets a signal some time after its descent has begun."""
    here = "from steepest.training import loop, run; import steepest.fitting.fit, sys\n"
    told = "first = run.Run.finish\ndef finish(self, steps=None):\n    print('go', flush=True)\n    return first(self, steps)\n"
    code = f"{here}{told}run.Run.finish = finish\nfrom steepest.__main__ import main\nsys.exit(main())"
    child = subprocess.Popen(
        [sys.executable, "-c", code, *FIT, "--out", "o", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"go\n"
    time.sleep(after)
    os.kill(child.pid, what)
    child.communicate()
    return child.returncode


def test_resumed_is_the_same_to_the_last_bit(steepest: Steepest, folder: Path) -> None:
    assert steepest(*FIT, "--steps", "300", "--out", "whole").code == 0
    assert steepest(*FIT, "--steps", "100", "--out", "o").code == 0
    assert descended(folder / "o") != descended(folder / "whole")
    assert steepest(*FIT, "--steps", "300", "--out", "o", "--resume").code == 0
    assert descended(folder / "o") == descended(folder / "whole")


def test_killed_and_interrupted(steepest: Steepest, folder: Path) -> None:
    draws = random.Random(2)
    assert steepest(*FIT, "--steps", "100", "--out", "o").code == 0
    before = descended(folder / "o")
    for _ in range(2):
        assert stopped_by(signal.SIGKILL, draws.uniform(0, 0.3), "--resume", "--steps", ENDLESS) == -signal.SIGKILL
        assert descended(folder / "o") == before
    assert stopped_by(signal.SIGINT, 0.1 + draws.uniform(0, 0.2), "--resume", "--steps", ENDLESS) == 130
    done = descended(folder / "o")[1].count("\n")
    assert done > 100
    steps = ("--steps", str(done + 100))
    assert steepest(*FIT, *steps, "--out", "o", "--resume").code == 0
    assert steepest(*FIT, *steps, "--out", "whole").code == 0
    assert descended(folder / "o") == descended(folder / "whole")


@pytest.mark.parametrize("file", ["run.json", "state.safetensors", "weights.safetensors"])
def test_a_file_cut_off(steepest: Steepest, folder: Path, file: str) -> None:
    assert steepest(*FIT, "--steps", "100", "--out", "o").code == 0
    assert steepest(*FIT, "--steps", "200", "--out", "o", "--resume").code == 0
    os.truncate(folder / "o" / "checkpoints" / "step-000000000200" / file, 30)
    again = steepest(*FIT, "--steps", "300", "--out", "o", "--resume")
    assert again.code == 0
    assert "step-000000000200 is damaged. The one before it, step-000000000100, is used." in again.err
    assert steepest(*FIT, "--steps", "300", "--out", "whole").code == 0
    assert descended(folder / "o") == descended(folder / "whole")


OTHER = {
    "formula": (("fit", "growth.csv", "y ~ a + b*x", "--method", "adam", "--batch-size", "2"), "its model differs"),
    "data": (("fit", "line.csv", *FIT[2:]), "its data differ"),
    "method": ((*FIT[:4], "momentum"), "its method differs"),
    "batch": ((*FIT[:6], "3"), "its method differs"),
    "rate": ((*FIT, "--learning-rate", "0.02"), "its method differs"),
    "loss": ((*FIT, "--loss", "mae"), "its loss or penalty differs"),
    "seed": ((*FIT, "--seed", "1"), "its seed differs"),
}


@pytest.mark.parametrize("name", OTHER)
def test_another_run_is_refused(steepest: Steepest, folder: Path, name: str) -> None:
    assert steepest(*FIT, "--steps", "30", "--out", "o").code == 0
    before = {path: path.read_bytes() for path in (folder / "o").rglob("*") if path.is_file()}
    options, message = OTHER[name]
    refused = steepest(*options, "--no-picture", "--out", "o", "--resume")
    assert refused.code == 2
    assert message in refused.err
    assert refused.err.count("\n") == 1
    assert before == {path: path.read_bytes() for path in (folder / "o").rglob("*") if path.is_file()}


def test_nothing_to_resume(steepest: Steepest, folder: Path) -> None:
    missing = steepest(*FIT, "--out", "new", "--resume")
    assert (missing.code, missing.err.count("\n")) == (2, 1)
    assert "there is no checkpoint in" in missing.err
    assert not (folder / "new").exists()
    assert "say where the checkpoints are" in steepest(*FIT, "--resume").err


def test_a_descent_that_starts_anew_in_the_same_folder(steepest: Steepest, folder: Path) -> None:
    assert steepest(*FIT, "--steps", "200", "--out", "o").code == 0
    assert steepest(*FIT, "--steps", "50", "--out", "o").code == 0
    assert [p.name for p in (folder / "o" / "checkpoints").iterdir()] == ["step-000000000050"]
