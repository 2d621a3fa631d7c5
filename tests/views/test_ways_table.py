"""The table of the ways, and the same as one object."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import steepest as sd
from steepest.cli.output import as_json
from steepest.differentiation import ways as ways_module
from steepest.views.tables.ways_table import growth_text, step_lines, swell_text, ways_object, ways_table, ways_text


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways_module, "_SECONDS", 0.0)


def test_the_table() -> None:
    lines = ways_table(sd.ways("-log(sigmoid(w*x))", {"w": 0.5, "x": 2.0}, wrt="w")).splitlines()
    assert lines[0] == "-log(sigmoid(w*x)) = 0.313262 at w = 0.5, x = 2"
    assert lines[2].split() == ["way", "d/dw", "digits", "evaluations", "time"]
    assert [line[:24].strip() for line in lines[4:11]] == [
        "manual", "symbolic", "numerical, one-sided", "numerical, central", "numerical, complex-step", "automatic, reverse",
        "automatic, forward",
    ]  # fmt: skip
    assert re.search(r"manual +-0.53788284274 +1[56]\.\d +0 +[\d.,]+ µs$", lines[4])
    assert lines[12] == "manual                    textbook: -(x*sigmoid(-(w*x)))"
    assert (
        " ".join(lines[-2:])
        == "Digits are those in agreement with the limit of the difference quotient, in 1,000 digits."
    )
    assert max(map(len, lines)) <= 80


def test_many_parameters_are_cut_short() -> None:
    text = ways_table(sd.ways(lambda w: (w**2).sum(), np.arange(7.0)))
    assert "d/dw[2]" in text
    assert "d/dw[3]" not in text
    assert "(and 4 more parameters)" in text
    assert "of the parameter where they are fewest" in " ".join(text.split())


def test_the_growth() -> None:
    text = growth_text()
    assert re.search(r"one-sided +2 +11 +101 +1,001\n", text)
    assert re.search(r"central +2 +20 +200 +2,000\n", text)
    assert re.search(r"complex-step +1 +10 +100 +1,000\n", text)
    assert re.search(r"reverse +1 \+ 1 +1 \+ 1 +1 \+ 1 +1 \+ 1\n", text)
    assert re.search(r"forward +1 \+ 1 +1 \+ 10 +1 \+ 100 +1 \+ 1,000\n", text)


def test_the_steps_and_the_size() -> None:
    ways = sd.ways("sin(w)", 0.7)
    steps = step_lines(ways)
    assert re.search(r"one-sided .* 3\.0e-08 +1\.0e-08\n", steps)  # 2 sqrt(ε), 0.7 sqrt(ε)
    assert "or less" in steps
    assert step_lines(sd.ways("abs(w)", 0.0)) == ""
    size = swell_text(sd.derivation("w*sin(w)*exp(w)", "w"))
    assert re.search(r"function +4 +4\n1st derivative +11 +9\n2nd derivative +27 +14", size)
    assert "As derived it is 2.8 times as long as the function" in size
    assert "by the product rule" in " ".join(size.split())
    assert "1 operation." in swell_text(sd.derivation("w**2", "w"))


def test_one_object() -> None:
    for ways in (
        sd.ways("w**2", 3.0),
        sd.ways("abs(w)", 0.0),
        sd.ways(lambda w: np.max(w), np.array([1.0, 2.0])),
        sd.ways("exp(w*1e300)", 0.0),
    ):
        found = json.loads(as_json(ways_object(ways)))
        assert found["function"] == ways.subject.title
        assert len(found["ways"]) == len(ways.rows)
        assert ways_text(ways) == str(ways) == repr(ways)
    found = ways_object(sd.ways("w**2", 3.0))
    assert found["gradient"] == {"w": 6.0}
    assert found["derivation"]["w"]["derivative"] == "2*w"
    assert found["derivation"]["w"]["steps"][0]["rule"].startswith("power rule")
    assert found["evaluations"]["100"]["automatic, forward"] == {"evaluations": 1, "walks": 100}
    assert [step["scheme"] for step in found["steps"]] == ["one-sided", "central", "complex-step"]
    assert "no_symbolic_form" in ways_object(sd.ways(lambda w: np.max(w), np.array([1.0, 2.0])))
