"""docs/landscapes.md and docs/animations.md say nothing that is not so."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import steepest as sd

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = {
    "landscapes": {"bowl.png", "bowl3d.png", "rosenbrock.png", "path.png", "two.png", "profile.png"},
    "animations": {"descent.gif", "descent.html", "race.gif", "activations.html"},
}


@pytest.mark.parametrize("page", WRITTEN)
def test_the_examples_run_and_write_what_they_name(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.DOTALL):
        exec(block, names)
    assert {file.name for file in tmp_path.iterdir()} == WRITTEN[page]


def test_every_animation_has_a_row_and_every_option_exists() -> None:
    text = (DOCS / "animations.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [*sd.animate.__all__]
    known = {*inspect.signature(sd.animate.surface).parameters, *inspect.signature(sd.landscape).parameters}
    assert set(re.findall(r"`(\w+)=", text)) <= known
    assert set(re.findall(r"`(\w+)=", (DOCS / "landscapes.md").read_text())) <= {*known, "view", "snapshots"}


def test_pictures_of_the_pages_are_there() -> None:
    for page in WRITTEN:
        for image in re.findall(r"\]\((images/.*?)\)", (DOCS / f"{page}.md").read_text()):
            assert (DOCS / image).stat().st_size > 10_000
