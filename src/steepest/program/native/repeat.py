"""Repeat: a program that is one step of a descent, done many times in one call of machine code."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from steepest.program.fusion import Plan
from steepest.program.native.code import Code, number
from steepest.program.native.compiled import Layout, Memory, write_steps
from steepest.program.native.machine import Library, Machine
from steepest.program.program import Array, Literal, Program
from steepest.program.steps import NotCompilable


@dataclass(frozen=True)
class StepProgram:
    """A program that is one step, and what its inputs and outputs mean.

    Attributes
    ----------
    program : Program
        Inputs: what is carried from step to step (the parameters first), then the rate and the step's number. Outputs: the
        carried values after the step, then loss, length and largest element of the gradient, promise, and the gradient.
    carried : int
        How many values are carried.
    """

    program: Program
    carried: int


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
        The parameters that the last step started from, and its gradient.
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


_PLACES = {name: 8 * i for i, name in enumerate(Tests._fields)}
# Beyond them the square of a gradient's length may overflow or vanish.
LARGEST, SMALLEST = 1e15, 1e-15


class Repeated:
    """Machine code that does many steps of a `StepProgram` in one call, without the interpreter's lock.

    Raises
    ------
    NotCompilable
        The program holds something that there is no machine code for.
    """

    def __init__(self, step: StepProgram) -> None:
        self.step = step
        program = step.program
        plan = Plan(program)
        layout = Layout(plan)
        self._plan, self._layout = plan, layout
        nbytes = plan.storage[plan.views[program.inputs[0]].base][0]
        self._before, self._lowest = layout.reserve(nbytes), layout.reserve(nbytes)
        library = Library()
        steps = write_steps(library, plan, layout.offsets, "@steps")
        self.text = library.text(steps, self._many(library, nbytes))
        self._machine = Machine(self.text)
        pointer = ctypes.c_void_p
        self._function = self._machine.function(
            "many", ctypes.c_int64, pointer, ctypes.c_int64, pointer, ctypes.c_double, pointer, pointer, pointer
        )
        self._memory = layout.memory()
        self._lock = threading.Lock()

    def __call__(self, carried: Sequence[Array], rates: Array, first_step: int, tests: Tests) -> Done:
        """Do up to ``len(rates)`` steps from `first_step` on."""
        program, plan, memory = self.step.program, self._plan, self._memory
        count = len(rates)
        losses, lengths = np.empty(count), np.empty(count)
        watch = np.array(tests, np.float64)
        with self._lock:
            for x, array in zip(program.inputs, carried):
                if x in self._layout.offsets:
                    np.copyto(memory.view(plan.views[x]), array)
            if plan.doubt is not None:
                memory.view(plan.views[plan.doubt])[...] = 0
            done = self._function(
                memory.pointer, count, rates.ctypes.data, float(first_step), losses.ctypes.data, lengths.ctypes.data,
                watch.ctypes.data,
            )  # fmt: skip
            after = [
                np.array(memory.view(plan.views[x]), order="C") if x in self._layout.offsets else np.array(before)
                for x, before in zip(program.inputs, carried)
            ]
            return Done(
                int(done), after, losses[:done], lengths[:done], float(watch[2]), float(watch[3]), float(watch[8]),
                self._vector(memory, self._lowest), self._vector(memory, self._before),
                np.array(self._output(memory, self.step.carried + 4)),
            )  # fmt: skip

    def _vector(self, memory: Memory, offset: int) -> Array:
        spec = self.step.program.specs[self.step.program.inputs[0]]
        return memory.at(offset, spec.size, spec.dtype).copy()

    def _output(self, memory: Memory, place: int) -> Any:
        x = self.step.program.outputs[place]
        return x.value if isinstance(x, Literal) else memory.view(self._plan.views[x])

    # ---- the loop in machine code
    def _many(self, library: Library, nbytes: int) -> str:
        code = Code(library)
        library.declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        program, carried = self.step.program, self.step.carried
        flat = self._layout.offsets[self._plan.views[program.inputs[0]].base]
        held = {name: code.slot("double") for name in ("best", "best_step", "lowest")}
        fixed = {name: self._read(code, name) for name in Tests._fields}
        for name, slot in held.items():
            code.do(f"store double {fixed[name]}, ptr {slot}")
        code.do("br label %head")
        code.lines.append("head:")
        code.do("%i = phi i64 [ 0, %entry ], [ %next, %latch ]")
        rate = code.op(f"load double, ptr {code.address('%rates', 0, ('%i', 8))}, align 8")
        step = code.op(f"fadd double %first, {code.op('sitofp i64 %i to double')}")
        for value, place in ((rate, carried), (step, carried + 1)):
            if (base := program.inputs[place]) in self._layout.offsets:
                code.do(f"store double {value}, ptr {code.address('%arena', self._layout.offsets[base])}, align 8")
        code.do("call void @steps(ptr %arena)")
        loss, length, size, promise = (self._scalar(code, carried + k) for k in range(4))
        good = self._may_go_on(code, loss, size, promise, step, held, fixed)
        code.do(f"br i1 {good}, label %go, label %stop")
        code.lines.append("go:")
        code.do(f"store double {loss}, ptr {code.address('%losses', 0, ('%i', 8))}, align 8")
        code.do(f"store double {length}, ptr {code.address('%lengths', 0, ('%i', 8))}, align 8")
        self._if_lower(code, loss, held["lowest"], flat, nbytes)
        code.do("%next = add nsw i64 %i, 1")
        code.do("%more = icmp slt i64 %next, %n")
        code.do("br i1 %more, label %carry, label %last")
        code.lines.append("last:")
        self._copy(code, self._before, flat, nbytes)
        code.do("br label %carry")
        code.lines.append("carry:")
        self._carry(code)
        code.do("br label %latch")
        code.lines.append("latch:")
        code.do("br i1 %more, label %head, label %end")
        code.lines.append("end:")
        self._write_back(code, held)
        code.do("ret i64 %n")
        code.lines.append("stop:")
        self._write_back(code, held)
        code.do("ret i64 %i")
        return (
            "define i64 @many(ptr %arena, i64 %n, ptr %rates, double %first, ptr %losses, ptr %lengths, ptr %watch) #0 {\n"
            f"{code.body()}\n}}"
        )

    def _read(self, code: Code, name: str) -> str:
        return code.op(f"load double, ptr {code.address('%watch', _PLACES[name])}, align 8")

    def _write_back(self, code: Code, held: dict[str, str]) -> None:
        for name, slot in held.items():
            value = code.op(f"load double, ptr {slot}")
            code.do(f"store double {value}, ptr {code.address('%watch', _PLACES[name])}, align 8")

    def _scalar(self, code: Code, place: int) -> str:
        """An output that is one number of float64."""
        x = self.step.program.outputs[place]
        if isinstance(x, Literal):
            return number(float(x.value), "f8")
        view = self._plan.views[x]
        return code.op(
            f"load double, ptr {code.address('%arena', self._layout.offsets[view.base] + view.offset)}, align 8"
        )

    def _may_go_on(
        self, code: Code, loss: str, size: str, promise: str, step: str, held: dict[str, str], fixed: dict[str, str]
    ) -> str:
        """Whether no test of `Stopping.over` stops this step for certain; also remembers the best loss as it does.

        A NaN makes each of these comparisons false, and the step is left to those who can say why.
        """

        def abs_(x: str) -> str:
            return code.call("fabs", "f8", 1, x)

        def both(a: str, b: str) -> str:
            return code.op(f"and i1 {a}, {b}")

        def less(x: str, y: str) -> str:
            return code.op(f"fcmp olt double {x}, {y}")

        def times(x: str, y: str) -> str:
            return code.op(f"fmul double {x}, {y}")

        def minus(x: str, y: str) -> str:
            return code.op(f"fsub double {x}, {y}")

        def constant(x: float) -> str:
            return number(x, "f8")

        finite = less(abs_(loss), constant(float("inf")))
        inside = both(less(size, constant(LARGEST)), less(constant(SMALLEST), size))
        above = less(fixed["threshold"], loss)
        growth = minus(loss, fixed["start"])
        bounded = code.op(f"fcmp ole double {growth}, {times(fixed['growth'], fixed['first'])}")
        relative = times(fixed["tolerance"], abs_(loss))
        absolute = times(times(fixed["tolerance"], fixed["tolerance"]), fixed["first"])
        sloped = less(code.op(f"fadd double {relative}, {absolute}"), promise)
        best = code.op(f"load double, ptr {held['best']}")
        lower = less(loss, minus(best, times(constant(1e-12), abs_(best))))
        none = code.op(f"fcmp oeq double {best}, {constant(float('inf'))}")
        lower = code.op(f"or i1 {lower}, {none}")
        since = code.op(f"load double, ptr {held['best_step']}")
        fresh = less(minus(step, since), fixed["stalled"])
        good = both(both(both(finite, inside), both(above, bounded)), both(sloped, code.op(f"or i1 {lower}, {fresh}")))
        if (doubt := self._plan.doubt) is not None:  # an index outside of its array is the loop's to name
            seen = code.op(f"load i64, ptr {code.address('%arena', self._layout.offsets[doubt])}, align 8")
            good = both(good, code.op(f"icmp eq i64 {seen}, 0"))
        better = both(good, lower)
        code.do(f"store double {code.op(f'select i1 {better}, double {loss}, double {best}')}, ptr {held['best']}")
        code.do(
            f"store double {code.op(f'select i1 {better}, double {step}, double {since}')}, ptr {held['best_step']}"
        )
        return good

    def _if_lower(self, code: Code, loss: str, slot: str, flat: int, nbytes: int) -> None:
        """Keep the parameters where the loss is the lowest so far."""
        lowest = code.op(f"load double, ptr {slot}")
        fell = code.op(f"fcmp olt double {loss}, {lowest}")
        code.do(f"br i1 {fell}, label %keep, label %kept")
        code.lines.append("keep:")
        code.do(f"store double {loss}, ptr {slot}")
        self._copy(code, self._lowest, flat, nbytes)
        code.do("br label %kept")
        code.lines.append("kept:")

    def _copy(self, code: Code, target: int, source: int, nbytes: int) -> None:
        to, start = code.address("%arena", target), code.address("%arena", source)
        code.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {to}, ptr {start}, i64 {nbytes}, i1 false)")

    def _carry(self, code: Code) -> None:
        """What the step made becomes what the next one starts from."""
        program, offsets = self.step.program, self._layout.offsets
        for i in range(self.step.carried):
            target, made = program.inputs[i], program.outputs[i]
            if isinstance(made, Literal):
                if not program.specs[target].weak:
                    raise NotCompilable("an array in the state that becomes a number")
                place = code.address("%arena", offsets[target])
                code.do(f"store double {number(float(made.value), 'f8')}, ptr {place}, align 8")
                continue
            view, own = self._plan.views[made], self._plan.views[target]
            if view.strides != own.strides or (view.base in program.inputs and view != own):
                raise NotCompilable("a state that is a part of another")
            if view.base != target:
                nbytes = program.specs[target].nbytes
                self._copy(code, offsets[target], offsets[view.base] + view.offset, nbytes)
