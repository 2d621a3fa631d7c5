"""Native descent: the training loop as machine code, where problem and rule can be recorded.

The loop in loop.py says what a descent means. Machine code does the steps at which nothing is decided; the first steps, by which
divergence is measured, and every step at which a test may stop the run, are done by that loop itself.
"""

from __future__ import annotations

import functools
import math
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.base.params import Array, Params
from steepest.base.random import Key
from steepest.optim.method import Advance, State, Step
from steepest.optim.plateau import ReduceOnPlateau
from steepest.optim.stopping import FIRST_STEPS, GROWTH_THAT_DIVERGES, STEPS_WITHOUT_PROGRESS, Stopping, Watch
from steepest.program.fusion import VIEWS
from steepest.program.native.repeat import Repeated, Tests
from steepest.program.native.rows import AHEAD
from steepest.program.program import Program
from steepest.training.carried import Carried
from steepest.training.loop import descend
from steepest.training.native_step import Recording
from steepest.training.orders import Orders
from steepest.training.problem import Problem, detached

if TYPE_CHECKING:
    from steepest.training.descent import Descent

# Nanoseconds of an operation by NumPy in the loop, of each number that it looks at, and of a multiplication in a product.
CALL, NUMBER, MULTIPLY = 5_000.0, 0.7, 0.025
MOST_REFUSED = 64  # steps that the loop does before machine code is tried again
AT_LEAST = 64  # steps that are done at once though what follows the loss might not want them
MOST_PLACES = 1 << 20  # of rows that one call is given, unless a single step has more


class NativeDescent:
    """`Descent.advance` for one problem as machine code; same arguments, same meaning.

    Parameters
    ----------
    problem, method, params, state
        As of a run before its first step.
    before : float
        Nanoseconds of work by NumPy that the loop does first.

    Attributes
    ----------
    first : int
        The step before which the loop does all.

    Raises
    ------
    RecordingError
        The step cannot be recorded; says why.
    NotCompilable
        It can, but there is no machine code for a part of it.
    """

    def __init__(self, problem: Problem, method: Descent, params: Params, state: State, before: float = 0.0) -> None:
        self.problem, self.method = problem, method
        self._rule = Carried(state["rule"], "rule")
        self._model = Carried(state["model"], "model", whole_numbers=True)
        self._plateau = method.learning_rate if isinstance(method.learning_rate, ReduceOnPlateau) else None
        self.programs = Recording(problem, method, params, state, self._rule, self._model).programs()
        self._repeated = Repeated(self.programs)  # says at once what there is no machine code for
        self.first = int(before / self.cost)
        self._orders = Orders(method.batches, problem.rows)
        self._consecutive: Array | None = None  # the places of all rows, where each epoch sees them as they come
        self._made_of = problem, method, params, state, before

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._made_of  # machine code stays where it is; what is made of the same is the same

    @property
    def cost(self) -> float:
        """About how many nanoseconds a step takes by NumPy."""
        cut = self.programs.cut
        shards = -(-cut.batch // cut.shard)
        return shards * max(map(_by_numpy, self.programs.slopes.values())) + _by_numpy(self.programs.update)

    # ---- running
    def advance(self, problem: Problem, params: Params, state: State, n: int, stopping: Stopping) -> Advance:
        """Up to `n` steps."""
        if problem is not self.problem or type(stopping) is not Stopping:
            return descend(problem, self.method, params, state, n, stopping)
        parts: list[Advance] = []
        began = perf_counter()
        while n > 0 and not (parts and parts[-1].halt):
            watch = state["watch"]
            early = 1 if watch is None or watch["first"] == 0.0 else 0
            early = FIRST_STEPS if watch is None else max(early, FIRST_STEPS - watch["steps"])
            early = max(early, self.first - state["step"], state.get("loop_until", 0) - state["step"])
            before = perf_counter() - began
            if early > 0:
                part = descend(problem, self.method, params, state, min(n, early), stopping)
            else:
                asked = min(n, self._most(state["step"], stopping))
                part, refused = self._many(params, state, asked, stopping, last=asked == n)
                if refused:
                    part.state = _left_to_the_loop(part.state)
            part.columns["time"] = before + np.asarray(part.columns["time"])
            params, state, n = part.params, part.state, n - len(part.columns["step"])
            parts.append(part)
        return _joined(params, state, parts)

    def _most(self, step: int, stopping: Stopping) -> int:
        """How many steps one call may do: to the end of the epoch where something is asked about epochs."""
        cut = self.programs.cut
        waits = [w for w in (stopping.patience, getattr(self._plateau, "patience", None)) if w is not None]
        if self.programs.full:
            return max(AT_LEAST, 4 * min(waits)) if waits else 1 << 62
        if stopping.threshold is not None or waits:
            return cut.per_epoch - step % cut.per_epoch
        return max(1, MOST_PLACES // cut.batch)

    def _many(self, params: Params, state: State, n: int, stopping: Stopping, last: bool) -> tuple[Advance, bool]:
        """Up to `n` steps at which no test fires, by machine code; and whether the next one is the loop's."""
        watch, first, cut = state["watch"], state["step"], self.programs.cut
        nothing = Advance(params, state, {name: np.empty(0) for name in _COLUMNS})
        epochs = np.arange(first, first + n) // cut.per_epoch
        full = self.programs.full
        if (not full or stopping.patience is not None) and stopping.epoch_ends(watch, first, int(epochs[0]), full):
            return nothing, True
        rates = self._rates(state, epochs)
        carried = [params.flat, *self._rule.arrays(state["rule"]), *self._model.arrays(state["model"])]
        threshold = -math.inf if stopping.threshold is None else stopping.threshold
        tests = Tests(
            watch["start"], watch["first"], watch["best"], watch["best_step"], stopping.tolerance, threshold,
            GROWTH_THAT_DIVERGES, STEPS_WITHOUT_PROGRESS, math.inf,
        )  # fmt: skip
        places = self._rows_of(state["seed"], first, n)
        began = perf_counter()
        made = self._repeated(carried, rates, first, first % cut.per_epoch, places, tests)
        k, spent = made.steps, perf_counter() - began
        if k == 0:
            return nothing, True
        kept, watch, memory = self._followed(state, stopping, epochs, made.losses, rates)
        if kept < k:  # the same steps again, and no more
            return self._many(params, state, kept, stopping, False)
        columns = {
            "step": np.arange(first, first + k), "epoch": epochs[:k], "loss": made.losses, "gradient_norm": made.lengths,
            "rate": rates[:k], "time": np.arange(1, k + 1) * (spent / k),
        }  # fmt: skip
        after = params.owning(made.carried[0])
        # The tests see step numbers and losses only, so the watch is as the loop would have left it.
        watch |= {"last": float(made.losses[-1]), "steps": watch["steps"] + k}
        best = None
        if full:
            watch |= {"best": made.best, "best_step": int(made.best_step)}
            best = made.lowest, params.owning(made.lowest_params)
        state = {
            **state,
            "schedule": memory,
            "step": first + k,
            "rule": self._rule.filled(made.carried[1 : 1 + len(self._rule)]),
            "model": self._model.filled(made.carried[1 + len(self._rule) :]),
            "watch": watch,
        }
        seen = None
        if last and k == n:
            before = params.owning(made.before)
            seen = self._seen(first + k - 1, before, after, made.gradient, float(made.losses[-1]), rates[k - 1], state)
        return Advance(after, state, columns, None, seen, best), k < n

    def _rates(self, state: State, epochs: Array) -> Array:
        """The rates of the next steps; those that follow the loss as long as it falls."""
        steps = np.arange(state["step"], state["step"] + len(epochs))
        if self._plateau is not None:
            return self._plateau.hoped_for(state["schedule"], steps, epochs)
        if not callable(self.method.learning_rate):
            return np.full(len(steps), float(state["rate"]))
        return np.array([self.method.rate_at(0.0, None, step, step, 0.0)[0] for step in steps.tolist()])

    def _followed(
        self, state: State, stopping: Stopping, epochs: Array, losses: Array, rates: Array
    ) -> tuple[int, Watch, Any]:
        """How many of the steps the loop would have done too, and what patience and schedule remember after them.

        Both know the loss of a step only after it. So steps are done as if it fell; where it did not, for too long, the
        steps from there on do not count. The first one does, since its rate is right in any case.
        """
        watch, memory, full = dict(state["watch"]), state["schedule"], self.programs.full
        patient = full and stopping.patience is not None
        kept = len(losses)
        if self._plateau is not None or patient:
            for i, loss in enumerate(losses.tolist()):
                step, epoch = state["step"] + i, int(epochs[i])
                rate, after = self.method.rate_at(rates[i], memory, step, epoch, loss)
                if rate != rates[i] or (patient and stopping.epoch_ends(watch, step, epoch, full)):
                    kept = i
                    break
                memory = after
                if patient:
                    stopping.follow(watch, epochs[i : i + 1], losses[i : i + 1])
        if kept and not full:
            stopping.follow(watch, epochs[:kept], losses[:kept])
        return kept, watch, memory

    def _rows_of(self, seed: int, first: int, n: int) -> Array | None:
        """The places of the rows of `n` steps one after the other, and some more."""
        if not self.programs.data:
            return None
        cut = self.programs.cut
        if self.programs.consecutive:
            if self._consecutive is None:
                self._consecutive = np.arange(cut.rows)
            return self._consecutive
        k, last = first % cut.per_epoch, first + n
        epochs = range(first // cut.per_epoch, -(-last // cut.per_epoch))
        orders = [self._orders.of(seed, epoch) for epoch in epochs]
        self._orders.draw(seed, epochs.stop)
        orders[-1] = orders[-1][: cut.rows if last % cut.per_epoch == 0 else last % cut.per_epoch * cut.batch]
        orders[0] = orders[0][k * cut.batch :]
        return np.concatenate([*orders, np.zeros(AHEAD, np.int64)])

    def _seen(
        self, number: int, before: Params, after: Params, gradient: Array, loss: float, rate: float, state: State
    ) -> Step:
        """The last step in full."""
        place = self.problem, self.method.batches, state["seed"], state["model"]
        return _Seen(number, loss, before.replaced(gradient), float(rate), before, after, place)


def _left_to_the_loop(state: State) -> State:
    """The state where machine code refuses a step: the loop does it, and twice as many where that happens again after them.

    Which steps are the loop's follows from the state, not from the calls.
    """
    step, tried_at, before = state["step"], state.get("loop_until", 0), state.get("refused", 0)
    count = min(2 * before, MOST_REFUSED) if before and step == tried_at else 1
    return {**state, "loop_until": step + count, "refused": count}


def _by_numpy(program: Program) -> float:
    total = CALL * len(program.operations)
    for operation in program.operations:
        sizes = [program.specs[x].size for x in (operation.out, *operation.values)]
        if operation.name == "matmul":
            total += MULTIPLY * sizes[0] * program.specs[operation.values[0]].shape[-1]
        elif operation.name not in VIEWS:
            total += NUMBER * max(sizes)
    return total


class _Seen(Step):
    """A step whose prediction is computed when somebody looks at it."""

    def __init__(
        self, number: int, loss: float, gradient: Params, rate: float, before: Params, after: Params, place: Any
    ) -> None:
        known = {"number": number, "loss": loss, "gradient": gradient, "rate": rate, "before": before, "after": after}
        vars(self).update(known, _place=place)

    @functools.cached_property
    def prediction(self) -> Any:
        problem, batches, seed, model = self._place  # type: ignore[attr-defined]
        epoch, places = batches.at(problem.rows, seed, self.number)
        with np.errstate(all="ignore"):
            key, inputs = Key(seed, epoch, self.number), problem.batch(places).inputs
            return detached(problem.predict(dict(self.before), model, inputs, key, True)[0])


_COLUMNS = ("step", "epoch", "loss", "gradient_norm", "rate", "time")


def _joined(params: Params, state: State, parts: list[Advance]) -> Advance:
    """Stretches of steps as one."""
    columns = {name: np.concatenate([[], *(part.columns[name] for part in parts)]) for name in _COLUMNS}
    best = min((part.best for part in parts if part.best is not None), key=lambda found: found[0], default=None)
    last = next((part.last for part in reversed(parts) if part.last is not None), None)
    return Advance(params, state, columns, parts[-1].halt if parts else None, last, best)
