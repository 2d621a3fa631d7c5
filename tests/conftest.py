"""What all tests share."""

from collections.abc import Iterator
from shutil import which
from typing import Any

import pytest

# Scripts that recorded reference values need packages that the tests do not.
collect_ignore_glob = ["reference/*.py"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium (Debian's package ``chromium``) through Playwright (the extra ``browser``); skips without either."""
    path = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := which(name))), None)
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if path is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()
