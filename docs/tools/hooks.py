"""What the site needs beyond Markdown: pictures made by the code of the pages, the reference complete, sources to look at."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mkdocs.exceptions import Abort
from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from docs.tools import drawing, pages, reference  # noqa: E402

CACHE = ROOT / ".cache" / "docs"
UNFINISHED = "unfinished-"
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([\w.-]+\.(?:png|svg|gif))\)")
_SOURCE = re.compile(r"\]\(((?:\.\./)+(src/[\w/]+\.py))\)")
_made: dict[str, set[str]] = {}  # of each page the pictures that its code makes


def on_pre_build(config: Any) -> None:
    """A public name without a place in the reference fails the build."""
    if wrong := reference.complaints():
        raise Abort("\n".join(wrong))


def on_files(files: Files, config: Any) -> Files:
    """Run the pages that show pictures of their own, and add these; add each source file that a page points to."""
    shown = {page: wanted for page in pages.executed_pages() if (wanted := _IMAGE.findall(page.read_text()))}
    with ThreadPoolExecutor(2) as pool:
        folders = dict(zip(shown, pool.map(_executed, shown), strict=True))
    for old in CACHE.iterdir():
        if old not in folders.values() and not old.name.startswith(UNFINISHED):  # which another build may be making
            shutil.rmtree(old)
    for page, wanted in shown.items():
        address = page.relative_to(pages.DOCS)
        _made[address.as_posix()] = set()
        for _, name in wanted:
            if not (folders[page] / "light" / name).exists():
                raise Abort(f"{page} shows {name}, which its code does not write.")
            _made[address.as_posix()].add(name)
            for theme in ("light", "dark"):
                content = (folders[page] / theme / name).read_bytes()
                uri = (address.with_suffix("") / _themed(name, theme)).as_posix()  # pages may use the same names
                files.append(File.generated(config, uri, content=content))
    for source in sorted(
        {found for file in files.documentation_pages() for _, found in _SOURCE.findall(file.content_string)}
    ):
        text = f"---\nsearch:\n  exclude: true\n---\n\n# {Path(source).name}\n\n`{source}`\n\n"
        text += f"````python\n{(ROOT / source).read_text()}````\n"
        files.append(File.generated(config, _page_of(source), content=text, inclusion=InclusionLevel.NOT_IN_NAV))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Directives of the reference, drawings, pictures in both colours, links to sources, prompts."""
    address = page.file.src_uri
    up = "../" * address.count("/")
    if address.startswith("reference/"):
        markdown = reference.expanded(markdown)
    elif not address.startswith("source/"):
        markdown = reference.linked(markdown, up)
    markdown = drawing.expanded(markdown)
    markdown = _SOURCE.sub(lambda found: f"]({up}{_page_of(found[2])})", markdown)
    markdown = markdown.replace("```python\n>>>", "```pycon\n>>>")

    def in_both(found: re.Match[str]) -> str:
        if found[2] not in _made.get(address, ()):
            return found[0]
        at = f"{Path(address).stem}/"
        return "".join(f"![{found[1]}]({at}{_themed(found[2], theme)}#only-{theme})" for theme in ("light", "dark"))

    return _IMAGE.sub(in_both, markdown)


def _executed(page: Path) -> Path:
    """The folder with what the page's code wrote, from the last time if nothing has changed since."""
    place = CACHE / f"{page.stem}-{_key(page)}"
    if place.exists():
        return place
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=UNFINISHED) as work:
        made = Path(work, "made")
        command = [sys.executable, "-m", "docs.tools.pages", "--into", str(made), str(page)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise Abort(f"{page} does not run as it stands.\n{done.stdout}\n{done.stderr}")
        with contextlib.suppress(OSError):  # another build was quicker
            made.rename(place)
    return place


def _key(page: Path) -> str:
    """What the pictures follow from: the page and the package's sources."""
    digest = hashlib.sha256()
    sources = [*sorted((ROOT / "src").rglob("*.py")), Path(pages.__file__)]
    for part in [page.read_bytes(), *(file.read_bytes() for file in sources)]:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def _themed(name: str, theme: str) -> str:
    stem, _, ending = name.rpartition(".")
    return name if theme == "light" else f"{stem}.dark.{ending}"


def _page_of(source: str) -> str:
    return f"source/{source.removeprefix('src/').removesuffix('.py')}.md"
