"""The site as it is built: it loads nothing from elsewhere, and works in a real browser from a disk.

The browser needs Chromium (Debian's package ``chromium``) and Playwright (the extra ``browser``); skipped without them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from docs.tools import pages, reference

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]
LOOKED_AT = (
    "index.html",
    "tutorial/3-learning-rate.html",
    "how-to/overfitting.html",
    "reference/runs.html",
    "architecture.html",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does, where a warning is an error."""
    place = tmp_path_factory.mktemp("built") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(place)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=pages.ROOT, capture_output=True, text=True, env=quiet)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def test_it_loads_nothing_from_elsewhere(site: Path) -> None:
    built = sorted(site.rglob("*.html"))
    assert len(built) > len(list(pages.DOCS.rglob("*.md")))
    for page in built:
        tags = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*>", page.read_text())
        assert [tag for tag in tags if re.search(r"\b(?:src|href)=[\"']?(?:https?:)?//", tag)] == [], page


def test_every_name_has_an_entry(site: Path) -> None:
    text = "".join(page.read_text() for page in (site / "reference").glob("*.html"))
    entries = [
        name for page in reference.REFERENCE.glob("*.md") for name in reference._DIRECTIVE.findall(page.read_text())
    ]
    assert [name for name in entries if f'id="{name}"' not in text] == []
    assert text.count("doc-heading") > len(entries)


def test_in_a_browser(browser: Any, site: Path) -> None:
    for width, colours in ((1280, "light"), (380, "dark")):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=colours)
        said = listen(page)
        for address in LOOKED_AT:
            page.goto((site / address).as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
            assert (
                page.locator("body").get_attribute("data-md-color-scheme")
                == {"light": "default", "dark": "slate"}[colours]
            )
            shown = page.locator("article img:visible")
            assert all(
                ("dark" in shown.nth(k).get_attribute("src")) == (colours == "dark") for k in range(shown.count())
            )
        assert said == []
        page.close()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    said = listen(page)
    page.goto((site / "tutorial" / "index.html").as_uri())
    page.keyboard.press("/")
    page.keyboard.type("clipping")
    page.locator(".md-search-result__item").first.wait_for(timeout=20_000)
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "clip" in page.inner_text("article").lower()
    assert said == []
    page.close()


def listen(page: Any) -> list[str]:
    """What the console says and what is asked of any network, as it comes."""
    said: list[str] = []
    page.on("console", lambda message: message.type in ("error", "warning") and said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: request.url.startswith(("file:", "data:", "blob:")) or said.append(request.url))
    return said
