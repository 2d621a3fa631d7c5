"""Repeat: the programs of a descent's step, done many times in one call of machine code."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from steepest.base.openblas import one_thread
from steepest.program.adding import let_products_add
from steepest.program.buffers import ALIGNMENT
from steepest.program.fusion import Plan
from steepest.program.native.code import PIECE, kind_of
from steepest.program.native.compiled import Layout, Memory, write_steps
from steepest.program.native.machine import Library, Machine, aligned, machine_of
from steepest.program.native.many import Given, write_many
from steepest.program.native.rows import write_gather
from steepest.program.native.shards import STATE, STATE_BYTES, Block, Cut, write_shards
from steepest.program.optimise import without_dead
from steepest.program.own import with_own
from steepest.program.program import Array, Program, Spec
from steepest.program.steps import NotCompilable

GIVEN, MADE, PARTS = PIECE, 2 * PIECE, 3 * PIECE
# Rows of fewer bytes lie with the batch along their vectors; longer ones are copied in one piece.
LONG_ROW = 64


@dataclass(frozen=True)
class StepPrograms:
    """The programs that make one step of a descent, and what their inputs and outputs mean.

    Attributes
    ----------
    slopes : mapping of int to Program
        By the rows of a shard. Inputs: the flat parameters, those of the carried values that are `seen`, the step's number, then
        the rows of each array of `data`. Outputs: the gradient, the sum of the losses, the weight of the rows, the last two of
        float64; then what is `seen` after the step.
    update : Program
        Inputs: what is carried from step to step (the parameters first), the rate, the step's number, then gradient, sum and
        weight of each group, and what is `seen` after the step. Outputs: the carried values after the step, then loss, length and
        largest element of the gradient, promise, all four of float64, and the gradient.
    carried : int
        How many values are carried.
    seen : int
        How many of them, the last ones, the slopes see and change: the state of a model. There is one shard then.
    cut : Cut
    data : list of ndarray
        What the rows are gathered from; none where the programs hold the data as constants.
    full : bool
        Whether a step sees all rows.
    consecutive : bool
        Whether each epoch sees the rows as they come.
    """

    slopes: Mapping[int, Program]
    update: Program
    carried: int
    seen: int
    cut: Cut
    data: list[Array]
    full: bool
    consecutive: bool


class Tests(NamedTuple):
    """The tests of a step, as numbers: a step whose loss or gradient one of them might stop at is not done.

    Attributes
    ----------
    start, first, best, best_step : of the watch, see `Stopping`
    tolerance, threshold : of `Stopping`; the threshold -inf if there is none
    growth : the factor of `first` by which the loss may grow
    stalled : the steps without a lower loss
    lowest : the lowest loss seen; where it falls, the parameters are kept
    """

    start: float
    first: float
    best: float
    best_step: float
    tolerance: float
    threshold: float
    growth: float
    stalled: float
    lowest: float


class Done(NamedTuple):
    """What some steps left behind.

    Attributes
    ----------
    steps : int
        The steps done; fewer than asked for where a test might stop the next one.
    carried : list of ndarray
    losses, lengths : ndarray
        A row a step done.
    best, best_step, lowest : float
        As in `Tests`, afterwards.
    lowest_params : ndarray
        Where the loss was lowest; meaningless unless `lowest` fell.
    before, gradient : ndarray
        The parameters that the last step started from, and its gradient; meaningless unless all steps were done.
    """

    steps: int
    carried: list[Array]
    losses: Array
    lengths: Array
    best: float
    best_step: float
    lowest: float
    lowest_params: Array
    before: Array
    gradient: Array


class Repeated:
    """Machine code that does many steps of a descent in one call, without the interpreter's lock.

    Raises
    ------
    NotCompilable
        A program holds something that there is no machine code for.
    """

    def __init__(self, programs: StepPrograms) -> None:
        self.programs = programs
        self._lock = threading.Lock()
        update = programs.update
        flat = update.specs[update.inputs[0]]
        seen = update.inputs[programs.carried - programs.seen : programs.carried]
        self._block = block = Block(kind_of(flat.dtype), flat.size, tuple(update.specs[x].nbytes for x in seen))
        self._places, self._block_bytes = _places(programs)
        self._layouts: list[Layout] = []
        for program in programs.slopes.values():
            plan = Plan(program, [x for x in self._data(program) if _is_long(program.specs[x])])
            self._layouts.append(Layout(plan, self._pinned_slope(plan), self._layouts[-1].end if self._layouts else 0))
        self._written = [(0, flat.size)]
        if programs.cut.group > programs.cut.shard:
            plans = [layout.plan for layout in self._layouts]
            gradients = [plan.views[_number(plan.program.outputs[0])].base for plan in plans]
            self._written = let_products_add(plans, gradients, flat.size)
        for program in _apart(update):
            plan = Plan(program, reroll=False)
            self._layouts.append(Layout(plan, self._pinned_update(plan), self._layouts[-1].end))
        self._spare = self._layouts[-1].reserve(block.nbytes)
        self._machine: Machine | None = None  # made when it is called

    def _compile(self) -> None:
        programs, cut, block = self.programs, self.programs.cut, self._block
        flat = programs.update.specs[programs.update.inputs[0]]
        library = Library()
        functions: list[str] = []
        for rows, layout in zip(programs.slopes, self._layouts):
            functions.append(write_steps(library, layout.plan, layout.offsets, f"@slope_{rows}", 3))
            if data := self._data(layout.plan.program):
                views, offsets = [layout.plan.views[x] for x in data], [layout.offsets[x] for x in data]
                functions.append(write_gather(library, views, offsets, f"@gather_{rows}", programs.consecutive))
        for name, layout in zip(("@update", "@gradient"), self._layouts[len(programs.slopes) :]):
            functions.append(write_steps(library, layout.plan, layout.offsets, name, 4))
        functions.append(_LAST)
        gathers = dict.fromkeys(programs.slopes, bool(programs.data))
        functions += write_shards(library, cut, block, gathers, self._spare, self._written)
        given = Given(self._places["rate"], self._places["number"], self._places["numbers"], block, flat.nbytes)
        functions.append(write_many(library, cut, given, programs.full, programs.consecutive))
        self.text = library.text(*functions)
        self._machine = machine_of(self.text)
        self._many = self._machine.function("many", ctypes.c_int64, ctypes.c_void_p)
        self._last = self._machine.function("last", None, *[ctypes.c_void_p] * 4)
        self._work = self._machine.function("work", None, *[ctypes.c_void_p] * 2) if cut.groups > 1 else None
        self._memories = [Memory(*self._layouts)]  # one for each thread
        self._shared = _Bytes(STATE_BYTES + 2 * self._block_bytes + cut.groups * block.nbytes + aligned(flat.nbytes))
        self._table = np.array([x.ctypes.data for x in programs.data], np.int64)

    def _data(self, slope: Program) -> tuple[int, ...]:
        """The inputs that are rows of data."""
        return slope.inputs[2 + self.programs.seen :]

    def _pinned_slope(self, plan: Plan) -> dict[int, int]:
        programs, block, program = self.programs, self._block, plan.program
        carried = (0, *range(programs.carried - programs.seen, programs.carried), "number")
        pinned = {x: GIVEN + self._places[name] for x, name in zip(program.inputs, carried)}
        made = (0, block.total, block.weight, *map(block.more, range(programs.seen)))
        for x, place in zip(program.outputs, made, strict=True):
            pinned[plan.views[_number(x)].base] = MADE + place
        if plan.doubt is not None:
            pinned[plan.doubt] = MADE + block.doubt
        return pinned

    def _pinned_update(self, plan: Plan) -> dict[int, int]:
        programs, places, block, program = self.programs, self._places, self._block, plan.program
        pinned = {}
        for i in range(programs.carried):
            pinned[program.inputs[i]] = GIVEN + places[i]
        pinned[program.inputs[programs.carried]] = GIVEN + places["rate"]
        pinned[program.inputs[programs.carried + 1]] = GIVEN + places["number"]
        made = [*(places[i] for i in range(programs.carried)), *(places["numbers"] + 8 * k for k in range(4))]
        for x, place in zip(program.outputs, made if len(program.outputs) > 1 else [places["gradient"]], strict=True):
            pinned[plan.views[_number(x)].base] = MADE + place
        parts = program.inputs[programs.carried + 2 :]
        for group in range(programs.cut.groups):
            start = PARTS + group * block.nbytes
            for x, place in zip(parts[3 * group :], (0, block.total, block.weight)):
                pinned[x] = start + place
        for k, x in enumerate(parts[3 * programs.cut.groups :]):
            pinned[x] = PARTS + block.more(k)
        return pinned

    def __call__(
        self, carried: Sequence[Array], rates: Array, first_step: int, position: int, places: Array | None, tests: Tests
    ) -> Done:
        """Do up to ``len(rates)`` steps from `first_step` on.

        Parameters
        ----------
        position : int
            Of the first step in its epoch.
        places : ndarray of int64, optional
            The places of all the rows that the steps see, in order, and `rows.AHEAD` more; of one epoch if they are consecutive.

        Raises
        ------
        NotCompilable
            LLVM refuses the code, at the first call.
        """
        with self._lock:
            if self._machine is None:
                try:
                    self._compile()
                except RuntimeError as error:
                    raise NotCompilable(f"the steps of this run: LLVM refuses them ({error})") from error
        program, shared, block = self.programs.update, self._shared, self._block
        flat = program.specs[program.inputs[0]]
        count = len(rates)
        losses, lengths = np.empty(count), np.empty(count)
        watch = np.array(tests, np.float64)
        with self._lock:
            blocks = (STATE_BYTES, STATE_BYTES + self._block_bytes)
            parts = STATE_BYTES + 2 * self._block_bytes
            lowest = parts + self.programs.cut.groups * block.nbytes
            for i, array in enumerate(carried):
                shared.view(blocks[0] + self._places[i], program.specs[program.inputs[i]])[...] = array
            state = shared.words(0, STATE_BYTES // 8)
            order = 0 if places is None else places.ctypes.data
            start = order + 8 * position * self.programs.cut.batch * self.programs.consecutive
            values = {
                "arena": self._memories[0].pointer, "blocks": shared.pointer + blocks[0], "other": shared.pointer + blocks[1],
                "parts": shared.pointer + parts, "table": self._table.ctypes.data, "steps": count, "position": position,
                "places": start, "order": order, "rates": rates.ctypes.data,
                "losses": losses.ctypes.data, "lengths": lengths.ctypes.data, "watch": watch.ctypes.data,
                "first": int(np.float64(first_step).view(np.int64)), "lowest": shared.pointer + lowest,
                "next": self.programs.cut.groups, "done": 0, "quit": 0,
            }  # fmt: skip
            for name, value in values.items():
                state[STATE[name] // 8] = value
            done = self._run(state)
            before, after = blocks[(done + 1) % 2], blocks[done % 2]
            numbers = [
                shared.view(after + self._places[i], program.specs[x]).copy()
                for i, x in enumerate(program.inputs[: self.programs.carried])
            ]
            gradient = after + self._places["gradient"]
            self._last(self._memories[0].pointer, *(shared.pointer + place for place in (before, after, parts)))
            return Done(
                done, numbers, losses[:done], lengths[:done], float(watch[2]), float(watch[3]), float(watch[8]),
                shared.view(lowest, flat).copy(), shared.view(before, flat).copy(), shared.view(gradient, flat).copy(),
            )  # fmt: skip

    def _run(self, state: Array) -> int:
        """The call, with as many threads as BLAS would take. BLAS itself takes one: its bits depend on how many."""
        with one_thread() as allowed:
            helpers = []
            try:
                if self._work is not None:
                    for k in range(1, min(allowed, self.programs.cut.groups)):
                        if len(self._memories) <= k:
                            self._memories.append(Memory(*self._layouts))
                        pointers = state.ctypes.data, self._memories[k].pointer
                        helpers.append(threading.Thread(target=self._work, args=pointers, daemon=True))
                        helpers[-1].start()
                return int(self._many(state.ctypes.data))
            finally:
                state[STATE["quit"] // 8] = 1
                for helper in helpers:
                    helper.join()


# The gradient of the last step is asked for once a call.
_LAST = """define void @last(ptr %arena, ptr %given, ptr %made, ptr %parts) #0 {
entry:
  call void @gradient(ptr %arena, ptr %given, ptr %made, ptr %parts)
  ret void
}"""


def _apart(update: Program) -> tuple[Program, Program]:
    """The update without the gradient, and the gradient alone."""
    *made, gradient = update.outputs
    alone = without_dead(update.replaced(update.operations, outputs=(gradient,)))
    return without_dead(update.replaced(update.operations, outputs=tuple(made))), with_own(alone, [0])


class _Bytes:
    """Memory that begins at a cache line."""

    def __init__(self, nbytes: int) -> None:
        self._bytes = np.zeros(nbytes + ALIGNMENT, np.uint8)
        self._start = -self._bytes.ctypes.data % ALIGNMENT
        self.pointer = self._bytes.ctypes.data + self._start

    def view(self, offset: int, spec: Spec) -> Array:
        return np.ndarray(spec.shape, spec.dtype, self._bytes.data, self._start + offset)

    def words(self, offset: int, count: int) -> Array:
        return np.ndarray((count,), np.int64, self._bytes.data, self._start + offset)


def _is_long(spec: Spec) -> bool:
    return spec.nbytes >= LONG_ROW * spec.shape[0]


def _number(operand: Any) -> int:
    assert isinstance(operand, int)
    return operand


def _places(programs: StepPrograms) -> tuple[dict[Any, int], int]:
    """Where in a block what is carried lies, by its number, then what else there is, by name; and the block's size."""
    program = programs.update
    places: dict[Any, int] = {}
    end = 0
    for i in range(programs.carried):
        places[i], end = end, end + aligned(program.specs[program.inputs[i]].nbytes)
    places["rate"], places["number"], places["numbers"] = end, end + 8, end + 64
    places["gradient"] = end + 128
    return places, end + 128 + aligned(program.specs[program.inputs[0]].nbytes)
