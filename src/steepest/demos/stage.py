"""Stage: where a demonstration puts what it shows."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

WIDTH = 88


@dataclass
class Stage:
    """What a demonstration writes to: lines of text, and a folder for pictures.

    Attributes
    ----------
    folder : Path
    theme : {"light", "dark"}
    write : callable
        Gets the text, piece by piece.
    options : dict of str to str
        What was given on the command line for this demonstration.
    files : list of Path
        The pictures, in the order in which they were asked for.
    """

    folder: Path
    theme: str = "light"
    write: Callable[[str], None] = print
    options: dict[str, str] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)

    def say(self, text: str) -> None:
        """A paragraph in plain words, wrapped."""
        self.write(textwrap.fill(" ".join(text.split()), WIDTH) + "\n")

    def show(self, thing: object) -> None:
        """A table or other text that keeps its lines."""
        self.write(textwrap.indent(str(thing), "  ") + "\n")

    def file(self, name: str) -> Path:
        """The place of a picture with this name."""
        self.files.append(self.folder / name)
        return self.files[-1]
