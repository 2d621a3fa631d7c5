"""Pictures by name, and what all of them have in common."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest

import steepest as sd
from steepest.views.plots import PICTURES
from steepest.views.style import DARK, LIGHT
from views.judged import judge

ROOT = Path(__file__).parents[2]
# The pictures of other pages have tests of their own beside them.
MINE = (
    "fit",
    "loss",
    "panels",
    "rates",
    "tangent",
    "topology",
    "layers",
    "predictions",
    "residuals",
    "confusion",
    "range_test",
)


@cache
def network() -> sd.Run:
    """A little network that is watched and validated."""
    x = np.linspace(-2, 2, 60)[:, None]
    net = sd.MLP(1, [6], 1, "tanh")
    params, state = net.init(0)
    train, held = sd.Problem(net, params, x, np.sin(x), state=state).split(0.25)
    hooks = [sd.Watch(every=4, say=None), sd.Validation(held, every=3)]
    return sd.Run(train, sd.Descent(sd.Adam(), 0.02, sd.Batches(15)), steps=24, hooks=hooks).finish()


@cache
def classes() -> sd.Run:
    x = np.random.default_rng(0).normal(size=(90, 4))
    net = sd.MLP(4, [5], 3)
    params, state = net.init(0)
    labels = np.argmax(x[:, :3], axis=1)
    problem = sd.Problem(net, params, x, labels, loss="cross_entropy", state=state)
    return sd.Run(problem, sd.Descent(sd.Adam(), 0.02), steps=50).finish()


@cache
def fit() -> sd.Fit:
    t = np.arange(20.0)
    return sd.fit("height ~ a + b*t + c*t**2", {"t": t, "height": 0.5 * (t - 9.5) ** 2 + np.sin(t)})


def parabola(x: Any) -> Any:
    return x**2


DRAW: dict[str, Callable[..., Any]] = {
    "fit": lambda **how: sd.plot.fit(fit(), **how),
    "loss": lambda **how: sd.plot.loss(network(), **how),
    "panels": lambda **how: sd.plot.panels(fit(), **how),
    "rates": lambda **how: sd.plot.rates(parabola, at=-1.5, rates=[0.01, 0.9, 1.1], **how),
    "tangent": lambda **how: sd.plot.tangent(parabola, at=-1.5, learning_rate=0.1, **how),
    "topology": lambda **how: sd.plot.topology(classes(), **how),
    "layers": lambda **how: sd.plot.layers(network(), **how),
    "predictions": lambda **how: sd.plot.predictions(network(), **how),
    "residuals": lambda **how: sd.plot.residuals(fit(), **how),
    "confusion": lambda **how: sd.plot.confusion(classes(), **how),
    "range_test": lambda **how: sd.plot.range_test(
        sd.range_test(sd.Problem.of_function(lambda p: p["x"] ** 2, {"x": 1.0})), **how
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_takes_a_path_and_a_theme_and_is_explained(name: str) -> None:
    function = getattr(sd.plot, name)
    parameters = inspect.signature(function).parameters
    assert parameters["path"].default is None
    assert parameters["theme"].default == "light"
    assert ">>>" in function.__doc__
    assert name in dir(sd.plot)


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_has_its_place_in_the_docs(name: str) -> None:
    pages = [
        (ROOT / "docs" / f"{page}.md").read_text()
        for page in ("pictures", "landscapes")
        if (ROOT / "docs" / f"{page}.md").exists()
    ]
    assert any(re.search(rf"plot\.{name}\b|^\|.*`{name}`", page, re.M) for page in pages)


@pytest.mark.parametrize("name", MINE)
def test_every_picture_is_whole_and_leaves_no_trace(name: str) -> None:
    before = dict(matplotlib.rcParams)
    picture = DRAW[name]()
    judge(picture)
    assert picture.style is LIGHT
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", MINE)
def test_every_picture_is_dark_if_asked_and_written(name: str, tmp_path: Path) -> None:
    picture = DRAW[name](path=tmp_path / "picture.svg", theme="dark")
    assert matplotlib.colors.to_hex(picture.get_facecolor()) == DARK.paper
    text = (tmp_path / "picture.svg").read_text()
    assert text.startswith("<?xml")
    assert DARK.paper in text
    assert LIGHT.ink not in text


def test_what_a_run_and_a_fit_offer() -> None:
    assert set(dir(network().plot)) == {name for name, entry in PICTURES.items() if "Run" in entry.of}
    assert "topology" not in dir(fit().plot)
    assert repr(fit().plot).startswith("<pictures of a Fit: fit, loss, ")
    assert network().plot.loss(theme="dark").style is DARK


def test_the_most_telling_picture() -> None:
    assert [axes.get_ylabel() for axes in fit().plot().axes][:2] == ["height", "residual"]
    assert [axes.get_ylabel() for axes in network().plot().axes][:2] == ["target", "residual"]
    assert classes().plot().axes[0].get_ylabel() == "loss (cross_entropy)"
    run = sd.minimize(parabola, 1.0, method="gradient_descent", learning_rate=0.1, steps=3)
    assert run.plot().axes[0].get_ylabel() == "loss"


def test_unknown_names_offer_the_nearest() -> None:
    with pytest.raises(AttributeError, match=r"unknown picture 'looss'\. Did you mean 'loss'"):
        sd.plot.looss  # noqa: B018
    with pytest.raises(AttributeError, match="unknown picture of a Fit 'topology'"):
        fit().plot.topology  # noqa: B018
    with pytest.raises(sd.SteepestError, match=r"unknown theme 'drak'\. Did you mean 'dark'"):
        sd.plot.loss(network(), theme="drak")


def test_a_bad_ending_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(sd.SteepestError, match=r"End its name in \.png, \.svg or \.pdf"):
        sd.plot.loss(network(), tmp_path / "loss.jpg")
    assert not list(tmp_path.iterdir())


def test_nothing_is_imported_before_it_is_drawn_and_no_window_is_needed() -> None:
    code = (
        "import sys, steepest as sd\n"
        "sd.plot\n"
        "assert 'matplotlib' not in sys.modules\n"
        "picture = sd.plot.tangent(lambda x: x**2, at=-1.5)\n"
        "assert picture._repr_png_().startswith(b'\\x89PNG')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_page_of_pictures_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"np": np, "sd": sd}
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "pictures.md").read_text(), re.S)
    assert len(blocks) >= 5
    for block in blocks:
        exec(block, names)
    wanted = set(re.findall(r'"(\w+\.png)"', "".join(blocks)))
    assert {each.name for each in tmp_path.glob("*.png")} >= wanted
