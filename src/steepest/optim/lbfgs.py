"""L-BFGS-B, SciPy's, as a method."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from steepest.base.errors import ModelError
from steepest.base.openblas import one_thread
from steepest.base.params import Array, Params
from steepest.optim.method import Advance, Halt, State, norm
from steepest.optim.stopping import Stopping

LEVEL = 1e-5  # of the loss: a slope below which only rounding keeps the line search from going on
FALLEN = 1e-7  # of the slope at the start: the same, for a loss that goes to zero


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS (Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16, 1995) on all rows; a `Method`.

    SciPy's implementation, which cannot be stopped and go on: it is not stepwise, and `Run.step` refuses. The parameters are
    scaled to their natural magnitudes inside and the loss to its slope at the start. Of `Stopping` it asks the threshold and
    whether the start is finite; it goes on until the loss no longer falls, whatever the tolerance.

    Parameters
    ----------
    memory : int
        How many past steps model the curvature.

    Raises
    ------
    ModelError
        The memory is not a positive whole number.
    """

    memory: int = 10
    name = "L-BFGS-B"
    stepwise = False
    usual_steps = 100  # by which an engine is chosen
    asks = ("slope",)

    def __post_init__(self) -> None:
        if self.memory != int(self.memory) or self.memory < 1:
            raise ModelError(f"memory must be a positive whole number of steps, not {self.memory!r}.")

    def init(self, problem: Any, params: Params, seed: int) -> State:
        """The state before the first step."""
        scale = np.ones_like(params.flat) if problem.scale is None else problem.scale
        return {"step": 0, "seed": seed, "scale": np.maximum(np.abs(params.flat), scale)}

    def advance(self, problem: Any, params: Params, state: State, n: int, stopping: Stopping) -> Advance:
        """Up to `n` iterations from `params`, with a memory that begins empty."""
        from scipy.optimize import minimize  # 0.7 s, paid by who uses it

        descent = _Descent(problem, params, state, stopping)
        halt = descent.start()
        if halt is None:
            first = descent.step
            try:
                while halt is None and (left := n - (descent.step - first)) > 0:
                    options = {
                        "maxiter": left,
                        "maxfun": 20 * left + 100,
                        "maxcor": self.memory,
                        "ftol": 0.0,
                        "gtol": 0.0,
                    }
                    with one_thread(
                        "scipy"
                    ):  # its matrices are tiny; threads would wait for each other most of the time
                        result = minimize(
                            descent.evaluate, descent.here[2].flat / descent.scale, jac=True, method="L-BFGS-B",
                            bounds=descent.bounds(), callback=descent.accept, options=options,
                        )  # fmt: skip
                    halt = None if result.nit >= left else descent.ended()
                    if halt is not None and halt.name != "converged" and descent.passed_lower():
                        halt, descent.here = None, descent.best
            except _Enough as enough:
                halt = enough.halt
            except KeyboardInterrupt:
                halt = Halt(
                    "interrupted", f"interrupted after {descent.step} steps; the best parameters so far are kept."
                )
        loss, _, best = descent.best
        state = {**state, "step": descent.step}
        return Advance(best, state, descent.columns, halt, best=(loss, best) if math.isfinite(loss) else None)


class _Enough(Exception):
    def __init__(self, halt: Halt) -> None:
        self.halt = halt


@dataclass
class _Descent:
    """What one call of SciPy sees: the objective in scaled units, its lowest point, and a row for each step."""

    problem: Any
    params: Params
    state: State
    stopping: Stopping
    columns: dict[str, list[float]] = field(
        default_factory=lambda: {k: [] for k in ("step", "epoch", "loss", "gradient_norm", "rate", "time")}
    )

    def __post_init__(self) -> None:
        self.began = perf_counter()
        self.scale: Array = self.state["scale"]
        self.step = int(self.state["step"])
        loss, gradient = self.problem.value_and_gradient(self.params)
        self.here = self.best = (loss, gradient, self.params)
        self.last: dict[bytes, tuple[float, Array, Params]] = {}
        self.first_slope = self.slope(gradient, self.params)

    def bounds(self) -> Array | None:
        """SciPy's pairs, in scaled units."""
        box = self.problem.bounds
        return None if box is None else np.stack([box.lower / self.scale, box.upper / self.scale], axis=1)

    def slope(self, gradient: Array, params: Params) -> float:
        """How much the loss changes at most, to first order, when a parameter moves by its magnitude within its bounds."""
        if self.problem.bounds is not None:
            gradient = np.where(self.problem.bounds.held(params.flat, gradient), 0.0, gradient)
        with np.errstate(over="ignore"):  # on the way to minus infinity
            return float(np.max(np.abs(gradient) * np.maximum(np.abs(params.flat), self.scale), initial=0.0))

    def start(self) -> Halt | None:
        """Whether there is nothing to do."""
        loss, gradient, _ = self.here
        halt = self.stopping.finite(self.step, loss, norm(gradient)) or self.stopping.reached(self.step, loss)
        if halt is None and self.first_slope == 0.0:
            return Halt("converged", f"converged after {self.step} steps: the slope is zero.")
        return halt

    def evaluate(self, flat: Array) -> tuple[float, Array]:
        """The objective and its gradient, divided by the slope at the start."""
        params = self.params.replaced(flat * self.scale)
        if self.problem.bounds is not None:  # dividing and multiplying may step over a bound by one rounding
            params = params.replaced(self.problem.bounds.clip(params.flat))
        loss, gradient = self.problem.value_and_gradient(params)
        if not (math.isfinite(loss) and np.isfinite(gradient).all()):
            # High, and rising along the step: the line search comes back. It cannot work with an infinite value.
            high = self.here[0] + 1e3 * max(abs(self.here[0]), self.first_slope)
            back = flat - self.here[2].flat / self.scale
            return high / self.first_slope, back / max(norm(back), 1e-300)
        self.last = {flat.tobytes(): (loss, gradient, params)}
        if loss <= self.best[0]:
            self.best = (loss, gradient, params)
        return loss / self.first_slope, gradient * self.scale / self.first_slope

    def accept(self, flat: Array) -> None:
        """A step is done: its row says where it started from."""
        if not np.isfinite(flat).all():  # at a point without slope SciPy divides 0 by 0
            raise _Enough(self.ended())
        loss, gradient, _ = self.here
        row = (self.step, self.step, loss, norm(gradient), 1.0, perf_counter() - self.began)
        for column, value in zip(self.columns.values(), row, strict=True):
            column.append(value)
        if flat.tobytes() not in self.last:
            self.evaluate(flat)
        self.here = self.last[flat.tobytes()]
        self.step += 1
        halt = self.stopping.reached(self.step, self.here[0])
        if halt is None and self.slope(self.here[1], self.here[2]) == 0.0:
            halt = self.ended()
        if halt is not None:
            raise _Enough(halt)

    def passed_lower(self) -> bool:
        """Whether a trial of a line search lies visibly lower than where the descent is: in another valley."""
        return bool(self.best[0] < self.here[0] - LEVEL * abs(self.here[0]))

    def ended(self) -> Halt:
        """Why SciPy has found nothing lower."""
        loss, gradient, params = self.best
        slope, after = self.slope(gradient, params), f"after {self.step} step{'s' * (self.step != 1)}"
        if slope <= LEVEL * abs(loss) or slope <= FALLEN * self.first_slope:
            return Halt("converged", f"converged {after}: the loss no longer falls.")
        return Halt(
            "stalled", f"stalled {after}: the line search finds nothing lower, though the slope is not zero.",
            "The function may not be smooth here: give another start, or use another method.",
        )  # fmt: skip
