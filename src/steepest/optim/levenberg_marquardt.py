"""Levenberg-Marquardt: least squares by damped Gauss-Newton steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from steepest.base.errors import ModelError
from steepest.base.params import Array, Params
from steepest.optim.linearised import EPSILON, Linearised
from steepest.optim.method import Advance, Halt, State, Step, norm
from steepest.optim.stopping import Stopping

MOST_TRIALS = 60  # the damping grows by 2, 4, 8, ...: this many leave no step in float64
QUIET_STEPS = 30  # so many steps of less than QUIET relative decrease are a stall
QUIET = 1e-10
MOST_POLISH = 50


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Damped Gauss-Newton steps for least squares and for robust losses of residuals; a `Method`.

    With residuals r, weights w and Jacobian J the step d minimises ``|sqrt(w) (r + J d)|**2 + damping |d / D|**2``, where D
    scales the columns of J to length 1 (Levenberg 1944; Marquardt, J. SIAM 11, 1963; More, LNM 630, 1978), so that the path
    does not feel the parameters' units. The damping follows the ratio of actual to predicted decrease (Nielsen,
    IMM-REP-1999-05). Once the decrease is below rounding, undamped steps polish the parameters as long as they turn the
    residual closer to a right angle to the model.

    For a loss rho(r) other than a square the weights are w psi(r)/r with psi = rho', taken anew at each step (iteratively
    reweighted least squares; Holland and Welsch 1977); a step must lower the sum of rho itself.

    Parameters
    ----------
    damping : float
        Before the first step; 1 is as large as one column of the scaled Jacobian.
    """

    damping: float = 1e-3
    name = "Levenberg-Marquardt"
    stepwise = True
    most_steps = 1000  # each is worth hundreds of a descent's

    def init(self, problem: Any, params: Params, seed: int) -> State:
        """The state before the first step.

        Raises
        ------
        ModelError
            The problem is no curve fit: no data, a loss that is not of residuals, or a penalty.
        """
        if not problem.has_data or problem.loss_function.slope is None:
            raise ModelError(
                "Levenberg-Marquardt needs data and a loss of residuals. Use method='lbfgs' for other functions."
            )
        if problem.penalty is not None:
            raise ModelError("Levenberg-Marquardt takes no penalty. Use method='lbfgs'.")
        return {"step": 0, "seed": seed, "damping": self.damping, "growth": 2.0, "floor": math.inf, "quiet": 0,
                "polish": 0, "offset": math.inf, "previous": None}  # fmt: skip

    def advance(self, problem: Any, params: Params, state: State, n: int, stopping: Stopping) -> Advance:
        """Up to `n` steps that were accepted."""
        state = dict(state)
        done = Advance(params, state, {k: [] for k in ("step", "epoch", "loss", "gradient_norm", "rate", "time")})
        began = perf_counter()
        with np.errstate(all="ignore"):
            for _ in range(n):
                step = state["step"]
                point = Linearised.at(problem, params, lambda r: _robust_weights(problem, r, state))
                if point is None:
                    done.halt = Halt("non_finite", f"the model or its derivative is not finite at step {step}.")
                    break
                total = _total(problem, point.residual)
                loss = problem.reduced(total)
                gradient = _gradient(problem, point, loss)
                done.halt = (
                    stopping.finite(step, loss, gradient)
                    or stopping.reached(step, loss)
                    or _ended(problem, point, state)
                )
                if done.halt is not None:
                    if state["previous"] is not None and point.offset > state["offset"]:
                        params = params.replaced(state["previous"])  # the last polishing step made it worse
                        loss = problem.value(params)
                    done.best = (loss, params)
                    break
                before, params = params, _next(problem, params, point, total, state)
                if params is before:
                    done.halt, done.best = _no_better(point, state), (loss, params)
                    break
                row = (step, step, loss, norm(gradient), state["damping"], perf_counter() - began)
                for column, value in zip(done.columns.values(), row, strict=True):
                    column.append(value)
                prediction = (point.residual + np.ravel(problem.data.target)).reshape(np.shape(problem.data.target))
                done.last = Step(step, prediction, loss, before.replaced(gradient), state["damping"], before, params)
                done.best = (loss, before)  # every step lowers the loss
                state["step"] = step + 1
        done.params = params
        return done


def _ended(problem: Any, point: Linearised, state: State) -> Halt | None:
    """Whether the point is the answer, or the descent has stopped being one."""
    step, offset = state["step"], point.offset
    after = f"converged after {step} step{'s' * (step != 1)}"
    if point.exact:
        return Halt("converged", f"{after}: the model goes through every point.")
    if state["polish"]:
        if offset > 0.5 * state["offset"] or offset <= 4 * EPSILON or state["polish"] >= MOST_POLISH:
            return Halt(
                "converged", f"{after}: no change of the parameters lowers the loss (relative slope {offset:.0e})."
            )
    elif state["quiet"] >= QUIET_STEPS:
        if problem.loss_function.curvature is None:  # a kink at zero residual: the weights only creep up on it
            return Halt("converged", f"{after}: the loss no longer falls (relative slope {offset:.0e}).")
        return Halt(
            "stalled",
            f"stalled after {step} steps: the loss hardly falls any more, though its slope is not zero "
            f"(relative slope {offset:.0e}).",
            "The data may not determine all parameters: fix one, or give other starts with start=.",
        )
    return None


def _next(problem: Any, params: Params, point: Linearised, total: float, state: State) -> Params:
    """The parameters after one accepted step; `params` itself if there is none. Changes `state`."""
    if point.offset**2 <= 16 * EPSILON or state["polish"]:
        # The predicted decrease is below the rounding of the loss: from here on the slope tells what is better.
        state.update(polish=state["polish"] + 1, offset=point.offset, previous=params.flat)
        return params.replaced(params.flat + point.step(0.0))
    for _ in range(MOST_TRIALS):
        trial = params.replaced(params.flat + point.step(state["damping"]))
        decrease = total - _total(problem, problem.residuals(trial))
        # |sqrt(u) (r + J d)|**2 with u = w psi/r models twice the sum of w rho, up to a constant.
        gain = 2.0 * decrease / max(point.predicted_decrease(state["damping"]), 1e-300)
        if decrease > 0 and math.isfinite(decrease):
            state["damping"] *= max(1 / 3, 1.0 - (2.0 * gain - 1.0) ** 3) if gain < 1 else 1 / 3
            state["growth"] = 2.0
            state["quiet"] = state["quiet"] + 1 if decrease <= QUIET * total else 0
            return trial
        state["damping"] = max(state["damping"], 1e-12) * state["growth"]
        state["growth"] *= 2.0
    return params


def _no_better(point: Linearised, state: State) -> Halt:
    """No step, however short, lowers the loss: only rounding is left, or the model is not smooth here."""
    if point.offset < 1e-5 or point.residual_norm <= 1e-12 * point.target_norm:
        return Halt(
            "converged",
            f"converged after {state['step']} steps: no step lowers the loss (relative slope {point.offset:.0e}).",
        )
    return Halt(
        "stalled",
        f"stalled at step {state['step']}: no step lowers the loss, though its slope is not zero "
        f"(relative slope {point.offset:.0e}).",
        "Give other starts with start=, or check that the model is smooth there.",
    )


def _total(problem: Any, residual: Array) -> float:
    """The sum of w rho(r)."""
    return float(np.sum(problem.row_weights * problem.loss_function.of_residual(residual)))


def _robust_weights(problem: Any, residual: Array, state: State) -> Array:
    """psi(r) / r; where that is infinite (mae at 0) residuals count as at least a floor that falls as the fit settles."""
    loss = problem.loss_function
    if loss.squared:
        return np.full_like(residual, 2.0)
    size = np.abs(residual)
    spread = float(np.median(size))
    if spread == 0.0:
        spread = float(np.max(size, initial=0.0))
    state["floor"] = max(1e-9 * spread, min(state["floor"] / 2.0, spread), 1e-300)
    safe = np.maximum(size, state["floor"])
    return np.asarray(np.abs(loss.slope(safe)) / safe)


def _gradient(problem: Any, point: Linearised, loss: float) -> Array:
    """The gradient of the objective itself."""
    slope = point.jacobian.T @ (problem.row_weights * problem.loss_function.slope(point.residual))
    if problem.loss_function.root:  # d sqrt(m) = dm / (2 sqrt(m))
        return np.asarray(problem.reduced_slope(slope) / (2.0 * loss)) if loss > 0 else np.zeros_like(slope)
    return np.asarray(problem.reduced_slope(slope))
