"""Demonstrations: each runs, says what it promises and leaves its pictures."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from steepest.base.errors import DataError
from steepest.cli.command import run
from steepest.demos.catalogue import DEMOS, demo
from steepest.demos.line_by_hand import drawn
from steepest.demos.stage import Stage

# What each must say: numbers that follow from the mathematics, and the word that matters.
SAID = {
    "tangent": ["slope of the secant -2.9990", "x.grad = tensor(-3.)"],
    "quadratic": ["condition number 2.2e+05", "no rate above 3.5e-05"],
    "learning-rates": ["2 / 2 = 1", "diverges"],
    "line-by-hand": ["by descent", "derivative of the loss by the slope"],
    "bowl": ["by np.polyfit", "-2*mean(δ*x)"],
    "toy-sine": ["481", "after 250 steps"],
    "blocks": ["-0.5379", "sigmoid(u)"],
    "four-ways": ["numerical, complex-step", "457"],
    "searches": ["Genetic algorithm", "evaluations"],
    "local-minima": ["ended in", "lowest found"],
    "clipping": ["the loss grew from", "loss 0.0"],
    "tanh-descent": ["x = 8.24881e-06"],
    "digits": ["% of the cases", "restored|budget"],
}
QUICK = {"tangent", "learning-rates", "line-by-hand", "blocks", "local-minima"}


def test_every_demo_is_tested() -> None:
    assert set(SAID) == set(DEMOS)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SAID]
)
def test_it_says_what_it_promises_and_leaves_its_pictures(name: str, tmp_path: Path) -> None:
    said: list[str] = []
    stage = Stage(tmp_path, "dark", said.append, {"slope": "1", "intercept": "0"} if name == "line-by-hand" else {})
    demo(name)(stage)
    text = " ".join("\n".join(said).split())
    for promised in SAID[name]:
        assert any(option in text for option in promised.split("|")), promised
    assert stage.files
    assert all(file.stat().st_size > 1000 for file in stage.files)


def test_the_list_an_unknown_name_and_a_wrong_option(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["demo"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in DEMOS)
    assert run(["demo", "quadratics"]) == 2
    assert "Did you mean 'quadratic'?" in capsys.readouterr().err
    assert run(["demo", "tangent", "--slope", "1"]) == 2
    assert "takes no --slope" in capsys.readouterr().err
    assert run(["demo", "line-by-hand", "--slope", "x", "--out", str(tmp_path / "a")]) == 2
    assert "must be a number" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
    assert run(["demo", "tangent", "--theme", "blue"]) == 2


def test_digits_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are no digits"):
        demo("digits")(Stage(tmp_path, options={"data": str(tmp_path / "none")}))


def test_the_drawing_of_a_line() -> None:
    x = np.arange(5.0)
    text = drawn(x, x, 1.0, 0.0)
    assert text.count("o") >= 5
    assert text.endswith("loss 0.0000")


def test_sliders_on_a_terminal(tmp_path: Path) -> None:
    """Three presses of right raise the slope by 0.15, one of down lowers the intercept by 0.25; Enter ends."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(
            sys.executable, [sys.executable, "-m", "steepest", "demo", "line-by-hand", "--out", str(tmp_path / "out")]
        )
    seen, sent, ends = "", False, time.monotonic() + 60
    while time.monotonic() < ends:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                piece = os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                break
            if not piece:
                break
            seen += piece
        if not sent and "Enter: done" in seen:
            os.write(terminal, b"\x1b[C\x1b[C\x1b[Cj\r")
            sent = True
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert "by hand     slope   0.1500   intercept   5.7500" in seen
