"""The page of an animation in a real browser: it plays, scrubs, obeys keys, follows the theme and fits narrow screens.

Needs Chromium (Debian's package ``chromium``) and Playwright (the extra ``browser``); skipped without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steepest as sd

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    x = np.arange(10.0)
    problem = sd.Problem(lambda p, x: p["a"] * x + p["b"], {"a": 0.0, "b": 0.0}, x, x + 1)
    run = sd.Run(problem, sd.Descent(learning_rate=0.01), steps=40).finish()
    file = tmp_path_factory.mktemp("page") / "fit.html"
    run.animate.surface(file, frames=range(41), points=7, fps=20)
    return file


@pytest.fixture
def opened(browser: Any, page_file: Path) -> Iterator[Any]:
    """The page, paused at its first frame; whatever the console says or the network is asked for fails the test."""
    page = browser.new_page(viewport={"width": 1200, "height": 800}, reduced_motion="reduce")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: request.url.startswith(("file:", "data:")) or said.append(request.url))
    page.goto(page_file.as_uri())
    yield page
    page.close()
    assert said == []


def step(page: Any) -> int:
    return int(page.inner_text("#step").split()[1])


def place(page: Any) -> Any:
    return page.get_attribute(".at >> nth=0", "transform")


def test_it_plays_to_the_end_and_again(opened: Any) -> None:
    assert step(opened) == 0
    assert opened.inner_text("#play") == "Play"
    opened.select_option("#speed", "4")
    opened.click("#play")
    assert opened.inner_text("#play") == "Pause"
    playwright.expect(opened.locator("#scrub")).to_have_value("40", timeout=20_000)
    assert opened.inner_text("#play") == "Play"
    opened.click("#play")
    opened.click("#play")
    assert step(opened) < 40


def test_scrubbing_moves_the_point_and_the_words(opened: Any) -> None:
    first = place(opened)
    opened.evaluate("scrub.value = 12; scrub.dispatchEvent(new Event('input'))")
    assert step(opened) == 12
    assert place(opened) != first
    assert opened.inner_text("figcaption >> nth=0").startswith("step 12 ")
    assert opened.get_attribute("#scrub", "aria-valuetext") == "step 12 of 40"


def test_keys(opened: Any) -> None:
    expected = {"ArrowRight": 1, "Shift+ArrowRight": 11, "End": 40, "ArrowLeft": 39, "Shift+ArrowLeft": 29, "Home": 0}
    for key, wanted in expected.items():
        opened.keyboard.press(key)
        assert step(opened) == wanted, key
    opened.keyboard.press("+")
    assert opened.input_value("#speed") == "2"
    opened.keyboard.press(" ")
    assert opened.inner_text("#play") == "Pause"
    opened.keyboard.press(" ")
    assert opened.inner_text("#play") == "Play"
    for wanted in ("play", "scrub", "speed", "theme"):  # all controls can be reached
        opened.keyboard.press("Tab")
        assert opened.evaluate("document.activeElement.id") == wanted
    opened.focus("#scrub")
    opened.keyboard.press("Home")
    opened.keyboard.press("ArrowRight")
    assert step(opened) == 1  # once, not by the slider and by the page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_themes(opened: Any, scheme: str) -> None:
    opened.emulate_media(color_scheme=scheme)
    papers = {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 29)"}
    other = {"light": "dark", "dark": "light"}[scheme]
    paper = "getComputedStyle(document.body).backgroundColor"
    assert opened.evaluate(paper) == papers[scheme]
    assert opened.is_visible(f".in-{scheme} >> nth=0")
    assert not opened.is_visible(f".in-{other} >> nth=0")
    assert opened.inner_text("#theme").lower() == other
    opened.click("#theme")
    assert opened.evaluate(paper) == papers[other]
    assert opened.is_visible(f".in-{other} >> nth=0")
    assert not opened.is_visible(f".in-{scheme} >> nth=0")


@pytest.mark.parametrize("width", [320, 380, 1200])
def test_it_fits_the_screen(opened: Any, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 700})
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    tops = [opened.locator("figure").nth(k).bounding_box()["y"] for k in range(2)]
    assert (tops[0] == tops[1]) is (width == 1200)  # side by side where there is room


def test_it_begins_by_itself_unless_motion_is_unwanted(browser: Any, page_file: Path) -> None:
    page = browser.new_page(reduced_motion="no-preference")
    page.goto(page_file.as_uri())
    playwright.expect(page.locator("#scrub")).not_to_have_value("0", timeout=20_000)
    page.close()
