"""`steepest fit` and `steepest predict` with networks in formulas."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

import steepest as sd
from cli.conftest import Steepest
from steepest.cli.asking import choice
from steepest.cli.usage import UsageError

ROWS = 80
X = np.random.default_rng(3).standard_normal(ROWS)
SIDE, KIND = np.where(X > 0, "right", "left"), np.where(np.arange(ROWS) % 3, "a", "b")


@pytest.fixture
def points(folder: Path) -> Path:
    """Files with numbers, text, few whole numbers, and a hole."""
    lines = [f"{x:.6f},{k},{s},{1 + (x > 0)},{3 * x + 1:.6f}" for x, k, s in zip(X, KIND, SIDE)]
    (folder / "points.csv").write_text("\n".join(["x,kind,side,grade,y", *lines]) + "\n")
    (folder / "new.csv").write_text("x,kind\n0.5,a\n-2,b\n")
    (folder / "odd.csv").write_text("x,kind\n0.5,a\n-2,c\n")
    (folder / "hole.csv").write_text("x,kind\n0.5,\n-2,a\n")
    return folder


def test_classes_from_the_table_to_the_predictions(steepest: Steepest, points: Path) -> None:
    found = steepest("fit", "points.csv", "side ~ mlp(x, kind, 4)", "--epochs", "40", "--out", "results")
    assert (found.code, found.err) == (0, "")
    assert "true class by row, predicted class by column" in found.out
    assert sorted(p.name for p in (points / "results").iterdir()) == [
        "checkpoints", "fit.png", "history.csv", "model.json", "result.json",
    ]  # fmt: skip
    said = steepest("predict", "results/model.json", "new.csv")
    head, first, second = said.out.splitlines()
    assert head == "x,kind,side,p(left),p(right)"
    assert first.startswith("0.5,a,right,")
    assert second.startswith("-2.0,b,left,")
    left, right = map(float, first.split(",")[3:])
    assert left + right == pytest.approx(1.0)
    asked = steepest("predict", "results/model.json", "new.csv", "--json").object
    assert asked["predicts"] == ["side", "p(left)", "p(right)"]
    assert asked["columns"]["side"] == ["right", "left"]
    steepest("predict", "results/model.json", "new.csv", "--out", "classes.parquet")
    table = parquet.read_table(points / "classes.parquet").to_pydict()
    assert table["side"] == ["right", "left"]
    assert table["p(left)"] == asked["columns"]["p(left)"]


def test_what_a_saved_network_refuses(steepest: Steepest, points: Path) -> None:
    steepest("fit", "points.csv", "side ~ mlp(x, kind, 4)", "--epochs", "2", "--out", "results", "--no-picture")
    odd = steepest("predict", "results/model.json", "odd.csv")
    assert (odd.code, odd.out) == (2, "")
    assert "Column 'kind' has 'c' on line 3 of odd.csv" in odd.err
    hole = steepest("predict", "results/model.json", "hole.csv")
    assert "'kind' is missing (empty or NaN) on line 2 of hole.csv" in hole.err
    dropped = steepest("predict", "results/model.json", "hole.csv", "--drop-missing")
    assert len(dropped.out.splitlines()) == 2
    assert "1 row left out" in dropped.err
    assert "--interval is for formulas without a network" in steepest(
        "predict", "results/model.json", "new.csv", "--interval", "0.9"
    ).err  # fmt: skip


def test_numbers_and_a_law(steepest: Steepest, points: Path) -> None:
    found = steepest(
        "fit", "points.csv", "log(y + 20) ~ a*x + mlp(kind, 3)", "--epochs", "3", "--out", "r", "--json"
    ).object
    assert found["parameters"]["a"]["value"] == sd.load(points / "r" / "model.json").params["a"]
    assert set(found["training"]) == {"rows", "loss", "rmse", "r_squared"}
    assert found["validation"]["rows"] == 12
    assert found["classes"] is None
    assert found["weights"] > 10
    said = steepest("predict", "r/model.json", "new.csv")
    assert said.out.splitlines()[0] == "x,kind,log(y + 20),y"


def test_json_of_classes(steepest: Steepest, points: Path) -> None:
    found = steepest(
        "fit", "points.csv", "category(grade) ~ mlp(x, 3)", "--epochs", "3", "--json", "--no-picture"
    ).object
    assert found["classes"] == [1, 2]
    assert np.sum(found["confusion"]) == 12
    assert set(found["training"]) == {"rows", "loss", "accuracy", "usual"}
    assert (found["epochs"], found["outcome"]["name"]) == (3, "out_of_steps")


def test_few_whole_numbers_are_an_error_where_nobody_can_be_asked(steepest: Steepest, points: Path) -> None:
    result = steepest("fit", "points.csv", "grade ~ mlp(x, 3)", "--epochs", "3")
    assert result.code == 2
    for spelling in ("category(grade) ~ mlp(x, 3)", "number(grade) ~ mlp(x, 3)"):
        assert spelling in result.err
    assert result.err.count("\n") == 1
    assert not list(points.glob("*.png"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "kind"), [("classes\n", "category"), ("what?\n\nN\n", "number")])
def test_on_a_terminal_a_person_is_asked(
    steepest: Steepest, points: Path, monkeypatch: pytest.MonkeyPatch, typed: str, kind: str
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", screen)
    result = steepest("fit", "points.csv", "grade ~ mlp(x, 3)", "--epochs", "3", "--quiet", "--no-picture")
    assert result.code == 0
    said = screen.getvalue()
    assert "2 different whole numbers (1, 2). Are they names of classes, or numbers? [classes or numbers]" in said
    assert f"to be asked no more, write {kind}(grade) ~ mlp(x, 3)" in said
    assert f"{kind}(grade) ~ mlp(x, 3)" in result.out
    assert said.count("?") == (1 if kind == "category" else 3)


def test_no_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(UsageError, match="no answer"):
        choice("Yes?", {"yes": "y"})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("y ~ mlp(x, 3)", "--epochs", "0"), "--epochs must be a whole number, at least 1"),
        (("y ~ mlp(x, 3)", "--validation", "2"), "at least 0 and below 1"),
        (("y ~ mlp(x, 3)", "--validation", "half"), "--validation must be a number"),
        (("y ~ mlp(x, 3)", "--patience", "0"), "--patience"),
        (("y ~ mlp(x, 3)", "--intervals", "bootstrap"), "no bootstrap intervals"),
        (("y ~ a*x", "--epochs", "3"), "epochs is for formulas with a network"),
        (("y ~ mlp(x)",), "no hidden layer"),
        (("y ~ mlp(z, 3)",), "no column 'z'"),
        (("side ~ a*x + mlp(kind, 3)",), "'side' is text, so it names classes"),
        (("y ~ mlp(x, 3)", "y ~ a*x"), "says nothing of a network"),
    ],
)
def test_bad_input_leaves_nothing(steepest: Steepest, points: Path, arguments: tuple[str, ...], says: str) -> None:
    before = set(points.iterdir())
    result = steepest("fit", "points.csv", *arguments)
    assert (result.code, result.out) == (2, "")
    assert says in result.err
    assert set(points.iterdir()) == before


def test_a_run_is_resumed_to_the_same_bits(steepest: Steepest, points: Path) -> None:
    whole = steepest("fit", "points.csv", "side ~ mlp(x, 3)", "--epochs", "6", "--json", "--no-picture").object
    common = ("fit", "points.csv", "side ~ mlp(x, 3)", "--epochs", "6", "--out", "r", "--no-picture", "--json")
    steepest(*common)
    again = steepest(*common, "--resume").object
    assert again["loss"] == whole["loss"]
    assert again["confusion"] == whole["confusion"]
