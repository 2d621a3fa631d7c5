"""Search: what methods without gradients have in common."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from steepest.base.params import Array, Params
from steepest.base.random import generator
from steepest.optim.method import Advance, Halt, State, Step
from steepest.optim.region import Region
from steepest.optim.stopping import Stopping

PATIENCE = 100  # generations without a lower loss after which a search is over
GAIN = 1e-12  # relative decrease of the loss that counts as lower


@dataclass(frozen=True, kw_only=True)
class Search(ABC):
    """A method that looks at losses alone, a generation of points at a step; base of the searches.

    A loss that is not finite is simply bad: its point is never accepted. Of `Stopping` a search asks the threshold, the
    patience (in generations), and as tolerance the width, in units of each parameter's magnitude, below which it has nothing
    left to distinguish. Rows of the History have the lowest loss so far, and the width as their rate; there is no gradient.

    Parameters
    ----------
    bounds : pair of numbers, mapping of str to pair, or sequence of pairs, optional
        Where to look, and never beyond; see `Region.of`. Left out, the search begins around the start.
    """

    bounds: Any = None
    stepwise = True
    most_steps = 1000  # each is worth a whole generation of losses
    usual_steps = 100  # by which an engine is chosen
    asks = ("value",)
    name = "search"  # in words; also the name of its stream of random numbers

    @abstractmethod
    def first(self, start: Array, loss: float) -> State:
        """Its own memory before the first generation: the start, in the units of the region, and its loss."""

    @abstractmethod
    def generation(self, state: State, space: Space, draws: np.random.Generator) -> State:
        """One generation: asks `space` for the losses of points (k, n) and returns the new memory."""

    @property
    @abstractmethod
    def points_a_step(self) -> int:
        """How many points a generation has, about."""

    @abstractmethod
    def width(self, state: State) -> Array:
        """How far apart the points of the next generation will be, (n,), in the units of the region."""

    def init(self, problem: Any, params: Params, seed: int) -> State:
        """The state before the first generation.

        Raises
        ------
        ModelError
            The start is not finite, or does not lie within the bounds.
        """
        region = Region.of(problem, params, self.bounds)
        return {
            "step": 0, "seed": seed, "region": region.as_state(), "loss": None, "points": 0,
            "first": 0.0, "mark": math.inf, "mark_step": 0, "memory": None,
        }  # fmt: skip

    def advance(self, problem: Any, params: Params, state: State, n: int, stopping: Stopping) -> Advance:
        """Up to `n` generations; `params` are the best so far."""
        state = dict(state)
        space = Space(problem, params, state)
        if state["memory"] is None:
            state["memory"] = self.first(space.region.unit(np.asarray(params.flat, dtype=np.float64)), space.loss)
        done = Advance(params, state, {k: [] for k in ("step", "epoch", "loss", "gradient_norm", "rate", "time")})
        began = perf_counter()
        for _ in range(n):
            step, loss, before = state["step"], space.loss, space.best
            done.halt = self._over(space, stopping)
            if done.halt is not None:
                break
            width = float(np.max(self.width(state["memory"])))
            draws = generator(state["seed"], self.name, 0, step)
            state["memory"] = self.generation(state["memory"], space, draws)
            row = (step, step, loss, math.nan, width, perf_counter() - began)
            for column, value in zip(done.columns.values(), row, strict=True):
                column.append(value)
            state["step"] = step + 1
            nothing = before.replaced(np.full_like(before.flat, math.nan))
            done.last = Step(step, None, loss, nothing, width, before, space.best)
        state["loss"], state["points"] = space.loss, space.points
        if done.last is not None:
            last = done.last
            prediction = problem.outputs(last.before)
            done.last = Step(last.number, prediction, last.loss, last.gradient, last.rate, last.before, last.after)
        done.params = space.best
        done.best = (space.loss, space.best) if math.isfinite(space.loss) else None
        return done

    def _over(self, space: Space, stopping: Stopping) -> Halt | None:
        """Whether the search has come to its end. Changes the state."""
        state, loss = space.state, space.loss
        step = state["step"]
        halt = stopping.reached(step, loss)
        if halt is not None:
            return halt
        mark = state["mark"]
        if mark == math.inf and math.isfinite(loss):
            state.update(first=abs(loss), mark=loss, mark_step=step)
        elif loss < mark - GAIN * abs(mark) - stopping.tolerance**2 * state["first"]:
            state.update(mark=loss, mark_step=step)
        quiet, points = step - state["mark_step"], f"{step} generations, {space.points:,} points"
        if stopping.patience is not None and quiet >= stopping.patience:
            return Halt(
                "stopped_early",
                f"stopped early: the {self.name} has not found lower than {loss:.6g} for {quiet} generations ({points}).",
            )
        narrow = space.narrow(self.width(state["memory"]), stopping.tolerance)
        if narrow and math.isfinite(loss):
            return Halt(
                "converged", f"converged: the {self.name} ({points}) has not found lower than {loss:.6g}, and is no wider than "
                f"{stopping.tolerance:.0e} of each parameter's magnitude. There may be lower minima elsewhere.",
            )  # fmt: skip
        if quiet < PATIENCE:
            return None
        if not math.isfinite(loss):
            return Halt(
                "non_finite", f"the {self.name} has found no point where the loss is finite ({points}).",
                "Give another start, or bounds= within which the model is defined.",
            )  # fmt: skip
        return Halt(
            "stalled", f"stalled: the {self.name} has not found lower than {loss:.6g} for {quiet} generations ({points}).",
            "Go on from here with lbfgs, or give bounds= that are nearer, or a larger population.",
        )  # fmt: skip


class Space:
    """A problem as a search sees it: losses of points in the units of the region, 0 to 1 in each, and the best so far."""

    def __init__(self, problem: Any, params: Params, state: State) -> None:
        self.problem, self.state, self.best = problem, state, params
        self.region = Region.from_state(state["region"])
        self.points = int(state["points"])
        if state["loss"] is None:
            self.points += 1
            loss = problem.value(params)
            self.loss = loss if math.isfinite(loss) else math.inf
        else:
            self.loss = float(state["loss"])

    def losses(self, points: Array) -> Array:
        """The loss at each of the points (k, n); infinite where it is not finite."""
        places = [self.best.replaced(self.region.point(unit)) for unit in points]
        self.points += len(places)
        found = self.problem.values(places)
        found = np.where(np.isfinite(found), found, np.inf)
        lowest = int(np.argmin(found)) if len(found) else 0
        if len(found) and found[lowest] < self.loss:
            self.loss, self.best = float(found[lowest]), places[lowest]
        return found

    def narrow(self, width: Array, tolerance: float) -> bool:
        """Whether a width, in the units of the region, is below the tolerance in each parameter's magnitude."""
        size = self.region.high - self.region.low
        return bool(np.all(width * size <= tolerance * np.maximum(np.abs(self.best.flat), self.region.scale)))
