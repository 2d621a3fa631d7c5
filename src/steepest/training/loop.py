"""The training loop. Its lines are the seven steps: initialise, predict, loss, gradient, step, repeat, stop.

This loop defines what a descent means; faster engines replace it and are compared with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.autodiff.apply import inside_transform, linking
from steepest.base.params import Array, Params
from steepest.base.random import Key
from steepest.optim.chain import state_for
from steepest.optim.method import Advance, Halt, State, Step, norm
from steepest.optim.rules import Rule, RuleState
from steepest.optim.stopping import Stopping
from steepest.training.problem import Problem, detached

if TYPE_CHECKING:
    from steepest.training.descent import Descent


def initialise(problem: Problem, method: Descent, params: Params, seed: int) -> State:
    """Step 1, initialise: everything that will change, before the first step."""
    method.batches.check(problem.rows)
    scale = method.scale_for(problem)
    return {
        "step": 0,
        "seed": seed,
        "scale": scale,
        "rate": method.first_rate(problem, params, scale, seed),
        "schedule": method.first_memory(),
        "rule": state_for(method.rule, params),
        "model": problem.initial_state,
        "watch": None,
    }


def descend(problem: Problem, method: Descent, params: Params, state: State, n: int, stopping: Stopping) -> Advance:
    """Up to `n` steps of gradient descent."""
    step, seed, scale, rule_state, model, memory = (
        state[k] for k in ("step", "seed", "scale", "rule", "model", "schedule")
    )
    watch = dict(state["watch"]) if state["watch"] else stopping.start()
    full, box = method.batches.is_full(problem.rows), problem.bounds
    rows: list[tuple[float, ...]] = []
    best: tuple[float, Params] | None = None
    seen: tuple[Any, ...] | None = None
    halt: Halt | None = None
    whole = problem.parts(_in_blocks(problem, method)) if full else None
    update, nothing = update_in_units(method.rule, scale), np.zeros_like(params.flat)
    began = perf_counter()
    # What is not finite is found by `stopping`, and named.
    with np.errstate(all="ignore"), linking(), inside_transform():
        for _ in range(n):  # 6. repeat
            epoch, places = method.batches.at(problem.rows, seed, step)
            parts = whole or problem.parts(method.batches.cut(places, problem.rows))
            leaves = problem.leaves(params)
            loss, gradient, predictions, next_model = 0.0, nothing, [], model
            for k, (batch, share) in enumerate(parts):  # one, unless gradients are accumulated
                key = Key(seed, epoch, step * max(method.batches.parts, len(parts)) + k)
                prediction, next_model = problem.predict(leaves, next_model, batch.inputs, key, True)  # 2. predict
                objective = problem.objective(prediction, batch, leaves, share)  # 3. loss
                part = problem.gradient(objective, leaves)  # 4. gradient
                loss, gradient = loss + float(detached(objective)), part if gradient is nothing else gradient + part
                predictions.append(detached(prediction))
            rate, next_memory = method.rate_at(state["rate"], memory, step, epoch, loss)
            length = norm(gradient)
            slope = gradient if box is None else np.where(box.held(params.flat, gradient), 0.0, gradient)
            promises = np.abs(slope * np.maximum(np.abs(params.flat), scale))
            promise = float(promises[promises.argmax()])  # on few numbers max() takes three times as long
            halt = stopping.over(watch, step, epoch, loss, length, promise, rate, full)  # 7. stop
            if full and math.isfinite(loss) and (best is None or loss < best[0]):
                best = (loss, params)
            if halt is not None:
                break
            change, rule_state = update(gradient, rule_state, params.flat, rate, step)
            before, moved = params, (params.flat + change).astype(params.flat.dtype, copy=False)
            params = params.owning(moved if box is None else box.clip(moved))  # 5. step
            seen = (step, predictions, loss, gradient, rate, before, params)
            model, memory, step = next_model, next_memory, step + 1
            rows.append((step - 1, epoch, loss, length, rate, perf_counter() - began))
    last = None if seen is None else _step(*seen)
    state = {**state, "step": step, "rule": rule_state, "model": model, "schedule": memory, "watch": watch}
    names = ("step", "epoch", "loss", "gradient_norm", "rate", "time")
    columns = {
        name: list(column) for name, column in zip(names, zip(*rows, strict=True) if rows else [()] * 6, strict=True)
    }
    return Advance(params, state, columns, halt, last, best)


def _in_blocks(problem: Problem, method: Descent) -> list[Any]:
    """How all rows are cut: as asked for, or in blocks where they are many and each block has a loss of its own."""
    if method.batches.parts == 1 and problem.trains_as_it_predicts and not problem.loss_function.root:
        blocks = list(problem.blocks())
        if len(blocks) > 1 and all(b.problem.data.weights is None or b.problem.data.weights.any() for b in blocks):
            return [block.rows for block in blocks]
    return method.batches.cut(None, problem.rows)


def update_in_units(rule: Rule, scale: Array) -> Callable[..., tuple[Array, RuleState]]:
    """The update of a rule that sees the parameters in units of `scale`."""
    if (scale == 1.0).all():
        return rule.update

    def update(gradient: Array, state: RuleState, flat: Array, rate: float, step: int) -> tuple[Array, RuleState]:
        change, state = rule.update(gradient * scale, state, flat / scale, rate, step)
        return scale * change, state

    return update


def _step(
    number: int, predictions: list[Any], loss: float, gradient: Array, rate: float, before: Params, after: Params
) -> Step:
    prediction = predictions[0] if len(predictions) == 1 else np.concatenate(predictions)
    return Step(number, prediction, loss, before.replaced(gradient), rate, before, after)
