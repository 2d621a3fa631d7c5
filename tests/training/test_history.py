from __future__ import annotations

import csv

import numpy as np
import pytest

import steepest as sd

COLUMNS = ("step", "epoch", "loss", "gradient_norm", "rate", "time")


@pytest.fixture
def run() -> sd.Run:
    x = np.arange(10.0)
    problem = sd.Problem(lambda p, x: p["a"] * x, {"a": 0.0}, x, np.sin(x))
    return sd.Run(problem, sd.Descent(sd.Adam(), 0.01, sd.Batches(4)), steps=7, snapshots=3).finish()


def test_columns_of_equal_length(run):
    assert run.history.columns == COLUMNS
    assert len(run.history) == 7
    assert {len(column) for column in run.history.to_dict().values()} == {7}
    assert run.history["step"].tolist() == list(range(7))
    assert run.history["epoch"].tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert run.history["step"].dtype == np.int64
    assert run.history["rate"].tolist() == [0.01] * 7
    assert (np.diff(run.history["time"]) >= 0).all()
    assert run.history["time"][-1] <= run.elapsed


def test_a_row_describes_where_its_step_started(run):
    for step, params in run.history.snapshots.items():
        epoch, places = sd.Batches(4).at(10, 0, step)
        x = np.arange(10.0)[places]
        r = params["a"] * x - np.sin(x)
        assert run.history["epoch"][step] == epoch
        assert run.history["loss"][step] == pytest.approx(np.mean(r**2), rel=1e-13)
        assert run.history["gradient_norm"][step] == pytest.approx(abs(2 * np.mean(r * x)), rel=1e-12)


def test_csv_keeps_every_digit(run, tmp_path):
    path = run.history.to_csv(tmp_path / "history.csv")
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == COLUMNS
    for name, column in zip(COLUMNS, zip(*rows[1:], strict=True)):
        assert [float(cell) for cell in column] == run.history[name].tolist()


def test_csv_into_a_folder_that_is_not_there(run, tmp_path):
    with pytest.raises(sd.SteepestError, match="cannot write"):
        run.history.to_csv(tmp_path / "none" / "history.csv")


def test_an_unknown_column_is_named(run):
    with pytest.raises(KeyError, match="no column 'losses'; there are step"):
        run.history["losses"]


def test_a_copy_goes_on_apart(run):
    copy = run.history.copy()
    run.finish(3)
    assert (len(copy), len(run.history)) == (7, 10)
    assert list(copy.snapshots) == [0, 3, 6]
    assert list(run.history.snapshots) == [0, 3, 6, 9]


def test_columns_are_copies(run):
    run.history["loss"][:] = 0
    assert run.history["loss"].all()
