"""`steepest graph`."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from cli.conftest import Steepest

FORMULA = "-log(sigmoid(w*x))"


def test_table_explanation_and_picture(steepest: Steepest, folder: Path) -> None:
    result = steepest("graph", FORMULA, "--at", "w=0.5,x=2", "--data", "x", "--explain", "w", "--out", "loss.svg")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "-log(sigmoid(w*x)) = 0.3133"
    assert lines[4].split() == ["○", "x", "data", "2", "-0.1345"]
    assert "dL/dw = -0.5379: one product" in result.out
    assert lines[-1] == "picture  loss.svg"
    assert (folder / "loss.svg").read_bytes().startswith(b"<?xml")


def test_json(steepest: Steepest) -> None:
    told = steepest("graph", FORMULA, "--at", "w=0.5,x=2", "--explain", "w", "--json").object
    slope = 2 * (1 / (1 + math.exp(-1)) - 1)
    blocks = {block["name"]: block for block in told["blocks"]}
    assert blocks["w"]["gradient"] == pytest.approx(slope, rel=1e-14)
    assert told["explanation"]["gradient"] == pytest.approx(slope, rel=1e-14)
    assert {"from": "w", "to": "v1", "local_derivative": [2.0]} in told["arrows"]
    assert told["files"] == []


def test_values_that_are_not_finite_are_null(steepest: Steepest) -> None:
    told = steepest("graph", "log(w)", "--at", "w=-1", "--json").object
    assert told["loss"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((FORMULA,), "'w' has no value"),
        ((FORMULA, "--at", "w=0.5"), "'x' has no value; give it with at, such as x=1."),
        ((FORMULA, "--at", "w=0.5,x=2,y=1"), "no 'y' to give a value to"),
        ((FORMULA, "--at", "w=0.5,x=two"), "--at gives 'x' the value 'two'"),
        ((FORMULA, "--at", "w=0.5,x=2", "--data", "z"), "no 'z' that could be data"),
        ((FORMULA, "--at", "w=0.5,x=2", "--explain", "weight"), "depend on a parameter 'weight'"),
        ((FORMULA, "--at", "w=0.5,x=2", "--out", "loss.gif"), ".svg or .pdf"),
        ((FORMULA, "--at", "w=0.5,x=2", "--out", "nowhere/loss.svg"), "does not exist"),
        ((FORMULA, "--at", "w=0.5,x=2", "--theme", "blue", "--out", "a.svg"), "theme 'blue'"),
        ((FORMULA, "--att", "w=0.5"), "extra argument"),
        (("y ~ a*x", "--at", "a=1"), "leave away ~"),
        (("w", "--at", "w=1"), "there is no graph"),
        (("", "--at", "w=1"), "is empty"),
        ((), "Missing argument 'FORMULA'"),
        (("log(w)", "--at", "w=0", "--explain", "w"), "local derivative of 'log' is inf"),
    ],
)
def test_bad_input(steepest: Steepest, folder: Path, arguments: tuple[str, ...], message: str) -> None:
    before = sorted(folder.iterdir())
    result = steepest("graph", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert "Traceback" not in result.err
    assert sorted(folder.iterdir()) == before
