"""The report in a real browser: no errors, no requests, narrow and wide, light and dark, by keyboard alone, on paper.

Needs Chromium (Debian's package ``chromium``) and Playwright (the extra ``browser``); skipped without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steepest as sd

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    x = np.linspace(0.1, 5, 40)
    name = "<script>document.title = 'broken'</script>"
    data = sd.Table({name: x, "y": 3 * np.exp(-x) + 0.02 * np.cos(40 * x), "a rather long name of a column": x})
    fit = sd.fit(
        f"y ~ a*exp(-b*`{name}`) + c", data, method="gradient_descent", steps=60, start={"a": 1, "b": 1, "c": 0}
    )
    return fit.report(
        tmp_path_factory.mktemp("report") / "report.html", data=data, command="steepest fit data.csv " + "y ~ a " * 40
    )


@pytest.fixture
def open_page(browser: Any, page_file: Path) -> Iterator[Any]:
    """A function that opens the page; whatever the console says or a network is asked for fails the test."""
    said: list[str] = []
    pages = []

    def opened(width: int = 1280, scheme: str = "light") -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request", lambda request: request.url.startswith(("file:", "data:", "about:")) or said.append(request.url)
        )
        page.goto(page_file.as_uri())
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert said == []


@pytest.mark.parametrize("width", [1280, 380])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_in_both_colours(open_page: Any, width: int, scheme: str) -> None:
    page = open_page(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.title() != "broken"
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(21, 24, 29)")
    shown = page.evaluate("[...document.images].map((i) => [i.complete, i.naturalWidth, i.currentSrc.slice(0, 20)])")
    assert all(complete and natural for complete, natural, _ in shown)
    dark = page.evaluate("[...document.images].map((i) => i.currentSrc !== i.src)")
    assert dark == [scheme == "dark"] * len(shown)


def test_the_frame_is_as_high_as_its_content(open_page: Any) -> None:
    for width in (1280, 380):
        page = open_page(width)
        page.wait_for_function("document.querySelector('iframe').style.height !== ''")
        inside = "document.querySelector('iframe').contentDocument"
        assert page.evaluate(
            f"{inside}.documentElement.scrollHeight <= document.querySelector('iframe').clientHeight + 2"
        )
        assert page.evaluate(f"{inside}.documentElement.scrollWidth <= document.querySelector('iframe').clientWidth")


def test_the_keyboard_is_enough(open_page: Any) -> None:
    page = open_page(1280)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    assert page.url.endswith("#answer")
    frame = page.frame_locator("iframe")
    for _ in range(60):  # through links and tables into the frame
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "IFRAME":
            break
    else:
        pytest.fail("Tab does not reach the animation")
    page.keyboard.press("Tab")
    assert frame.locator("#scrub").evaluate("(e) => document.activeElement === e")
    assert frame.locator("#scrub").evaluate("(e) => getComputedStyle(e).outlineStyle") != "none"
    before = frame.locator("#step").inner_text()
    page.keyboard.press("ArrowRight")
    assert frame.locator("#step").inner_text() != before
    page.keyboard.press("End")
    assert frame.locator("#step").inner_text() == "step 60 of 60"


def test_it_does_not_play_by_itself(browser: Any, page_file: Path) -> None:
    page = browser.new_page()
    page.goto(page_file.as_uri())
    assert page.frame_locator("iframe").locator("#play").inner_text() == "Play"
    page.close()


def test_the_history_downloads(open_page: Any, tmp_path: Path) -> None:
    page = open_page()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download all of it as CSV").click()
    assert waiting.value.suggested_filename == "history.csv"
    waiting.value.save_as(tmp_path / "history.csv")
    assert (tmp_path / "history.csv").read_text().startswith("step,epoch,loss")


def test_on_paper_it_is_light_and_whole(open_page: Any) -> None:
    page = open_page(1280, "dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert page.evaluate("[...document.images].every((i) => i.currentSrc === i.src)")
