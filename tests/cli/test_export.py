"""`steepest fit --export` and `--tensorboard`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cli.conftest import Steepest
from exports.isolated import run_isolated

LINE = ("fit", "line.csv", "y ~ a + b*x", "--no-picture")


def test_each_ending_is_written_and_listed(steepest: Steepest, folder: Path) -> None:
    pytest.importorskip("onnx")
    result = steepest(
        *LINE, *["--export", "model.py", "--export", "model.onnx", "--export", "model.tex", "--out", "results"]
    )
    assert (result.code, result.err) == (0, "")
    for line in ("Python   model.py", "ONNX     model.onnx", "LaTeX    model.tex"):
        assert line in result.out.splitlines()
    np.testing.assert_allclose(run_isolated(folder / "model.py", np.array([0.0, 10.0])), [1.05, 10.95], rtol=1e-12)
    assert (folder / "model.tex").read_text() == "y = a + b x\n"
    assert '"model.onnx"' in (folder / "results" / "result.json").read_text()


def test_json_lists_them(steepest: Steepest, folder: Path) -> None:
    assert steepest(*LINE, "--export", "model.py", "--json").object["files"] == ["model.py"]


def test_events(steepest: Steepest, folder: Path) -> None:
    pytest.importorskip("tensorboard")
    result = steepest(*LINE, "--tensorboard", "logs")
    assert "events   logs/events.out.tfevents." in result.out
    assert len(list((folder / "logs").iterdir())) == 1


@pytest.mark.parametrize(
    ("path", "told"), [("model.txt", "End its name in .py, .onnx, .tex."), ("no/model.py", "does not exist")]
)
def test_what_cannot_be_written_is_told_before_the_fit(steepest: Steepest, folder: Path, path: str, told: str) -> None:
    before = sorted(folder.iterdir())
    result = steepest(*LINE, "--export", path, "--out", "results")
    assert (result.code, result.out) == (2, "")
    assert told in result.err
    assert sorted(folder.iterdir()) == before


def test_a_report_beside_the_data_and_in_the_folder(steepest: Steepest, folder: Path) -> None:
    result = steepest(*LINE, "--report")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("\nreport   line.report.html\n")
    text = (folder / "line.report.html").read_text()
    assert "steepest fit line.csv &#x27;y ~ a + b*x&#x27; --no-picture --report" in text
    assert "1.05" in text
    found = steepest(*LINE, "--report", "--out", "results", "--json").object
    assert "results/report.html" in found["files"]
    assert (folder / "results" / "report.html").exists()
