"""`steepest plot`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

import steepest as sd
from cli.conftest import Steepest
from steepest.training.outcome import Outcome

DECAY = "count ~ a*exp(-b*t)"
BANANA = "(1 - x)**2 + 100*(y - x**2)**2"
NETWORK = "count ~ mlp(t, 4, activation=tanh)"


@pytest.fixture
def data(folder: Path) -> Path:
    t = np.linspace(0, 3, 12)
    rows = [f"{a},{b}" for a, b in zip(t, 3 * np.exp(-2 * t) + 0.01 * np.sin(9 * t))]
    (folder / "decay.csv").write_text("\n".join(["t,count", *rows]) + "\n")
    return folder


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("tangent", "x**2", "--start", "x=-1.5"), "tangent.png"),
        (("tangent", "-x", "--start", "x=1", "--learning-rate", "0.1", "--steps", "3"), "tangent.png"),
        (("rates", "x**2", "--start", "x=-1.5", "--learning-rate", "0.01,0.9,1.1"), "rates.png"),
        (("range-test", DECAY, "--data", "decay.csv", "--start", "a=1,b=1"), "decay.range-test.png"),
        (("fit", DECAY, "--data", "decay.csv", "--theme", "dark"), "decay.fit.png"),
        (("loss", DECAY, "--data", "decay.csv", "--method", "adam", "--steps", "20"), "decay.loss.png"),
        (("panels", DECAY, "--data", "decay.csv", "--out", "panels.svg"), "panels.svg"),
        (("topology", NETWORK, "--data", "decay.csv", "--steps", "3"), "decay.topology.png"),
        (("layers", NETWORK, "--data", "decay.csv", "--steps", "30"), "decay.layers.png"),
        (("fit", NETWORK, "--data", "decay.csv", "--steps", "3"), "decay.fit.png"),
        (("landscape", NETWORK, "--data", "decay.csv", "--steps", "3", "--over", "0.weight[0,0],2.bias[0]"),
         "decay.landscape.png"),
        (("animation", "z**2", "--start", "z=-4", "--learning-rate", "0.05", "--steps", "5"), "animation.gif"),
        (("animation", DECAY, "--data", "decay.csv", "--out", "decay.html"), "decay.html"),
    ],
)  # fmt: skip
def test_each_picture_of_one_s_own(steepest: Steepest, data: Path, arguments: tuple[str, ...], name: str) -> None:
    result = steepest("plot", *arguments)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[-1].split()[-1].endswith(name)
    assert (data / name).stat().st_size > 1000


def test_several_descents_on_one_surface(steepest: Steepest, folder: Path) -> None:
    told = steepest(
        "plot", "landscape", BANANA, "--start", "x=-1.2,y=1", "--method", "momentum,lbfgs", "--steps", "60", "--json"
    ).object
    assert list(told["descents"]) == ["momentum", "L-BFGS-B"]
    assert told["files"] == ["landscape.png"]
    told = steepest(
        "plot", "surface", BANANA, "--start", "x=0,y=0", "--learning-rate", "1e-3,1e-4", "--steps", "9", "--json"
    )
    assert list(told.object["descents"]) == ["gradient descent, rate 0.001", "gradient descent, rate 0.0001"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tagent", "x**2", "--start", "x=1"), "unknown picture 'tagent'. Did you mean 'tangent'?"),
        (("tangent", "x**2"), "'x' has no start"),
        (("tangent", "x**2", "--start", "x=1,y=2"), "start names 'y', which the expression does not have"),
        (("tangent", "3"), "has no names, only numbers"),
        (("tangent", "x**2 + y", "--start", "x=1,y=2"), "a curve is drawn over one parameter"),
        (("fit", "y ~ a*x"), "data are missing: give --data FILE"),
        (("loss", "x**2", "--data", "decay.csv"), "with --data the formula says what is fitted"),
        (("loss", "x**2", "--start", "x=1", "--method", "adam,momentum"), "loss is of one descent"),
        (("loss", "x**2", "--start", "x=1", "--method", "adm"), "unknown method 'adm'"),
        (("loss", "x**2", "--start", "x=1", "--over", "x,y"), "--over is for landscape and surface"),
        (("loss", "x**2", "--start", "x=1", "--theme", "drak"), "Did you mean 'dark'"),
        (("loss", "x**2", "--start", "x=1", "--learning-rate", "0.1,-2"), "--learning-rate must be a positive number"),
        (("loss", "x**2", "--start", "x=1", "--out", "loss"), "End its name in .png"),
        (("loss", "x**2", "--start", "x=1", "--out", "nowhere/loss.png"), "does not exist"),
        (("animation", "x**2", "--start", "x=1", "--out", "a.png"), "End its name in .gif or .html"),
        (("landscape", "x**2", "--start", "x=1"), "a landscape takes two"),
        (("topology", DECAY, "--data", "decay.csv"), "no network"),
        (("topology", NETWORK, "--data", "decay.csv", "--start", "a=1"), "leave --start out"),
        (("fit", "count ~ mlp(t, t, 3)", "--data", "decay.csv"), "names the column 't' twice"),
        (("loss", "count ~ mlp(s, 3)", "--data", "decay.csv"), "no column 's'"),
    ],
)
def test_bad_input_is_told_and_leaves_nothing(
    steepest: Steepest, data: Path, arguments: tuple[str, ...], message: str
) -> None:
    before = set(data.iterdir())
    result = steepest("plot", *arguments)
    assert result.code == 2
    assert message in result.err
    assert set(data.iterdir()) == before


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("derive", "sin(x)", "--at", "x=1", "--picture", "a.png"), "a.png"),
        (("compare", "decay.csv", DECAY, "--budget", "40evals", "--starts", "2"), "decay.race.png"),
        (("graph", "a*b", "--at", "a=1,b=2", "--out", "a.png"), "a.png"),
    ],
)
def test_every_command_that_draws_takes_a_theme(
    steepest: Steepest, data: Path, command: tuple[str, ...], name: str
) -> None:
    assert "unknown theme 'drak'" in steepest(*command, "--theme", "drak").err
    assert not (data / name).exists()
    assert steepest(*command, "--theme", "dark").code == 0
    pixels = image.imread(data / name)
    assert pixels[0, 0, :3].max() < 0.3


def test_ctrl_c_draws_what_there_is_and_says_so(
    steepest: Steepest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: sd.Run) -> sd.Run:
        self.step()
        self.outcome = Outcome("interrupted", "interrupted after 1 steps")
        return self

    monkeypatch.setattr(sd.Run, "finish", interrupt)
    command = ("plot", "loss", "x**2", "--start", "x=1", "--learning-rate", "0.1")
    result = steepest(*command)
    assert result.code == 130
    assert "interrupted after 1 steps" in result.out
    assert (folder / "loss.png").exists()
