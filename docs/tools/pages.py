"""Pages whose code runs: each block of Python or of the command line in order, its output compared with what the page shows.

    python -m docs.tools.pages docs/how-to/*.md           # what differs
    python -m docs.tools.pages --write docs/how-to/*.md   # the pages get the output

A block may be followed by a block of ``text``, its output; ``...`` in it stands for anything.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import linecache
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
EXECUTED = ("tutorial", "how-to")  # folders of such pages

_BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
_FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@dataclass(frozen=True)
class Block:
    """A block of code, what it printed, and what the page shows for that (None: nothing)."""

    language: str
    code: str
    line: int
    shown: str | None
    printed: str

    @property
    def agrees(self) -> bool:
        """Whether the page shows what was printed."""
        return doctest.OutputChecker().check_output(self.shown or "", self.printed, _FLAGS)


def executed_pages() -> list[Path]:
    """The pages whose code runs, in order."""
    return [page for folder in EXECUTED for page in sorted((DOCS / folder).glob("*.md"))]


def code(text: str) -> list[str]:
    """The code on a page."""
    return [block[2] for block in _BLOCK.finditer(text)]


def run(page: Path, folder: Path) -> list[Block]:
    """The blocks of a page after they ran in `folder`, where the files that they write stay.

    Raises
    ------
    Exception
        What a block raised; the traceback names the page's line.
    """
    text, names = page.read_text(), {"__name__": "__page__"}
    if not (folder / "examples").exists():
        (folder / "examples").symlink_to(ROOT / "examples")
    blocks = []
    with contextlib.chdir(folder):
        for found in _BLOCK.finditer(text):
            line = text[: found.start(2)].count("\n") + 1
            printed = _python(found[2], page, line, names) if found[1] == "python" else _shell(found[2])
            blocks.append(Block(found[1], found[2], line, found[3], printed))
    return blocks


def _python(source: str, page: Path, line: int, names: dict[str, Any]) -> str:
    place = f"{page}:{line}"
    linecache.cache[place] = (
        len(source),
        None,
        source.splitlines(keepends=True),
        place,
    )  # a function's source is found
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, place, "exec"), names)
    return printed.getvalue()


def _shell(source: str) -> str:
    """What the commands print, standard error included, without a process for each."""
    from steepest.__main__ import main

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        for command in source.replace("\\\n", " ").splitlines():
            program, *arguments = shlex.split(command, comments=True)
            if program != "steepest":
                raise ValueError(f"only the command steepest runs on a page, not {program}.")
            main(arguments)
    return printed.getvalue()


def differences(page: Path, blocks: list[Block]) -> Iterator[str]:
    """A sentence for each block that printed other than what the page shows."""
    for block in blocks:
        if not block.agrees:
            yield f"{page}:{block.line}: the page shows\n{block.shown or ''}\nbut the code prints\n{block.printed}"


def filled(text: str, blocks: list[Block]) -> str:
    """The page with the output of its blocks, where it differs."""
    parts, at = [], 0
    for found, block in zip(_BLOCK.finditer(text), blocks, strict=True):
        whole = found[0]
        if not block.agrees:
            whole = f"```{found[1]}\n{found[2]}```\n"
            if block.printed.strip():
                printed = "\n".join(each.rstrip() for each in block.printed.strip("\n").splitlines())
                whole += f"\n```text\n{printed}\n```\n"
        parts += [text[at : found.start()], whole]
        at = found.end()
    return "".join([*parts, text[at:]])


def in_dark_colours() -> None:
    """From now on pictures are drawn for dark paper unless they say otherwise."""
    from steepest.views import style

    style.THEMES["light"] = style.THEMES["dark"]


def main(arguments: list[str]) -> int:
    """Run pages: ``[--write] PAGE...``, or ``--into FOLDER PAGE`` for the files that it writes, in light and in dark colours."""
    if arguments[0] == "--into":
        folder, page = Path(arguments[1]), Path(arguments[2])
        (folder / "light").mkdir(parents=True)
        (folder / "dark").mkdir()
        said = list(differences(page, run(page, folder / "light")))
        in_dark_colours()
        run(page, folder / "dark")
        print(*said, sep="\n")
        return len(said)
    write = arguments[0] == "--write"
    wrong = 0
    for page in map(Path, arguments[write:]):
        with tempfile.TemporaryDirectory() as folder:
            blocks = run(page.resolve(), Path(folder))
        said = list(differences(page, blocks))
        wrong += len(said)
        if write:
            page.write_text(filled(page.read_text(), blocks))
        else:
            print(*said, sep="\n", end="\n" if said else "")
    return 0 if write else min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
