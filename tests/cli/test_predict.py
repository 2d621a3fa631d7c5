from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from cli.conftest import Steepest


@pytest.fixture
def models(steepest: Steepest, folder: Path) -> Path:
    for name, data, formula in (("line", "line.csv", "y ~ a + b*x"), ("growth", "growth.csv", "log(y) ~ a + b*x"),
                                ("square", "line.csv", "y**2 ~ a + b*x"), ("level", "line.csv", "y ~ c"),
                                ("own", "line.csv", "y - x ~ a + b*x")):  # fmt: skip
        assert steepest("fit", data, formula, "--out", name, "--no-picture").code == 0
    return folder


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv_says_what_is_predicted(models: Path, steepest: Steepest) -> None:
    (models / "new.csv").write_text("x\n10\n-0.5\n")
    result = steepest("predict", "line/model.json", "new.csv")
    assert (result.code, result.err) == (0, "")
    head, *body = rows(result.out)
    assert head == ["x", "y"]
    np.testing.assert_allclose(np.array(body, float), [[10, 1.05 + 9.9], [-0.5, 1.05 - 0.495]], rtol=1e-12)


def test_the_folder_of_a_fit_is_its_model(models: Path, steepest: Steepest) -> None:
    assert steepest("predict", "line", "line.csv").out == steepest("predict", "line/model.json", "line.csv").out
    (models / "empty").mkdir()
    result = steepest("predict", "empty", "line.csv")
    assert (result.code, result.err.splitlines()[0]) == (
        2,
        "steepest: there is no model file empty/model.json. `steepest fit … --out DIR` writes DIR/model.json.",
    )


def test_logarithm_is_predicted_and_undone(models: Path, steepest: Steepest) -> None:
    head, *body = rows(steepest("predict", "growth/model.json", "growth.csv").out)
    assert head == ["x", "log(y)", "y"]
    x = np.arange(4.0)
    np.testing.assert_allclose(np.array(body, float), np.column_stack([x, x, np.exp(x)]), atol=1e-9)


def test_left_side_that_cannot_be_undone_or_has_two_columns(models: Path, steepest: Steepest) -> None:
    assert rows(steepest("predict", "square/model.json", "line.csv").out)[0] == ["x", "y**2"]
    assert rows(steepest("predict", "own/model.json", "line.csv").out)[0] == ["x", "y - x"]


def test_model_without_columns_counts_rows(models: Path, steepest: Steepest) -> None:
    assert rows(steepest("predict", "level/model.json", "line.csv").out)[0] == ["y"]
    assert len(rows(steepest("predict", "level/model.json", "line.csv").out)) == 6


def test_out_is_whole_and_named(models: Path, steepest: Steepest) -> None:
    printed = steepest("predict", "line/model.json", "line.csv").out
    result = steepest("predict", "line/model.json", "line.csv", "--out", "p.csv")
    assert result.out == "predictions p.csv\n"
    assert (models / "p.csv").read_text() == printed
    found = steepest("predict", "line/model.json", "line.csv", "--out", "p.csv", "--json").object
    assert found["files"] == ["p.csv"]
    assert found["predicts"] == ["y"]
    assert found["columns"]["y"] == pytest.approx([1.05 + 0.99 * x for x in range(1, 6)])


def test_input_is_never_overwritten(models: Path, steepest: Steepest) -> None:
    before = (models / "line.csv").read_text()
    result = steepest("predict", "line/model.json", "line.csv", "--out", "./line.csv")
    assert result.code == 2
    assert "would overwrite line.csv" in result.err
    assert (models / "line.csv").read_text() == before


def test_missing_values(models: Path, steepest: Steepest) -> None:
    (models / "gap.csv").write_text("x\n1\n\nNA\n3\n")
    result = steepest("predict", "line/model.json", "gap.csv")
    assert result.code == 2
    assert "gap.csv" in result.err
    result = steepest("predict", "line/model.json", "gap.csv", "--drop-missing")
    assert [row[0] for row in rows(result.out)] == ["x", "1.0", "3.0"]
    assert "left out" in result.err
    assert steepest("predict", "line/model.json", "gap.csv", "--drop-missing", "--quiet").err == ""


def test_predictions_that_are_not_finite_are_named(models: Path, steepest: Steepest) -> None:
    (models / "far.csv").write_text("x\n1\n1e6\n")
    result = steepest("predict", "growth/model.json", "far.csv")
    assert result.code == 0
    assert result.err == "steepest: y is not finite in 1 row, first in line 3 of far.csv.\n"
    assert rows(result.out)[2][2] == "inf"
    assert steepest("predict", "growth/model.json", "far.csv", "--json").object["columns"]["y"][1] is None


def test_column_that_is_not_there(models: Path, steepest: Steepest) -> None:
    (models / "other.csv").write_text("X,z\n1,2\n")
    result = steepest("predict", "line/model.json", "other.csv")
    assert (result.code, result.out) == (2, "")
    assert "'x' is not in other.csv. Did you mean 'X'?" in result.err


def test_bands(steepest: Steepest, folder: Path) -> None:
    assert steepest("fit", "growth.csv", "log(y) ~ a + b*x", "--out", "m", "--no-picture").code == 0
    found = steepest("predict", "m/model.json", "growth.csv", "--interval", "0.9", "--json").object["columns"]
    assert list(found) == [
        "x",
        *(f"{n}{s}" for n in ("log(y)", "y") for s in ("", " low", " high", " new low", " new high")),
    ]
    assert found["log(y) low"][0] <= found["log(y)"][0] <= found["log(y) high"][0]
    assert steepest("predict", "m/model.json", "growth.csv", "--interval", "95").code == 2
    assert "between 0 and 1" in steepest("predict", "m/model.json", "growth.csv", "--interval", "95").err
