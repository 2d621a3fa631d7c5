"""Questions to a person at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from steepest.cli.output import encodable
from steepest.cli.usage import UsageError


def can_ask() -> bool:
    """Whether somebody is there to answer: standard input and standard error are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def choice(question: str, answers: Mapping[str, str]) -> str:
    """One of the `answers`, typed in full or by its first letters; asked again until it is one.

    Parameters
    ----------
    question : str
    answers : mapping of str to str
        What may be typed, and what it stands for.

    Raises
    ------
    UsageError
        The input ends without an answer.
    """
    while True:
        sys.stderr.write(encodable(f"{question} [{' or '.join(answers)}] ", sys.stderr))
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            sys.stderr.write("\n")
            raise UsageError(f"there was no answer to the question: {question}")
        typed = line.strip().lower()
        meant = [value for answer, value in answers.items() if typed and answer.startswith(typed)]
        if len(meant) == 1:
            return meant[0]
