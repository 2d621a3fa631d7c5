"""Pages whose code runs: each block of Python or of the command line in order, its output compared with what the page shows.

    python -m docs.tools.pages docs/how-to/*.md           # what differs
    python -m docs.tools.pages --write docs/how-to/*.md   # the pages get the output

A block may be followed by a block of ``text``, its output. There a number may differ by one in its last digit, a rough
one by a tenth, and ``...`` stands for anything. A block after the comment ``<!-- not run: why -->`` is only compiled.
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
EXECUTED = ("index.md", "architecture.md", "tutorial/*.md", "how-to/*.md")  # such pages

_BLOCK = re.compile(
    r"^(?:(<!-- not run: .*? -->)\n\n)?```(python|sh)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE
)
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
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
        shown = self.shown or ""
        if "..." in shown:
            return doctest.OutputChecker().check_output(shown, self.printed, _FLAGS)
        ours, theirs = _NUMBER.split(shown), _NUMBER.split(self.printed)
        words = [" ".join(" ".join(parts[::2]).split()) for parts in (ours, theirs)]
        return words[0] == words[1] and len(ours) == len(theirs) and all(map(_close, ours[1::2], theirs[1::2]))


def _close(shown: str, printed: str) -> bool:
    """Whether two numbers agree: all digits but for the last one shown; roughly, where few digits are shown.

    Another processor adds up in another order. A network's long descent then ends some per cent elsewhere, which pages show
    with three digits at most, or takes some more steps, of which there are many.
    """
    if shown == printed:
        return True
    a, b = float(shown), float(printed)
    digits, _, power = shown.partition("e")
    whole = "." not in digits and not power
    last = 0.0 if whole else 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
    rough = abs(a) >= 50 if whole else len(digits.lstrip("-0.").replace(".", "")) <= 3
    return abs(a - b) <= max(1.01 * last, (0.1 if rough else 1e-9) * abs(a)) or max(abs(a), abs(b)) < 1e-11


def executed_pages() -> list[Path]:
    """The pages whose code runs, in order."""
    return [page for pattern in EXECUTED for page in sorted(DOCS.glob(pattern))]


def code(text: str) -> list[str]:
    """The code on a page."""
    return [block[3] for block in _BLOCK.finditer(text)]


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
            left_out, language, source, shown = found.groups()
            line = text[: found.start(3)].count("\n") + 1
            if left_out:
                compile(source, f"{page}:{line}", "exec")
                printed = shown or ""
            else:
                printed = _python(source, page, line, names) if language == "python" else printed_by(source)
            blocks.append(Block(language, source, line, shown, printed))
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


def printed_by(source: str) -> str:
    """What these commands of the command line print, standard error included, without a process for each."""
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
            whole = f"```{found[2]}\n{found[3]}```\n"
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
        for theme in ("light", "dark"):
            (folder / theme).mkdir(parents=True)
        said = list(differences(page, run(page, folder / "light")))
        in_dark_colours()
        run(page, folder / "dark")
        print(*said, sep="\n")
        return len(said)
    write = arguments[0] == "--write"
    wrong = 0
    for page in map(Path, arguments[write:]):
        with tempfile.TemporaryDirectory() as place:
            blocks = run(page.resolve(), Path(place))
        said = list(differences(page, blocks))
        wrong += len(said)
        if write:
            page.write_text(filled(page.read_text(), blocks))
        else:
            print(*said, sep="\n", end="\n" if said else "")
    return 0 if write else min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
