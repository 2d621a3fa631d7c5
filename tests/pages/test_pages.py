"""The pages of the site say nothing that is not so: their code runs, their links lead somewhere, no public name is left out."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from docs.tools import drawing, pages, reference
from markdown.extensions.toc import slugify

from steepest.views.style import Picture

NAV = re.compile(r"^\s*- (?:[^:\n]+: )?([\w/-]+\.md)$", re.MULTILINE)
PAGES = sorted(path.relative_to(pages.DOCS).as_posix() for path in pages.DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", pages.executed_pages(), ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_the_code_runs_and_prints_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SD_ENGINE", raising=False)  # pages show what there is without it
    rendered = Picture.rendered  # coarse pictures take a third of the time off
    monkeypatch.setattr(Picture, "rendered", lambda self, kind="png", dpi=None: rendered(self, kind, 40))
    blocks = pages.run(page, tmp_path)
    assert [*pages.differences(page, blocks)] == []
    assert set(re.findall(r"^!\[.*\]\(([\w.-]+)\)", page.read_text(), re.MULTILINE)) <= set(os.listdir(tmp_path))


def test_what_the_code_prints_is_compared_and_can_be_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n\n```python\nx = 1\n```\n\n```sh\nsteepest --version\n```\n"
    )
    blocks = pages.run(page, tmp_path)
    assert [block.agrees for block in blocks] == [False, True, False]
    page.write_text(pages.filled(page.read_text(), blocks))
    assert "print(1 + 1)\n```\n\n```text\n2\n```\n\n```python\nx = 1\n```\n\n```sh" in page.read_text()
    assert [*pages.differences(page, pages.run(page, tmp_path))] == []


def test_every_public_name_has_a_place_in_the_reference() -> None:
    assert reference.complaints() == []
    assert len(reference.documented_names()) > 250


def test_a_name_that_is_left_out_or_is_not_public_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    documented = reference.documented_names()
    del documented["sd.Adam"]
    monkeypatch.setattr(reference, "documented_names", lambda: {**documented, "sd.Adamant": "methods.md"})
    assert reference.complaints() == [
        "sd.Adam has no place in docs/reference/.",
        "docs/reference/methods.md has sd.Adamant, which is not public.",
    ]


def test_names_in_the_text_lead_to_the_reference() -> None:
    text = "# `sd.fit`\n\n`sd.fit(model, data)`, [`sd.fit`](x.md), `sd.mse`, `sd.nothing`\n\n```python\n`sd.fit`\n```"
    fit = "[`sd.fit(model, data)`](../reference/fits.md#sd.fit)"
    mse = "[`sd.mse`](../reference/losses.md)"
    assert reference.linked(text, "../") == text.replace("`sd.fit(model, data)`", fit).replace("`sd.mse`", mse)


def test_the_reference_has_the_help_of_every_command() -> None:
    written = reference.expanded((reference.REFERENCE / "command.md").read_text())
    for command in ("fit", "predict", "compare", "graph", "derive", "plot", "demo"):
        assert f"## {command}\n\n```text\nUsage: steepest {command} " in written


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(NAV.findall((pages.ROOT / "mkdocs.yml").read_text())) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    here = pages.DOCS / page
    text = here.read_text()
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, anchor = link.partition("#")
        target = (here.parent / path).resolve() if path else here
        made_by_the_code = any(f'"{path}"' in code for code in pages.code(text))
        assert target.exists() or made_by_the_code, link
        if anchor and target.suffix == ".md":
            assert anchor in _anchors(target.read_text()), link


def test_the_drawing_has_every_folder_on_its_floor() -> None:
    drawn = {folder: number for number, folders, _ in drawing.floors() for folder in folders}
    there = {path.parent.name for path in (pages.ROOT / "src" / "steepest").glob("*/__init__.py")}
    assert drawn.keys() == there
    picture = drawing.floors_svg()
    assert all(f">{folder}</text>" in picture for folder in there)
    assert picture.index(">cli<") < picture.index(">training<") < picture.index(">base<")


def _anchors(text: str) -> set[str]:
    without_code = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
    names = re.findall(r"^::: (sd\.[\w.]+)$", without_code, re.MULTILINE)
    return {slugify(re.sub(r"[`*]", "", heading), "-") for heading in headings} | set(names)
