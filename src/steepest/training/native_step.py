"""One step of a descent as programs: the gradient of some rows, and the update that follows from it.

What a step is, loop.py says; here are its lines, without the tests, as functions of arrays that can be recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from steepest.nn.classification import ScoreLoss
from steepest.optim.method import State
from steepest.program.native.repeat import StepPrograms
from steepest.program.native.shards import Cut
from steepest.program.optimise import optimised
from steepest.program.own import with_own
from steepest.program.program import Program
from steepest.program.record import recorded
from steepest.program.steps import NotCompilable
from steepest.program.weak import with_weak
from steepest.training.loop import update_in_units
from steepest.training.native_cut import PROBE, cut_of, may_be_cut
from steepest.training.problem import Batch, Problem, detached

if TYPE_CHECKING:
    from steepest.training.descent import Descent


class RuleLeaves:
    """What changes in a rule's state: its arrays and numbers, by their places among the leaves.

    Whole numbers, such as where layers end, do not: they are part of the program.
    """

    def __init__(self, rule_state: Any) -> None:
        self.leaves, self.rebuild = flatten(rule_state)
        self.places = [i for i, leaf in enumerate(self.leaves) if _changes(leaf)]

    def arrays(self, rule_state: Any) -> list[Array]:
        """The values of a state."""
        leaves = flatten(rule_state)[0]
        return [np.asarray(leaves[i]) for i in self.places]

    def numbers(self) -> list[int]:
        """Which of the values are plain numbers."""
        return [k for k, i in enumerate(self.places) if isinstance(self.leaves[i], float)]

    def filled(self, values: Sequence[Any]) -> Any:
        """The state with these values; numbers become plain ones unless they are being recorded."""
        leaves = list(self.leaves)
        for i, value in zip(self.places, values):
            plain = isinstance(self.leaves[i], float) and isinstance(value, np.ndarray)
            leaves[i] = float(value) if plain else value
        return self.rebuild(leaves)

    def values(self, rule_state: Any) -> list[Any]:
        """The values after a step; everything else in the state must stay as it is."""
        leaves, rebuild = flatten(rule_state)
        if rebuild(list(range(len(leaves)))) != self.rebuild(list(range(len(self.leaves)))):
            raise RecordingError("the rule's state changes its form.")
        for i, (before, after) in enumerate(zip(self.leaves, leaves, strict=True)):
            if i not in self.places and not (before is after or np.array_equal(before, after)):
                raise RecordingError("the rule's state holds something that changes but is no array and no number.")
        return [leaves[i] for i in self.places]


def _changes(leaf: Any) -> bool:
    return isinstance(leaf, float) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f")


@dataclass(frozen=True)
class Recording:
    """Records the programs of a descent's step.

    Attributes
    ----------
    problem, method, params, state
        As of a run before its first step.
    leaves : RuleLeaves
    """

    problem: Problem
    method: Descent
    params: Params
    state: State
    leaves: RuleLeaves

    def programs(self) -> StepPrograms:
        """The programs, for batches cut as they will be.

        Raises
        ------
        RecordingError
            The step cannot be recorded; says why.
        """
        self._check()
        problem, method = self.problem, self.method
        full = method.batches.is_full(problem.rows)
        batch = problem.rows if full else int(method.batches.size or problem.rows)
        if not full:
            self._check_target(min(batch, PROBE))
        cut = self._cut(batch)
        whole = cut.shard == batch
        data = [] if whole and full else self._data()
        slopes = {rows: self._slope(rows, bool(data), whole) for rows in cut.sizes}
        update = self._update(cut.groups, whole)
        return StepPrograms(slopes, update, 1 + len(self.leaves.places), cut, data, full)

    def _cut(self, batch: int) -> Cut:
        """How batches are cut, by what the gradient of some rows costs."""
        problem, rows = self.problem, min(batch, PROBE)
        if may_be_cut(problem, self.params, self.state, rows):
            try:
                return cut_of(problem, self._slope(rows, True, whole=False), rows, batch)
            except NotCompilable:  # which is said of the program that is wanted
                pass
        return Cut(problem.rows, batch, batch, 1)

    def _check(self) -> None:
        method, model = self.method, self.state["model"]
        reasons = {
            "gradient accumulation": method.batches.parts > 1,
            "a model with a state of its own": bool(flatten(model)[0]) and model is not None,
        }
        for reason, holds in reasons.items():
            if holds:
                raise RecordingError(f"there is no machine code yet for {reason}.")

    def _check_target(self, rows: int) -> None:
        """What the loop asks of each batch's target is asked once of the whole; a target that is wrong is the loop's to name."""
        loss, problem = self.problem.loss_function, self.problem
        if not isinstance(loss, ScoreLoss):
            return
        inputs = problem.batch(slice(0, rows)).inputs
        try:
            with np.errstate(all="ignore"):
                outputs, _ = problem.predict(dict(self.params), self.state["model"], inputs, Key(0), True)
            loss.check(problem.data.target, (problem.rows, *ops.shape(outputs)[1:]))
        except Exception as error:  # it will be raised again in the loop, at its step
            raise RecordingError(f"the loop will say at its step: {error}") from error

    # ---- the gradient
    def _data(self) -> list[Array]:
        """The arrays of the data, in the order in which programs take their rows."""
        inputs, target, weights = self.problem.data
        return [x for x in (*flatten(inputs)[0], target, weights) if x is not None]

    def _batch(self, rows: Sequence[Any]) -> Batch:
        """Rows of the data's arrays as a batch."""
        leaves, rebuild = flatten(self.problem.data.inputs)
        k = len(leaves)
        return Batch(rebuild(list(rows[:k])), rows[k], None if self.problem.data.weights is None else rows[k + 1])

    def _slope(self, rows: int, from_rows: bool, whole: bool) -> Program:
        """The gradient of some rows: of their objective, or where they are not the whole batch of the sum of their losses."""
        arrays = [np.array(self.params.flat), *(np.array(x[:rows]) for x in (self._data() if from_rows else []))]
        first, second = (self._recorded(self._gradient(key, whole), arrays) for key in (Key(0, 0, 0), Key(1, 2, 3)))
        if not _same(first, second):
            raise RecordingError("the model is not the same function at each step (it draws random numbers).")
        return with_own(optimised(first), range(3))

    def _gradient(self, key: Key, whole: bool) -> Callable[..., Any]:
        problem, params, state = self.problem, self.params, self.state

        def gradient(flat: Any, *rows: Any) -> Any:
            batch = self._batch(rows) if rows else problem.data
            with linking(), inside_transform():
                wanted = _leaves(flat, params)
                prediction, after = problem.predict(wanted, state["model"], batch.inputs, key, True)
                if any(isinstance(x, Tensor) for x in flatten(after)[0]):
                    raise RecordingError("the model has a state of its own.")
                if whole:
                    objective, weight = problem.objective(prediction, batch, wanted), 1.0
                else:
                    losses = problem.loss(prediction, batch.target)
                    objective = problem.loss_function.reduce(losses, batch.weights, "sum")
                    weight = float(batch.rows) if batch.weights is None else ops.sum(batch.weights)
                if not isinstance(objective, Tensor):
                    raise RecordingError("the model does not use its parameters.")
                slope = _pulled(objective, wanted)
            return [slope, ops.astype(objective, np.float64), ops.astype(weight, np.float64)]

        return gradient

    # ---- the update
    def _update(self, groups: int, whole: bool) -> Program:
        carried = [self.params.flat, *self.leaves.arrays(self.state["rule"])]
        parts = [x for _ in range(groups) for x in (np.array(self.params.flat), np.asarray(1.0), np.asarray(1.0))]
        arrays = [np.array(x) for x in (*carried, 1.0, 20.0, *parts)]
        program = self._recorded(self._change(groups, whole), arrays)
        numbers = [k + 1 for k in self.leaves.numbers()]
        program = optimised(with_weak(program, arrays, [*numbers, len(carried), len(carried) + 1]))
        program = with_own(program, range(len(program.outputs) - (program.outputs[-1] in program.inputs)))
        for given, made in zip(program.inputs[: len(carried)], program.outputs):
            if program.specs[given][:2] != program.specs[made][:2]:  # type: ignore[index]
                raise RecordingError(
                    f"the rule changes its state from {program.specs[given]} to {program.specs[made]}."  # type: ignore[index]
                )
        return program

    def _change(self, groups: int, whole: bool) -> Callable[..., Any]:
        """From the groups' gradients to the parameters after the step: the same lines as in loop.py."""
        scale, leaves, box = self.state["scale"], self.leaves, self.problem.bounds
        update = update_in_units(self.method.rule, scale)

        def change(flat: Any, *rest: Any) -> Any:
            k = len(leaves.places)
            values, (rate, number), parts = rest[:k], rest[k : k + 2], rest[k + 2 :]
            gradient, loss, weight = parts[:3]
            for group in range(1, groups):
                more = parts[3 * group : 3 * group + 3]
                gradient, loss, weight = gradient + more[0], loss + more[1], weight + more[2]
            if not whole:
                gradient, loss = self._objective(flat, gradient, loss, weight)
            moved, rule_state = update(gradient, leaves.filled(values), flat, rate, number)
            moved = ops.astype(flat + moved, flat.dtype)
            moved = moved if box is None else box.clip(moved)
            sizes = ops.abs(gradient)
            slopes = sizes if box is None else ops.where(box.held(flat, gradient), 0.0, sizes)
            promise = ops.max(slopes * ops.maximum(ops.abs(flat), scale))
            length = ops.sqrt(ops.sum(gradient * gradient))
            numbers = [ops.astype(x, np.float64) for x in (loss, length, ops.max(sizes), promise)]
            return [moved, *leaves.values(rule_state), *numbers, gradient]

        return change

    def _objective(self, flat: Any, gradient: Any, loss: Any, weight: Any) -> tuple[Any, Any]:
        """Gradient and value of the objective, from those of the sum of all rows' losses, and their weight."""
        problem = self.problem
        if problem.reduction == "mean":
            factor = 1.0 / ops.where(weight == 0.0, 1.0, weight)
            gradient, loss = gradient * ops.astype(factor, gradient.dtype), loss * factor
        if problem.penalty is not None:
            with linking(), inside_transform():
                wanted = _leaves(flat, self.params)
                added = problem.penalty(wanted)
                if isinstance(added, Tensor):
                    added = ops.reshape(added, ())
                    gradient = gradient + _pulled(added, wanted)
            loss = loss + ops.astype(added, np.float64)
        return gradient, loss

    def _recorded(self, function: Callable[..., Any], arrays: Sequence[Array]) -> Program:
        try:
            return recorded(function, arrays)[0]
        except RecordingError:
            raise
        except Exception as error:  # whatever a model raises it will raise again in the loop, at its step
            raise RecordingError(f"the step cannot be recorded: {error}") from error


def _leaves(flat: Any, params: Params) -> dict[str, Tensor]:
    """The parameters as the model sees them: Tensors that require grad."""
    leaves = {}
    for name, place in params.places().items():
        leaf: Tensor = apply(p.alias, ops.reshape(flat[place], params[name].shape))
        leaf.requires_grad, leaf.primitive, leaf.inputs, leaf.static = True, None, (), {}
        leaves[name] = leaf
    return leaves


def _pulled(objective: Any, wanted: dict[str, Tensor]) -> Any:
    """The gradient of a number as one vector."""
    parts = graph.pull_back(objective, np.ones_like(detached(objective)), list(wanted.values()), False)
    return ops.concatenate([ops.reshape(g, (-1,)) for g in parts])


def _same(a: Program, b: Program) -> bool:
    """Whether two recordings hold the same operations on the same numbers."""
    if len(a.operations) != len(b.operations) or a.specs != b.specs or a.constants.keys() != b.constants.keys():
        return False
    for x, y in zip(a.operations, b.operations):
        if x.primitive is not y.primitive or repr(x.inputs) != repr(y.inputs) or repr(x.static) != repr(y.static):
            return False
    return all(np.array_equal(a.constants[n], b.constants[n], equal_nan=True) for n in a.constants)
