"""Nothing becomes a constant in silence: what a Tensor answers when it is asked for its bare number."""

from __future__ import annotations

import linecache
import os
import sys
from types import FrameType

from steepest.autodiff.apply import Value, scope
from steepest.base.errors import DifferentiationError

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def user_line() -> str:
    """Where the user's own code is, as ``file:line: source``; empty where there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_PACKAGE) and f"{os.sep}numpy{os.sep}" not in name and not name.startswith("<frozen"):
            source = linecache.getline(name, frame.f_lineno).strip()
            return f"{name}:{frame.f_lineno}" + (f": {source}" if source else "")
        frame = frame.f_back
    return ""


def refuse(what: str, remedy: str) -> DifferentiationError:
    """The error for a value that would lose its derivative; names the user's line."""
    where = user_line()
    return DifferentiationError(f"{what}{' at ' + where if where else ''}. {remedy}")


def ensure_concrete(value: Value, asked: str) -> None:
    """Raise if handing out the bare number would hide it from a running transform or recording.

    Outside of them a Tensor gives its number away freely, as in PyTorch. A result that has no derivative of its own, such as a
    comparison, may steer Python's control flow inside a transform (the branch taken is differentiated), but not a recording.
    """
    if scope.recorder is not None:
        raise refuse(
            f"{asked} inside a recording would freeze this value into the program",
            "Use array operations (numpy or steepest.ops functions, where(...) for a choice) instead.",
        )
    if scope.transforms and value.requires_grad:
        raise refuse(
            f"{asked} inside a transform would drop the derivative of this value",
            "Use array operations (numpy or steepest.ops functions, where(...) for a choice), "
            "or .detach() if its derivative is not wanted.",
        )
