"""`steepest derive` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Steepest

from steepest.differentiation import ways as ways_module


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways_module, "_SECONDS", 0.0)


def test_the_example(steepest: Steepest) -> None:
    result = steepest("derive", "-log(sigmoid(w*x))", "--wrt", "w", "--at", "w=0.5,x=2")
    assert (result.code, result.err) == (0, "")
    for part in (
        "-log(sigmoid(w*x)) = 0.313262 at w = 0.5, x = 2",
        "manual ",
        "automatic, forward",
        "d/dw(sigmoid(w*x)) = sigmoid(w*x)*(1 - sigmoid(w*x))*d/dw(w*x)",
        "chain rule, (sigmoid u)' = sigmoid(u)*(1 - sigmoid(u))*u′",
        "dL/dw = -(1 - sigmoid(w*x))*x",
        "best by theory",
        "1st derivative",
        "evaluations + walks",
    ):
        assert part in result.out


def test_one_object(steepest: Steepest) -> None:
    found = steepest("derive", "w*x", "--at", "w=0.5,x=2", "--json").object
    assert found["gradient"] == {"w": 2.0, "x": 0.5}
    assert found["derivation"]["x"]["derivative"] == "w"
    assert found["files"] == []


def test_data(steepest: Steepest) -> None:
    # line.csv: x 1..5, y 2, 3.1, 3.9, 5.2, 5.9; at a = 0, b = 1: residuals 1, 1.1, 0.9, 1.2, 0.9
    result = steepest("derive", "mean((y - (a + b*x))**2)", "--data", "line.csv", "--at", "a=0,b=1", "--json").object
    assert result["gradient"] == pytest.approx(
        {"a": -2 * 5.1 / 5, "b": -2 * (1 + 2.2 + 2.7 + 4.8 + 4.5) / 5}, rel=1e-14
    )
    assert result["derivation"]["b"]["derivative"] == "-2*mean(δ*x)"
    same = steepest(
        "derive", "y ~ a + b*x", "--data", "line.csv", "--at", "a=0,b=1", "--reduction", "sum", "--json"
    ).object
    assert same["gradient"]["a"] == pytest.approx(-10.2, rel=1e-14)
    assert same["derivation"]["b"]["update"] == "b + 2*α*sum(δ*x)"


def test_latex(steepest: Steepest) -> None:
    result = steepest("derive", "y ~ sigmoid(dot(w, x))", "--wrt", "w", "--reduction", "sum", "--latex")
    assert result.code == 0
    assert result.out.startswith("\\begin{align*}\n")
    assert r"w_{j} &\leftarrow w_{j} + 2 \alpha \sum_{i=1}^{n} \delta_{i}" in result.out


def test_a_picture(steepest: Steepest, folder: Path) -> None:
    result = steepest("derive", "abs(x)", "--at", "x=0", "--picture", "kink.png")
    assert result.out.endswith("picture  kink.png\n")
    assert (folder / "kink.png").stat().st_size > 10_000
    assert "the slope is -1 from the left and 1 from the right" in " ".join(result.out.split())


def test_the_derivation_alone(steepest: Steepest) -> None:
    result = steepest("derive", "a*x**2")
    assert result.code == 0
    assert "dL/da = x**2" in result.out
    assert result.out.endswith("say where: --at a=0.5,x=2.\n")
    assert steepest("derive", "a*x**2", "--json").object["derivation"]["x"]["derivative"] == "2*a*x"


def test_rules_by_hand(steepest: Steepest) -> None:
    right = steepest("derive", "a*x**2", "--wrt", "a,x", "--at", "a=1,x=3", "--manual", "a=x**2", "--manual", "x=2*a*x")
    assert "wrong" not in right.out
    assert "manual " in right.out
    wrong = steepest("derive", "w**2", "--at", "w=3", "--manual", "3*w")
    assert wrong.code == 0
    assert "The rule by hand is wrong: it gives 9 for w where the derivative is 6." in " ".join(wrong.out.split())
    assert "manual" in steepest("derive", "w", "--at", "w=3", "--manual", "where(w == 3, 1, 1)").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["w*"], "Something is missing after"),
        (["w*x", "--at", "w=1"], "'x' has no value"),
        (["w*x", "--wrt", "v", "--at", "w=1,x=2"], "'v' is not in w*x"),
        (["w*x", "--wrt", "w,,x"], "nothing between two commas"),
        (["log(w)", "--at", "w=0"], "log(0) gives -inf"),
        (["w", "--at", "w=one"], "not a number"),
        (["w", "--at", "w=1", "--picture", "x.txt"], ".png, .svg or .pdf"),
        (["w", "--picture", "x.png"], "--picture needs a point"),
        (["w", "--manual", "1"], "--manual needs a point"),
        (["w", "--at", "w=1", "--manual", ""], "has no rule"),
        (["w*x", "--at", "w=1,x=1", "--manual", "w=x", "--manual", "w=1"], "two rules"),
        (["w*x", "--at", "w=1,x=1", "--manual", "x", "--manual", "w=1"], "does not say whose rule"),
        (["y ~ a + b*x"], "does not tell them apart"),
        (["y ~ a*x", "--data", "missing.csv", "--at", "a=1"], "missing.csv"),
        (["y ~ a*x", "--data", "nowhere.csv", "--at", "a=1"], "nowhere.csv"),
        (["a*x", "--data", "line.csv", "--at", "a=1"], "take their sum(...) or mean(...)"),
        (["y ~ a*x", "--data", "line.csv", "--at", "a=1", "--reduction", "max"], "There are sum and mean"),
    ],
)
def test_bad_input(steepest: Steepest, folder: Path, arguments: list[str], message: str) -> None:
    before = set(folder.iterdir())
    result = steepest("derive", *arguments)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    assert set(folder.iterdir()) == before
    assert message in steepest("derive", *arguments, "--json").object["error"]["message"]
