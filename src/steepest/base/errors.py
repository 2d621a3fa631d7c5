"""What steepest raises when the user can mend the cause: one message that says what, where, and what to do."""

from __future__ import annotations


class SteepestError(Exception):
    """Base of every error that steepest raises on purpose.

    The message is a whole sentence for the user: what was wrong, where, and what to do. The command line prints it without
    a traceback.
    """


class DataError(SteepestError, ValueError):
    """The data cannot be used: a missing file, an unknown column, text where a number belongs, NaN, too few rows."""


class FormulaError(SteepestError, ValueError):
    """A formula is not in the language, or does not fit the data.

    Attributes
    ----------
    text : str
        The formula as given.
    position : int or None
        Offset in `text` where the trouble starts, where it is known; the message then ends in a caret line.
    """

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        self.text = text
        self.position = position
        if position is not None:
            message = f"{message}\n{_pointed_at(text, position)}"
        super().__init__(message)


def _pointed_at(text: str, position: int, width: int = 76) -> str:
    """The part of the text around `position` on one line, and a caret below it."""
    line = "".join(" " if c in "\n\r\t" else c for c in text)  # one character each, so that the caret stays in place
    start = max(0, min(position - width // 2, len(line) - width))
    shown, before = line[start : start + width], position - start
    if start > 0:
        shown, before = "…" + shown, before + 1
    if start + width < len(line):
        shown += "…"
    return f"  {shown}\n  {' ' * before}^"


class ModelError(SteepestError, ValueError):
    """A model, problem or method is put together wrongly, or a saved model cannot be read."""


class CheckpointError(SteepestError, ValueError):
    """A checkpoint is missing, damaged, or of another model."""


class CheckpointWarning(UserWarning):
    """A damaged checkpoint was passed over and the one before it used."""


class ShapeError(SteepestError, ValueError):
    """Shapes do not meet: names both."""


class DifferentiationError(SteepestError, TypeError):
    """A derivative cannot be taken: an operation without a rule, or a value that would become a constant in silence."""


class RecordingError(SteepestError, TypeError):
    """A function cannot be recorded as a program."""


class CompilationWarning(UserWarning):
    """A program cannot be compiled to machine code; NumPy runs it."""


class GradientMismatch(SteepestError, AssertionError):
    """`check_grads` found a derivative rule that disagrees with the numerical derivative."""
