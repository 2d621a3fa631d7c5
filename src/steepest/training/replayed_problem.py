"""ReplayedProblem: a small problem whose slopes NumPy computes from a recording, without a graph."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np

from steepest.autodiff import ops
from steepest.base.errors import SteepestError
from steepest.base.params import Array, Params
from steepest.nn.classification import ScoreLoss
from steepest.nn.penalties import Penalty
from steepest.program.interpreter import Interpreter
from steepest.program.optimise import optimised
from steepest.program.record import recorded
from steepest.program.settled import settled
from steepest.training.chunk_functions import Chunk, RowArrays, slope
from steepest.training.problem import Problem

FIRST = 4  # slopes from the graph, before it is worth while to record: that takes as long as six of them
MOST_ROWS = 2_048  # beyond them it is the numbers that take their time, not the operations
KEPT, MOST_BYTES = 32, 2**21  # programs, and the buffers of one: what is larger is not kept, and takes its time itself
_lock = threading.Lock()


class Programs(NamedTuple):
    """A slope in two parts: what the data alone determine, and what is asked at each point; the shape of the outputs."""

    settled: Interpreter
    rest: Interpreter
    outputs: tuple[int, ...]


_known: OrderedDict[Hashable, Programs | None] = OrderedDict()


class ReplayedProblem(Problem):
    """A problem that computes its slopes as another one does, to the last bit, in a third of the time.

    The operations of a slope are recorded once for all problems of the same recipe and of as many rows; what follows from the
    data alone is computed once for each problem. Only a recipe is a promise that a model does the same at each call.

    Parameters
    ----------
    problem : Problem
        One that `can_be_replayed`.
    """

    def __init__(self, problem: Problem) -> None:
        vars(self).update(vars(problem))
        self._asked = 0
        self._ready: tuple[Any, Interpreter, list[Any]] | None = None

    @property
    def plain(self) -> Problem:
        problem = Problem.__new__(Problem)
        own = ("_asked", "_ready")
        vars(problem).update({name: value for name, value in vars(self).items() if name not in own})
        return problem

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.plain,)

    def value_and_gradient(self, params: Params) -> tuple[float, Array]:
        if self._ready is None or self._ready[0] is not self.data:
            self._ready = self._begin()
        if self._ready is None:
            return super().value_and_gradient(params)
        _, run, given = self._ready
        (found,) = run([params.flat, *given])
        return float(found[0]), found[1:].astype(params.flat.dtype, copy=False)

    def _begin(self) -> tuple[Any, Interpreter, list[Any]] | None:
        """The data, what replays, and what follows from the data; None if it is not time, or not to be."""
        key = self._key()
        with _lock:
            if key not in _known:
                self._asked += 1
                if self._asked <= FIRST:
                    return None
                _known[key] = self._recorded()
                if len(_known) > KEPT:
                    _known.popitem(last=False)
            _known.move_to_end(key)
            programs = _known[key]
        if programs is None:
            return None
        if isinstance(self.loss_function, ScoreLoss):  # what a replay does not ask
            self.loss_function.check(self.data.target, programs.outputs)
        return self.data, programs.rest, programs.settled(RowArrays.of(self, 0).of_kind("slope"))

    def _key(self) -> Hashable:
        shapes = tuple((name, x.shape) for name, x in self.start.items())
        rows = RowArrays.of(self, 0).key
        return (
            self.recipe, shapes, self.start.flat.dtype.str, self.rows, rows, self.loss_function, self.reduction, self.penalty
        )  # fmt: skip

    def _recorded(self) -> Programs | None:
        """The programs; None for what cannot be recorded."""
        arrays = [self.start.flat, *RowArrays.of(self, 0).of_kind("slope")]
        plain, shapes = self.plain, []

        def whole(*given: Any) -> list[Any]:
            chunk = Chunk(plain, True, given)
            shapes.append(
                ops.shape(chunk.outputs(chunk.params(chunk.flat)))
            )  # nobody reads them, so they are not computed
            return slope(chunk)

        try:
            program = optimised(recorded(whole, arrays)[0])
        except SteepestError:
            return None
        first, rest = settled(program, program.inputs[1:])
        programs = Programs(Interpreter(first), Interpreter(rest), shapes[0])
        return programs if programs.settled.nbytes + programs.rest.nbytes <= MOST_BYTES else None


def can_be_replayed(problem: Problem) -> bool:
    """Whether a problem says what its model is, all of it, and is small."""
    if problem.recipe is None or problem.initial_state or not problem.has_data or problem.rows > MOST_ROWS:
        return False
    if not (problem.penalty is None or isinstance(problem.penalty, Penalty)):
        return False
    try:
        hash((problem.recipe, problem.loss_function, problem.penalty))
    except TypeError:
        return False
    return np.size(problem.data.target) > 0
