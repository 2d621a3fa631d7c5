"""One step of a descent as programs: the gradient of some rows, and the update that follows from it.

What a step is, loop.py says; here are its lines, without the tests, as functions of arrays that can be recorded.
"""

from __future__ import annotations

import functools
import operator
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
from steepest.program.program import Operand, Program
from steepest.program.record import recorded
from steepest.program.steps import NotCompilable
from steepest.program.weak import with_weak
from steepest.training.carried import Carried
from steepest.training.loop import update_in_units
from steepest.training.native_cut import PROBE, ROUND, cut_of, may_be_cut
from steepest.training.problem import Batch, Problem, detached
from steepest.training.recorded_key import KeyOfAPart, RecordedKey

if TYPE_CHECKING:
    from steepest.training.descent import Descent


@dataclass(frozen=True)
class Recording:
    """Records the programs of a descent's step.

    Attributes
    ----------
    problem, method, params, state
        As of a run before its first step.
    rule, model : Carried
        What of their states goes from step to step.
    """

    problem: Problem
    method: Descent
    params: Params
    state: State
    rule: Carried
    model: Carried

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
        carried, consecutive = 1 + len(self.rule) + len(self.model), full or method.batches.order == "sequence"
        return StepPrograms(slopes, update, carried, len(self.model), cut, data, full, consecutive)

    def _cut(self, batch: int) -> Cut:
        """How batches are cut, by what the gradient of some rows costs."""
        problem, rows = self.problem, min(batch, PROBE)
        if batch > ROUND and not len(self.model) and may_be_cut(problem, self.params, self.state, rows):
            try:
                return cut_of(problem, self._slope(rows, True, whole=False), rows, batch)
            except NotCompilable:  # which is said of the program that is wanted
                pass
        return Cut(problem.rows, batch, batch, 1)

    def _check(self) -> None:
        if self.method.batches.parts > 1:
            raise RecordingError("there is no machine code for gradient accumulation.")

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
        k = 1 + len(self.model)
        given = [self.params.flat, *self.model.arrays(self.state["model"])]
        data = [x[:rows] for x in (self._data() if from_rows else [])]
        arrays = [[np.array(x) for x in (*given, number, *data)] for number in (20.0, 33.0)]
        first, second = (self._recorded(self._gradient(whole), some) for some in arrays)
        if not _same(first, second):
            raise RecordingError(
                "the model is not the same function at each step (it draws random numbers, not from its key)."
            )
        weak = [1 + i for i in self.model.numbers()] + [k]
        program = optimised(with_weak(first, arrays[0], weak))
        for before, after in zip(program.inputs[1:k], program.outputs[3:]):
            _same_spec(program, before, after, "model")
        return with_own(program, range(3 + len(self.model)))

    def _gradient(self, whole: bool) -> Callable[..., Any]:
        problem, params, model = self.problem, self.params, self.model

        def gradient(flat: Any, *rest: Any) -> Any:
            values, number, rows = rest[: len(model)], rest[len(model)], rest[len(model) + 1 :]
            batch = self._batch(rows) if rows else problem.data
            with linking(), inside_transform():
                wanted = _leaves(flat, params)
                key = self._key(number, whole)
                prediction, after = problem.predict(wanted, model.filled(values), batch.inputs, key, True)
                if whole:
                    objective, weight = problem.objective(prediction, batch, wanted), 1.0
                else:
                    losses = problem.loss(prediction, batch.target)
                    objective = problem.loss_function.reduce(losses, batch.weights, "sum")
                    weight = float(batch.rows) if batch.weights is None else ops.sum(batch.weights)
                if not isinstance(objective, Tensor):
                    raise RecordingError("the model does not use its parameters.")
                slope = _pulled(objective, wanted)
            numbers = [ops.astype(x, np.float64) for x in (objective, weight)]
            return [slope, *numbers, *model.values(after)]

        return gradient

    def _key(self, number: Any, whole: bool) -> Key:
        """The key of a step: as in loop.py, the place of its batch."""
        batches = self.method.batches.per_epoch(self.problem.rows)
        epoch = number if batches == 1 else number // float(batches)
        return (RecordedKey if whole else KeyOfAPart)(self.state["seed"], epoch, number)

    # ---- the update
    def _update(self, groups: int, whole: bool) -> Program:
        model = self.model.arrays(self.state["model"])
        carried = [self.params.flat, *self.rule.arrays(self.state["rule"]), *model]
        parts = [x for _ in range(groups) for x in (np.array(self.params.flat), np.asarray(1.0), np.asarray(1.0))]
        arrays = [np.array(x) for x in (*carried, 1.0, 20.0, *parts, *model)]
        program = self._recorded(self._change(groups, whole), arrays)
        numbers = [k + 1 for k in self.rule.numbers()]
        program = optimised(with_weak(program, arrays, [*numbers, len(carried), len(carried) + 1]))
        program = with_own(program, range(len(program.outputs) - (program.outputs[-1] in program.inputs)))
        for given, made in zip(program.inputs[: len(carried)], program.outputs):
            _same_spec(program, given, made, "rule")
        return program

    def _change(self, groups: int, whole: bool) -> Callable[..., Any]:
        """From the groups' gradients to the parameters after the step: the same lines as in loop.py."""
        scale, rule, box = self.state["scale"], self.rule, self.problem.bounds
        update = update_in_units(self.method.rule, scale)

        def change(flat: Any, *rest: Any) -> Any:
            k = len(rule) + len(self.model)
            values, (rate, number), parts = rest[: len(rule)], rest[k : k + 2], rest[k + 2 :]
            model = parts[3 * groups :]
            gradient, loss = parts[:2] if whole else self._objective(flat, parts[: 3 * groups])
            moved, rule_state = update(gradient, rule.filled(values), flat, rate, number)
            moved = ops.astype(flat + moved, flat.dtype)
            moved = moved if box is None else box.clip(moved)
            sizes = ops.abs(gradient)
            slopes = sizes if box is None else ops.where(box.held(flat, gradient), 0.0, sizes)
            promise = ops.max(slopes * ops.maximum(ops.abs(flat), scale))
            length = ops.sqrt(ops.sum(gradient * gradient))
            numbers = [ops.astype(x, np.float64) for x in (loss, length, ops.max(sizes), promise)]
            return [moved, *rule.values(rule_state), *model, *numbers, gradient]

        return change

    def _objective(self, flat: Any, parts: Sequence[Any]) -> tuple[Any, Any]:
        """Gradient and value of the objective, from gradient and sum of the rows' losses, and their weight, of each group."""
        problem = self.problem
        # All single numbers come first, so that what is done with the many of the gradient is one loop.
        loss, weight = (functools.reduce(operator.add, parts[k::3]) for k in (1, 2))
        factor = 1.0
        if problem.reduction == "mean":
            factor = 1.0 / ops.where(weight == 0.0, 1.0, weight)
            loss, factor = loss * factor, ops.astype(factor, parts[0].dtype)
        gradient = functools.reduce(operator.add, parts[::3]) * factor
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
        except (RecordingError, NotCompilable):
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


def _same_spec(program: Program, given: Operand, made: Operand, whose: str) -> None:
    before, after = (program.specs[x] if isinstance(x, int) else "a number" for x in (given, made))
    if before[:2] != after[:2]:
        raise RecordingError(f"the state of the {whose} changes from {before} to {after}.")


def _same(a: Program, b: Program) -> bool:
    """Whether two recordings hold the same operations on the same numbers."""
    if len(a.operations) != len(b.operations) or a.specs != b.specs or a.constants.keys() != b.constants.keys():
        return False
    for x, y in zip(a.operations, b.operations):
        if x.primitive is not y.primitive or repr(x.inputs) != repr(y.inputs) or repr(x.static) != repr(y.static):
            return False
    return all(np.array_equal(a.constants[n], b.constants[n], equal_nan=True) for n in a.constants)
