"""CompiledProblem: a problem whose losses, slopes, residuals and Jacobians come from machine code."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from steepest.base.cores import cores
from steepest.base.errors import RecordingError
from steepest.base.params import Array, Params
from steepest.program.native.chunks import ChunkProgram, Chunks
from steepest.program.optimise import optimised
from steepest.program.record import recorded
from steepest.program.steps import NotCompilable
from steepest.training.blocks import ROWS, is_rowwise
from steepest.training.chunk_functions import FUNCTIONS, Chunk, RowArrays
from steepest.training.problem import Problem

CHUNK = 512  # rows that are done together: measured; what is made of them stays in the nearest cache
SHARD = 256  # chunks that one core does in one go; fixed, so that bits do not depend on how many cores there are
MOST_COLUMNS = 16  # of a triangle: each costs a pass over the chunk
SMALLEST, LARGEST = 1e-130, 1e130  # lengths of columns whose elements can be squared
KEPT = 16  # recipes whose programs are kept, and programs of each
_lock = threading.Lock()
_OWN = ("refused", "_programs", "_squares", "_prepared")


class Squares(NamedTuple):
    """A sum of squares at one place.

    Attributes
    ----------
    total : float
        Of w r**2.
    triangle : ndarray, shape (n + 1, n + 1)
        The R of a QR decomposition of sqrt(w) (J, r).
    """

    total: float
    triangle: Array


class CompiledProblem(Problem):
    """A problem that does what another one does, by machine code where there is some; the rest as the other one.

    Up to `CHUNK` rows are one program, whatever the model. More rows are done a chunk at a time, if the model is one of rows.
    Sums are taken chunk by chunk, within shards of fixed length, in their order.

    Parameters
    ----------
    problem : Problem

    Attributes
    ----------
    refused : str
        Why there is no machine code for what was asked last; empty where there is.
    """

    def __init__(self, problem: Problem) -> None:
        vars(self).update(vars(problem))
        self.refused = ""
        self._programs = _programs_of(problem)  # shared with copies: other rows need no other program
        self._squares: tuple[Any, Params, Squares] | None = None
        self._prepared: tuple[Any, RowArrays, RowArrays | None] | None = None

    def __copy__(self) -> CompiledProblem:
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.plain,)  # machine code stays where it is

    of_function = Problem.of_function  # others are evaluated by NumPy

    @property
    def plain(self) -> Problem:
        problem = Problem.__new__(Problem)
        vars(problem).update({name: value for name, value in vars(self).items() if name not in _OWN})
        return problem

    # ---- what a problem is asked
    def value(self, params: Params, state: Any = None) -> float:
        if state is None and (squares := self.squares(params)) is not None:
            return self.reduced(squares)
        if state is not None or (run := self._runs("value")) is None:
            return super().value(params, state)
        return float(self._objectives(run, params.flat[None])[0, 0])

    def values(self, points: Sequence[Params]) -> Array:
        if not points or (run := self._runs("value")) is None:
            return super().values(points)
        return self._objectives(run, np.stack([params.flat for params in points]))[:, 0]

    def value_and_gradient(self, params: Params) -> tuple[float, Array]:
        if (run := self._runs("slope")) is None:
            return super().value_and_gradient(params)
        found = self._objectives(run, params.flat[None])[0]
        return float(found[0]), found[1:].astype(params.flat.dtype, copy=False)

    def hessian_times(self, params: Params, vector: Array) -> Array:
        run = None if self._chunked and self.loss_function.root else self._runs("product")
        if run is None or (self._chunked and self.penalty is not None):
            return super().hessian_times(params, vector)
        point = np.concatenate([params.flat, np.asarray(vector, params.flat.dtype)])
        total = self._sums(run, point[None])[0]
        if self._chunked:
            total = self._shared(total)
        return np.asarray(total, params.flat.dtype)

    def residuals(self, params: Params) -> Array:
        found = self._columns("residual", params)
        return super().residuals(params) if found is None else found[0]

    def residuals_and_jacobian(self, params: Params) -> tuple[Array, Array]:
        if params.flat.size > np.size(self.data.target):  # backwards is the shorter way
            return super().residuals_and_jacobian(params)
        found = self._columns("jacobian", params)
        return super().residuals_and_jacobian(params) if found is None else (found[0], found[1:].T)

    def squares(self, params: Params) -> float | None:
        known = self._linearised(params)
        return None if known is None else known.total

    def triangle(self, params: Params) -> Array | None:
        known = self._linearised(params)
        if known is None:
            return None
        lengths = np.sqrt(np.sum(known.triangle**2, axis=0))
        # Beyond them squares of elements may overflow or vanish. NaN makes the comparison false.
        return known.triangle if ((lengths > SMALLEST) & (lengths < LARGEST)).all() else None

    @property
    def target_norm(self) -> float:
        """Of sqrt(w) y."""
        return self._rows.target_norm

    def bend(self, params: Params, step: Array, probe: float) -> tuple[float, Array] | None:
        run = self._runs("bend", probe) if self._is_least_squares else None
        if run is None:
            return None
        point = np.concatenate([params.flat, step])
        total = self._sums(run, point[None])[0]
        return math.sqrt(total[0]) if total[0] >= 0.0 else math.inf, total[1:]

    # ---- what there is
    def operations(self, kind: str) -> int:
        """How many operations the program for one kind of question has; 0 where it cannot be compiled."""
        known = self._programs.get(self._key(kind))
        try:
            chunk = known.chunk if isinstance(known, Chunks) else self.recorded(kind)
        except Exception:  # the reason comes when it is compiled
            return 0
        return len(chunk.program.operations)

    def can(self, kind: str) -> bool:
        """Whether there is machine code for one kind of question."""
        return (kind != "triangle" or self._is_least_squares) and self._runs(kind) is not None

    # ---- how it is computed
    @property
    def _chunked(self) -> bool:
        return self.has_data and self.rows > CHUNK

    @property
    def _is_least_squares(self) -> bool:
        few = self.start.flat.size < MOST_COLUMNS and self.start.flat.dtype == np.float64
        return self._chunked and few and self.loss_function.squared and self.penalty is None

    @property
    def _rows(self) -> RowArrays:
        """The data as the programs take them, made once."""
        return self._ready()[0]

    def _ready(self) -> tuple[RowArrays, RowArrays | None]:
        """And the rows that fill no chunk, as one."""
        if self._prepared is None or self._prepared[0] is not self.data:
            rows, done = RowArrays.of(self, CHUNK if self._chunked else 0), self.rows // CHUNK * CHUNK
            rest = rows.rest(done, CHUNK) if self._chunked and done < self.rows else None
            self._prepared = (self.data, rows, rest)
        return self._prepared[1:]

    def _linearised(self, params: Params) -> Squares | None:
        """The squares at some parameters; a step that is tried and taken is asked for twice."""
        if self._squares is not None and self._squares[0] is self.data and self._squares[1] is params:
            return self._squares[2]
        run = self._runs("triangle") if self._is_least_squares else None
        if run is None:
            return None
        width = params.flat.size + 1
        parts = self._parts(run, params.flat[None])
        total = sum(float(part[0, 0]) for part in parts)
        stacked = [part[0, 1:].reshape(width, width) for part in parts]
        whole = np.concatenate(stacked)
        triangle: Array = np.full((width, width), np.nan)
        if np.isfinite(whole).all():
            triangle = np.asarray(np.linalg.qr(whole, mode="r")) if len(stacked) > 1 else whole
        found = Squares(total, triangle)
        self._squares = (self.data, params, found)
        return found

    def _objectives(self, run: Chunks, points: Array) -> Array:
        """The objective at each point, and its gradient where the program has it."""
        found = self._sums(run, points)
        if not self._chunked:
            return found
        for k, flat in enumerate(points):
            found[k] = self._shared(found[k])
            if self.loss_function.root:
                found[k, 0] = math.sqrt(found[k, 0]) if found[k, 0] >= 0.0 else math.nan
                found[k, 1:] /= 2.0 * found[k, 0] if found[k, 0] > 0.0 else math.inf
            if self.penalty is not None:
                part, params = self.of_function(self.penalty, self.start), self.start.replaced(flat)
                if run.chunk.kind == "value":
                    found[k] += part.value(params)
                else:
                    found[k] += np.append(*part.value_and_gradient(params))
        return found

    def _shared(self, total: Array) -> Array:
        """A sum over all rows as the reduction has it."""
        if self.reduction == "sum":
            return total
        weight = self.rows if self.data.weights is None else float(np.sum(self.data.weights))
        return np.asarray(total / (weight or 1.0))

    def _columns(self, kind: str, params: Params) -> Array | None:
        """Residuals, and what else there is one of for each of them, a row for each; None where NumPy has to do it."""
        run = self._runs(kind) if self.has_data else None
        if run is None:
            return None
        found = np.empty((run.chunk.columns, int(np.size(self.data.target))))
        self._parts(run, params.flat[None], found)
        return found

    def _sums(self, run: Chunks, points: Array) -> Array:
        first, *others = self._parts(run, points)
        for other in others:
            first += other
        return first

    def _parts(self, run: Chunks, points: Array, columns: Array | None = None) -> list[Array]:
        """What each shard comes to, (points, numbers) each, on as many cores as there are."""
        points = np.ascontiguousarray(points)
        (rows, rest), kind = self._ready(), run.chunk.kind
        chunks = self.rows // CHUNK if self._chunked else 1
        shards = [(first, min(SHARD, chunks - first)) for first in range(0, chunks, SHARD)]
        found = [np.empty((len(points), run.results)) for _ in range(len(shards) + (rest is not None))]
        arrays = rows.of_kind(kind)
        per_row = 1 if columns is None else columns.shape[1] // self.rows
        left = iter(range(len(shards)))  # next() on it is atomic
        errors: list[BaseException] = []

        def work() -> None:
            try:
                for k in left:
                    first, count = shards[k]
                    start = first * CHUNK
                    part = [x if len(x) == CHUNK else x[start:] for x in arrays]
                    run(points, part, count, found[k], None if columns is None else columns[:, start * per_row :])
            except BaseException as error:  # of another thread, too
                errors.append(error)

        helpers = [threading.Thread(target=work) for _ in range(min(cores(), len(shards)) - 1)]
        for helper in helpers:
            helper.start()
        work()
        for helper in helpers:
            helper.join()
        if errors:
            raise errors[0]
        if rest is not None:
            last = None if columns is None else np.empty((len(columns), CHUNK * per_row))
            run(points, rest.of_kind(kind), 1, found[-1], last)
            if columns is not None and last is not None:
                begun = chunks * CHUNK * per_row
                columns[:, begun:] = last[:, : columns.shape[1] - begun]
        return found

    # ---- recording
    def _runs(self, kind: str, *static: Any) -> Chunks | None:
        """The machine code for one kind of question; None where NumPy has to answer it."""
        key = self._key(kind, static)
        found = self._programs.get(key)
        if found is None:  # other threads may compile it too
            found = self._compiled(kind, static)
            with _lock:
                self._programs[key] = found
                if len(self._programs) > KEPT:
                    del self._programs[next(iter(self._programs))]
        self.refused = found if isinstance(found, str) else ""
        return None if isinstance(found, str) else found

    def _key(self, kind: str, static: tuple[Any, ...] = ()) -> Any:
        """What a program depends on, besides what all problems that share programs have in common."""
        rows = CHUNK if self._chunked else self.rows
        model = self.predict if self.recipe is None else None
        return (kind, static, rows, self._rows.key, self.loss_function, self.reduction, model, self.penalty)

    def _compiled(self, kind: str, static: tuple[Any, ...]) -> Chunks | str:
        """Machine code, or why there is none."""
        if self._chunked and not self._row_by_row():
            return "The model is not one of rows by themselves."
        try:
            return Chunks(self.recorded(kind, static))
        except NotCompilable as error:
            return f"There is no machine code for {error}."
        except RecordingError as error:
            return str(error)
        except RuntimeError as error:
            return f"LLVM refused the program ({error})."
        except Exception as error:  # whatever a model raises it will raise again where NumPy asks it
            return f"The model cannot be recorded: {error}"

    def _row_by_row(self) -> bool:
        """Whether chunks may be done by themselves."""
        tried, said = self._rowwise
        return (tried is None and said is True) or (
            self.rowwise and (self.rows > ROWS or is_rowwise(self.plain, CHUNK))
        )

    def recorded(self, kind: str, static: tuple[Any, ...] = ()) -> ChunkProgram:
        """The program for one chunk of rows."""
        rows, n = self._rows, self.start.flat.size
        width = n if kind in ("product", "bend") else 0
        point = np.concatenate([self.start.flat, np.ones(width, self.start.flat.dtype)])
        examples = [x[:CHUNK] if self._chunked else x for x in rows.of_kind(kind)]

        def of_chunk(*arrays: Any) -> list[Any]:
            return FUNCTIONS[kind](Chunk(self.plain, not self._chunked, arrays), *static)

        program = optimised(recorded(of_chunk, [point, *examples])[0])
        summed = {"value": 1, "slope": 1 + n, "product": n, "triangle": 1, "bend": 1 + n}.get(kind, 0)
        made = {"residual": 1, "jacobian": 1 + n, "triangle": 1 + n}.get(kind, 0)
        return ChunkProgram(kind, program, summed, made, kind == "triangle")


_known: OrderedDict[Any, dict[Any, Chunks | str]] = OrderedDict()


def _programs_of(problem: Problem) -> dict[Any, Chunks | str]:
    """The programs of all problems of the same recipe, by kind of question."""
    if problem.recipe is None:
        return {}
    start, state = problem.start, problem.initial_state
    key = (problem.recipe, tuple((name, x.shape) for name, x in start.items()), start.flat.dtype.str)
    if state is not None:
        return {}
    with _lock:
        found = _known.setdefault(key, {})
        _known.move_to_end(key)
        if len(_known) > KEPT:
            _known.popitem(last=False)
    return found
