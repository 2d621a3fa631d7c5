"""Meter: a problem that counts what is asked of it, keeps the lowest loss, and ends a method whose budget is spent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any

import numpy as np

from steepest.autodiff.tree import flatten
from steepest.base.params import Array, Params
from steepest.base.random import Key
from steepest.comparison.budget import Budget
from steepest.training.blocks import Block
from steepest.training.problem import Batch, Problem, detached

HESSIAN_TIMES = 4.0  # evaluations that a Hessian-vector product counts: forward and back, both with their derivatives
LOOKS = 100  # times in a budget at which a method that only sees batches, or noise, is measured on all rows
SHOWN = 0.1  # seconds between two calls of a watcher


class Spent(Exception):
    """The budget, or the part of it that was allowed, is spent."""


class Meter:
    """What one method has spent from one start, and what it has found.

    Attributes
    ----------
    evaluations : float
        One for the loss on all rows, one more for its gradient; a batch counts its share of the rows; a Jacobian counts one and
        the smaller of the numbers of parameters and residuals; a Hessian-vector product four.
    loss, params : float, Params
        The lowest loss on all rows, and where.
    part_loss : float
        The lowest since `begin_part`.
    trace : list of (evaluations, seconds, loss)
        A row each time the lowest loss fell.
    """

    def __init__(self, problem: Problem, budget: Budget, watch: Callable[[Meter], None] | None = None) -> None:
        self.inner, self.budget, self.watch = problem, budget, watch
        self.rows = problem.rows
        self.evaluations, self.limit = 0.0, budget.amount
        self.params = problem.start
        self.part_loss = math.inf
        self._began, self._aside, self._shown = perf_counter(), 0.0, 0.0
        self._due = 0.0
        self.exact = _is_exact(problem)
        self.first = problem.value(problem.start)  # on the house: every method begins here
        self.loss = self.first if math.isfinite(self.first) else math.inf
        self.trace: list[tuple[float, float, float]] = [(0.0, 0.0, self.loss)]
        self._began = perf_counter()

    @property
    def seconds(self) -> float:
        """Since the beginning, without what was measured aside."""
        return perf_counter() - self._began - self._aside

    @property
    def spent(self) -> float:
        """How much of the budget is spent, in its unit."""
        return self.seconds if self.budget.unit == "seconds" else self.evaluations

    def spend(self, evaluations: float) -> None:
        """Count evaluations that are about to be done.

        Raises
        ------
        Spent
            There is no budget left for them.
        """
        if self.watch is not None and perf_counter() - self._shown > SHOWN:
            began = perf_counter()
            self.watch(self)
            self._shown = perf_counter()
            self._aside += self._shown - began
        after = self.seconds if self.budget.unit == "seconds" else self.evaluations + evaluations
        if after > self.limit * (1.0 + 1e-9):
            raise Spent
        self.evaluations += evaluations

    def begin_part(self) -> None:
        """Forget `part_loss`: a part of the race, such as one rate of a sweep, begins."""
        self.part_loss = math.inf

    def note(self, loss: float, flat: Callable[[], Array]) -> None:
        """A loss on all rows is known; `flat` gives where."""
        seconds = self.seconds  # the clock goes on: what is tested is what is kept
        spent = seconds if self.budget.unit == "seconds" else self.evaluations
        if spent > self.limit * (1.0 + 1e-9):
            return
        if loss < self.part_loss:
            self.part_loss = loss
        if loss < self.loss:
            self.loss, self.params = loss, self.params.replaced(flat())
            self.trace.append((self.evaluations, seconds, loss))

    def measure(self, params: Params, state: Any = None) -> None:
        """Find the loss on all rows, aside: it costs the method nothing."""
        began = perf_counter()
        loss = self.inner.value(params, state)
        self._aside += perf_counter() - began
        self.note(loss, lambda: params.flat)

    def look(self, flat: Callable[[], Array], state: Any) -> None:
        """Measure a descent on batches or with noise, if it is time to."""
        if self.spent >= self._due:
            self._due = self.spent + self.budget.amount / LOOKS
            self.measure(self.params.replaced(flat()), state)


class Counted(Problem):
    """A problem that does what another one does, and counts it on a meter."""

    def __init__(self, problem: Problem, meter: Meter, start: Params | None = None) -> None:
        vars(self).update(vars(problem))
        self.meter = meter
        self.start = problem.start if start is None else start
        predict = problem.predict

        def counted(params: Any, state: Any, inputs: Any, key: Key, training: bool) -> Any:
            leaves = flatten(inputs)[0] if self.has_data else []
            share = len(leaves[0]) / meter.rows if leaves else 1.0
            if training and not (meter.exact and share == 1.0):
                meter.look(lambda: _flat(params), state)
            meter.spend(share)
            return predict(params, state, inputs, key, training)

        self.predict = counted

    @property
    def share(self) -> float:
        """Of the rows, how many this problem has."""
        return self.rows / self.meter.rows

    def blocks(self) -> Iterator[Block]:
        """All rows at once: a block would be counted as a batch."""
        yield Block(self, slice(None), slice(None))

    def objective(self, outputs: Any, batch: Batch, params: Mapping[str, Any], share: float = 1.0) -> Any:
        total = super().objective(outputs, batch, params, share)
        if self.meter.exact and share == 1.0 and batch.rows == self.meter.rows:
            self.meter.note(float(detached(total)), lambda: _flat(params))
        self._last = batch.rows / self.meter.rows
        return total

    def gradient(self, objective: Any, leaves: Any) -> Array:
        self.meter.spend(self._last)
        return super().gradient(objective, leaves)

    def residuals(self, params: Params) -> Array:
        residual = super().residuals(params)
        self._note_residual(residual, params)
        return residual

    def residuals_and_jacobian(self, params: Params) -> tuple[Array, Array]:
        self.meter.spend(self.share * min(params.flat.size, int(np.size(self.data.target))))
        residual, jacobian = super().residuals_and_jacobian(params)
        self._note_residual(residual, params)
        return residual, jacobian

    def _note_residual(self, residual: Array, params: Params) -> None:
        if self.meter.exact and self.rows == self.meter.rows:
            with np.errstate(all="ignore"):
                total = float(np.sum(self.row_weights * self.loss_function.of_residual(residual)))
                self.meter.note(self.reduced(total), lambda: params.flat)

    def hessian_times(self, params: Params, vector: Array) -> Array:
        self.meter.spend(self.share * (HESSIAN_TIMES - 1.0))
        return super().hessian_times(params, vector)

    def hessian(self, params: Params) -> Array:
        self.meter.spend(self.share * (HESSIAN_TIMES * params.flat.size - 1.0))
        return super().hessian(params)


def _flat(params: Mapping[str, Any]) -> Array:
    return np.concatenate([np.ravel(detached(x)) for x in params.values()])


def _is_exact(problem: Problem) -> bool:
    """Whether the model does the same in training as otherwise: no dropout, no statistics of batches."""
    params, state = dict(problem.start), problem.initial_state
    with np.errstate(all="ignore"):
        inputs = problem.data.inputs
        training, after = problem.predict(params, state, inputs, Key(1), True)
        plain, _ = problem.predict(params, state, inputs, Key(0), False)
    same = np.array_equal(np.asarray(detached(training)), np.asarray(detached(plain)), equal_nan=True)
    return same and (after is state or not after)
