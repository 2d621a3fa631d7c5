"""sd.compile: a function that is recorded when it meets new shapes or dtypes, and then runs as machine code."""

from __future__ import annotations

import functools
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from steepest.autodiff.apply import Value, scope
from steepest.autodiff.tree import flatten
from steepest.base.errors import CompilationWarning, RecordingError
from steepest.program.engine import engine_named, llvm_there
from steepest.program.interpreter import Interpreter
from steepest.program.optimise import optimised
from steepest.program.program import Array, Program
from steepest.program.record import as_input, is_input, recorded
from steepest.program.steps import NotCompilable

KEPT = 64  # programs of one function; the one that was not used for longest goes first


class CompiledFunction:
    """What `compile` makes; called like the function itself.

    Attributes
    ----------
    recordings : int
        How often the function was recorded so far.
    """

    def __init__(self, f: Callable[..., Any], engine: str) -> None:
        functools.update_wrapper(self, f)
        self._f = f
        self._engine = engine
        self._known: OrderedDict[Any, tuple[Program, Any]] = OrderedDict()
        self._lock = threading.Lock()
        self.recordings = 0

    def __call__(self, *args: Any) -> Any:
        leaves, _ = flatten(tuple(args))
        if scope.recorder is not None or any(isinstance(x, Value) and x.requires_grad for x in leaves):
            return self._f(*args)  # a part of something larger, which differentiates or records it
        inputs = [as_input(leaf) for leaf in leaves if is_input(leaf)]
        program, run = self._ready(args, inputs)
        results = [x[()] if isinstance(x, np.ndarray) and x.ndim == 0 else x for x in run(inputs)]
        return program.rebuild(results)

    def program(self, *args: Any) -> Program:
        """The optimised program for these arguments."""
        leaves, _ = flatten(tuple(args))
        return self._ready(args, [as_input(leaf) for leaf in leaves if is_input(leaf)])[0]

    def _ready(self, args: Sequence[Any], inputs: list[Array]) -> tuple[Program, Any]:
        key = (_structure(tuple(args)), tuple((x.shape, x.dtype.str) for x in inputs))
        with self._lock:
            if key not in self._known:
                self.recordings += 1
                program = optimised(recorded(self._f, args)[0])
                self._known[key] = (program, runner(program, self._engine))
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            return self._known[key]


def compile(f: Callable[..., Any], *, engine: str | None = None) -> CompiledFunction:
    """The same function, recorded once for each combination of shapes and dtypes, and run as machine code.

    Parameters
    ----------
    f : callable
        As for `record`: a pure function of arrays, made of operators, NumPy functions and `steepest.ops`; it may take gradients.
    engine : {"auto", "llvm", "numpy"}, optional
        Machine code by LLVM, or NumPy with planned buffers; "auto" takes LLVM where it can. Left out, the environment variable
        SD_ENGINE decides, else "auto".

    Returns
    -------
    callable
        Takes and returns plain arrays. Python numbers, texts and None among the arguments, and arrays that `f` takes from
        elsewhere, are part of the program: another number is another recording. Where an argument is under differentiation, or a
        recording is on, `f` itself is called.

    Raises
    ------
    ModelError
        The engine is unknown, or llvmlite is not there for "llvm".
    DifferentiationError, RecordingError
        At a call: `f` cannot be recorded; names the line.

    Warns
    -----
    CompilationWarning
        Once for each program that holds something there is no machine code for; NumPy then runs it.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> f = sd.compile(lambda x: (np.tanh(x) ** 2).sum())
    >>> f(np.array([0.0, 1.0])).round(6), f(np.array([0.5, 2.0])).round(6), f.recordings
    (np.float64(0.580026), np.float64(1.142901), 1)
    """
    return CompiledFunction(f, engine_named(engine))


def runner(program: Program, engine: str) -> Callable[[Sequence[Array]], list[Any]]:
    """What runs the program: machine code where there is some, otherwise the interpreter."""
    if engine == "numpy" or (engine == "auto" and not llvm_there()):
        return Interpreter(program)
    from steepest.program.native.compiled import Compiled

    try:
        return Compiled(program)
    except NotCompilable as error:
        warnings.warn(f"no machine code for {error}: NumPy runs this program.", CompilationWarning, stacklevel=5)
    except RuntimeError as error:  # what LLVM refuses
        warnings.warn(f"LLVM refused this program ({error}): NumPy runs it.", CompilationWarning, stacklevel=5)
    return Interpreter(program)


def _structure(node: Any) -> Any:
    """The containers, and what in them is part of the program; hashable."""
    if isinstance(node, dict):
        return ("dict", *((key, _structure(value)) for key, value in node.items()))
    if is_input(node):
        return "array"
    if isinstance(node, (tuple, list)):
        return (type(node).__name__, *map(_structure, node))
    try:
        hash(node)
    except TypeError:
        raise RecordingError(
            f"an argument that is no array becomes part of the program, and so must not change: a number, a text, None, or what "
            f"else can be hashed, not of type {type(node).__name__}."
        ) from None
    return (type(node).__name__, repr(node) if isinstance(node, float) else node)
