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
        if position is not None and "\n" not in text:
            message = f"{message}\n  {text}\n  {' ' * position}^"
        super().__init__(message)


class ModelError(SteepestError, ValueError):
    """A model, problem or method is put together wrongly, or a saved model cannot be read."""


class ShapeError(SteepestError, ValueError):
    """Shapes do not meet: names both."""


class DifferentiationError(SteepestError, TypeError):
    """A derivative cannot be taken: an operation without a rule, or a value that would become a constant in silence."""


class GradientMismatch(SteepestError, AssertionError):
    """`check_grads` found a derivative rule that disagrees with the numerical derivative."""
