"""Profiles: how the loss grows when one parameter is held elsewhere and all others are fitted again."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.base.choices import suggestion
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.fitting.refit import refit
from steepest.fitting.uncertainty import t_quantile
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.training.problem import Problem

if TYPE_CHECKING:
    from steepest.fitting.result import Fit

MOST_STRIDES = 40  # each goes up to twice as far as the one before
CLOSE = 1e-6  # of the quantile
LOWER = 1e-9  # of the loss, by which a refit must be lower to be another minimum and not rounding


@dataclass(frozen=True, eq=False)
class Profile:
    """The profile of one parameter.

    Attributes
    ----------
    name : str
    low, high : float
        The interval: infinite where the loss never grows enough, a bound where the parameter meets one first.
    values, tau : ndarray, shape (k,)
        Places where the others were fitted again, in order, and there ``sign * sqrt((S - S_min) / s**2)``: a straight line where
        the model is linear.
    level : float
    lower : float or None
        The loss of a lower minimum that was met on the way, if one was: then the fit is not the best one.
    """

    name: str
    low: float
    high: float
    values: Array
    tau: Array
    level: float
    lower: float | None = None

    def __repr__(self) -> str:
        return f"Profile({self.name}: {self.low:.6g} to {self.high:.6g} at {self.level:.0%})"


def profile(fit: Fit, name: str, level: float = 0.95) -> Profile:
    """The profile-likelihood interval of one parameter of a least-squares fit.

    With S(b) the weighted sum of squares when parameter b is held and all others are fitted again, the interval holds the b
    with ``(S(b) - S_min) / s**2 <= t**2``, s**2 the residual variance and t Student's quantile (Bates and Watts, Nonlinear
    Regression Analysis, 1988, 6.1.2). It need not be symmetric, does not change when a parameter is written otherwise (1/b
    for b), and is wider than t standard errors where the model bends.

    Parameters
    ----------
    fit : Fit
    name : str
        A parameter that is fitted and is one number.
    level : float

    Raises
    ------
    ModelError
        The loss is not a square, the fit has no errors, or the name is no such parameter.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 2.9, 5.1, 7.0]})
    >>> found = profile(fit, "b")  # the model is linear: the same as the usual interval
    >>> np.allclose([found.low, found.high], fit.confidence_intervals()["b"])
    True
    """
    _check(fit, name, level)
    errors = fit.standard_errors
    variance = fit.uncertainty.variance
    free = math.inf if fit.data.absolute else fit.degrees_of_freedom
    t = t_quantile(level, free)
    place, least = float(fit.params[name]), fit.residual_sum_of_squares
    search = _Search(fit, name, least, variance)
    low_bound, high_bound = fit.constraints.bounds.get(name, (None, None))
    error = float(errors[name]) if errors is not None else math.nan
    stride = error * t if 0 < error < math.inf else max(abs(place), 1.0)
    ends = []
    for sign, bound in ((-1.0, low_bound), (1.0, high_bound)):
        ends.append(search.end(place, sign, stride, t, sign * math.inf if bound is None else bound))
    order = sorted(search.seen)
    values = np.array(order)
    tau = np.array([search.seen[v] for v in order])
    return Profile(name, ends[0], ends[1], values, tau, level, search.lower)


def profiles(fit: Fit, level: float = 0.95, names: Iterable[str] | None = None) -> dict[str, Profile]:
    """The profiles of all fitted parameters that are numbers, or of some."""
    chosen = [n for n, x in fit.run.params.items() if x.ndim == 0] if names is None else list(names)
    return {name: profile(fit, name, level) for name in chosen}


def _check(fit: Fit, name: str, level: float) -> None:
    if not 0 < level < 1:
        raise ModelError(f"the level of confidence lies between 0 and 1, for example 0.95, not {level!r}.")
    if not fit.problem.loss_function.squared:
        raise ModelError(f"profiles are for squares, not for {fit.loss_name}; use fit.bootstrap() for intervals.")
    if fit.covariance is None:
        raise ModelError(f"there is no profile, since there are no standard errors: {fit.uncertainty.reason}.")
    if name not in fit.run.params:
        word = fit.constraints.word(name)
        raise ModelError(
            f"{name!r} is not fitted: it is {word}." if word else
            f"there is no parameter {name!r}.{suggestion(name, fit.run.params)} Fitted are {', '.join(fit.run.params)}."
        )  # fmt: skip
    if fit.run.params[name].ndim:
        raise ModelError(f"a profile is of one number; {name!r} is an array of shape {fit.run.params[name].shape}.")


class _Search:
    """Refits with one parameter held, each from where the nearest one ended."""

    def __init__(self, fit: Fit, name: str, least: float, variance: float) -> None:
        self.fit, self.name, self.least, self.variance = fit, name, least, variance
        self.others = [other for other in fit.run.params if other != name]
        self.seen: dict[float, float] = {float(fit.params[name]): 0.0}
        self.ends: dict[float, dict[str, Any]] = {float(fit.params[name]): {n: fit.run.params[n] for n in self.others}}
        self.lower: float | None = None

    def tau(self, value: float, sign: float) -> float:
        """sign * sqrt((S - S_min) / s**2) at `value`; infinite where the model is not finite there."""
        if value not in self.seen:
            total, ended = self.refit(value)
            if total < self.least * (1 - LOWER):
                self.lower = min(total, math.inf if self.lower is None else self.lower)
            excess = max(total - self.least, 0.0) / self.variance if self.variance > 0 else math.inf
            self.seen[value] = sign * math.sqrt(excess) if math.isfinite(excess) else sign * math.inf
            if ended is not None:
                self.ends[value] = ended
        return abs(self.seen[value])

    def refit(self, value: float) -> tuple[float, dict[str, Any] | None]:
        """The sum of squares with the parameter held at `value`, and where the others ended."""
        problem, held = self.fit.problem, np.asarray(value, np.float64)
        nearest = min(self.ends, key=lambda v: abs(v - value))
        start = self.ends[nearest]
        weights = problem.row_weights

        def predict(params: Any, state: Any, inputs: Any, key: Any, training: bool) -> Any:
            return problem.predict({**params, self.name: held}, state, inputs, key, training)

        if not self.others:
            with np.errstate(all="ignore"):
                residual = problem.residuals(problem.start.replaced(np.array([value])))
                total = float(np.sum(weights * residual**2))
            return (total if math.isfinite(total) else math.inf), None
        bounds = {n: pair for n, pair in self.fit.constraints.bounds.items() if n != self.name}
        data = problem.data
        part = Problem(predict, start, data.inputs, data.target, weights=data.weights, bounds=bounds,
                       state=problem.initial_state, rowwise=True if problem.recipe is not None else None)  # fmt: skip
        run = refit(part, LevenbergMarquardt(), steps=200)
        with np.errstate(all="ignore"):
            total = float(np.sum(weights * run.evaluated.residuals(run.params) ** 2))
        return (total, dict(run.params)) if math.isfinite(total) else (math.inf, None)

    def end(self, place: float, sign: float, stride: float, t: float, bound: float) -> float:
        """Where tau reaches t on one side."""
        inner, outer = place, place
        for _ in range(MOST_STRIDES):
            outer = inner + sign * stride
            if outer == inner:  # the errors of an exact fit are below rounding
                outer = math.nextafter(inner, sign * math.inf)
            if sign * (outer - bound) >= 0:
                outer = bound
            reached = self.tau(outer, sign)
            if reached >= t:
                break
            if outer == bound:
                return bound
            if not math.isfinite(outer):
                return sign * math.inf
            # Where tau is nearly straight the next stride goes just beyond the end.
            share = t / reached if reached > 0 else 2.0
            gone = abs(outer - place)
            stride = min(max(1.5 * gone * (share - 1.0), 0.1 * gone), 2.0 * gone)
            inner = outer
        else:
            return sign * math.inf
        low, high = self.tau(inner, sign), self.tau(outer, sign)
        if t - low <= CLOSE * t or high - t <= CLOSE * t:  # a straight profile is met at the first stride
            return inner if t - low < high - t else outer
        for k in range(60):  # regula falsi (Illinois) on tau, halving where tau is infinite
            if not math.isfinite(high) or k % 3 == 2:
                middle = 0.5 * (inner + outer)
            else:
                middle = inner + (outer - inner) * (t - low) / (high - low)
            if middle in (inner, outer):
                return inner if t - low < high - t else outer
            value = self.tau(middle, sign)
            if abs(value - t) <= CLOSE * t:
                return middle
            if value < t:
                inner, low = middle, value
            else:
                outer, high = middle, value
        return outer
