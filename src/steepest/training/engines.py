"""Engines: what computes the steps of a run. Chosen before the first step, by what there is to do, never by the clock."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from steepest.base.errors import CompilationWarning, RecordingError
from steepest.base.params import Params
from steepest.optim.method import Advance, Method, State
from steepest.program.engine import engine_named, llvm_there
from steepest.program.steps import NotCompilable
from steepest.training.problem import Problem

AdvanceBy = Callable[..., Advance]


class Engine(NamedTuple):
    """What computes a run.

    Attributes
    ----------
    name : str
        ``numpy`` or ``llvm``.
    advance : callable
        Does the steps; as `Method.advance`.
    problem : Problem
        The run's problem as this engine evaluates it.
    asked : str
        ``auto``, ``numpy`` or ``llvm``.
    reason : str
        Why it is NumPy, where machine code was wanted or would have been worth it.
    """

    name: str
    advance: AdvanceBy
    problem: Problem
    asked: str = "numpy"
    reason: str = ""


# Nanoseconds that recording and compiling a descent takes. With "auto" the loop does the first steps until they have taken as
# much: many runs arrive long before their budget is spent, and one that is taken up with a larger budget must go the same way.
COMPILING = 80_000_000
LEAST = 50  # steps; a run that is shorter is not even recorded
# For methods that ask for losses, slopes or residuals of all rows: an operation of an evaluation takes NumPy about a nanosecond
# for each number and `CALL` by itself, and compiling takes `COMPILED`.
CALL, COMPILED = 2_000, 300_000_000
MOST_OPERATIONS = 200  # of a usual model: below this many nothing has to be recorded to see that it is not worth it


def chosen_engine(
    problem: Problem, method: Method, params: Params, state: State, engine: str | None, steps: int
) -> Engine:
    """What computes a run.

    Parameters
    ----------
    engine : {"auto", "numpy", "llvm"} or None
        None asks the environment variable SD_ENGINE, and is "auto" where that says nothing. A run that cannot be compiled stays
        with NumPy; where "llvm" was given by name, a warning says why.
    steps : int
        Planned ones.
    """
    name = engine_named(engine)
    given, problem = problem, problem.plain
    by_numpy = Engine("numpy", _by_numpy(method, problem), problem, name)
    if name == "numpy" or (name == "auto" and not llvm_there()) or type(problem) is not Problem:
        return by_numpy  # a problem that counts or blurs must be asked
    from steepest.training.descent import Descent  # it stands on the loop, which this file stands beside

    if not isinstance(method, Descent):
        found = _evaluating(given, method, steps, name, engine)
        return by_numpy if found is None else found._replace(asked=name)
    from steepest.training.native import NativeDescent

    if name == "auto" and steps <= LEAST:
        return by_numpy
    try:
        native = NativeDescent(problem, method, params, state, COMPILING if name == "auto" else 0.0)
    except (RecordingError, NotCompilable) as error:
        if engine == "llvm":
            warnings.warn(f"{_sentence(error)} NumPy does the steps of this run.", CompilationWarning, stacklevel=4)
        return by_numpy._replace(reason=_sentence(error))
    if name == "auto" and steps <= native.first:
        return by_numpy
    return Engine("llvm", native.advance, problem, name)


def refused_engine(problem: Problem, method: Method, asked: str, error: NotCompilable) -> Engine:
    """What computes a run whose machine code turned out not to be there when it was wanted; a warning says so."""
    warnings.warn(f"{_sentence(error)} NumPy does them.", CompilationWarning, stacklevel=4)
    return Engine("numpy", _by_numpy(method, problem), problem, asked, _sentence(error))


def evaluated(problem: Problem, method: Method, steps: int | None = None) -> Problem:
    """The problem as the engine would evaluate it in a run by this method, where that is no descent."""
    name = engine_named(None)
    if name == "numpy" or (name == "auto" and not llvm_there()) or type(problem.plain) is not Problem:
        return problem
    planned = getattr(method, "most_steps", 0) if steps is None else steps
    found = _evaluating(problem, method, planned, name, None)
    return problem if found is None else found.problem


def _evaluating(problem: Problem, method: Method, steps: int, name: str, engine: str | None) -> Engine | None:
    """The method as it is, on a problem that is evaluated by machine code; None where that is not worth it, or not there."""
    kinds: tuple[str, ...] = getattr(method, "asks", ())
    # Not of a small budget: with a larger one the run may be taken up again, and must go the same way.
    times = (getattr(method, "usual_steps", 0) if steps else 0) * getattr(method, "points_a_step", 1)
    numbers = max(int(np.size(problem.data.target)) if problem.has_data else 0, problem.start.flat.size)
    if not kinds or (name == "auto" and (numbers + CALL) * times * MOST_OPERATIONS < COMPILED):
        return None
    from steepest.training.compiled_problem import CompiledProblem

    compiled = problem if isinstance(problem, CompiledProblem) else CompiledProblem(problem)
    operations = compiled.operations(kinds[0])
    if name == "auto" and (numbers + CALL) * times * operations < COMPILED:
        return None
    if not any(compiled.can(kind) for kind in kinds):
        if engine == "llvm":
            warnings.warn(f"{compiled.refused} NumPy evaluates this problem.", CompilationWarning, stacklevel=5)
        return None

    return Engine("llvm", partial(_advance, method, compiled), compiled)


def _by_numpy(method: Method, problem: Problem) -> AdvanceBy:
    """The method's steps in NumPy; slopes come, to the last bit, from a recording where the problem allows one."""
    if "slope" in getattr(method, "asks", ()) and type(problem) is Problem:
        from steepest.training.replayed_problem import ReplayedProblem, can_be_replayed

        if can_be_replayed(problem):
            return partial(_advance, method, ReplayedProblem(problem))
    return method.advance


def _advance(method: Method, compiled: Problem, problem: Problem, *rest: Any) -> Advance:
    """The method's steps on the problem as machine code or a recording evaluates it, if it is the one that was compiled."""
    return method.advance(compiled if problem.data is compiled.data else problem, *rest)


def _sentence(error: Any) -> str:
    text = str(error)
    return text if isinstance(error, RecordingError) else f"there is no machine code for {text}."
