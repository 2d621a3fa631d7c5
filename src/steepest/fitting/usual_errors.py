"""The size of usual errors: what a robust loss takes its unit from."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from steepest.fitting.refit import refit
from steepest.nn.losses import TUNED, Loss, loss_named, mae
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.training.problem import Problem

PILOT_STEPS = 100  # of the fit by mae that shows how large usual errors are


def tuned(loss: str | Loss) -> tuple[tuple[Callable[[float], Loss], float] | None, Loss]:
    """A loss whose unit is to be found in the data, with what begins in its place; or None and the loss."""
    known = loss_named(loss)
    if isinstance(loss, str) and "(" not in loss and known.name in TUNED:
        return TUNED[known.name], mae
    return None, known


def sized(problem: Problem, make: Callable[[float], Loss], deviations: float) -> Loss:
    """The loss of the size that the residuals of a fit by mae show."""
    run = refit(problem, LevenbergMarquardt(), steps=PILOT_STEPS)
    counted = problem.row_weights > 0
    with np.errstate(all="ignore"):
        size = np.abs(problem.residuals(run.params))[counted]
        usual = 1.4826 * float(np.median(size))  # the standard deviation of normal errors (Hampel, JASA 69, 1974)
        least = 1e-9 * float(np.max(np.abs(problem.data.target), initial=0.0))
    if not math.isfinite(usual):
        return make(1.0)
    return make(float(f"{deviations * max(usual, least, 1e-300):.3g}"))
