"""What is said on standard output and standard error: whole, readable in any encoding, quiet when nobody listens."""

from __future__ import annotations

import json
import math
import os
import shlex
import sys
from collections.abc import Sequence
from typing import Any, TextIO

_PLAIN = str.maketrans({
    "²": "^2", "±": "+/-", "–": "-", "—": "-", "−": "-", "─": "-", "…": "...", "·": "*", "×": "x", "≤": "<=", "≥": ">=",
    "■": "#", "○": "o", "▣": "@", "→": "->",
    "′": "'", "δ": "delta", "α": "alpha", "ε": "eps", "Σ": "Sum", "µ": "u",
    "“": '"', "”": '"', "‘": "'", "’": "'", "\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ",
})  # fmt: skip
_READER_GONE = 141  # what the shell gives for SIGPIPE
_UNWRITABLE = 2


class Output:
    """Standard output for one command.

    A reader that goes away (``| head``) is no error: the rest is not said, but the command goes on to write its files.

    Parameters
    ----------
    arguments : sequence of str
        What the command was called with.

    Attributes
    ----------
    exit_code : int or None
        What the command must end with, since its output was not taken; None as long as it is.
    """

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self.exit_code: int | None = None
        self._arguments = arguments

    @property
    def command(self) -> str:
        """The command line, as a shell takes it."""
        return shlex.join(["steepest", *self._arguments])

    def say(self, text: str) -> None:
        """Print a text and its line end, at once."""
        if self.exit_code is not None:
            return
        try:
            sys.stdout.write(encodable(text, sys.stdout) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            self.exit_code = _READER_GONE
            _into_nothing(sys.stdout)
        except OSError as error:
            self.exit_code = _UNWRITABLE
            _into_nothing(sys.stdout)
            complain(f"standard output cannot be written: {error.strerror}.")

    def say_object(self, content: dict[str, Any]) -> None:
        """Print one JSON object."""
        self.say(as_json(content))


def as_json(content: dict[str, Any]) -> str:
    """A JSON object as text: numbers in full precision, those that are not finite as null.

    Examples
    --------
    >>> as_json({"loss": float("nan")})
    '{\\n  "loss": null\\n}'
    """
    return json.dumps(_finite(content), indent=2, allow_nan=False)


def complain(message: str) -> None:
    """One message on standard error, in the name of the program and without control characters."""
    clean = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in message)
    try:
        sys.stderr.write(encodable(f"steepest: {clean}", sys.stderr) + "\n")
        sys.stderr.flush()
    except OSError:  # nobody can be told
        _into_nothing(sys.stderr)


def encodable(text: str, stream: TextIO) -> str:
    """The text with signs that the stream's encoding has: R^2 for R², where there is no ²."""
    encoding = stream.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, errors="replace").decode(encoding)
    return text


def _into_nothing(stream: TextIO) -> None:
    """Python flushes a stream once more when it ends; let what is left go into nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
