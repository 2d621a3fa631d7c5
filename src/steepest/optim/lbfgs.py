"""L-BFGS-B, SciPy's, as a method."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from steepest.base.params import Array, Params
from steepest.optim.method import Advance, Halt, State, norm
from steepest.optim.stopping import Stopping


class _Enough(Exception):
    def __init__(self, halt: Halt) -> None:
        self.halt = halt


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS (Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16, 1995) on all rows; a `Method`.

    SciPy's implementation, which cannot be stopped and go on: it is not stepwise, and `Run.step` refuses. The parameters are
    scaled to their natural magnitudes inside.

    Parameters
    ----------
    memory : int
        How many past steps model the curvature.
    """

    memory: int = 10
    name = "L-BFGS-B"
    stepwise = False

    def init(self, problem: Any, params: Params, seed: int) -> State:
        """The state before the first step."""
        scale = np.ones_like(params.flat) if problem.scale is None else problem.scale
        return {"step": 0, "seed": seed, "scale": np.maximum(np.abs(params.flat), scale)}

    def advance(self, problem: Any, params: Params, state: State, n: int, stopping: Stopping) -> Advance:
        """Up to `n` iterations from `params`."""
        from scipy.optimize import minimize  # 0.7 s, paid by who uses it

        state = dict(state)
        scale, first = state["scale"], state["step"]
        done = Advance(params, state, {k: [] for k in ("step", "epoch", "loss", "gradient_norm", "rate", "time")})
        began = perf_counter()
        seen: dict[bytes, tuple[float, Array]] = {}

        def evaluate(flat: Array) -> tuple[float, Array]:
            q = params.replaced(flat * scale)
            loss, gradient = problem.value_and_gradient(q)
            if not seen:  # the start, which SciPy does not report
                halt = stopping.finite(first, loss, gradient)
                if halt is not None:
                    raise _Enough(halt)
            if not math.isfinite(loss):
                return math.inf, np.zeros_like(flat)  # the line search comes back
            seen.clear()
            seen[flat.tobytes()] = (loss, gradient)
            if done.best is None or loss < done.best[0]:
                done.best = (loss, q)
            return loss, gradient * scale

        def report(flat: Array) -> None:
            loss, gradient = seen.get(flat.tobytes()) or problem.value_and_gradient(params.replaced(flat * scale))
            row = (state["step"], state["step"], loss, norm(gradient), 1.0, perf_counter() - began)
            for column, value in zip(done.columns.values(), row, strict=True):
                column.append(value)
            state["step"] += 1
            halt = stopping.reached(state["step"], loss)
            if halt is not None:
                raise _Enough(halt)

        options = {"maxiter": n, "maxfun": 20 * n + 100, "maxcor": self.memory, "ftol": 1e-15, "gtol": 1e-9}
        try:
            report(params.flat / scale)
            state["step"] = first
            result = minimize(
                evaluate, params.flat / scale, jac=True, method="L-BFGS-B", callback=report, options=options
            )
        except _Enough as enough:
            done.halt = enough.halt
        else:
            done.halt = self._halt(result, n)
        # The rows describe where each step started from; the last report is where it ended.
        if len(done.columns["step"]) > 1:
            for column in done.columns.values():
                column.pop()
        done.columns["step"] = [float(first + k) for k in range(len(done.columns["step"]))]
        done.columns["epoch"] = list(done.columns["step"])
        if done.best is not None:
            done.params = done.best[1]
        return done

    @staticmethod
    def _halt(result: Any, n: int) -> Halt | None:
        if result.nit >= n and not result.success:
            return None
        if not math.isfinite(result.fun):
            return Halt("non_finite", f"the loss is {result.fun} wherever the line search looked.")
        if result.success:
            return Halt("converged", f"converged after {result.nit} steps: the loss no longer falls.")
        if float(np.max(np.abs(result.jac), initial=0.0)) <= 1e-5 * max(abs(result.fun), 1e-300):
            return Halt("converged", f"converged after {result.nit} steps: the line search finds nothing lower.")
        return Halt(
            "stalled", f"stalled after {result.nit} steps: the line search finds nothing lower, though the slope is not zero.",
            "The function may not be smooth here: give another start, or use another method.",
        )  # fmt: skip
