"""The training loop. Its lines are the seven steps: initialise, predict, loss, gradient, step, repeat, stop.

This loop defines what a descent means; faster engines replace it and are compared with it.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from steepest.autodiff.apply import inside_transform, linking
from steepest.base.params import Params
from steepest.base.random import Key
from steepest.optim.chain import state_for
from steepest.optim.method import Advance, Halt, State, Step, norm
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
    full = method.batches.is_full(problem.rows)
    columns: dict[str, list[float]] = {k: [] for k in ("step", "epoch", "loss", "gradient_norm", "rate", "time")}
    best: tuple[float, Params] | None = None
    last: Step | None = None
    halt: Halt | None = None
    began = perf_counter()
    with np.errstate(all="ignore"):  # what is not finite is found by `stopping`, and named
        for _ in range(n):  # 6. repeat
            epoch, places = method.batches.at(problem.rows, seed, step)
            parts = problem.parts(method.batches.cut(places, problem.rows))
            leaves = problem.leaves(params)
            loss, gradient, predictions, next_model = 0.0, np.zeros_like(params.flat), [], model
            for k, (batch, share) in enumerate(parts):  # one, unless gradients are accumulated
                key = Key(seed, epoch, step * method.batches.parts + k)
                with linking(), inside_transform():
                    prediction, next_model = problem.predict(leaves, next_model, batch.inputs, key, True)  # 2. predict
                    objective = problem.objective(prediction, batch, leaves, share)  # 3. loss
                loss = loss + float(detached(objective))
                gradient = gradient + problem.gradient(objective, leaves)  # 4. gradient
                predictions.append(detached(prediction))
            rate, next_memory = method.rate_at(state["rate"], memory, step, epoch, loss)
            magnitude = np.maximum(np.abs(params.flat), scale)
            halt = stopping.over(watch, step, epoch, loss, gradient, magnitude, rate, full)  # 7. stop
            if full and np.isfinite(loss) and (best is None or loss < best[0]):
                best = (loss, params)
            if halt is not None:
                break
            change, rule_state = method.rule.update(gradient * scale, rule_state, params.flat / scale, rate, step)
            before, params = params, params.replaced(params.flat + scale * change)  # 5. step
            seen = predictions[0] if len(predictions) == 1 else np.concatenate(predictions)
            last = Step(step, seen, loss, before.replaced(gradient), rate, before, params)
            model, memory, step = next_model, next_memory, step + 1
            row = (step - 1, epoch, loss, norm(gradient), rate, perf_counter() - began)
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
    state = {**state, "step": step, "rule": rule_state, "model": model, "schedule": memory, "watch": watch}
    return Advance(params, state, columns, halt, last, best)
