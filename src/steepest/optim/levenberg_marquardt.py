"""Levenberg-Marquardt: least squares by damped Gauss-Newton steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from steepest.base.errors import ModelError
from steepest.base.params import Array, Params
from steepest.optim.damped import Damped
from steepest.optim.linearised import EPSILON, Linearised
from steepest.optim.method import Advance, Halt, State, Step, norm
from steepest.optim.stopping import Stopping

MOST_TRIALS = 60  # the damping grows by 2, 4, 8, ...: this many leave no step in float64
QUIET_STEPS = 30  # so many steps of less than QUIET relative decrease are a stall
QUIET = 1e-10
MOST_POLISH = 100
POLISH_PATIENCE = 4  # polishing steps without a lower slope
LEVEL = 1e-5  # a relative slope below which a place is a minimum, where only rounding hides the way
MEMORY = 0.5  # how much of a column's greatest length so far is remembered from step to step
PROBE = 0.1  # share of a step at which its bend is measured
MOST_BEND = 0.75  # how long the bend of a step may be, by its own length


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Damped Gauss-Newton steps for least squares and for robust losses of residuals; a `Method`.

    With residuals r, weights w and Jacobian J the step d minimises ``|sqrt(w) (r + J d)|**2 + damping |L d|**2`` (Levenberg
    1944; Marquardt, J. SIAM 11, 1963), where L holds the lengths of the columns of sqrt(w) J, so that the path does not feel
    the parameters' units. A length falls no faster than by half from step to step: a parameter that has just lost its effect
    is not thrown far away (More, LNM 630, 1978, never lets it fall, which is slow in curved valleys).

    A second-order correction a/2 follows the bend of the path, ``a = -(J' W J + damping L**2)^-1 J' W r''`` with r'' the second
    derivative of r along d (geodesic acceleration: Transtrum, Machta and Sethna, Phys. Rev. E 83, 036701, 2011); a step whose
    correction is long against itself is shortened. The damping follows the ratio of actual to predicted decrease (Nielsen,
    IMM-REP-1999-05). Once the decrease is below rounding, undamped steps polish the parameters as long as they turn the
    residual closer to a right angle to the model.

    For a loss rho(r) other than a square the weights are w psi(r)/r with psi = rho', taken anew at each step (iteratively
    reweighted least squares; Holland and Welsch 1977); a step must lower the sum of rho itself. The kink of mae is a parabola
    that gets narrower by half at each step.

    Of `Stopping` it asks the threshold and whether values are finite; it goes on to rounding, whatever the tolerance.

    Parameters
    ----------
    damping : float
        Before the first step; 1 is as large as one column of the scaled Jacobian.
    """

    damping: float = 1e-9
    name = "Levenberg-Marquardt"
    stepwise = True
    most_steps = 2000  # each is worth hundreds of a descent's
    usual_steps = 30  # by which an engine is chosen
    asks = ("triangle", "jacobian")

    def __post_init__(self) -> None:
        if not (math.isfinite(self.damping) and self.damping >= 0):
            raise ModelError(f"the damping must be a number >= 0, not {self.damping!r}.")

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
        return {
            "step": 0, "seed": seed,
            "damping": self.damping, "growth": 2.0, "lengths": np.zeros_like(params.flat), "quiet": 0,
            "floor": math.inf,  # of the residuals in robust weights
            # Polishing: steps so far, those without a gain, the levelest place and its offset, the total on entering, and
            # place and length of the step before.
            "polish": 0, "unlucky": 0, "levelest": None, "offset": math.inf, "entry": 0.0, "place": None, "stride": None,
        }  # fmt: skip

    def advance(self, problem: Any, params: Params, state: State, n: int, stopping: Stopping) -> Advance:
        """Up to `n` steps that were accepted."""
        state = dict(state)
        done = Advance(params, state, {k: [] for k in ("step", "epoch", "loss", "gradient_norm", "rate", "time")})
        began = perf_counter()
        with np.errstate(all="ignore"):
            for _ in range(n):
                step = state["step"]
                if problem.loss_function.curvature is None:
                    state["floor"] = _floor(problem.residuals(params), state["floor"])
                weights = (
                    2.0 if problem.loss_function.squared else partial(_robust_weights, problem, floor=state["floor"])
                )
                point = Linearised.at(problem, params, weights)
                if point is None:
                    done.halt = Halt("non_finite", f"the model or its derivative is not finite at step {step}.")
                    break
                squares = problem.squares(params)
                total = _merit(problem, point.residual, state) if squares is None else squares
                loss = problem.reduced(_total(problem, point.residual) if squares is None else squares)
                gradient = _gradient(problem, point, loss)
                done.halt = (
                    stopping.finite(step, loss, norm(gradient))
                    or stopping.reached(step, loss)
                    or _ended(problem, params, point, total, state)
                )
                if done.halt is None:
                    before, params = params, _next(problem, params, point, total, state)
                    if params is before:
                        done.halt = _no_better(point, loss, state)
                if done.halt is not None:
                    if state["polish"] and state["levelest"] is not None:  # the last polishing steps made it worse
                        params = params.replaced(state["levelest"])
                        loss = problem.value(params)
                    done.best = (loss, params)
                    break
                row = (step, step, loss, norm(gradient), state["damping"], perf_counter() - began)
                for column, value in zip(done.columns.values(), row, strict=True):
                    column.append(value)
                prediction = partial(_prediction, problem, point)
                done.last = Step(step, prediction, loss, before.replaced(gradient), state["damping"], before, params)
                done.best = (loss, before)  # every step lowers the loss, or the smoothed one that leads to it
                state["step"] = step + 1
        done.params = params
        return done


def _ended(problem: Any, params: Params, point: Linearised, total: float, state: State) -> Halt | None:
    """Whether the point is the answer, or the descent has stopped being one. While polishing keeps the levelest place."""
    step, offset = state["step"], point.offset
    after = f"converged after {step} step{'s' * (step != 1)}"
    if point.exact:
        state["levelest"] = None
        return Halt("converged", f"{after}: the model goes through every point.")
    if point.flat:
        return Halt(
            "stalled",
            f"stalled at step {step}: no parameter has any effect on the model here.",
            "Give another start with start=, away from zeros and from places where the model is flat.",
        )
    if state["polish"]:
        if offset < state["offset"] and total <= (1.0 + LEVEL) * state["entry"]:
            state.update(offset=offset, levelest=params.flat, unlucky=0)
        else:
            state["unlucky"] += 1
        if state["unlucky"] >= POLISH_PATIENCE or state["polish"] >= MOST_POLISH or offset <= point.rounding:
            return Halt(
                "converged",
                f"{after}: no change of the parameters lowers the loss (relative slope {state['offset']:.0g}).",
            )
    elif state["quiet"] >= QUIET_STEPS and not _level(problem, point):
        if problem.loss_function.curvature is None:  # a kink at zero residual: the weights only creep up on it
            return Halt("converged", f"{after}: the loss no longer falls (relative slope {offset:.0g}).")
        return Halt(
            "stalled",
            f"stalled after {step} steps: the loss hardly falls any more, though its slope is not zero "
            f"(relative slope {offset:.0g}).",
            "The data may not determine all parameters: fix one, or give other starts with start=.",
        )
    return None


def _level(problem: Any, point: Linearised) -> bool:
    """Whether a place is so level that polishing finds the minimum; beside a kink slopes tell nothing."""
    return problem.loss_function.curvature is not None and point.offset <= LEVEL


def _prediction(problem: Any, point: Linearised) -> Array:
    target = problem.data.target
    return np.asarray((point.residual + np.ravel(target)).reshape(np.shape(target)))


def _next(problem: Any, params: Params, point: Linearised, total: float, state: State) -> Params:
    """The parameters after one accepted step; `params` itself if there is none. Changes `state`."""
    tired = state["quiet"] >= QUIET_STEPS and _level(problem, point)  # large residuals: damped steps only creep
    if not state["polish"] and not tired and point.offset**2 > 16 * point.rounding:
        found = _damped_step(problem, params, point, total, state)
        if found is not None:
            return found
        if point.offset > LEVEL:
            return params
    # The predicted decrease is below the rounding of the loss: from here on the slope tells what is better.
    if not state["polish"]:
        state.update(offset=point.offset, levelest=params.flat, entry=total)
    state["polish"] += 1
    return _moved(problem, params, _extrapolated(params.flat, point.gauss_newton(), point, state))


def _moved(problem: Any, params: Params, change: Array) -> Params:
    """The parameters after a change, within their bounds."""
    flat = params.flat + change
    return params.replaced(flat if problem.bounds is None else problem.bounds.clip(flat))


def _extrapolated(place: Array, step: Array, point: Linearised, state: State) -> Array:
    """A Gauss-Newton step, sped up by what the one before it has shown (Anderson, J. ACM 12, 1965, of depth 1)."""
    last_place, last_step = state["place"], state["stride"]
    state.update(place=place, stride=step)
    if last_place is None:
        return step
    moved, turned = place - last_place, step - last_step
    scaled = turned / point.column_scale
    share = float(scaled @ (step / point.column_scale)) / max(float(scaled @ scaled), 1e-300)
    return np.asarray(step - share * (moved + turned))


def _damped_step(problem: Any, params: Params, point: Linearised, total: float, state: State) -> Params | None:
    """The parameters after the longest damped step that lowers the loss; None if none does. Changes `state`."""
    state["lengths"] = np.maximum(point.lengths, MEMORY * state["lengths"])
    path = Damped.at(point, state["lengths"])
    for _ in range(MOST_TRIALS):
        change, bend = _bent(problem, params, path, state["damping"])
        if bend <= MOST_BEND:
            trial = _moved(problem, params, change)
            squares = problem.squares(trial)
            decrease = total - (_merit(problem, problem.residuals(trial), state) if squares is None else squares)
            if decrease > 0 and math.isfinite(decrease):
                # |sqrt(u) (r + J d)|**2 with u = w psi/r models twice the sum of w rho, up to a constant.
                gain = 2.0 * decrease / max(path.predicted_decrease(state["damping"]), 1e-300)
                if bend == 0.0:  # as straight as can be seen: nothing to hold back from
                    state["damping"] = 0.0
                else:
                    state["damping"] *= max(1 / 3, 1.0 - (2.0 * gain - 1.0) ** 3) if gain < 1 else 1 / 3
                state["growth"] = 2.0
                state["quiet"] = state["quiet"] + 1 if decrease <= QUIET * total else 0
                return trial
        state["damping"] = max(state["damping"], 1e-12) * state["growth"]
        state["growth"] *= 2.0
    return None


def _bent(problem: Any, params: Params, path: Damped, damping: float) -> tuple[Array, float]:
    """The damped step with its second-order correction, and how long twice the correction is by the step's own length."""
    point, step = path.point, path.step(damping)
    if problem.loss_function.squared and (found := problem.bend(params, step, PROBE)) is not None:
        if not math.isfinite(found[0]):
            return step, math.inf
        return _corrected(path, step, damping, math.sqrt(2.0) * found[0], 2.0 * found[1])
    there = params.replaced(params.flat + PROBE * step)
    slope, sizes = np.zeros_like(step), []
    for rows in point.stretches():
        # Twice the Taylor remainder at the probe: the second derivative of the residuals along the step.
        second = 2.0 / PROBE * ((rows.problem.residuals(there) - rows.residual) / PROBE - rows.jacobian @ step)
        if not np.isfinite(second).all():
            return step, math.inf
        sizes.append(norm(np.sqrt(rows.weights) * second))
        slope += rows.jacobian.T @ (rows.weights * second)
    return _corrected(path, step, damping, math.hypot(*sizes), slope)


def _corrected(path: Damped, step: Array, damping: float, size: float, slope: Array) -> tuple[Array, float]:
    """A step with its correction, from the size of sqrt(w) r'' along it and from J' w r''."""
    point = path.point
    if size <= 16.0 / PROBE**2 * EPSILON * point.target_norm:
        return step, 0.0  # nothing but rounding
    correction = 0.5 * path.against(slope, damping)
    return np.asarray(step + correction), 2.0 * path.length(correction) / path.length(step)


def _no_better(point: Linearised, loss: float, state: State) -> Halt:
    """No step, however short, lowers the loss: the model is not smooth here, or the loss of a target of zeros has vanished."""
    if point.target_norm == 0.0 and loss <= 1e-290:
        return Halt("converged", f"converged after {state['step']} steps: the model goes through every point.")
    return Halt(
        "stalled",
        f"stalled at step {state['step']}: no step lowers the loss, though its slope is not zero "
        f"(relative slope {point.offset:.0g}).",
        "Give other starts with start=, or check that the model is smooth there.",
    )


def _total(problem: Any, residual: Array) -> float:
    """The sum of w rho(r)."""
    total, loss = 0.0, problem.loss_function
    for part, _, numbers in problem.blocks():
        total += float(np.sum(part.row_weights * loss.of_residual(residual[numbers])))
    return total


def _merit(problem: Any, residual: Array, state: State) -> float:
    """What a step must lower: the sum of w rho(r), with parabolas in the place of kinks, as the weights see them."""
    loss, floor = problem.loss_function, state["floor"]
    if loss.curvature is not None:
        return _total(problem, residual)
    total = 0.0
    for part, _, numbers in problem.blocks():
        r = residual[numbers]
        safe = np.maximum(np.abs(r), floor)
        bowl = 0.5 * np.abs(loss.slope(safe)) / safe * (r**2 - safe**2)
        total += float(np.sum(part.row_weights * (loss.of_residual(safe) + bowl)))
    return total


def _robust_weights(problem: Any, residual: Array, floor: float) -> Array:
    """psi(r) / r, where |r| counts as at least a floor: that of a kink, or far below what is seen of a smooth loss."""
    loss = problem.loss_function
    size = np.abs(residual)
    safe = np.maximum(size, floor if loss.curvature is None else max(1e-9 * _spread(size), 1e-300))
    return np.asarray(np.abs(loss.slope(safe)) / safe)


def _floor(residual: Array, before: float) -> float:
    """Below which the residuals of a loss with a kink (mae at 0) weigh no more; it falls as the fit settles."""
    spread = _spread(np.abs(residual))
    return max(1e-9 * spread, min(before / 2.0, spread), 1e-300)


def _spread(size: Array) -> float:
    """A typical absolute residual."""
    return float(np.median(size)) or float(np.max(size, initial=0.0))


def _gradient(problem: Any, point: Linearised, loss: float) -> Array:
    """The gradient of the objective itself."""
    slope = problem.reduced_slope(point.slope)
    if problem.loss_function.root:  # d sqrt(m) = dm / (2 sqrt(m))
        return np.asarray(slope / (2.0 * loss)) if loss > 0 else np.zeros_like(slope)
    return np.asarray(slope)
