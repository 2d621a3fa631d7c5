"""Native descent: the training loop as machine code, where problem and rule can be recorded.

The loop in loop.py says what a descent means. Machine code does the steps at which nothing is decided; the first steps, by which
divergence is measured, and every step at which a test may stop the run, are done by that loop itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.autodiff import graph, ops
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply, inside_transform, linking
from steepest.autodiff.tensor import Tensor
from steepest.autodiff.tree import flatten
from steepest.base.errors import RecordingError
from steepest.base.params import Array, Params
from steepest.base.random import Key
from steepest.optim.method import Advance, State, Step
from steepest.optim.plateau import ReduceOnPlateau
from steepest.optim.stopping import FIRST_STEPS, GROWTH_THAT_DIVERGES, STEPS_WITHOUT_PROGRESS, Stopping
from steepest.program.fusion import Plan
from steepest.program.native.repeat import Repeated, StepProgram, Tests
from steepest.program.optimise import optimised
from steepest.program.program import Program
from steepest.program.record import recorded
from steepest.program.weak import with_weak
from steepest.training.loop import descend, update_in_units
from steepest.training.problem import Problem, detached

if TYPE_CHECKING:
    from steepest.training.descent import Descent


class NativeDescent:
    """`Descent.advance` for one problem as machine code; same arguments, same meaning.

    Parameters
    ----------
    problem, method, params, state
        As of a run before its first step.

    Raises
    ------
    RecordingError
        The step cannot be recorded; says why.
    NotCompilable
        It can, but there is no machine code for a part of it.
    """

    def __init__(self, problem: Problem, method: Descent, params: Params, state: State) -> None:
        self.problem, self.method = problem, method
        self._leaves, self._rebuild = flatten(state["rule"])
        self._places = [i for i, leaf in enumerate(self._leaves) if _changes(leaf)]
        self.step_program = self._recorded(params, state)
        Plan(self.step_program.program)  # says at once what there is no machine code for
        self._repeated: Repeated | None = None  # compiled when the first steps are done

    @property
    def operations(self) -> int:
        """How many operations a step has."""
        return len(self.step_program.program.operations)

    # ---- recording
    def _recorded(self, params: Params, state: State) -> StepProgram:
        self._check(state)
        carried = [params.flat, *(np.asarray(self._leaves[i]) for i in self._places)]
        arrays = [np.array(x) for x in (*carried, np.asarray(1.0), np.asarray(20.0))]
        programs = []
        for key in (Key(0, 0, 0), Key(1, 2, 3)):
            step = self._step(params, state, key)
            try:
                program = recorded(step, arrays)[0]
            except RecordingError:
                raise
            except Exception as error:  # whatever a model raises it will raise again in the loop, at its step
                raise RecordingError(f"the step cannot be recorded: {error}") from error
            programs.append(program)
        if not _same(*programs):
            raise RecordingError("the model is not the same function at each step (it draws random numbers).")
        numbers = [i + 1 for i, k in enumerate(self._places) if isinstance(self._leaves[k], float)]
        weak = [*numbers, len(carried), len(carried) + 1]
        program = optimised(with_weak(programs[0], arrays, weak))
        for given, made in zip(program.inputs[: len(carried)], program.outputs):
            if isinstance(made, int) and program.specs[made][:2] != program.specs[given][:2]:
                raise RecordingError(
                    f"the rule changes its state from {program.specs[given]} to {program.specs[made]}."
                )
        return StepProgram(program, len(carried))

    def _check(self, state: State) -> None:
        problem, method = self.problem, self.method
        reasons = {
            "batches": not method.batches.is_full(problem.rows) or method.batches.parts > 1,
            "bounds": problem.bounds is not None,
            "a rate that follows the loss": isinstance(method.learning_rate, ReduceOnPlateau),
            "a model with a state of its own": bool(flatten(state["model"])[0]) and state["model"] is not None,
        }
        for reason, holds in reasons.items():
            if holds:
                raise RecordingError(f"there is no machine code yet for {reason}.")

    def _step(self, params: Params, state: State, key: Key) -> Callable[..., Any]:
        """One step as a function of arrays: the same lines as in loop.py, without the tests."""
        problem, method, scale = self.problem, self.method, state["scale"]
        update = update_in_units(method.rule, scale)

        def step(flat: Any, *rest: Any) -> Any:
            rate, number = rest[-2:]
            leaves = list(self._leaves)
            for i, value in zip(self._places, rest):
                leaves[i] = value
            with linking(), inside_transform():
                wanted = {name: _leaf(flat[place], params[name].shape) for name, place in params.places().items()}
                prediction, after = problem.predict(wanted, state["model"], problem.data.inputs, key, True)
                if any(isinstance(x, Tensor) for x in flatten(after)[0]):
                    raise RecordingError("the model has a state of its own.")
                objective = problem.objective(prediction, problem.data, wanted, 1.0)
                if not isinstance(objective, Tensor):
                    raise RecordingError("the model does not use its parameters.")
                parts = graph.pull_back(objective, np.ones_like(objective._data), list(wanted.values()), False)
            gradient = (
                ops.concatenate([ops.reshape(g, (-1,)) for g in parts])
                if len(parts) > 1
                else ops.reshape(parts[0], (-1,))
            )
            change, rule_state = update(gradient, self._rebuild(leaves), flat, rate, number)
            moved = ops.astype(flat + change, flat.dtype)
            sizes = ops.abs(gradient)
            promise = ops.max(sizes * ops.maximum(ops.abs(flat), scale))
            length = ops.sqrt(ops.sum(gradient * gradient))
            numbers = [ops.astype(x, np.float64) for x in (objective, length, ops.max(sizes), promise)]
            return [moved, *self._carried(rule_state), *numbers, gradient]

        return step

    def _carried(self, rule_state: Any) -> list[Any]:
        """What changes in the rule's state after a step; everything else must stay as it is."""
        leaves, rebuild = flatten(rule_state)
        if rebuild(list(range(len(leaves)))) != self._rebuild(list(range(len(self._leaves)))):
            raise RecordingError("the rule's state changes its form.")
        for i, (before, after) in enumerate(zip(self._leaves, leaves, strict=True)):
            if i not in self._places and not (before is after or np.array_equal(before, after)):
                raise RecordingError("the rule's state holds something that changes but is no array and no number.")
        return [leaves[i] for i in self._places]

    # ---- running
    def advance(self, problem: Problem, params: Params, state: State, n: int, stopping: Stopping) -> Advance:
        """Up to `n` steps."""
        if problem is not self.problem or type(stopping) is not Stopping or stopping.patience is not None:
            return descend(problem, self.method, params, state, n, stopping)
        parts: list[Advance] = []
        doubtful = False
        began = perf_counter()
        while n > 0 and not (parts and parts[-1].halt):
            watch = state["watch"]
            early = 1 if watch is None or watch["first"] == 0.0 else 0
            early = FIRST_STEPS if watch is None else max(early, FIRST_STEPS - watch["steps"])
            before = perf_counter() - began
            if early > 0 or doubtful:
                part = descend(problem, self.method, params, state, min(n, max(early, 1)), stopping)
                doubtful = False
            else:
                part = self._many(params, state, n, stopping)
                doubtful = len(part.columns["step"]) < n
            part.columns["time"] = before + np.asarray(part.columns["time"])
            params, state, n = part.params, part.state, n - len(part.columns["step"])
            parts.append(part)
        return _joined(params, state, parts)

    def _many(self, params: Params, state: State, n: int, stopping: Stopping) -> Advance:
        """Up to `n` steps at which no test fires, by machine code."""
        watch, first = state["watch"], state["step"]
        rates = self._rates(state, first, n)
        leaves = flatten(state["rule"])[0]
        carried = [params.flat, *(np.asarray(leaves[i]) for i in self._places)]
        threshold = -math.inf if stopping.threshold is None else stopping.threshold
        tests = Tests(
            watch["start"], watch["first"], watch["best"], watch["best_step"], stopping.tolerance, threshold,
            GROWTH_THAT_DIVERGES, STEPS_WITHOUT_PROGRESS, math.inf,
        )  # fmt: skip
        if self._repeated is None:
            self._repeated = Repeated(self.step_program)
        began = perf_counter()
        made = self._repeated(carried, rates, first, tests)
        k, spent = made.steps, perf_counter() - began
        if k == 0:
            return Advance(params, state, {name: np.empty(0) for name in _COLUMNS})
        steps = np.arange(first, first + k)
        columns = {
            "step": steps, "epoch": steps, "loss": made.losses, "gradient_norm": made.lengths, "rate": rates[:k],
            "time": np.arange(1, k + 1) * (spent / k),
        }  # fmt: skip
        after = params.owning(made.carried[0])
        for i, value in zip(self._places, made.carried[1:]):
            leaves[i] = float(value) if isinstance(leaves[i], float) else value
        # The tests see step numbers and losses only, so the watch is as the loop would have left it.
        watch = {
            **watch,
            "last": float(made.losses[-1]),
            "steps": watch["steps"] + k,
            "best": made.best,
            "best_step": int(made.best_step),
        }
        state = {**state, "step": first + k, "rule": self._rebuild(leaves), "watch": watch}
        last = None
        if k == n:
            before = params.owning(made.before)
            last = self._seen(first + k - 1, before, after, made.gradient, float(made.losses[-1]), rates[k - 1], state)
        return Advance(after, state, columns, None, last, (made.lowest, params.owning(made.lowest_params)))

    def _rates(self, state: State, first: int, n: int) -> Array:
        if not callable(self.method.learning_rate):
            return np.full(n, float(state["rate"]))
        return np.array([self.method.rate_at(0.0, None, step, step, 0.0)[0] for step in range(first, first + n)])

    def _seen(
        self, number: int, before: Params, after: Params, gradient: Array, loss: float, rate: float, state: State
    ) -> Step:
        """The last step in full; its prediction is computed again."""
        with np.errstate(all="ignore"):
            key = Key(state["seed"], number, number)
            prediction = self.problem.predict(dict(before), state["model"], self.problem.data.inputs, key, True)[0]
        return Step(number, detached(prediction), loss, before.replaced(gradient), float(rate), before, after)


_COLUMNS = ("step", "epoch", "loss", "gradient_norm", "rate", "time")


def _changes(leaf: Any) -> bool:
    """Whether a leaf of the rule's state is carried; whole numbers, such as where layers end, are part of the program."""
    return isinstance(leaf, float) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f")


def _leaf(part: Any, shape: tuple[int, ...]) -> Tensor:
    """A parameter as the model sees it: a Tensor that requires grad."""
    leaf: Tensor = apply(p.alias, ops.reshape(part, shape))
    leaf.requires_grad, leaf.primitive, leaf.inputs, leaf.static = True, None, (), {}
    return leaf


def _joined(params: Params, state: State, parts: list[Advance]) -> Advance:
    """Stretches of steps as one."""
    columns = {name: np.concatenate([[], *(part.columns[name] for part in parts)]) for name in _COLUMNS}
    best = min((part.best for part in parts if part.best is not None), key=lambda found: found[0], default=None)
    last = next((part.last for part in reversed(parts) if part.last is not None), None)
    return Advance(params, state, columns, parts[-1].halt if parts else None, last, best)


def _same(a: Program, b: Program) -> bool:
    """Whether two recordings hold the same operations on the same numbers."""
    if len(a.operations) != len(b.operations) or a.specs != b.specs or a.constants.keys() != b.constants.keys():
        return False
    for x, y in zip(a.operations, b.operations):
        if x.primitive is not y.primitive or repr(x.inputs) != repr(y.inputs) or repr(x.static) != repr(y.static):
            return False
    return all(np.array_equal(a.constants[n], b.constants[n], equal_nan=True) for n in a.constants)
