"""Engines: what computes the steps of a run. Chosen before the first step, by what there is to do, never by the clock."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from steepest.base.errors import CompilationWarning, RecordingError
from steepest.base.params import Params
from steepest.optim.method import Advance, Method, State
from steepest.program.engine import engine_named, llvm_there
from steepest.program.steps import NotCompilable
from steepest.training.problem import Problem

AdvanceBy = Callable[..., Advance]
DEFAULT = "numpy"
# Recording and compiling cost about as much as so many operations in NumPy; "auto" compiles where a run has more.
WORTH_IT = 100_000


def chosen_engine(
    problem: Problem, method: Method, params: Params, state: State, engine: str | None, steps: int
) -> tuple[str, AdvanceBy]:
    """The engine's name, ``numpy`` or ``llvm``, and what does the steps.

    Parameters
    ----------
    engine : {"auto", "numpy", "llvm"} or None
        None asks the environment variable SD_ENGINE. A run that cannot be compiled stays with NumPy; where "llvm" was given
        by name, a warning says why.
    steps : int
        Planned ones.
    """
    name = engine_named(engine, DEFAULT)
    if name == "numpy" or (name == "auto" and not llvm_there()):
        return "numpy", method.advance
    from steepest.training.descent import Descent  # it stands on the loop, which this file stands beside

    if not isinstance(method, Descent) or type(problem) is not Problem:  # a problem that counts or blurs must be asked
        return "numpy", method.advance
    from steepest.training.native import NativeDescent

    try:
        native = NativeDescent(problem, method, params, state)
    except (RecordingError, NotCompilable) as error:
        if engine == "llvm":
            warnings.warn(f"{_sentence(error)} NumPy does the steps of this run.", CompilationWarning, stacklevel=4)
        return "numpy", method.advance
    if name == "auto" and native.operations * steps < WORTH_IT:
        return "numpy", method.advance
    return "llvm", native.advance


def _sentence(error: Any) -> str:
    text = str(error)
    return text if isinstance(error, RecordingError) else f"there is no machine code for {text}."
