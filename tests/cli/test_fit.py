from __future__ import annotations

import contextlib
import csv
import json
from pathlib import Path

import numpy as np
import pytest

import steepest as sd
from cli.conftest import Steepest
from steepest.cli import places
from steepest.training.hooks import Hook
from steepest.training.run import Run

LINE = ("fit", "line.csv", "y ~ a + b*x")


def test_table_outcome_and_picture(steepest: Steepest, folder: Path) -> None:
    result = steepest(*LINE)
    assert (result.code, result.err) == (0, "")
    lines = [line.split() for line in result.out.splitlines()]
    # By hand: residual sum of squares 0.067 on 3 degrees, s = 0.14944, s/sqrt(Sxx) = 0.0473, t quantile 3.182446.
    assert ["b", "0.990", "0.047", "0.840", "to", "1.140"] in lines
    assert ["residual", "standard", "deviation", "0.1494"] in lines
    assert any(line[:2] == ["converged", "after"] for line in lines)
    assert result.out.endswith("\npicture  line.fit.png\n")
    assert (folder / "line.fit.png").read_bytes().startswith(b"\x89PNG")
    assert all(letter.isprintable() or letter == "\n" for letter in result.out)


def test_json_is_one_object(steepest: Steepest, folder: Path) -> None:
    result = steepest(*LINE, "--json")
    assert (result.code, result.err) == (0, "")
    found = result.object
    assert found["parameters"]["a"]["value"] == pytest.approx(1.05, rel=1e-12)
    b = found["parameters"]["b"]
    assert b["value"] == pytest.approx(0.99, rel=1e-12)
    assert b["standard_error"] == pytest.approx(np.sqrt(0.067 / 3 / 10), rel=1e-9)
    assert b["interval"] == pytest.approx(
        [0.99 - 3.182446305284 * b["standard_error"], 0.99 + 3.182446305284 * b["standard_error"]]
    )
    assert found["residual_sum_of_squares"] == pytest.approx(0.067)
    assert found["loss"] == pytest.approx(0.067 / 5)
    assert found["outcome"].keys() == {"name", "message", "remedy"}
    assert found["outcome"]["name"] == "converged"
    assert (found["method"], type(found["steps"])) == ("Levenberg-Marquardt", int)
    assert (found["rows"], found["degrees_of_freedom"], found["formula"]) == (5, 3, "y ~ a + b*x")
    assert found["files"] == ["line.fit.png"]


def test_out_holds_everything(steepest: Steepest, folder: Path) -> None:
    result = steepest(*LINE, "--out", "deep/er")
    out = folder / "deep" / "er"
    assert sorted(p.name for p in out.iterdir()) == [
        "checkpoints",
        "fit.png",
        "history.csv",
        "model.json",
        "result.json",
    ]
    assert result.out.splitlines()[-4:] == [
        "model    deep/er/model.json", "history  deep/er/history.csv", "result   deep/er/result.json", "picture  deep/er/fit.png",
    ]  # fmt: skip
    assert not (folder / "line.fit.png").exists()
    stored = json.loads((out / "result.json").read_text())
    assert stored["files"] == ["deep/er/model.json", "deep/er/history.csv", "deep/er/result.json", "deep/er/fit.png"]
    assert sd.load(out / "model.json").params["b"] == stored["parameters"]["b"]["value"]
    with (out / "history.csv").open() as file:
        assert len(list(csv.DictReader(file))) == stored["steps"]


def test_no_picture(steepest: Steepest, folder: Path) -> None:
    result = steepest(*LINE, "--no-picture")
    assert "picture" not in result.out
    assert not list(folder.glob("*.png"))


def test_picture_stands_beside_the_data(steepest: Steepest, folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "two.words.csv").write_text((folder / "line.csv").read_text())
    assert steepest("fit", "data/two.words.csv", "y ~ a*x").out.endswith("picture  data/two.words.fit.png\n")


def test_picture_goes_to_the_current_folder_where_the_data_cannot_be_written_to(
    steepest: Steepest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "line.csv").write_text((folder / "line.csv").read_text())
    closed = {Path("data")}
    monkeypatch.setattr(places, "not_writable", lambda place: "Read-only file system" if place in closed else "")
    result = steepest("fit", "data/line.csv", "y ~ a + b*x")
    assert result.code == 0
    assert result.err == (
        "steepest: data cannot be written to (Read-only file system), so the picture is in the current folder.\n"
    )
    assert result.out.endswith("picture  line.fit.png\n")
    assert "steepest" not in steepest("fit", "data/line.csv", "y ~ a + b*x", "--quiet").err
    closed.add(Path())
    result = steepest("fit", "data/line.csv", "y ~ a + b*x")
    assert (result.code, "picture  " in result.out) == (0, False)
    assert "there is no picture" in result.err


def test_exit_code_tells_the_outcome(steepest: Steepest, folder: Path) -> None:
    options = ("--method", "gradient_descent", "--start", "a=3,b=9", "--no-picture", "--json")
    diverged = steepest(*LINE, "--learning-rate", "10", *options)
    assert (diverged.code, diverged.object["outcome"]["name"]) == (1, "diverged")
    assert diverged.object["outcome"]["remedy"]
    assert diverged.object["parameters"]["a"] == {
        "value": 3.0, "standard_error": None, "interval": None, "constraint": None,
    }  # fmt: skip
    for budget, name in (
        (("--steps", "3"), "out_of_steps"),
        (("--time", "1e-9"), "out_of_time"),
        (("--threshold", "900"), "threshold_reached"),
    ):
        result = steepest(*LINE, "--learning-rate", "0.001", *budget, *options)
        assert (result.code, result.object["outcome"]["name"]) == (0, name)


def test_every_option_arrives(steepest: Steepest, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def record(*arguments: object, **options: object) -> object:
        asked.update(options, arguments=arguments)
        raise sd.ModelError("enough.")

    monkeypatch.setattr("steepest.fitting.fit.fit", record)
    result = steepest(
        *LINE, "--loss", "huber", "--method", "adam", "--learning-rate", "0.5", "--steps", "2e3", "--batch-size", "16",
        "--seed", "-7", "--time", "1.5", "--threshold", "-2", "--start", "a=1, b=-2e3", "--weights", "w", "--drop-missing",
        "--sigma", "s", "--fix", "c=2", "--tie", "d=2*c", "--tie", "f=d", "--bounds", "b>0",
    )  # fmt: skip
    assert result.err == "steepest: enough.\n"
    assert asked == {
        "arguments": ("y ~ a + b*x", "line.csv"), "loss": "huber", "method": "adam", "learning_rate": 0.5, "steps": 2000,
        "batch_size": 16, "seed": -7, "time": 1.5, "threshold": -2.0, "start": {"a": 1.0, "b": -2000.0}, "weights": "w",
        "drop_missing": True, "sigma": "s", "fix": {"c": 2.0}, "tie": ["d=2*c", "f=d"], "bounds": "b>0", "intervals": "t",
        "hooks": [], "checkpoints": None, "resume": False, "epochs": None, "validation": None, "patience": None,
    }  # fmt: skip


def test_weights_column(steepest: Steepest, folder: Path) -> None:
    (folder / "w.csv").write_text("x,y,w\n1,2,1\n2,4,1\n3,100,0\n")
    assert steepest("fit", "w.csv", "y ~ a*x", "--weights", "w", "--json").object["parameters"]["a"][
        "value"
    ] == pytest.approx(2.0)


def test_rows_left_out_are_counted(steepest: Steepest) -> None:
    found = steepest("fit", "missing.csv", "y ~ a + b*x", "--drop-missing", "--json").object
    assert (found["rows"], found["rows_dropped"]) == (3, 2)


def test_what_is_not_finite_is_null(steepest: Steepest, folder: Path) -> None:
    (folder / "flat.csv").write_text("y\n7\n7\n7\n")
    assert steepest("fit", "flat.csv", "y ~ a", "--json").object["r_squared"] is None
    found = steepest("fit", "line.csv", "y ~ a*b*x", "--json").object
    assert found["parameters"]["a"]["standard_error"] is None


def test_interrupted_fit_keeps_what_it_has(steepest: Steepest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(run: Run) -> None:
        if run.steps_done >= 20:
            raise KeyboardInterrupt

    monkeypatch.setattr("steepest.cli.progress.progress_line", lambda *_: contextlib.nullcontext([Hook(interrupt)]))
    result = steepest(*LINE, "--method", "adam", "--start", "a=3,b=9", "--json")
    assert (result.code, result.object["outcome"]["name"]) == (130, "interrupted")
    assert result.object["steps"] == 20
    assert (folder / "line.fit.png").exists()


def test_several_formulas_are_ranked(steepest: Steepest, folder: Path) -> None:
    result = steepest("fit", "line.csv", "y ~ a*x**2", "y ~ a + b*x", "--out", "best")
    assert result.code == 0
    assert result.out.index("y ~ a + b*x") < result.out.index("y ~ a*x**2")
    stored = json.loads((folder / "best" / "result.json").read_text())
    assert [row["formula"] for row in stored["ranking"]["rows"]] == ["y ~ a + b*x", "y ~ a*x**2"]
    assert stored["formula"] == "y ~ a + b*x"
    assert steepest("fit", "line.csv", "y ~ a*x", "log(y) ~ a*x").code == 2
    assert steepest("fit", "line.csv", "y ~ a*x", "y ~ a", "--resume", "--out", "best").code == 2


def test_a_theme_for_the_picture(steepest: Steepest, folder: Path) -> None:
    assert steepest(*LINE, "--theme", "dark").code == 0
    result = steepest(*LINE, "--theme", "drak")
    assert result.code == 2
    assert "Did you mean 'dark'?" in result.err
