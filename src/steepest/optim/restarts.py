"""Restarts: a method from several starts, and the lowest of the ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.base.params import Params
from steepest.base.random import generator
from steepest.optim.method import Advance, Halt, Method, State, Step
from steepest.optim.minima import distinct
from steepest.optim.region import Region
from steepest.optim.stopping import Stopping

LONGEST = 10_000  # steps of one descent, where neither it nor the method says
REMEDY = "Allow each descent more steps, or use a faster method (levenberg_marquardt or lbfgs)."


@dataclass(frozen=True)
class Restarts:
    """Another method from several starts, since a descent ends in the minimum that its start leads to; a `Method`.

    The first descent is from the problem's own start, the others from points drawn uniformly from the region. A step is one
    whole descent. The state keeps where each began and ended; `steepest.restarts` tells the minima apart.

    Parameters
    ----------
    method : Method
        What descends.
    starts : int
        How many descents there are.
    steps : int, optional
        The most steps of one descent; as many as the method usually needs if left out.
    bounds : optional
        Where the starts are drawn; see `Region.of`. Left out, within the method's own, if it has some. A descent may leave these.

    Raises
    ------
    ModelError
        `method` is not a method, or a number is not a positive whole one.

    Examples
    --------
    >>> import steepest as sd
    >>> method = Restarts(sd.LBFGS(), starts=10, bounds=(-2, 2))
    >>> run = sd.minimize(lambda x: (x**2 - 1) ** 2 + 0.1 * x, 0.9, method=method)
    >>> round(float(run.params["x"]), 4), run.outcome.name
    (-1.0123, 'converged')
    """

    method: Method
    starts: int = 20
    steps: int | None = None
    bounds: Any = None
    stepwise = True

    def __post_init__(self) -> None:
        if isinstance(self.method, (str, type)) or not hasattr(self.method, "advance"):
            raise ModelError(f"restarts are of a method, such as LBFGS() or Descent(Adam()), not {self.method!r}.")
        whole("the number of starts", self.starts)
        if self.steps is not None:
            whole("the steps of a descent", self.steps)

    @property
    def name(self) -> str:
        return f"restarts of {self.method.name}"

    @property
    def most_steps(self) -> int:
        """The budget of a run: one step for each start."""
        return self.starts

    @property
    def usual_steps(self) -> int:
        """By which an engine is chosen."""
        return self.starts

    @property
    def points_a_step(self) -> int:
        """How often a descent asks, about."""
        return getattr(self.method, "usual_steps", 0) * getattr(self.method, "points_a_step", 1)

    @property
    def asks(self) -> tuple[str, ...]:
        """What a descent asks."""
        return getattr(self.method, "asks", ())

    def init(self, problem: Any, params: Params, seed: int) -> State:
        """The state before the first descent.

        Raises
        ------
        ModelError
            The method cannot solve the problem, or the start lies outside the bounds.
        """
        self.method.init(problem, params, seed)
        n = params.flat.size
        bounds = getattr(self.method, "bounds", None) if self.bounds is None else self.bounds
        return {
            "step": 0, "seed": seed, "region": Region.of(problem, params, bounds).as_state(), "origin": params.flat,
            "loss": None, "starts": np.empty((0, n)), "ends": np.empty((0, n)), "losses": np.empty(0), "outcomes": [],
        }  # fmt: skip

    def advance(self, problem: Any, params: Params, state: State, n: int, stopping: Stopping) -> Advance:
        """Up to `n` descents; `params` are the lowest end so far."""
        state = dict(state)
        region = Region.from_state(state["region"])
        if state["loss"] is None:
            state["loss"] = _finite(problem.value(params))
        done = Advance(params, state, {k: [] for k in ("step", "epoch", "loss", "gradient_norm", "rate", "time")})
        began = perf_counter()
        for _ in range(n):
            step, loss, before = state["step"], state["loss"], done.params
            done.halt = stopping.reached(step, loss)
            if done.halt is not None:
                break
            draws = generator(state["seed"], "restarts", 0, step)
            start = params.replaced(state["origin"] if step == 0 else region.point(draws.random(params.flat.size)))
            end, reached, outcome = self._descent(problem, start, int(draws.integers(2**63)), stopping)
            if reached < loss:
                state["loss"], done.params = reached, end
            state.update(
                step=step + 1, starts=np.vstack([state["starts"], start.flat]), ends=np.vstack([state["ends"], end.flat]),
                losses=np.append(state["losses"], reached), outcomes=[*state["outcomes"], outcome],
            )  # fmt: skip
            row = (step, step, loss, math.nan, math.nan, perf_counter() - began)
            for column, value in zip(done.columns.values(), row, strict=True):
                column.append(value)
            done.last = Step(
                step, None, loss, before.replaced(np.full_like(before.flat, math.nan)), math.nan, before, done.params
            )
            done.halt = self._over(state, region)
            if done.halt is not None:
                break
        if math.isfinite(state["loss"]):
            done.best = (state["loss"], done.params)
        return done

    def _descent(self, problem: Any, start: Params, seed: int, stopping: Stopping) -> tuple[Params, float, str]:
        """The end of one descent, its loss, and the name of its outcome."""
        state = self.method.init(problem, start, seed)
        most: int = self.steps or getattr(self.method, "most_steps", None) or LONGEST
        done = self.method.advance(problem, start, state, most, stopping)
        if done.halt is not None and done.halt.name == "interrupted":
            raise KeyboardInterrupt
        end, loss = done.params, _finite(problem.value(done.params, done.state.get("model")))
        if done.best is not None and done.best[0] < loss:
            loss, end = done.best
        return end, loss, "out_of_steps" if done.halt is None else done.halt.name

    def _over(self, state: State, region: Region) -> Halt | None:
        """The end, when all descents are done: that of the lowest of them."""
        count = state["step"]
        if count < self.starts:
            return None
        losses = state["losses"]
        groups = distinct(state["ends"], losses, region.scale)
        if not groups:
            return Halt(
                "non_finite", f"none of {count} descents by {self.method.name} found a finite loss.",
                "Give another start, or bounds= within which the model is defined.",
            )  # fmt: skip
        lowest = groups[0]
        told = (
            f"{count} descent{'s' * (count != 1)} by {self.method.name} ended in {len(groups)} place{'s' * (len(groups) != 1)}; "
            f"the lowest, {losses[lowest[0]]:.6g}, was reached {len(lowest)} time{'s' * (len(lowest) != 1)}."
        )
        outcome = next(
            (state["outcomes"][k] for k in lowest if state["outcomes"][k] == "converged"), state["outcomes"][lowest[0]]
        )
        if outcome in ("converged", "threshold_reached"):
            return Halt("converged", f"converged: {told}")
        return Halt("stalled", f"{told} Not one of these had converged ({outcome.replace('_', ' ')}).", REMEDY)


def _finite(loss: float) -> float:
    return loss if math.isfinite(loss) else math.inf
