"""Intervals: standard errors by name, and what holds each parameter with a given probability."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.autodiff import ops
from steepest.autodiff.transforms import jacobian
from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.fitting.uncertainty import t_quantile

if TYPE_CHECKING:
    from steepest.fitting.result import Fit

INTERVALS = {kind: kind for kind in ("t", "profile", "bootstrap")}


def standard_errors(fit: Fit) -> dict[str, Any] | None:
    """By name, like the fit's ``params``; None where they are not defined.

    Infinite for what the data do not determine, NaN at a bound, 0 for what is fixed. With g the slope of a tied parameter by
    those that are fitted and C their covariance, its error is sqrt(g' C g).
    """
    errors, covariance, told = fit.uncertainty.standard_errors, fit.covariance, fit.constraints
    if errors is None or covariance is None:
        return None
    named = fit.run.params.view(errors).items()
    found: dict[str, Any] = {name: float(x) if x.ndim == 0 else x for name, x in named}
    found.update(dict.fromkeys(told.fixed, 0.0))
    for name in told.ties:
        found[name] = _tied_error(fit, name, covariance)
    return {name: found[name] for name in fit.params}


def _tied_error(fit: Fit, name: str, covariance: Array) -> float:
    told, free = fit.constraints, fit.run.params
    slope = jacobian(lambda p: ops.reshape(told.expanded(p)[name], (-1,)))(dict(free))
    across = np.concatenate([np.reshape(slope[each], (-1,)) for each in free])
    used = across != 0
    with np.errstate(invalid="ignore"):
        return float(np.sqrt(across[used] @ covariance[np.ix_(used, used)] @ across[used]))


def confidence_intervals(fit: Fit, level: float, kind: str) -> dict[str, tuple[Any, Any]] | None:
    """Intervals of one of the kinds; see `Fit.confidence_intervals`."""
    if not 0 < level < 1:
        raise ModelError(f"the level of confidence lies between 0 and 1, for example 0.95, not {level!r}.")
    if kind == "bootstrap":
        return fit.resampled().intervals(level)
    errors = fit.standard_errors
    if errors is None:
        return None
    if kind == "profile":
        return {name: _profile_interval(fit, name, level) for name in fit.params}
    t = t_quantile(level, math.inf if fit.data.absolute else fit.degrees_of_freedom)
    return {name: (fit.params[name] - t * error, fit.params[name] + t * error) for name, error in errors.items()}


def _profile_interval(fit: Fit, name: str, level: float) -> tuple[Any, Any]:
    value = fit.params[name]
    if name in fit.constraints.fixed:
        return value, value
    if name in fit.constraints.ties:
        return math.nan, math.nan
    if np.ndim(value):
        raise ModelError(f"a profile is of one number; {name!r} is an array. Use the kind 't' or 'bootstrap'.")
    known = fit.profile(name, level)
    return known.low, known.high
