"""`steepest compare`: table, object, files, and what is said when something is wrong."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.conftest import Steepest
from steepest.base.errors import SteepestError
from steepest.cli.compare import describe, parse_region

GROWTH = ("compare", "growth.csv", "y ~ a*exp(b*x)", "--budget", "200evals", "--starts", "2")


def test_the_table_the_minima_and_the_advice(steepest: Steepest, folder: Path) -> None:
    result = steepest(*GROWTH, "--methods", "lm,random_search")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "2 methods, 200 evaluations each from 2 starts"
    assert lines[2].split() == ["method", "best", "median", "spread", "evaluations", "seconds", "ended"]
    assert "For these 4 rows and 2 parameters, with 200 evaluations for each start: use" in " ".join(lines)
    assert "What this cannot tell" in result.out
    assert lines[-1] == "picture  growth.race.png"
    assert (folder / "growth.race.png").read_bytes().startswith(b"\x89PNG")


def test_json_is_one_object(steepest: Steepest, folder: Path) -> None:
    found = steepest(*GROWTH, "--methods", "lm, adam", "--json", "--no-picture").object
    assert found["budget"] == {"amount": 200.0, "unit": "evaluations"}
    assert (found["rows"], found["parameters"], found["files"]) == (4, ["a", "b"], [])
    assert [method["name"] for method in found["methods"]] == ["Levenberg-Marquardt", "Adam"]
    assert found["use"] == "Levenberg-Marquardt"
    races = found["methods"][0]["races"]
    assert len(races) == len(found["starts"]) == 2
    assert races[0].keys() == {
        "loss", "parameters", "evaluations", "seconds", "outcome", "message", "rate", "minimum",
    }  # fmt: skip
    assert found["minima"][0]["parameters"] == pytest.approx([1, 1], rel=1e-9)
    assert races[0]["rate"] is None
    assert found["methods"][1]["races"][0]["rate"] > 0
    assert not list(folder.glob("*.png"))


def test_out_holds_everything(steepest: Steepest, folder: Path) -> None:
    result = steepest(*GROWTH, "--methods", "lbfgs,genetic", "--out", "deep/er", "--quiet")
    out = folder / "deep" / "er"
    assert sorted(p.name for p in out.iterdir()) == ["race.png", "result.json", "traces.csv"]
    stored = json.loads((out / "result.json").read_text())
    assert stored["files"] == [str(Path("deep/er") / name) for name in ("traces.csv", "result.json", "race.png")]
    with (out / "traces.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["method"] for row in rows} == {"L-BFGS-B", "Genetic algorithm"}
    assert {row["start"] for row in rows} == {"1", "2"}
    assert all(float(row["evaluations"]) <= 200 for row in rows)
    assert result.code == 0


def test_the_same_seed_gives_the_same_numbers(steepest: Steepest, folder: Path) -> None:
    def numbers(*more: str) -> Any:
        found = steepest(*GROWTH, "--methods", "adam,genetic", "--json", "--no-picture", *more).object
        return [[race["loss"] for race in method["races"]] for method in found["methods"]]

    assert numbers() == numbers()
    assert numbers("--seed", "3") != numbers()


def test_start_region_known_minimum_and_time(steepest: Steepest, folder: Path) -> None:
    options = ("--methods", "random_search,restarts", "--start", "a=2", "--region", "b=0.5:1.5", "--known-minimum", "0")
    found = steepest(*GROWTH, *options, "--json", "--no-picture").object
    assert found["starts"][0][0] == 2.0
    assert all(0.5 <= race["parameters"][1] <= 1.5 for method in found["methods"] for race in method["races"][1:])
    assert found["minima"][0]["global"] is True
    timed = steepest("compare", "growth.csv", "y ~ a*exp(b*x)", "--budget", "0.05s", "--methods", "lm", "--starts", "1", "--json",
                     "--no-picture").object  # fmt: skip
    assert timed["budget"] == {"amount": 0.05, "unit": "seconds"}


def test_a_network(steepest: Steepest, folder: Path) -> None:
    found = steepest("compare", "line.csv", "y ~ mlp(x, 3, activation=tanh)", "--methods", "lbfgs,genetic", "--budget", "150",
                     "--starts", "2", "--json", "--no-picture").object  # fmt: skip
    assert len(found["parameters"]) == 10
    assert found["methods"][0]["name"] == "L-BFGS-B"
    assert found["starts"][0] != found["starts"][1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--budget", "soon"), "budget 'soon' is not understood. Write it as 2000evals or 5s"),
        (("--budget", "0"), "positive number"),
        (("--methods", "adm"), "Did you mean 'adam'"), (("--methods", "lm,lm"), "named twice"),
        (("--methods", ""), "unknown method"),
        (("--methods", "adam:500"), "larger than the data"), (("--starts", "0"), "--starts must be a whole number"),
        (("--start", "c=1"), "'c', which is not a parameter"), (("--region", "a=1"), "--region has 'a=1'"),
        (("--region", "c=0:1"), "unknown parameter in bounds 'c'"), (("--region", "a=1:0"), "lower below the upper"),
        (("--known-minimum", "low"), "--known-minimum must be a number"), (("--loss", "cubes"), "loss"),
        (("--weights", "w"), "weights column"), (("--seed", "-1"), "--seed"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_code_2(
    steepest: Steepest, folder: Path, arguments: tuple[str, ...], says: str
) -> None:
    result = steepest(*GROWTH, *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("steepest: ")
    assert says in result.err
    assert result.err.count("\n") == 1
    assert not list(folder.glob("*.png"))


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("y ~ mlp(z, 3)", "no column 'z'"), ("y ~ mlp(x)", "no hidden layer"),
        ("y ~ mlp(3, x)", "a size before its columns"),
        ("y ~ mlp(x, 3, act=tanh)", "no keyword 'act'"),
        ("y ~ mlp(x, 3.5)", "3.5 is none"),
        ("y ~ mlp(x, 3", "never closed"), ("y ~ mlp(x, 3, activation=tanhh)", "Did you mean 'tanh'"), ("z ~ mlp(x, 3)", "z"),
        ("y ~ x", "nothing to fit"),
        ("y ~ mlp(x, True)", "reserved"), ("y ~ mlp(x.y, 3)", "`x.y`"),
    ],
)  # fmt: skip
def test_networks_and_formulas_that_are_none(steepest: Steepest, folder: Path, formula: str, says: str) -> None:
    result = steepest("compare", "line.csv", formula)
    assert (result.code, result.out) == (2, "")
    assert says in result.err


def test_a_network_has_no_start_and_no_region(steepest: Steepest, folder: Path) -> None:
    result = steepest("compare", "line.csv", "y ~ mlp(x, 3)", "--start", "a=1")
    assert result.code == 2
    assert "leave --start and --region out" in result.err


def test_no_finite_loss_is_code_1(steepest: Steepest, folder: Path) -> None:
    result = steepest("compare", "line.csv", "y ~ log(-exp(a)*x)", "--methods", "genetic,lbfgs", "--budget", "60")
    assert result.code == 1
    assert "No method has found a finite loss" in result.out


def test_regions() -> None:
    assert parse_region(None) is None
    for text in ("", "a", "a=1:", "a=1:b", "=1:2", "a=1:2,", "a=1:2,a=1:3"):
        with pytest.raises(SteepestError, match="--region"):
            parse_region(text)


def test_the_line_while_it_runs() -> None:
    import steepest as sd
    from steepest.comparison.budget import Budget
    from steepest.comparison.meter import Meter

    meter = Meter(sd.Problem.of_function(lambda p: p["x"] ** 2, {"x": np.array(3.0)}), Budget.read(2000))
    assert describe(meter) == "0 of 2,000 evaluations   loss 9"
    timed = Meter(meter.inner, Budget.read("5s"))
    assert describe(timed).endswith(" of 5 s   loss 9")
